//! The words for actions and reasons: sentences for people, codes for machines.

use anstyle::Style;

use super::style::{ADD, CHANGE, KEEP, REMOVE, REPLACE};
use crate::engine::plan::{Action, Change, Plan, Reason, Verb};

/// The symbol of an action and its colour.
pub(super) fn symbol(action: &Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("+", ADD),
        Action::Update => ("~", CHANGE),
        Action::Replace { create_first: true } => ("+/-", REPLACE),
        Action::Replace { create_first: false } => ("-/+", REPLACE),
        Action::Delete => ("-", REMOVE),
        Action::Adopt => ("«", KEEP),
        Action::Move { .. } => ("→", KEEP),
        Action::Release => ("»", KEEP),
        Action::Await => ("…", KEEP),
    }
}

/// The action's word in machine forms.
pub(super) fn action_code(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Move { .. } => "move",
        Action::Release => "release",
        Action::Await => "await",
    }
}

/// What is going to happen, as the rest of a sentence that begins with the thing.
pub(super) fn fate(action: &Action) -> String {
    match action {
        Action::Create => "will be created".to_owned(),
        Action::Update => "will be updated in place".to_owned(),
        Action::Replace { create_first: true } => "must be replaced (the new one is created first)".to_owned(),
        Action::Replace { create_first: false } => "must be replaced (the old one is deleted first)".to_owned(),
        Action::Delete => "will be deleted".to_owned(),
        Action::Adopt => "will be adopted; it stays as it is and becomes part of the stack".to_owned(),
        Action::Move { from } => format!("moves here from {from}; only its tags change"),
        Action::Release => "will be released; it stays as it is and is no longer part of the stack".to_owned(),
        Action::Await => "will be waited for".to_owned(),
    }
}

/// The reason's word in machine forms.
pub(super) fn reason_code(reason: &Reason) -> &'static str {
    match reason {
        Reason::New => "new",
        Reason::Differs => "differs",
        Reason::LookupMoved(_) => "lookup_moved",
        Reason::CreateOnly(_) => "create_only",
        Reason::Demanded { .. } => "demanded",
        Reason::Triggered => "triggered",
        Reason::Requested => "requested",
        Reason::Failed(_) => "failed",
        Reason::Unfinished => "unfinished",
        Reason::Superseded => "superseded",
        Reason::NotInStack => "not_in_stack",
        Reason::Destroy => "destroy",
        Reason::Unmarked => "unmarked",
        Reason::InProgress(_) => "in_progress",
        Reason::Renamed => "renamed",
    }
}

/// The reason in words, without a full stop.
pub(super) fn because(change: &Change) -> String {
    match &change.reason {
        Reason::New => "the stack has it, AWS has not".to_owned(),
        Reason::Differs => {
            let names: Vec<&str> = change.attributes.iter().map(|a| a.name.as_str()).collect();
            match names.as_slice() {
                [] => "it differs from the stack".to_owned(),
                few if few.len() <= 3 => format!("differences in {}", and(few)),
                many => format!("differences in {} attributes", many.len()),
            }
        }
        Reason::LookupMoved(lookups) => {
            let one = lookups.len() == 1;
            let names: Vec<String> =
                lookups.iter().map(|l| format!("lookup.{}", l.trim_start_matches("lookup."))).collect();
            format!("only because {} {} something else now", and(&names), if one { "answers" } else { "answer" })
        }
        Reason::CreateOnly(attributes) => format!("{} cannot be changed in place", and(attributes)),
        Reason::Demanded { attribute, why } => format!("{attribute}: {why}"),
        Reason::Triggered => "what its replace_triggered_by names has changed".to_owned(),
        Reason::Requested => "the command line asks for it".to_owned(),
        Reason::Failed(words) => format!("it is in a state in which it cannot be used: {words}"),
        Reason::Unfinished => "an earlier replacement was cut off and is completed".to_owned(),
        Reason::Superseded => "a newer generation has taken its place".to_owned(),
        Reason::NotInStack => "the stack no longer has it".to_owned(),
        Reason::Destroy => "everything goes".to_owned(),
        Reason::Unmarked => "it has our name, but a run that was cut off left it without its mark".to_owned(),
        Reason::InProgress(words) => format!("AWS is still at work on it: {words}"),
        Reason::Renamed => "the stack calls it by another name now".to_owned(),
    }
}

/// The attributes that a reason names.
pub(super) fn reason_attributes(reason: &Reason) -> Vec<&str> {
    match reason {
        Reason::CreateOnly(names) => names.iter().map(String::as_str).collect(),
        Reason::Demanded { attribute, .. } => vec![attribute],
        _ => Vec::new(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// What a step is doing, and what it has done.
pub(super) fn verb(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Create => ("creating", "created"),
        Verb::Settle => ("settling", "settled"),
        Verb::Update => ("updating", "updated"),
        Verb::Delete => ("deleting", "deleted"),
        Verb::Retag => ("tagging", "tagged"),
        Verb::Wait => ("waiting for", "ready"),
        Verb::Unsettle => ("detaching", "detached"),
    }
}

/// The verb's word in machine forms.
pub(super) fn verb_code(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Settle => "settle",
        Verb::Update => "update",
        Verb::Delete => "delete",
        Verb::Retag => "retag",
        Verb::Wait => "wait",
        Verb::Unsettle => "unsettle",
    }
}

/// The last line of a plan: `Plan: 3 to create, 1 to update, 1 to replace, 0 to delete; 42 unchanged.`
pub(super) fn summary(plan: &Plan) -> String {
    let of = |test: fn(&Action) -> bool| plan.changes.iter().filter(|c| test(&c.action)).count();
    let sum = plan.summary();
    let mut parts = vec![
        format!("{} to create", sum.create),
        format!("{} to update", sum.update),
        format!("{} to replace", sum.replace),
        format!("{} to delete", sum.delete),
    ];
    for (n, word) in [
        (of(|a| matches!(a, Action::Adopt)), "to adopt"),
        (of(|a| matches!(a, Action::Move { .. })), "to move"),
        (of(|a| matches!(a, Action::Release)), "to release"),
        (of(|a| matches!(a, Action::Await)), "to wait for"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    format!("Plan: {}; {} unchanged.", parts.join(", "), plan.unchanged)
}

/// An argument as a shell takes it.
#[must_use]
pub fn shell(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@' | ',');
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_read_as_prose() {
        assert_eq!([and::<&str>(&[]), and(&["a"]), and(&["a", "b", "c"])], ["", "a", "a, b and c"]);
    }

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(shell("db"), "db");
        assert_eq!(shell(r#"public["a"]"#), r#"'public["a"]'"#);
        assert_eq!(shell("it's"), r"'it'\''s'");
    }
}
