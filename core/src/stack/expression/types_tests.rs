//! Types: how they are read.

use super::*;
use crate::error::FileId;

fn read(text: &str) -> Result<String, String> {
    parse_shape(text, &Place::verbatim(FileId(0), 0, text.len()))
        .map(|shape| shape.to_string())
        .map_err(|problems| format!("{} {}", problems[0].message, problems[0].hints.join(" ")).trim().to_owned())
}

#[test]
fn types_are_terraforms() {
    for (text, want) in [
        ("string", "string"),
        (" bool ", "bool"),
        ("\"number\"", "number"),
        ("list", "list(any)"),
        ("list(string)", "list(string)"),
        ("map(any)", "map(any)"),
        ("set(list(number))", "set(list(number))"),
        ("tuple([string, number])", "tuple([string, number])"),
        ("tuple([])", "tuple([])"),
        ("object({min = number, max = optional(number, 3)})", "object({max = optional(number, 3), min = number})"),
        ("object({ a = optional(string)\n b = bool })", "object({a = optional(string), b = bool})"),
        ("object({a = optional(list(string), [1])})", "object({a = optional(list(string), [\"1\"])})"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn what_is_no_type_is_refused_with_a_way_out() {
    for (text, want) in [
        ("strng", "there is no type `strng` Did you mean `string`?"),
        ("int", "there is no type `int` Did you mean `number`?"),
        ("lst(string)", "there is no type `lst` Did you mean `list`?"),
        ("object", "there is no type `object` Write `object({name = string})`."),
        ("object(string)", "`object` takes a mapping of types: `object({name = string})`"),
        ("list(string, number)", "`list` takes exactly one type"),
        ("optional(string)", "`optional` stands only for an attribute of an object: `object({a = optional(string)})`"),
        ("1", "this is not a type"),
        (
            "object({a = optional(number, \"x\")})",
            "the default does not fit its type: a number is needed: the text is no number",
        ),
        ("object({a = optional(number, var.x)})", "a default is a constant: it cannot refer to anything"),
    ] {
        assert_eq!(read(text).unwrap_err(), want, "{text}");
    }
    assert!(read("list(").is_err());
}
