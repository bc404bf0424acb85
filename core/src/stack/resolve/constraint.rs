//! What the facts of an attribute allow.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;

use super::super::expression::nearest;
use super::super::tree::{Tree, TreeValue};
use super::Resolver;
use crate::error::{Problem, Span};
use crate::kind::{Attribute, DocumentKind, Type, Value};

impl Resolver<'_> {
    /// Tests a value against the facts of its attribute: of a collection, each item.
    pub(super) fn constrain(&mut self, tree: &Tree, attribute: &Attribute, value: &Value) {
        self.secrets(tree, attribute, value);
        if let (Value::List(_) | Value::Map(_), Some((min, max))) = (value.reveal(), attribute.length) {
            let count = value.as_list().map(<[_]>::len).or_else(|| value.as_map().map(std::collections::BTreeMap::len));
            if let Some(count) = count.filter(|count| *count < min || *count > max) {
                let message =
                    format!("`{}` takes {}, not {count}", attribute.name, between(min, max, "entry", "entries"));
                self.problems.push(Problem::error(message).at(tree.span));
            }
        }
        match attribute.ty {
            Type::Document(DocumentKind::Policy) => self.policies(tree, attribute.policy, value, false),
            Type::Map(Type::Document(DocumentKind::Policy)) => self.policies(tree, attribute.policy, value, true),
            _ => self.each(tree, attribute, value, 0),
        }
    }

    fn each(&mut self, tree: &Tree, attribute: &Attribute, value: &Value, depth: usize) {
        match value.reveal() {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    // Sets are sorted, so that places are known only where the file has the same order.
                    let place = match (&tree.value, &attribute.ty) {
                        (TreeValue::List(trees), Type::List(_)) if trees.len() == items.len() => &trees[at],
                        (TreeValue::List(trees), _) => {
                            let found = trees.iter().find(
                                |tree| matches!(&tree.value, TreeValue::Text(text) if item.as_str() == Some(text)),
                            );
                            found.unwrap_or(tree)
                        }
                        _ => tree,
                    };
                    self.each(place, attribute, item, depth + 1);
                }
            }
            Value::Map(map) if matches!(attribute.ty, Type::Map(_)) => {
                map.values().for_each(|value| self.each(tree, attribute, value, depth + 1));
            }
            Value::String(text) => {
                let sensitive = matches!(value, Value::Sensitive(_)) || attribute.sensitive || attribute.write_only;
                let shown = if sensitive { "this value".to_owned() } else { format!("`{text}`") };
                let problem = text_problem(attribute, text, depth > 0, &shown, tree.span);
                let problem = problem.or_else(|| self.literal_problem(attribute, text, &shown, tree.span));
                self.problems.extend(problem);
            }
            Value::Number(n) => {
                let Some((min, max)) = attribute.range else { return };
                #[expect(clippy::cast_precision_loss, reason = "bounds of tables are small")]
                let fits = n.as_f64() >= min as f64 && n.as_f64() <= max as f64;
                if !fits {
                    let message = match (min, max) {
                        (min, i64::MAX) => format!("`{}` is at least {min}", attribute.name),
                        (i64::MIN, max) => format!("`{}` is at most {max}", attribute.name),
                        (min, max) => format!("`{}` is between {min} and {max}", attribute.name),
                    };
                    self.problems.push(Problem::error(message).at(tree.span).label(
                        if matches!(value, Value::Sensitive(_)) { String::new() } else { format!("this is {n}") },
                    ));
                }
            }
            _ => {}
        }
    }

    /// Where a sensitive value may not stand, or should not.
    fn secrets(&mut self, tree: &Tree, attribute: &Attribute, value: &Value) {
        if attribute.write_only || !value.has_sensitive() {
            return;
        }
        let lift = "Wrap what is no secret in `nonsensitive()`.";
        self.problems.push(if matches!(attribute.ty, Type::Name) {
            Problem::error("a name cannot be made of a sensitive value: names are seen").at(tree.span).hint(lift)
        } else {
            Problem::warning(format!(
                "`{}` can be read back: AWS shows this sensitive value to whoever may look",
                attribute.name
            ))
            .at(tree.span)
            .hint("Keep secrets in write-only attributes, and let what needs them read them from there.")
            .hint(lift)
        });
    }
}

/// What is wrong with a text.
fn text_problem(attribute: &Attribute, text: &str, item: bool, shown: &str, span: Span) -> Option<Problem> {
    let name = attribute.name;
    if !attribute.values.is_empty() && !attribute.values.contains(&text) {
        let problem = Problem::error(format!("{shown} is no value of `{name}`")).at(span);
        let all = attribute.values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        return Some(match nearest(text, attribute.values.iter().copied()) {
            Some(near) => problem.hint(format!("Did you mean `{near}`? Allowed are {all}.")),
            None => problem.hint(format!("Allowed are {all}.")),
        });
    }
    if let Some((min, max)) = attribute.length.filter(|_| !item) {
        let count = text.chars().count();
        if count < min || count > max {
            let message =
                format!("`{name}` has {}, and this has {count}", between(min, max, "character", "characters"));
            return Some(Problem::error(message).at(span));
        }
    }
    if let Some(pattern) =
        attribute.pattern.filter(|pattern| compiled(pattern).is_some_and(|regex| !regex.is_match(text)))
    {
        return Some(
            Problem::error(format!("{shown} does not fit `{name}`"))
                .at(span)
                .hint(format!("It must match `{pattern}`.")),
        );
    }
    None
}

/// `1 to 64 characters`.
fn between(min: usize, max: usize, one: &str, many: &str) -> String {
    let noun = |n: usize| if n == 1 { one } else { many };
    match (min, max) {
        (min, usize::MAX) => format!("{min} {} at least", noun(min)),
        (0, max) => format!("{max} {} at most", noun(max)),
        (min, max) if min == max => format!("{min} {}", noun(min)),
        (min, max) => format!("{min} to {max} {}", noun(max)),
    }
}

/// The pattern as an expression that the whole text must match; `None` where a table has a broken one.
fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    type Patterns = HashMap<&'static str, Option<Arc<Regex>>>;
    static CACHE: LazyLock<Mutex<Patterns>> = LazyLock::new(Mutex::default);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = cache.entry(pattern).or_insert_with(|| {
        // AWS means ASCII, and so does JSON Schema.
        let pattern = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[0-9A-Za-z_]").replace(r"\s", r"[\t\n\f\r ]");
        Regex::new(&format!("^(?:{pattern})$")).ok().map(Arc::new)
    });
    entry.clone()
}
