//! The settings of a bucket: each with a call of its own to read and to write.

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, ExpectedInstance, Value};
use serde::{Deserialize, Serialize};

use super::{S3Bucket, cors, lifecycle, lock, logging, notification, rare, replication, security, website};
use crate::aws::{Cx, Op};

/// Codes of a bucket that was made a moment ago.
pub(super) const YOUNG: &[&str] = &["NoSuchBucket", "OperationAborted"];

/// Versioning of a bucket.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Versioning {
    /// Whether it is on.
    #[attr(default = true)]
    pub(super) enabled: bool,
}

/// Versioning that is off is none.
pub(super) fn off_is_absent(value: &Value) -> Value {
    if value.get("enabled").as_bool() == Some(false) { Value::Null } else { value.clone() }
}

/// Which of the settings that hardly any bucket has are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rare {
    /// Who pays for requests.
    pub(super) payer: bool,
    /// Transfer acceleration.
    pub(super) acceleration: bool,
}

impl Rare {
    /// All of them.
    pub(super) const ALL: Self = Self { payer: true, acceleration: true };

    /// Those of which the stack says something.
    pub(super) fn of(bucket: &str, expected: &[ExpectedInstance]) -> Self {
        let said: BTreeSet<&str> = expected
            .iter()
            .filter(|instance| instance.name.as_deref() == Some(bucket))
            .flat_map(|instance| instance.attributes.iter())
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.as_str())
            .collect();
        Self { payer: said.contains("request_payer"), acceleration: said.contains("acceleration_status") }
    }
}

/// Reads all settings at once: 12 calls, or 10 where nothing is versioned, and one for each rare one.
pub(super) async fn read(cx: &Cx<'_>, bucket: &str, rare: Rare) -> Result<S3Bucket> {
    // Neither replication nor a lock can be on where versioning is not.
    let versioned = async {
        let versioning = versioning(cx, bucket).await?;
        if versioning.is_none() {
            return Ok((versioning, None, None));
        }
        let (replication, lock) = tokio::try_join!(replication::read(cx, bucket), lock::read(cx, bucket))?;
        Result::Ok((versioning, replication, lock))
    };
    let (
        versioned,
        encryption,
        lifecycle,
        public_access,
        ownership,
        policy,
        logging,
        cors,
        website,
        notification,
        rare,
    ) = tokio::try_join!(
        versioned,
        security::encryption(cx, bucket),
        lifecycle::read(cx, bucket),
        security::public_access(cx, bucket),
        security::ownership(cx, bucket),
        security::policy(cx, bucket),
        logging::read(cx, bucket),
        cors::read(cx, bucket),
        website::read(cx, bucket),
        notification::read(cx, bucket),
        rare::read(cx, bucket, rare),
    )?;
    let (versioning, replication, object_lock) = versioned;
    let (lifecycle_rule, transition_default_minimum_object_size) = lifecycle;
    let (request_payer, acceleration_status) = rare;
    Ok(S3Bucket {
        bucket: bucket.into(),
        force_destroy: false,
        versioning,
        server_side_encryption_configuration: encryption,
        lifecycle_rule,
        transition_default_minimum_object_size,
        public_access_block: public_access,
        object_ownership: ownership,
        policy,
        object_lock,
        cors_rule: cors,
        website,
        logging,
        replication,
        notification,
        request_payer,
        acceleration_status,
    })
}

/// Writes the settings that differ, one after the other: S3 refuses parallel changes of a bucket.
pub(super) async fn write(cx: &Cx<'_>, to: &S3Bucket, from: &S3Bucket) -> Result<()> {
    let bucket = &*from.bucket;
    // A policy that lets the public in needs its guard down first; without one the guard goes up at the end.
    let opens = to.policy.is_some();
    let guards = to.public_access_block.as_ref();
    if opens && guards != from.public_access_block.as_ref() {
        security::write_public_access(cx, bucket, guards).await?;
    }
    if to.object_ownership != from.object_ownership {
        security::write_ownership(cx, bucket, &to.object_ownership).await?;
    }
    // Replication needs versions: it goes before they do, and comes after them.
    if to.replication.is_none() && from.replication.is_some() {
        replication::write(cx, bucket, None).await?;
    }
    if to.versioning != from.versioning {
        write_versioning(cx, bucket, to.versioning.as_ref().is_some_and(|versioning| versioning.enabled)).await?;
    }
    if to.object_lock != from.object_lock && (to.object_lock.is_some() || lock::has_rule(from.object_lock.as_ref())) {
        lock::write(cx, bucket, to.object_lock.as_ref()).await?;
    }
    if to.server_side_encryption_configuration != from.server_side_encryption_configuration {
        security::write_encryption(cx, bucket, to.server_side_encryption_configuration.as_ref()).await?;
    }
    let size = &to.transition_default_minimum_object_size;
    if to.lifecycle_rule != from.lifecycle_rule || *size != from.transition_default_minimum_object_size {
        lifecycle::write(cx, bucket, &to.lifecycle_rule, size).await?;
    }
    if to.policy != from.policy {
        security::write_policy(cx, bucket, to.policy.as_ref()).await?;
    }
    if to.cors_rule != from.cors_rule {
        cors::write(cx, bucket, &to.cors_rule).await?;
    }
    if to.website != from.website {
        website::write(cx, bucket, to.website.as_ref()).await?;
    }
    if to.logging != from.logging {
        logging::write(cx, bucket, to.logging.as_ref()).await?;
    }
    if to.replication != from.replication && to.replication.is_some() {
        replication::write(cx, bucket, to.replication.as_ref()).await?;
    }
    if to.notification != from.notification {
        notification::write(cx, bucket, to.notification.as_ref()).await?;
    }
    rare::write(cx, bucket, to, from).await?;
    if !opens && guards != from.public_access_block.as_ref() {
        security::write_public_access(cx, bucket, guards).await?;
    }
    Ok(())
}

async fn versioning(cx: &Cx<'_>, bucket: &str) -> Result<Option<Versioning>> {
    let answer =
        cx.call(Op::new("s3:GetBucketVersioning"), || cx.s3().get_bucket_versioning().bucket(bucket).send()).await?;
    let on = answer.status() == Some(&sdk::BucketVersioningStatus::Enabled);
    Ok(on.then_some(Versioning { enabled: true }))
}

async fn write_versioning(cx: &Cx<'_>, bucket: &str, enabled: bool) -> Result<()> {
    use sdk::BucketVersioningStatus::{Enabled, Suspended};
    let status = if enabled { Enabled } else { Suspended };
    let configuration = sdk::VersioningConfiguration::builder().status(status).build();
    cx.call(Op::new("s3:PutBucketVersioning").racing(YOUNG), || {
        cx.s3().put_bucket_versioning().bucket(bucket).versioning_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}
