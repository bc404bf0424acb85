//! Being told to stop, twice, and losing the lock.

use super::*;
use crate::engine::lock::{self, Holder, PATIENCE, Request};
use crate::engine::testing::{Fault, Line};
use crate::kind::Owner;

fn script() -> Script {
    let mut script = Script::default();
    let long = script.step(Verb::Create, &[], [Try::Calls(60)]);
    let last_call = script.step(Verb::Create, &[], [Try::Takes(28)]);
    script.step(Verb::Create, &[], [Try::Deaf]);
    script.create(&[long], 1);
    script.create(&[last_call], 1);
    script
}

async fn after(seconds: u64, token: CancellationToken) {
    sleep(secs(seconds)).await;
    token.cancel();
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_begins_nothing_and_gives_calls_under_way_ten_seconds() {
    let script = script();
    let stop = script.interrupt.stop.clone();
    let (played, ()) = tokio::join!(script.play(), after(20, stop));
    assert_eq!(outcomes(&played.report), ["Cancelled", "done", "Cancelled", "not started", "not started"]);
    assert_eq!(played.took, secs(30));
    assert!(played.report.stopped && played.report.lost.is_none());
    assert!(played.report.uncertain(), "what was left under way may still take effect");
    assert!(played.log.contains(&"20 stopping".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_when_nothing_is_under_way_any_more() {
    let mut script = Script::default();
    let first = script.create(&[], 22);
    script.create(&[first], 1);
    let stop = script.interrupt.stop.clone();
    let (played, ()) = tokio::join!(script.play(), after(20, stop));
    assert_eq!(outcomes(&played.report), ["done", "not started"]);
    assert_eq!(played.took, secs(22));
    assert!(!played.report.uncertain());
}

#[tokio::test(start_paused = true)]
async fn told_a_second_time_it_ends_at_once() {
    let script = script();
    let Interrupt { stop, kill } = script.interrupt.clone();
    let (played, (), ()) = tokio::join!(script.play(), after(20, stop), after(23, kill));
    assert_eq!(outcomes(&played.report), ["Cancelled", "Cancelled", "Cancelled", "not started", "not started"]);
    assert_eq!(played.took, secs(23));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_before_it_begins_does_nothing() {
    let script = script();
    script.interrupt.stop.cancel();
    let played = script.play().await;
    assert!(played.report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::NotStarted)));
    assert_eq!(played.log, ["0 stopping"]);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_deletion_is_not_waited_for() {
    let mut script = Script::default();
    script.step(Verb::Delete, &[], std::iter::repeat_n(Try::Fails(0, ErrorKind::Blocked), 99));
    let stop = script.interrupt.stop.clone();
    let (played, ()) = tokio::join!(script.play(), after(7, stop));
    assert_eq!(outcomes(&played.report), ["Blocked"]);
    assert_eq!(played.took, secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_lost_stops_the_run() {
    let line = Line::new();
    let (owner, cancel) = (Owner::new("clefcloud", "dev"), CancellationToken::new());
    let request = Request {
        store: Arc::new(line.clone()),
        owner: &owner,
        holder: Holder { nonce: "a".to_owned(), ..Holder::default() },
        patience: PATIENCE,
        cancel: &cancel,
        waiting: &|_| {},
    };
    let held = lock::acquire(request).await.unwrap();
    let mut script = Script { lease: Some(held.lease().clone()), ..Script::default() };
    let first = script.step(Verb::Create, &[], [Try::Calls(500)]);
    script.create(&[first], 1);
    line.fault(Fault::None, Fault::Refused);
    let played = script.play().await;
    assert_eq!(outcomes(&played.report), ["Cancelled", "not started"]);
    assert_eq!(played.report.lost.as_ref().map(|error| error.kind), Some(ErrorKind::Locked));
    assert!((90..=91).contains(&played.took.as_secs()), "{:?}", played.took);
}

#[tokio::test(start_paused = true)]
async fn a_run_far_longer_than_the_lock_lives_keeps_it() {
    let line = Line::new();
    let (owner, cancel) = (Owner::new("clefcloud", "dev"), CancellationToken::new());
    let request = Request {
        store: Arc::new(line.clone()),
        owner: &owner,
        holder: Holder::default(),
        patience: PATIENCE,
        cancel: &cancel,
        waiting: &|_| {},
    };
    let held = lock::acquire(request).await.unwrap();
    let mut script =
        Script { lease: Some(held.lease().clone()), patience: BTreeMap::from([(0, 4000)]), ..Script::default() };
    let first = script.create(&[], 3600);
    script.create(&[first], 1);
    assert!(script.play().await.report.succeeded());
}
