//! The lifecycle of a bucket's objects.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types as sdk;
use clefctl_core::error::{Error, Result};

use super::s3_bucket::{
    AbortUpload, Expiration, Filter, LifecycleRule, NoncurrentExpiration, NoncurrentTransition, Transition,
};
use super::s3_bucket_settings::unless;
use crate::aws::{Cx, Op};

/// Reads the rules.
pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<BTreeSet<LifecycleRule>> {
    let answer = cx
        .call(Op::new("s3:GetBucketLifecycleConfiguration"), || {
            cx.s3().get_bucket_lifecycle_configuration().bucket(bucket).send()
        })
        .await;
    let answer = unless(answer, &["NoSuchLifecycleConfiguration"])?;
    Ok(answer.map(|answer| answer.rules().iter().map(read_rule).collect()).unwrap_or_default())
}

/// Writes all rules; none removes the configuration.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, rules: &BTreeSet<LifecycleRule>) -> Result<()> {
    const YOUNG: &[&str] = &["NoSuchBucket", "OperationAborted"];
    if rules.is_empty() {
        cx.call(Op::new("s3:DeleteBucketLifecycle").racing(YOUNG), || {
            cx.s3().delete_bucket_lifecycle().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    }
    let rules = rules.iter().map(write_rule).collect::<Result<Vec<_>>>()?;
    let configuration = sdk::BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules))
        .build()
        .map_err(|error| Error::internal(error.to_string()))?;
    cx.call(Op::new("s3:PutBucketLifecycleConfiguration").racing(YOUNG), || {
        let put = cx.s3().put_bucket_lifecycle_configuration().bucket(bucket);
        put.lifecycle_configuration(configuration.clone()).send()
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

fn write_tags(tags: &BTreeMap<String, String>) -> Result<Vec<sdk::Tag>> {
    tags.iter()
        .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::internal(error.to_string()))
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
    built.build().map_err(|error| Error::internal(error.to_string()))
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
