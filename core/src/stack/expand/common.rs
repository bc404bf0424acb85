//! What means the same on every resource: region, role, `lifecycle`, `timeouts`.

use std::time::Duration;

use super::super::document::Resource;
use super::super::resolve::{Resolver, suggest_attribute};
use super::super::tree::{Tree, TreeValue};
use crate::error::{Problem, Span};
use crate::kind::{Block, Facts, Lifecycle, Timeouts, Type, Value};

/// Text that must be known before anything is applied.
pub(super) fn known_text(resolver: &mut Resolver<'_>, tree: Option<&Tree>, what: &str) -> Option<String> {
    let tree = tree?;
    match resolver.typed(tree, &Type::String) {
        Value::String(text) => Some(text.to_string()),
        Value::Null => None,
        Value::Sensitive(_) => {
            resolver.problems.push(Problem::error(format!("`{what}` cannot be a sensitive value")).at(tree.span));
            None
        }
        value => {
            not_known(resolver, &value, tree.span, what);
            None
        }
    }
}

fn not_known(resolver: &mut Resolver<'_>, value: &Value, span: Span, what: &str) {
    let waits: Vec<_> = value.waits_for().into_iter().map(|name| format!("`{name}`")).collect();
    // Offline, lookups and account are not known, and what has a problem waits for nothing.
    if waits
        .iter()
        .any(|name| !name.starts_with("`lookup.") && !name.starts_with("`stack.") && !name.starts_with("`the keys of"))
    {
        resolver.problems.push(
            Problem::error(format!("`{what}` must be known before anything is applied"))
                .at(span)
                .label(format!("this waits for {}", waits.join(", "))),
        );
    }
}

fn flag(resolver: &mut Resolver<'_>, tree: Option<&Tree>, what: &str) -> Option<bool> {
    let tree = tree?;
    match resolver.typed(tree, &Type::Bool).reveal() {
        Value::Bool(b) => Some(*b),
        Value::Null => None,
        value => {
            not_known(resolver, value, tree.span, what);
            None
        }
    }
}

pub(super) fn lifecycle(resolver: &mut Resolver<'_>, resource: &Resource, facts: &'static Facts) -> Lifecycle {
    let entry = &resource.lifecycle;
    Lifecycle {
        prevent_destroy: flag(resolver, entry.prevent_destroy.as_ref(), "prevent_destroy").unwrap_or_default(),
        create_before_destroy: flag(resolver, entry.create_before_destroy.as_ref(), "create_before_destroy"),
        ignore_changes: ignore_changes(resolver, entry.ignore_changes.as_ref(), facts.declared),
        retain: flag(resolver, entry.retain.as_ref(), "retain").unwrap_or_default(),
        has_triggers: entry.replace_triggered_by.as_ref().is_some_and(|tree| !tree.is_null()),
    }
}

fn ignore_changes(resolver: &mut Resolver<'_>, tree: Option<&Tree>, declared: &'static Block) -> Vec<String> {
    let Some(tree) = tree else { return Vec::new() };
    let all =
        || declared.attributes.iter().map(|attribute| attribute.name.to_owned()).chain(["tags".to_owned()]).collect();
    let value = match &tree.value {
        TreeValue::Text(text) if &**text == "all" => return all(),
        _ => resolver.typed(tree, &Type::List(&Type::String)),
    };
    let Some(items) = value.as_list() else {
        not_known(resolver, &value, tree.span, "ignore_changes");
        return Vec::new();
    };
    let mut names = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(name) = item.as_str() else { continue };
        let base = name.split(['.', '[']).next().unwrap_or_default();
        if name == "all" {
            return all();
        }
        if base == "tags" || declared.attribute(base).is_some() {
            names.push(name.to_owned());
        } else {
            let span = tree.span_of(&format!("[{at}]"));
            resolver.problems.push(suggest_attribute(base, span, declared, &["tags"]));
        }
    }
    names
}

pub(super) fn timeouts(resolver: &mut Resolver<'_>, resource: &Resource) -> Timeouts {
    let mut timeouts = Timeouts::default();
    for branch in &resource.timeouts {
        let Some(text) = known_text(resolver, Some(&branch.value), &branch.key) else { continue };
        let Some(duration) = duration(&text) else {
            resolver.problems.push(
                Problem::error(format!("`{text}` is no length of time"))
                    .at(branch.value.span)
                    .hint("Write hours, minutes and seconds: `30m`, `1h30m`, `90s`."),
            );
            continue;
        };
        match &*branch.key {
            "create" => timeouts.create = Some(duration),
            "update" => timeouts.update = Some(duration),
            _ => timeouts.delete = Some(duration),
        }
    }
    timeouts
}

/// Reads `1h30m`, `90s`; at least a second, at the most a day.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut last = u64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let amount: u64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        last = unit;
        seconds = seconds.checked_add(amount.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (1..=86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_terraform_writes_them() {
        for (text, want) in [
            ("30m", Some(1800)),
            ("1h30m", Some(5400)),
            ("90s", Some(90)),
            ("1h1m1s", Some(3661)),
            ("", None),
            ("0s", None),
            ("30", None),
            ("m", None),
            ("1m1h", None),
            ("1.5h", None),
            ("25h", None),
            ("99999999999999999999h", None),
            ("5ms", None),
        ] {
            assert_eq!(duration(text).map(|d| d.as_secs()), want, "{text}");
        }
    }
}
