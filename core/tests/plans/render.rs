//! A plan, or its problems, as plain text.

use std::fmt::Write;

use clefctl_core::engine::plan::{Action, Change, Plan, Reason, StepId, Verb};
use clefctl_core::error::{Problem, Sources};

/// What will happen, then in which order, then outputs and warnings.
pub(crate) fn plan(plan: &Plan, sources: &Sources) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        one(&mut out, change);
    }
    let _ = writeln!(out, "{} unchanged", plan.unchanged);
    if !plan.steps.is_empty() {
        out.push_str("\nsteps\n");
    }
    for (i, _) in plan.steps.iter().enumerate() {
        let needs: Vec<String> = plan.steps[i].needs.iter().map(|need| step(plan, *need)).collect();
        let after = if needs.is_empty() { String::new() } else { format!("  after {}", needs.join(", ")) };
        let _ = writeln!(out, "  {}{after}", step(plan, StepId(i)));
    }
    if !plan.outputs.is_empty() {
        out.push_str("\noutputs\n");
    }
    for output in &plan.outputs {
        let _ = writeln!(out, "  {} = {}", output.name, output.value);
    }
    if !plan.warnings.is_empty() {
        out.push('\n');
        out.push_str(&problems(&plan.warnings, sources));
    }
    out
}

/// Problems, one paragraph each.
pub(crate) fn problems(problems: &[Problem], sources: &Sources) -> String {
    let mut out = String::new();
    for problem in problems {
        let level = if problem.is_error() { "error" } else { "warning" };
        let place = problem
            .span
            .and_then(|span| sources.locate(span))
            .map_or(String::new(), |(_, line, column)| format!(" at {line}:{column}"));
        let address = problem.address.as_ref().map_or(String::new(), |address| format!(" {address}"));
        let _ = writeln!(out, "{level}{place}{address}: {}", problem.message);
        for hint in &problem.hints {
            let _ = writeln!(out, "  - {hint}");
        }
    }
    out
}

fn one(out: &mut String, change: &Change) {
    let action = match &change.action {
        Action::Create => "create".to_owned(),
        Action::Update => "update".to_owned(),
        Action::Replace { create_first: true } => "replace (new one first)".to_owned(),
        Action::Replace { create_first: false } => "replace (old one first)".to_owned(),
        Action::Delete => "delete".to_owned(),
        Action::Adopt => "adopt".to_owned(),
        Action::Move { from } => format!("move from {from}"),
        Action::Release => "release".to_owned(),
        Action::Await => "await".to_owned(),
    };
    let id = change.id.as_ref().map_or(String::new(), |id| format!(" {id}"));
    let generation = if change.generation == 1 { String::new() } else { format!(" generation {}", change.generation) };
    let _ = writeln!(out, "{action} {} ({}{id}){generation}: {}", change.address, change.kind, reason(&change.reason));
    for attribute in &change.attributes {
        let forces = if attribute.forces { " !" } else { "" };
        let note = attribute.note.as_ref().map_or(String::new(), |note| format!("  ({note})"));
        let _ = match change.action {
            Action::Create => writeln!(out, "    {}: {}{note}", attribute.name, attribute.after),
            _ => writeln!(out, "    {}{forces}: {} -> {}{note}", attribute.name, attribute.before, attribute.after),
        };
    }
    if let Some(loss) = &change.loss {
        let _ = writeln!(out, "    loses {loss}");
    }
    for note in &change.notes {
        let _ = writeln!(out, "    note: {note}");
    }
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::New => "new".to_owned(),
        Reason::Differs => "differs".to_owned(),
        Reason::LookupMoved(names) => format!("{} moved", names.join(", ")),
        Reason::CreateOnly(names) => format!("create only: {}", names.join(", ")),
        Reason::Demanded { attribute, why } => format!("{attribute}: {why}"),
        Reason::Triggered => "triggered".to_owned(),
        Reason::Requested => "requested".to_owned(),
        Reason::Failed(why) => format!("failed: {why}"),
        Reason::Unfinished => "unfinished".to_owned(),
        Reason::Superseded => "superseded".to_owned(),
        Reason::NotInStack => "not in the stack".to_owned(),
        Reason::Destroy => "destroy".to_owned(),
        Reason::Unmarked => "unmarked".to_owned(),
        Reason::InProgress(word) => format!("in progress: {word}"),
        Reason::Renamed => "renamed".to_owned(),
    }
}

fn step(plan: &Plan, id: StepId) -> String {
    let step = &plan.steps[id.0];
    let change = &plan.changes[step.change];
    let verb = match step.verb {
        Verb::Create => "create",
        Verb::Settle => "settle",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Retag => "retag",
        Verb::Wait => "wait",
        Verb::Unsettle => "unsettle",
    };
    let old = match (&change.action, step.verb, &change.id) {
        (Action::Replace { .. }, Verb::Delete | Verb::Unsettle, Some(id)) | (Action::Delete, _, Some(id)) => {
            format!(" ({id})")
        }
        _ => String::new(),
    };
    format!("{verb} {}{old}", change.address)
}
