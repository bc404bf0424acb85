//! A kind's own rules, tested while ids that others are yet to get are not known.
//!
//! Nearly every resource of a first apply waits for an id, and what is wrong with the rest of it must show before
//! anything is made. So something stands in for ids and other texts: once a text, and once nothing at all. What is wrong
//! either way is wrong, unless it is about something unknown. Where anything else than a text or a part of a document is
//! unknown, the rules wait until it is known.

use crate::kind::{Absent, Attribute, Block, Kind, Map, Type, Value, Violation};

/// What the kind's rules say of a resource of which some attributes are not known.
pub(super) fn check(kind: &dyn Kind, declared: &Map) -> Vec<Violation> {
    let block = kind.facts().declared;
    let tested = |present| StandIn { present, count: 0 }.block(block, declared).map(|map| kind.check(&map));
    let (Some(with), Some(without)) = (tested(true), tested(false)) else { return Vec::new() };
    let both = |one: &Violation| without.iter().any(|other| (&other.path, &other.message) == (&one.path, &one.message));
    with.into_iter()
        .filter(|found| !found.path.is_empty() && both(found) && !is_about_unknown(declared, &found.path))
        .collect()
}

struct StandIn {
    present: bool,
    count: usize,
}

impl StandIn {
    fn block(&mut self, block: &'static Block, declared: &Map) -> Option<Map> {
        let mut map = Map::new();
        for (name, value) in declared {
            let value = match block.attribute(name) {
                Some(attribute) => self.attribute(attribute, value, declared)?,
                None => value.clone(),
            };
            if !value.is_null() {
                map.insert(name.clone(), value);
            }
        }
        Some(map)
    }

    fn attribute(&mut self, attribute: &'static Attribute, value: &Value, others: &Map) -> Option<Value> {
        let needed = matches!(attribute.absent, Absent::Required);
        match attribute.absent {
            _ if value.is_known() => Some(value.clone()),
            // Not any text would do.
            _ if !attribute.values.is_empty() || needed && attribute.pattern.is_some() => None,
            Absent::Default(usual) if value.is_unknown() && !self.present => Some(usual.value(others)),
            _ => self.value(&attribute.ty, value, needed),
        }
    }

    /// A known value as it is, and something in place of an unknown one; `None` where nothing would do.
    fn value(&mut self, ty: &'static Type, value: &Value, needed: bool) -> Option<Value> {
        if value.is_known() {
            return Some(value.clone());
        }
        Some(match (value, ty) {
            (Value::Sensitive(inner), _) => self.value(ty, inner, needed)?.sensitive(),
            (Value::Unknown(_), Type::Reference { .. } | Type::String | Type::Name) if needed || self.present => {
                self.text(ty)
            }
            (Value::Unknown(_), Type::Reference { .. } | Type::String | Type::Name) => Value::Null,
            (Value::Unknown(_), Type::List(item) | Type::Set(item)) => {
                let one = self.value(item, value, true)?;
                Value::list(self.present.then_some(one))
            }
            (Value::Unknown(_), Type::Map(item)) => {
                let one = self.value(item, value, true)?;
                Value::map(self.present.then(|| ("unknown".to_owned(), one)))
            }
            (Value::Map(_) | Value::List(_), Type::Document(_)) => self.document(value),
            (Value::List(items), Type::List(item) | Type::Set(item)) => {
                let items = items.iter().map(|each| self.value(item, each, true)).collect::<Option<Vec<_>>>()?;
                Value::list(items)
            }
            (Value::Map(map), Type::Block(block)) => Value::from(self.block(block, map)?),
            (Value::Map(map), Type::Map(item)) => {
                let entries = map.iter().map(|(key, each)| Some((key.clone(), self.value(item, each, true)?)));
                Value::from(entries.collect::<Option<Map>>()?)
            }
            _ => return None,
        })
    }

    /// What is unknown in a document is text, nearly always.
    fn document(&mut self, value: &Value) -> Value {
        match value {
            Value::Unknown(_) => self.text(&Type::String),
            Value::Sensitive(inner) => self.document(inner).sensitive(),
            Value::List(items) => Value::list(items.iter().map(|item| self.document(item))),
            Value::Map(map) => Value::map(map.iter().map(|(key, item)| (key.clone(), self.document(item)))),
            known => known.clone(),
        }
    }

    /// No two of them are the same.
    fn text(&mut self, ty: &Type) -> Value {
        self.count += 1;
        let name = format!("unknown-{}", self.count);
        let is_arn = matches!(ty, Type::Reference { output: "arn", .. });
        Value::from(if is_arn { format!("arn:aws:iam::123456789012:role/{name}") } else { name })
    }
}

/// Whether a path leads to something unknown, or to a list of that.
fn is_about_unknown(declared: &Map, path: &str) -> bool {
    let mut steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    let mut value = steps.next().and_then(|name| declared.get(name)).unwrap_or(&Value::Null);
    for step in steps {
        value = match step.parse::<usize>() {
            Ok(at) => value.as_list().and_then(|items| items.get(at)).unwrap_or(&Value::Null),
            Err(_) => value.get(step),
        };
    }
    value.is_unknown() || value.as_list().is_some_and(|items| items.iter().any(Value::is_unknown))
}
