//! The words at the end of an apply: what was done, what failed, what was not begun, and how to go on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::track::Track;
use crate::engine::event::{Outcome, Report};
use crate::engine::plan::{Action, StepId};
use crate::error::{Error, ErrorKind, Sources, Span};
use crate::report::style::{ALARM, GOOD, Layout, STRONG, WARN, clean, count, duration, paint, wrap};
use crate::report::{error, problem};

/// Most names in one list; the rest is counted.
const MOST: usize = 12;

pub(super) fn text(
    track: &Track<'_>,
    report: &Report,
    place: &dyn Fn(&str) -> Option<Span>,
    sources: &Sources,
    layout: Layout,
    took: Duration,
) -> String {
    let mut out = String::from("\n");
    let (mut failed, mut unfinished) = (Vec::new(), Vec::new());
    for (id, error) in failures(report) {
        if error.kind == ErrorKind::Cancelled { unfinished.push((id, error)) } else { failed.push((id, error)) }
    }
    for (id, error) in &failed {
        let address = track.address(*id);
        let named = Error { address: error.address.clone().or_else(|| Some(address.clone())), ..(*error).clone() };
        out.push_str(&error::text(&named, place(&address), sources, layout));
        out.push('\n');
    }
    section(
        &mut out,
        "Cut off while at work; AWS may still be carrying it out:",
        unfinished.iter().map(|(id, _)| {
            let thing = track.id(*id).map(|id| format!(" ({})", clean(id))).unwrap_or_default();
            format!("{}{thing}: {}", clean(&track.address(*id)), track.words(*id).0)
        }),
        layout,
    );
    section(&mut out, "Not begun, because of what failed:", skipped(track, report), layout);
    section(&mut out, "Not begun:", not_started(track, report), layout);
    if let Some(lost) = &report.lost {
        out.push_str(&error::text(lost, None, sources, layout));
        out.push('\n');
    }
    if !report.problems.is_empty() {
        out.push_str(&problem::text(&report.problems, sources, layout));
        out.push('\n');
    }
    let took = duration(took);
    if report.succeeded() && report.lost.is_none() {
        let line = format!("{} {}", paint(GOOD, format!("Done in {took}:")), done(track, report));
        out.push_str(&wrap("", &line, layout));
        return out;
    }
    let what = match (failed.len(), report.stopped) {
        (0, true) => paint(WARN, format!("Stopped after {took}")),
        (0, false) => paint(ALARM, format!("Not finished after {took}")),
        (n, _) => paint(ALARM, format!("{} failed, after {took}", count(n, "step"))),
    };
    out.push_str(&wrap("", &format!("{what}. Done: {}", done(track, report)), layout));
    let again = "Nothing is lost: whatever was made carries the stack's mark. Run the same command again; it goes on from \
                 what lives.";
    out.push_str(&wrap("", again, layout));
    out
}

fn failures(report: &Report) -> Vec<(StepId, &Error)> {
    let mut out = Vec::new();
    for (i, outcome) in report.outcomes.iter().enumerate() {
        if let Outcome::Failed(error) = outcome {
            out.push((StepId(i), &**error));
        }
    }
    out
}

/// One line per failed step that others needed.
fn skipped(track: &Track<'_>, report: &Report) -> Vec<String> {
    let mut by: BTreeMap<StepId, Vec<String>> = BTreeMap::new();
    for (i, outcome) in report.outcomes.iter().enumerate() {
        if let Outcome::Skipped(because) = outcome
            && !track.skipped_before(StepId(i))
        {
            let addresses = by.entry(*because).or_default();
            let name = name(track, StepId(i));
            if !addresses.contains(&name) {
                addresses.push(name);
            }
        }
    }
    let line =
        |(because, names): (_, Vec<String>)| format!("{}: because {} failed", several(&names), track.address(because));
    by.into_iter().map(line).collect()
}

/// The address of a step, with what it does where that is half of a replacement.
fn name(track: &Track<'_>, id: StepId) -> String {
    match track.step(id) {
        Some((_, change)) if matches!(change.action, Action::Replace { .. }) => {
            format!("{} ({})", change.address, track.words(id).0)
        }
        _ => track.address(id),
    }
}

fn not_started(track: &Track<'_>, report: &Report) -> Vec<String> {
    let mut names = Vec::new();
    for (i, outcome) in report.outcomes.iter().enumerate() {
        if matches!(outcome, Outcome::NotStarted) {
            names.push(name(track, StepId(i)));
        }
    }
    names.dedup();
    if names.is_empty() { Vec::new() } else { vec![several(&names)] }
}

fn several(names: &[String]) -> String {
    let shown = names.get(..MOST.min(names.len())).unwrap_or_default().join(", ");
    let more = names.len().saturating_sub(MOST);
    clean(&if more > 0 { format!("{shown} and {more} more") } else { shown }).into_owned()
}

fn section(out: &mut String, title: &str, lines: impl IntoIterator<Item = String>, layout: Layout) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "{}", paint(STRONG, title));
    for line in lines {
        out.push_str(&wrap("  ", &line, layout));
    }
    out.push('\n');
}

/// `3 created, 1 updated, 1 replaced, 0 deleted.`: the things of which every step is done.
fn done(track: &Track<'_>, report: &Report) -> String {
    let mut whole = vec![true; track.plan.changes.len()];
    for (step, outcome) in track.plan.steps.iter().zip(&report.outcomes) {
        if let Some(whole) = whole.get_mut(step.change) {
            *whole &= matches!(outcome, Outcome::Done);
        }
    }
    let of = |test: fn(&Action) -> bool| {
        track.plan.changes.iter().zip(&whole).filter(|(change, whole)| **whole && test(&change.action)).count()
    };
    let always = [
        (of(|a| matches!(a, Action::Create)), "created"),
        (of(|a| matches!(a, Action::Update)), "updated"),
        (of(|a| matches!(a, Action::Replace { .. })), "replaced"),
        (of(|a| matches!(a, Action::Delete)), "deleted"),
    ];
    let seldom = [
        (of(|a| matches!(a, Action::Adopt)), "adopted"),
        (of(|a| matches!(a, Action::Move { .. })), "moved"),
        (of(|a| matches!(a, Action::Release)), "released"),
        (of(|a| matches!(a, Action::Await)), "awaited"),
    ];
    let parts = always.into_iter().chain(seldom.into_iter().filter(|(n, _)| *n > 0));
    format!("{}.", parts.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", "))
}
