//! What topics and subscriptions share: the marks of subscriptions, which take no tags of their own.
//!
//! A mark is a tag of the topic, `clefctl:subscription:<hash of protocol and endpoint>`. It holds what would stand in
//! the subscription's own tags.

use clefctl_core::kind::{Tags, Value, short_hash, tag};

/// What the keys of marks begin with.
const MARKER: &str = "clefctl:subscription:";

/// The key of a subscription's mark among the tags of its topic.
pub(super) fn marker(protocol: &str, endpoint: &str) -> String {
    format!("{MARKER}{}", short_hash(&format!("{protocol}\n{endpoint}")))
}

/// A mark's text: clefctl's tags, which hold no spaces.
pub(super) fn write_mark(tags: &Tags) -> String {
    let ours = tags.iter().filter_map(|(key, value)| Some(format!("{}={value}", key.strip_prefix(tag::PREFIX)?)));
    ours.collect::<Vec<_>>().join(" ")
}

/// What a mark says.
pub(super) fn read_mark(text: &str) -> Tags {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (format!("{}{key}", tag::PREFIX), value.to_owned())).collect()
}

/// The tags of a topic that are its own.
pub(super) fn without_markers(mut tags: Tags) -> Tags {
    tags.retain(|key, _| !key.starts_with(MARKER));
    tags
}

/// For documents in which AWS writes what is not said as nothing, zero or false.
pub(super) fn filled_in(declared: &Value, observed: &Value) -> bool {
    fn fits(said: &serde_json::Value, live: &serde_json::Value) -> bool {
        use serde_json::Value::{Array, Bool, Null, Object};
        match (said, live) {
            (Null, Null | Bool(false)) => true,
            (Null, live) => live.as_f64() == Some(0.0),
            (Object(said), Object(live)) => said
                .keys()
                .chain(live.keys())
                .all(|key| fits(said.get(key).unwrap_or(&Null), live.get(key).unwrap_or(&Null))),
            (Array(said), Array(live)) => said.len() == live.len() && said.iter().zip(live).all(|(a, b)| fits(a, b)),
            (said, live) => said == live || said.as_f64().is_some() && said.as_f64() == live.as_f64(),
        }
    }
    let parsed = |value: &Value| match value.to_json()? {
        serde_json::Value::String(text) => serde_json::from_str(&text).ok(),
        json => Some(json),
    };
    match (parsed(declared), parsed(observed)) {
        (Some(said), Some(live)) => fits(&said, &live),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_back() {
        let tags = Tags::from([
            (tag::STACK.to_owned(), "shop/dev".to_owned()),
            (tag::RESOURCE.to_owned(), "sns_topic_subscription/mail/a=40b.c".to_owned()),
            (tag::GENERATION.to_owned(), "1".to_owned()),
        ]);
        assert_eq!(read_mark(&write_mark(&tags)), tags);
    }

    #[test]
    fn marks_are_no_tags_of_the_topic() {
        let key = marker("email", "a@example.com");
        let tags = Tags::from([(key, "x".to_owned()), ("Name".to_owned(), "alarms".to_owned())]);
        assert_eq!(without_markers(tags), Tags::from([("Name".to_owned(), "alarms".to_owned())]));
    }

    #[test]
    fn what_aws_fills_in_makes_no_difference() {
        let value = |text: &str| Value::from_json(&serde_json::from_str(text).expect("JSON"));
        let said = value(r#"{"http": {"retries": 3, "backoff": "linear"}}"#);
        for (live, same) in [
            (
                r#"{"http": {"retries": 3, "backoff": "linear", "quick": 0, "overrides": false, "throttle": null}}"#,
                true,
            ),
            (r#"{"http": {"retries": 3.0, "backoff": "linear"}}"#, true),
            (r#"{"http": {"retries": 3, "backoff": "linear", "quick": 1}}"#, false),
            (r#"{"http": {"retries": 3}}"#, false),
        ] {
            assert_eq!(filled_in(&said, &value(live)), same, "{live}");
        }
        assert!(filled_in(&Value::from(r#"{"a": 1}"#), &value(r#"{"a": 1}"#)));
    }
}
