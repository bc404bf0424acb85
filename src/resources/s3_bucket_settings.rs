//! The settings of a bucket: each with a call of its own to read and to write.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::Policy;

use super::s3_bucket::{Encryption, EncryptionDefault, EncryptionRule, PublicAccessBlock, S3Bucket, Versioning};
use super::s3_bucket_lifecycle as lifecycle;
use crate::aws::{Cx, Op};

/// Codes of a bucket that was made, or whose policy's principals were made, a moment ago.
const YOUNG: &[&str] = &["NoSuchBucket", "OperationAborted"];

/// Reads all settings at once.
pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<S3Bucket> {
    let (versioning, encryption, lifecycle_rule, public_access_block, object_ownership, policy) = tokio::try_join!(
        versioning(cx, bucket),
        encryption(cx, bucket),
        lifecycle::read(cx, bucket),
        public_access(cx, bucket),
        ownership(cx, bucket),
        policy(cx, bucket),
    )?;
    let mut read = S3Bucket::fresh(bucket);
    read.versioning = versioning;
    read.server_side_encryption_configuration = encryption;
    read.lifecycle_rule = lifecycle_rule;
    read.public_access_block = public_access_block;
    read.object_ownership = object_ownership;
    read.policy = policy;
    Ok(read)
}

/// Writes the settings that differ, one after the other: S3 refuses parallel changes of a bucket.
pub(super) async fn write(cx: &Cx<'_>, to: &S3Bucket, from: &S3Bucket) -> Result<()> {
    let bucket = &*from.bucket;
    // A policy that lets the public in needs its guard down first; without one the guard goes up at the end.
    let opens = to.policy.is_some();
    if opens {
        write_public_access(cx, bucket, to, from).await?;
    }
    if to.object_ownership != from.object_ownership {
        write_ownership(cx, bucket, &to.object_ownership).await?;
    }
    if to.versioning != from.versioning {
        write_versioning(cx, bucket, to.versioning.as_ref().is_some_and(|versioning| versioning.enabled)).await?;
    }
    if to.server_side_encryption_configuration != from.server_side_encryption_configuration {
        write_encryption(cx, bucket, to.server_side_encryption_configuration.as_ref()).await?;
    }
    if to.lifecycle_rule != from.lifecycle_rule {
        lifecycle::write(cx, bucket, &to.lifecycle_rule).await?;
    }
    if to.policy != from.policy {
        write_policy(cx, bucket, to.policy.as_ref()).await?;
    }
    if !opens {
        write_public_access(cx, bucket, to, from).await?;
    }
    Ok(())
}

/// An answer, or nothing where S3 says by this code that there is none.
pub(super) fn unless<T>(answer: Result<T>, none: &[&str]) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(|code| none.contains(&code)) => Ok(None),
        Err(error) => Err(error),
    }
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

async fn encryption(cx: &Cx<'_>, bucket: &str) -> Result<Option<Encryption>> {
    let answer =
        cx.call(Op::new("s3:GetBucketEncryption"), || cx.s3().get_bucket_encryption().bucket(bucket).send()).await;
    let Some(answer) = unless(answer, &["ServerSideEncryptionConfigurationNotFoundError"])? else { return Ok(None) };
    let rule = answer.server_side_encryption_configuration().and_then(|configuration| configuration.rules().first());
    Ok(rule.and_then(|rule| {
        let default = rule.apply_server_side_encryption_by_default()?;
        let key = default.kms_master_key_id().map(str::to_owned);
        let bucket_key_enabled = rule.bucket_key_enabled().unwrap_or_default();
        // S3's own keys are what every bucket has.
        let plain = *default.sse_algorithm() == sdk::ServerSideEncryption::Aes256 && !bucket_key_enabled;
        (!plain).then(|| Encryption {
            rule: EncryptionRule {
                apply_server_side_encryption_by_default: EncryptionDefault {
                    sse_algorithm: default.sse_algorithm().as_str().to_owned(),
                    kms_master_key_id: key,
                },
                bucket_key_enabled,
            },
        })
    }))
}

async fn write_encryption(cx: &Cx<'_>, bucket: &str, wanted: Option<&Encryption>) -> Result<()> {
    let Some(wanted) = wanted else {
        cx.call(Op::new("s3:DeleteBucketEncryption").racing(YOUNG), || {
            cx.s3().delete_bucket_encryption().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    };
    let default = &wanted.rule.apply_server_side_encryption_by_default;
    let default = sdk::ServerSideEncryptionByDefault::builder()
        .sse_algorithm(default.sse_algorithm.as_str().into())
        .set_kms_master_key_id(default.kms_master_key_id.clone())
        .build()
        .map_err(|error| Error::internal(error.to_string()))?;
    let rule = sdk::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(wanted.rule.bucket_key_enabled)
        .build();
    let configuration = sdk::ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(|error| Error::internal(error.to_string()))?;
    cx.call(Op::new("s3:PutBucketEncryption").racing(YOUNG), || {
        let put = cx.s3().put_bucket_encryption().bucket(bucket);
        put.server_side_encryption_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}

async fn public_access(cx: &Cx<'_>, bucket: &str) -> Result<Option<PublicAccessBlock>> {
    let answer =
        cx.call(Op::new("s3:GetPublicAccessBlock"), || cx.s3().get_public_access_block().bucket(bucket).send()).await;
    let answer = unless(answer, &["NoSuchPublicAccessBlockConfiguration"])?;
    let guards = match answer.as_ref().and_then(|answer| answer.public_access_block_configuration()) {
        None => PublicAccessBlock::default(),
        Some(guards) => PublicAccessBlock {
            block_public_acls: guards.block_public_acls().unwrap_or_default(),
            block_public_policy: guards.block_public_policy().unwrap_or_default(),
            ignore_public_acls: guards.ignore_public_acls().unwrap_or_default(),
            restrict_public_buckets: guards.restrict_public_buckets().unwrap_or_default(),
        },
    };
    Ok(Some(guards).filter(|guards| *guards != ALL_UP))
}

const ALL_UP: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: true,
    block_public_policy: true,
    ignore_public_acls: true,
    restrict_public_buckets: true,
};

async fn write_public_access(cx: &Cx<'_>, bucket: &str, to: &S3Bucket, from: &S3Bucket) -> Result<()> {
    if to.public_access_block == from.public_access_block {
        return Ok(());
    }
    let guards = to.public_access_block.as_ref().unwrap_or(&ALL_UP);
    let guards = sdk::PublicAccessBlockConfiguration::builder()
        .block_public_acls(guards.block_public_acls)
        .block_public_policy(guards.block_public_policy)
        .ignore_public_acls(guards.ignore_public_acls)
        .restrict_public_buckets(guards.restrict_public_buckets)
        .build();
    cx.call(Op::new("s3:PutPublicAccessBlock").racing(YOUNG), || {
        cx.s3().put_public_access_block().bucket(bucket).public_access_block_configuration(guards.clone()).send()
    })
    .await?;
    Ok(())
}

async fn ownership(cx: &Cx<'_>, bucket: &str) -> Result<String> {
    let answer = cx
        .call(Op::new("s3:GetBucketOwnershipControls"), || {
            cx.s3().get_bucket_ownership_controls().bucket(bucket).send()
        })
        .await;
    let answer = unless(answer, &["OwnershipControlsNotFoundError"])?;
    let rule = answer.as_ref().and_then(|answer| answer.ownership_controls()?.rules().first());
    // Buckets from before 2023 may have none, which means that whoever writes an object owns it.
    let ownership = rule.map_or(&sdk::ObjectOwnership::ObjectWriter, |rule| rule.object_ownership());
    Ok(ownership.as_str().to_owned())
}

async fn write_ownership(cx: &Cx<'_>, bucket: &str, wanted: &str) -> Result<()> {
    let rule = sdk::OwnershipControlsRule::builder()
        .object_ownership(wanted.into())
        .build()
        .map_err(|error| Error::internal(error.to_string()))?;
    let controls =
        sdk::OwnershipControls::builder().rules(rule).build().map_err(|error| Error::internal(error.to_string()))?;
    cx.call(Op::new("s3:PutBucketOwnershipControls").racing(YOUNG), || {
        cx.s3().put_bucket_ownership_controls().bucket(bucket).ownership_controls(controls.clone()).send()
    })
    .await?;
    Ok(())
}

async fn policy(cx: &Cx<'_>, bucket: &str) -> Result<Option<Policy>> {
    let answer = cx.call(Op::new("s3:GetBucketPolicy"), || cx.s3().get_bucket_policy().bucket(bucket).send()).await;
    let answer = unless(answer, &["NoSuchBucketPolicy"])?;
    Ok(answer.and_then(|answer| answer.policy.as_deref().map(Policy::parse)))
}

async fn write_policy(cx: &Cx<'_>, bucket: &str, wanted: Option<&Policy>) -> Result<()> {
    let Some(policy) = wanted else {
        cx.call(Op::new("s3:DeleteBucketPolicy").racing(YOUNG), || {
            cx.s3().delete_bucket_policy().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    };
    let young: &[&str] = if crate::aws::tags::iam::young_principals(policy).is_empty() {
        YOUNG
    } else {
        &["NoSuchBucket", "OperationAborted", "MalformedPolicy"]
    };
    let text = policy.to_string();
    cx.call(Op::new("s3:PutBucketPolicy").racing(young), || {
        cx.s3().put_bucket_policy().bucket(bucket).policy(&text).send()
    })
    .await?;
    Ok(())
}
