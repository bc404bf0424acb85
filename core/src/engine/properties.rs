//! What holds of canonical forms and of the diff, whatever the values are.

use proptest::prelude::*;

use super::canonical::canonical;
use super::declare::{Declaration, Phase, declare};
use super::diff::attributes;
use super::ignore::Ignored;
use super::tags::TagRules;
use crate::error::Span;
use crate::kind::{
    Absent, Address, Attribute, Block, DocumentKind, Facts, Instance, Lifecycle, Literal, Map, Observed, Owned, Owner,
    Status, Timeouts, Type, Value,
};

const PORT: Attribute =
    Attribute { name: "port", ty: Type::Int, absent: Absent::Default(Literal::Int(80)), ..Attribute::PLAIN };
const NETWORKS: Attribute = Attribute { name: "networks", ty: Type::Set(&Type::Cidr), ..Attribute::PLAIN };
const NUMBER: Attribute =
    Attribute { name: "number", ty: Type::Int, absent: Absent::Aws("AWS counts"), ..Attribute::PLAIN };
const RULE: Block = Block { doc: "", attributes: &[PORT, NETWORKS, NUMBER], rules: &[] };
const THING: Block = Block {
    doc: "",
    attributes: &[
        Attribute { name: "rule", ty: Type::Set(&Type::Block(&RULE)), ..Attribute::PLAIN },
        Attribute { name: "step", ty: Type::List(&Type::Block(&RULE)), ..Attribute::PLAIN },
        Attribute { name: "labels", ty: Type::Map(&Type::String), ..Attribute::PLAIN },
        Attribute { name: "policy", ty: Type::Document(DocumentKind::Policy), ..Attribute::PLAIN },
        Attribute { name: "size", ty: Type::Int, absent: Absent::Default(Literal::Int(7)), ..Attribute::PLAIN },
        Attribute { name: "zone", absent: Absent::Aws("AWS picks"), ..Attribute::PLAIN },
    ],
    rules: &[],
};
static FACTS: Facts = Facts { name: "thing", declared: &THING, ..Facts::REGIONAL };

fn maybe(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 3 => value].boxed()
}

fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let pairs = move |values: Vec<Value>| Value::map(names.iter().copied().zip(values));
    values.prop_map(pairs).boxed()
}

fn list(item: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop::collection::vec(item, 0..4).prop_map(Value::list).boxed()
}

fn network() -> BoxedStrategy<Value> {
    let v4 = (0..4_u8, 0..3_u8, 8..25_u8).prop_map(|(a, b, bits)| Value::from(format!("10.{a}.{b}.1/{bits}")));
    prop_oneof![v4, Just(Value::from("2001:DB8::/32")), Just(Value::from("::/0"))].boxed()
}

fn rule() -> BoxedStrategy<Value> {
    let port = prop_oneof![(1..4_i64).prop_map(Value::from), (1..4_i64).prop_map(|n| Value::from(n.to_string()))];
    object(vec![
        ("port", maybe(port)),
        ("networks", list(network())),
        ("number", maybe((1..3_i64).prop_map(Value::from))),
    ])
}

fn words(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop_oneof![
        prop::sample::select(words).prop_map(Value::from),
        prop::collection::vec(prop::sample::select(words), 1..4)
            .prop_map(|all| Value::list(all.into_iter().map(Value::from))),
    ]
    .boxed()
}

fn policy() -> BoxedStrategy<Value> {
    let statement = object(vec![
        ("Effect", prop_oneof![Just(Value::from("Allow")), Just(Value::from("Deny"))].boxed()),
        ("Action", words(&["s3:GetObject", "s3:PutObject", "sts:AssumeRole", "*"])),
        ("Resource", words(&["*", "arn:aws:s3:::a", "arn:aws:s3:::A"])),
        (
            "Principal",
            maybe(prop_oneof![
                Just(Value::from("*")),
                words(&["123456789012", "arn:aws:iam::210987654321:root", "arn:aws:iam::1:user/x"])
                    .prop_map(|aws| Value::map([("AWS", aws)])),
            ]),
        ),
    ]);
    list(statement).prop_map(|all| Value::map([("Version", Value::from("2012-10-17")), ("Statement", all)])).boxed()
}

fn thing() -> BoxedStrategy<Map> {
    let labels = prop::collection::btree_map("[a-c]", "[x-z]", 0..3)
        .prop_map(|map| Value::map(map.into_iter().map(|(k, v)| (k, Value::from(v)))));
    object(vec![
        ("rule", list(rule())),
        ("step", list(rule())),
        ("labels", labels.boxed()),
        ("policy", maybe(policy())),
        ("size", maybe((1..9_i64).prop_map(Value::from))),
        ("zone", maybe(Just(Value::from("a")))),
    ])
    .prop_map(|value| value.as_map().cloned().unwrap_or_default())
    .boxed()
}

/// The same policy as AWS might report it: turned around, in lists or not, in other case, as a text.
fn rewritten(policy: &Value, turn: bool) -> Value {
    fn many(value: &Value, turn: bool, each: &dyn Fn(&str) -> String) -> Value {
        let items = value.as_list().unwrap_or(std::slice::from_ref(value));
        let mut items: Vec<Value> = items.iter().filter_map(|v| Some(Value::from(each(v.as_str()?)))).collect();
        items.reverse();
        match items.as_slice() {
            [one] if turn => one.clone(),
            [first, ..] if turn => Value::list([first.clone()].into_iter().chain(items.iter().cloned())),
            _ => Value::list(items),
        }
    }
    let statement = |statement: &Value| {
        let parts = statement.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
        Value::map(parts.map(|(key, value)| {
            let value = match key.as_str() {
                "Action" => many(value, turn, &|text| if turn { text.to_uppercase() } else { text.to_lowercase() }),
                "Resource" => many(value, turn, &str::to_owned),
                "Principal" if value.as_str() == Some("*") => Value::map([("AWS", Value::list([Value::from("*")]))]),
                "Principal" => Value::map([(
                    "AWS",
                    many(value.get("AWS"), turn, &|text| match text {
                        "123456789012" => "arn:aws:iam::123456789012:root".to_owned(),
                        "arn:aws:iam::210987654321:root" => "210987654321".to_owned(),
                        other => other.to_owned(),
                    }),
                )]),
                _ => value.clone(),
            };
            (key.clone(), value)
        }))
    };
    let mut statements: Vec<Value> =
        policy.get("Statement").as_list().unwrap_or_default().iter().map(statement).collect();
    statements.reverse();
    let document = Value::map([("Statement", Value::list(statements)), ("Version", policy.get("Version").clone())]);
    if turn { Value::from(document.to_json().unwrap_or_default().to_string()) } else { document }
}

fn declared(evaluated: &Map, observed: Option<&Observed>) -> Map {
    let instance = Instance {
        address: Address::plain("thing"),
        kind: "thing",
        facts: &FACTS,
        region: "eu-west-3".to_owned(),
        role_arn: None,
        references: Vec::new(),
        lifecycle: Lifecycle::default(),
        timeouts: Timeouts::default(),
        written: evaluated.keys().cloned().collect(),
        span: Span::default(),
    };
    let declaration = Declaration {
        owner: &Owner::new("s", "e"),
        account: "123456789012",
        facts: &FACTS,
        instance: &instance,
        evaluated,
        trigger: &Value::Null,
        generation: 1,
        tag_rules: &TagRules::default(),
    };
    declare(declaration, Phase::Whole, observed).attributes
}

fn observed(attributes: Map) -> Observed {
    Observed {
        kind: "thing",
        role_arn: None,
        region: "eu-west-3".to_owned(),
        id: "t-1".to_owned(),
        owned: Owned::Foreign(None),
        status: Status::Usable,
        attributes,
        outputs: Map::new(),
        tags: std::collections::BTreeMap::new(),
    }
}

proptest! {
    #[test]
    fn a_canonical_form_is_its_own(thing in thing()) {
        for attribute in THING.attributes {
            let once = canonical(attribute, thing.get(attribute.name).unwrap_or(&Value::Null));
            prop_assert_eq!(canonical(attribute, &once), once);
        }
    }

    #[test]
    fn a_policy_has_one_form_however_it_is_reported(policy in policy(), turn in any::<bool>()) {
        let attribute = THING.attribute("policy").unwrap();
        prop_assert_eq!(canonical(attribute, &rewritten(&policy, turn)), canonical(attribute, &policy));
    }

    #[test]
    fn what_was_just_created_differs_in_nothing(thing in thing()) {
        let live = declared(&thing, None);
        prop_assert_eq!(attributes(&THING, &thing, &live, &Ignored::default()), vec![]);
    }

    /// What an update sends satisfies the declaration, whatever was there before.
    #[test]
    fn what_was_just_updated_differs_in_nothing(thing in thing(), before in thing()) {
        let live = declared(&thing, Some(&observed(before)));
        prop_assert_eq!(attributes(&THING, &thing, &live, &Ignored::default()), vec![]);
    }

    /// What is ignored stays as it was, and is no change.
    #[test]
    fn what_is_ignored_never_differs(thing in thing(), before in thing()) {
        let all: Vec<String> = THING.attributes.iter().map(|attribute| attribute.name.to_owned()).collect();
        prop_assert_eq!(attributes(&THING, &thing, &before, &Ignored::new(&all)), vec![]);
    }
}
