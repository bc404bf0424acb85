//! What `apply` and `destroy` share: lock, plan, guards, question, apply, ledger.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clefctl_core::engine::Options;
use clefctl_core::engine::apply::{self, Interrupt, Run};
use clefctl_core::engine::event::{Event, Report};
use clefctl_core::engine::ledger::{Alarm, alarm};
use clefctl_core::engine::lock::{self, Request, Waiting};
use clefctl_core::engine::places::Places;
use clefctl_core::engine::plan::Plan;
use clefctl_core::engine::session::{Author, Session};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Address, Context};
use clefctl_core::report::{self, Progress, Saved, Status, View};
use tokio::sync::mpsc;

use super::adoption::{self, Adoption};
use super::console::{Console, holder};
use super::planning::{Place, Ready, enter, plan, read};
use super::subject::Subject;
use super::{Exit, Failure, account};

/// How often progress is drawn.
const TICK: Duration = Duration::from_millis(100);

/// What a person, or a pipeline, agrees to beforehand.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Approval {
    /// Carries the plan out without a question.
    #[arg(long)]
    auto_approve: bool,
    /// Agrees to the loss of the data of this resource, or of `all`; may be repeated.
    #[arg(long, value_name = "ADDRESS|all")]
    allow_data_loss: Vec<String>,
    /// Agrees to a plan that deletes most of what there is, or that sees little of what the last apply left.
    #[arg(long)]
    allow_mass_change: bool,
}

impl Approval {
    /// A yes beforehand, or none.
    pub(super) fn of(auto_approve: bool) -> Self {
        Self { auto_approve, ..Self::default() }
    }
}

/// What is to be carried out.
pub(super) enum Deed {
    /// What a plan with these options says.
    Plan(Options),
    /// What a plan that was kept says, and nothing else.
    Saved(Box<Saved>),
    /// A living thing becomes ours.
    Adopt(Adoption),
    /// A thing of ours stays, and is no longer ours.
    Release(Address),
}

/// Plans under the lock, shows it, asks, carries it out, notes it in the ledger.
pub(super) fn run(
    console: &mut Console,
    subject: Subject,
    deed: &Deed,
    approval: &Approval,
    forget: bool,
) -> Result<Exit, Failure> {
    // Whoever names a plan has seen it.
    let shown = matches!(deed, Deed::Saved(_));
    if !approval.auto_approve && !shown && !console.ui.interactive {
        return Err(Error::new(ErrorKind::Usage, "there is nobody to ask: this is no terminal")
            .hint("look at the plan with `clefctl plan`, then add --auto-approve")
            .into());
    }
    account::runtime()?.block_on(async {
        let interrupt = Interrupt::default();
        let _listening = interrupt.listen().map_err(|e| Error::internal(format!("cannot listen to signals: {e}")))?;
        let place = enter(console, &subject, &interrupt.stop).await?;
        match deed {
            // The plan says which account it may change.
            Deed::Saved(saved) => saved.check_account(&place.identity.account)?,
            _ if approval.auto_approve && !console.global.sandbox => subject.check_pinned(&place.identity)?,
            _ => {}
        }
        let mut session = begin(console, &subject, &place).await?;
        if let Some(wait) = session.doubt().waits() {
            let wait = wait.as_secs().max(1);
            console.ui.err.line(&format!(
                "The last run did not end in order: waiting {wait} s, until AWS shows all that it did."
            ));
        }
        let context = Context { careful: session.careful(), ..place.context.clone() };
        let place = Place { context, doubt: Some(session.doubt().clone()), ..place };
        let ready = match prepared(console, subject, &place, &session, deed, approval).await {
            Ok(Some(ready)) => ready,
            Ok(None) => {
                session.abandon().await?;
                console.ui.out.line("Nothing was changed.");
                return Ok(Exit::Failed);
            }
            Err(failure) => {
                session.abandon().await?;
                return Err(failure);
            }
        };
        if let Err(error) = session.announce(&ready.planned.plan, &Places::ahead(&ready.planned)).await {
            session.abandon().await?;
            return Err(error.into());
        }
        let (report, closing) = walk(console, &ready, &place, &session, &interrupt).await;
        let author =
            Author { who: place.identity.arn.clone(), commit: commit(), run: holder(&place.context.nonce).run };
        let ended = session.end(&ready.planned.plan, &report, author).await;
        let outputs = matches!(deed, Deed::Plan(_) | Deed::Saved(_));
        let exit = closed(console, &ready, &report, &closing, outputs);
        ended?;
        if exit == Exit::Done && ready.planned.plan.destroy {
            leave(console, &ready, &place, forget).await?;
        }
        console.tell_calls(&*place.account);
        Ok(exit)
    })
}

/// Takes the lock, telling who holds it while it has to be waited for.
async fn begin(console: &mut Console, subject: &Subject, place: &Place) -> Result<Session> {
    let patience = console.global.lock_timeout;
    let begun = Instant::now();
    let status = Status::default();
    let shown = Mutex::new((&mut console.ui, status));
    let waiting = |waiting: &Waiting| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (ui, status) = &mut *shown;
        let words = format!("{} is locked by {}", subject.owner, waiting.holder);
        status.say(ui, &words, Some(waiting.left), begun.elapsed());
    };
    let session = Session::begin(Request {
        store: place.account.store(&subject.region),
        owner: &subject.owner,
        holder: holder(&place.context.nonce),
        patience,
        cancel: &place.context.cancel,
        waiting: &waiting,
    })
    .await;
    let (ui, status) = shown.into_inner().unwrap_or_else(PoisonError::into_inner);
    status.finish(ui);
    session
}

/// The plan, shown and agreed to; `None` where the answer is no.
async fn prepared(
    console: &mut Console,
    subject: Subject,
    place: &Place,
    session: &Session,
    deed: &Deed,
    approval: &Approval,
) -> Result<Option<Ready>, Failure> {
    let ledger = session.ledger();
    let ready = match deed {
        Deed::Plan(options) => plan(console, subject, place, ledger, options).await?,
        Deed::Saved(saved) => {
            let ready = plan(console, subject, place, ledger, &saved.options()?).await?;
            saved.check_plan(&ready.planned.plan)?;
            ready
        }
        Deed::Adopt(adoption) => {
            let reading = read(console, subject, place, ledger, &Options::default()).await?;
            adoption::adopt(adoption, reading, place).await?
        }
        Deed::Release(address) => {
            let reading = read(console, subject, place, ledger, &Options::default()).await?;
            adoption::release(address, reading, place)?
        }
    };
    let plan = &ready.planned.plan;
    if let Some(lines) = &mut console.lines {
        lines.plan(plan, &ready.sources);
    }
    let facts = ready.facts();
    let layout = console.ui.out.layout();
    console.ui.out.write(&report::plan(plan, View { facts: &facts, sources: &ready.sources }, layout));
    if plan.is_empty() {
        return Ok(Some(ready));
    }
    let losses = open_losses(plan, &approval.allow_data_loss);
    if approval.auto_approve || !console.ui.interactive {
        refuse_losses(&losses)?;
    }
    let approved = approval.auto_approve || matches!(deed, Deed::Saved(_)) && losses.is_empty();
    if let Some(alarm) = alarm(session.ledger(), plan).filter(|_| !approval.allow_mass_change) {
        let words = alarming(alarm);
        if approved {
            return Err(Error::new(ErrorKind::Usage, words)
                .hint("make sure that account, region and environment are right")
                .hint("if they are, add --allow-mass-change")
                .into());
        }
        console.ui.err.line(&format!("\nBeware: {words}."));
    }
    if approved {
        return Ok(Some(ready));
    }
    let question = if plan.destroy { "Destroy all of this?" } else { "Carry out this plan?" };
    // What cannot be had back takes more than a habit to agree to.
    let (question, word) = match losses.as_slice() {
        [] => (question.to_owned(), "yes"),
        open => (format!("Data would be lost for good: {}. {question}", open.join(", ")), &*plan.owner.stack),
    };
    console.ui.err.write("\n");
    Ok(if console.ask(&question, word, &place.context.cancel).await? { Some(ready) } else { None })
}

/// The addresses whose data would be lost, and to whose loss nobody has agreed.
fn open_losses(plan: &Plan, allowed: &[String]) -> Vec<String> {
    let covers = |address: &str| {
        let name = address.split('[').next().unwrap_or(address);
        allowed.iter().any(|word| word == "all" || word == address || word == name)
    };
    plan.losses().into_keys().filter(|address| !covers(address)).collect()
}

/// An error where data would be lost and there is nobody to ask.
fn refuse_losses(open: &[String]) -> Result<()> {
    let Some(first) = open.first() else { return Ok(()) };
    let all = if open.len() > 1 { ", and so on for each, as the plan shows" } else { "" };
    Err(Error::new(ErrorKind::Usage, format!("data would be lost for good: {}", open.join(", ")))
        .hint(format!("if that is meant, add --allow-data-loss {}{all}", report::shell(first))))
}

fn alarming(alarm: Alarm) -> String {
    match alarm {
        Alarm::MassDeletion { deleted, of } => format!("{deleted} of {of} resources would be deleted"),
        Alarm::Vanished { seen, of } => format!("only {seen} of the {of} resources of the last apply are to be seen"),
    }
}

/// Carries the plan out, showing what happens.
async fn walk(
    console: &mut Console,
    ready: &Ready,
    place: &Place,
    session: &Session,
    interrupt: &Interrupt,
) -> (Report, String) {
    let plan = &ready.planned.plan;
    let begun = Instant::now();
    let (events, mut told) = mpsc::unbounded_channel::<Event>();
    let run = Run {
        account: &*place.account,
        nonce: Arc::clone(&place.context.nonce),
        parallelism: console.global.parallelism,
        careful: place.context.careful,
        lease: Some(session.lease()),
        interrupt: interrupt.clone(),
        // The receiver outlives the run.
        events: Arc::new(move |event| drop(events.send(event))),
    };
    let mut progress = Progress::new(plan, &console.ui);
    let mut ticks = tokio::time::interval(TICK);
    let mut work = std::pin::pin!(apply::apply(&ready.planned, &run));
    let report = loop {
        tokio::select! {
            report = &mut work => break report,
            Some(event) = told.recv() => take(console, plan, &mut progress, &event, begun.elapsed()),
            _ = ticks.tick() => progress.tick(&mut console.ui, begun.elapsed()),
        }
    };
    while let Ok(event) = told.try_recv() {
        take(console, plan, &mut progress, &event, begun.elapsed());
    }
    let took = begun.elapsed();
    let place = |address: &str| {
        let address = Address::parse(address)?;
        ready.planned.desired.instances().get(&address).map(|instance| instance.span)
    };
    let closing = progress.finish(&mut console.ui, &report, &place, &ready.sources, took);
    (report, closing)
}

fn take(console: &mut Console, plan: &Plan, progress: &mut Progress<'_>, event: &Event, now: Duration) {
    if let Some(lines) = &mut console.lines {
        lines.event(plan, event);
    }
    progress.handle(&mut console.ui, event, now);
}

/// Says how it ended.
fn closed(console: &mut Console, ready: &Ready, report: &Report, closing: &str, outputs: bool) -> Exit {
    if let Some(lines) = &mut console.lines {
        lines.summary(report, &ready.sources);
    }
    let good = report.succeeded() && report.lost.is_none() && !report.stopped;
    if !good {
        console.ui.err.write(closing);
        return Exit::Failed;
    }
    if !ready.planned.plan.is_empty() || !report.problems.is_empty() {
        console.ui.out.write(closing);
    }
    if outputs && !report.outputs.is_empty() {
        let layout = console.ui.out.layout();
        console.ui.out.write(&format!("\n{}", report::outputs(&report.outputs, layout)));
    }
    // The plan has warned of things that carry our tag and are of no kind that is known.
    if ready.strays { Exit::Failed } else { Exit::Done }
}

/// Says what is left after everything has gone, and takes that away too if it is asked for.
async fn leave(console: &mut Console, ready: &Ready, place: &Place, forget: bool) -> Result<()> {
    let plan = &ready.planned.plan;
    if forget {
        lock::forget(&*place.account.store(&plan.region), &plan.owner).await?;
        console.ui.out.line(&format!("\nNothing is left of {}.", plan.owner));
    } else {
        let words = format!("What is left of {} is its released lock; `--forget` removes that as well.", plan.owner);
        console.ui.out.line(&format!("\n{words}"));
    }
    Ok(())
}

/// The commit that is checked out, if there is a repository.
fn commit() -> Option<String> {
    let answer = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned()).filter(|commit| !commit.is_empty())
}
