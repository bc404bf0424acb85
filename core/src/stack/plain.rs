//! Values in which only the stack's own names stand: those of variables.

use std::sync::Arc;

use super::expression::{Files, Found, Key, Names, Step};
use super::resolve::number;
use super::tree::{Tree, TreeValue};
use crate::error::{Problem, Span};
use crate::kind::{Map, Owner, Shape, Value};

/// The value of a tree of which the type is known: there a plain number keeps its text where text is asked for.
pub(super) fn value(tree: &Tree, shape: &Shape, owner: &Owner) -> Result<Value, Box<Problem>> {
    let items = |trees: &[Tree]| {
        trees.iter().enumerate().map(|(at, tree)| value(tree, item(shape, at), owner)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match &tree.value {
        TreeValue::Null | TreeValue::Broken => Value::Null,
        TreeValue::Bool(b) => Value::Bool(*b),
        TreeValue::Number(text) if *shape == Shape::String => Value::String(Arc::clone(text)),
        TreeValue::Number(text) => match number(text) {
            Some(n) if !has_leading_zero(text) => Value::Number(n),
            _ => return Err(Box::new(ambiguous(text, tree.span))),
        },
        TreeValue::Text(text) => Value::String(Arc::clone(text)),
        TreeValue::Template(template) => template.evaluate(&Plain(owner), &Files::none())?,
        TreeValue::List(trees) => Value::list(items(trees)?),
        TreeValue::Map(branches) => {
            let mut map = Map::new();
            for branch in branches {
                let key = match &branch.key_template {
                    None => branch.key.to_string(),
                    Some(template) => match template.evaluate(&Plain(owner), &Files::none())?.as_str() {
                        Some(key) => key.to_owned(),
                        None => return Err(Box::new(Problem::error("a key is text").at(branch.key_span))),
                    },
                };
                map.insert(key, value(&branch.value, part(shape, &branch.key), owner)?);
            }
            Value::from(map)
        }
    })
}

/// The problem of a number with leading zeros, or one that cannot be kept, where anything is allowed.
pub(super) fn ambiguous(text: &str, span: Span) -> Problem {
    Problem::error(format!("`{text}` may be a number or text")).at(span).hint(if has_leading_zero(text) {
        format!("For text write '{text}' in quotes, for a number leave the leading zeros out.")
    } else {
        format!("It is too large for a number that is kept exactly; for text write '{text}' in quotes.")
    })
}

/// Whether a plain number has zeros before its first digit.
pub(super) fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    matches!(digits, [b'0', second, ..] if second.is_ascii_digit())
}

fn item(shape: &Shape, at: usize) -> &Shape {
    match shape {
        Shape::List(item) | Shape::Set(item) => item,
        Shape::Tuple(items) => items.get(at).unwrap_or(&Shape::Any),
        _ => &Shape::Any,
    }
}

fn part<'s>(shape: &'s Shape, name: &str) -> &'s Shape {
    match shape {
        Shape::Map(item) => item,
        Shape::Object(fields) => fields.get(name).map_or(&Shape::Any, |field| &field.shape),
        _ => &Shape::Any,
    }
}

/// The names that values of variables may use.
struct Plain<'a>(&'a Owner);

impl Names for Plain<'_> {
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let name = match steps.first().map(|step| &step.key) {
            Some(Key::Name(name)) => &**name,
            _ => "",
        };
        let value = match (root, name) {
            ("env", _) => return Ok(Found::root(Value::from(&*self.0.env))),
            ("stack", "name") => Value::from(&*self.0.stack),
            ("stack", "owner") => Value::from(self.0.to_string()),
            ("stack", "prefix") => Value::from(self.0.prefix()),
            _ => {
                return Err(Box::new(
                    Problem::error(format!("the value of a variable cannot refer to `{root}`"))
                        .at(span)
                        .hint("Only `env`, `stack.name`, `stack.owner` and `stack.prefix` may stand here; what is computed belongs under `locals:`."),
                ));
            }
        };
        Ok(Found { value, used: 1 })
    }
}
