//! Drives the engine over real HTTP against an account of the emulated AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clefctl::aws::{Access, AwsAccount, Connection};
use clefctl_core::engine::apply::{self, Interrupt, Run};
use clefctl_core::engine::event::{Event, Outcome, Report};
use clefctl_core::engine::inventory::Inventory;
use clefctl_core::engine::known::Known;
use clefctl_core::engine::planned::Planned;
use clefctl_core::engine::survey::{Scope, ask, survey};
use clefctl_core::engine::{Options, planner};
use clefctl_core::error::{Error, Problem};
use clefctl_core::kind::{Account, Context, Desired, Owner, Registry};
use clefctl_core::stack::{self, Inputs, Prepared};
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, Transport};
use crate::support::Moto;

/// One environment of one stack file, in one account of the emulated AWS.
pub(crate) struct Wire<'a> {
    pub(crate) moto: &'a Moto,
    pub(crate) stack: PathBuf,
    pub(crate) env: Option<String>,
    pub(crate) vars: Vec<(String, String)>,
    /// The kinds that are read; none means all.
    kinds: Option<BTreeSet<String>>,
}

pub(crate) fn registry(aws: &Arc<Connection>) -> Registry {
    Registry::new(clefctl::resources::all(aws), clefctl::lookups::all(aws))
}

/// What calls in an account of the emulated AWS are given.
fn context(moto: &Moto, owner: Owner, region: &str) -> Context {
    Context {
        owner,
        account: moto.account().into(),
        region: region.into(),
        role_arn: None,
        nonce: format!("{:016x}", fastrand::u64(..)).into(),
        deadline: tokio::time::Instant::now() + Duration::from_mins(10),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    }
}

fn access(moto: &Moto, region: &str, http: &Transport) -> Access {
    let key = aws_credential_types::Credentials::new(moto.access_key(), "secret", None, None, "test");
    Access {
        region: Some(region.to_owned()),
        endpoint_url: Some(moto.endpoint().to_owned()),
        credentials: Some(key),
        http: Some(http.client()),
        ..Access::default()
    }
}

/// An account of the emulated AWS, with what calls in it are given.
pub(crate) fn account(moto: &Moto, region: &str) -> (AwsAccount, Context) {
    let context = context(moto, Owner::new("example", "default"), region);
    let access = access(moto, region, &Transport::new(None));
    (AwsAccount::new(access, registry, context.clone()), context)
}

/// How a run with a fault ended.
pub(crate) struct Ended {
    /// What became of the steps; nothing when the run was cut.
    pub(crate) report: Option<Report>,
    /// The operation that the fault struck; nothing when the run had fewer changing requests.
    pub(crate) struck: Option<String>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(moto: &'a Moto, stack: &Path) -> Self {
        Self { moto, stack: stack.to_owned(), env: None, vars: Vec::new(), kinds: None }
    }

    /// Reads only the kinds that the stack mentions, which is several times as fast.
    pub(crate) fn narrow(mut self) -> Self {
        let text = fs::read_to_string(&self.stack).unwrap();
        let stack: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let resources = stack["resources"].as_object().unwrap().values();
        self.kinds = Some(resources.map(|resource| resource["kind"].as_str().unwrap().to_owned()).collect());
        self
    }

    fn registry(&self, aws: &Arc<Connection>) -> Registry {
        let Some(only) = &self.kinds else { return registry(aws) };
        let kinds = clefctl::resources::all(aws).into_iter().filter(|kind| only.contains(kind.facts().name)).collect();
        Registry::new(kinds, clefctl::lookups::all(aws))
    }

    fn prepared(&self, registry: &Registry) -> Result<Prepared, Vec<Problem>> {
        let loaded = stack::load(&self.stack);
        let Some(file) = loaded.file.filter(|_| !loaded.problems.iter().any(Problem::is_error)) else {
            return Err(loaded.problems);
        };
        let inputs = Inputs { env: self.env.clone(), vars: self.vars.clone(), ..Inputs::default() };
        let problems: Vec<_> = file.check(registry, &inputs).into_iter().filter(Problem::is_error).collect();
        if problems.is_empty() { file.prepare(registry, &inputs) } else { Err(problems) }
    }

    fn open(&self, http: &Transport) -> (Prepared, AwsAccount, Context) {
        let offline = registry(&Connection::new(Access::default()));
        let prepared = self.prepared(&offline).unwrap_or_else(|p| panic!("{}: {p:#?}", self.stack.display()));
        let context = context(self.moto, prepared.owner().clone(), prepared.region());
        let access = access(self.moto, prepared.region(), http);
        let account = AwsAccount::new(access, |aws| self.registry(aws), context.clone());
        (prepared, account, context)
    }

    async fn planned(
        prepared: Prepared,
        account: &dyn Account,
        cx: &Context,
        options: &Options,
    ) -> Result<Planned, Vec<Problem>> {
        let (desired, inventory) = Self::surveyed(prepared, account, cx, options).await?;
        planner::plan(&desired, &inventory, account.registry(), options)
    }

    async fn surveyed(
        prepared: Prepared,
        account: &dyn Account,
        cx: &Context,
        options: &Options,
    ) -> Result<(Arc<dyn Desired>, Inventory), Vec<Problem>> {
        let one = |error: Error| vec![Problem::error(error.to_string())];
        let mut known = Known::new(&cx.account);
        let mut scope = Scope::default();
        let mut answers = BTreeMap::new();
        for lookup in prepared.early_lookups() {
            if let Some(arguments) = prepared.evaluate_lookup(&lookup.name, &known)? {
                let value = ask(account, lookup, &arguments, cx).await.map_err(one)?.map_err(|p| vec![p])?;
                known.answer(&lookup.name, value.clone());
                answers.insert(lookup.name.clone(), value);
            }
        }
        scope.answers = answers;
        let desired: Arc<dyn Desired> = Arc::new(prepared.expand(&known)?);
        let inventory = survey(account, &*desired, options, scope, cx).await.map_err(one)?;
        Ok((desired, inventory))
    }

    /// The calls of a survey that reads only these kinds, and how many things of each it finds.
    pub(crate) async fn calls(&self, kinds: &BTreeSet<&'static str>) -> (u64, BTreeMap<&'static str, u64>) {
        let (prepared, _, cx) = self.open(&Transport::new(None));
        let only = |aws: &Arc<Connection>| {
            let all = clefctl::resources::all(aws).into_iter();
            Registry::new(all.filter(|kind| kinds.contains(kind.facts().name)).collect(), clefctl::lookups::all(aws))
        };
        let access = access(self.moto, prepared.region(), &Transport::new(None));
        let account = AwsAccount::new(access, only, cx.clone());
        let surveyed = Self::surveyed(prepared, &account, &cx, &Options::default()).await;
        let (_, inventory) = surveyed.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut things = BTreeMap::new();
        for thing in &inventory.things {
            *things.entry(thing.kind).or_default() += 1;
        }
        (account.calls().values().sum(), things)
    }

    /// What an apply would do.
    pub(crate) async fn plan(&self) -> Planned {
        let (prepared, account, cx) = self.open(&Transport::new(None));
        Self::planned(prepared, &account, &cx, &Options::default()).await.unwrap_or_else(|p| panic!("{p:#?}"))
    }

    /// An apply with a fault at the nth changing request of steps of `kind`. Steps go one after the other.
    pub(crate) async fn apply_with(&self, options: Options, kind: &str, fault: Option<(Fault, usize)>) -> Ended {
        let http = Transport::new(fault);
        let (prepared, account, cx) = self.open(&http);
        let planned =
            Self::planned(prepared, &account, &cx, &options).await.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let plan = planned.plan.clone();
        let (armer, kind) = (http.clone(), kind.to_owned());
        let run = Run {
            account: &account,
            nonce: cx.nonce.clone(),
            parallelism: if fault.is_some() { std::num::NonZeroUsize::new(1) } else { None },
            careful: false,
            lease: None,
            interrupt: Interrupt::default(),
            events: Arc::new(move |event| match event {
                Event::Started(step) => armer.arm(plan.changes[plan.steps[step.0].change].kind == kind),
                Event::Done { .. } | Event::Failed { .. } => armer.arm(false),
                _ => {}
            }),
        };
        let report = tokio::select! {
            report = apply::apply(&planned, &run) => Some(report),
            () = http.cut() => None,
        };
        Ended { report, struck: http.struck() }
    }

    /// An apply that must succeed.
    pub(crate) async fn apply(&self) {
        let ended = self.apply_with(Options::default(), "", None).await;
        assert_done(&ended.report.expect("nothing cut it"));
    }

    /// A destroy that must succeed.
    pub(crate) async fn destroy(&self) {
        let ended = self.apply_with(Options { destroy: true, ..Options::default() }, "", None).await;
        assert_done(&ended.report.expect("nothing cut it"));
    }
}

pub(crate) fn assert_done(report: &Report) {
    let failed: Vec<String> = report
        .outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(format!("{error} {:?}", error.hints)),
            _ => None,
        })
        .collect();
    assert!(report.succeeded(), "{failed:#?}");
}
