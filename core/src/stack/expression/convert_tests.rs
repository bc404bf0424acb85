//! Conversions: what becomes what, and what cannot.

use super::super::{Place, parse_shape};
use super::*;
use crate::error::FileId;

fn shape(text: &str) -> Shape {
    parse_shape(text, &Place::verbatim(FileId(0), 0, text.len())).unwrap()
}

fn to(value: &Value, text: &str) -> String {
    convert(value, &shape(text)).map_or_else(|message| format!("error: {message}"), |value| value.to_string())
}

fn list(items: &[Value]) -> Value {
    Value::list(items.iter().cloned())
}

#[test]
fn conversions_are_terraforms() {
    let text = |text: &str| Value::from(text);
    for (value, shape, want) in [
        (Value::from(15.5), "string", "\"15.5\""),
        (Value::from(true), "string", "\"true\""),
        (text("15.10"), "number", "15.1"),
        (text("false"), "bool", "false"),
        (text("yes"), "bool", "error: a bool is needed: the text is neither `true` nor `false`"),
        (text("x"), "number", "error: a number is needed: the text is no number"),
        (Value::Null, "number", "null"),
        (list(&[Value::from(1), text("a"), Value::from(true)]), "list(any)", r#"["1", "a", "true"]"#),
        (list(&[Value::from(1), list(&[])]), "list(any)", "[1, []]"),
        (list(&[text("b"), text("a"), text("b")]), "set(string)", r#"["a", "b"]"#),
        (list(&[text("1")]), "list(number)", "[1]"),
        (list(&[text("x")]), "list(number)", "error: item 0: a number is needed: the text is no number"),
        (list(&[text("1"), text("2")]), "tuple([number, string])", r#"[1, "2"]"#),
        (list(&[text("1")]), "tuple([number, string])", "error: 2 items are needed, there are 1"),
        (Value::map([("a", Value::from(1))]), "map(string)", r#"{"a": "1"}"#),
        (Value::map([("a", Value::from(1))]), "list(any)", "error: list(any) is needed: it is a map"),
        (
            Value::map([("min", text("1")), ("more", Value::Null)]),
            "object({min = number, max = optional(number, 3), name = optional(string)})",
            r#"{"max": 3, "min": 1, "name": null}"#,
        ),
        (Value::map([("max", Value::Null)]), "object({max = optional(number, 3)})", r#"{"max": 3}"#),
        (Value::map::<&str>([]), "object({min = number})", "error: the attribute `min` is missing"),
        (
            Value::map([("a", Value::map([("b", list(&[]))]))]),
            "object({a = object({b = bool})})",
            "error: `a`: `b`: a bool is needed: it is a list",
        ),
        (text("a").sensitive(), "string", "(sensitive)"),
        (list(&[text("a").sensitive()]), "list(string)", "[(sensitive)]"),
        (list(&[text("a").sensitive()]), "set(string)", "(sensitive)"),
    ] {
        assert_eq!(to(&value, shape), want, "{value} to {shape}");
    }
}

#[test]
fn the_unknown_stays_unknown_with_its_type_known_more_closely() {
    let unknown = |of: &str| Value::unknown(shape(of), "x");
    for (of, to, want) in [
        ("any", "string", Ok("string")),
        ("number", "string", Ok("string")),
        ("tuple([string, number])", "list(string)", Ok("list(string)")),
        ("object({a = number})", "map(string)", Ok("map(string)")),
        ("string", "any", Ok("string")),
        ("list(any)", "string", Err("string is needed, not list(any)".to_owned())),
        ("bool", "number", Err("number is needed, not bool".to_owned())),
        ("object({})", "object({a = string})", Err("object({a = string}) is needed, not object({})".to_owned())),
    ] {
        let converted = convert(&unknown(of), &shape(to));
        let shape = converted.map(|value| match value {
            Value::Unknown(unknown) => unknown.shape.to_string(),
            known => panic!("{known} is known"),
        });
        assert_eq!(shape, want.map(str::to_owned), "{of} to {to}");
    }
}
