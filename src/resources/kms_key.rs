//! `kms_key`

use std::collections::BTreeSet;

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Literal, Map, PerVerb, Policy, Select, TagChange, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::kms_support as calls;
use crate::aws::tags::kms as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// The sort of key that KMS can rotate.
pub(super) const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";
/// What a deletion waits for unless the stack says otherwise, in days: the longest that there is.
const LONGEST: i32 = 30;

/// A key of the Key Management Service, with its aliases.
///
/// Its deletion is scheduled, and can be cancelled in AWS until the day comes. After that, whatever is encrypted with
/// it is lost for ever. A key that waits for its deletion counts as gone; its aliases are free again.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct KmsKey {
    /// What it is for.
    #[attr(length(1, 8192))]
    pub(super) description: Option<String>,
    /// What it can do.
    #[attr(
        create_only,
        default = "ENCRYPT_DECRYPT",
        values("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")
    )]
    pub(super) key_usage: String,
    /// The sort of key: `SYMMETRIC_DEFAULT`, `RSA_4096`, `ECC_NIST_P256`, `HMAC_256`, …
    #[attr(create_only, default = "SYMMETRIC_DEFAULT", pattern = "[A-Z0-9_]+")]
    pub(super) customer_master_key_spec: String,
    /// Whether copies of it can be made in other regions.
    #[attr(create_only, default = false)]
    pub(super) multi_region: bool,
    /// Its names: `alias/clefcloud-dev`. Each is unique in account and region, and can move to another key.
    #[attr(pattern = "alias/[A-Za-z0-9/_-]+")]
    pub(super) aliases: BTreeSet<String>,
    /// Who may use and who may manage it. Without one the account's own policies decide.
    #[attr(settled)]
    pub(super) policy: Option<Policy>,
    /// Whether a policy that shuts out whoever sets it is accepted. Nobody but AWS support undoes that.
    #[attr(local, default = false)]
    pub(super) bypass_policy_lockout_safety_check: bool,
    /// Whether AWS renews the key's material regularly. What was encrypted before can still be read.
    #[attr(default = false)]
    pub(super) enable_key_rotation: bool,
    /// Days between two renewals; 365 where rotation is on.
    #[attr(range(90, 2560), default = yearly)]
    pub(super) rotation_period_in_days: Option<i32>,
    /// Whether it can be used.
    #[attr(default = true)]
    pub(super) is_enabled: bool,
    /// Days between its deletion here and its end, in which it can be saved. When the entry has left the file it
    /// is 30.
    #[attr(local, default = 30, range(7, 30))]
    pub(super) deletion_window_in_days: i32,
}

/// What a key tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "{uuid}")]
    pub(super) id: String,
    /// Its id.
    #[attr(looks_like = "{id}")]
    pub(super) key_id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:kms:{region}:{account}:key/{id}")]
    pub(super) arn: String,
}

impl Resource for KmsKey {
    const FACTS: Facts = Facts {
        name: "kms_key",
        service: "kms",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("kms:key"),
        data: Some("whatever is encrypted with it, for good once the deletion window is over"),
        details: 4,
        deleted_after: &[
            "autoscaling_group", "cloudwatch_log_group", "db_instance", "launch_template", "s3_bucket",
            "secretsmanager_secret", "sns_topic", "ssm_parameter",
        ],
        actions: Actions {
            read: &[
                "tag:GetResources", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
                "kms:ListAliases", "kms:ListResourceTags",
            ],
            create: &["kms:CreateKey", "kms:TagResource", "kms:CreateAlias", "kms:EnableKeyRotation", "kms:DisableKey"],
            update: &[
                "kms:UpdateKeyDescription", "kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:DisableKeyRotation",
                "kms:EnableKey", "kms:DisableKey", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias",
                "kms:TagResource", "kms:UntagResource",
            ],
            delete: &["kms:ScheduleKeyDeletion", "kms:DeleteAlias"],
        },
        takes: PerVerb::new(2, 2, 1),
        calls: PerVerb::new(3, 5, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["NotFoundException"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let keys = sweep::arns(cx, select, "kms:key").await?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let one = matches!(select, Select::One(_)).then(|| keys.first()).flatten();
        let aliases = calls::aliases(cx, one.map(String::as_str)).await?;
        let read = try_join_all(keys.iter().map(|key| calls::read(cx, key, &aliases)));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::once("kms:CreateKey"), || {
                cx.kms()
                    .create_key()
                    .set_description(self.description.clone())
                    .key_usage(KeyUsageType::from(self.key_usage.as_str()))
                    .key_spec(KeySpec::from(self.customer_master_key_spec.as_str()))
                    .multi_region(self.multi_region)
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        let id = made.key_metadata().map(|key| key.key_id().to_owned()).unwrap_or_default();
        for alias in &self.aliases {
            calls::name(cx, &id, alias).await?;
        }
        if self.enable_key_rotation {
            calls::rotate(cx, &id, self.rotation_period_in_days).await?;
        }
        if !self.is_enabled {
            calls::enable(cx, &id, false).await?;
        }
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (id, from) = (&live.id, &live.spec);
        if self.is_enabled && !from.is_enabled {
            calls::enable(cx, id, true).await?;
        }
        if self.description != from.description {
            let text = self.description.as_deref().unwrap_or_default();
            let ask = || cx.kms().update_key_description().key_id(id).description(text).send();
            cx.call(Op::new("kms:UpdateKeyDescription"), ask).await?;
        }
        for alias in self.aliases.difference(&from.aliases) {
            calls::name(cx, id, alias).await?;
        }
        for alias in from.aliases.difference(&self.aliases) {
            calls::unname(cx, alias).await?;
        }
        if self.policy != from.policy {
            calls::set_policy(cx, id, self.policy.as_ref(), self.bypass_policy_lockout_safety_check).await?;
        }
        if self.rotation() != from.rotation() {
            if self.enable_key_rotation {
                calls::rotate(cx, id, self.rotation_period_in_days).await?;
            } else {
                let ask = || cx.kms().disable_key_rotation().key_id(id).send();
                cx.call(Op::new("kms:DisableKeyRotation"), ask).await?;
            }
        }
        if !self.is_enabled && from.is_enabled {
            calls::enable(cx, id, false).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        let days = last.map_or(LONGEST, |last| last.deletion_window_in_days);
        calls::schedule_deletion(cx, &live.id, days).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.enable_key_rotation && self.customer_master_key_spec != SYMMETRIC {
            found.push(Violation::new("enable_key_rotation", format!("KMS rotates keys of the sort {SYMMETRIC} only")));
        }
        if !self.enable_key_rotation && self.rotation_period_in_days.is_some() {
            found.push(
                Violation::new("rotation_period_in_days", "a key without rotation has no period")
                    .hint("write `enable_key_rotation: true`"),
            );
        }
        let own = self.aliases.iter().filter(|alias| alias.starts_with("alias/aws/"));
        found.extend(own.map(|alias| Violation::new("aliases", format!("{alias}: such names belong to AWS"))));
        found
    }

    async fn may_update(&self, _cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<Violation>> {
        let stays_disabled = !self.is_enabled && !live.spec.is_enabled;
        let wrong = stays_disabled && self.rotation() != live.spec.rotation();
        let wrong = wrong.then(|| {
            Violation::new("enable_key_rotation", "the rotation of a disabled key cannot be changed")
                .hint("enable the key in the same change, or leave its rotation as it is")
        });
        Ok(wrong.into_iter().collect())
    }
}

impl KmsKey {
    fn rotation(&self) -> (bool, Option<i32>) {
        (self.enable_key_rotation, self.rotation_period_in_days)
    }
}

/// A year where rotation is on.
fn yearly(others: &Map) -> Value {
    match others.get("enable_key_rotation").and_then(Value::as_bool) {
        Some(true) => Value::from(365),
        _ => Literal::Null.value(others),
    }
}
