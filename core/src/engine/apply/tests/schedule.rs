//! Order, bounds, failures, and deletions that something blocks.

use proptest::prelude::*;

use super::*;

#[tokio::test(start_paused = true)]
async fn nothing_to_do_is_done_at_once() {
    let played = Script::default().play().await;
    assert!(played.report.succeeded() && played.log.is_empty() && played.took.is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_step_begins_as_soon_as_what_it_needs_is_done_and_waits_for_nothing_else() {
    let mut script = Script::default();
    let quick = script.create(&[], 1);
    let slow = script.create(&[], 10);
    let after_quick = script.create(&[quick], 2);
    script.create(&[slow, after_quick], 1);
    let played = script.play().await;
    // Level barriers would begin step 2 at 10.
    let want =
        ["0 1 started", "0 0 started", "1 0 done", "1 2 started", "3 2 done", "10 1 done", "10 3 started", "11 3 done"];
    assert_eq!(played.log, want);
    assert!(played.report.succeeded());
}

#[tokio::test(start_paused = true)]
async fn with_one_place_the_longest_way_goes_first() {
    let mut script = Script { parallelism: Some(1), ..Script::default() };
    script.create(&[], 3);
    let head = script.create(&[], 1);
    script.create(&[head], 9);
    let played = script.play().await;
    assert_eq!(
        played.log.iter().filter(|line| line.ends_with("started")).collect::<Vec<_>>(),
        ["0 1 started", "1 2 started", "10 0 started"]
    );
    assert_eq!(played.most, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_takes_only_those_with_it_that_need_it() {
    let mut script = Script::default();
    let bad = script.step(Verb::Create, &[], [Try::Fails(1, ErrorKind::Aws)]);
    let good = script.create(&[], 5);
    let child = script.create(&[bad], 1);
    script.create(&[child, good], 1);
    script.create(&[good], 1);
    let played = script.play().await;
    assert_eq!(outcomes(&played.report), ["Aws", "done", "skipped 0", "skipped 0", "done"]);
    assert!(!played.report.succeeded() && !played.report.stopped && !played.report.uncertain());
    for line in ["1 0 failed: it is so", "1 2 skipped because of 0", "1 3 skipped because of 0"] {
        assert!(played.log.iter().any(|l| l == line), "{line} is missing in {:?}", played.log);
    }
}

fn blocked(n: u64) -> Try {
    Try::Fails(n, ErrorKind::Blocked)
}

#[tokio::test(start_paused = true)]
async fn a_blocked_deletion_is_tried_again_when_another_deletion_has_ended() {
    let mut script = Script::default();
    script.step(Verb::Delete, &[], [blocked(1), Try::Takes(1)]);
    script.step(Verb::Delete, &[], [Try::Takes(4)]);
    let played = script.play().await;
    assert!(played.report.succeeded());
    assert_eq!(played.took, secs(5));
    assert!(played.log.contains(&"1 0 waits: it is so".to_owned()), "{:?}", played.log);
    assert_eq!(played.log.iter().filter(|line| line.ends_with("0 started")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_ended_during_the_try_counts_as_well() {
    let mut script = Script::default();
    script.step(Verb::Delete, &[], [blocked(3), Try::Takes(1)]);
    script.step(Verb::Delete, &[], [Try::Takes(2)]);
    assert_eq!(script.play().await.took, secs(4));
}

#[tokio::test(start_paused = true)]
async fn without_another_deletion_it_is_tried_again_after_pauses() {
    let mut script = Script::default();
    script.step(Verb::Delete, &[], [blocked(0), blocked(0), blocked(0), blocked(0), Try::Takes(1)]);
    let played = script.play().await;
    assert!(played.report.succeeded());
    assert_eq!(played.took, secs(5 + 10 + 20 + 30 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_stays_blocked_fails_when_its_time_is_up() {
    let mut script = Script { patience: BTreeMap::from([(0, 42)]), ..Script::default() };
    let stuck = script.step(Verb::Delete, &[], std::iter::repeat_n(blocked(1), 99));
    script.step(Verb::Delete, &[stuck], [Try::Takes(1)]);
    let played = script.play().await;
    assert_eq!(outcomes(&played.report), ["Blocked", "skipped 0"]);
    assert_eq!(played.took, secs(42));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_deletion_takes_no_place_while_it_waits() {
    let mut script = Script { parallelism: Some(1), ..Script::default() };
    let stuck = script.step(Verb::Delete, &[], [blocked(0), Try::Takes(1)]);
    script.step(Verb::Delete, &[], [Try::Takes(2)]);
    script.create(&[stuck], 5);
    let played = script.play().await;
    assert!(played.report.succeeded() && played.took == secs(8), "{:?}", played.log);
}

#[tokio::test(start_paused = true)]
async fn only_deletions_are_tried_again() {
    let mut script = Script::default();
    script.step(Verb::Create, &[], [blocked(0), Try::Takes(1)]);
    assert_eq!(outcomes(&script.play().await.report), ["Blocked"]);
}

/// A graph: of each step how long it takes, which earlier ones it needs, and whether it fails.
fn graph() -> impl Strategy<Value = Vec<(u64, Vec<usize>, bool)>> {
    let step = (1..50_u64, proptest::collection::vec(any::<prop::sample::Index>(), 0..4), prop::bool::weighted(0.05));
    proptest::collection::vec(step, 1..40).prop_map(|steps| {
        let step = |(i, (takes, needs, fails)): (usize, (u64, Vec<prop::sample::Index>, bool))| {
            let mut needs: Vec<usize> = if i == 0 { vec![] } else { needs.iter().map(|n| n.index(i)).collect() };
            needs.sort_unstable();
            needs.dedup();
            (takes, needs, fails)
        };
        steps.into_iter().enumerate().map(step).collect()
    })
}

fn play(graph: &[(u64, Vec<usize>, bool)], parallelism: Option<usize>) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut script = Script { parallelism, ..Script::default() };
    for (takes, needs, fails) in graph {
        let attempt = if *fails { Try::Fails(*takes, ErrorKind::Aws) } else { Try::Takes(*takes) };
        script.step(Verb::Create, needs, [attempt]);
    }
    runtime.block_on(script.play())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unbounded_it_takes_as_long_as_the_longest_chain(graph in graph()) {
        let graph: Vec<_> = graph.into_iter().map(|(takes, needs, _)| (takes, needs, false)).collect();
        let mut ends: Vec<u64> = Vec::new();
        for (takes, needs, _) in &graph {
            ends.push(takes + needs.iter().map(|need| ends[*need]).max().unwrap_or(0));
        }
        let played = play(&graph, None);
        prop_assert!(played.report.succeeded());
        prop_assert_eq!(played.took, secs(ends.into_iter().max().unwrap_or(0)));
    }

    #[test]
    fn a_bound_is_kept_and_no_place_stays_empty(graph in graph(), places in 1..6_usize) {
        let graph: Vec<_> = graph.into_iter().map(|(takes, needs, _)| (takes, needs, false)).collect();
        let work: u64 = graph.iter().map(|(takes, ..)| takes).sum();
        let longest = play(&graph, None).took.as_secs();
        let played = play(&graph, Some(places));
        prop_assert!(played.report.succeeded());
        prop_assert!(played.most <= places);
        // Graham's bound on any schedule that leaves no place empty without need.
        let most = work / places as u64 + longest;
        prop_assert!(played.took <= secs(most + 1), "{:?} > {most}", played.took);
    }

    #[test]
    fn what_fails_takes_exactly_its_dependents_with_it(graph in graph(), places in prop::option::of(1..6_usize)) {
        let played = play(&graph, places);
        for (i, (_, needs, fails)) in graph.iter().enumerate() {
            let outcome = &played.report.outcomes[i];
            let spoilt = needs.iter().any(|need| !matches!(played.report.outcomes[*need], Outcome::Done));
            match outcome {
                Outcome::Done => prop_assert!(!spoilt && !fails),
                Outcome::Failed(_) => prop_assert!(!spoilt && *fails),
                Outcome::Skipped(because) => {
                    prop_assert!(spoilt);
                    prop_assert!(graph[because.0].2, "the reason is the step that failed");
                }
                Outcome::NotStarted => prop_assert!(false, "step {i} was never begun"),
            }
        }
    }

    #[test]
    fn the_same_plan_is_carried_out_in_the_same_order(graph in graph(), places in prop::option::of(1..6_usize)) {
        prop_assert_eq!(play(&graph, places).log, play(&graph, places).log);
    }
}
