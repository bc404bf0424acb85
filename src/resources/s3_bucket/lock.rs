//! The lock on objects of a bucket.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Op, unless};

/// The lock on objects.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ObjectLock {
    /// How long objects are locked that say nothing themselves; without it they are not.
    rule: Option<LockRule>,
}

/// The lock of objects that say nothing themselves.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct LockRule {
    /// How, and how long.
    default_retention: Retention,
}

/// How, and how long objects are locked.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("days", "years"))]
pub struct Retention {
    /// `GOVERNANCE` lets those delete that may; `COMPLIANCE` nobody, the account's root included.
    #[attr(values("GOVERNANCE", "COMPLIANCE"))]
    mode: String,
    /// Days.
    #[attr(range(1, 36_500))]
    days: Option<i32>,
    /// Years.
    #[attr(range(1, 100))]
    years: Option<i32>,
}

/// Whether it locks objects that say nothing themselves.
pub(super) fn has_rule(lock: Option<&ObjectLock>) -> bool {
    lock.is_some_and(|lock| lock.rule.is_some())
}

/// A lock cannot be taken off a bucket again: without a rule it is as good as none.
pub(super) fn same_lock(declared: &Value, observed: &Value) -> bool {
    declared.is_null() && observed.get("rule").is_null()
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Option<ObjectLock>> {
    let answer = cx
        .call(Op::new("s3:GetObjectLockConfiguration"), || {
            cx.s3().get_object_lock_configuration().bucket(bucket).send()
        })
        .await;
    let answer = unless(answer, &["ObjectLockConfigurationNotFoundError"])?;
    let found = answer.and_then(|answer| answer.object_lock_configuration);
    let found = found.filter(|lock| lock.object_lock_enabled() == Some(&sdk::ObjectLockEnabled::Enabled));
    Ok(found.map(|lock| ObjectLock {
        rule: lock.rule().and_then(|rule| rule.default_retention()).map(|retention| LockRule {
            default_retention: Retention {
                mode: retention.mode().map_or("", |mode| mode.as_str()).to_owned(),
                days: retention.days().filter(|days| *days > 0),
                years: retention.years().filter(|years| *years > 0),
            },
        }),
    }))
}

/// Switches the lock on, with its rule or without.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, wanted: Option<&ObjectLock>) -> Result<()> {
    let rule = wanted.and_then(|lock| lock.rule.as_ref()).map(|rule| {
        let retention = sdk::DefaultRetention::builder()
            .mode(rule.default_retention.mode.as_str().into())
            .set_days(rule.default_retention.days)
            .set_years(rule.default_retention.years)
            .build();
        sdk::ObjectLockRule::builder().default_retention(retention).build()
    });
    let configuration = sdk::ObjectLockConfiguration::builder()
        .object_lock_enabled(sdk::ObjectLockEnabled::Enabled)
        .set_rule(rule)
        .build();
    // Versioning that was switched on a moment ago may not be known yet.
    cx.call(
        Op::new("s3:PutObjectLockConfiguration").racing(&["NoSuchBucket", "OperationAborted", "InvalidBucketState"]),
        || {
            cx.s3()
                .put_object_lock_configuration()
                .bucket(bucket)
                .object_lock_configuration(configuration.clone())
                .send()
        },
    )
    .await?;
    Ok(())
}
