//! What guards the objects of a bucket: encryption, guards against the public, ownership, policy.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Policy, Value};
use serde::{Deserialize, Serialize};

use super::settings::YOUNG;
use crate::aws::{Cx, Op, unbuilt, unless};

/// Encryption of a bucket.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Encryption {
    /// The one rule that S3 takes.
    rule: EncryptionRule,
}

/// How objects are encrypted that do not say it themselves.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EncryptionRule {
    /// The default.
    apply_server_side_encryption_by_default: EncryptionDefault,
    /// Whether one data key serves many objects, which makes KMS cheaper.
    #[attr(default = false)]
    bucket_key_enabled: bool,
}

/// The encryption of objects that ask for none.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EncryptionDefault {
    /// `AES256`, or KMS once or twice over.
    #[attr(values("AES256", "aws:kms", "aws:kms:dsse"))]
    sse_algorithm: String,
    /// ARN of the KMS key; without it AWS's own key for S3.
    #[attr(refers("kms_key", "arn"))]
    kms_master_key_id: Option<String>,
}

/// The four guards against the public.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct PublicAccessBlock {
    /// Refuses access lists that let the public in.
    #[attr(default = true)]
    block_public_acls: bool,
    /// Refuses policies that let the public in.
    #[attr(default = true)]
    block_public_policy: bool,
    /// Overrules access lists that let the public in.
    #[attr(default = true)]
    ignore_public_acls: bool,
    /// Overrules policies that let the public in.
    #[attr(default = true)]
    restrict_public_buckets: bool,
}

/// Encryption by keys of S3's own is what every bucket has.
pub(super) fn plain_encryption_is_absent(value: &Value) -> Value {
    let rule = value.get("rule");
    let default = rule.get("apply_server_side_encryption_by_default");
    let plain = default.get("sse_algorithm").as_str() == Some("AES256")
        && default.get("kms_master_key_id").is_null()
        && rule.get("bucket_key_enabled").as_bool() != Some(true);
    if plain { Value::Null } else { value.clone() }
}

/// Four guards that are up are what every bucket has.
pub(super) fn all_up_is_absent(value: &Value) -> Value {
    let up = value.as_map().is_some_and(|map| map.values().all(|guard| guard.as_bool() == Some(true)));
    if up { Value::Null } else { value.clone() }
}

pub(super) async fn encryption(cx: &Cx<'_>, bucket: &str) -> Result<Option<Encryption>> {
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

pub(super) async fn write_encryption(cx: &Cx<'_>, bucket: &str, wanted: Option<&Encryption>) -> Result<()> {
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
        .map_err(unbuilt)?;
    let rule = sdk::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(wanted.rule.bucket_key_enabled)
        .build();
    let configuration = sdk::ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuilt)?;
    cx.call(Op::new("s3:PutBucketEncryption").racing(YOUNG), || {
        let put = cx.s3().put_bucket_encryption().bucket(bucket);
        put.server_side_encryption_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}

pub(super) async fn public_access(cx: &Cx<'_>, bucket: &str) -> Result<Option<PublicAccessBlock>> {
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

pub(super) async fn write_public_access(cx: &Cx<'_>, bucket: &str, wanted: Option<&PublicAccessBlock>) -> Result<()> {
    let guards = wanted.unwrap_or(&ALL_UP);
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

pub(super) async fn ownership(cx: &Cx<'_>, bucket: &str) -> Result<String> {
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

pub(super) async fn write_ownership(cx: &Cx<'_>, bucket: &str, wanted: &str) -> Result<()> {
    let rule = sdk::OwnershipControlsRule::builder().object_ownership(wanted.into()).build().map_err(unbuilt)?;
    let controls = sdk::OwnershipControls::builder().rules(rule).build().map_err(unbuilt)?;
    cx.call(Op::new("s3:PutBucketOwnershipControls").racing(YOUNG), || {
        cx.s3().put_bucket_ownership_controls().bucket(bucket).ownership_controls(controls.clone()).send()
    })
    .await?;
    Ok(())
}

pub(super) async fn policy(cx: &Cx<'_>, bucket: &str) -> Result<Option<Policy>> {
    let answer = cx.call(Op::new("s3:GetBucketPolicy"), || cx.s3().get_bucket_policy().bucket(bucket).send()).await;
    let answer = unless(answer, &["NoSuchBucketPolicy"])?;
    Ok(answer.and_then(|answer| answer.policy.as_deref().map(Policy::parse)))
}

pub(super) async fn write_policy(cx: &Cx<'_>, bucket: &str, wanted: Option<&Policy>) -> Result<()> {
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
