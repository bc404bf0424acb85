//! Who is told when something happens to the objects of a bucket.

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Op, unbuilt};

/// Who is told when something happens to objects.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Notification {
    /// Whether all events go to EventBridge.
    #[attr(default = false)]
    eventbridge: bool,
    /// SNS topics, each with a policy that lets the bucket publish.
    topic: BTreeSet<Topic>,
    /// SQS queues, each with a policy that lets the bucket send.
    queue: BTreeSet<Queue>,
    /// Lambda functions, each with a permission that lets the bucket call it.
    lambda_function: BTreeSet<Function>,
}

/// A topic that is told.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    /// ARN of the topic.
    #[attr(refers("sns_topic", "arn"))]
    topic_arn: String,
    /// What is told: `s3:ObjectCreated:*`, `s3:ObjectRemoved:*` …
    #[attr(length(1, 100))]
    events: BTreeSet<String>,
    /// Only of objects whose keys begin so.
    filter_prefix: Option<String>,
    /// Only of objects whose keys end so.
    filter_suffix: Option<String>,
    /// Its name.
    #[attr(aws_default = "AWS makes one up")]
    id: Option<String>,
}

/// A queue that is told.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queue {
    /// ARN of the queue.
    #[attr(refers("sqs_queue", "arn"))]
    queue_arn: String,
    /// What is told, as for topics.
    #[attr(length(1, 100))]
    events: BTreeSet<String>,
    /// Only of objects whose keys begin so.
    filter_prefix: Option<String>,
    /// Only of objects whose keys end so.
    filter_suffix: Option<String>,
    /// Its name.
    #[attr(aws_default = "AWS makes one up")]
    id: Option<String>,
}

/// A function that is told.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// ARN of the function.
    #[attr(refers("lambda_function", "arn"))]
    lambda_function_arn: String,
    /// What is told, as for topics.
    #[attr(length(1, 100))]
    events: BTreeSet<String>,
    /// Only of objects whose keys begin so.
    filter_prefix: Option<String>,
    /// Only of objects whose keys end so.
    filter_suffix: Option<String>,
    /// Its name.
    #[attr(aws_default = "AWS makes one up")]
    id: Option<String>,
}

/// A notification of nobody is none.
pub(super) fn nobody_is_absent(value: &Value) -> Value {
    let nobody = |value: &Value| value.as_list().is_none_or(<[Value]>::is_empty) && value.as_bool() != Some(true);
    if value.as_map().is_some_and(|map| map.values().all(nobody)) { Value::Null } else { value.clone() }
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Option<Notification>> {
    let answer = cx
        .call(Op::new("s3:GetBucketNotificationConfiguration"), || {
            cx.s3().get_bucket_notification_configuration().bucket(bucket).send()
        })
        .await?;
    let topic = |topic: &sdk::TopicConfiguration| {
        let (filter_prefix, filter_suffix) = read_filter(topic.filter());
        let (topic_arn, events) = (topic.topic_arn.clone(), read_events(topic.events()));
        Topic { topic_arn, events, filter_prefix, filter_suffix, id: topic.id.clone() }
    };
    let queue = |queue: &sdk::QueueConfiguration| {
        let (filter_prefix, filter_suffix) = read_filter(queue.filter());
        let (queue_arn, events) = (queue.queue_arn.clone(), read_events(queue.events()));
        Queue { queue_arn, events, filter_prefix, filter_suffix, id: queue.id.clone() }
    };
    let function = |function: &sdk::LambdaFunctionConfiguration| {
        let (filter_prefix, filter_suffix) = read_filter(function.filter());
        let (lambda_function_arn, events) = (function.lambda_function_arn.clone(), read_events(function.events()));
        Function { lambda_function_arn, events, filter_prefix, filter_suffix, id: function.id.clone() }
    };
    let read = Notification {
        eventbridge: answer.event_bridge_configuration().is_some(),
        topic: answer.topic_configurations().iter().map(topic).collect(),
        queue: answer.queue_configurations().iter().map(queue).collect(),
        lambda_function: answer.lambda_function_configurations().iter().map(function).collect(),
    };
    Ok((read != Notification::default()).then_some(read))
}

/// Writes all of them: who is left out is told no more.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, wanted: Option<&Notification>) -> Result<()> {
    let nobody = Notification::default();
    let wanted = wanted.unwrap_or(&nobody);
    let mut all = sdk::NotificationConfiguration::builder();
    if wanted.eventbridge {
        all = all.event_bridge_configuration(sdk::EventBridgeConfiguration::builder().build());
    }
    for topic in &wanted.topic {
        let built = sdk::TopicConfiguration::builder()
            .topic_arn(&topic.topic_arn)
            .set_events(Some(write_events(&topic.events)))
            .set_filter(write_filter(topic.filter_prefix.as_deref(), topic.filter_suffix.as_deref()))
            .set_id(topic.id.clone());
        all = all.topic_configurations(built.build().map_err(unbuilt)?);
    }
    for queue in &wanted.queue {
        let built = sdk::QueueConfiguration::builder()
            .queue_arn(&queue.queue_arn)
            .set_events(Some(write_events(&queue.events)))
            .set_filter(write_filter(queue.filter_prefix.as_deref(), queue.filter_suffix.as_deref()))
            .set_id(queue.id.clone());
        all = all.queue_configurations(built.build().map_err(unbuilt)?);
    }
    for function in &wanted.lambda_function {
        let built = sdk::LambdaFunctionConfiguration::builder()
            .lambda_function_arn(&function.lambda_function_arn)
            .set_events(Some(write_events(&function.events)))
            .set_filter(write_filter(function.filter_prefix.as_deref(), function.filter_suffix.as_deref()))
            .set_id(function.id.clone());
        all = all.lambda_function_configurations(built.build().map_err(unbuilt)?);
    }
    let all = all.build();
    // S3 asks each of them whether it may; a policy of a moment ago may not be known yet.
    cx.call(
        Op::new("s3:PutBucketNotificationConfiguration")
            .racing(&["NoSuchBucket", "OperationAborted", "InvalidArgument"]),
        || {
            cx.s3()
                .put_bucket_notification_configuration()
                .bucket(bucket)
                .notification_configuration(all.clone())
                .send()
        },
    )
    .await?;
    Ok(())
}

fn read_events(events: &[sdk::Event]) -> BTreeSet<String> {
    events.iter().map(|event| event.as_str().to_owned()).collect()
}

fn write_events(events: &BTreeSet<String>) -> Vec<sdk::Event> {
    events.iter().map(|event| event.as_str().into()).collect()
}

/// Prefix and suffix of a filter; AWS writes their names large or small.
fn read_filter(filter: Option<&sdk::NotificationConfigurationFilter>) -> (Option<String>, Option<String>) {
    let rules = filter.and_then(|filter| filter.key()).map(sdk::S3KeyFilter::filter_rules).unwrap_or_default();
    let value = |name: &str| {
        let rule = rules.iter().find(|rule| rule.name().is_some_and(|is| is.as_str().eq_ignore_ascii_case(name)));
        rule.and_then(|rule| rule.value()).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    (value("prefix"), value("suffix"))
}

fn write_filter(prefix: Option<&str>, suffix: Option<&str>) -> Option<sdk::NotificationConfigurationFilter> {
    let rule = |name: sdk::FilterRuleName, value: &str| sdk::FilterRule::builder().name(name).value(value).build();
    let rules: Vec<sdk::FilterRule> = prefix
        .map(|prefix| rule(sdk::FilterRuleName::Prefix, prefix))
        .into_iter()
        .chain(suffix.map(|suffix| rule(sdk::FilterRuleName::Suffix, suffix)))
        .collect();
    (!rules.is_empty()).then(|| {
        let key = sdk::S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
        sdk::NotificationConfigurationFilter::builder().key(key).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_survive_the_way_to_s3_and_back() {
        for (prefix, suffix) in [(None, None), (Some("a/"), None), (Some("a/"), Some(".pdf"))] {
            let back = read_filter(write_filter(prefix, suffix).as_ref());
            assert_eq!(back, (prefix.map(str::to_owned), suffix.map(str::to_owned)));
        }
    }
}
