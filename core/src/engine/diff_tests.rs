use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::kind::{Attributes, Cidr, Policy, Secret, Shape};

/// A rule of a group.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Rule {
    /// First port.
    from_port: i64,
    /// Networks.
    cidr_blocks: BTreeSet<Cidr>,
    /// Words.
    #[attr(default = "")]
    description: String,
    /// Its number.
    #[attr(aws_default = "AWS counts them")]
    number: Option<i64>,
}

/// A thing with an attribute of each sort.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Thing {
    /// Its network.
    #[attr(create_only)]
    cidr_block: Option<Cidr>,
    /// Its size.
    #[attr(default = 20)]
    size: i64,
    /// Its zone.
    #[attr(aws_default = "AWS picks one")]
    zone: Option<String>,
    /// Its rules.
    #[attr(settled)]
    ingress: BTreeSet<Rule>,
    /// Its steps.
    step: Vec<Rule>,
    /// Its labels.
    labels: BTreeMap<String, String>,
    /// Its policy.
    policy: Option<Policy>,
    /// Its logging.
    logging: Option<Rule>,
    /// Its engine.
    #[attr(same = version_begins)]
    engine_version: Option<String>,
    /// Its password.
    #[attr(write_only)]
    password: Option<Secret>,
    /// When to send the password again.
    password_version: Option<i64>,
}

impl PartialEq for Rule {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Rule {}
impl PartialOrd for Rule {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Rule {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn version_begins(declared: &Value, observed: &Value) -> bool {
    matches!((declared.as_str(), observed.as_str()), (Some(d), Some(o)) if o == d || o.starts_with(&format!("{d}.")))
}

fn map(json: &str) -> Map {
    Value::from_json(&serde_json::from_str(json).unwrap()).as_map().cloned().unwrap()
}

/// `name: before -> after`, with `!` where a replacement is forced.
fn words(changes: &[AttributeChange]) -> Vec<String> {
    let word =
        |c: &AttributeChange| format!("{}{}: {} -> {}", c.name, if c.forces { "!" } else { "" }, c.before, c.after);
    changes.iter().map(word).collect()
}

#[test]
fn only_what_the_stack_has_an_opinion_on_is_compared() {
    for (declared, observed, want) in [
        // Defaults are opinions; what AWS chooses is none; null is absent.
        ("{}", r#"{"size": 20, "zone": "a"}"#, vec![]),
        ("{}", r#"{"size": 30}"#, vec!["size: 30 -> 20"]),
        (r#"{"zone": "a"}"#, r#"{"size": 20, "zone": "b"}"#, vec![r#"zone: "b" -> "a""#]),
        (r#"{"zone": null, "labels": {}}"#, r#"{"size": "20", "zone": "b"}"#, vec![]),
        // A create-only attribute forces; host bits do not matter.
        (r#"{"cidr_block": "10.0.1.1/8"}"#, r#"{"size": 20, "cidr_block": "10.0.0.0/8"}"#, vec![]),
        (
            r#"{"cidr_block": "10.0.0.0/8"}"#,
            r#"{"size": 20, "cidr_block": "11.0.0.0/8"}"#,
            vec![r#"cidr_block!: "11.0.0.0/8" -> "10.0.0.0/8""#],
        ),
        // Removing a line resets it.
        ("{}", r#"{"size": 20, "labels": {"a": "b"}}"#, vec![r#"labels: {"a": "b"} -> {}"#]),
        ("{}", r#"{"size": 20, "logging": {"from_port": 1}}"#, vec![r#"logging: {"from_port": 1} -> null"#]),
        // The attribute's own sameness.
        (r#"{"engine_version": "16"}"#, r#"{"size": 20, "engine_version": "16.8"}"#, vec![]),
        (
            r#"{"engine_version": "16"}"#,
            r#"{"size": 20, "engine_version": "17.1"}"#,
            vec![r#"engine_version: "17.1" -> "16""#],
        ),
        // Write-only attributes and their versions are no business of this comparison.
        (r#"{"password": "x", "password_version": 2}"#, r#"{"size": 20}"#, vec![]),
        // Policies by meaning.
        (
            r#"{"policy": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject"}}}"#,
            r#"{"size": 20, "policy": "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Action\":[\"s3:getobject\"],\"Effect\":\"Allow\"}]}"}"#,
            vec![],
        ),
    ] {
        let changes = attributes(&Thing::BLOCK, &map(declared), &map(observed), &Ignored::default());
        assert_eq!(words(&changes), want, "{declared} {observed}");
    }
}

#[test]
fn blocks_are_compared_by_their_own_opinions() {
    let ssh = r#"{"from_port": 22, "cidr_blocks": ["10.0.0.0/8"]}"#;
    let live_ssh = r#"{"from_port": "22", "cidr_blocks": ["10.0.0.0/8"], "description": "", "number": 7}"#;
    let web = r#"{"from_port": 443, "cidr_blocks": ["0.0.0.0/0"], "description": "web"}"#;
    for (attribute, declared, observed, same) in [
        ("ingress", format!("[{ssh}, {web}]"), format!("[{web}, {live_ssh}]"), true),
        ("ingress", format!("[{ssh}]"), format!("[{web}, {live_ssh}]"), false),
        ("ingress", format!("[{ssh}, {web}]"), format!("[{web}]"), false),
        ("step", format!("[{ssh}, {web}]"), format!("[{live_ssh}, {web}]"), true),
        ("step", format!("[{ssh}, {web}]"), format!("[{web}, {live_ssh}]"), false),
        ("logging", ssh.to_owned(), live_ssh.to_owned(), true),
        ("logging", ssh.to_owned(), "null".to_owned(), false),
        // The first fits both, the second only one: they are paired, not taken greedily.
        (
            "ingress",
            r#"[{"from_port": 1}, {"from_port": 1, "number": 2}]"#.to_owned(),
            r#"[{"from_port": 1, "number": 2}, {"from_port": 1, "number": 3}]"#.to_owned(),
            true,
        ),
    ] {
        let declared = map(&format!(r#"{{"{attribute}": {declared}}}"#));
        let observed = map(&format!(r#"{{"size": 20, "{attribute}": {observed}}}"#));
        let changes = attributes(&Thing::BLOCK, &declared, &observed, &Ignored::default());
        assert_eq!(changes.is_empty(), same, "{declared:?} {observed:?} {changes:?}");
    }
}

#[test]
fn what_is_not_known_yet_differs() {
    let unknown = |name: &str| Map::from([(name.to_owned(), Value::unknown(Shape::String, "vpc"))]);
    let observed = map(r#"{"size": 20, "zone": "a", "cidr_block": "10.0.0.0/8"}"#);
    let diff = |declared: &Map| words(&attributes(&Thing::BLOCK, declared, &observed, &Ignored::default()));
    let mut create_only = unknown("cidr_block");
    assert_eq!(diff(&create_only), [r#"cidr_block!: "10.0.0.0/8" -> (known after apply)"#]);
    create_only.insert("zone".to_owned(), Value::from("a"));
    assert_eq!(diff(&create_only).len(), 1);
    let mut elsewhere = unknown("zone");
    elsewhere.insert("cidr_block".to_owned(), Value::from("10.0.0.0/8"));
    assert_eq!(diff(&elsewhere), [r#"zone: "a" -> (known after apply)"#]);
}

#[test]
fn ignored_paths_keep_what_lives() {
    let ignored = Ignored::new(&["size".to_owned(), r#"labels["a"]"#.to_owned()]);
    let declared = map(r#"{"labels": {"a": "1", "b": "1"}}"#);
    let observed = map(r#"{"size": 30, "labels": {"a": "2", "b": "1"}}"#);
    assert_eq!(words(&attributes(&Thing::BLOCK, &declared, &observed, &ignored)), [""; 0]);
    let observed = map(r#"{"size": 30, "labels": {"a": "2", "b": "2"}}"#);
    let changes = attributes(&Thing::BLOCK, &declared, &observed, &ignored);
    assert_eq!(words(&changes), [r#"labels: {"a": "2", "b": "2"} -> {"a": "2", "b": "1"}"#]);
}

#[test]
fn secrets_are_said_to_be_set_and_nothing_more() {
    let declared = Map::from([("zone".to_owned(), Value::from("hunter2").sensitive())]);
    let changes = attributes(&Thing::BLOCK, &declared, &map(r#"{"size": 20, "zone": "hunter1"}"#), &Ignored::default());
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(change.sensitive);
    assert!(!format!("{:?} {:?}", change.after.to_json(), change.before.to_json()).contains("hunter"));
}

const FACTS: Facts = Facts { name: "thing", declared: &Thing::BLOCK, ..Facts::REGIONAL };

#[test]
fn a_write_only_attribute_is_sent_again_when_its_version_says_so() {
    for (declared, live, want) in [
        (r#"{"password": "x", "password_version": 1}"#, Some("1"), vec![]),
        (r#"{"password_version": 1}"#, Some("1"), vec![]),
        (r#"{"password": "x", "password_version": 2}"#, Some("1"), vec!["password_version: 1 -> 2"]),
        (r#"{"password": "x", "password_version": 1}"#, None, vec!["password_version: null -> 1"]),
        (r#"{"password": "x"}"#, Some("1"), vec![]),
        ("{}", None, vec![]),
    ] {
        let live: Tags = live.into_iter().map(|v| ("clefctl:password_version".to_owned(), v.to_owned())).collect();
        assert_eq!(words(&versions(&FACTS, &map(declared), &live)), want, "{declared} {live:?}");
    }
}

#[test]
fn tags_are_owned_whole_except_those_of_others() {
    let marks = Tags::from([(tag::STACK.to_owned(), "s/dev".to_owned())]);
    let lifecycle = Lifecycle { ignore_changes: vec![r#"tags["kept"]"#.to_owned()], ..Lifecycle::default() };
    let rules = TagRules::new(&["cost-*".to_owned()]);
    for (declared, live, want) in [
        (r#"{"a": "1"}"#, r#"{"clefctl:stack": "s/dev", "a": "1", "aws:x": "y", "cost-x": "y"}"#, None),
        (r#"{"a": "1"}"#, r#"{"clefctl:stack": "s/dev", "b": "1"}"#, Some(r#"tags: {"b": "1"} -> {"a": "1"}"#)),
        ("{}", r#"{"clefctl:stack": "s/dev", "kept": "1"}"#, None),
        (r#"{"kept": "2"}"#, r#"{"clefctl:stack": "s/dev", "kept": "1"}"#, None),
        (
            "{}",
            r#"{"clefctl:stack": "x/dev"}"#,
            Some(r#"tags: {"clefctl:stack": "x/dev"} -> {"clefctl:stack": "s/dev"}"#),
        ),
        ("{}", "{}", Some(r#"tags: {} -> {"clefctl:stack": "s/dev"}"#)),
    ] {
        let observed = Observed {
            kind: "thing",
            role_arn: None,
            region: "eu-west-3".to_owned(),
            id: "t-1".to_owned(),
            owned: crate::kind::Owned::Foreign(None),
            status: crate::kind::Status::Usable,
            attributes: Map::new(),
            outputs: Map::new(),
            tags: map(live).iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect(),
        };
        let declared = Map::from([("tags".to_owned(), Value::from(map(declared)))]);
        let change = tags(&observed, &declared, &marks, &lifecycle, &rules);
        assert_eq!(change.map(|c| words(&[c]).concat()).as_deref(), want, "{declared:?} {live}");
    }
}
