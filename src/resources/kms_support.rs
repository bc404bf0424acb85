//! The calls of `kms_key`, and what kinds that take a key share.

use aws_sdk_kms::types::{AliasListEntry, KeyMetadata, KeyState};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Policy, Status, Value, tag};
use serde_json::{Value as Json, json};

use super::kms_key::{KmsKey, Outputs, SYMMETRIC};
use crate::aws::tags::iam::young_principals;
use crate::aws::tags::kms as tags;
use crate::aws::{Cx, Live, Op};

/// The only name that a key's policy can have.
const POLICY: &str = "default";
/// A key or alias that was made a moment ago may not be visible yet.
const YOUNG: &[&str] = &["NotFoundException"];

/// Whether two texts name the same key: AWS reports an ARN for what was given as an id or alias, or the other way.
pub(super) fn same_key(declared: &Value, observed: &Value) -> bool {
    match (declared.as_str(), observed.as_str()) {
        (Some(declared), Some(observed)) => bare(declared) == bare(observed),
        _ => false,
    }
}

/// The id or alias in what may be an ARN.
pub(super) fn bare(key: &str) -> &str {
    match key.rsplit_once(":key/") {
        Some((_, id)) => id,
        None => key.rsplit(':').next().unwrap_or(key),
    }
}

/// The aliases of a key, or all of the account's in the region.
pub(super) async fn aliases(cx: &Cx<'_>, key: Option<&str>) -> Result<Vec<AliasListEntry>> {
    cx.call(Op::new("kms:ListAliases"), || {
        cx.kms().list_aliases().set_key_id(key.map(str::to_owned)).into_paginator().items().send().try_collect()
    })
    .await
}

/// Reads a key; nothing if it has gone, or waits for its deletion.
pub(super) async fn read(cx: &Cx<'_>, id: &str, aliases: &[AliasListEntry]) -> Result<Option<Live<KmsKey>>> {
    let Some(key) = describe(cx, id).await? else { return Ok(None) };
    if matches!(key.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)) {
        return Ok(None);
    }
    let id = key.key_id();
    let (tags, policy, period) = tokio::try_join!(tags::of(cx, id), policy(cx, id), period(cx, &key))?;
    let names = aliases.iter().filter(|alias| alias.target_key_id() == Some(id));
    Ok(Some(Live {
        spec: KmsKey {
            description: key.description().filter(|text| !text.is_empty()).map(str::to_owned),
            key_usage: key.key_usage().map_or("ENCRYPT_DECRYPT", |usage| usage.as_str()).to_owned(),
            customer_master_key_spec: spec(&key).to_owned(),
            multi_region: key.multi_region().unwrap_or_default(),
            aliases: names.filter_map(|alias| alias.alias_name().map(str::to_owned)).collect(),
            policy,
            bypass_policy_lockout_safety_check: false,
            enable_key_rotation: period.is_some(),
            rotation_period_in_days: period,
            is_enabled: key.key_state() != Some(&KeyState::Disabled),
            deletion_window_in_days: 30,
        },
        outputs: Outputs {
            id: id.to_owned(),
            key_id: id.to_owned(),
            arn: key.arn().map_or_else(|| cx.arn("kms", &format!("key/{id}")), str::to_owned),
        },
        tags,
        status: match key.key_state() {
            Some(KeyState::Creating) => Status::Pending("creating".to_owned()),
            Some(KeyState::Updating) => Status::Pending("updating".to_owned()),
            _ => Status::Usable,
        },
        id: id.to_owned(),
    }))
}

async fn describe(cx: &Cx<'_>, id: &str) -> Result<Option<KeyMetadata>> {
    match cx.call(Op::new("kms:DescribeKey"), || cx.kms().describe_key().key_id(id).send()).await {
        Ok(answer) => Ok(answer.key_metadata),
        Err(error) if error.code() == Some("NotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

fn spec(key: &KeyMetadata) -> &str {
    key.key_spec().map_or(SYMMETRIC, |spec| spec.as_str())
}

/// The policy, if it is another than the one that KMS gives to a key without one.
async fn policy(cx: &Cx<'_>, id: &str) -> Result<Option<Policy>> {
    let op = Op::new("kms:GetKeyPolicy").racing(YOUNG);
    let answer = cx.call(op, || cx.kms().get_key_policy().key_id(id).policy_name(POLICY).send()).await?;
    Ok(answer.policy().map(Policy::parse).filter(|policy| !is_default(policy)))
}

/// Days between two renewals; nothing where there are none.
async fn period(cx: &Cx<'_>, key: &KeyMetadata) -> Result<Option<i32>> {
    if spec(key) != SYMMETRIC {
        return Ok(None);
    }
    let op = Op::new("kms:GetKeyRotationStatus").racing(YOUNG);
    let status = cx.call(op, || cx.kms().get_key_rotation_status().key_id(key.key_id()).send()).await?;
    Ok(status.key_rotation_enabled().then(|| status.rotation_period_in_days().unwrap_or(365)))
}

/// The policy of a key that is given none: the account decides.
fn default_policy(cx: &Cx<'_>) -> Policy {
    Policy(json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{}:iam::{}:root", cx.partition(), cx.account)},
            "Action": "kms:*",
            "Resource": "*",
        }],
    }))
}

/// Whether a policy only says what KMS's own does: that the account decides. Its names do not matter.
fn is_default(policy: &Policy) -> bool {
    let statements = match policy.0.get("Statement") {
        Some(Json::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    let [statement] = statements else { return false };
    let is = |name: &str, text: &str| match statement.get(name) {
        Some(Json::Array(items)) => matches!(items.as_slice(), [Json::String(only)] if only == text),
        Some(value) => value == text,
        None => false,
    };
    let root = statement.pointer("/Principal/AWS").and_then(Json::as_str).is_some_and(|who| who.ends_with(":root"));
    root && is("Effect", "Allow")
        && is("Action", "kms:*")
        && is("Resource", "*")
        && statement.get("Condition").is_none()
        && statement.get("Principal").and_then(Json::as_object).is_some_and(|who| who.len() == 1)
}

/// Sets the policy, or KMS's own.
pub(super) async fn set_policy(cx: &Cx<'_>, id: &str, policy: Option<&Policy>, bypass: bool) -> Result<()> {
    let policy = policy.cloned().unwrap_or_else(|| default_policy(cx));
    let op = Op::new("kms:PutKeyPolicy").racing(young_principals(&policy));
    cx.call(op, || {
        let ask = cx.kms().put_key_policy().key_id(id).policy_name(POLICY).policy(policy.to_string());
        ask.bypass_policy_lockout_safety_check(bypass).send()
    })
    .await
    .map(drop)
}

/// Has the key renewed every so many days.
pub(super) async fn rotate(cx: &Cx<'_>, id: &str, days: Option<i32>) -> Result<()> {
    let op = Op::new("kms:EnableKeyRotation").racing(YOUNG);
    cx.call(op, || cx.kms().enable_key_rotation().key_id(id).set_rotation_period_in_days(days).send()).await.map(drop)
}

/// Lets the key be used, or not.
pub(super) async fn enable(cx: &Cx<'_>, id: &str, on: bool) -> Result<()> {
    if on {
        cx.call(Op::new("kms:EnableKey").racing(YOUNG), || cx.kms().enable_key().key_id(id).send()).await.map(drop)
    } else {
        cx.call(Op::new("kms:DisableKey").racing(YOUNG), || cx.kms().disable_key().key_id(id).send()).await.map(drop)
    }
}

/// Gives the key an alias. One that another key of the owner has moves here: so does a replacement take its names.
pub(super) async fn name(cx: &Cx<'_>, id: &str, alias: &str) -> Result<()> {
    let op = Op::new("kms:CreateAlias").racing(YOUNG);
    let made = cx.call(op, || cx.kms().create_alias().alias_name(alias).target_key_id(id).send()).await;
    let taken = match made {
        Err(error) if error.code() == Some("AlreadyExistsException") => error,
        other => return other.map(drop),
    };
    // By its alias, the key that has it.
    let Some(other) = describe(cx, alias).await? else { return Err(taken) };
    if other.key_id() == id {
        return Ok(());
    }
    let owner = tags::of(cx, other.key_id()).await?.get(tag::STACK).cloned();
    if owner.as_ref() == Some(&cx.owner.to_string()) {
        let op = Op::new("kms:UpdateAlias").racing(YOUNG);
        return cx.call(op, || cx.kms().update_alias().alias_name(alias).target_key_id(id).send()).await.map(drop);
    }
    let whose = owner.map_or("which clefctl did not make".to_owned(), |owner| format!("which belongs to {owner}"));
    let message = format!("{alias} is the name of key {} already, {whose}", other.key_id());
    Err(Error { kind: ErrorKind::Conflict, message, ..taken }.hint("choose another alias, or delete that one first"))
}

/// Takes an alias away.
pub(super) async fn unname(cx: &Cx<'_>, alias: &str) -> Result<()> {
    match cx.call(Op::new("kms:DeleteAlias"), || cx.kms().delete_alias().alias_name(alias).send()).await {
        Err(error) if error.code() == Some("NotFoundException") => Ok(()),
        other => other.map(drop),
    }
}

/// Schedules the deletion of a key, and frees its aliases: a key that waits for its deletion would keep them.
pub(super) async fn schedule_deletion(cx: &Cx<'_>, id: &str, days: i32) -> Result<()> {
    for alias in aliases(cx, Some(id)).await? {
        unname(cx, alias.alias_name().unwrap_or_default()).await?;
    }
    let scheduled = cx
        .call(Op::new("kms:ScheduleKeyDeletion"), || {
            cx.kms().schedule_key_deletion().key_id(id).pending_window_in_days(days).send()
        })
        .await;
    match scheduled {
        // Sent again after a lost answer: it is scheduled already.
        Err(error) if error.code() == Some("KMSInvalidStateException") => {
            let state = describe(cx, id).await?.and_then(|key| key.key_state);
            let waits = matches!(state, None | Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion));
            if waits { Ok(()) } else { Err(error) }
        }
        other => other.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kms_gives_to_a_key_without_policy_is_no_policy() {
        let statement = json!({
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        });
        let policy = |statements: &[Json]| Policy(json!({"Version": "2012-10-17", "Statement": statements}));
        assert!(is_default(&policy(std::slice::from_ref(&statement))));
        assert!(!is_default(&policy(&[statement.clone(), statement.clone()])));
        for (name, value) in [
            ("Action", json!("kms:Decrypt")),
            ("Effect", json!("Deny")),
            ("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
            ("Principal", json!({"AWS": "arn:aws:iam::123456789012:role/app"})),
            ("Principal", json!("*")),
        ] {
            let mut other = statement.clone();
            other[name] = value;
            assert!(!is_default(&policy(&[other])), "{name}");
        }
    }

    #[test]
    fn a_key_is_the_same_by_id_and_by_arn() {
        let same = |a: &str, b: &str| same_key(&Value::from(a), &Value::from(b));
        assert!(same("1234", "arn:aws:kms:eu-west-3:123456789012:key/1234"));
        assert!(same("alias/app", "arn:aws:kms:eu-west-3:123456789012:alias/app"));
        assert!(!same("1234", "arn:aws:kms:eu-west-3:123456789012:key/1235"));
        assert!(!same_key(&Value::from("1234"), &Value::Null));
    }
}
