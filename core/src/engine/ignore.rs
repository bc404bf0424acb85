//! `ignore_changes`: paths of attributes whose live value is kept.

use std::sync::Arc;

use crate::kind::{Map, Value};

/// The paths that an instance ignores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ignored {
    paths: Vec<Vec<Segment>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    /// An attribute, or a key in brackets.
    Key(String),
    /// A position in a list.
    Index(usize),
}

impl Ignored {
    /// Reads paths such as `ingress`, `tags["x"]`, `scaling.min`, `rule[0].port`; what is no path ignores nothing.
    #[must_use]
    pub fn new(paths: &[String]) -> Self {
        Self { paths: paths.iter().filter_map(|path| parse(path)).collect() }
    }

    /// The declared value of an attribute with the live value wherever it is ignored.
    #[must_use]
    pub fn keep(&self, attribute: &str, declared: &Value, observed: &Value) -> Value {
        let mut value = declared.clone();
        for path in &self.paths {
            if let Some((Segment::Key(first), rest)) = path.split_first()
                && first == attribute
            {
                value = overlay(&value, observed, rest);
            }
        }
        value
    }
}

fn overlay(declared: &Value, observed: &Value, path: &[Segment]) -> Value {
    let Some((first, rest)) = path.split_first() else { return observed.clone() };
    match (first, declared.reveal()) {
        (Segment::Key(key), Value::Null | Value::Map(_)) => {
            let mut map = declared.as_map().cloned().unwrap_or_default();
            match overlay(declared.get(key), observed.get(key), rest) {
                Value::Null => map.remove(key),
                kept => map.insert(key.clone(), kept),
            };
            rebuilt(declared, map)
        }
        // A name under a list of blocks means that attribute of each of them.
        (Segment::Key(_), Value::List(items)) => {
            let live = observed.as_list().unwrap_or_default();
            let kept = items.iter().enumerate().map(|(i, item)| match live.get(i) {
                Some(live) => overlay(item, live, path),
                None => item.clone(),
            });
            Value::list(kept)
        }
        (Segment::Index(i), Value::List(items)) => {
            let mut items = Vec::clone(items);
            if let (Some(item), Some(live)) = (items.get_mut(*i), observed.as_list().and_then(|live| live.get(*i))) {
                *item = overlay(item, live, rest);
            }
            Value::List(Arc::new(items))
        }
        _ => declared.clone(),
    }
}

/// An empty mapping made of nothing is still nothing.
fn rebuilt(declared: &Value, map: Map) -> Value {
    if map.is_empty() && declared.is_null() { Value::Null } else { Value::from(map) }
}

fn parse(path: &str) -> Option<Vec<Segment>> {
    // Keys of tags may hold dots.
    if let Some(key) = path.trim().strip_prefix("tags.") {
        return Some(vec![Segment::Key("tags".to_owned()), Segment::Key(key.to_owned())]);
    }
    let mut segments = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let mut values = serde_json::Deserializer::from_str(inside).into_iter::<serde_json::Value>();
            let segment = match values.next()?.ok()? {
                serde_json::Value::String(key) => Segment::Key(key),
                serde_json::Value::Number(n) => Segment::Index(usize::try_from(n.as_u64()?).ok()?),
                _ => return None,
            };
            rest = inside.get(values.byte_offset()..)?.trim_start().strip_prefix(']')?;
            segments.push(segment);
        } else {
            let name = if segments.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, tail) = name.split_at(end);
            if name.is_empty() {
                return None;
            }
            segments.push(Segment::Key(name.to_owned()));
            rest = tail;
        }
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_live_value_is_kept_where_a_path_says_so() {
        for (path, attribute, declared, observed, want) in [
            ("size", "size", "1", "2", "2"),
            ("size", "other", "1", "2", "1"),
            (r#"tags["x"]"#, "tags", r#"{"x":"1","y":"1"}"#, r#"{"x":"2","y":"2"}"#, r#"{"x":"2","y":"1"}"#),
            (r#"tags["x"]"#, "tags", r#"{"x":"1"}"#, "{}", "{}"),
            ("tags.a.b", "tags", r#"{"a.b":"1"}"#, r#"{"a.b":"2"}"#, r#"{"a.b":"2"}"#),
            (r#"tags["x"]"#, "tags", "null", r#"{"x":"2"}"#, r#"{"x":"2"}"#),
            (r#"tags["x"]"#, "tags", "null", "{}", "null"),
            ("scaling.min", "scaling", r#"{"min":1,"max":3}"#, r#"{"min":2,"max":2}"#, r#"{"min":2,"max":3}"#),
            (
                "rule[1].port", "rule", r#"[{"port":1},{"port":2}]"#, r#"[{"port":3},{"port":4}]"#,
                r#"[{"port":1},{"port":4}]"#,
            ),
            ("rule.port", "rule", r#"[{"port":1},{"port":2}]"#, r#"[{"port":3}]"#, r#"[{"port":3},{"port":2}]"#),
            ("a[", "a", "1", "2", "1"),
            ("a..b", "a", "1", "2", "1"),
        ] {
            let ignored = Ignored::new(&[path.to_owned()]);
            assert_eq!(ignored.keep(attribute, &value(declared), &value(observed)), value(want), "{path} {attribute}");
        }
    }
}
