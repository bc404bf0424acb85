//! Values of the types that attributes have.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::super::expression::convert;
use super::super::plain::ambiguous;
use super::super::tree::{Tree, TreeValue};
use super::{Resolver, number};
use crate::error::{Problem, Span};
use crate::kind::{Absent, DocumentKind, Field, Literal, Map, Shape, Type, Unknown, Value};

/// The shape of values of a type.
pub(in super::super) fn shape_of(ty: &Type) -> Shape {
    match ty {
        Type::Any | Type::Document(_) => Shape::Any,
        Type::Bool => Shape::Bool,
        Type::Int | Type::Number => Shape::Number,
        Type::String | Type::Name | Type::Cidr | Type::Reference { .. } => Shape::String,
        Type::List(item) => Shape::List(Box::new(shape_of(item))),
        Type::Set(item) => Shape::Set(Box::new(shape_of(item))),
        Type::Map(item) => Shape::Map(Box::new(shape_of(item))),
        Type::Block(block) => {
            let fields = block.attributes.iter().map(|attribute| {
                let default = match attribute.absent {
                    Absent::Default(Literal::Of(_)) | Absent::Required | Absent::Aws(_) => Value::Null,
                    Absent::Default(literal) => literal.value(&Map::new()),
                };
                (attribute.name.to_owned(), Field { shape: shape_of(&attribute.ty), default: Some(default) })
            });
            Shape::Object(fields.collect::<BTreeMap<_, _>>())
        }
    }
}

/// A value of a type that waits for something.
pub(in super::super) fn unknown(ty: &Type, waits_for: &str) -> Value {
    Value::unknown(shape_of(ty), waits_for)
}

impl Resolver<'_> {
    /// The value of a tree as a type asks for it.
    pub(in super::super) fn typed(&mut self, tree: &Tree, ty: &Type) -> Value {
        if let TreeValue::Template(template) = &tree.value {
            let before = self.problems.len();
            let value = self.template(template);
            return if self.problems.len() > before { value } else { self.converted(&value, ty, tree.span) };
        }
        match (ty, &tree.value) {
            (_, TreeValue::Null) => Value::Null,
            (_, TreeValue::Broken) => super::poison(),
            (Type::Block(block), TreeValue::Map(entries)) => self.entry(tree.span, entries, block),
            (Type::List(Type::Block(block)) | Type::Set(Type::Block(block)), TreeValue::List(items)) => {
                let items = self.entries(items, block);
                collected(items, ty)
            }
            (Type::List(Type::Block(block)) | Type::Set(Type::Block(block)), TreeValue::Map(_)) => {
                let items = self.entries(std::slice::from_ref(tree), block);
                collected(items, ty)
            }
            (Type::List(item) | Type::Set(item), TreeValue::List(items)) => {
                let items: Vec<Value> = items.iter().map(|each| self.typed(each, item)).collect();
                let items = items.into_iter().filter(|value| !value.is_null()).collect();
                collected(Some(items), ty)
            }
            (Type::Block(_), _) => {
                let problem = Problem::error(format!("one mapping is needed, not {}", noun(tree))).at(tree.span);
                self.broken(match &tree.value {
                    TreeValue::List(_) => problem.hint("There is only one of it: write it without `[]` and `- `."),
                    _ => problem,
                })
            }
            (Type::List(_) | Type::Set(_), _) => {
                let one = match &tree.value {
                    TreeValue::Text(text) if self.view.scope.like_expression(text) => format!("Write '${{{text}}}'."),
                    TreeValue::Text(text) => format!("Write `[{text}]` for a list of one."),
                    _ => "Put it into a list: `[…]`.".to_owned(),
                };
                self.broken(Problem::error(format!("a list is needed, not {}", noun(tree))).at(tree.span).hint(one))
            }
            (Type::Map(item), TreeValue::Map(entries)) => {
                let mut map = Map::new();
                let mut known = true;
                for branch in entries {
                    let value = self.typed(&branch.value, item);
                    match self.key(branch) {
                        Some(_) if value.is_null() => {}
                        Some(key) => self.insert(&mut map, key, value, branch),
                        None => known = false,
                    }
                }
                if known { Value::from(map) } else { super::poison() }
            }
            (Type::Document(kind), _) => self.document(tree, *kind),
            (Type::Any, _) => self.any(tree),
            // A plain number keeps its text where text is asked for.
            (Type::String | Type::Name | Type::Cidr | Type::Reference { .. }, TreeValue::Number(text)) => {
                self.converted(&Value::String(Arc::clone(text)), ty, tree.span)
            }
            (Type::Bool | Type::Int | Type::Number, TreeValue::Number(text)) => match number(text) {
                Some(n) => self.converted(&Value::Number(n), ty, tree.span),
                None => self.broken(ambiguous(text, tree.span)),
            },
            _ => {
                let value = self.any(tree);
                self.converted(&value, ty, tree.span)
            }
        }
    }

    /// A value that an expression gave, converted to a type.
    pub(super) fn converted(&mut self, value: &Value, ty: &Type, span: Span) -> Value {
        match (value, ty) {
            (Value::Null, _) | (_, Type::Any) => value.clone(),
            (Value::Sensitive(inner), _) => {
                let before = self.problems.len();
                let value = self.converted(inner, ty, span).sensitive();
                for problem in &mut self.problems[before..] {
                    // Words about the value may hold it.
                    let needed = match ty {
                        Type::Cidr => "a network in CIDR notation".to_owned(),
                        Type::Document(_) => "a document".to_owned(),
                        ty => format!("a value of type {}", shape_of(ty)),
                    };
                    *problem = Problem::error(format!("{needed} is needed, and this sensitive value is none")).at(span);
                }
                value
            }
            (Value::Unknown(_), _) => self.shaped(value, &shape_of(ty), span),
            (_, Type::Document(kind)) => self.parsed(value, *kind, span),
            (_, Type::Cidr) => self.cidr(value, span),
            (_, Type::Int) => {
                let value = self.shaped(value, &Shape::Number, span);
                match value.as_number() {
                    Some(n) if n.as_i64().is_none() => self.broken(Problem::error("a whole number is needed").at(span)),
                    _ => value,
                }
            }
            (Value::Map(map), Type::Block(block)) => self.block_value(map, block, span),
            (Value::List(items), Type::List(item) | Type::Set(item)) => {
                let items = items.iter().filter(|each| !each.is_null()).map(|each| self.converted(each, item, span));
                let items = items.collect();
                collected(Some(items), ty)
            }
            // One mapping stands for a list of one.
            (Value::Map(_), Type::List(item @ Type::Block(_)) | Type::Set(item @ Type::Block(_))) => {
                let items = vec![self.converted(value, item, span)];
                collected(Some(items), ty)
            }
            (Value::Map(map), Type::Map(item)) => Value::from(
                map.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key.clone(), self.converted(value, item, span)))
                    .collect::<Map>(),
            ),
            (_, ty) => self.shaped(value, &shape_of(ty), span),
        }
    }

    fn shaped(&mut self, value: &Value, shape: &Shape, span: Span) -> Value {
        match convert(value, shape) {
            Ok(value) => value,
            Err(message) => {
                let problem = Problem::error(message).at(span);
                self.broken(match (shape, value) {
                    (Shape::Bool, Value::String(text))
                        if matches!(&*text.to_lowercase(), "yes" | "on" | "y" | "true") =>
                    {
                        problem.hint("Write true.")
                    }
                    (Shape::Bool, Value::String(text))
                        if matches!(&*text.to_lowercase(), "no" | "off" | "n" | "false") =>
                    {
                        problem.hint("Write false.")
                    }
                    _ => problem,
                })
            }
        }
    }

    fn cidr(&mut self, value: &Value, span: Span) -> Value {
        let text = self.shaped(value, &Shape::String, span);
        let Some(written) = text.as_str() else { return text };
        if let Ok(net) = written.parse::<ipnet::IpNet>() {
            return Value::from(net.trunc().to_string());
        }
        let problem = Problem::error(format!("`{written}` is no network in CIDR notation")).at(span);
        self.broken(match written.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => problem.hint(format!("For this one address write `{written}/32`.")),
            Ok(IpAddr::V6(_)) => problem.hint(format!("For this one address write `{written}/128`.")),
            Err(_) => problem.hint("Such as `10.0.0.0/16`."),
        })
    }

    fn document(&mut self, tree: &Tree, kind: DocumentKind) -> Value {
        match &tree.value {
            TreeValue::Map(entries) if kind == DocumentKind::Policy => {
                let mut map = Map::new();
                for branch in entries {
                    let value = match &*branch.key {
                        "Statement" => self.statements(&branch.value),
                        _ => self.any(&branch.value),
                    };
                    match self.key(branch) {
                        Some(_) if value.is_null() => {}
                        Some(key) => self.insert(&mut map, key, value, branch),
                        None => return super::poison(),
                    }
                }
                Value::from(map)
            }
            _ => {
                let value = self.any(tree);
                self.parsed(&value, kind, tree.span)
            }
        }
    }

    /// The statements of a policy, each with its `when`.
    fn statements(&mut self, tree: &Tree) -> Value {
        let items = match &tree.value {
            TreeValue::List(items) => items.as_slice(),
            TreeValue::Map(_) => std::slice::from_ref(tree),
            _ => return self.any(tree),
        };
        let mut statements = Vec::new();
        for item in items {
            let TreeValue::Map(entries) = &item.value else {
                statements.push(self.any(item));
                continue;
            };
            match item.get("when").map(|when| self.condition(when)) {
                Some(Some(false)) => continue,
                Some(None) => return super::poison(),
                Some(Some(true)) | None => {}
            }
            statements.push(self.any_map(entries.iter().filter(|branch| &*branch.key != "when")));
        }
        Value::list(statements.into_iter().filter(|statement| !statement.is_null()))
    }

    /// A document that an expression gave: JSON text becomes what it says.
    fn parsed(&mut self, value: &Value, kind: DocumentKind, span: Span) -> Value {
        match value {
            Value::Sensitive(inner) => self.parsed(inner, kind, span).sensitive(),
            Value::String(text) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(json) => self.mapping(Value::from_json(&json), kind, span),
                Err(error) => self.broken(
                    Problem::error(format!("this is no JSON: {error}"))
                        .at(span)
                        .hint("Write the document as YAML, or use `jsonencode`, `file` or `templatefile`."),
                ),
            },
            other => self.mapping(other.clone(), kind, span),
        }
    }

    fn mapping(&mut self, value: Value, kind: DocumentKind, span: Span) -> Value {
        match (&value, kind) {
            (Value::Map(_) | Value::Unknown(_) | Value::Null, _) | (Value::List(_), DocumentKind::Json) => value,
            (other, _) => {
                let problem = Problem::error(format!("a document is a mapping, not a {}", other.type_name()));
                self.broken(problem.at(span))
            }
        }
    }

    /// The value of a `when`; `None` where it is not known, or no truth value.
    pub(in super::super) fn condition(&mut self, tree: &Tree) -> Option<bool> {
        let before = self.problems.len();
        let value = self.typed(tree, &Type::Bool);
        if self.problems.len() > before {
            return None;
        }
        match &value {
            Value::Sensitive(_) => {
                self.problems.push(
                    Problem::error("`when` cannot depend on a sensitive value: whether something exists is seen")
                        .at(tree.span)
                        .hint("Wrap what is no secret in `nonsensitive()`."),
                );
                None
            }
            Value::Bool(b) => Some(*b),
            Value::Null => {
                self.problems.push(Problem::error("`when` takes true or false, not null").at(tree.span));
                None
            }
            _ => None,
        }
    }
}

/// Items as a list or a set; unknown where they are.
fn collected(items: Option<Vec<Value>>, ty: &Type) -> Value {
    let Some(mut items) = items else {
        let waits_for = std::collections::BTreeSet::new();
        return Value::Unknown(Arc::new(Unknown { shape: shape_of(ty), waits_for }));
    };
    if matches!(ty, Type::Set(_)) {
        items.sort_by(Value::order);
        // What is not known yet may still turn out to differ.
        items.dedup_by(|a, b| a.is_known() && b.is_known() && a.order(b).is_eq());
    }
    Value::list(items)
}

/// What a person calls a tree.
pub(super) fn noun(tree: &Tree) -> &'static str {
    match &tree.value {
        TreeValue::Null => "nothing",
        TreeValue::Bool(_) => "a truth value",
        TreeValue::Number(_) => "a number",
        TreeValue::Text(_) => "text",
        TreeValue::Template(_) | TreeValue::Broken => "an expression",
        TreeValue::List(_) => "a list",
        TreeValue::Map(_) => "a mapping",
    }
}
