//! The machine forms. A change of these snapshots that removes or renames a field needs a new major version.

use std::time::Duration;

use super::{Sheet, sample};
use crate::engine::event::{Event, Outcome, Report};
use crate::engine::plan::StepId;
use crate::error::{Error, ErrorKind};
use crate::kind::Value;
use crate::report::json;

#[test]
fn the_plan_document_is_stable() {
    let (plan, sources) = sample::plan();
    let document = serde_json::to_string_pretty(&json::plan(&plan, &sources)).unwrap();
    for secret in ["hunter2", "old-secret", "new-secret"] {
        assert!(!document.contains(secret), "{secret} is in the document");
    }
    insta::assert_snapshot!(document);
}

#[test]
fn marks_cannot_be_forged() {
    let own = Value::map([("$clefctl", Value::from("sensitive"))]);
    assert_eq!(json::value(&own), serde_json::json!({"$clefctl": "map", "entries": {"$clefctl": "sensitive"}}));
}

#[test]
fn what_happens_is_one_json_line_each() {
    let (plan, sources) = sample::plan();
    let sheet = Sheet::default();
    let mut lines = json::Lines::new(sheet.clone(), || 1000.5);
    let error = Error::new(ErrorKind::Failed, "it failed").call("ec2:RunInstances", Some("Nope".into()), None);
    let took = Duration::from_millis(1500);
    for event in [
        Event::Started(StepId(14)),
        Event::Progress(StepId(14), "pending".into()),
        Event::Done { step: StepId(14), id: Some("vpc-1".into()), took },
        Event::Failed { step: StepId(2), error: Box::new(error.clone()), took },
        Event::Skipped { step: StepId(3), because: StepId(2) },
        Event::Unneeded(StepId(0)),
        Event::Stopping,
    ] {
        lines.event(&plan, &event);
    }
    lines.problems(&plan.warnings, &sources);
    lines.error(&error, &sources);
    let outcomes = vec![Outcome::Done, Outcome::Failed(Box::new(error)), Outcome::NotStarted];
    lines.summary(&Report { outcomes, stopped: true, ..Report::default() }, &sources);
    lines.finish().unwrap();
    insta::assert_snapshot!(sheet.text().replace(env!("CARGO_PKG_VERSION"), "x.y.z"));
}
