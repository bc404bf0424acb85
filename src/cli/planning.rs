//! From a subject to a plan: lookups, inventory, plan, pre-flight. Everything here only reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clefctl_core::engine::inventory::Inventory;
use clefctl_core::engine::known::{Known, Nothing};
use clefctl_core::engine::ledger::Ledger;
use clefctl_core::engine::lock::Doubt;
use clefctl_core::engine::planned::Planned;
use clefctl_core::engine::survey::{Scope, survey};
use clefctl_core::engine::{Options, planner, preflight};
use clefctl_core::error::{Error, ErrorKind, Problem, Result, Sources};
use clefctl_core::kind::{Account, Address, Context, Desired, Facts, Identity};
use clefctl_core::report::Status;
use tokio_util::sync::CancellationToken;

use super::console::Console;
use super::subject::Subject;
use super::{Failure, account};
use crate::lookups::early;

/// Which part of a stack is meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Selection {
    /// Only this and what it needs; may be repeated.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub(super) targets: Vec<Address>,
    /// Replaces this although nothing forces it; may be repeated.
    #[arg(long = "replace", value_name = "ADDRESS", value_parser = address)]
    pub(super) replace: Vec<Address>,
}

impl Selection {
    /// Whether all of the stack is meant, as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.replace.is_empty()
    }

    /// What the planner is asked.
    pub(super) fn options(&self, destroy: bool) -> Options {
        Options { destroy, targets: self.targets.clone(), replace: self.replace.clone() }
    }
}

/// `vpc`, `public["a"]`.
pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "write an address such as vpc or 'public[\"a\"]'".to_owned())
}

/// A plan with all that showing it and carrying it out needs.
pub(super) struct Ready {
    /// The plan.
    pub(super) planned: Planned,
    /// The files of the stack.
    pub(super) sources: Sources,
    /// Where.
    pub(super) account: Arc<dyn Account>,
    /// Whether things carry our tag of which nothing is known.
    pub(super) strays: bool,
}

impl Ready {
    /// What is known of a kind.
    pub(super) fn facts(&self) -> impl Fn(&str) -> Option<&'static Facts> + use<> {
        let registry = self.account.registry().clone();
        move |kind| registry.kind(kind).map(|kind| kind.facts())
    }
}

/// Where a run works, and as whom.
pub(super) struct Place {
    /// The account.
    pub(super) account: Arc<dyn Account>,
    /// Who we are there.
    pub(super) identity: Identity,
    /// What calls are given.
    pub(super) context: Context,
    /// How far lists may be trusted, in view of what the last run did; only who changes something has to know.
    pub(super) doubt: Option<Doubt>,
}

/// Finds out who we are; an error in any account but the right one.
pub(super) async fn enter(console: &Console, subject: &Subject, cancel: &CancellationToken) -> Result<Place, Failure> {
    let context = account::context(&subject.owner, &subject.region, cancel);
    let account = account::open(console, &context)?;
    let identity = tokio::select! {
        identity = account.identity() => identity?,
        () = cancel.cancelled() => return Err(Error::new(ErrorKind::Cancelled, "stopped before anything was done").into()),
    };
    subject.check_account(&identity)?;
    let context = Context { account: identity.account.as_str().into(), ..context };
    Ok(Place { account, identity, context, doubt: None })
}

/// What lives, and the stack that it is compared with.
pub(super) struct Reading {
    /// The stack.
    pub(super) stack: Arc<dyn Desired>,
    /// What lives.
    pub(super) inventory: Inventory,
    /// The files of the stack.
    pub(super) sources: Sources,
    /// What is worth knowing about them.
    pub(super) warnings: Vec<Problem>,
}

/// Reads what a plan must know. On a terminal a line says what is going on.
pub(super) async fn read(
    console: &mut Console,
    subject: Subject,
    place: &Place,
    ledger: Option<&Ledger>,
    options: &Options,
) -> Result<Reading, Failure> {
    let Subject { owner, region, prepared, sources, warnings, .. } = subject;
    let begun = Instant::now();
    let mut status = Status::default();
    let words = format!("Reading what lives of {owner}");
    let mut known = Known::new(&place.identity.account);
    let work = async {
        let mut scope = Scope { strict: console.global.strict, ..Scope::default() };
        scope.places = ledger.map(|ledger| ledger.places.clone()).unwrap_or_default();
        let stack: Arc<dyn Desired> = match prepared {
            None => Arc::new(Nothing::new(owner.clone(), &region)),
            Some(prepared) => {
                scope.answers = early::answers(&prepared, &*place.account, &place.context, &mut known).await?;
                Arc::new(prepared.expand(&known).map_err(Error::invalid)?)
            }
        };
        let read = || survey(&*place.account, &*stack, options, scope.clone(), &place.context);
        let inventory = match &place.doubt {
            Some(doubt) => doubt.dispelled(&place.context, read).await?,
            None => read().await?,
        };
        Ok::<_, Error>((stack, inventory))
    };
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            // Where nothing is redrawn, reading is not worth a line.
            _ = ticks.tick(), if console.ui.live => status.say(&mut console.ui, &words, None, begun.elapsed()),
        }
    };
    status.finish(&mut console.ui);
    match done {
        Ok((stack, inventory)) => Ok(Reading { stack, inventory, sources, warnings }),
        Err(error) => Err(Failure { error, sources }),
    }
}

/// Reads and plans, and asks the kinds what stands in the way.
pub(super) async fn plan(
    console: &mut Console,
    subject: Subject,
    place: &Place,
    ledger: Option<&Ledger>,
    options: &Options,
) -> Result<Ready, Failure> {
    let Reading { stack, inventory, sources, warnings } = read(console, subject, place, ledger, options).await?;
    let registry = place.account.registry();
    let mut planned = match planner::plan(&stack, &inventory, registry, options) {
        Ok(planned) => planned,
        Err(problems) => return Err(Failure { error: Error::invalid(problems), sources }),
    };
    let found = preflight::preflight(&*place.account, &planned, &place.context).await;
    planned.plan.warnings.extend(warnings);
    planned.plan.warnings.extend(preflight::credentials(place.identity.expires_in, &planned.plan, registry));
    if found.iter().any(Problem::is_error) {
        return Err(Failure { error: Error::invalid(found), sources });
    }
    planned.plan.warnings.extend(found);
    Ok(Ready { planned, sources, account: Arc::clone(&place.account), strays: !inventory.strays.is_empty() })
}

/// Plans without a lock.
pub(super) fn plan_alone(console: &mut Console, subject: Subject, options: &Options) -> Result<Ready, Failure> {
    account::runtime()?.block_on(async {
        let place = enter(console, &subject, &CancellationToken::new()).await?;
        let ledger = remembered(&subject, &place).await?;
        plan(console, subject, &place, ledger.as_ref(), options).await
    })
}

/// Reads without a lock.
pub(super) fn read_alone(console: &mut Console, subject: Subject) -> Result<Reading, Failure> {
    account::runtime()?.block_on(async {
        let place = enter(console, &subject, &CancellationToken::new()).await?;
        let ledger = remembered(&subject, &place).await?;
        read(console, subject, &place, ledger.as_ref(), &Options::default()).await
    })
}

/// What earlier applies noted.
async fn remembered(subject: &Subject, place: &Place) -> Result<Option<Ledger>> {
    Ledger::read(&*place.account.store(&subject.region), &subject.owner).await
}
