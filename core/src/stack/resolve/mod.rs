//! From what a file says to values of the types that kinds ask for.

mod block;
mod constraint;
mod literal;
mod policy;
mod rules;
mod typed;

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::expression::Template;
use super::plain::{ambiguous, has_leading_zero};
use super::tree::{Branch, Tree, TreeValue};
use super::view::View;
use crate::error::{Problem, Span};
use crate::kind::{Address, Attribute, Map, Number, Shape, Unknown, Value};

pub(super) use block::suggest_attribute;
pub(super) use typed::{shape_of, unknown};

/// Evaluates trees as one place in the stack sees them. What has a problem becomes unknown, so that the rest can
/// be looked at as well.
pub(super) struct Resolver<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(view: &'a View<'a>) -> Self {
        Self { view, problems: Vec::new() }
    }

    /// The attributes of an instance on which the stack has an opinion, seen with its own `each` and `self`.
    pub(super) fn instance(&mut self, address: &Address) -> Map {
        let view = self.view.of(address);
        let scope = view.scope;
        let (Some(resource), Some(facts)) = (scope.resource(&address.name), scope.facts(&address.name)) else {
            return Map::new();
        };
        let mut resolver = Resolver::new(&view);
        let branches: Vec<&Branch> = scope.document.attributes(resource).collect();
        let map = resolver.table(&branches, facts.declared, resource.name.span);
        self.problems.append(&mut resolver.problems);
        map
    }

    /// The value of one attribute; null where it is not written.
    pub(super) fn attribute(&mut self, tree: &Tree, attribute: &Attribute) -> Value {
        let before = self.problems.len();
        let value = self.typed(tree, &attribute.ty);
        let broken = self.problems[before..].iter().any(Problem::is_error);
        if broken || value.is_null() {
            return value;
        }
        self.constrain(tree, attribute, &value);
        match attribute.canonical {
            Some(canonical) if value.is_known() => match &value {
                Value::Sensitive(inner) => canonical(inner).sensitive(),
                value => canonical(value),
            },
            _ => value,
        }
    }

    /// The value of a template.
    pub(super) fn template(&mut self, template: &Template) -> Value {
        let files = self.view.scope.document.files(template.span());
        match template.evaluate(self.view, files) {
            Ok(value) => value,
            Err(problem) => self.broken(*problem),
        }
    }

    /// The value of a tree of no particular type: null entries of lists are left out.
    pub(super) fn any(&mut self, tree: &Tree) -> Value {
        match &tree.value {
            TreeValue::Null => Value::Null,
            TreeValue::Bool(b) => Value::Bool(*b),
            TreeValue::Number(text) => self.plain_number(text, tree.span),
            TreeValue::Text(text) => Value::String(Arc::clone(text)),
            TreeValue::Template(template) => self.template(template),
            TreeValue::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.any(item)).collect();
                Value::list(items.into_iter().filter(|item| !item.is_null()))
            }
            TreeValue::Map(entries) => self.any_map(entries),
            TreeValue::Broken => poison(),
        }
    }

    fn any_map<'b>(&mut self, entries: impl IntoIterator<Item = &'b Branch>) -> Value {
        let mut map = Map::new();
        for branch in entries {
            let value = self.any(&branch.value);
            match self.key(branch) {
                Some(key) => self.insert(&mut map, key, value, branch),
                None => return poison(),
            }
        }
        Value::from(map)
    }

    /// The text of a key; `None` where it has none or it is not known.
    pub(super) fn key(&mut self, branch: &Branch) -> Option<String> {
        let Some(template) = &branch.key_template else { return Some(branch.key.to_string()) };
        let before = self.problems.len();
        let value = self.template(template);
        let problem = match &value {
            Value::Sensitive(_) => Problem::error("a key cannot be made of a sensitive value"),
            Value::String(text) => return Some(text.to_string()),
            Value::Number(n) => return Some(n.to_string()),
            Value::Unknown(_) if self.problems.len() > before => return None,
            Value::Unknown(unknown) if unknown.waits_for.iter().all(|name| name.starts_with("lookup.")) => return None,
            Value::Unknown(unknown) => {
                let waits: Vec<_> = unknown.waits_for.iter().map(|name| format!("`{name}`")).collect();
                Problem::error("a key must be known before anything is applied")
                    .label(format!("this waits for {}", waits.join(", ")))
            }
            other => Problem::error(format!("a key is text, not a {}", other.type_name())),
        };
        self.problems.push(problem.at(branch.key_span));
        None
    }

    /// Adds an entry under a key that was computed.
    pub(super) fn insert(&mut self, map: &mut Map, key: String, value: Value, branch: &Branch) {
        match map.entry(key) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(place) => {
                let message = format!("two entries have the key `{}`", place.key());
                self.problems.push(Problem::error(message).at(branch.key_span));
            }
        }
    }

    /// A plain number where anything is allowed.
    fn plain_number(&mut self, text: &str, span: Span) -> Value {
        match number(text) {
            Some(n) if !has_leading_zero(text) => Value::Number(n),
            _ => self.broken(ambiguous(text, span)),
        }
    }

    /// Reports a problem and stands for the value that is missing.
    pub(super) fn broken(&mut self, problem: Problem) -> Value {
        self.problems.push(problem);
        poison()
    }
}

/// The number that a plain scalar writes; `None` where it cannot be kept exactly.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let whole = text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    // A whole number that is too large would lose digits.
    Number::parse(text).filter(|n| !whole || n.as_i64().is_some())
}

/// What stands for a value that has a problem: unknown, and waiting for nothing.
fn poison() -> Value {
    Value::Unknown(Arc::new(Unknown { shape: Shape::Any, waits_for: BTreeSet::new() }))
}
