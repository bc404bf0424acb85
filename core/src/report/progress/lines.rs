//! The lines that tell what happened to one step.

use std::time::Duration;

use super::STILL;
use super::track::{Standing, Track};
use crate::engine::event::Event;
use crate::engine::plan::StepId;
use crate::error::ErrorKind;
use crate::report::style::{ALARM, FAINT, STRONG, WARN, clean, duration, paint};
use crate::report::words::symbol;

/// The line about an event. Beginnings and words on the way are told only where `detailed` asks for them: on a
/// terminal they stand below, redrawn.
pub(super) fn of(track: &Track<'_>, event: &Event, detailed: bool) -> Option<String> {
    Some(match event {
        Event::Started(step) if detailed => format!("{}: {}…", subject(track, *step), track.words(*step).0),
        Event::Done { step, id, took } => {
            // A log keeps the whole of an ARN; on a terminal it would only fill the line.
            let short = |id| if detailed { id } else { resource(id) };
            let id = id.as_deref().map(|id| format!(" {}", clean(short(id)))).unwrap_or_default();
            let took = paint(FAINT, format!("({})", duration(*took)));
            format!("{}: {}{id} {took}", subject(track, *step), track.words(*step).1)
        }
        Event::Unneeded(step) if detailed => format!("{}: nothing left to do", subject(track, *step)),
        Event::Started(_) | Event::Progress(..) | Event::Unneeded(_) => return None,
        Event::Failed { step, error, took } => {
            let took = paint(FAINT, format!("({})", duration(*took)));
            let doing = track.words(*step).0;
            if error.kind == ErrorKind::Cancelled {
                return Some(format!("{}: {} while {doing} {took}", subject(track, *step), paint(WARN, "cut off")));
            }
            format!("{}: {} {doing}: {} {took}", subject(track, *step), paint(ALARM, "failed"), clean(&error.message))
        }
        // Of a change whose beginning is skipped the rest need not be told.
        Event::Skipped { step, .. } if track.skipped_before(*step) => return None,
        Event::Skipped { step, because } => {
            let (own, other) = (track.address(*step), track.address(*because));
            let not = paint(WARN, "not begun");
            if own == other {
                let (doing, failed) = (track.words(*step).0, track.words(*because).0);
                format!("{}: {not}: {doing}, because {failed} failed", subject(track, *step))
            } else {
                format!("{}: {not}, because {other} failed", subject(track, *step))
            }
        }
        Event::Stopping => {
            let words = "Stopping: nothing new is begun, what runs may finish.";
            paint(WARN, words)
        }
    })
}

/// The lines about steps that have been running for another while.
pub(super) fn still(track: &mut Track<'_>, now: Duration) -> Vec<String> {
    let mut due = Vec::new();
    for (i, standing) in track.steps.iter_mut().enumerate() {
        if let Standing::Running { since, told, words } = standing
            && now.saturating_sub(*told) >= STILL
        {
            *told = now;
            due.push((StepId(i), now.saturating_sub(*since), words.clone()));
        }
    }
    due.into_iter()
        .map(|(id, running, said)| {
            let said = if said.is_empty() { String::new() } else { format!(": {}", clean(&said)) };
            let time = paint(FAINT, format!("({})", duration(running)));
            format!("{}: still {} {time}{said}", subject(track, id), track.words(id).0)
        })
        .collect()
}

/// The last part of an ARN, which names the resource; anything else as it is.
fn resource(id: &str) -> &str {
    if id.starts_with("arn:") { id.splitn(6, ':').last().unwrap_or(id) } else { id }
}

/// The symbol of what happens to a thing, and its address.
fn subject(track: &Track<'_>, id: StepId) -> String {
    let address = clean(&track.address(id)).into_owned();
    let Some((_, change)) = track.step(id) else { return address };
    let (mark, style) = symbol(&change.action);
    format!("{} {}", paint(style, mark), paint(STRONG, address))
}
