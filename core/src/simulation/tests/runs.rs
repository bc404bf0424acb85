//! Whole runs: lock, plan, apply, ledger. Cut off at any call, they converge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::fixture::{account as open, registry};
use super::super::{Faults, Options, Simulation};
use crate::engine;
use crate::engine::apply::{Interrupt, Run, apply, expected};
use crate::engine::event::Report;
use crate::engine::lock::{Doubt, Holder, Request, STALENESS, Seen, look, unlock};
use crate::engine::planned::Planned;
use crate::engine::session::{Author, Session};
use crate::engine::survey::{Scope, survey};
use crate::engine::testing::Wish;
use crate::error::Problem;
use crate::kind::{Account, Context, Desired, Registry, tag};

const NUMBER: &str = "123456789012";

fn stack(registry: &Registry, resources: &[(&str, &str, &str)]) -> Arc<dyn Desired> {
    let mut wish = Wish::new();
    for (kind, name, json) in resources {
        wish.resource(registry.kind(kind).unwrap().facts(), name, json);
    }
    Arc::new(wish)
}

const FIRST: &[(&str, &str, &str)] = &[
    ("vpc", "vpc", r#"{"cidr_block": "10.0.0.0/16", "tags": {"Name": "shop"}}"#),
    ("subnet", "public", r#"{"vpc_id": "${vpc.id}", "cidr_block": "10.0.1.0/24"}"#),
    ("subnet", "private", r#"{"vpc_id": "${vpc.id}", "cidr_block": "10.0.2.0/24"}"#),
    ("nat_gateway", "nat", r#"{"subnet_id": "${public.id}"}"#),
    (
        "security_group",
        "web",
        r#"{"vpc_id": "${vpc.id}", "ingress": [{"from_port": 80, "security_groups": ["${store.id}"]}]}"#,
    ),
    (
        "security_group",
        "store",
        r#"{"vpc_id": "${vpc.id}", "ingress": [{"from_port": 5432, "security_groups": ["${web.id}"]}]}"#,
    ),
    ("bucket", "files", r#"{"versioning": true}"#),
    ("filter", "watch", r#"{"bucket": "${files.bucket}", "prefix": "in/"}"#),
    ("db", "db", r#"{"allocated_storage": 20, "password": "hunter2", "password_version": 1}"#),
    ("role", "app", r#"{"policies": ["${files.arn}"]}"#),
];

/// Replaces the public subnet and the NAT gateway in it, changes others in place, removes one, adds one.
const SECOND: &[(&str, &str, &str)] = &[
    ("vpc", "vpc", r#"{"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": true}"#),
    ("subnet", "public", r#"{"vpc_id": "${vpc.id}", "cidr_block": "10.0.3.0/24"}"#),
    ("nat_gateway", "nat", r#"{"subnet_id": "${public.id}"}"#),
    ("security_group", "web", r#"{"vpc_id": "${vpc.id}", "ingress": []}"#),
    (
        "security_group",
        "store",
        r#"{"vpc_id": "${vpc.id}", "ingress": [{"from_port": 5433, "security_groups": ["${web.id}"]}]}"#,
    ),
    ("bucket", "files", r#"{"versioning": false}"#),
    ("filter", "watch", r#"{"bucket": "${files.bucket}", "prefix": "out/"}"#),
    ("db", "db", r#"{"allocated_storage": 30, "password": "hunter3", "password_version": 2}"#),
    ("role", "app", r#"{"policies": ["${files.arn}", "${db.address}"]}"#),
    ("bucket", "more", "{}"),
];

fn account() -> Simulation {
    open(Options::default())
}

fn context(stack: &dyn Desired, region: &str, careful: bool) -> Context {
    Context {
        owner: stack.owner().clone(),
        account: NUMBER.into(),
        region: region.into(),
        role_arn: None,
        nonce: "n".into(),
        deadline: Instant::now() + Duration::from_hours(1),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful,
        together: None,
    }
}

/// Makes a plan; a run mistrusts lists as far as the last one gave reason to.
async fn plan(
    account: &Simulation,
    stack: &Arc<dyn Desired>,
    destroy: bool,
    doubt: Option<&Doubt>,
) -> Result<Planned, Vec<Problem>> {
    let cx = context(&**stack, stack.region(), false);
    let options = engine::Options { destroy, ..engine::Options::default() };
    let read = || survey(account, &**stack, &options, Scope::default(), &cx);
    let inventory = match doubt {
        Some(doubt) => doubt.dispelled(&cx, read).await.unwrap(),
        None => read().await.unwrap(),
    };
    engine::plan(stack, &inventory, account.registry(), &options)
}

/// One run as the command line makes it.
async fn run(account: &Simulation, stack: &Arc<dyn Desired>, destroy: bool, name: &str) -> (Planned, Report) {
    interruptible(account, stack, destroy, name, Interrupt::default()).await
}

async fn interruptible(
    account: &Simulation,
    stack: &Arc<dyn Desired>,
    destroy: bool,
    name: &str,
    interrupt: Interrupt,
) -> (Planned, Report) {
    let cancel = CancellationToken::new();
    let request = Request {
        store: account.store(stack.region()),
        owner: stack.owner(),
        holder: Holder { nonce: name.to_owned(), ..Holder::default() },
        // Longer than any run: two of them may race.
        patience: Duration::from_hours(1),
        cancel: &cancel,
        waiting: &|_| {},
    };
    let session = Session::begin(request).await.unwrap();
    let planned = plan(account, stack, destroy, Some(session.doubt())).await.unwrap();
    let run = Run {
        account,
        nonce: name.into(),
        parallelism: None,
        careful: session.careful(),
        lease: Some(session.lease()),
        interrupt,
        events: Arc::new(|_| {}),
    };
    let report = apply(&planned, &run).await;
    session.end(&planned.plan, &report, Author::default()).await.unwrap();
    (planned, report)
}

/// Asserts that the account is as the stack says, each thing there once.
async fn is_as_declared(account: &Simulation, stack: &Arc<dyn Desired>, what: &str) {
    let planned = plan(account, stack, false, None).await.unwrap();
    assert!(planned.plan.is_empty(), "{what}: {:#?}", planned.plan.changes);
    let owner = stack.owner().to_string();
    let prefix = stack.owner().prefix();
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    let everything = account.everything();
    for thing in &everything {
        let ours = thing.tags.get(tag::STACK) == Some(&owner)
            || thing.get("name").as_str().is_some_and(|n| n.starts_with(&prefix));
        if ours {
            *there.entry(thing.kind).or_default() += 1;
        }
    }
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in stack.instances().values() {
        *wanted.entry(instance.kind).or_default() += 1;
    }
    assert_eq!(there, wanted, "{what}");
}

#[tokio::test(start_paused = true)]
async fn after_apply_the_plan_is_empty_and_after_destroy_nothing_is_left() {
    let account = account();
    let (first, second) = (stack(&registry(), FIRST), stack(&registry(), SECOND));
    for (stack, name) in [(&first, "first"), (&second, "second"), (&first, "third")] {
        let (_, report) = run(&account, stack, false, name).await;
        assert!(report.succeeded(), "{name}: {report:#?}");
        assert_eq!(report.things, stack.instances().len());
        is_as_declared(&account, stack, name).await;
    }
    let (_, report) = run(&account, &first, true, "fourth").await;
    assert!(report.succeeded(), "{report:#?}");
    assert_eq!(account.everything(), []);
}

#[tokio::test(start_paused = true)]
async fn unbounded_an_apply_takes_hardly_longer_than_its_longest_chain() {
    let account = account();
    let stack = stack(&registry(), FIRST);
    let planned = plan(&account, &stack, false, None).await.unwrap();
    let begun = Instant::now();
    let run = Run {
        account: &account,
        nonce: "n".into(),
        parallelism: None,
        careful: false,
        lease: None,
        interrupt: Interrupt::default(),
        events: Arc::new(|_| {}),
    };
    assert!(apply(&planned, &run).await.succeeded());
    let longest = expected(&planned.plan, account.registry());
    assert!(begun.elapsed() <= longest.mul_f64(1.1), "{:?}, but the longest chain takes {longest:?}", begun.elapsed());
}

/// Runs that the process is cut off from after each call, or whose answers are lost; then the next run converges.
async fn survives(
    from: Option<&[(&str, &str, &str)]>,
    to: &[(&str, &str, &str)],
    destroy: bool,
    faults: impl Fn(u64) -> Faults,
) {
    let mut cut = 0;
    loop {
        let account = account();
        let target = stack(&registry(), to);
        if let Some(from) = from {
            run(&account, &stack(&registry(), from), false, "before").await;
        }
        let before = account.writes();
        account.set_faults(faults(before + cut));
        let lost = tokio::select! {
            (_, report) = run(&account, &target, destroy, "cut off") => Some(report),
            () = account.cut() => None,
        };
        let done = account.writes() < before + cut;
        let stale = faults(0).stale;
        account.revive();
        account.set_faults(Faults { stale, ..Faults::default() });
        if !stale.is_zero() {
            // Somebody who does not wait for the lock: what was made last is not listed yet.
            let store = account.store(target.region());
            let seen = look(&*store, target.owner()).await.unwrap().filter(Seen::is_held);
            if let Some(seen) = seen {
                unlock(&*store, target.owner(), &seen, Holder::default()).await.unwrap();
            }
        }
        let what = format!("cut {cut}, {lost:?}");
        let (_, report) = run(&account, &target, destroy, "again").await;
        assert!(report.succeeded(), "{what}: {report:#?}");
        // Lists catch up, and what was on its way out when the run was cut off is gone.
        tokio::time::sleep(Duration::from_mins(5)).await;
        if destroy {
            assert_eq!(account.everything(), [], "{what}");
        } else {
            is_as_declared(&account, &target, &what).await;
        }
        if done {
            return;
        }
        cut += 1;
    }
}

fn cut(at: u64) -> Faults {
    Faults { cut_after_call: Some(at), ..Faults::default() }
}

fn lost(at: u64) -> Faults {
    Faults { lost_answer_at: Some(at), ..Faults::default() }
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_cut_off_anywhere_is_completed_by_the_next() {
    survives(None, FIRST, false, cut).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_with_replacements_cut_off_anywhere_is_completed_by_the_next() {
    survives(Some(FIRST), SECOND, false, cut).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_cut_off_anywhere_is_completed_by_the_next() {
    survives(Some(FIRST), FIRST, true, cut).await;
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_nothing_twice() {
    survives(None, FIRST, false, lost).await;
    survives(Some(FIRST), SECOND, false, lost).await;
    survives(Some(FIRST), FIRST, true, lost).await;
}

#[tokio::test(start_paused = true)]
async fn stale_lists_after_a_cut_make_nothing_twice() {
    for seed in 0..4 {
        let stale = STALENESS;
        survives(None, FIRST, false, |at| Faults { seed, stale, cut_after_call: Some(at), ..Faults::default() }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_at_any_time_is_completed_by_the_next() {
    // Once and twice; the second time a moment later, in the middle of calls.
    for twice in [false, true] {
        for tenth in (0..60).step_by(3).chain((60..6000).step_by(170)) {
            let account = account();
            let (before, target) = (stack(&registry(), FIRST), stack(&registry(), SECOND));
            run(&account, &before, false, "before").await;
            let interrupt = Interrupt::default();
            let told = async {
                tokio::time::sleep(Duration::from_millis(100 * tenth)).await;
                interrupt.stop.cancel();
                tokio::time::sleep(Duration::from_millis(20)).await;
                if twice {
                    interrupt.kill.cancel();
                }
            };
            let stopped = interruptible(&account, &target, false, "stopped", interrupt.clone());
            let ((_, report), ()) = tokio::join!(stopped, told);
            let what = format!("stopped after {tenth} tenths, {report:?}");
            let begun = Instant::now();
            let (_, again) = run(&account, &target, false, "again").await;
            assert!(again.succeeded(), "{what}: {again:#?}");
            assert!(begun.elapsed() < Duration::from_mins(20), "{what}");
            is_as_declared(&account, &target, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_and_slow_it_comes_to_the_same_end() {
    for seed in 0..20 {
        let account = account();
        account.set_faults(Faults { seed, throttled: 0.3, slow: 0.2, ..Faults::default() });
        let target = stack(&registry(), FIRST);
        let mut runs = 0;
        while runs == 0 || !plan(&account, &target, false, None).await.unwrap().plan.is_empty() {
            run(&account, &target, false, &format!("run {runs}")).await;
            runs += 1;
            // What takes ten times as long outlasts the patience of several runs.
            assert!(runs < 12, "seed {seed}");
        }
        is_as_declared(&account, &target, &format!("seed {seed}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_make_everything_once() {
    let account = account();
    let stack = stack(&registry(), FIRST);
    let ((first, one), (second, two)) =
        tokio::join!(run(&account, &stack, false, "a"), run(&account, &stack, false, "b"));
    assert!(one.succeeded() && two.succeeded());
    let empty: BTreeSet<bool> = [first.plan.is_empty(), second.plan.is_empty()].into();
    assert_eq!(empty, BTreeSet::from([false, true]), "one of them finds all done");
    is_as_declared(&account, &stack, "two runs").await;
}
