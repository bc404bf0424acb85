//! `sns_topic`

use aws_sdk_sns::types::Tag;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Json, Name, NameChars, Naming, PerVerb, Policy, Select, Status,
    TagChange, Tags, Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::sns_support::{filled_in, without_markers};
use crate::aws::tags::sns as tags;
use crate::aws::{Codes, Cx, Live, Op, Pairs, Resource, sweep};

#[cfg(test)]
mod tests;

/// A topic: what is published to it goes to all its subscriptions.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SnsTopic {
    /// Its name, unique in the region; that of a FIFO topic ends in `.fifo`.
    #[attr(create_only, length(1, 256), pattern = "[A-Za-z0-9_-]+(\\.fifo)?")]
    name: Name,
    /// What readers of text messages and e-mails see as the sender.
    #[attr(length(1, 100))]
    display_name: Option<String>,
    /// Who may do what with it. Without one: the account that owns it.
    #[attr(settled)]
    policy: Option<Policy>,
    /// How often and how fast deliveries over HTTP are repeated.
    #[attr(same = filled_in)]
    delivery_policy: Option<Json>,
    /// Key that encrypts messages while they are kept, such as `alias/aws/sns`. CloudWatch alarms can publish only with
    /// a key of your own, whose policy lets `cloudwatch.amazonaws.com` use it.
    #[attr(refers("kms_key", "arn"))]
    kms_master_key_id: Option<String>,
    /// How messages are signed: 1 with SHA1, 2 with SHA256.
    #[attr(default = 1, range(1, 2))]
    signature_version: i32,
    /// Whether X-Ray follows messages by itself (`Active`) or only where the sender asks (`PassThrough`).
    #[attr(default = "PassThrough", values("PassThrough", "Active"))]
    tracing_config: String,
    /// Whether it keeps the order of messages, and delivers each once.
    #[attr(create_only, default = false)]
    fifo_topic: bool,
    /// For FIFO topics: whether messages of the same text are one.
    #[attr(default = false)]
    content_based_deduplication: bool,
    /// For FIFO topics: whether the limit of messages a second is that of the `Topic` or of each `MessageGroup`.
    #[attr(default = "Topic", values("Topic", "MessageGroup"))]
    fifo_throughput_scope: String,
    /// For FIFO topics: how long messages are kept to be sent again: `{MessageRetentionPeriod: '30'}`, in days.
    archive_policy: Option<Json>,
}

/// What a topic tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:sns:{region}:{account}:{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:sns:{region}:{account}:{name}")]
    arn: String,
    /// Number of the account that owns it.
    #[attr(looks_like = "{account}")]
    owner: String,
}

const SWEPT: &str = "sns";

impl Resource for SnsTopic {
    const FACTS: Facts = Facts {
        name: "sns_topic",
        service: "sns",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(SWEPT),
        naming: Some(Naming { attribute: "name", max: 256, allowed: NameChars::Hyphen, unique: Unique::Account }),
        once: true,
        details: 2,
        actions: Actions {
            read: &["tag:GetResources", "sns:GetTopicAttributes", "sns:ListTagsForResource"],
            create: &["sns:CreateTopic", "sns:TagResource", "sns:SetTopicAttributes"],
            update: &["sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"],
            delete: &["sns:DeleteTopic"],
        },
        calls: PerVerb::new(1, 10, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["NotFound", "ResourceNotFound"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let arns = match select {
            // Names are no less good than ARNs: one follows from the other.
            Select::One(name) if !name.starts_with("arn:") => vec![cx.arn("sns", name)],
            select => sweep::arns(cx, select, SWEPT).await?,
        };
        let found = try_join_all(arns.iter().map(|arn| async move {
            let (pairs, tags) = tokio::try_join!(attributes(cx, arn), tags::of(cx, arn))?;
            Result::Ok(pairs.map(|pairs| live(cx, arn, &pairs, tags)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let arn = cx.arn("sns", &self.name);
        let fresh = Self::fresh(&self.name, self.fifo_topic);
        let (wanted, plain) = (self.pairs(cx, &arn), fresh.pairs(cx, &arn));
        let mut attributes = wanted.beyond(&plain);
        if self.fifo_topic {
            attributes.push(("FifoTopic", "true"));
        }
        let tags: Vec<Tag> = tags::write(&new.tags)?;
        // A topic of this name that was deleted a moment ago still holds its tags.
        let made = cx
            .call(Op::new("sns:CreateTopic").racing(&["StaleTag"]), || {
                let call = cx.sns().create_topic().name(&*self.name).set_tags(Some(tags.clone()));
                attributes.iter().fold(call, |call, (name, value)| call.attributes(*name, *value)).send()
            })
            .await?;
        Ok(made.topic_arn.unwrap_or(arn))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let arn = &live.id;
        for (name, value) in self.pairs(cx, arn).beyond(&live.spec.pairs(cx, arn)) {
            cx.call(Op::new("sns:SetTopicAttributes"), || {
                cx.sns().set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("sns:DeleteTopic"), || cx.sns().delete_topic().topic_arn(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.fifo_topic != self.name.ends_with(".fifo") {
            let message = if self.fifo_topic {
                "the name of a FIFO topic ends in `.fifo`"
            } else {
                "only names of FIFO topics end in `.fifo`"
            };
            found.push(Violation::new("name", message).hint("write `name` and `fifo_topic: true` together"));
        }
        if !self.fifo_topic {
            let for_fifo = [
                ("content_based_deduplication", self.content_based_deduplication),
                ("fifo_throughput_scope", self.fifo_throughput_scope != "Topic"),
                ("archive_policy", self.archive_policy.is_some()),
            ];
            let written = for_fifo.iter().filter(|(_, written)| *written);
            found.extend(written.map(|(name, _)| Violation::new(*name, "only FIFO topics have it")));
        }
        found
    }
}

impl SnsTopic {
    /// A topic of which nothing is said.
    fn fresh(name: &str, fifo_topic: bool) -> Self {
        Self {
            name: name.into(),
            display_name: None,
            policy: None,
            delivery_policy: None,
            kms_master_key_id: None,
            signature_version: 1,
            tracing_config: "PassThrough".to_owned(),
            fifo_topic,
            content_based_deduplication: false,
            fifo_throughput_scope: "Topic".to_owned(),
            archive_policy: None,
        }
    }

    /// The attributes that can be set, as the API calls them. An empty text takes one away.
    fn pairs(&self, cx: &Cx<'_>, arn: &str) -> Pairs {
        let json = |document: &Option<Json>| document.as_ref().map(ToString::to_string).unwrap_or_default();
        let policy = self.policy.clone().unwrap_or_else(|| usual_policy(&cx.account, arn));
        let pairs = Pairs::default()
            .with("DisplayName", self.display_name.as_deref().unwrap_or_default())
            .with("Policy", &policy)
            .with("DeliveryPolicy", &json(&self.delivery_policy))
            .with("KmsMasterKeyId", self.kms_master_key_id.as_deref().unwrap_or_default())
            .with("SignatureVersion", &self.signature_version)
            .with("TracingConfig", &self.tracing_config);
        if !self.fifo_topic {
            return pairs;
        }
        let archive = self.archive_policy.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string);
        pairs
            .with("ContentBasedDeduplication", &self.content_based_deduplication)
            .with("FifoThroughputScope", &self.fifo_throughput_scope)
            .with("ArchivePolicy", &archive)
    }
}

/// The policy that AWS gives a topic of which nobody has said who may do what.
fn usual_policy(account: &str, arn: &str) -> Policy {
    Policy(serde_json::json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
        }],
    }))
}

/// Whether a policy is AWS's own. Its list of actions has changed over the years.
fn is_usual(policy: &Policy, account: &str, arn: &str) -> bool {
    let plain = |policy: &Policy| {
        let mut document = policy.0.clone();
        if let Some(statement) = document.pointer_mut("/Statement/0").and_then(serde_json::Value::as_object_mut) {
            statement.remove("Action");
        }
        document
    };
    plain(policy) == plain(&usual_policy(account, arn))
}

/// The attributes of a topic; nothing when it is not there.
async fn attributes(cx: &Cx<'_>, arn: &str) -> Result<Option<Pairs>> {
    let answer =
        cx.call(Op::new("sns:GetTopicAttributes"), || cx.sns().get_topic_attributes().topic_arn(arn).send()).await;
    match answer {
        Err(error) if error.code() == Some("NotFound") => Ok(None),
        Err(error) if error.code() == Some("InvalidParameter") => {
            Err(Error { kind: ErrorKind::Usage, ..error }.hint("topics are named by ARN, or by name"))
        }
        answer => {
            let attributes = answer?.attributes.unwrap_or_default();
            Ok(Some(Pairs::read(attributes.iter().map(|(k, v)| (Some(k.as_str()), Some(v.as_str()))))))
        }
    }
}

fn live(cx: &Cx<'_>, arn: &str, pairs: &Pairs, tags: Tags) -> Live<SnsTopic> {
    let owner = pairs.text("Owner").unwrap_or_else(|| cx.account.to_string());
    Live {
        spec: spec(&owner, arn, pairs),
        outputs: Outputs { id: arn.to_owned(), arn: arn.to_owned(), owner },
        tags: without_markers(tags),
        status: Status::Usable,
        id: arn.to_owned(),
    }
}

fn spec(account: &str, arn: &str, pairs: &Pairs) -> SnsTopic {
    let json = |name: &str| pairs.text(name).filter(|text| text != "{}").map(|text| Json::parse(&text));
    let policy = pairs.text("Policy").map(|text| Policy::parse(&text));
    SnsTopic {
        name: arn.rsplit(':').next().unwrap_or(arn).into(),
        display_name: pairs.text("DisplayName"),
        policy: policy.filter(|policy| !is_usual(policy, account, arn)),
        delivery_policy: json("DeliveryPolicy"),
        kms_master_key_id: pairs.text("KmsMasterKeyId"),
        signature_version: pairs.number_or("SignatureVersion", 1),
        tracing_config: pairs.text_or("TracingConfig", "PassThrough"),
        fifo_topic: pairs.flag_or("FifoTopic", false),
        content_based_deduplication: pairs.flag_or("ContentBasedDeduplication", false),
        fifo_throughput_scope: pairs.text_or("FifoThroughputScope", "Topic"),
        archive_policy: json("ArchivePolicy"),
    }
}
