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
        ("hidden", Value::map([("a", Value::from(1))]).sensitive()),
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

#[test]
fn operators_compute_and_decide() {
    check(&[
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
        ("7 / 2", "3.5"),
        ("0.1 + 0.2", "0.3"),
        ("10 / 3 * 3", "10"),
        ("9223372036854775807 + 1", "error: the number is too large"),
        ("-var.n", "-3"),
        ("\"2\" * \"4\"", "8"),
        ("1 / 0", "error: division by zero"),
        ("1 + [1]", "error: `+` needs numbers: it is a list"),
        ("var.n > 2 && !(var.n >= 4) || false", "true"),
        ("1 == 1.0", "true"),
        ("\"1\" == 1", "false"),
        ("[1, {a = null}] == [1, {a = null}]", "true"),
        ("var.nothing == null", "true"),
        ("var.on ? \"a\" : 1", "\"a\""),
        ("var.on ? 1 : nope.nope", "1"),
        ("false && nope.nope", "false"),
        ("true || nope.nope", "true"),
        ("var.n ? 1 : 2", "error: a condition must be true or false: it is a number"),
        ("null ? 1 : 2", "error: a condition must be true or false: it is null"),
        ("!\"true\"", "false"),
    ]);
}

#[test]
fn collections_are_walked_indexed_and_made() {
    check(&[
        ("[for v in var.list : upper(v)]", r#"["X", "Y"]"#),
        ("[for i, v in var.list : \"${i}${v}\" if i > 0]", r#"["1y"]"#),
        ("{for k, v in var.map : upper(k) => v * 2}", r#"{"A": 2, "B": 4}"#),
        ("{for u in var.users : length(u.name) => u.name...}", r#"{"3": ["ann", "bob"]}"#),
        ("{for u in var.users : \"x\" => u.name}", "error: two entries have the same key"),
        ("[for v in var.n : v]", "error: `for` goes over a list or a map, not over a number"),
        ("[for v in null : v]", "error: `for` cannot go over null"),
        ("[for k in [\"a\"] : [for k in [1] : k]]", "[[1]]"),
        ("var.users[*].name", r#"["ann", "bob"]"#),
        ("var.users.*.name[0]", "\"ann\""),
        ("var.users[*].name[0]", "error: a string has no items"),
        ("var.nothing[*].name", "[]"),
        ("var.map[*].a", "[1]"),
        ("var.n[*]", "[3]"),
        ("var.list[1]", "\"y\""),
        ("var.list.1", "\"y\""),
        ("var.list[\"1\"]", "\"y\""),
        ("var.list[2]", "error: there is no item 2: the list has 2 items, counted from 0"),
        ("var.list[-1]", "error: there is no item -1: the list has 2 items, counted from 0"),
        ("var.map[\"a\"]", "1"),
        ("var.map.c", "error: there is no `c` here"),
        ("var.nothing.x", "error: `x` cannot be taken of null"),
        ("var.list.name", "error: a list has no attribute `name`"),
        ("var.n.x", "error: a number has no attribute `x`"),
        ("{a = 1, \"b c\" = 2, (var.name) = 3, \"${var.name}2\": 4}", r#"{"a": 1, "b c": 2, "clef": 3, "clef2": 4}"#),
        ("max([1, 2]...)", "2"),
        ("max(var.nothing...)", "error: `...` expands a list, not a null"),
        ("[1, 2,]", "[1, 2]"),
        ("\n  var.n\n  + 1\n", "4"),
        ("<<EOT\n  a ${var.n}\n  b\nEOT\n", "\"  a 3\\n  b\\n\""),
        ("<<-EOT\n    a ${var.n}\n      b\n  EOT\n", "\"a 3\\n  b\\n\""),
        ("\"${var.nothing}\" == null", "true"),
        ("\"a${var.nothing}\"", "error: null cannot be put into text"),
        ("\"a${var.list}\"", "error: this cannot be put into text: it is a list"),
    ]);
}

#[test]
fn what_is_unknown_makes_unknown_what_depends_on_it_and_nothing_else() {
    let unknown = "(known after apply)";
    check(&[
        ("vpc.id", unknown),
        ("\"x-${vpc.id}\"", unknown),
        ("vpc.id == \"a\"", unknown),
        ("vpc == null", "false"),
        ("vpc.id == null", unknown),
        ("[vpc.id, 1] == [vpc.id, 2]", "false"),
        ("[vpc.id] == [vpc.id]", unknown),
        ("[vpc.id] == [1, 2]", "false"),
        ("{a = vpc.id} == {b = 1}", "false"),
        ("false && var.unknown", "false"),
        ("var.unknown && false", "false"),
        ("var.unknown && true", unknown),
        ("var.unknown || true", "true"),
        ("true ? 1 : vpc.id", "1"),
        ("var.unknown ? 1 : 1", unknown),
        ("vpc.cidr_block", "\"10.0.0.0/16\""),
        ("length([vpc.id, vpc.id])", "2"),
        ("keys({a = vpc.id})", r#"["a"]"#),
        ("[vpc.id, \"b\"][1]", "\"b\""),
        ("[for k, v in {a = vpc.id} : k]", r#"["a"]"#),
        ("{for k, v in {a = vpc.id} : k => v}", r#"{"a": (known after apply)}"#),
        ("{for k, v in {a = vpc.id} : v => k}", unknown),
        ("[for v in [1, 2] : v if vpc.id == v]", unknown),
        ("[for v in var.unknown : 1]", unknown),
        ("public[*].id", "[(known after apply), (known after apply)]"),
        ("public[*].cidr_block", r#"["10.0.0.0/24", "10.0.0.0/24"]"#),
        ("public[\"a\"].cidr_block", "\"10.0.0.0/24\""),
        ("keys(public)", r#"["a", "b"]"#),
        ("try(vpc.id, 1)", unknown),
        ("try(vpc.cidr_block, 1)", "\"10.0.0.0/16\""),
        ("try(length([tonumber(vpc.id)]), 0)", unknown),
        ("can(vpc.id)", unknown),
        ("try(replica.endpoint, \"none\")", "\"none\""),
        ("try(nope(1), 2)", "error: there is no function `nope`"),
        ("replica == null ? \"none\" : replica.endpoint", "\"none\""),
        ("one(replica[*].endpoint)", "null"),
        ("replica.endpoint", "error: `endpoint` cannot be taken of null"),
        ("vpc.id.name", "error: a value of type string has no attribute `name`"),
        ("vpc.id[0]", "error: a value of type string has no item 0"),
        ("coalesce(\"\", null, vpc.id, \"x\")", unknown),
        ("coalesce(\"a\", vpc.id)", "\"a\""),
        ("toset([vpc.id, \"a\"])", unknown),
        ("flatten([[vpc.id], [1]])", "[(known after apply), 1]"),
        ("flatten([var.unknown, [1]])", unknown),
        ("zipmap([\"a\"], [vpc.id])", r#"{"a": (known after apply)}"#),
        ("zipmap([vpc.id], [1])", unknown),
        ("merge({a = vpc.id}, {b = 1}).b", "1"),
        ("jsonencode({a = vpc.id})", unknown),
        ("tolist([0, var.unknown])", unknown),
        ("tolist([\"a\", var.unknown])", "[\"a\", (known after apply)]"),
        ("tolist([0, vpc.id])", "[\"0\", (known after apply)]"),
        ("var.unknown && \"no bool\"", unknown),
        ("\"%{ if vpc.id == \"a\" }x%{ endif }\"", unknown),
    ]);
    let value = scalar("${\"${vpc.id}-${public[\"a\"].id}\"}").unwrap();
    assert_eq!(value.waits_for().into_iter().collect::<Vec<_>>(), ["public[\"a\"]", "vpc"]);
}

#[test]
fn the_sensitive_mark_follows_every_operand_and_argument() {
    let secret = "(sensitive)";
    check(&[
        ("var.secret", secret),
        ("\"x${var.secret}\"", secret),
        ("upper(var.secret)", secret),
        ("var.secret == \"a\"", secret),
        ("length(var.secret)", secret),
        ("var.secret == \"hunter2\" ? 1 : 2", secret),
        ("true ? 1 : var.secret", "1"),
        ("var.unknown ? var.secret : 1", secret),
        ("[var.secret, 1]", "[(sensitive), 1]"),
        ("[var.secret, 1][1]", "1"),
        ("[1, 2][sensitive(0)]", secret),
        ("{a = var.secret}.a", secret),
        ("{(var.secret) = 1}", secret),
        ("keys({a = var.secret})", r#"["a"]"#),
        ("length([var.secret])", "1"),
        ("merge({a = var.secret}, {b = 1}).b", "1"),
        ("jsonencode({a = var.secret})", secret),
        ("toset([var.secret])", secret),
        ("flatten([sensitive([1])])", secret),
        ("[for v in sensitive([1]) : 2]", secret),
        ("{for v in [1] : var.secret => v}", secret),
        ("[for v in [1] : v if var.secret != \"\"]", secret),
        ("try(var.secret, 1)", secret),
        ("can(var.hidden.b)", secret),
        ("try(var.hidden[*].b, 1)", secret),
        ("var.hidden[*].a", secret),
        ("var.secret == null || true", secret),
        ("nonsensitive(var.secret)", "\"hunter2\""),
        ("issensitive(var.secret)", "true"),
        ("issensitive(1)", "false"),
        ("sensitive(vpc.id)", secret),
        (
            "var.map[var.secret]",
            "error: there is no such item; the key or what it is taken of is sensitive and not shown",
        ),
        ("tonumber(var.secret)", "error: `tonumber`: an argument does not fit; it is sensitive and not shown"),
        ("var.secret.x", "error: there is no such item; the key or what it is taken of is sensitive and not shown"),
        ("{for v in [1, 2] : var.secret => v}", "error: two entries have the same key"),
        (
            "parseint(sensitive([\"x\", 2])...)",
            "error: `parseint`: an argument does not fit; it is sensitive and not shown",
        ),
        ("coalesce(null, var.secret)", secret),
        ("concat([var.secret], [1])", "[(sensitive), 1]"),
    ]);
}

fn problem(text: &str) -> Problem {
    match Template::parse(text, &Place::verbatim(FileId(0), 0, text.len())) {
        Err(mut problems) => problems.remove(0),
        Ok(template) => *template.evaluate(&Small(variables()), &Files::none()).unwrap_err(),
    }
}

#[test]
fn problems_name_place_and_way_out() {
    for (text, marked, message, hint) in [
        (
            "a ${aws:username} b", "${aws:username}", "`${aws:username}` is no expression",
            "To keep it as it stands, write `$${aws:username}`.",
        ),
        ("${*}", "${*}", "`${*}` is no expression", "To keep it as it stands, write `$${*}`."),
        ("${VAR:-x}", "${VAR:-x}", "`${VAR:-x}` is no expression", "To keep it as it stands, write `$${VAR:-x}`."),
        ("${ARGS[@]}", "${ARGS[@]}", "`${ARGS[@]}` is no expression", "To keep it as it stands, write `$${ARGS[@]}`."),
        (
            "${HOME}",
            "HOME",
            "there is no `HOME`",
            "To keep `${HOME}` as it stands, for a shell to read, write `$${HOME}`.",
        ),
        ("cd ${0}", "0", "`${0}` is only the number 0", "To keep it as it stands, for a shell to read, write `$${0}`."),
        (
            "-w %{http_code}",
            "%{",
            "`%{` does not begin a directive here",
            "To keep it as it stands, write `%%{`; the directives are if, else, endif, for and endfor.",
        ),
        ("a %{ if true }b", "%{", "`%{ if }` has no `%{ endif }`", ""),
        ("%{ endif }", "%{ endif }", "`%{ endif }` has no `%{ if }` before it", ""),
        ("a ${var.n", "${", "`${` is not closed", "Write `}` behind the expression."),
        ("a ${\"x}", "${", "the expression is not complete", "A quote or a bracket in it is not closed."),
        ("a ${ }", "${ }", "the expression is empty", "To keep `${}` as it stands, write `$${}`."),
        ("${upper('a')}", "'", "text stands in double quotes", "Write `\"…\"` instead of `'…'`."),
        ("${var.n = 3}", "=", "`=` does not belong here", "Use `==` to compare."),
        ("${var.n 3}", "3", "`}` is expected here, not `3`", ""),
        ("${1 +}", "}", "an expression is expected here, not `}`", ""),
        ("${upperr(1)}", "upperr", "there is no function `upperr`", "Did you mean `upper`?"),
        (
            "${timestamp()}", "timestamp", "there is no function `timestamp`",
            "Nothing reads the clock: pass the time in a variable.",
        ),
        ("${upper()}", "upper()", "too few arguments for `upper`", "It is `upper(string)`."),
        ("${upper(1, 2)}", "upper(1, 2)", "too many arguments for `upper`", "It is `upper(string)`."),
        ("${substr(\"a\", [], 1)}", "[]", "`substr`: a whole number is needed: it is a list", ""),
        ("${vcp.id}", "vcp", "there is no `vcp`", "Did you mean `vpc`?"),
        ("${var.users[0].nane}", ".nane", "there is no `nane` here", "Did you mean `name`?"),
        (
            "${aws_internet_gateway.igw.id}",
            "aws_internet_gateway",
            "there is no `aws_internet_gateway`",
            "Resources are referred to by their name alone: write `igw.id`.",
        ),
        (
            "${aws_vpc.main.id}",
            "aws_vpc",
            "there is no `aws_vpc`",
            "Resources are referred to by their name alone: write `vpc.id`.",
        ),
        (
            "${data.aws_ami.ubuntu.id}",
            "data",
            "there is no `data`",
            "Terraform's `data` is `lookup` here: write `lookup.ubuntu.id`.",
        ),
        (
            "${count.index}",
            "count",
            "there is no `count`",
            "There is no `count`: use `for_each` with a map or distinct strings, and `each.key`.",
        ),
        (
            "${path.module}/x",
            "path",
            "there is no `path`",
            "Paths are relative to the file they stand in: leave `${path.module}/` out.",
        ),
        (
            "${terraform.workspace}",
            "terraform",
            "there is no `terraform`",
            "What Terraform calls the workspace is the environment: write `${env}`.",
        ),
        ("${true ? 1 + [] : 2}", "[]", "`+` needs numbers: it is a list", ""),
        (
            "é ${var.x}",
            ".x",
            "there is no `x` here",
            "It has `hidden`, `list`, `map`, `n`, `name`, `nothing`, `on`, `secret`, `unknown`, `users`.",
        ),
        (
            "${\"\\q\"}",
            "q",
            "there is no escape `\\q`",
            "Write `\\\\` for a backslash; the escapes are \\n, \\r, \\t, \\\", \\\\, \\uXXXX and \\UXXXXXXXX.",
        ),
    ] {
        let problem = problem(text);
        let span = problem.span.unwrap();
        assert_eq!(problem.message, message, "{text}");
        assert_eq!(&text[span.start as usize..span.end as usize], marked, "{text}");
        assert_eq!(problem.hints.first().map_or("", String::as_str), hint, "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_not_a_crash() {
    for deep in [
        format!("${{{}1{}}}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("${{{}1}}", "-".repeat(10_000)),
        format!("${{1{}}}", "+1".repeat(10_000)),
        format!("${{a{}}}", "[a".repeat(10_000)),
        format!("${{var.list{}}}", "[*]".repeat(10_000)),
        "${\"".repeat(10_000),
        "%{ if a }".repeat(10_000),
        format!("${{{}a{}}}", "a ? ".repeat(10_000), " : a".repeat(10_000)),
    ] {
        assert!(Template::parse(&deep, &Place::verbatim(FileId(0), 0, deep.len())).is_err(), "{}", &deep[..20]);
    }
    let nested = format!("${{{}1{}}}", "abs(".repeat(60), ")".repeat(60));
    assert_eq!(scalar(&nested), Ok(Value::from(1)));
    let chain = format!("${{{}}}", ["1"; 128].join("+"));
    assert_eq!(scalar(&chain), Ok(Value::from(128)));
    assert!(scalar(&format!("${{var{}}}", ".a".repeat(100_000))).is_err());
}

#[test]
fn the_deepest_expression_fits_the_stack_of_a_thread() {
    let mut deepest = "1".to_owned();
    for level in 0.. {
        let deeper = match level % 4 {
            0 => format!("max({deepest} + 1, 2)"),
            1 => format!("[for v in [{deepest} - 1] : v][0]"),
            2 => format!("(true ? {{a = {deepest}}} : null).a"),
            _ => format!("try({deepest} * 1, 2)"),
        };
        if Template::parse(&format!("${{{deeper}}}"), &Place::default()).is_err() {
            assert!(level > 30, "only {level} levels");
            break;
        }
        deepest = deeper;
    }
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let value = thread.spawn(move || scalar(&format!("${{{deepest}}}"))).unwrap().join().unwrap();
    assert!(value.is_ok(), "{value:?}");
}
