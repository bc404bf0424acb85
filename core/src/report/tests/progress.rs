//! The progress of an apply from recorded events.

use std::time::Duration;

use super::{Sheet, plain, sample};
use crate::engine::event::{Event, Outcome, Report};
use crate::engine::plan::{Plan, Step, StepId, Verb};
use crate::error::{Error, ErrorKind, Sources};
use crate::report::{Layout, Progress, Status, Stream, Ui};

fn ui(sheet: &Sheet, layout: Layout) -> Ui {
    let stream = || Stream::new(sheet.clone(), false, layout);
    Ui { out: stream(), err: stream(), live: false, interactive: false }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn refused() -> Error {
    Error::new(ErrorKind::Denied, "this is not allowed")
        .call("rds:CreateDBInstance", Some("AccessDenied".into()), Some("req-1".into()))
        .hint("let the role do rds:CreateDBInstance")
}

/// A run in which the database fails, and what it was needed for is skipped.
fn failing() -> (Plan, Vec<(u64, Event)>, Report) {
    let (mut plan, _) = sample::plan();
    plan.changes.retain(|c| ["vpc", "db", "role", "web", "public"].contains(&&*c.address.name));
    let step = |change, verb, needs: &[usize]| Step { change, verb, needs: needs.iter().map(|i| StepId(*i)).collect() };
    plan.steps = vec![
        step(3, Verb::Create, &[]),
        step(0, Verb::Create, &[0]),
        step(0, Verb::Delete, &[1]),
        step(2, Verb::Update, &[]),
        step(4, Verb::Create, &[1]),
        step(1, Verb::Retag, &[]),
    ];
    let done = |step, id: &str, s| Event::Done { step: StepId(step), id: Some(id.into()), took: seconds(s) };
    let events = vec![
        (0, Event::Started(StepId(0))),
        (0, Event::Started(StepId(3))),
        (1, done(0, "vpc-0abc", 1)),
        (1, Event::Started(StepId(1))),
        (2, Event::Unneeded(StepId(3))),
        (20, Event::Progress(StepId(1), "creating: backing-up".into())),
        (95, Event::Failed { step: StepId(1), error: Box::new(refused()), took: seconds(94) }),
        (95, Event::Skipped { step: StepId(2), because: StepId(1) }),
        (95, Event::Skipped { step: StepId(4), because: StepId(1) }),
    ];
    let outcomes = vec![
        Outcome::Done,
        Outcome::Failed(Box::new(refused())),
        Outcome::Skipped(StepId(1)),
        Outcome::Done,
        Outcome::Skipped(StepId(1)),
        Outcome::Done,
    ];
    (plan, events, Report { outcomes, stopped: false, ..Report::default() })
}

/// Plays the events with a tick every second.
fn play(plan: &Plan, events: &[(u64, Event)], report: &Report, layout: Layout) -> String {
    let sheet = Sheet::default();
    let mut ui = ui(&sheet, layout);
    let mut progress = Progress::new(plan, &ui);
    let end = events.last().map_or(0, |(at, _)| *at);
    for now in 0..=end {
        for (_, event) in events.iter().filter(|(at, _)| *at == now) {
            progress.handle(&mut ui, event, seconds(now));
        }
        progress.tick(&mut ui, seconds(now));
    }
    let end = progress.finish(&mut ui, report, &|_| None, &Sources::default(), seconds(end));
    format!("{}-----\n{}", sheet.text(), plain(&end))
}

#[test]
fn plain_lines_tell_of_a_failing_run() {
    let (plan, events, report) = failing();
    insta::assert_snapshot!(play(&plan, &events, &report, Layout::pipe()));
}

#[test]
fn a_run_that_was_stopped_tells_what_is_where() {
    let (plan, mut events, mut report) = failing();
    events.truncate(6);
    events.push((21, Event::Stopping));
    let cancelled = Error::new(ErrorKind::Cancelled, "stopped before it was done");
    report.outcomes[1] = Outcome::Failed(Box::new(cancelled));
    (report.outcomes[2], report.outcomes[4]) = (Outcome::NotStarted, Outcome::NotStarted);
    report.stopped = true;
    insta::assert_snapshot!(play(&plan, &events, &report, Layout::terminal(60)));
}

#[test]
fn a_run_without_faults_ends_in_one_line() {
    let (plan, _, mut report) = failing();
    report.outcomes.fill_with(|| Outcome::Done);
    let text = play(&plan, &[], &report, Layout::pipe());
    assert_eq!(text, "-----\n\nDone in 0.0 s: 1 created, 1 updated, 2 replaced, 0 deleted, 1 moved.\n");
}

#[test]
fn the_live_frame_is_bounded_and_fits() {
    use crate::report::progress::{Frame, frame};
    let (mut plan, _) = sample::plan();
    let (step, late) = (plan.steps[14].clone(), plan.steps[5].clone());
    plan.steps.extend((0..40).map(|_| step.clone()));
    plan.steps.extend((0..20).map(|_| Step { needs: vec![StepId(20), StepId(0)], ..late.clone() }));
    let mut state = Frame::new(&plan);
    for i in (0..3).chain(16..56) {
        state.take(&Event::Started(StepId(i)), seconds(i as u64));
    }
    state.take(
        &Event::Progress(StepId(0), "pending\u{1b}[2J\nand a long story about what it waits for".into()),
        seconds(60),
    );
    for width in [40, 100] {
        let lines = frame(&state, seconds(75), Layout::terminal(width));
        for line in &lines {
            let columns = crate::report::style::columns(line);
            assert!(columns < width, "{columns} columns of {width}: {line}");
        }
        insta::assert_snapshot!(format!("frame_{width}"), plain(&lines.join("\n")));
    }
}

#[test]
fn waiting_for_a_lock_is_said_at_first_and_every_30_seconds() {
    let sheet = Sheet::default();
    let mut ui = ui(&sheet, Layout::pipe());
    let mut status = Status::default();
    for now in (0..=60).step_by(5) {
        status.say(&mut ui, "The lock of clefcloud/dev is held by ci@runner", Some(seconds(180 - now)), seconds(now));
    }
    status.finish(&mut ui);
    insta::assert_snapshot!(sheet.text(), @r"
    The lock of clefcloud/dev is held by ci@runner, 3 min 00 s left
    The lock of clefcloud/dev is held by ci@runner, 2 min 30 s left
    The lock of clefcloud/dev is held by ci@runner, 2 min 00 s left
    ");
}

#[test]
fn what_is_redrawn_takes_its_old_lines_with_it() {
    let (plan, events, report) = failing();
    let sheet = Sheet::default();
    let mut ui = Ui { live: true, ..ui(&sheet, Layout::terminal(60)) };
    let mut progress = Progress::new(&plan, &ui);
    for (at, event) in &events {
        progress.handle(&mut ui, event, seconds(*at));
        progress.tick(&mut ui, seconds(*at));
    }
    progress.finish(&mut ui, &report, &|_| None, &Sources::default(), seconds(95));
    insta::assert_snapshot!(terminal(&sheet.text()), @r"
    + vpc: created vpc-0abc (1.0 s)
    -/+ db: failed creating the new one: this is not allowed (1 min 34 s)
    -/+ db: not begun: deleting the old one, because creating the new one failed
    +/- web: not begun, because db failed
    ");
}

/// What a terminal shows that knows line breaks, going up and erasing to its end.
fn terminal(text: &str) -> String {
    let mut lines = vec![String::new()];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\u{1b}[") {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            match &sequence[..=end] {
                "J" => {}
                up => {
                    let n: usize = up.strip_suffix('A').unwrap().parse().unwrap();
                    lines.truncate(lines.len() - 1 - n);
                    lines.push(String::new());
                }
            }
            rest = &sequence[end + 1..];
            continue;
        }
        match c {
            '\n' => lines.push(String::new()),
            '\r' => {}
            c => lines.last_mut().unwrap().push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    lines.join("\n")
}
