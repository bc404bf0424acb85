//! Copies of a bucket's objects in other buckets.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value, Violation};
use serde::{Deserialize, Serialize};

use super::lifecycle::write_tags;
use super::settings::YOUNG;
use crate::aws::{Cx, Op, unbuilt, unless};

/// Copies of objects in other buckets.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Replication {
    /// Role with which S3 copies.
    #[attr(refers("iam_role", "arn"))]
    role: String,
    /// What is copied where.
    #[attr(length(1, 1000))]
    rule: BTreeSet<ReplicationRule>,
}

/// What is copied where.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicationRule {
    /// Its name in the bucket.
    #[attr(length(1, 255))]
    id: String,
    /// Which of two rules with the same destination counts: the one with the higher number.
    #[attr(default = 0, range(0, 2_147_483_647))]
    priority: i32,
    /// Whether it is in force.
    #[attr(default = "Enabled", values("Enabled", "Disabled"))]
    status: String,
    /// The objects that it is about; without it all.
    filter: Option<ReplicationFilter>,
    /// Where the copies go.
    destination: Destination,
    /// Whether deletions are copied too; without it they are not.
    #[attr(canonical = disabled_is_absent)]
    delete_marker_replication: Option<Switch>,
    /// What is copied besides the usual.
    #[attr(canonical = nothing_more_is_absent)]
    source_selection_criteria: Option<Selection>,
}

/// The objects that a rule is about: those for which all of this holds.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicationFilter {
    /// What their keys begin with.
    prefix: Option<String>,
    /// Tags that they carry.
    tags: BTreeMap<String, String>,
}

/// Something that is on or off.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    /// `Enabled` or `Disabled`.
    #[attr(default = "Enabled", values("Enabled", "Disabled"))]
    status: String,
}

/// Where copies go.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(requires("access_control_translation", "account"), requires("replication_time", "metrics"))]
pub struct Destination {
    /// ARN of the bucket, in any region; it needs versioning too.
    #[attr(refers("s3_bucket", "arn"))]
    bucket: String,
    /// Number of the account that has it, where that is another one.
    #[attr(pattern = "\\d{12}")]
    account: Option<String>,
    /// The storage of the copies; without it that of the objects.
    #[attr(values(
        "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"
    ))]
    storage_class: Option<String>,
    /// Who owns the copies.
    access_control_translation: Option<Translation>,
    /// How copies of objects are encrypted that KMS encrypts.
    encryption_configuration: Option<ReplicaEncryption>,
    /// Whether S3 promises copies within 15 minutes, at a price.
    #[attr(canonical = disabled_is_absent)]
    replication_time: Option<Switch>,
    /// Whether S3 measures how far behind the copies are.
    #[attr(canonical = disabled_is_absent)]
    metrics: Option<Switch>,
}

/// Who owns copies.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Translation {
    /// The account that has the other bucket.
    #[attr(default = "Destination", values("Destination"))]
    owner: String,
}

/// How copies are encrypted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaEncryption {
    /// ARN of the KMS key in the region of the copies.
    #[attr(refers("kms_key", "arn"))]
    replica_kms_key_id: String,
}

/// What is copied besides the usual.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// Objects that KMS encrypts.
    #[attr(canonical = disabled_is_absent)]
    sse_kms_encrypted_objects: Option<Switch>,
    /// Changes of tags and the like of what is a copy itself.
    #[attr(canonical = disabled_is_absent)]
    replica_modifications: Option<Switch>,
}

/// What is switched off is as good as not said.
fn disabled_is_absent(value: &Value) -> Value {
    if value.get("status").as_str() == Some("Disabled") { Value::Null } else { value.clone() }
}

fn nothing_more_is_absent(value: &Value) -> Value {
    let more = |name| !disabled_is_absent(value.get(name)).is_null();
    if more("sse_kms_encrypted_objects") || more("replica_modifications") { value.clone() } else { Value::Null }
}

/// What does not fit together.
pub(super) fn check(replication: &Replication) -> Vec<Violation> {
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for rule in &replication.rule {
        if !ids.insert(&rule.id) {
            found.push(Violation::new("replication.rule", format!("two rules have the id `{}`", rule.id)));
        }
        if !places.insert((&rule.destination.bucket, rule.priority)) {
            let message = format!("two rules copy to one bucket with the priority {}", rule.priority);
            found.push(Violation::new("replication.rule", message).hint("write another `priority` in one of them"));
        }
    }
    found
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Option<Replication>> {
    let answer =
        cx.call(Op::new("s3:GetBucketReplication"), || cx.s3().get_bucket_replication().bucket(bucket).send()).await;
    let answer = unless(answer, &["ReplicationConfigurationNotFoundError"])?;
    Ok(answer
        .and_then(|answer| answer.replication_configuration)
        .map(|found| Replication { role: found.role.clone(), rule: found.rules().iter().map(read_rule).collect() }))
}

pub(super) async fn write(cx: &Cx<'_>, bucket: &str, wanted: Option<&Replication>) -> Result<()> {
    let Some(replication) = wanted else {
        cx.call(Op::new("s3:DeleteBucketReplication").racing(YOUNG), || {
            cx.s3().delete_bucket_replication().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    };
    let rules = replication.rule.iter().map(write_rule).collect::<Result<Vec<_>>>()?;
    let configuration = sdk::ReplicationConfiguration::builder()
        .role(&replication.role)
        .set_rules(Some(rules))
        .build()
        .map_err(unbuilt)?;
    // The role, the other bucket or its versioning may not be known yet.
    let young = &["NoSuchBucket", "OperationAborted", "InvalidRequest"];
    cx.call(Op::new("s3:PutBucketReplication").racing(young), || {
        cx.s3().put_bucket_replication().bucket(bucket).replication_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}

fn on(status: &str) -> Option<Switch> {
    (status == "Enabled").then(|| Switch { status: status.to_owned() })
}

fn is_on(switch: Option<&Switch>) -> bool {
    switch.is_some_and(|switch| switch.status == "Enabled")
}

fn read_rule(rule: &sdk::ReplicationRule) -> ReplicationRule {
    let selection = rule.source_selection_criteria();
    let encrypted = selection.and_then(|selection| selection.sse_kms_encrypted_objects());
    let replicas = selection.and_then(|selection| selection.replica_modifications());
    let selection = Selection {
        sse_kms_encrypted_objects: encrypted.and_then(|encrypted| on(encrypted.status.as_str())),
        replica_modifications: replicas.and_then(|replicas| on(replicas.status.as_str())),
    };
    let deletions = rule.delete_marker_replication().and_then(|deletions| deletions.status());
    ReplicationRule {
        id: rule.id().unwrap_or_default().to_owned(),
        priority: rule.priority().unwrap_or_default(),
        status: rule.status.as_str().to_owned(),
        filter: rule.filter().and_then(read_filter).or_else(|| old_prefix(rule)),
        destination: read_destination(rule.destination()),
        delete_marker_replication: deletions.and_then(|status| on(status.as_str())),
        source_selection_criteria: Some(selection)
            .filter(|more| more.sse_kms_encrypted_objects.is_some() || more.replica_modifications.is_some()),
    }
}

/// The prefix of rules in their first form.
#[expect(deprecated, reason = "AWS still reports it for rules that were written so")]
fn old_prefix(rule: &sdk::ReplicationRule) -> Option<ReplicationFilter> {
    let prefix = rule.prefix().filter(|prefix| !prefix.is_empty())?;
    Some(ReplicationFilter { prefix: Some(prefix.to_owned()), tags: BTreeMap::new() })
}

/// A filter in one form; one that filters nothing is none.
fn read_filter(filter: &sdk::ReplicationRuleFilter) -> Option<ReplicationFilter> {
    let tag = |tag: &sdk::Tag| (tag.key().to_owned(), tag.value().to_owned());
    let (prefix, tags) = match filter.and() {
        Some(all) => (all.prefix(), all.tags().iter().map(tag).collect()),
        None => (filter.prefix(), filter.tag().map(tag).into_iter().collect()),
    };
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).map(str::to_owned);
    Some(ReplicationFilter { prefix, tags }).filter(|filter| *filter != ReplicationFilter::default())
}

fn read_destination(to: Option<&sdk::Destination>) -> Destination {
    let encryption = to.and_then(|to| to.encryption_configuration()?.replica_kms_key_id());
    Destination {
        bucket: to.map(|to| to.bucket.clone()).unwrap_or_default(),
        account: to.and_then(|to| to.account.clone()),
        storage_class: to.and_then(|to| to.storage_class()).map(|class| class.as_str().to_owned()),
        access_control_translation: to
            .and_then(|to| to.access_control_translation())
            .map(|translation| Translation { owner: translation.owner.as_str().to_owned() }),
        encryption_configuration: encryption.map(|key| ReplicaEncryption { replica_kms_key_id: key.to_owned() }),
        replication_time: to.and_then(|to| on(to.replication_time()?.status.as_str())),
        metrics: to.and_then(|to| on(to.metrics()?.status.as_str())),
    }
}

/// In the second form of rules, which has filter, priority and deletions in every rule.
fn write_rule(rule: &ReplicationRule) -> Result<sdk::ReplicationRule> {
    let deletions = if is_on(rule.delete_marker_replication.as_ref()) {
        sdk::DeleteMarkerReplicationStatus::Enabled
    } else {
        sdk::DeleteMarkerReplicationStatus::Disabled
    };
    let selection = rule.source_selection_criteria.as_ref();
    sdk::ReplicationRule::builder()
        .id(&rule.id)
        .priority(rule.priority)
        .status(rule.status.as_str().into())
        .filter(write_filter(rule.filter.as_ref())?)
        .destination(write_destination(&rule.destination)?)
        .delete_marker_replication(sdk::DeleteMarkerReplication::builder().status(deletions).build())
        .set_source_selection_criteria(selection.map(write_selection).transpose()?)
        .build()
        .map_err(unbuilt)
}

fn write_selection(selection: &Selection) -> Result<sdk::SourceSelectionCriteria> {
    let encrypted = selection.sse_kms_encrypted_objects.as_ref().map(|switch| {
        sdk::SseKmsEncryptedObjects::builder().status(switch.status.as_str().into()).build().map_err(unbuilt)
    });
    let replicas = selection.replica_modifications.as_ref().map(|switch| {
        sdk::ReplicaModifications::builder().status(switch.status.as_str().into()).build().map_err(unbuilt)
    });
    Ok(sdk::SourceSelectionCriteria::builder()
        .set_sse_kms_encrypted_objects(encrypted.transpose()?)
        .set_replica_modifications(replicas.transpose()?)
        .build())
}

fn write_filter(filter: Option<&ReplicationFilter>) -> Result<sdk::ReplicationRuleFilter> {
    let Some(filter) = filter else { return Ok(sdk::ReplicationRuleFilter::builder().prefix("").build()) };
    let tags = write_tags(&filter.tags)?;
    // S3 takes one condition bare, and several only inside `And`.
    Ok(if usize::from(filter.prefix.is_some()) + tags.len() > 1 {
        let all = sdk::ReplicationRuleAndOperator::builder().set_prefix(filter.prefix.clone()).set_tags(Some(tags));
        sdk::ReplicationRuleFilter::builder().and(all.build()).build()
    } else {
        sdk::ReplicationRuleFilter::builder().set_prefix(filter.prefix.clone()).set_tag(tags.into_iter().next()).build()
    })
}

/// The only time that S3 promises, and after which its metrics call a copy late.
const MINUTES: i32 = 15;

fn write_destination(to: &Destination) -> Result<sdk::Destination> {
    let minutes = || sdk::ReplicationTimeValue::builder().minutes(MINUTES).build();
    let translation = to.access_control_translation.as_ref().map(|translation| {
        sdk::AccessControlTranslation::builder().owner(translation.owner.as_str().into()).build().map_err(unbuilt)
    });
    let encryption = to.encryption_configuration.as_ref().map(|encryption| {
        sdk::EncryptionConfiguration::builder().replica_kms_key_id(&encryption.replica_kms_key_id).build()
    });
    let time = to.replication_time.as_ref().map(|switch| {
        let time = sdk::ReplicationTime::builder().status(switch.status.as_str().into()).time(minutes());
        time.build().map_err(unbuilt)
    });
    let timely = is_on(to.replication_time.as_ref());
    let metrics = to.metrics.as_ref().map(|switch| {
        let metrics = sdk::Metrics::builder().status(switch.status.as_str().into());
        metrics.set_event_threshold(timely.then(minutes)).build().map_err(unbuilt)
    });
    sdk::Destination::builder()
        .bucket(&to.bucket)
        .set_account(to.account.clone())
        .set_storage_class(to.storage_class.as_deref().map(Into::into))
        .set_access_control_translation(translation.transpose()?)
        .set_encryption_configuration(encryption)
        .set_replication_time(time.transpose()?)
        .set_metrics(metrics.transpose()?)
        .build()
        .map_err(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_the_way_to_s3_and_back() {
        let tag = |key: &str| (key.to_owned(), "v".to_owned());
        let filters = [
            None,
            Some(ReplicationFilter { prefix: Some("a/".to_owned()), tags: [tag("k")].into() }),
            Some(ReplicationFilter { prefix: None, tags: [tag("k")].into() }),
        ];
        for filter in filters {
            let rule = ReplicationRule {
                id: "copies".to_owned(),
                priority: 3,
                status: "Enabled".to_owned(),
                filter,
                destination: Destination {
                    bucket: "arn:aws:s3:::copies".to_owned(),
                    account: Some("123456789012".to_owned()),
                    storage_class: Some("STANDARD_IA".to_owned()),
                    access_control_translation: Some(Translation { owner: "Destination".to_owned() }),
                    encryption_configuration: Some(ReplicaEncryption { replica_kms_key_id: "key".to_owned() }),
                    replication_time: on("Enabled"),
                    metrics: on("Enabled"),
                },
                delete_marker_replication: on("Enabled"),
                source_selection_criteria: Some(Selection {
                    sse_kms_encrypted_objects: on("Enabled"),
                    replica_modifications: None,
                }),
            };
            assert_eq!(read_rule(&write_rule(&rule).unwrap()), rule);
        }
    }
}
