//! What expressions mean: the language itself, without its functions.

use super::*;
use crate::error::{FileId, Problem, Span};
use crate::kind::{Shape, Value};

/// Names of a small stack: `var.*`, one plain resource, one under `for_each`, one that does not exist.
pub(super) struct Small(pub(super) Value);

impl Names for Small {
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        let instance = |key: &str, step: Option<&Step>| match step.map(|step| &step.key) {
            Some(Key::Name(name)) if &**name == "cidr_block" => (Value::from("10.0.0.0/24"), 1),
            Some(Key::Name(name)) if &**name == "id" => {
                (Value::unknown(Shape::String, format!("public[\"{key}\"]")), 1)
            }
            _ => (Value::map([("id", Value::unknown(Shape::String, format!("public[\"{key}\"]")))]), 0),
        };
        match root {
            "var" => Ok(Found::root(self.0.clone())),
            "vpc" => Ok(Found::root(Value::map([
                ("cidr_block", Value::from("10.0.0.0/16")),
                ("id", Value::unknown(Shape::String, "vpc")),
            ]))),
            "replica" => Ok(Found::root(Value::Null)),
            "public" => match steps {
                [Step { key: Key::Name(key), .. }, rest @ ..] => {
                    let (value, used) = instance(key, rest.first());
                    Ok(Found { value, used: used + 1 })
                }
                [Step { key: Key::Splat, .. }, rest @ ..] => {
                    let (items, used): (Vec<_>, Vec<_>) =
                        ["a", "b"].map(|key| instance(key, rest.first())).into_iter().unzip();
                    Ok(Found { value: Value::list(items), used: used[0] + 1 })
                }
                _ => Ok(Found::root(Value::map(["a", "b"].map(|key| (key, instance(key, None).0))))),
            },
            _ => Err(Box::new(unknown_name(root, steps, span, ["var", "vpc", "replica", "public", "igw"]))),
        }
    }
}

fn variables() -> Value {
    Value::map([
        ("name", Value::from("clef")),
        ("n", Value::from(3)),
        ("on", Value::from(true)),
        ("list", Value::list([Value::from("x"), Value::from("y")])),
        ("map", Value::map([("a", Value::from(1)), ("b", Value::from(2))])),
        (
            "users",
            Value::list([Value::map([("name", Value::from("ann"))]), Value::map([("name", Value::from("bob"))])]),
        ),
        ("nothing", Value::Null),
        ("secret", Value::from("hunter2").sensitive()),
        ("unknown", Value::unknown(Shape::Any, "later")),
    ])
}

/// The value of a whole scalar.
pub(super) fn scalar(text: &str) -> Result<Value, String> {
    let template = Template::parse(text, &Place::verbatim(FileId(0), 0, text.len()))
        .map_err(|problems| problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; "))?;
    template.evaluate(&Small(variables()), &Files::none()).map_err(|problem| problem.message)
}

/// The value of an expression, as it is printed.
pub(super) fn shown(expression: &str) -> String {
    match scalar(&format!("${{{expression}}}")) {
        Ok(value) => value.to_string(),
        Err(message) => format!("error: {message}"),
    }
}

/// Checks pairs of expression and printed value.
pub(super) fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(expression, want)| (expression, want, shown(expression)))
        .filter(|(_, want, got)| *want != got)
        .map(|(expression, want, got)| format!("{expression}\n  want {want}\n  got  {got}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sole_expression_keeps_its_type_and_anything_else_makes_text() {
    for (text, want) in [
        ("plain", "\"plain\""),
        ("", "\"\""),
        ("${var.n}", "3"),
        ("${var.n}\n", "3"),
        ("\n${var.map}\n", "{\"a\": 1, \"b\": 2}"),
        (" ${var.n}", "\" 3\""),
        ("${var.n}${var.n}", "\"33\""),
        ("n=${var.n} ${var.on}", "\"n=3 true\""),
        ("$${var.n}", "\"${var.n}\""),
        ("$${aws:username} %%{x}", "\"${aws:username} %{x}\""),
        ("${\"${var.n}\"}", "3"),
        ("${\"a${\"b${var.n}\"}\"}", "\"ab3\""),
        ("%{ if var.on }yes%{ else }no%{ endif }", "\"yes\""),
        ("%{ if !var.on }yes%{ endif }", "\"\""),
        ("%{ for k, v in var.map }${k}=${v};%{ endfor }", "\"a=1;b=2;\""),
        ("%{ for v in var.list ~}\n  ${v}\n%{~ endfor }", "\"xy\""),
        ("a  ${~ var.n ~}  b", "\"a3b\""),
    ] {
        assert_eq!(scalar(text).map(|v| v.to_string()).as_deref(), Ok(want), "{text}");
    }
}
