//! `sns_topic_subscription`

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_sns::types::Subscription as Sdk;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, ExpectedInstance, Facts, Found, Json, Map, Mark, PerVerb, Replacement, Select,
    Status, TagChange, Tags, Value, Violation, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::sns_support::{filled_in, marker, read_mark, write_mark};
use crate::aws::tags::sns as tags;
use crate::aws::{Codes, Cx, Live, Op, Pairs, Resource};

/// A subscription: where the messages of a topic go.
///
/// Whoever reads mail (or answers over HTTP) has to confirm before anything is sent to them; clefctl does not wait for
/// that. What is not confirmed after two days is forgotten by AWS, and made again by the next apply; until it is
/// confirmed, AWS does not show its settings, so that changes of them are seen only then. Subscriptions take no tags:
/// the topic carries one for each, so that it must be in the account, and can hold about 40.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires_when("protocol", "firehose", "subscription_role_arn"))]
pub struct SnsTopicSubscription {
    /// ARN of the topic.
    #[attr(create_only, refers("sns_topic", "arn"))]
    topic_arn: String,
    /// How messages are delivered.
    #[attr(
        create_only,
        values("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
    )]
    protocol: String,
    /// Where they are delivered: an address, a telephone number, a URL, or the ARN of a queue, function or stream.
    #[attr(create_only, length(1, 2048))]
    endpoint: String,
    /// Whether the message is delivered alone, and not inside SNS's JSON; for queues, HTTP and Firehose.
    #[attr(default = false)]
    raw_message_delivery: bool,
    /// Which messages are delivered: `{severity: [high]}`. Without one all are.
    filter_policy: Option<Json>,
    /// Whether the filter looks at `MessageAttributes` or into the `MessageBody`.
    #[attr(default = "MessageAttributes", values("MessageAttributes", "MessageBody"))]
    filter_policy_scope: String,
    /// How often and how fast deliveries over HTTP are repeated.
    #[attr(same = filled_in)]
    delivery_policy: Option<Json>,
    /// Where messages go that cannot be delivered: `{deadLetterTargetArn: …}`, a queue.
    redrive_policy: Option<Json>,
    /// For FIFO topics with an archive: which messages are sent again.
    replay_policy: Option<Json>,
    /// Role by which SNS writes to Firehose.
    #[attr(refers("iam_role", "arn"))]
    subscription_role_arn: Option<String>,
}

/// What a subscription tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Topic, protocol and endpoint, with slashes between them.
    #[attr(looks_like = "{attr:topic_arn}/{attr:protocol}/{attr:endpoint}")]
    id: String,
    /// Its ARN, once it is confirmed.
    #[attr(looks_like = "{attr:topic_arn}:{uuid}")]
    arn: Option<String>,
    /// Whether somebody still has to confirm it.
    pending_confirmation: bool,
}

impl Resource for SnsTopicSubscription {
    const FACTS: Facts = Facts {
        name: "sns_topic_subscription",
        service: "sns",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["topic_arn", "protocol", "endpoint"],
        found: Found::Child(&["sns_topic"]),
        mark: Mark::Marker,
        once: true,
        details: 1,
        replacement: Replacement::DestroyFirstUnless(
            &["topic_arn", "protocol", "endpoint"],
            "a topic has one subscription for each endpoint",
        ),
        actions: Actions {
            read: &["sns:ListSubscriptionsByTopic", "sns:ListTagsForResource", "sns:GetSubscriptionAttributes"],
            create: &["sns:TagResource", "sns:Subscribe"],
            update: &["sns:SetSubscriptionAttributes", "sns:TagResource"],
            delete: &["sns:Unsubscribe", "sns:UntagResource"],
        },
        calls: PerVerb::new(2, 7, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["NotFound", "ResourceNotFound"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(id) => return Ok(one(cx, id).await?.into_iter().collect()),
            Select::Owned(expected) => expected,
        };
        let declared = expected.instances.iter().filter_map(|instance| instance.attributes.get("topic_arn")?.as_str());
        let parents = expected.parents.iter().map(|topic| topic.id.as_str());
        let topics: BTreeSet<&str> = declared.chain(parents).collect();
        let topics = try_join_all(topics.into_iter().map(|arn| Topic::read(cx, arn))).await?;
        let owner = cx.owner.to_string();
        let all = topics.iter().flat_map(|topic| topic.subscriptions.iter().map(|sub| (sub, topic.mark_of(sub))));
        let ours = all.filter(|(_, mark)| mark.get(tag::STACK) == Some(&owner));
        try_join_all(ours.map(|(sub, mark)| describe(cx, sub, mark, &expected.instances))).await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let topic = Topic::read(cx, &self.topic_arn).await?;
        if let Some(taken) = self.taken(&topic, Some(new)) {
            let hint = format!("take it over with `clefctl adopt '{}' '{}'`", new.address, self.id());
            return Err(Error::new(ErrorKind::Conflict, taken).hint(hint));
        }
        // The mark comes first: without it nobody would know whose the subscription is.
        self.mark(cx, &new.tags).await?;
        let fresh = self.fresh().settings();
        let changed: HashMap<String, String> = self
            .settings()
            .into_iter()
            .filter(|setting| !fresh.contains(setting))
            .map(|(k, v)| (k.to_owned(), v))
            .collect();
        let made = cx
            .call(Op::new("sns:Subscribe").racing(&["NotFound"]), || {
                cx.sns()
                    .subscribe()
                    .topic_arn(&self.topic_arn)
                    .protocol(&self.protocol)
                    .endpoint(&self.endpoint)
                    .set_attributes((!changed.is_empty()).then(|| changed.clone()))
                    .return_subscription_arn(true)
                    .send()
            })
            .await?;
        (cx.progress)(made.subscription_arn().unwrap_or("it has to be confirmed"));
        Ok(self.id())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        // What is not confirmed has no settings that could be changed.
        let Some(arn) = &live.outputs.arn else { return Ok(()) };
        let there = live.spec.settings();
        for (name, value) in self.settings().into_iter().filter(|setting| !there.contains(setting)) {
            cx.call(Op::new("sns:SetSubscriptionAttributes"), || {
                let call = cx.sns().set_subscription_attributes().subscription_arn(arn);
                call.attribute_name(name).attribute_value(&value).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        // What is not confirmed cannot be taken away: it is forgotten by itself.
        if let Some(arn) = &live.outputs.arn {
            let ended =
                cx.call(Op::new("sns:Unsubscribe"), || cx.sns().unsubscribe().subscription_arn(arn).send()).await;
            match ended {
                Err(error) if error.code() != Some("NotFound") => return Err(error),
                _ => {}
            }
        }
        live.spec.unmark(cx).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let mut mark = live.tags.clone();
        mark.retain(|key, _| !change.remove.contains(key));
        mark.extend(change.set.clone());
        if mark.contains_key(tag::STACK) { live.spec.mark(cx, &mark).await } else { live.spec.unmark(cx).await }
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.filter_policy.is_none() && self.filter_policy_scope != "MessageAttributes" {
            found.push(Violation::new("filter_policy_scope", "there is no `filter_policy` that would look there"));
        }
        let over_http = matches!(self.protocol.as_str(), "http" | "https");
        if self.delivery_policy.is_some() && !over_http {
            found.push(Violation::new("delivery_policy", "only deliveries over HTTP have one"));
        }
        if over_http && !self.endpoint.starts_with(&format!("{}://", self.protocol)) {
            let message = format!("an endpoint of protocol `{0}` begins with `{0}://`", self.protocol);
            found.push(Violation::new("endpoint", message));
        }
        let fits = match self.protocol.as_str() {
            "email" | "email-json" => self.endpoint.contains('@'),
            "sqs" | "lambda" | "firehose" | "application" => self.endpoint.starts_with("arn:"),
            _ => true,
        };
        if !fits {
            let message = format!("`{}` is no endpoint of protocol `{}`", self.endpoint, self.protocol);
            found.push(Violation::new("endpoint", message));
        }
        let authority = self.endpoint.split('/').nth(2).unwrap_or_default();
        if over_http && authority.contains('@') {
            let message = "AWS hides passwords in endpoints, so that the subscription could not be found again";
            found.push(Violation::new("endpoint", message).hint("put a token into the path or the query"));
        }
        found
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let topic = Topic::read(cx, &self.topic_arn).await?;
        let hint = format!("take it over with `clefctl adopt <address> '{}'`", self.id());
        Ok(self.taken(&topic, None).map(|taken| Violation::new("endpoint", taken).hint(hint)).into_iter().collect())
    }
}

impl SnsTopicSubscription {
    fn id(&self) -> String {
        id(&self.topic_arn, &self.protocol, &self.endpoint)
    }

    /// The same subscription, of which nothing else is said.
    fn fresh(&self) -> Self {
        bare(&self.topic_arn, &self.protocol, &self.endpoint)
    }

    /// Why it cannot be made: somebody has made it already.
    fn taken(&self, topic: &Topic, new: Option<&Declared>) -> Option<String> {
        let there = topic.find(&self.protocol, &self.endpoint)?;
        let mark = topic.mark_of(there);
        let ours = |new: &Declared| {
            [tag::STACK, tag::RESOURCE, tag::GENERATION].iter().all(|name| mark.get(*name) == new.tags.get(*name))
        };
        // Nobody has confirmed it, and nobody says that it is theirs: it may have been left by a deletion.
        if new.is_some_and(ours) || mark.is_empty() && arn_of(there).is_none() {
            return None;
        }
        let owner = mark.get(tag::STACK).map(|owner| format!(" and belongs to {owner}")).unwrap_or_default();
        Some(format!("{} {} is subscribed already{owner}", self.protocol, self.endpoint))
    }

    /// The settings, as the API calls them, in an order in which each is allowed: a filter that looks into the body may
    /// be one that would not do for attributes. An empty text takes one away.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let json = |document: &Option<Json>| document.as_ref().map(ToString::to_string).unwrap_or_default();
        let filter = self.filter_policy.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string);
        let mut filter = vec![("FilterPolicy", filter), ("FilterPolicyScope", self.filter_policy_scope.clone())];
        if self.filter_policy_scope == "MessageBody" {
            filter.reverse();
        }
        let others = [
            ("RawMessageDelivery", self.raw_message_delivery.to_string()),
            ("DeliveryPolicy", json(&self.delivery_policy)),
            ("RedrivePolicy", json(&self.redrive_policy)),
            ("ReplayPolicy", json(&self.replay_policy)),
            ("SubscriptionRoleArn", self.subscription_role_arn.clone().unwrap_or_default()),
        ];
        filter.into_iter().chain(others).collect()
    }

    async fn mark(&self, cx: &Cx<'_>, mark: &Tags) -> Result<()> {
        let set = Tags::from([(marker(&self.protocol, &self.endpoint), write_mark(mark))]);
        tags::change(cx, &self.topic_arn, &TagChange { set, remove: Vec::new() }).await
    }

    async fn unmark(&self, cx: &Cx<'_>) -> Result<()> {
        let remove = vec![marker(&self.protocol, &self.endpoint)];
        tags::change(cx, &self.topic_arn, &TagChange { set: Tags::new(), remove }).await
    }
}

/// A topic's subscriptions, and the marks beside them.
struct Topic {
    subscriptions: Vec<Sdk>,
    tags: Tags,
}

impl Topic {
    /// Reads a topic; one that is not there has nothing.
    async fn read(cx: &Cx<'_>, arn: &str) -> Result<Self> {
        let subscriptions = async {
            let found = cx
                .call(Op::new("sns:ListSubscriptionsByTopic"), || {
                    cx.sns().list_subscriptions_by_topic().topic_arn(arn).into_paginator().items().send().try_collect()
                })
                .await;
            match found {
                Err(error) if error.code() == Some("NotFound") => Ok(Vec::new()),
                found => found,
            }
        };
        let (subscriptions, tags) = tokio::try_join!(subscriptions, tags::of(cx, arn))?;
        Ok(Self { subscriptions, tags })
    }

    fn find(&self, protocol: &str, endpoint: &str) -> Option<&Sdk> {
        self.subscriptions.iter().find(|sub| sub.protocol() == Some(protocol) && sub.endpoint() == Some(endpoint))
    }

    fn mark_of(&self, sub: &Sdk) -> Tags {
        let key = marker(sub.protocol().unwrap_or_default(), sub.endpoint().unwrap_or_default());
        self.tags.get(&key).map(|text| read_mark(text)).unwrap_or_default()
    }
}

/// ARNs of topics hold no slashes.
fn id(topic: &str, protocol: &str, endpoint: &str) -> String {
    format!("{topic}/{protocol}/{endpoint}")
}

/// Reads what [`id`] wrote.
fn parse(id: &str) -> Option<(&str, &str, &str)> {
    let mut parts = id.splitn(3, '/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// The ARN of a subscription; until it is confirmed, lists have a word in its place.
fn arn_of(sub: &Sdk) -> Option<&str> {
    sub.subscription_arn().filter(|arn| arn.starts_with("arn:"))
}

async fn one(cx: &Cx<'_>, id: &str) -> Result<Option<Live<SnsTopicSubscription>>> {
    let Some((topic_arn, protocol, endpoint)) = parse(id) else {
        return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no subscription")).hint(
            "subscriptions are named by the ARN of the topic, protocol and endpoint, with slashes between them",
        ));
    };
    let topic = Topic::read(cx, topic_arn).await?;
    let Some(sub) = topic.find(protocol, endpoint) else { return Ok(None) };
    let mark = topic.mark_of(sub);
    // What nobody has confirmed and nobody has marked is on its way out.
    if arn_of(sub).is_none() && mark.is_empty() {
        return Ok(None);
    }
    describe(cx, sub, mark, &[]).await.map(Some)
}

async fn describe(
    cx: &Cx<'_>,
    sub: &Sdk,
    mark: Tags,
    instances: &[ExpectedInstance],
) -> Result<Live<SnsTopicSubscription>> {
    let of = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (topic, protocol, endpoint) = (of(sub.topic_arn()), of(sub.protocol()), of(sub.endpoint()));
    let plain = bare(&topic, &protocol, &endpoint);
    let arn = arn_of(sub).map(str::to_owned);
    let spec = match &arn {
        Some(arn) => {
            let answer = cx
                .call(Op::new("sns:GetSubscriptionAttributes"), || {
                    cx.sns().get_subscription_attributes().subscription_arn(arn).send()
                })
                .await?;
            let attributes = answer.attributes.unwrap_or_default();
            read(plain, &Pairs::read(attributes.iter().map(|(k, v)| (Some(k.as_str()), Some(v.as_str())))))
        }
        None => as_declared(plain, instances),
    };
    let id = id(&topic, &protocol, &endpoint);
    Ok(Live {
        spec,
        outputs: Outputs { id: id.clone(), pending_confirmation: arn.is_none(), arn },
        tags: mark,
        status: Status::Usable,
        id,
    })
}

fn bare(topic: &str, protocol: &str, endpoint: &str) -> SnsTopicSubscription {
    SnsTopicSubscription {
        topic_arn: topic.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        raw_message_delivery: false,
        filter_policy: None,
        filter_policy_scope: "MessageAttributes".to_owned(),
        delivery_policy: None,
        redrive_policy: None,
        replay_policy: None,
        subscription_role_arn: None,
    }
}

fn read(plain: SnsTopicSubscription, pairs: &Pairs) -> SnsTopicSubscription {
    let json = |name: &str| pairs.text(name).filter(|text| text != "{}").map(|text| Json::parse(&text));
    let filter_policy = json("FilterPolicy");
    let scope = pairs.text("FilterPolicyScope").filter(|_| filter_policy.is_some());
    SnsTopicSubscription {
        raw_message_delivery: pairs.flag_or("RawMessageDelivery", false),
        filter_policy_scope: scope.unwrap_or_else(|| plain.filter_policy_scope.clone()),
        filter_policy,
        delivery_policy: json("DeliveryPolicy"),
        redrive_policy: json("RedrivePolicy"),
        replay_policy: json("ReplayPolicy"),
        subscription_role_arn: pairs.text("SubscriptionRoleArn"),
        ..plain
    }
}

/// What the stack says of a subscription that is not confirmed: AWS says nothing of it.
fn as_declared(plain: SnsTopicSubscription, instances: &[ExpectedInstance]) -> SnsTopicSubscription {
    let said = |of: &Map, name: &str, wanted: &str| of.get(name).and_then(Value::as_str) == Some(wanted);
    let declared = instances.iter().map(|instance| &instance.attributes).find(|of| {
        said(of, "topic_arn", &plain.topic_arn)
            && said(of, "protocol", &plain.protocol)
            && said(of, "endpoint", &plain.endpoint)
    });
    let overlaid = declared.and_then(|declared| {
        let mut all = serde_json::to_value(&plain).ok()?;
        for (name, value) in declared {
            if let Some(json) = value.to_json().filter(|json| !json.is_null()) {
                all.as_object_mut()?.insert(name.clone(), json);
            }
        }
        serde_json::from_value(all).ok()
    });
    overlaid.unwrap_or(plain)
}
