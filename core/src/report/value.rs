//! Values as people read them: in the manner of YAML, on one line where that fits, else as a block.

use super::style::{Layout, clean, columns};
use crate::kind::{Absent, Attribute, Map, Number, Type, Value};

/// What happens to a line of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It stays; shown for orientation.
    Same,
    /// It comes.
    Add,
    /// It goes.
    Remove,
    /// It changes.
    Change,
}

/// One line about a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What happens to it.
    pub(super) sign: Sign,
    /// Whether the sign is shown on a terminal; the lines below a signed one do without.
    pub(super) signed: bool,
    /// How deep it is nested, from 0.
    pub(super) depth: usize,
    /// The text, with colours.
    pub(super) text: String,
}

/// Columns in front of the sign of an attribute of depth 0.
pub(super) const MARGIN: usize = 4;

/// The columns that a text at that depth may take.
pub(super) fn room(layout: Layout, depth: usize) -> usize {
    layout.width.saturating_sub(MARGIN + 2 + 2 * depth).max(20)
}

/// The value on one line.
pub(super) fn one_line(value: &Value) -> String {
    match value {
        Value::String(s) => scalar(s),
        Value::List(items) => {
            format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => format!("{{{}}}", entries(map.iter())),
        other => other.to_string(),
    }
}

/// Entries of a mapping on one line, without braces.
pub(super) fn entries<'a>(map: impl Iterator<Item = (&'a String, &'a Value)>) -> String {
    map.map(|(k, v)| format!("{}: {}", scalar(k), one_line(v))).collect::<Vec<_>>().join(", ")
}

/// A text as YAML could write it: plain where nobody can take it for something else, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let word =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '@' | '+' | '-' | ':' | '=' | '*' | '~' | '!');
    let plain = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.'))
        && text.chars().all(word)
        && !text.ends_with(':')
        && !matches!(text, "true" | "false" | "null")
        && Number::parse(text).is_none();
    if plain { text.to_owned() } else { clean(&serde_json::Value::from(text).to_string()).into_owned() }
}

/// The document (JSON) that a text holds; none where the text must not be shown.
pub(super) fn open(value: &Value) -> Option<Value> {
    let Value::String(text) = value else { return None };
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok().map(|json| Value::from_json(&json))
}

/// The value without what is empty by default inside its blocks. Other defaults stay: `enabled: true` is what a
/// block is about.
pub(super) fn essential(value: &Value, ty: Option<Type>) -> Value {
    match (value, ty) {
        (Value::List(items), Some(Type::List(item) | Type::Set(item))) => {
            Value::list(items.iter().map(|v| essential(v, Some(*item))))
        }
        (Value::Map(map), Some(Type::Map(item))) => {
            Value::map(map.iter().map(|(k, v)| (k.clone(), essential(v, Some(*item)))))
        }
        (Value::Map(map), Some(Type::Block(block))) => {
            let said = |(k, v): &(&String, &Value)| {
                let attribute = block.attribute(k);
                let empty = v.as_list().is_some_and(<[Value]>::is_empty) || v.as_map().is_some_and(Map::is_empty);
                let repeats = attribute.is_some_and(|attribute| is_default(attribute, v, map));
                !v.is_null() && (!empty || !repeats)
            };
            Value::map(map.iter().filter(said).map(|(k, v)| {
                let ty = block.attribute(k).map(|attribute| attribute.ty);
                (k.clone(), essential(v, ty))
            }))
        }
        _ => value.clone(),
    }
}

/// Whether the value is what the absence of the attribute would mean.
pub(super) fn is_default(attribute: &Attribute, value: &Value, others: &Map) -> bool {
    matches!(attribute.absent, Absent::Default(literal) if literal.value(others) == *value)
}

/// What stands in front of a block's entries.
#[derive(Clone, Copy)]
pub(super) enum Head<'a> {
    /// The name of an attribute or the key of an entry, filled up to so many columns.
    Named(&'a str, usize),
    /// A member of a list whose sign is its bullet.
    Signed,
    /// A member of a list inside something new.
    Bullet,
}

/// The lines that show a whole value.
pub(super) fn block(
    head: Head<'_>,
    value: &Value,
    sign: Sign,
    signed: bool,
    depth: usize,
    layout: Layout,
) -> Vec<Line> {
    let mut out = Vec::new();
    push_block(&mut out, head, value, Place { sign, signed, depth, layout });
    out
}

#[derive(Clone, Copy)]
struct Place {
    sign: Sign,
    signed: bool,
    depth: usize,
    layout: Layout,
}

impl Place {
    fn line(self, text: String) -> Line {
        Line { sign: self.sign, signed: self.signed, depth: self.depth, text }
    }

    fn below(self) -> Self {
        Self { signed: false, depth: self.depth + 1, ..self }
    }
}

fn push_block(out: &mut Vec<Line>, head: Head<'_>, value: &Value, at: Place) {
    let opened = open(value);
    let document = if opened.is_some() { " (JSON)" } else { "" };
    let value = opened.as_ref().unwrap_or(value);
    let flow = one_line(value);
    let lead = match head {
        Head::Named(name, width) => format!("{}:{}", scalar(name), " ".repeat(width.saturating_sub(columns(name)) + 1)),
        Head::Signed => String::new(),
        Head::Bullet => "- ".to_owned(),
    };
    let compound = match value {
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::String(text) => text.contains('\n'),
        _ => false,
    };
    let fits = document.is_empty() && columns(&lead) + columns(&flow) <= room(at.layout, at.depth);
    if !compound || (fits && !matches!(value, Value::String(_))) {
        out.push(at.line(lead + &flow));
        return;
    }
    let members = match head {
        Head::Named(name, _) => {
            let text = match value {
                Value::String(text) => format!(" ({} lines)", text.lines().count()),
                _ => document.to_owned(),
            };
            out.push(at.line(format!("{}:{text}", scalar(name))));
            at.below()
        }
        Head::Signed | Head::Bullet => at,
    };
    match value {
        Value::String(text) => text.lines().for_each(|l| out.push(members.line(clean(l).into_owned()))),
        Value::List(items) => {
            let members = if matches!(head, Head::Named(..)) { members } else { members.below() };
            items.iter().for_each(|item| push_block(out, Head::Bullet, item, members));
        }
        Value::Map(map) => push_entries(out, head, map, members),
        _ => {}
    }
}

/// The entries of a mapping; in a list the first one stands behind the bullet.
fn push_entries(out: &mut Vec<Line>, head: Head<'_>, map: &Map, at: Place) {
    let width = name_width(map.keys().map(String::as_str), at.layout);
    for (i, (key, value)) in map.iter().enumerate() {
        let start = out.len();
        match head {
            Head::Named(..) => push_block(out, Head::Named(key, width), value, at),
            Head::Signed if i == 0 => push_block(out, Head::Named(key, width), value, at),
            Head::Signed => push_block(out, Head::Named(key, width), value, Place { signed: false, ..at }),
            Head::Bullet => {
                push_block(out, Head::Named(key, width), value, at.below());
                if let (0, Some(first)) = (i, out.get_mut(start)) {
                    first.depth = at.depth;
                    first.text.insert_str(0, "- ");
                }
            }
        }
    }
}

/// To how many columns the names of neighbours are filled up, so that their values stand below each other.
pub(super) fn name_width<'a>(names: impl Iterator<Item = &'a str>, layout: Layout) -> usize {
    if layout.width < 60 { 0 } else { names.map(columns).filter(|w| *w <= 32).max().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_they_could_be_taken_for_something_else() {
        for (text, want) in [
            ("eu-west-3a", "eu-west-3a"),
            ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"),
            ("10.0.0.0/16", "10.0.0.0/16"),
            ("élan", "élan"),
            ("15.10", "\"15.10\""),
            ("true", "\"true\""),
            ("*", "\"*\""),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("(sensitive)", "\"(sensitive)\""),
            ("a\u{202e}b", "\"a\\u{202e}b\""),
        ] {
            assert_eq!(scalar(text), want);
        }
    }

    #[test]
    fn blocks_read_like_the_stack() {
        let value = Value::list([
            Value::map([
                ("cidr_blocks", Value::list(["0.0.0.0/0".into(), "10.0.0.0/8".into(), "192.168.0.0/16".into()])),
                ("from_port", Value::from(443)),
                ("description", Value::from("everybody who comes from the world outside")),
            ]),
            Value::map([("from_port", Value::from(80))]),
        ]);
        let text: Vec<String> = block(Head::Named("ingress", 0), &value, Sign::Add, true, 0, Layout::terminal(64))
            .iter()
            .map(|l| format!("{}{}{}", if l.signed { "+" } else { " " }, "  ".repeat(l.depth), l.text))
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        +ingress:
           - cidr_blocks: [0.0.0.0/0, 10.0.0.0/8, 192.168.0.0/16]
             description: "everybody who comes from the world outside"
             from_port:   443
           - {from_port: 80}
        "#);
    }
}
