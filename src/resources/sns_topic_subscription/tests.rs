use clefctl_core::kind::Address;
use serde_json::json;

use super::*;

const TOPIC: &str = "arn:aws:sns:eu-west-3:123456789012:alarms";

fn mail() -> SnsTopicSubscription {
    bare(TOPIC, "email", "a@example.com")
}

fn listed(arn: &str) -> Sdk {
    Sdk::builder().subscription_arn(arn).topic_arn(TOPIC).protocol("email").endpoint("a@example.com").build()
}

#[test]
fn ids_name_one_subscription() {
    let id = id(TOPIC, "https", "https://example.com/hook/1");
    assert_eq!(parse(&id), Some((TOPIC, "https", "https://example.com/hook/1")));
    assert_eq!(parse("arn:aws:sns:eu-west-3:123456789012:alarms:1234"), None);
}

#[test]
fn a_filter_is_set_in_an_order_that_aws_takes() {
    let order = |scope: &str| {
        let settings = SnsTopicSubscription { filter_policy_scope: scope.to_owned(), ..mail() }.settings();
        settings.iter().map(|(name, _)| *name).take(2).collect::<Vec<_>>()
    };
    assert_eq!(order("MessageAttributes"), ["FilterPolicy", "FilterPolicyScope"]);
    assert_eq!(order("MessageBody"), ["FilterPolicyScope", "FilterPolicy"]);
}

#[test]
fn what_is_not_confirmed_is_as_the_stack_says() {
    let attributes = [
        ("topic_arn", Value::from(TOPIC)),
        ("protocol", Value::from("email")),
        ("endpoint", Value::from("a@example.com")),
        ("filter_policy", Value::from_json(&json!({"severity": ["high"]}))),
    ];
    let instance = ExpectedInstance {
        address: Address::plain("mail"),
        name: None,
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
        tags: Tags::new(),
    };
    let filter = Some(Json(json!({"severity": ["high"]})));
    assert_eq!(as_declared(mail(), &[instance]), SnsTopicSubscription { filter_policy: filter, ..mail() });
    assert_eq!(as_declared(mail(), &[]), mail());
}

#[test]
fn somebody_elses_subscription_is_seen() {
    let confirmed = format!("{TOPIC}:0c4a1b1e-0000-4000-8000-000000000000");
    let mark =
        |owner: &str| (marker("email", "a@example.com"), format!("stack={owner} resource=sns_topic_subscription/x"));
    for (arn, tags, taken) in [
        ("PendingConfirmation", Tags::new(), false),
        ("PendingConfirmation", Tags::from([mark("shop/dev")]), true),
        (&confirmed, Tags::new(), true),
    ] {
        let topic = Topic { subscriptions: vec![listed(arn)], tags };
        assert_eq!(mail().taken(&topic, None).is_some(), taken, "{arn}");
    }
    assert_eq!(mail().taken(&Topic { subscriptions: Vec::new(), tags: Tags::new() }, None), None);
}

#[test]
fn endpoints_fit_their_protocols() {
    let complaints = |endpoint: &str| bare(TOPIC, "https", endpoint).check().len();
    assert_eq!(complaints("https://example.com/hook?by=a@b"), 0);
    assert_eq!(complaints("http://example.com/hook"), 1);
    assert_eq!(complaints("https://me:secret@example.com/hook"), 1);
}
