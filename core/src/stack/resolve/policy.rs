//! What IAM's grammar makes of a policy, so that a slip in it shows in `validate` and not in the middle of an apply.
//!
//! Source: "Grammar of the IAM JSON policy language" and its notes, IAM user guide. What is not known yet is not tested;
//! nor is whether actions, principals and keys of conditions exist, which nobody lists for good.

use super::super::expression::nearest;
use super::super::tree::{Branch, Tree, TreeValue};
use super::Resolver;
use crate::error::{Problem, Span};
use crate::kind::{Map, PolicyKind, Value};

const ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
const PRINCIPALS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
const OPERATORS: [&str; 27] = [
    "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
    "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
    "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
    "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
    "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
];
/// The version in which policies have variables; IAM keeps managed policies in no other.
const CURRENT: &str = "2012-10-17";
const OLD: &str = "2008-10-17";

impl Resolver<'_> {
    /// Tests a policy, or each one of a map of them.
    pub(super) fn policies(&mut self, tree: &Tree, kind: PolicyKind, value: &Value, several: bool) {
        match value {
            Value::Map(map) if several => {
                for (key, value) in map.iter() {
                    self.policies(below(tree, key), kind, value, false);
                }
            }
            Value::Map(map) => {
                let mut found = Found { kind, problems: Vec::new() };
                found.policy(tree, map);
                self.problems.append(&mut found.problems);
            }
            _ => {}
        }
    }
}

struct Found {
    kind: PolicyKind,
    problems: Vec<Problem>,
}

impl Found {
    fn policy(&mut self, tree: &Tree, policy: &Map) {
        self.names(tree, policy, &ELEMENTS, "element of a policy");
        self.version(tree, policy);
        match policy.get("Statement") {
            None if policy.keys().all(|key| ELEMENTS.contains(&key.as_str())) => {
                self.wrong(tree.span, "a policy needs `Statement`");
            }
            Some(Value::List(statements)) => {
                let written = below(tree, "Statement");
                for (at, statement) in statements.iter().enumerate() {
                    self.statement(place(written, at, statements.len(), statement), statement);
                }
                self.sids(written, statements);
            }
            Some(one) => self.statement(below(tree, "Statement"), one),
            None => {}
        }
    }

    fn version(&mut self, tree: &Tree, policy: &Map) {
        let problem = match policy.get("Version").map(Value::as_str) {
            None | Some(Some(OLD)) if self.kind == PolicyKind::Managed => {
                Problem::error(format!("a managed policy needs `Version: \"{CURRENT}\"`"))
            }
            // What is written as `$${aws:username}`.
            None | Some(Some(OLD)) if policy.get("Statement").is_some_and(has_variable) => {
                Problem::error(format!("without `Version: \"{CURRENT}\"` AWS takes `${{…}}` in a policy literally"))
            }
            None | Some(None | Some(CURRENT | OLD)) => return,
            Some(Some(_)) => Problem::error("this is no version of the policy language")
                .hint(format!("Write `Version: \"{CURRENT}\"`.")),
        };
        self.problems.push(problem.at(below(tree, "Version").span));
    }

    fn statement(&mut self, tree: &Tree, statement: &Value) {
        let map = match statement {
            Value::Map(map) => map,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::List(_) => {
                return self.wrong(tree.span, "a statement of a policy is a mapping");
            }
            _ => return,
        };
        let before = self.problems.len();
        self.names(tree, map, &STATEMENT, "element of a statement");
        let misspelt = self.problems.len() > before;
        match map.get("Effect") {
            None if misspelt => {}
            None => self.wrong(tree.span, "a statement needs `Effect`: `Allow` or `Deny`"),
            Some(Value::String(effect)) if !matches!(&**effect, "Allow" | "Deny") => {
                self.wrong(below(tree, "Effect").span, "`Effect` is `Allow` or `Deny`");
            }
            Some(_) => {}
        }
        let (pair, on) = (["Action", "NotAction"], ["Resource", "NotResource"]);
        self.exactly_one(tree, map, pair, misspelt);
        match self.kind {
            PolicyKind::Trust => self.none(tree, map, on, "a trust policy says who may take on the role, not on what"),
            PolicyKind::Resource => self.at_most_one(tree, map, on),
            PolicyKind::Identity | PolicyKind::Managed => self.exactly_one(tree, map, on, misspelt),
        }
        let who = ["Principal", "NotPrincipal"];
        match self.kind {
            PolicyKind::Identity | PolicyKind::Managed => {
                self.none(tree, map, who, "a policy of an identity holds for whoever has it");
            }
            PolicyKind::Trust | PolicyKind::Resource => self.exactly_one(tree, map, who, misspelt),
        }
        for name in pair {
            self.texts(tree, map, name, is_action, "an action is `service:Action`, such as `s3:GetObject`, or `*`");
        }
        for name in on {
            self.texts(tree, map, name, is_resource, "a resource is an ARN, with or without wildcards, or `*`");
        }
        for name in who {
            self.principal(tree, map, name);
        }
        self.conditions(tree, map);
    }

    fn principal(&mut self, tree: &Tree, statement: &Map, name: &str) {
        let tree = below(tree, name);
        match statement.get(name) {
            Some(Value::Map(map)) => self.names(tree, map, &PRINCIPALS, "sort of principal"),
            Some(Value::String(text)) if &**text != "*" => {
                let sort = if text.ends_with(".amazonaws.com") { "Service" } else { "AWS" };
                let problem = Problem::error(format!("`{name}` is `*` or a mapping")).at(tree.span);
                self.problems.push(problem.hint(format!("Write `{name}: {{{sort}: …}}`.")));
            }
            Some(Value::List(_)) => self.wrong(tree.span, &format!("`{name}` is `*` or a mapping")),
            _ => {}
        }
    }

    fn conditions(&mut self, tree: &Tree, statement: &Map) {
        let Some(conditions) = statement.get("Condition") else { return };
        let tree = below(tree, "Condition");
        let Value::Map(conditions) = conditions else {
            if let Value::String(_) | Value::List(_) = conditions {
                self.wrong(tree.span, "`Condition` is a mapping of operators");
            }
            return;
        };
        for (operator, keys) in conditions.iter() {
            let at = branch(tree, operator).map_or(tree.span, |branch| branch.key_span);
            let plain = operator.split_once(':').map_or(&**operator, |(_, plain)| plain);
            let plain = plain.strip_suffix("IfExists").unwrap_or(plain);
            if !OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(plain)) {
                let problem = Problem::error(format!("`{operator}` is no operator of conditions")).at(at);
                self.problems.push(match nearest(plain, OPERATORS) {
                    Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                    None => problem.hint("Such as `StringEquals: {aws:SourceAccount: …}`."),
                });
            } else if let Value::String(_) | Value::List(_) = keys {
                self.wrong(at, &format!("`{operator}` is a mapping of keys, such as `aws:SourceAccount`, to values"));
            }
        }
    }

    /// IAM wants names of statements to be unique, in letters and digits; other services mind less.
    fn sids(&mut self, tree: &Tree, statements: &[Value]) {
        let sid =
            |statement: &Value| Some(statement.as_map()?.get("Sid")?.as_str()?.to_owned()).filter(|s| !s.is_empty());
        for (at, statement) in statements.iter().enumerate() {
            let Some(name) = sid(statement).filter(|_| self.kind != PolicyKind::Resource) else { continue };
            let span = below(place(tree, at, statements.len(), statement), "Sid").span;
            if statements[..at].iter().any(|other| sid(other).as_ref() == Some(&name)) {
                self.wrong(span, "another statement of this policy has this `Sid`");
            } else if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
                self.wrong(span, "a `Sid` is made of letters and digits");
            }
        }
    }

    /// Reports keys that do not belong there.
    fn names(&mut self, tree: &Tree, map: &Map, known: &[&'static str], noun: &str) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = branch(tree, key).map_or(tree.span, |branch| branch.key_span);
            let problem = Problem::error(format!("`{key}` is no {noun}")).at(at);
            self.problems.push(match nearest(key, known.iter().copied()) {
                Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                None => problem.hint(format!("There are {}.", known.join(", "))),
            });
        }
    }

    fn exactly_one(&mut self, tree: &Tree, map: &Map, pair: [&str; 2], misspelt: bool) {
        let [name, not] = pair;
        if !misspelt && !pair.iter().any(|name| map.contains_key(*name)) {
            self.wrong(tree.span, &format!("a statement needs `{name}` or `{not}` here"));
        }
        self.at_most_one(tree, map, pair);
    }

    fn at_most_one(&mut self, tree: &Tree, map: &Map, pair: [&str; 2]) {
        let [name, not] = pair;
        if pair.iter().all(|name| map.contains_key(*name)) {
            self.wrong(below(tree, not).span, &format!("`{name}` and `{not}` exclude each other"));
        }
    }

    fn none(&mut self, tree: &Tree, map: &Map, pair: [&str; 2], why: &str) {
        for name in pair.iter().filter(|name| map.contains_key(**name)) {
            let at = branch(tree, name).map_or(tree.span, |branch| branch.key_span);
            self.wrong(at, &format!("`{name}` does not belong here: {why}"));
        }
    }

    fn texts(&mut self, tree: &Tree, map: &Map, name: &str, fits: fn(&str) -> bool, message: &str) {
        let tree = below(tree, name);
        match map.get(name) {
            Some(Value::List(items)) => {
                for (at, item) in
                    items.iter().enumerate().filter(|(_, item)| item.as_str().is_some_and(|text| !fits(text)))
                {
                    self.wrong(place(tree, at, items.len(), item).span, message);
                }
            }
            Some(Value::String(text)) if fits(text) => {}
            Some(Value::String(_) | Value::Map(_) | Value::Number(_) | Value::Bool(_)) => {
                self.wrong(tree.span, message);
            }
            _ => {}
        }
    }

    fn wrong(&mut self, at: Span, message: &str) {
        self.problems.push(Problem::error(message).at(at));
    }
}

fn is_action(text: &str) -> bool {
    text == "*" || text.split_once(':').is_some_and(|(service, action)| !service.is_empty() && !action.is_empty())
}

fn is_resource(text: &str) -> bool {
    text.starts_with("arn:") || text.starts_with(['*', '?'])
}

/// Whether a text somewhere has a policy variable.
fn has_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::List(items) => items.iter().any(has_variable),
        Value::Map(map) => map.values().any(has_variable),
        _ => false,
    }
}

fn branch<'a>(tree: &'a Tree, key: &str) -> Option<&'a Branch> {
    match &tree.value {
        TreeValue::Map(entries) => entries.iter().find(|branch| &*branch.key == key),
        _ => None,
    }
}

/// What the file says of a key; where it does not say it there, the whole.
fn below<'a>(tree: &'a Tree, key: &str) -> &'a Tree {
    branch(tree, key).map_or(tree, |branch| &branch.value)
}

/// What the file says of an item of a list: some may have been left out, by `when` or because they are null.
fn place<'a>(tree: &'a Tree, at: usize, count: usize, item: &Value) -> &'a Tree {
    let TreeValue::List(trees) = &tree.value else { return tree };
    let sid = |tree: &&Tree| match (item.as_map().and_then(|map| map.get("Sid")), &below(tree, "Sid").value) {
        (Some(Value::String(sid)), TreeValue::Text(text)) => sid == text,
        _ => false,
    };
    let same = if trees.len() == count { trees.get(at) } else { trees.iter().find(sid) };
    same.unwrap_or(tree)
}
