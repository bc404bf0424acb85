//! Documents compared by meaning: JSON, and IAM policies.
//!
//! What AWS rewrites in policies: one-element lists and texts, order, the case of actions, and an account's number
//! for the ARN of its root. Source: the IAM reference of policy elements.

use super::canonical::{plain, text};
use crate::kind::{Map, Value};

/// The version that a policy without one has.
const DEFAULT_VERSION: &str = "2008-10-17";

/// The document that a value holds: a text of JSON is read, anything else is the document itself.
#[must_use]
pub fn parse(value: &Value) -> Value {
    match value.as_str().map(serde_json::from_str::<serde_json::Value>) {
        Some(Ok(json)) => Value::from_json(&json),
        _ => plain(value),
    }
}

/// A policy in canonical form; what has no statements stays as it is.
#[must_use]
pub fn policy(document: &Value) -> Value {
    let Some(map) = document.as_map().filter(|map| map.contains_key("Statement")) else {
        return document.clone();
    };
    let mut policy = Map::from([("Version".to_owned(), Value::from(DEFAULT_VERSION))]);
    for (key, value) in map {
        let value = match key.as_str() {
            "Statement" => set(value, statement),
            _ => value.clone(),
        };
        if !says_nothing(&value) {
            policy.insert(key.clone(), value);
        }
    }
    Value::from(policy)
}

fn statement(statement: &Value) -> Value {
    let Some(map) = statement.as_map() else { return statement.clone() };
    let parts = map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Principal" | "NotPrincipal" => principals(value),
            "Action" | "NotAction" => set(value, lower),
            "Resource" | "NotResource" => set(value, Value::clone),
            "Condition" => conditions(value),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::map(parts.filter(|(_, value)| !says_nothing(value)))
}

/// `"*"` means the same as `{"AWS": "*"}`.
fn principals(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| match key.as_str() {
            "AWS" => (key.clone(), set(value, account)),
            _ => (key.clone(), set(value, Value::clone)),
        })),
        Value::String(_) => Value::map([("AWS", set(value, account))]),
        other => other.clone(),
    }
}

/// The root of an account is written as its number.
fn account(value: &Value) -> Value {
    let root = value.as_str().and_then(|text| {
        let (partition, rest) = text.strip_prefix("arn:")?.split_once(":iam::")?;
        let number = rest.strip_suffix(":root")?;
        let plain = number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit());
        (partition.starts_with("aws") && plain).then(|| Value::from(number))
    });
    root.unwrap_or_else(|| text(value))
}

/// Keys of conditions know no case; their values are texts, of which one is as good as a list of one.
fn conditions(value: &Value) -> Value {
    let Some(operators) = value.as_map() else { return value.clone() };
    Value::map(operators.iter().map(|(operator, tests)| {
        let tests = match tests.as_map() {
            Some(tests) => Value::map(tests.iter().map(|(key, values)| (key.to_lowercase(), set(values, text)))),
            None => tests.clone(),
        };
        (operator.clone(), tests)
    }))
}

fn lower(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(text.to_lowercase()))
}

/// A set of one or more: sorted, without duplicates. What is not known yet stays unknown.
fn set(value: &Value, form: impl Fn(&Value) -> Value) -> Value {
    if value.is_unknown() || value.is_null() {
        return value.clone();
    }
    let items = value.as_list().unwrap_or(std::slice::from_ref(value));
    let mut items: Vec<Value> = items.iter().filter(|item| !item.is_null()).map(form).collect();
    items.sort_by(Value::order);
    items.dedup();
    Value::list(items)
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_map().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> Value {
        policy(&parse(&Value::from(json)))
    }

    const READ: &str =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;

    #[test]
    fn policies_of_one_meaning_are_equal() {
        for (a, b) in [
            (
                READ,
                r#"{"Statement": {"Resource": ["*"], "Action": ["s3:getobject", "s3:GetObject"], "Effect": "Allow", "Sid": ""}, "Version": "2012-10-17"}"#,
            ),
            (r#"{"Statement": []}"#, r#"{"Version": "2008-10-17", "Statement": []}"#),
            (
                r#"{"Statement": {"Principal": {"AWS": "123456789012"}}}"#,
                r#"{"Statement": [{"Principal": {"AWS": ["arn:aws:iam::123456789012:root"]}}]}"#,
            ),
            (r#"{"Statement": {"Principal": "*"}}"#, r#"{"Statement": {"Principal": {"AWS": ["*"]}}}"#),
            (
                r#"{"Statement": {"Condition": {"Bool": {"aws:SecureTransport": false}}}}"#,
                r#"{"Statement": {"Condition": {"Bool": {"aws:securetransport": ["false"]}}}}"#,
            ),
            (
                r#"{"Statement": [{"Sid": "a", "Effect": "Deny"}, {"Sid": "b", "Effect": "Allow"}]}"#,
                r#"{"Statement": [{"Sid": "b", "Effect": "Allow"}, {"Sid": "a", "Effect": "Deny"}]}"#,
            ),
        ] {
            assert_eq!(canonical(a), canonical(b), "{a}\n{b}");
        }
    }

    #[test]
    fn policies_of_different_meaning_are_not() {
        for other in [
            READ.replace("Allow", "Deny"),
            READ.replace("s3:GetObject", "s3:PutObject"),
            READ.replace("\"*\"", "\"arn:aws:s3:::X\""),
            READ.replace("2012-10-17", "2008-10-17"),
            READ.replace("Resource", "NotResource"),
        ] {
            assert_ne!(canonical(READ), canonical(&other), "{other}");
        }
        let resource = |name: &str| canonical(&READ.replace("\"*\"", &format!("\"arn:aws:s3:::{name}\"")));
        assert_ne!(resource("files"), resource("Files"), "resources know case");
    }

    #[test]
    fn what_is_no_policy_stays_as_it_is() {
        assert_eq!(canonical("no JSON"), Value::from("no JSON"));
        assert_eq!(canonical("[1]"), Value::list([Value::from(1)]));
    }
}
