//! Values: what expressions produce, what a stack declares, what AWS reports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::shape::Shape;

/// The entries of a mapping, in the order of their keys, as Terraform iterates over them.
pub type Map = BTreeMap<String, Value>;

/// A value of the stack language.
///
/// `Debug` and `Display` never show what is marked sensitive.
#[derive(Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing: an attribute that is not written.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(Arc<str>),
    /// Values in order. Sets are lists too: sorted and without duplicates.
    List(Arc<Vec<Value>>),
    /// Values by key.
    Map(Arc<Map>),
    /// A value that is known only after something was applied.
    Unknown(Arc<Unknown>),
    /// A value that must not be shown.
    Sensitive(Arc<Value>),
}

/// What is known of a value that is not known yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// What it will look like.
    pub shape: Shape,
    /// The addresses it waits for, as a person reads them: `vpc`, `public["a"]`, `lookup.ami`.
    pub waits_for: BTreeSet<String>,
}

/// A number: whole where it can be, else a double.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other number; never NaN.
    Float(f64),
}

impl Number {
    /// The number as a double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "Terraform's numbers print with 15 digits as well")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(n) => n,
        }
    }

    /// The number as a whole number, if it is one.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(n),
            Self::Float(_) => None,
        }
    }

    /// Makes a number of a double, whole where that loses nothing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is tested first")]
    pub fn from_f64(n: f64) -> Self {
        if n.fract() == 0.0 && n.abs() < 9e15 { Self::Int(n as i64) } else { Self::Float(n) }
    }

    /// Reads a number as YAML, JSON and HCL write it; `None` for anything else, NaN and infinities included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(n) = text.parse::<i64>() {
            return Some(Self::Int(n));
        }
        let shaped = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        let n = text.parse::<f64>().ok().filter(|n| shaped && n.is_finite())?;
        Some(Self::from_f64(n))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Float(n) => n.fmt(f),
        }
    }
}

impl Value {
    /// An unknown value of any shape that waits for nothing in particular.
    #[must_use]
    pub fn unknown(shape: Shape, waits_for: impl Into<String>) -> Self {
        Self::Unknown(Arc::new(Unknown { shape, waits_for: BTreeSet::from([waits_for.into()]) }))
    }

    /// A list of the given values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Arc::new(items.into_iter().collect()))
    }

    /// A mapping of the given entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// The value with a sensitive mark; marking twice changes nothing.
    #[must_use]
    pub fn sensitive(self) -> Self {
        match self {
            Self::Sensitive(_) => self,
            other => Self::Sensitive(Arc::new(other)),
        }
    }

    /// The value without the mark it carries itself (marks deeper inside stay).
    #[must_use]
    pub fn reveal(&self) -> &Self {
        match self {
            Self::Sensitive(inner) => inner,
            other => other,
        }
    }

    /// Whether the value or anything inside it carries a sensitive mark.
    #[must_use]
    pub fn has_sensitive(&self) -> bool {
        self.any(&|v| matches!(v, Self::Sensitive(_)))
    }

    /// Whether nothing inside is unknown.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.any(&|v| matches!(v, Self::Unknown(_)))
    }

    /// Whether the value itself is null, marked or not.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.reveal(), Self::Null)
    }

    /// Whether the value itself is unknown, marked or not.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.reveal(), Self::Unknown(_))
    }

    /// Whether `test` holds for the value or for anything inside it.
    pub fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::List(items) => items.iter().any(|v| v.any(test)),
                Self::Map(map) => map.values().any(|v| v.any(test)),
                Self::Sensitive(inner) => inner.any(test),
                _ => false,
            }
    }

    /// The addresses that unknown parts wait for.
    #[must_use]
    pub fn waits_for(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.collect_waits(&mut found);
        found
    }

    fn collect_waits(&self, found: &mut BTreeSet<String>) {
        match self {
            Self::Unknown(unknown) => found.extend(unknown.waits_for.iter().cloned()),
            Self::List(items) => items.iter().for_each(|v| v.collect_waits(found)),
            Self::Map(map) => map.values().for_each(|v| v.collect_waits(found)),
            Self::Sensitive(inner) => inner.collect_waits(found),
            _ => {}
        }
    }

    /// The text, if it is text, marked or not.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.reveal() {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The number, if it is one, marked or not.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self.reveal() {
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The truth value, if it is one, marked or not.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.reveal() {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The items, if it is a list, marked or not.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.reveal() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping, marked or not.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self.reveal() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entry of a mapping; null where there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> &Self {
        self.as_map().and_then(|map| map.get(key)).unwrap_or(&Self::Null)
    }

    /// The word for the value's type in messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Unknown(_) => "unknown",
            Self::Sensitive(inner) => inner.type_name(),
        }
    }

    /// The value as JSON, marks removed; `None` where something is unknown.
    #[must_use]
    pub fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(Number::Int(n)) => Json::from(*n),
            Self::Number(Number::Float(n)) => Json::from(*n),
            Self::String(s) => Json::String(s.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect::<Option<_>>()?),
            Self::Map(map) => {
                Json::Object(map.iter().map(|(k, v)| Some((k.clone(), v.to_json()?))).collect::<Option<_>>()?)
            }
            Self::Unknown(_) => return None,
            Self::Sensitive(inner) => inner.to_json()?,
        })
    }

    /// The value of a JSON document.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => {
                Self::Number(n.as_i64().map_or_else(|| Number::from_f64(n.as_f64().unwrap_or_default()), Number::Int))
            }
            Json::String(s) => Self::from(s.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::from_json)),
            Json::Object(map) => Self::map(map.iter().map(|(k, v)| (k.clone(), Self::from_json(v)))),
        }
    }

    /// A total order, so that sets can be sorted: by type first, then by content.
    #[must_use]
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        fn rank(v: &Value) -> u8 {
            match v {
                Value::Null => 0,
                Value::Bool(_) => 1,
                Value::Number(_) => 2,
                Value::String(_) => 3,
                Value::List(_) => 4,
                Value::Map(_) => 5,
                Value::Unknown(_) => 6,
                Value::Sensitive(_) => 7,
            }
        }
        match (self.reveal(), other.reveal()) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => order_all(a.iter(), b.iter(), Value::order),
            (Self::Map(a), Self::Map(b)) => {
                order_all(a.iter(), b.iter(), |x, y| x.0.cmp(y.0).then_with(|| x.1.order(y.1)))
            }
            (Self::Unknown(a), Self::Unknown(b)) => a.waits_for.cmp(&b.waits_for),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

fn order_all<T>(
    mut a: impl Iterator<Item = T>,
    mut b: impl Iterator<Item = T>,
    order: impl Fn(T, T) -> std::cmp::Ordering,
) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match order(x, y) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s.into())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Number(Number::Int(n))
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Number(Number::from_f64(n))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One line, as JSON with `(known after apply)` and `(sensitive)` in their places.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => b.fmt(f),
            Self::Number(n) => n.fmt(f),
            Self::String(s) => write!(f, "{}", serde_json::Value::from(&**s)),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, v) in items.iter().enumerate() {
                    write!(f, "{}{v}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (i, (k, v)) in map.iter().enumerate() {
                    write!(f, "{}{}: {v}", if i == 0 { "" } else { ", " }, serde_json::Value::from(k.as_str()))?;
                }
                f.write_str("}")
            }
            Self::Unknown(_) => f.write_str("(known after apply)"),
            Self::Sensitive(_) => f.write_str("(sensitive)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_what_yaml_and_json_write_and_nothing_else() {
        for (text, want) in [
            ("15", Some(Number::Int(15))),
            ("-3", Some(Number::Int(-3))),
            ("15.10", Some(Number::Float(15.1))),
            ("1e3", Some(Number::Int(1000))),
            ("nan", None),
            ("inf", None),
            ("", None),
            ("1_000", None),
        ] {
            assert_eq!(Number::parse(text), want, "{text}");
        }
    }

    #[test]
    fn sensitive_values_are_never_printed() {
        let secret = Value::map([("password", Value::from("hunter2").sensitive())]);
        assert_eq!(format!("{secret} {secret:?}"), "{\"password\": (sensitive)} {\"password\": (sensitive)}");
        assert!(secret.has_sensitive());
    }
}
