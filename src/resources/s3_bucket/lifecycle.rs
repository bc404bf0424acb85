//! The lifecycle of a bucket's objects.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types as sdk;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{Attributes, Violation};
use serde::{Deserialize, Serialize};

use super::settings::YOUNG;
use crate::aws::{Cx, Op, unbuilt, unless};

/// What becomes of objects as they age.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(at_least_one(
    "transition", "expiration", "noncurrent_version_transition", "noncurrent_version_expiration",
    "abort_incomplete_multipart_upload"
))]
pub struct LifecycleRule {
    /// Its name in the bucket.
    #[attr(length(1, 255))]
    id: String,
    /// Whether it is in force.
    #[attr(default = true)]
    enabled: bool,
    /// The objects that it is about; without it all.
    filter: Option<Filter>,
    /// Moves to cheaper storage.
    transition: BTreeSet<Transition>,
    /// When objects are deleted.
    expiration: Option<Expiration>,
    /// Moves of old versions to cheaper storage.
    noncurrent_version_transition: BTreeSet<NoncurrentTransition>,
    /// When old versions are deleted.
    noncurrent_version_expiration: Option<NoncurrentExpiration>,
    /// When uploads that nobody finished are thrown away.
    abort_incomplete_multipart_upload: Option<AbortUpload>,
}

/// The objects that a rule is about: those for which all of this holds.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter {
    /// What their keys begin with.
    prefix: Option<String>,
    /// Tags that they carry.
    tags: BTreeMap<String, String>,
    /// They are larger than so many bytes.
    #[attr(range(0, 5_497_558_138_880))]
    object_size_greater_than: Option<i64>,
    /// They are smaller than so many bytes.
    #[attr(range(1, 5_497_558_138_880))]
    object_size_less_than: Option<i64>,
}

/// A move to cheaper storage.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("days", "date"))]
pub struct Transition {
    /// Days after the object was made.
    #[attr(range(0, 2_147_483_647))]
    days: Option<i32>,
    /// A day, such as `2027-01-01`.
    #[attr(pattern = "\\d{4}-\\d{2}-\\d{2}")]
    date: Option<String>,
    /// `GLACIER`, `DEEP_ARCHIVE`, `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING` or `GLACIER_IR`.
    #[attr(values("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"))]
    storage_class: String,
}

/// When objects are deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("days", "date", "expired_object_delete_marker"))]
pub struct Expiration {
    /// Days after the object was made.
    #[attr(range(1, 2_147_483_647))]
    days: Option<i32>,
    /// A day, such as `2027-01-01`.
    #[attr(pattern = "\\d{4}-\\d{2}-\\d{2}")]
    date: Option<String>,
    /// Delete markers go once no version is left behind them.
    expired_object_delete_marker: Option<bool>,
}

/// A move of old versions to cheaper storage.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoncurrentTransition {
    /// Days after the version was replaced.
    #[attr(range(0, 2_147_483_647))]
    noncurrent_days: i32,
    /// How many newer versions are left where they are.
    #[attr(range(1, 100))]
    newer_noncurrent_versions: Option<i32>,
    /// As for current versions.
    #[attr(values("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"))]
    storage_class: String,
}

/// When old versions are deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoncurrentExpiration {
    /// Days after the version was replaced.
    #[attr(range(1, 2_147_483_647))]
    noncurrent_days: i32,
    /// How many newer versions are kept all the same.
    #[attr(range(1, 100))]
    newer_noncurrent_versions: Option<i32>,
}

/// When uploads that nobody finished are thrown away.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortUpload {
    /// Days after the upload began.
    #[attr(range(1, 2_147_483_647))]
    days_after_initiation: i32,
}

/// Least days before objects move to these classes.
const EARLIEST: i32 = 30;

/// What S3 refuses in the rules of one bucket.
pub(super) fn check(rules: &BTreeSet<LifecycleRule>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    for rule in rules {
        let mut wrong = |message: String| found.push(Violation::new("lifecycle_rule", message));
        let id = &rule.id;
        if !ids.insert(id) {
            wrong(format!("two rules have the id `{id}`"));
        }
        let moves = rule.transition.iter().filter_map(|to| Some((to.days?, &to.storage_class)));
        let old = rule.noncurrent_version_transition.iter().map(|to| (to.noncurrent_days, &to.storage_class));
        for (days, class) in moves.clone().chain(old) {
            if days < EARLIEST && matches!(class.as_str(), "STANDARD_IA" | "ONEZONE_IA") {
                wrong(format!(
                    "`{id}` moves to {class} after {days} days, and S3 does after {EARLIEST} at the earliest"
                ));
            }
        }
        let last = moves.map(|(days, _)| days).max();
        let end = rule.expiration.as_ref().and_then(|end| end.days);
        if let (Some(last), Some(end)) = (last, end)
            && end <= last
        {
            wrong(format!("`{id}` deletes after {end} days, and moves after {last}"));
        }
    }
    found
}

/// Reads the rules, and the size below which objects do not move by default.
pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<(BTreeSet<LifecycleRule>, String)> {
    let answer = cx
        .call(Op::new("s3:GetBucketLifecycleConfiguration"), || {
            cx.s3().get_bucket_lifecycle_configuration().bucket(bucket).send()
        })
        .await;
    let answer = unless(answer, &["NoSuchLifecycleConfiguration"])?;
    let size = answer.as_ref().and_then(|answer| answer.transition_default_minimum_object_size());
    let size = size.map_or(USUAL_SIZE, |size| size.as_str()).to_owned();
    Ok((answer.map(|answer| answer.rules().iter().map(read_rule).collect()).unwrap_or_default(), size))
}

/// What S3 does with small objects about which nothing is said.
pub(super) const USUAL_SIZE: &str = "all_storage_classes_128K";

/// Writes all rules; none removes the configuration.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, rules: &BTreeSet<LifecycleRule>, size: &str) -> Result<()> {
    if rules.is_empty() {
        cx.call(Op::new("s3:DeleteBucketLifecycle").racing(YOUNG), || {
            cx.s3().delete_bucket_lifecycle().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    }
    let rules = rules.iter().map(write_rule).collect::<Result<Vec<_>>>()?;
    let configuration = sdk::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(unbuilt)?;
    cx.call(Op::new("s3:PutBucketLifecycleConfiguration").racing(YOUNG), || {
        let put = cx.s3().put_bucket_lifecycle_configuration().bucket(bucket);
        put.lifecycle_configuration(configuration.clone()).transition_default_minimum_object_size(size.into()).send()
    })
    .await?;
    Ok(())
}

fn read_rule(rule: &sdk::LifecycleRule) -> LifecycleRule {
    LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        enabled: *rule.status() == sdk::ExpirationStatus::Enabled,
        filter: rule.filter().and_then(read_filter).or_else(|| old_prefix(rule)),
        transition: rule
            .transitions()
            .iter()
            .map(|transition| Transition {
                days: transition.days(),
                date: transition.date().map(day),
                storage_class: transition.storage_class().map_or("", |class| class.as_str()).to_owned(),
            })
            .collect(),
        expiration: rule.expiration().map(|expiration| Expiration {
            days: expiration.days().filter(|days| *days > 0),
            date: expiration.date().map(day),
            expired_object_delete_marker: expiration.expired_object_delete_marker().filter(|on| *on),
        }),
        noncurrent_version_transition: rule
            .noncurrent_version_transitions()
            .iter()
            .map(|transition| NoncurrentTransition {
                noncurrent_days: transition.noncurrent_days().unwrap_or_default(),
                newer_noncurrent_versions: transition.newer_noncurrent_versions(),
                storage_class: transition.storage_class().map_or("", |class| class.as_str()).to_owned(),
            })
            .collect(),
        noncurrent_version_expiration: rule.noncurrent_version_expiration().map(|expiration| NoncurrentExpiration {
            noncurrent_days: expiration.noncurrent_days().unwrap_or_default(),
            newer_noncurrent_versions: expiration.newer_noncurrent_versions(),
        }),
        abort_incomplete_multipart_upload: rule
            .abort_incomplete_multipart_upload()
            .and_then(sdk::AbortIncompleteMultipartUpload::days_after_initiation)
            .map(|days_after_initiation| AbortUpload { days_after_initiation }),
    }
}

/// The prefix of rules in their first form, which AWS still reports.
#[expect(deprecated, reason = "AWS still reports it for rules that were written so")]
fn old_prefix(rule: &sdk::LifecycleRule) -> Option<Filter> {
    let prefix = rule.prefix().filter(|prefix| !prefix.is_empty())?;
    Some(Filter { prefix: Some(prefix.to_owned()), ..Filter::default() })
}

/// A filter in one form, whichever of its four AWS reports; one that filters nothing is none.
fn read_filter(filter: &sdk::LifecycleRuleFilter) -> Option<Filter> {
    let tag = |tag: &sdk::Tag| (tag.key().to_owned(), tag.value().to_owned());
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let read = match filter.and() {
        Some(all) => Filter {
            prefix: text(all.prefix()),
            tags: all.tags().iter().map(tag).collect(),
            object_size_greater_than: all.object_size_greater_than(),
            object_size_less_than: all.object_size_less_than(),
        },
        None => Filter {
            prefix: text(filter.prefix()),
            tags: filter.tag().map(tag).into_iter().collect(),
            object_size_greater_than: filter.object_size_greater_than(),
            object_size_less_than: filter.object_size_less_than(),
        },
    };
    (read != Filter::default()).then_some(read)
}

fn write_filter(filter: Option<&Filter>) -> Result<sdk::LifecycleRuleFilter> {
    let Some(filter) = filter else { return Ok(sdk::LifecycleRuleFilter::builder().prefix("").build()) };
    let tags = write_tags(&filter.tags)?;
    let conditions = usize::from(filter.prefix.is_some())
        + tags.len()
        + usize::from(filter.object_size_greater_than.is_some())
        + usize::from(filter.object_size_less_than.is_some());
    // S3 takes one condition bare, and several only inside `And`.
    Ok(if conditions > 1 {
        let all = sdk::LifecycleRuleAndOperator::builder()
            .set_prefix(filter.prefix.clone())
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(filter.object_size_greater_than)
            .set_object_size_less_than(filter.object_size_less_than)
            .build();
        sdk::LifecycleRuleFilter::builder().and(all).build()
    } else {
        sdk::LifecycleRuleFilter::builder()
            .set_prefix(filter.prefix.clone())
            .set_tag(tags.into_iter().next())
            .set_object_size_greater_than(filter.object_size_greater_than)
            .set_object_size_less_than(filter.object_size_less_than)
            .build()
    })
}

/// Tags of a filter.
pub(super) fn write_tags(tags: &BTreeMap<String, String>) -> Result<Vec<sdk::Tag>> {
    tags.iter()
        .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
        .collect::<std::result::Result<_, _>>()
        .map_err(unbuilt)
}

fn write_rule(rule: &LifecycleRule) -> Result<sdk::LifecycleRule> {
    let status = if rule.enabled { sdk::ExpirationStatus::Enabled } else { sdk::ExpirationStatus::Disabled };
    let mut built =
        sdk::LifecycleRule::builder().id(&rule.id).status(status).filter(write_filter(rule.filter.as_ref())?);
    for transition in &rule.transition {
        built = built.transitions(
            sdk::Transition::builder()
                .set_days(transition.days)
                .set_date(moment(transition.date.as_deref())?)
                .storage_class(transition.storage_class.as_str().into())
                .build(),
        );
    }
    for transition in &rule.noncurrent_version_transition {
        built = built.noncurrent_version_transitions(
            sdk::NoncurrentVersionTransition::builder()
                .noncurrent_days(transition.noncurrent_days)
                .set_newer_noncurrent_versions(transition.newer_noncurrent_versions)
                .storage_class(transition.storage_class.as_str().into())
                .build(),
        );
    }
    if let Some(expiration) = &rule.expiration {
        built = built.expiration(
            sdk::LifecycleExpiration::builder()
                .set_days(expiration.days)
                .set_date(moment(expiration.date.as_deref())?)
                .set_expired_object_delete_marker(expiration.expired_object_delete_marker)
                .build(),
        );
    }
    if let Some(expiration) = &rule.noncurrent_version_expiration {
        built = built.noncurrent_version_expiration(
            sdk::NoncurrentVersionExpiration::builder()
                .noncurrent_days(expiration.noncurrent_days)
                .set_newer_noncurrent_versions(expiration.newer_noncurrent_versions)
                .build(),
        );
    }
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        let abort =
            sdk::AbortIncompleteMultipartUpload::builder().days_after_initiation(abort.days_after_initiation).build();
        built = built.abort_incomplete_multipart_upload(abort);
    }
    built.build().map_err(unbuilt)
}

/// The day of a moment, which S3 keeps at midnight UTC.
fn day(moment: &DateTime) -> String {
    let text = moment.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    text.get(..10).unwrap_or_default().to_owned()
}

fn moment(day: Option<&str>) -> Result<Option<DateTime>> {
    day.map(|day| DateTime::from_str(&format!("{day}T00:00:00Z"), DateTimeFormat::DateTime))
        .transpose()
        .map_err(|error| Error::internal(format!("`{}` is no day: {error}", day.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_the_way_to_s3_and_back() {
        let several = Filter {
            prefix: Some("a/".to_owned()),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            object_size_greater_than: Some(1),
            object_size_less_than: None,
        };
        let one = Filter { tags: [("k".to_owned(), "v".to_owned())].into(), ..Filter::default() };
        for filter in [None, Some(several), Some(one)] {
            let rule = LifecycleRule {
                id: "r".to_owned(),
                enabled: true,
                filter,
                transition: [Transition {
                    days: None,
                    date: Some("2027-01-01".to_owned()),
                    storage_class: "GLACIER".to_owned(),
                }]
                .into(),
                expiration: Some(Expiration { days: Some(400), date: None, expired_object_delete_marker: None }),
                noncurrent_version_transition: BTreeSet::new(),
                noncurrent_version_expiration: Some(NoncurrentExpiration {
                    noncurrent_days: 30,
                    newer_noncurrent_versions: Some(3),
                }),
                abort_incomplete_multipart_upload: Some(AbortUpload { days_after_initiation: 7 }),
            };
            assert_eq!(read_rule(&write_rule(&rule).unwrap()), rule);
        }
    }
}
