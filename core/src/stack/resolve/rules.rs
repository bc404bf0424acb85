//! Rules between the attributes of a table.

use std::collections::BTreeSet;

use crate::error::Problem;
use crate::kind::{Block, Map, Rule, Value};

/// What a stack says of a table.
pub(super) struct Said<'a> {
    /// The values, defaults included.
    pub(super) map: &'a Map,
    /// The attributes that are not left to their defaults.
    pub(super) written: &'a BTreeSet<&'static str>,
    pub(super) block: &'static Block,
}

impl Said<'_> {
    /// What is wrong if the rule does not hold.
    pub(super) fn problem(&self, rule: &Rule) -> Option<Problem> {
        let message = match rule {
            Rule::ExactlyOne(list) => match (self.present(list).as_slice(), self.missing(list).len() == list.len()) {
                ([], true) => format!("one of {} is needed", names(list, "or")),
                ([] | [_], _) => return None,
                (found, _) => {
                    format!(
                        "{} exclude each other: exactly one of {} is allowed",
                        names(found, "and"),
                        names(list, "or")
                    )
                }
            },
            Rule::AtMostOne(list) => match self.present(list).as_slice() {
                [] | [_] => return None,
                found => format!("{} exclude each other", names(found, "and")),
            },
            Rule::AtLeastOne(list) if self.missing(list).len() < list.len() => return None,
            Rule::AtLeastOne(list) => format!("one of {} is needed at least", names(list, "or")),
            Rule::Requires(first, others) => match self.missing(others).as_slice() {
                missing if self.is_present(first) && !missing.is_empty() => {
                    format!("`{first}` needs {} as well", names(missing, "and"))
                }
                _ => return None,
            },
            Rule::RequiresWhen(first, text, others) => match self.missing(others).as_slice() {
                missing if self.is(first, text) && !missing.is_empty() => {
                    format!("`{first}: {text}` needs {} as well", names(missing, "and"))
                }
                _ => return None,
            },
            Rule::ForbidsWhen(first, text, others) => match self.present(others).as_slice() {
                found if self.is(first, text) && !found.is_empty() => {
                    format!("`{first}: {text}` goes without {}", names(found, "and"))
                }
                _ => return None,
            },
            // It is about another resource as well.
            Rule::SourceForbids { .. } | Rule::PartOf { .. } | Rule::Differ { .. } => return None,
        };
        Some(Problem::error(message))
    }

    /// Whether an attribute says something: `false` and an empty collection say no more than nothing.
    fn is_present(&self, name: &str) -> bool {
        self.written.contains(name)
            && match self.map.get(name).map(Value::reveal) {
                None | Some(Value::Bool(false)) => false,
                Some(Value::List(items)) => !items.is_empty(),
                Some(Value::Map(map)) => !map.is_empty(),
                Some(_) => true,
            }
    }

    fn present(&self, list: &[&'static str]) -> Vec<&'static str> {
        list.iter().copied().filter(|name| self.is_present(name)).collect()
    }

    /// Those of which nothing is written. What cannot be read back may be left out once it was sent: its version
    /// stands for it.
    fn missing(&self, list: &[&'static str]) -> Vec<&'static str> {
        let stands = |name: &str| {
            self.block.attribute(name).is_some_and(|attribute| attribute.write_only)
                && self.written.contains(format!("{name}_version").as_str())
        };
        list.iter().copied().filter(|name| !self.written.contains(name) && !stands(name)).collect()
    }

    fn is(&self, name: &str, text: &str) -> bool {
        match self.map.get(name).map(Value::reveal) {
            Some(Value::String(found)) => **found == *text,
            Some(Value::Bool(found)) => found.to_string() == text,
            Some(Value::Number(found)) => found.to_string() == text,
            _ => false,
        }
    }
}

/// `a`, `b` and `c`.
fn names(names: &[&str], word: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Attribute;

    const BLOCK: Block = Block {
        doc: "",
        attributes: &[Attribute { name: "password", write_only: true, ..Attribute::PLAIN }],
        rules: &[],
    };

    #[test]
    fn rules_hold_or_say_what_is_missing_or_too_much() {
        let one = Rule::ExactlyOne(&["password", "managed", "source"]);
        let most = Rule::AtMostOne(&["password", "managed"]);
        let least = Rule::AtLeastOne(&["password", "list"]);
        let requires = Rule::Requires("managed", &["password", "key"]);
        let when = Rule::RequiresWhen("sort", "io1", &["iops"]);
        let forbids = Rule::ForbidsWhen("sort", "gp2", &["iops"]);
        let (yes, no) = (Value::from(true), Value::from(false));
        let text = |text: &str| Value::from(text);
        for (rule, said, want) in [
            (&one, vec![], Some("one of `password`, `managed` or `source` is needed")),
            (&one, vec![("password", text("x"))], None),
            (&one, vec![("password_version", Value::from(1_i64))], None),
            (&one, vec![("password_version", Value::from(1_i64)), ("managed", yes.clone())], None),
            (&one, vec![("password", text("x")), ("managed", no.clone())], None),
            (
                &one,
                vec![("password", text("x")), ("managed", yes.clone())],
                Some(
                    "`password` and `managed` exclude each other: exactly one of `password`, `managed` or `source` is allowed",
                ),
            ),
            (&most, vec![], None),
            (
                &most,
                vec![("password", text("x")), ("managed", yes.clone())],
                Some("`password` and `managed` exclude each other"),
            ),
            (&least, vec![], Some("one of `password` or `list` is needed at least")),
            (&least, vec![("list", Value::list([]))], None),
            (&requires, vec![("managed", yes)], Some("`managed` needs `password` and `key` as well")),
            (&requires, vec![("managed", no)], None),
            (&when, vec![("sort", text("io1"))], Some("`sort: io1` needs `iops` as well")),
            (&when, vec![("sort", text("gp3"))], None),
            (
                &forbids,
                vec![("sort", text("gp2")), ("iops", Value::from(1_i64))],
                Some("`sort: gp2` goes without `iops`"),
            ),
            (&forbids, vec![("iops", Value::from(1_i64))], None),
        ] {
            let written = said.iter().map(|(name, _)| *name).collect();
            let map = said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let said = Said { map: &map, written: &written, block: &BLOCK };
            assert_eq!(said.problem(rule).map(|problem| problem.message).as_deref(), want, "{rule:?} of {map:?}");
        }
    }
}
