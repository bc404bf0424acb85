//! What must hold of every expression, whatever it says.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::convert::{can_be, shape_of};
use super::functions::signatures;
use super::*;
use crate::error::{FileId, Problem, Span};
use crate::kind::{Shape, Value};

/// Functions whose result tells of marks, or that need files.
const LEFT_OUT: [&str; 3] = ["nonsensitive", "issensitive", "templatefile"];

/// Expressions by the type they mostly have: `@B` is one of type bool, `@N` number, `@T` text, `@L` list, `@M` map,
/// `@A` any.
const TEMPLATES: [(&str, &[&str]); 6] = [
    (
        "B",
        &[
            "true", "false", "var.a", "(@A == @A)", "(@N < @N)", "(@B && @B)", "(@B || @B)", "!@B", "can(@A)",
            "@A != null", "contains(@L, @A)", "startswith(@T, @T)", "alltrue([@B, @B])", "anytrue(@L)", "tobool(@B)",
            "(@B ? @B : @B)",
        ],
    ),
    (
        "N",
        &[
            "0", "2", "1.5", "var.a", "(@N + @N)", "(@N - @N)", "(@N * @N)", "(@N / @N)", "-@N", "length(@L)",
            "length(@M)", "length(@T)", "max(@N, @N)", "sum(@L)", "floor(@N)", "tonumber(@T)", "parseint(@T, 16)",
            "index(@L, @A)",
        ],
    ),
    (
        "T",
        &[
            "\"\"", "\"a\"", "\"1\"", "\"a,b\"", "var.a", "\"${@T}-${@N}\"", "\"%{ if @B }x%{ else }${@T}%{ endif }\"",
            "\"%{ for v in @L }${v};%{ endfor }\"", "upper(@T)", "join(\",\", @L)", "replace(@T, @T, @T)",
            "jsonencode(@A)", "format(\"%s %v\", @T, @A)", "tostring(@N)", "substr(@T, @N, 1)", "(@B ? @T : @T)",
            "try(@T, @T)", "type(@A)",
        ],
    ),
    (
        "L",
        &[
            "[]", "[1, \"a\"]", "var.a", "[@A, @A]", "[@T]", "[for v in @L : @A]", "[for k, v in @M : v if @B]",
            "keys(@M)", "[for v in @L : v if v == @A]", "[for k, v in @M : k]", "values(@M)", "concat(@L, @L)",
            "flatten([@L, @A])", "distinct(@L)", "compact(@L)", "reverse(@L)", "slice(@L, 0, 1)", "toset(@L)",
            "tolist(@L)", "split(\",\", @T)", "@A[*]", "setunion(@L, @L)", "setsubtract(@L, @L)", "chunklist(@L, 1)",
            "range(@N)", "coalescelist(@L, @L)", "matchkeys(@L, @L, @L)", "(@B ? @L : @L)", "setproduct(@L, @L)",
            "[for v in @L : try(v.a, @A)]",
        ],
    ),
    (
        "M",
        &[
            "{}", "{a = 1}", "var.a", "{a = @A, b = @A}", "{(@T) = @A}", "merge(@M, @M)", "{for v in @L : v => @A...}",
            "{for k, v in @M : k => v if @B}", "zipmap(@L, @L)", "tomap(@M)", "{for k, v in @L : k => v}",
            "try(@M, @M)",
        ],
    ),
    (
        "A",
        &[
            "null", "var.a", "var.b", "@B", "@N", "@T", "@L", "@M", "@L[@N]", "@M.a", "@M[@T]", "lookup(@M, @T, @A)",
            "try(@A, @A)", "(@B ? @A : @A)", "coalesce(@A, @A)", "one(@L)", "element(@L, @N)", "@L[*].a",
            "sensitive(@A)",
        ],
    ),
];

/// A random expression of the two variables `var.a` and `var.b`, mostly with types that fit.
fn expression() -> impl Strategy<Value = String> {
    let leaf = |kind: &str| match kind {
        "B" => prop::sample::select(vec!["true", "var.a"]),
        "N" => prop::sample::select(vec!["2", "var.a"]),
        "T" => prop::sample::select(vec!["\"a\"", "var.a"]),
        "L" => prop::sample::select(vec!["[1, \"a\"]", "var.a"]),
        "M" => prop::sample::select(vec!["{a = 1}", "var.a"]),
        _ => prop::sample::select(vec!["null", "var.a", "var.b"]),
    };
    let mut level: Vec<(&str, BoxedStrategy<String>)> =
        TEMPLATES.iter().map(|(kind, _)| (*kind, leaf(kind).prop_map(str::to_owned).boxed())).collect();
    for _ in 0..4 {
        let of = |kind: &str| level.iter().find(|(name, _)| *name == kind).unwrap().1.clone();
        let filled = |template: &'static str| {
            let holes: Vec<_> = template.split('@').skip(1).map(|rest| of(&rest[..1])).collect();
            holes.prop_map(move |filling| {
                let mut parts = template.split('@');
                let first = parts.next().unwrap_or_default().to_owned();
                parts.zip(filling).fold(first, |text, (part, filling)| text + &filling + &part[1..])
            })
        };
        level = TEMPLATES
            .iter()
            .map(|(kind, templates)| {
                let templates = templates.iter().map(|template| filled(template).boxed());
                (*kind, proptest::strategy::Union::new(templates).boxed())
            })
            .collect();
    }
    prop_oneof![5 => level.pop().unwrap().1, 1 => call()]
}

/// A call of any function, with arguments of any type.
fn call() -> impl Strategy<Value = String> {
    let names: Vec<_> = signatures().map(|(name, _)| name).filter(|name| !LEFT_OUT.contains(name)).collect();
    let leaves = [
        "var.a", "var.a", "var.b", "0", "2", "true", "null", "\"\"", "\"a\"", "\"1\"", "\"a,b\"", "[]", "{}",
        "[1, \"a\"]", "{a = 1}",
    ];
    let leaf = prop::sample::select(leaves.map(str::to_owned).to_vec());
    leaf.prop_recursive(2, 12, 3, move |inner| {
        (prop::sample::select(names.clone()), prop::collection::vec(inner, 1..4))
            .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", ")))
    })
}

struct Variables(Value);

impl Names for Variables {
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        match root {
            "var" => Ok(Found::root(self.0.clone())),
            _ => Err(Box::new(unknown_name(root, steps, span, ["var"]))),
        }
    }
}

/// The value with the two variables; `None` where there is none. An expression that does not parse has none ever.
fn value(expression: &str, a: &Value, b: &Value) -> Option<Value> {
    let text = format!("${{{expression}}}");
    let template = Template::parse(&text, &Place::verbatim(FileId(0), 0, text.len())).ok()?;
    let names = Variables(Value::map([("a", a.clone()), ("b", b.clone())]));
    template.evaluate(&names, &Files::none()).ok()
}

/// Values of every type.
fn samples() -> Vec<Value> {
    let text = |text: &str| Value::from(text);
    vec![
        Value::Null,
        Value::from(0),
        Value::from(2),
        Value::from(1.5),
        Value::from(true),
        Value::from(false),
        text(""),
        text("1"),
        text("a"),
        Value::list([]),
        Value::list([Value::from(1)]),
        Value::list([text("a"), text("b"), text("a")]),
        Value::map::<&str>([]),
        Value::map([("a", Value::from(1))]),
        Value::map([("b", Value::list([text("x")]))]),
    ]
}

/// Whether `known` is what `early`, some of it unknown, promised. Marks aside.
fn keeps(early: &Value, known: &Value) -> bool {
    match (early.reveal(), known.reveal()) {
        (Value::Unknown(unknown), known) => known.is_null() || can_be(&shape_of(known), &unknown.shape),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| keeps(a, b)),
        (Value::Map(a), Value::Map(b)) => a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| keeps(a, b)),
        (a, b) => a == b,
    }
}

/// What a person who may not see sensitive values sees. Numbers are as good as their text here: which it is may hang
/// on the type of a sensitive value beside it (`tomap`), and types are no secret.
fn visible(value: &Value) -> Value {
    match value {
        Value::Sensitive(_) => Value::from("(sensitive)"),
        Value::Number(_) | Value::Bool(_) => Value::from(value.to_string()),
        Value::List(items) => Value::list(items.iter().map(visible)),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), visible(value)))),
        other => other.clone(),
    }
}

/// The same cases in every run, so that a failure is one of the change at hand; another seed finds other cases.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_known_early_stays_true(expression in expression(), b in prop::sample::select(samples())) {
        let unknown = Value::unknown(Shape::Any, "x");
        let early = value(&expression, &unknown, &b);
        for a in samples() {
            match (&early, value(&expression, &a, &b)) {
                (Some(early), Some(known)) => {
                    prop_assert!(keeps(early, &known), "{expression}\na = {a}, b = {b}\nearly {early}\nknown {known}");
                    prop_assert!(known.is_known(), "{expression} is never known");
                }
                // A fault found early is there whatever the value turns out to be.
                (None, Some(known)) => prop_assert!(false, "{expression}\na = {a}, b = {b}\nfails early, then {known}"),
                (_, None) => {}
            }
        }
        if let Some(early) = early && !early.is_known() {
            let waits: Vec<_> = early.waits_for().into_iter().collect();
            prop_assert_eq!(waits, ["x"]);
        }
    }

    #[test]
    fn nothing_visible_depends_on_what_is_sensitive(expression in expression(), b in prop::sample::select(samples())) {
        let text = |text: &str| Value::from(text);
        for (one, other) in [
            (text("a"), text("b")),
            (text("1"), text("x")),
            (text(""), text("a,b")),
            (Value::from(0), Value::from(2)),
            (Value::from(true), Value::from(false)),
            (Value::list([text("a")]), Value::list([text("b"), text("c")])),
            (Value::map([("a", Value::from(1))]), Value::map([("b", Value::from(2))])),
        ] {
            let results = (value(&expression, &one.clone().sensitive(), &b), value(&expression, &other.clone().sensitive(), &b));
            if let (Some(first), Some(second)) = &results {
                prop_assert_eq!(visible(first), visible(second), "{}\na = {} or {}, b = {}", expression, one, other, b);
            }
            // The mark changes nothing but the mark.
            let plain = value(&expression, &one, &b);
            let marked = results.0.map(super::convert::stripped);
            prop_assert_eq!(plain.map(super::convert::stripped), marked, "{}\na = {}, b = {}", expression, one, b);
        }
    }

    #[test]
    fn no_text_is_a_crash(parts in prop::collection::vec(
        prop_oneof![
            2 => prop::sample::select(vec![
                "${", "%{", "$${", "%%{", "}", "~}", "${~", "\"", "'", "(", ")", "[", "]", "{", ".", "..", "...", ",", ":", "?",
                "=>", "=", "==", "!", "-", "*", "[*]", ".*", " ", "\n", "\\", "\\n", "\\u00e", "<<E\n", "\nE\n", "<<-E\n", "if ",
                "else", "endif", "for ", " in ", "endfor", "var", ".a", "1", "1e", "9999999999999999999", "0x", "null",
                "upper(", "format(", "%d", "%[", "aws:x", "é", "🤷", "\u{0}", "/", "/*", "//", "#",
            ]).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ],
        0..24,
    ), open in any::<bool>()) {
        let mut text = parts.concat();
        if open {
            text = format!("${{{text}}}");
        }
        let names = Variables(Value::map([("a", Value::from(1))]));
        for place in [Place::verbatim(FileId(0), u32::MAX - 3, text.len()), Place::whole(Span::default())] {
            if let Ok(template) = Template::parse(&text, &place) {
                let _ = template.references();
                let _ = template.evaluate(&names, &Files::none());
            }
            let _ = parse_shape(&text, &place);
        }
    }

    #[test]
    fn no_argument_is_a_crash(
        name in prop::sample::select(signatures().map(|(name, _)| name).collect::<Vec<_>>()),
        arguments in prop::collection::vec(prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()),
            any::<f64>().prop_filter("a literal", |n| n.is_finite()).prop_map(|n| n.to_string()),
            prop::sample::select(vec![
                "null", "true", "[]", "{}", "-1", "1e308", "[[1], [2]]", "{a = [\"x\"]}", "\"%999d\"", "\"%[9]s\"", "\"%.9f\"",
                "\"::/0\"", "\"10.0.0.0/8\"", "\"2020-02-29T00:00:00Z\"", "\"1h\"", "\"-9999999h\"", "\"YYYY 'x\"", "\"/(/\"",
                "\"UTF-16\"", "\"dns\"", "\"\\u0000\"", "\"🤷🏻‍♀️\"", "\"a: [1\"", "\"a,b\\n1\"",
            ]).prop_map(str::to_owned),
            "[ -~é]{0,8}".prop_map(|text| serde_json::Value::from(text).to_string().replace("${", "").replace("%{", "")),
        ], 0..4),
    ) {
        let _ = value(&format!("{name}({})", arguments.join(", ")), &Value::Null, &Value::Null);
    }
}
