use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::engine::lock::{Holder, PATIENCE, look};
use crate::engine::places::Outpost;
use crate::engine::plan::{Change, Reason, Step, StepId, Verb};
use crate::engine::testing::{Fault, Line};
use crate::error::{Error, ErrorKind};
use crate::kind::Address;

fn owner() -> Owner {
    Owner::new("clefcloud", "dev")
}

async fn begin(line: &Line) -> Session {
    let (owner, cancel) = (owner(), CancellationToken::new());
    let holder = Holder { nonce: format!("{:?}", line.names()), ..Holder::default() };
    let request = Request {
        store: Arc::new(line.clone()),
        owner: &owner,
        holder,
        patience: PATIENCE,
        cancel: &cancel,
        waiting: &|_| {},
    };
    Session::begin(request).await.unwrap()
}

/// A plan that creates so many things, one step each.
fn plan(things: usize, destroy: bool) -> Plan {
    let change = |n: usize| Change {
        address: Address::plain(&format!("n{n}")),
        kind: "node",
        region: "eu-west-3".to_owned(),
        action: if destroy { Action::Delete } else { Action::Create },
        reason: Reason::New,
        id: None,
        generation: 1,
        attributes: Vec::new(),
        loss: None,
        notes: Vec::new(),
    };
    let step = |change| Step { change, verb: Verb::Create, needs: Vec::<StepId>::new() };
    Plan {
        owner: owner(),
        account: "123456789012".to_owned(),
        region: "eu-west-3".to_owned(),
        destroy,
        changes: (0..things).map(change).collect(),
        unchanged: 0,
        steps: (0..things).map(step).collect(),
        outputs: Vec::new(),
        warnings: Vec::new(),
    }
}

fn in_regions(regions: &[&str]) -> Places {
    Places { regions: regions.iter().map(|region| (*region).to_owned()).collect(), ..Places::default() }
}

fn report(outcomes: Vec<Outcome>, things: usize) -> Report {
    let places = if things == 0 { Places::default() } else { in_regions(&["eu-west-3"]) };
    let report = Report { outcomes, things, places, ..Report::default() };
    Report { traces: Traces { cut_off: report.uncertain(), ..Traces::default() }, ..report }
}

fn failed(kind: ErrorKind) -> Outcome {
    Outcome::Failed(Box::new(Error::new(kind, "no")))
}

async fn ledger(line: &Line) -> Option<Ledger> {
    Ledger::read(line, &owner()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_noted_and_the_lock_given_back() {
    let line = Line::new();
    let session = begin(&line).await;
    assert!(session.ledger().is_none() && !session.careful() && session.lease().check().is_ok());
    let author = Author { who: "ada".to_owned(), commit: Some("c0ffee".to_owned()), run: None };
    let outcomes = vec![Outcome::Done, Outcome::Done, failed(ErrorKind::Aws)];
    session.end(&plan(3, false), &report(outcomes, 2), author).await.unwrap();
    let noted = ledger(&line).await.unwrap();
    assert_eq!((noted.things, noted.runs[0].created, noted.runs[0].succeeded), (2, 2, false));
    assert_eq!(noted.runs[0].commit.as_deref(), Some("c0ffee"));
    assert!(!look(&line, &owner()).await.unwrap().unwrap().is_held());
    let next = begin(&line).await;
    assert!(!next.careful() && next.ledger() == Some(&noted));
}

#[tokio::test(start_paused = true)]
async fn a_region_is_remembered_until_a_run_has_succeeded_without_it() {
    let line = Line::new();
    line.set("/clefctl/clefcloud/dev/ledger", r#"{"regions": ["us-east-1"], "things": 9}"#);
    for (outcome, regions) in
        [(failed(ErrorKind::Aws), vec!["eu-west-3", "us-east-1"]), (Outcome::Done, vec!["eu-west-3"])]
    {
        let session = begin(&line).await;
        session.end(&plan(1, false), &report(vec![outcome], 1), Author::default()).await.unwrap();
        assert_eq!(ledger(&line).await.unwrap().places.regions.into_iter().collect::<Vec<_>>(), regions);
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_plan_makes_things_is_noted_before_it_does() {
    let line = Line::new();
    let mut session = begin(&line).await;
    session.announce(&plan(1, false), &in_regions(&["eu-west-3"])).await.unwrap();
    assert_eq!(ledger(&line).await, None, "the stack's own region is read in any case");
    let post = Outpost {
        kind: "route53_record".to_owned(),
        region: "us-east-1".to_owned(),
        role_arn: Some("arn:aws:iam::999000000001:role/dns".to_owned()),
        parent: Some("Z1".to_owned()),
    };
    let ahead = Places { outposts: BTreeSet::from([post]), ..in_regions(&["us-east-1"]) };
    session.announce(&plan(1, false), &ahead).await.unwrap();
    // The run is cut off here.
    let noted = ledger(&line).await.unwrap();
    assert!(noted.places.contain(&ahead) && noted.runs.is_empty(), "{noted:?}");
    line.set("/clefctl/clefcloud/dev/ledger", "{}");
    session.announce(&plan(1, false), &ahead).await.unwrap();
    assert_eq!(ledger(&line).await, Some(Ledger::default()), "what is noted is not written again");
}

#[tokio::test(start_paused = true)]
async fn after_a_complete_destroy_only_the_released_lock_is_left() {
    let line = Line::new();
    line.set("/clefctl/clefcloud/dev/ledger", r#"{"things": 1}"#);
    let session = begin(&line).await;
    session.end(&plan(1, true), &report(vec![failed(ErrorKind::Blocked)], 1), Author::default()).await.unwrap();
    assert!(ledger(&line).await.is_some());
    let session = begin(&line).await;
    session.end(&plan(1, true), &report(vec![Outcome::Done], 0), Author::default()).await.unwrap();
    assert_eq!(line.names(), ["/clefctl/clefcloud/dev/lock/2"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_nothing_notes_nothing() {
    let line = Line::new();
    line.set("/clefctl/clefcloud/dev/ledger", r#"{"things": 1, "regions": ["eu-west-3"]}"#);
    let session = begin(&line).await;
    session.end(&plan(0, false), &report(Vec::new(), 1), Author::default()).await.unwrap();
    assert!(ledger(&line).await.unwrap().runs.is_empty());
    begin(&line).await.abandon().await.unwrap();
    assert!(!look(&line, &owner()).await.unwrap().unwrap().is_held());
}

#[tokio::test(start_paused = true)]
async fn the_next_run_is_careful_when_calls_of_this_one_may_still_take_effect() {
    for kind in [ErrorKind::Ambiguous, ErrorKind::Cancelled, ErrorKind::Timeout] {
        let line = Line::new();
        let session = begin(&line).await;
        session.end(&plan(1, false), &report(vec![failed(kind)], 0), Author::default()).await.unwrap();
        let next = begin(&line).await;
        assert!(next.careful(), "{kind:?}");
        next.abandon().await.unwrap();
        assert!(begin(&line).await.careful(), "who changed nothing passes it on");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_lost_the_lock_writes_no_ledger() {
    let line = Line::new();
    let session = begin(&line).await;
    line.fault(Fault::None, Fault::Refused);
    session.lease().lost().await;
    line.fault(Fault::None, Fault::None);
    session.end(&plan(1, false), &report(vec![Outcome::Done], 1), Author::default()).await.unwrap();
    assert!(ledger(&line).await.is_none());
}
