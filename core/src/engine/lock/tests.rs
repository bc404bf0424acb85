use std::sync::Mutex;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::*;
use crate::engine::inventory::Inventory;
use crate::engine::testing::{Fault, Line};
use crate::kind::{Address, Context, Map, Observed, Owned, Status, Tags};

fn owner() -> Owner {
    Owner::new("clefcloud", "dev")
}

fn holder(who: &str) -> Holder {
    Holder {
        who: who.to_owned(),
        command: "clefctl apply".to_owned(),
        run: Some("https://ci.example/1".to_owned()),
        pid: 42,
        since: 0.0,
        nonce: who.to_owned(),
    }
}

/// Takes the lock, patient as by default.
async fn take(line: &Line, who: &str) -> Result<Lock> {
    take_within(line, who, PATIENCE, &|_| {}).await
}

async fn take_within(
    line: &Line,
    who: &str,
    patience: Duration,
    waiting: &(dyn Fn(&Waiting) + Send + Sync),
) -> Result<Lock> {
    let cancel = CancellationToken::new();
    let store = Arc::new(line.clone());
    acquire(Request { store, owner: &owner(), holder: holder(who), patience, cancel: &cancel, waiting }).await
}

async fn seen(line: &Line) -> Seen {
    look(line, &owner()).await.unwrap().unwrap()
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn a_free_lock_is_taken_at_once_and_given_back() {
    let line = Line::new();
    let begun = Instant::now();
    let lock = take(&line, "ada").await.unwrap();
    assert!(!lock.doubt().traces().cut_off && lock.lease().check().is_ok());
    assert!(seen(&line).await.is_held());
    lock.release(Traces::default()).await.unwrap();
    assert!(!seen(&line).await.is_held());
    let lock = take(&line, "bob").await.unwrap();
    assert!(!lock.doubt().traces().cut_off);
    assert_eq!(begun.elapsed(), secs(0));
    assert_eq!(line.names(), ["/clefctl/clefcloud/dev/lock/2"], "lower entries are pruned");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_for_whom_and_how_long_and_gets_the_lock_when_it_is_free() {
    let line = Line::new();
    let lock = take(&line, "ada").await.unwrap();
    let told = Mutex::new(Vec::new());
    let waiting = |w: &Waiting| told.lock().unwrap().push((w.holder.who.clone(), w.left.as_secs()));
    let (second, ()) = tokio::join!(take_within(&line, "bob", PATIENCE, &waiting), async {
        sleep(secs(12)).await;
        lock.release(Traces::default()).await.unwrap();
    });
    assert!(!second.unwrap().doubt().traces().cut_off);
    let want: Vec<_> = [180, 175, 170].map(|left| ("ada".to_owned(), left)).into();
    assert_eq!(*told.lock().unwrap(), want);
}

#[tokio::test(start_paused = true)]
async fn a_living_holder_is_never_taken_over() {
    let line = Line::new();
    let lock = take(&line, "ada").await.unwrap();
    let begun = Instant::now();
    let error = take_within(&line, "bob", secs(1000), &|_| {}).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Locked);
    assert!((1000..1006).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!(lock.lease().check().is_ok());
    let text = format!("{error} {}", error.hints.join(" "));
    for part in ["clefcloud/dev", "ada", "clefctl apply", "process 42", "s ago", "ci.example", "clefctl unlock"] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_killed_run_is_taken_over_after_its_time() {
    let line = Line::new();
    let begun = Instant::now();
    drop(take(&line, "ada").await.unwrap());
    sleep(secs(3)).await;
    let lock = take(&line, "bob").await.unwrap();
    assert!(lock.doubt().traces().cut_off, "the next run is told to be careful");
    assert!((120..=125).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    lock.release(Traces::default()).await.unwrap();
    assert!(!take(&line, "cyd").await.unwrap().doubt().traces().cut_off);
}

#[tokio::test(start_paused = true)]
async fn a_lock_dead_for_long_is_still_watched_for_ten_seconds_even_without_patience() {
    let line = Line::new();
    drop(take(&line, "ada").await.unwrap());
    sleep(secs(5000)).await;
    let begun = Instant::now();
    let lock = take_within(&line, "bob", secs(0), &|_| {}).await.unwrap();
    assert!(lock.doubt().traces().cut_off);
    assert_eq!(begun.elapsed(), DOUBT);
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_during_the_watch_keeps_the_lock() {
    let line = Line::new();
    drop(take(&line, "ada").await.unwrap());
    let text = Record { holder: holder("ada"), ..Record::default() }.to_text();
    sleep(secs(300)).await;
    let (bob, ()) = tokio::join!(take_within(&line, "bob", secs(0), &|_| {}), async {
        sleep(secs(7)).await;
        line.set("/clefctl/clefcloud/dev/lock/1", &text);
    });
    assert_eq!(bob.err().unwrap().kind, ErrorKind::Locked);
}

#[tokio::test(start_paused = true)]
async fn a_released_lock_may_say_that_calls_can_still_take_effect() {
    let line = Line::new();
    take(&line, "ada").await.unwrap().release(Traces::of_cut_off()).await.unwrap();
    assert!(take(&line, "bob").await.unwrap().doubt().traces().cut_off);
}

/// How often a run read, and how long, until it trusted what lists show. They show what was made after `shown` seconds.
async fn reads_after(traces: Traces, later: u64, shown: u64) -> (usize, u64) {
    let line = Line::new();
    take(&line, "ada").await.unwrap().release(traces).await.unwrap();
    let released = Instant::now();
    sleep(secs(later)).await;
    let lock = take(&line, "bob").await.unwrap();
    let (begun, mut reads) = (Instant::now(), 0);
    let waits = lock.doubt().waits();
    let read = || {
        reads += 1;
        let there = released.elapsed() >= secs(shown);
        let things = ["vpc", "igw"].iter().filter(|_| there).map(|name| Arc::new(ours(name))).collect();
        async move { Ok(Inventory { things, ..Inventory::default() }) }
    };
    lock.doubt().dispelled(&context(), read).await.unwrap();
    assert!(waits.is_none_or(|waits| waits == begun.elapsed()));
    (reads, begun.elapsed().as_secs())
}

fn ours(name: &str) -> Observed {
    Observed {
        kind: "vpc",
        role_arn: None,
        region: "eu-west-3".to_owned(),
        id: name.to_owned(),
        owned: Owned::Ours { address: Address::plain(name), generation: 2 },
        status: Status::Usable,
        attributes: Map::new(),
        outputs: Map::new(),
        tags: Tags::new(),
    }
}

fn context() -> Context {
    Context {
        owner: owner(),
        account: "123456789012".into(),
        region: "eu-west-3".into(),
        role_arn: None,
        nonce: "n".into(),
        deadline: Instant::now() + secs(600),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_until_they_show_what_was_made_a_moment_ago() {
    let made = |generation: u32| Traces {
        made: ["vpc", "igw"].map(|name| mark("vpc", &Address::plain(name), generation)).into(),
        ..Traces::default()
    };
    let many = Traces { made: (0..1000).map(|n| format!("vpc/v{n}@1")).collect(), ..Traces::default() };
    for (traces, later, shown, want) in [
        (Traces::default(), 0, 99, (1, 0)),
        // Seen at once, soon, and never.
        (made(2), 0, 0, (1, 0)),
        (made(2), 1, 5, (3, 4)),
        (made(2), 10, 99, (11, 20)),
        // What lives is of an older generation.
        (made(3), 10, 0, (11, 20)),
        // Long ago.
        (made(2), 31, 99, (1, 0)),
        // After a cut anything may be there.
        (Traces::of_cut_off(), 10, 0, (1, 20)),
        (Traces::of_cut_off(), 40, 0, (1, 0)),
        (Traces { unsure: true, ..Traces::default() }, 10, 0, (1, 20)),
        (many, 0, 0, (1, 30)),
    ] {
        assert_eq!(reads_after(traces.clone(), later, shown).await, want, "{traces:?} after {later} s");
    }
}

#[tokio::test(start_paused = true)]
async fn doubts_end_when_the_run_is_told_to_stop() {
    let line = Line::new();
    take(&line, "ada").await.unwrap().release(Traces::of_cut_off()).await.unwrap();
    let (lock, cx) = (take(&line, "bob").await.unwrap(), context());
    cx.cancel.cancel();
    let read = || async { Ok(Inventory::default()) };
    assert_eq!(lock.doubt().dispelled(&cx, read).await.err().unwrap().kind, ErrorKind::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_signs_of_life_do_not_get_through_stops_before_others_count_it_as_dead() {
    for fault in [Fault::Refused, Fault::Hanging] {
        let line = Line::new();
        let lock = take(&line, "ada").await.unwrap();
        sleep(secs(45)).await;
        line.fault(Fault::None, fault);
        // The last that got through was at 30 s.
        let begun = Instant::now();
        let error = lock.lease().lost().await;
        assert_eq!((error.kind, begun.elapsed()), (ErrorKind::Locked, secs(75)), "{fault:?}");
        assert!(lock.lease().check().is_err());
        line.fault(Fault::None, Fault::None);
        sleep(secs(60)).await;
        assert!(lock.lease().check().is_err(), "what was lost never comes back");
        lock.release(Traces::default()).await.unwrap();
        assert!(take(&line, "bob").await.unwrap().doubt().traces().cut_off);
    }
}

#[tokio::test(start_paused = true)]
async fn giving_it_back_does_not_take_for_ever() {
    let line = Line::new();
    let lock = take(&line, "ada").await.unwrap();
    // A sign of life is under way as well.
    line.fault(Fault::Hanging, Fault::Hanging);
    sleep(secs(31)).await;
    let begun = Instant::now();
    assert_eq!(lock.release(Traces::default()).await.unwrap_err().kind, ErrorKind::Unavailable);
    assert!(begun.elapsed() <= secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_survived() {
    let line = Line::new();
    let lock = take(&line, "ada").await.unwrap();
    for fault in [Fault::Refused, Fault::Hanging, Fault::Unanswered] {
        line.fault(Fault::None, fault);
        sleep(secs(50)).await;
        line.fault(Fault::None, Fault::None);
        sleep(secs(40)).await;
        assert!(lock.lease().check().is_ok(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_answer_is_lost_is_recognised_as_ours() {
    let line = Line::new();
    line.fault(Fault::None, Fault::Unanswered);
    let lock = take(&line, "ada").await.unwrap();
    line.fault(Fault::None, Fault::None);
    assert!(!lock.doubt().traces().cut_off);
    assert_eq!(line.names(), ["/clefctl/clefcloud/dev/lock/1"]);
}

#[tokio::test(start_paused = true)]
async fn refusals_end_when_patience_does() {
    let line = Line::new();
    line.fault(Fault::None, Fault::Refused);
    let begun = Instant::now();
    assert_eq!(take(&line, "ada").await.err().unwrap().kind, ErrorKind::Unavailable);
    assert!(begun.elapsed() < secs(200));
}

#[tokio::test(start_paused = true)]
async fn unlock_takes_the_lock_away_and_its_holder_notices() {
    let line = Line::new();
    let lock = take(&line, "ada").await.unwrap();
    let before = seen(&line).await;
    unlock(&line, &owner(), &before, holder("bob")).await.unwrap();
    let second = take(&line, "cyd").await.unwrap();
    assert!(second.doubt().traces().cut_off, "the run that lost its lock may still be at work");
    let error = lock.lease().lost().await;
    assert!(error.message.contains("cyd"), "{error}");
    assert!(second.lease().check().is_ok());
    lock.release(Traces::default()).await.unwrap();
    assert!(seen(&line).await.is_held(), "who lost it cannot give it back");
}

#[tokio::test(start_paused = true)]
async fn unlock_refuses_when_the_lock_has_changed_hands() {
    let line = Line::new();
    drop(take(&line, "ada").await.unwrap());
    let before = seen(&line).await;
    let _second = take(&line, "bob").await.unwrap();
    assert_eq!(unlock(&line, &owner(), &before, holder("cyd")).await.unwrap_err().kind, ErrorKind::Locked);
}

#[tokio::test(start_paused = true)]
async fn forget_leaves_nothing_and_refuses_while_the_lock_is_held() {
    let line = Line::new();
    line.set("/clefctl/clefcloud/dev/ledger", "{}");
    line.set("/clefctl/clefcloud/dev2/ledger", "{}");
    let lock = take(&line, "ada").await.unwrap();
    assert_eq!(forget(&line, &owner()).await.unwrap_err().kind, ErrorKind::Locked);
    lock.release(Traces::default()).await.unwrap();
    forget(&line, &owner()).await.unwrap();
    assert_eq!(line.names(), ["/clefctl/clefcloud/dev2/ledger"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wrote_counts_as_held_until_its_time_is_up() {
    let line = Line::new();
    line.set("/clefctl/clefcloud/dev/lock/9", "<html>");
    line.set("/clefctl/clefcloud/dev/lock/x", "");
    let begun = Instant::now();
    let lock = take(&line, "ada").await.unwrap();
    assert!(lock.doubt().traces().cut_off && begun.elapsed() >= TTL);
    assert!(line.names().contains(&"/clefctl/clefcloud/dev/lock/10".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_when_the_run_is_told_to_stop() {
    let line = Line::new();
    let _lock = take(&line, "ada").await.unwrap();
    let cancel = CancellationToken::new();
    let store = Arc::new(line.clone());
    let request = Request {
        store,
        owner: &owner(),
        holder: holder("bob"),
        patience: PATIENCE,
        cancel: &cancel,
        waiting: &|_| cancel.cancel(),
    };
    assert_eq!(acquire(request).await.err().unwrap().kind, ErrorKind::Cancelled);
}

/// What one run of the race does, over and over.
#[derive(Clone, Debug)]
struct Racer {
    /// How long its calls take, in milliseconds.
    delays: Vec<u64>,
    /// How long it holds the lock each time, in seconds, and how it ends.
    turns: Vec<(u64, End)>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Release,
    /// Dropped without a word.
    Killed,
    /// Cut off from the store for so many seconds, then back.
    Outage(u64),
    /// Its answers are lost for a while.
    Unanswered,
}

fn racer() -> impl Strategy<Value = Racer> {
    let end = prop_oneof![
        3 => Just(End::Release),
        1 => Just(End::Killed),
        1 => (1..200_u64).prop_map(End::Outage),
        1 => Just(End::Unanswered),
    ];
    (proptest::collection::vec(0..9_000_u64, 1..9), proptest::collection::vec((0..150_u64, end), 1..4))
        .prop_map(|(delays, turns)| Racer { delays, turns })
}

/// The leases of all who have ever held the lock.
type Leases = Arc<Mutex<Vec<Lease>>>;

async fn race(line: Line, name: String, racer: Racer, leases: Leases, taken: Arc<Mutex<usize>>) {
    line.faults.lock().unwrap().delays = racer.delays.iter().map(|ms| Duration::from_millis(*ms)).collect();
    for (turn, (time, end)) in racer.turns.iter().enumerate() {
        line.fault(Fault::None, Fault::None);
        let lock = take_within(&line, &format!("{name}{turn}"), secs(100_000), &|_| {}).await.unwrap();
        *taken.lock().unwrap() += 1;
        leases.lock().unwrap().push(lock.lease().clone());
        let tick = async |n: u64| {
            for _ in 0..n {
                let holders = leases.lock().unwrap().iter().filter(|lease| lease.check().is_ok()).count();
                assert!(holders <= 1, "{holders} hold the lock at once");
                sleep(secs(1)).await;
            }
        };
        tick(*time).await;
        match end {
            End::Release => drop(lock.release(Traces::default()).await),
            End::Killed => drop(lock),
            End::Outage(length) => {
                line.fault(Fault::Hanging, Fault::Hanging);
                tick(*length).await;
                line.fault(Fault::None, Fault::None);
                tick(100).await;
                drop(lock.release(Traces::of_cut_off()).await);
            }
            End::Unanswered => {
                line.fault(Fault::None, Fault::Unanswered);
                tick(60).await;
                drop(lock.release(Traces::of_cut_off()).await);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_runs_race_one_at_most_holds_the_lock_and_all_get_it(racers in proptest::collection::vec(racer(), 2..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let first = Line::new();
            let (leases, taken) = (Leases::default(), Arc::default());
            let turns: usize = racers.iter().map(|r| r.turns.len()).sum();
            futures::future::join_all(racers.into_iter().enumerate().map(|(i, racer)| {
                race(first.another(), format!("racer {i} "), racer, Arc::clone(&leases), Arc::clone(&taken))
            }))
            .await;
            assert_eq!(*taken.lock().unwrap(), turns);
        });
    }
}
