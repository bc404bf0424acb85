//! The machine form: a plan as one JSON document, what happens as JSON lines.
//!
//! Both carry `format` and `version`. Within a major version fields are only ever added; readers skip what they do
//! not know. What is not known yet is `{"$clefctl": "unknown", …}`, what must not be shown `{"$clefctl": "sensitive"}`.

use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::style::Layout;
use super::terminal::Stream;
use super::words::{action_code, because, reason_attributes, reason_code, verb_code};
use crate::engine::event::{Event, Outcome, Report};
use crate::engine::plan::{Action, AttributeChange, Change, Plan, Reason, StepId};
use crate::error::{Error, ErrorKind, Problem, Result, Severity, Sources, Span};
use crate::kind::Value;

/// Version of the plan document and of the event lines.
pub const VERSION: &str = "1.0";

/// The plan as one document.
#[must_use]
pub fn plan(plan: &Plan, sources: &Sources) -> Json {
    let sum = plan.summary();
    json!({
        "format": "clefctl.plan",
        "version": VERSION,
        "owner": plan.owner.to_string(),
        "stack": &*plan.owner.stack,
        "environment": &*plan.owner.env,
        "account": plan.account,
        "region": plan.region,
        "destroy": plan.destroy,
        "summary": {
            "create": sum.create, "update": sum.update, "replace": sum.replace, "delete": sum.delete,
            "other": sum.other, "unchanged": plan.unchanged,
        },
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "steps": plan.steps.iter().enumerate().map(|(i, step)| json!({
            "step": i,
            "change": step.change,
            "verb": verb_code(step.verb),
            "needs": step.needs.iter().map(|id| id.0).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "outputs": plan.outputs.iter().map(|output| json!({
            "name": output.name,
            "before": output.before.as_ref().map(|value| marked(value, output.sensitive)),
            "value": marked(&output.value, output.sensitive),
            "sensitive": output.sensitive,
            "description": output.description,
        })).collect::<Vec<_>>(),
        "warnings": plan.warnings.iter().map(|p| problem(p, sources)).collect::<Vec<_>>(),
    })
}

fn change(change: &Change) -> Json {
    let mut out = json!({
        "address": change.address.to_string(),
        "name": &*change.address.name,
        "key": change.address.key.as_deref(),
        "kind": change.kind,
        "region": change.region,
        "action": action_code(&change.action),
        "reason": {
            "code": reason_code(&change.reason),
            "words": because(change),
            "attributes": reason_attributes(&change.reason),
        },
        "id": change.id,
        "generation": change.generation,
        "attributes": change.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "data_loss": change.loss,
        "notes": change.notes,
    });
    match &change.action {
        Action::Replace { create_first } => out["create_first"] = Json::from(*create_first),
        Action::Move { from } => out["from"] = Json::from(from.to_string()),
        _ => {}
    }
    if let Reason::LookupMoved(lookups) = &change.reason {
        out["reason"]["lookups"] = Json::from(lookups.clone());
    }
    out
}

fn attribute(a: &AttributeChange) -> Json {
    json!({
        "name": a.name,
        "before": marked(&veiled(&a.before, &a.after), a.sensitive),
        "after": marked(&a.after, a.sensitive),
        "forces_replacement": a.forces,
        "sensitive": a.sensitive,
        "note": a.note,
    })
}

/// A value with marks in the places of what is unknown or must not be shown.
#[must_use]
pub fn value(value: &Value) -> Json {
    match value {
        Value::Unknown(unknown) => json!({
            "$clefctl": "unknown",
            "type": unknown.shape.to_string(),
            "waits_for": unknown.waits_for,
        }),
        Value::Sensitive(_) => json!({"$clefctl": "sensitive"}),
        Value::List(items) => items.iter().map(self::value).collect(),
        Value::Map(map) => {
            let entries: JsonMap<String, Json> = map.iter().map(|(k, v)| (k.clone(), self::value(v))).collect();
            // Somebody's own entry of that name must not be taken for a mark.
            if map.contains_key("$clefctl") { json!({"$clefctl": "map", "entries": entries}) } else { entries.into() }
        }
        plain => plain.to_json().unwrap_or_default(),
    }
}

fn marked(v: &Value, sensitive: bool) -> Json {
    if sensitive && !v.is_null() { value(&v.clone().sensitive()) } else { value(v) }
}

/// What was there before, with marks where what comes in its place must not be shown.
fn veiled(before: &Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Null, _) => Value::Null,
        (Value::Map(old), Value::Map(new)) => Value::map(
            old.iter().map(|(k, v)| (k.clone(), new.get(k).map_or_else(|| v.clone(), |after| veiled(v, after)))),
        ),
        _ if after.has_sensitive() => before.clone().sensitive(),
        _ => before.clone(),
    }
}

/// A problem with its places.
#[must_use]
pub fn problem(problem: &Problem, sources: &Sources) -> Json {
    json!({
        "severity": match problem.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": problem.message,
        "address": problem.address,
        "attribute": (!problem.attribute.is_empty()).then_some(&problem.attribute),
        "place": problem.span.and_then(|span| place(span, sources)),
        "label": (!problem.label.is_empty()).then_some(&problem.label),
        "related": problem.related.iter().map(|(span, words)| json!({
            "place": place(*span, sources),
            "words": words,
        })).collect::<Vec<_>>(),
        "hints": problem.hints,
    })
}

fn place(span: Span, sources: &Sources) -> Option<Json> {
    let (file, line, column) = sources.locate(span)?;
    Some(json!({"file": file, "line": line, "column": column}))
}

/// An error with its call, its hints and the problems of the stack.
#[must_use]
pub fn error(error: &Error, sources: &Sources) -> Json {
    json!({
        "kind": kind_code(error.kind),
        "message": error.message,
        "address": error.address,
        "call": error.call.as_ref().map(|call| json!({
            "action": call.action, "code": call.code, "request_id": call.request_id,
        })),
        "hints": error.hints,
        "problems": error.problems.iter().map(|p| problem(p, sources)).collect::<Vec<_>>(),
    })
}

fn kind_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "usage",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Aws => "aws",
        ErrorKind::Denied => "denied",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Ambiguous => "ambiguous",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Blocked => "blocked",
        ErrorKind::Failed => "failed",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Stale => "stale",
        ErrorKind::Locked => "locked",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Absent => "absent",
        ErrorKind::Internal => "internal",
    }
}

/// What happens in a run, as JSON lines beside the human output (`--json-into FILE`).
pub struct Lines {
    stream: Stream,
    clock: Box<dyn Fn() -> f64 + Send>,
}

impl Lines {
    /// Begins with a line that names format and version. `clock` gives seconds since 1970.
    pub fn new(writer: impl std::io::Write + Send + 'static, clock: impl Fn() -> f64 + Send + 'static) -> Self {
        let mut lines = Self { stream: Stream::new(writer, false, Layout::pipe()), clock: Box::new(clock) };
        let clefctl = env!("CARGO_PKG_VERSION");
        lines.write("version", json!({"format": "clefctl.events", "version": VERSION, "clefctl": clefctl}));
        lines
    }

    /// The plan.
    pub fn plan(&mut self, plan: &Plan, sources: &Sources) {
        self.write("plan", json!({"plan": self::plan(plan, sources)}));
    }

    /// What happened to a step.
    pub fn event(&mut self, plan: &Plan, event: &Event) {
        let (name, step, more) = match event {
            Event::Started(step) => ("step_started", Some(*step), json!({})),
            Event::Progress(step, words) => ("step_progress", Some(*step), json!({"words": words})),
            Event::Done { step, id, took } => ("step_done", Some(*step), json!({"id": id, "seconds": seconds(*took)})),
            Event::Unneeded(step) => ("step_unneeded", Some(*step), json!({})),
            Event::Failed { step, error, took } => {
                let error = self::error(error, &Sources::default());
                ("step_failed", Some(*step), json!({"error": error, "seconds": seconds(*took)}))
            }
            Event::Skipped { step, because } => ("step_skipped", Some(*step), json!({"because": because.0})),
            Event::Stopping => ("stopping", None, json!({})),
        };
        let mut fields = step.map_or_else(|| json!({}), |step| step_fields(plan, step));
        merge(&mut fields, more);
        self.write(name, fields);
    }

    /// Problems of the stack, errors and warnings.
    pub fn problems(&mut self, problems: &[Problem], sources: &Sources) {
        for p in problems {
            self.write("problem", json!({"problem": problem(p, sources)}));
        }
    }

    /// Why the run ended.
    pub fn error(&mut self, error: &Error, sources: &Sources) {
        self.write("error", json!({"error": self::error(error, sources)}));
    }

    /// What became of an apply.
    pub fn summary(&mut self, report: &Report, sources: &Sources) {
        let of = |test: fn(&Outcome) -> bool| report.outcomes.iter().filter(|o| test(o)).count();
        let fields = json!({
            "succeeded": report.succeeded(),
            "stopped": report.stopped,
            "lost": report.lost.as_deref().map(|e| error(e, sources)),
            "things": report.things,
            "outputs": super::things::outputs_json(&report.outputs)["outputs"],
            "steps": {
                "done": of(|o| matches!(o, Outcome::Done)),
                "failed": of(|o| matches!(o, Outcome::Failed(_))),
                "skipped": of(|o| matches!(o, Outcome::Skipped(_))),
                "not_started": of(|o| matches!(o, Outcome::NotStarted)),
            },
        });
        self.write("summary", fields);
    }

    /// Tells whether all could be written.
    pub fn finish(&mut self) -> Result<()> {
        self.stream.finish()
    }

    fn write(&mut self, kind: &str, fields: Json) {
        let mut line = json!({"type": kind, "at": (self.clock)()});
        merge(&mut line, fields);
        self.stream.line(&line.to_string());
    }
}

fn step_fields(plan: &Plan, step: StepId) -> Json {
    let found = plan.steps.get(step.0).and_then(|s| Some((s, plan.changes.get(s.change)?)));
    let Some((s, change)) = found else { return json!({"step": step.0}) };
    json!({
        "step": step.0,
        "verb": verb_code(s.verb),
        "address": change.address.to_string(),
        "kind": change.kind,
    })
}

fn merge(into: &mut Json, more: Json) {
    if let (Json::Object(into), Json::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// Seconds with three digits.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
