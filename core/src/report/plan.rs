//! The plan as people read it.

use std::fmt::Write;

use super::problem;
use super::style::{ADD, ALARM, CHANGE, FAINT, GOOD, Layout, REMOVE, STRONG, WARN, clean, columns, cut, paint, wrap};
use super::value::{Head, Line, MARGIN, Sign, block, entries, essential, is_default, name_width};
use super::value_diff;
use super::words::{because, fate, shell, summary, symbol};
use crate::engine::plan::{Action, AttributeChange, Change, Plan, Reason};
use crate::error::Sources;
use crate::kind::{Attribute, Facts, Map, Place, Value};

/// What a report of a plan needs besides the plan.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What is known of a kind: types and defaults.
    pub facts: &'a dyn Fn(&str) -> Option<&'static Facts>,
    /// The files of the stack, for the places of warnings.
    pub sources: &'a Sources,
}

impl View<'_> {
    pub(super) fn facts(self, change: &Change) -> Option<&'static Facts> {
        (self.facts)(change.kind)
    }
}

/// The whole plan, with colours: a header, one block per change, outputs, what is lost, warnings, the sum.
#[must_use]
pub fn text(plan: &Plan, view: View<'_>, layout: Layout) -> String {
    let mut out = header(plan, layout);
    for change in &plan.changes {
        out.push('\n');
        out.push_str(&heading(plan, change, view.facts(change), layout));
        for line in lines(change, view.facts(change), layout) {
            out.push_str(&terminal_line(&line));
        }
        for remark in remarks(change) {
            out.push_str(&wrap(&" ".repeat(MARGIN + 2), &remark, layout));
        }
    }
    if !plan.is_empty() {
        out.push_str(&outputs(plan, layout));
        out.push_str(&losses(plan, layout));
    }
    if !plan.warnings.is_empty() {
        out.push('\n');
        out.push_str(&problem::text(&plan.warnings, view.sources, layout));
    }
    out.push('\n');
    // The last line is what pipelines look for: it stays one line there.
    let sum = sum(plan);
    if layout.terminal {
        out.push_str(&wrap("", &sum, layout));
    } else {
        let _ = writeln!(out, "{sum}");
    }
    out
}

fn header(plan: &Plan, layout: Layout) -> String {
    let what = if plan.destroy { "Destruction" } else { "Plan" };
    let place = format!("account {}, {}", plan.account, plan.region);
    wrap("", &format!("{what} of {} in {place}", paint(STRONG, &plan.owner)), layout)
}

/// The last words: what the plan amounts to.
fn sum(plan: &Plan) -> String {
    if !plan.is_empty() {
        return paint(STRONG, summary(plan));
    }
    let words = match (plan.destroy, plan.unchanged) {
        (true, _) => "Nothing of this stack lives here.".to_owned(),
        (false, 0) => "The stack has no resources, and none of it lives here.".to_owned(),
        (false, 1) => "The one resource of the stack is as the stack says.".to_owned(),
        (false, n) => format!("All {n} resources are as the stack says."),
    };
    format!("{} {words}", paint(GOOD, "No changes."))
}

/// The first line of a change: symbol, address, kind and id, what happens and why.
fn heading(plan: &Plan, change: &Change, facts: Option<&Facts>, layout: Layout) -> String {
    let (mark, style) = symbol(&change.action);
    let first = format!("{}{} ", " ".repeat(3usize.saturating_sub(columns(mark))), paint(style, mark));
    let address = clean(&change.address.to_string()).into_owned();
    wrap(&first, &format!("{} {}", paint(STRONG, address), sentence(plan, change, facts)), layout)
}

/// What happens to the thing and why, without its address.
pub(super) fn sentence(plan: &Plan, change: &Change, facts: Option<&Facts>) -> String {
    let mut thing = change.kind.to_owned();
    if let Some(id) = &change.id {
        thing = format!("{thing} {}", clean(id));
    }
    let global = facts.is_some_and(|f| f.place == Place::Global);
    if !global && change.region != plan.region {
        thing = format!("{thing} in {}", change.region);
    }
    let why = because(change);
    match (&change.action, &change.reason) {
        (Action::Create, Reason::New) | (Action::Move { .. }, Reason::Renamed) | (_, Reason::Destroy) => {
            format!("({thing}) {}", fate(&change.action))
        }
        (_, Reason::LookupMoved(_)) => format!("({thing}) {}, {why}", fate(&change.action)),
        (Action::Update, Reason::Differs) => format!("({thing}) {}: {why}", fate(&change.action)),
        (_, Reason::Demanded { .. }) => format!("({thing}) {}, because of {why}", fate(&change.action)),
        _ => format!("({thing}) {}, because {why}", fate(&change.action)),
    }
}

/// The lines about a change's attributes.
pub(super) fn lines(change: &Change, facts: Option<&Facts>, layout: Layout) -> Vec<Line> {
    if change.action == Action::Create {
        return created(change, facts, layout);
    }
    let differing: Vec<_> = change.attributes.iter().filter(|a| a.before != a.after || a.forces).collect();
    let width = name_width(differing.iter().map(|a| a.name.as_str()), layout);
    let mut out: Vec<Line> = differing.iter().flat_map(|a| differs(a, facts, width, layout)).collect();
    let hidden = change.attributes.len() - differing.len();
    if hidden > 0 {
        let text = paint(FAINT, format!("({} unchanged)", super::style::count(hidden, "attribute")));
        out.push(Line { sign: Sign::Same, signed: false, depth: 0, text });
    }
    out
}

/// All that is said of a new thing; what only repeats defaults stands on one faint line at the end.
fn created(change: &Change, facts: Option<&Facts>, layout: Layout) -> Vec<Line> {
    let all: Map = change.attributes.iter().map(|a| (a.name.clone(), a.after.clone())).collect();
    let repeats =
        |a: &AttributeChange| attribute(facts, &a.name).is_some_and(|known| is_default(known, &a.after, &all));
    let written = || change.attributes.iter().filter(|a| !a.after.is_null());
    let (defaults, said): (Vec<_>, Vec<_>) = written().partition(|a| repeats(a));
    let width = name_width(said.iter().map(|a| a.name.as_str()), layout);
    let mut out = Vec::new();
    for a in said {
        let ty = attribute(facts, &a.name).map(|known| known.ty);
        let value = shown(&essential(&a.after, ty), a.sensitive);
        let mut block = block(Head::Named(&a.name, width), &value, Sign::Add, false, 0, layout);
        if let Some(first) = block.first_mut() {
            first.text.push_str(&remark(a));
        }
        out.extend(block);
    }
    if !defaults.is_empty() {
        let values: Map = defaults.iter().map(|a| (a.name.clone(), shown(&a.after, a.sensitive))).collect();
        let room = Layout { width: super::value::room(layout, 0), ..layout };
        for text in wrap("", &format!("defaults: {}", entries(values.iter())), room).lines() {
            out.push(Line { sign: Sign::Add, signed: false, depth: 0, text: paint(FAINT, text) });
        }
    }
    out
}

fn attribute(facts: Option<&Facts>, name: &str) -> Option<&'static Attribute> {
    facts?.declared.attribute(name)
}

fn differs(a: &AttributeChange, facts: Option<&Facts>, width: usize, layout: Layout) -> Vec<Line> {
    let (before, after) = (shown(&a.before, a.sensitive), shown(&a.after, a.sensitive));
    let ty = attribute(facts, &a.name).map(|attribute| attribute.ty);
    value_diff::diff(&a.name, width, (&before, &after), ty, layout, &remark(a))
}

/// The value with a mark where it must not be shown; that there is none may be.
fn shown(value: &Value, sensitive: bool) -> Value {
    if sensitive && !value.is_null() { value.clone().sensitive() } else { value.clone() }
}

/// What stands behind an attribute, as a comment.
fn remark(a: &AttributeChange) -> String {
    let mut out = String::new();
    if a.forces {
        let _ = write!(out, "  {}", paint(ALARM, "# forces replacement"));
    }
    if let Value::Unknown(unknown) = &a.after {
        let from: Vec<&str> = unknown.waits_for.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
        if !from.is_empty() && from.len() <= 2 {
            let _ = write!(out, "  {}", paint(FAINT, format!("# from {}", clean(&super::words::and(&from)))));
        }
    }
    if let Some(note) = &a.note {
        let _ = write!(out, "  {}", paint(FAINT, format!("# {}", clean(note))));
    }
    out
}

/// What stands below a change's attributes: what is lost, and notes.
fn remarks(change: &Change) -> Vec<String> {
    let loss = change.loss.iter().map(|loss| format!("{} {}", paint(ALARM, "data loss:"), clean(loss)));
    let notes = change.notes.iter().map(|note| format!("{} {}", paint(FAINT, "note:"), clean(note)));
    loss.chain(notes).collect()
}

fn terminal_line(line: &Line) -> String {
    let sign = match line.sign {
        _ if !line.signed => " ".to_owned(),
        Sign::Same => " ".to_owned(),
        Sign::Add => paint(ADD, "+"),
        Sign::Remove => paint(REMOVE, "-"),
        Sign::Change => paint(CHANGE, "~"),
    };
    let text = format!("{}{}{sign} {}", " ".repeat(MARGIN), "  ".repeat(line.depth), line.text);
    format!("{}\n", text.trim_end())
}

/// The outputs that change. Those of a stack that does not live yet are no changes, but what there will be.
fn outputs(plan: &Plan, layout: Layout) -> String {
    let changing: Vec<_> = plan.outputs.iter().filter(|output| output.changes()).collect();
    if changing.is_empty() || plan.destroy {
        return String::new();
    }
    let mut out = format!("\n{}\n", paint(STRONG, "Outputs"));
    let width = name_width(changing.iter().map(|o| o.name.as_str()), layout);
    let fresh = plan.outputs.iter().all(|output| output.before.is_none());
    let mut lines = Vec::new();
    for output in &changing {
        let after = shown(&output.value, output.sensitive);
        lines.extend(if fresh {
            block(Head::Named(&output.name, width), &after, Sign::Same, false, 0, layout)
        } else {
            let before = shown(output.before.as_ref().unwrap_or(&Value::Null), output.sensitive);
            value_diff::diff(&output.name, width, (&before, &after), None, layout, "")
        });
    }
    let hidden = plan.outputs.len() - changing.len();
    if hidden > 0 {
        let text = paint(FAINT, format!("({} unchanged)", super::style::count(hidden, "output")));
        lines.push(Line { sign: Sign::Same, signed: false, depth: 0, text });
    }
    for line in &lines {
        out.push_str(terminal_line(line).get(2..).unwrap_or_default());
    }
    out
}

/// What would be lost for good, once more and all together, with the words that allow it.
fn losses(plan: &Plan, layout: Layout) -> String {
    let losses = plan.losses();
    if losses.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", paint(ALARM, "Data that would be lost for good"));
    for (address, loss) in &losses {
        let first = format!("  {} ", paint(ALARM, "!"));
        out.push_str(&wrap(&first, &format!("{}: {}", paint(STRONG, clean(address)), clean(loss)), layout));
    }
    let allow: Vec<String> = losses.keys().map(|a| format!("--allow-data-loss {}", shell(a))).collect();
    let _ = writeln!(out, "  {} {}", paint(WARN, "to allow it:"), cut(&allow.join(" "), 4000));
    out
}
