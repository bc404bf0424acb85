//! Rehearsals: random stacks, applied to the simulated account with random faults, by the very parts that real runs use.
//!
//! What must hold: a run without faults converges whatever went before it, the plan is empty then, everything is there
//! once and nothing besides, and what is not ours was never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine;
use crate::engine::apply::{Interrupt, Run, apply};
use crate::engine::event::Report;
use crate::engine::lock::{Doubt, Holder, Request, STALENESS};
use crate::engine::plan::Change;
use crate::engine::planned::Planned;
use crate::engine::session::{Author, Session};
use crate::engine::survey::{Scope, survey};
use crate::error::Problem;
use crate::kind::{Account, Context, Desired, Observed, Status, Value, tag};
use crate::simulation::fixture::{account as open, registry};
use crate::simulation::{Faults, Options, Plant, Simulation};
use crate::stack::{Inputs, Offline, load};

/// One state of a stack. Each field changes something that each kind of change is made of.
#[derive(Clone, Debug)]
struct Version {
    hostnames: bool,
    subnets: u8,
    /// Create-only: replaces the subnets, and what is in them.
    shift: bool,
    nat: bool,
    /// Groups that let each other in.
    groups: u8,
    versioning: bool,
    filter: Option<u8>,
    storage: Option<u8>,
    password: u8,
    role: bool,
    team: Option<u8>,
}

fn versions() -> impl Strategy<Value = Version> {
    let few = 0_u8..3;
    (
        (any::<bool>(), 1_u8..4, any::<bool>(), any::<bool>(), 0_u8..4),
        (any::<bool>(), prop::option::of(few.clone()), prop::option::of(few.clone()), 1_u8..3, any::<bool>()),
        prop::option::of(few),
    )
        .prop_map(
            |((hostnames, subnets, shift, nat, groups), (versioning, filter, storage, password, role), team)| Version {
                hostnames,
                subnets,
                shift,
                nat,
                groups,
                versioning,
                filter,
                storage,
                password,
                role,
                team,
            },
        )
}

impl Version {
    fn yaml(&self) -> String {
        let mut yaml = String::from("stack: shop\nregion: eu-west-3\nenvironments: {dev: {}}\n");
        if let Some(team) = self.team {
            let _ = writeln!(yaml, "defaults: {{tags: {{Team: t{team}}}}}");
        }
        let _ = writeln!(yaml, "resources:");
        let _ =
            writeln!(yaml, "  vpc: {{kind: vpc, cidr_block: 10.0.0.0/16, enable_dns_hostnames: {}}}", self.hostnames);
        let subnets: Vec<String> = (0..self.subnets).map(|i| format!("s{i}: {i}")).collect();
        let _ = writeln!(
            yaml,
            "  subnet:\n    kind: subnet\n    for_each: {{{}}}\n    vpc_id: ${{vpc.id}}\n    cidr_block: \
             '${{cidrsubnet(vpc.cidr_block, 8, each.value + {})}}'",
            subnets.join(", "),
            if self.shift { 100 } else { 0 }
        );
        if self.nat {
            let _ = writeln!(yaml, "  nat: {{kind: nat_gateway, subnet_id: '${{subnet[\"s0\"].id}}'}}");
        }
        for i in 0..self.groups {
            let next =
                if self.versioning && self.groups == 1 { "self".into() } else { format!("g{}", (i + 1) % self.groups) };
            let _ = writeln!(
                yaml,
                "  g{i}: {{kind: security_group, vpc_id: '${{vpc.id}}', ingress: [{{from_port: {}, security_groups: \
                 ['${{{next}.id}}']}}]}}",
                80 + u16::from(self.groups)
            );
        }
        let _ = writeln!(yaml, "  files: {{kind: bucket, versioning: {}}}", self.versioning);
        if let Some(prefix) = self.filter {
            let _ = writeln!(yaml, "  watch: {{kind: filter, bucket: '${{files.bucket}}', prefix: p{prefix}}}");
        }
        if let Some(storage) = self.storage {
            let _ = writeln!(
                yaml,
                "  db: {{kind: db, allocated_storage: {}, password: hunter{1}, password_version: {1}}}",
                20 + 10 * u16::from(storage),
                self.password
            );
        }
        if self.role {
            let _ = writeln!(yaml, "  role: {{kind: role, policies: ['${{files.arn}}']}}");
        }
        yaml
    }

    fn stack(&self) -> Arc<dyn Desired> {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("stack.yaml");
        std::fs::write(&path, self.yaml()).unwrap();
        let loaded = load(&path);
        assert!(loaded.problems.is_empty(), "{:#?}\n{}", loaded.problems, self.yaml());
        let inputs = Inputs { env: Some("dev".to_owned()), ..Inputs::default() };
        let stack = loaded.file.unwrap().expand(&registry(), &inputs, &Offline);
        Arc::new(stack.unwrap_or_else(|problems| panic!("{problems:#?}\n{}", self.yaml())))
    }
}

/// What happens around one run.
#[derive(Clone, Debug)]
struct Trouble {
    /// What goes wrong; calls are counted from the run's beginning.
    faults: Faults,
    /// After so many seconds somebody presses Ctrl-C.
    stop: Option<u64>,
    /// What somebody does by hand before it.
    meddling: Option<Meddling>,
}

/// What people do in consoles.
#[derive(Clone, Copy, Debug)]
enum Meddling {
    FlipHostnames,
    FlipVersioning,
    EmptyGroup,
    TagVpc,
    DeleteNat,
    DeleteRole,
}

impl Meddling {
    fn happen(self, account: &Simulation) {
        let ours = |kind: &str| account.everything().into_iter().find(|thing| thing.kind == kind && is_ours(thing));
        let flip = |kind: &str, name: &str| {
            if let Some(thing) = ours(kind) {
                let flipped = Value::Bool(thing.get(name).as_bool() != Some(true));
                account.drift(kind, &thing.id, name, &flipped).unwrap();
            }
        };
        let delete = |kind: &str| {
            if let Some(thing) = ours(kind) {
                account.uproot(kind, &thing.id).unwrap();
            }
        };
        match self {
            Self::FlipHostnames => flip("vpc", "enable_dns_hostnames"),
            Self::FlipVersioning => flip("bucket", "versioning"),
            Self::EmptyGroup => {
                if let Some(group) = ours("security_group") {
                    account.drift("security_group", &group.id, "ingress", &Value::list([])).unwrap();
                }
            }
            Self::TagVpc => {
                if let Some(vpc) = ours("vpc") {
                    let tags = [("Team".to_owned(), None), ("Console".to_owned(), Some("yes".to_owned()))].into();
                    account.drift_tags("vpc", &vpc.id, &tags).unwrap();
                }
            }
            Self::DeleteNat => delete("nat_gateway"),
            Self::DeleteRole => delete("role"),
        }
    }
}

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    use Meddling::{DeleteNat, DeleteRole, EmptyGroup, FlipHostnames, FlipVersioning, TagVpc};
    let meddling = [FlipHostnames, FlipVersioning, EmptyGroup, TagVpc, DeleteNat, DeleteRole];
    let meddling = prop::option::weighted(0.3, prop::sample::select(meddling.to_vec()));
    let trouble = (faults(), prop::option::weighted(0.2, 0_u64..200), meddling);
    let trouble = trouble.prop_map(|(faults, stop, meddling)| Trouble { faults, stop, meddling });
    prop::collection::vec(trouble, 0..3)
}

fn faults() -> impl Strategy<Value = Faults> {
    let call = || prop::option::weighted(0.5, 0_u64..30);
    let share = |share: f64| prop::option::weighted(0.3, Just(share)).prop_map(Option::unwrap_or_default);
    (any::<u64>(), call(), call(), share(0.2), any::<bool>(), share(0.3), share(0.2)).prop_map(
        |(seed, cut_after_call, lost_answer_at, throttled, stale, failed_births, slow)| Faults {
            seed,
            cut_after_call,
            lost_answer_at,
            throttled,
            stale: if stale { STALENESS } else { Duration::ZERO },
            failed_births,
            slow,
            denied: BTreeSet::new(),
        },
    )
}

/// Makes a plan as the command line does; a run mistrusts lists as far as the last one gave reason to.
async fn plan(
    account: &Simulation,
    stack: &Arc<dyn Desired>,
    destroy: bool,
    doubt: Option<&Doubt>,
) -> Result<Planned, Vec<Problem>> {
    let options = engine::Options { destroy, ..engine::Options::default() };
    let cx = Context {
        owner: stack.owner().clone(),
        account: "123456789012".into(),
        region: stack.region().into(),
        role_arn: None,
        nonce: "plan".into(),
        deadline: Instant::now() + Duration::from_hours(1),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| ()),
        careful: false,
        together: None,
    };
    let read = || survey(account, &**stack, &options, Scope::default(), &cx);
    let inventory = match doubt {
        Some(doubt) => doubt.dispelled(&cx, read).await.unwrap(),
        None => read().await.unwrap(),
    };
    engine::plan(stack, &inventory, account.registry(), &options)
}

/// Makes a run as the command line does: lock, plan, apply, ledger.
async fn run(
    account: &Simulation,
    stack: &Arc<dyn Desired>,
    destroy: bool,
    nonce: String,
    interrupt: Interrupt,
) -> Result<(Planned, Report), String> {
    let cancel = CancellationToken::new();
    let request = Request {
        store: account.store(stack.region()),
        owner: stack.owner(),
        holder: Holder { nonce: nonce.clone(), ..Holder::default() },
        patience: Duration::from_hours(1),
        cancel: &cancel,
        waiting: &|_| (),
    };
    let session = Session::begin(request).await.map_err(|error| error.to_string())?;
    let planned = match plan(account, stack, destroy, Some(session.doubt())).await {
        Ok(planned) => planned,
        Err(problems) => {
            session.abandon().await.map_err(|error| error.to_string())?;
            return Err(format!("{problems:#?}"));
        }
    };
    let run = Run {
        account,
        nonce: nonce.into(),
        parallelism: None,
        careful: session.careful(),
        lease: Some(session.lease()),
        interrupt,
        events: Arc::new(|_| ()),
    };
    let report = apply(&planned, &run).await;
    session.end(&planned.plan, &report, Author::default()).await.map_err(|error| error.to_string())?;
    Ok((planned, report))
}

/// What a plan does, for messages.
fn brief(planned: &Planned) -> Vec<String> {
    let line = |change: &Change| {
        let differs = change.attributes.iter().map(|a| format!("{}: {} -> {}", a.name, a.before, a.after));
        let differs = differs.collect::<Vec<_>>().join(", ");
        format!("{:?} {} ({:?}) {:?}: {differs}", change.action, change.address, change.id, change.reason)
    };
    planned.plan.changes.iter().map(line).collect()
}

fn is_ours(thing: &Observed) -> bool {
    let named =
        ["name", "bucket"].iter().any(|name| thing.get(name).as_str().is_some_and(|n| n.starts_with("shop-dev")));
    thing.tags.get(tag::STACK).is_some_and(|owner| owner == "shop/dev") || named
}

/// Runs until nothing goes wrong any more; then everything is as it should be.
async fn converges(account: &Simulation, stack: &Arc<dyn Desired>, destroy: bool) -> Result<(), TestCaseError> {
    account.revive();
    // A run that was cut off leaves its lock, lists that are not up to date, and slow things on their way.
    tokio::time::sleep(Duration::from_hours(2)).await;
    for thing in account.everything() {
        // A database that was never born holds no data, but only a person can say so.
        if thing.kind == "db" && matches!(thing.status, Status::Failed(_)) {
            account.uproot("db", &thing.id).unwrap();
        }
    }
    let (planned, report) =
        run(account, stack, destroy, "last".to_owned(), Interrupt::default()).await.map_err(TestCaseError::fail)?;
    prop_assert!(report.succeeded(), "{:#?}\n{:#?}", brief(&planned), report);
    let ours: Vec<Observed> = account.everything().into_iter().filter(is_ours).collect();
    if destroy {
        prop_assert_eq!(ours, Vec::new());
        return Ok(());
    }
    let again =
        plan(account, stack, false, None).await.map_err(|problems| TestCaseError::fail(format!("{problems:#?}")))?;
    prop_assert!(again.plan.is_empty(), "after {:#?}: {:#?}", brief(&planned), brief(&again));
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    for thing in &ours {
        *there.entry(thing.kind).or_default() += 1;
    }
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in stack.instances().values() {
        *wanted.entry(instance.facts.name).or_default() += 1;
    }
    prop_assert_eq!(there, wanted);
    Ok(())
}

fn plant(account: &Simulation, kind: &str, attributes: &[(&str, &str)], tags: &[(&str, &str)]) {
    let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect();
    let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let plant = Plant { kind: kind.to_owned(), region: "eu-west-3".to_owned(), id: None, attributes, tags };
    account.plant(plant).unwrap();
}

async fn rehearse(acts: Vec<(Version, Vec<Trouble>)>, end: Vec<Trouble>) -> Result<(), TestCaseError> {
    let account = open(Options::default());
    plant(&account, "vpc", &[("cidr_block", "10.0.0.0/16")], &[]);
    plant(&account, "vpc", &[("cidr_block", "10.0.0.0/16")], &[(tag::STACK, "shop/prod"), (tag::RESOURCE, "vpc/vpc")]);
    plant(&account, "role", &[("name", "leaked")], &[(tag::STACK, "shop/de"), (tag::RESOURCE, "role/role")]);
    let foreign = || account.everything().into_iter().filter(|thing| !is_ours(thing)).collect::<Vec<_>>();
    let before = foreign();
    let last = acts.last().map(|(version, _)| version.stack());
    let acts = acts.iter().map(|(version, troubles)| (version.stack(), troubles, false));
    let end = last.iter().map(|stack| (stack.clone(), &end, true));
    for (stack, troubles, destroy) in acts.chain(end) {
        for (i, Trouble { faults, stop, meddling }) in troubles.iter().enumerate() {
            if let Some(meddling) = meddling {
                meddling.happen(&account);
            }
            let from = account.writes();
            account.set_faults(Faults {
                cut_after_call: faults.cut_after_call.map(|call| from + call),
                lost_answer_at: faults.lost_answer_at.map(|call| from + call),
                ..faults.clone()
            });
            let interrupt = Interrupt::default();
            let told = async {
                match stop {
                    Some(seconds) => tokio::time::sleep(Duration::from_secs(*seconds)).await,
                    None => std::future::pending().await,
                }
                interrupt.stop.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = run(&account, &stack, destroy, format!("run {i}"), interrupt.clone()) => {}
                () = account.cut() => {}
                () = told => {}
            }
            account.revive();
        }
        converges(&account, &stack, destroy).await?;
        prop_assert_eq!(&foreign(), &before);
    }
    let entries = account.store("eu-west-3").list("/clefctl/shop/dev").await.unwrap().entries;
    prop_assert!(entries.iter().all(|entry| entry.name.contains("/lock/")), "{:?}", entries);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn whatever_goes_wrong_the_next_run_converges(
        acts in prop::collection::vec((versions(), troubles()), 1..4),
        end in troubles(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(rehearse(acts, end))?;
    }
}

/// The second run sees what the first one made and makes nothing; the third sees older lists than the second did.
#[test]
fn what_a_run_made_is_looked_for_after_the_next_one_as_well() {
    let version = |subnets, groups| Version {
        hostnames: false,
        subnets,
        shift: false,
        nat: false,
        groups,
        versioning: false,
        filter: None,
        storage: None,
        password: 1,
        role: false,
        team: None,
    };
    let trouble = |stale| Trouble { faults: Faults { stale, ..Faults::default() }, stop: None, meddling: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let acts = vec![(version(2, 1), Vec::new()), (version(1, 0), vec![trouble(Duration::ZERO), trouble(STALENESS)])];
    runtime.block_on(rehearse(acts, Vec::new())).unwrap();
}
