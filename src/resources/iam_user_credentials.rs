//! The credentials of a user: the access key that clefctl writes into a secret, and all that stands in the way of a
//! deletion.
//!
//! A key has neither tag nor token, and its secret is told once. So the user's tags note which keys are clefctl's, and
//! that one is about to be made: whatever the run that noted this left behind is deleted by the next one.

use aws_sdk_iam::types::AccessKeyMetadata;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Context, TagChange, Tags, tag};

use super::iam_support::{Tagged, absent_is_done};
use super::iam_user::AccessKey;
use crate::aws::{Cx, Op};

/// Most keys that a user can have.
const MOST: usize = 2;
/// Stands between what is noted and the keys that were there before one was made.
const MAKING: &str = "making";

/// What a user's tags note of its keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notes {
    /// Number of the key that is in the secret; 0 for none.
    version: i64,
    /// That key.
    current: Option<String>,
    /// The one before it.
    older: Option<String>,
    /// The keys that were there when another one was about to be made.
    making: Option<Vec<String>>,
    /// The secret.
    secret: Option<String>,
}

impl Notes {
    /// Reads the tags of a user.
    pub(super) fn of(tags: &Tags) -> Self {
        let text = tags.get(&key_note()).map(String::as_str).unwrap_or_default();
        let (noted, before) = text.split_once(MAKING).map_or((text, None), |(noted, before)| (noted, Some(before)));
        let words = |text: &str| text.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let mut noted = noted.split('/');
        let version = noted.next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut key = || noted.next().filter(|key| !key.is_empty() && *key != "-").map(str::to_owned);
        Self {
            version,
            current: key(),
            older: key(),
            making: before.map(words),
            secret: tags.get(&secret_note()).cloned(),
        }
    }

    /// The tags that say this.
    fn tags(&self) -> Tags {
        let key = |key: &Option<String>| key.clone().unwrap_or_else(|| "-".to_owned());
        let mut text = format!("{}/{}/{}", self.version, key(&self.current), key(&self.older));
        if let Some(before) = &self.making {
            text = format!("{text}/{MAKING}/{}", before.join("/"));
        }
        let secret = self.secret.clone().map(|secret| (secret_note(), secret));
        [(key_note(), text)].into_iter().chain(secret).collect()
    }

    fn knows(&self, id: &str) -> bool {
        [&self.current, &self.older].into_iter().flatten().any(|known| known == id)
    }

    /// Whether a run that was cut off left a key: it was not there when that run noted that it would make one.
    fn orphan(&self, id: &str) -> bool {
        !self.knows(id) && self.making.as_ref().is_some_and(|before| !before.iter().any(|known| known == id))
    }
}

fn key_note() -> String {
    format!("{}access_key", tag::NOTE)
}

fn secret_note() -> String {
    format!("{}access_key_secret", tag::NOTE)
}

/// The key that clefctl has written into a secret, if there is one and it still lives. The outer nothing is that the
/// user has gone since.
pub(super) async fn current(cx: &Cx<'_>, user: &str, notes: &Notes) -> Result<Option<Option<AccessKey>>> {
    let (Some(id), Some(secret)) = (&notes.current, &notes.secret) else { return Ok(Some(None)) };
    let keys = match keys(cx, user).await {
        Ok(keys) => keys,
        Err(error) if error.code() == Some("NoSuchEntity") => return Ok(None),
        Err(error) => return Err(error),
    };
    let lives = keys.contains(id);
    Ok(Some(lives.then(|| AccessKey { secret_id: secret.clone(), version: notes.version })))
}

/// Makes the key that is wanted and writes it into its secret, or takes clefctl's keys away.
pub(super) async fn bring(cx: &Cx<'_>, user: &str, notes: &Notes, wanted: Option<&AccessKey>) -> Result<()> {
    let Some(wanted) = wanted else {
        delete_own(cx, user, notes).await?;
        let change = TagChange { set: Tags::new(), remove: vec![key_note(), secret_note()] };
        return Tagged::User(user).change(cx, &change).await;
    };
    loop {
        let mut before = Vec::new();
        for id in keys(cx, user).await? {
            if notes.orphan(&id) || notes.older.as_ref() == Some(&id) {
                delete_key(cx, user, &id).await?;
            } else {
                before.push(id);
            }
        }
        if before.len() >= MOST {
            return Err(Error::new(
                ErrorKind::Blocked,
                format!("{user} has {MOST} access keys, and IAM allows no more"),
            )
            .hint(format!("delete one of {} that nothing uses, and apply again", before.join(" and "))));
        }
        let notes = Notes { older: None, making: Some(before.clone()), ..notes.clone() };
        note(cx, user, &notes).await?;
        let made = cx
            .call(Op::once("iam:CreateAccessKey").racing(&["NoSuchEntity"]), || {
                cx.iam().create_access_key().user_name(user).send()
            })
            .await;
        let made = match made {
            // A key whose secret nobody has is worth nothing.
            Err(error) if error.kind == ErrorKind::Ambiguous => {
                for id in keys(cx, user).await?.iter().filter(|id| notes.orphan(id)) {
                    delete_key(cx, user, id).await?;
                }
                cx.alive()?;
                continue;
            }
            made => made?,
        };
        let key = made.access_key().ok_or_else(|| Error::internal("CreateAccessKey answered without a key"))?;
        let value = serde_json::json!({
            "access_key_id": key.access_key_id(),
            "secret_access_key": key.secret_access_key(),
        });
        if let Err(error) = write(cx, &wanted.secret_id, &value.to_string()).await {
            // Whether this succeeds or not, the next run finds no key that it does not know.
            let _ = delete_key(cx, user, key.access_key_id()).await;
            return Err(error);
        }
        let done = Notes {
            version: wanted.version,
            older: notes.current.clone().filter(|id| before.contains(id)),
            current: Some(key.access_key_id().to_owned()),
            making: None,
            secret: Some(wanted.secret_id.clone()),
        };
        return note(cx, user, &done).await;
    }
}

async fn note(cx: &Cx<'_>, user: &str, notes: &Notes) -> Result<()> {
    Tagged::User(user).change(cx, &TagChange { set: notes.tags(), remove: Vec::new() }).await
}

/// Writes a value into a secret, which lives in a region while IAM does not.
async fn write(cx: &Cx<'_>, secret: &str, value: &str) -> Result<()> {
    let region = secret.split(':').nth(3).filter(|region| !region.is_empty());
    let run = Context { region: region.map_or_else(|| cx.region.clone(), Into::into), ..(**cx).clone() };
    let there = Cx::new(cx.connection(), &run).await?;
    let token = format!("{:032x}", fastrand::u128(..));
    there
        .call(Op::new("secretsmanager:PutSecretValue"), || {
            let ask = there.secrets().put_secret_value().secret_id(secret);
            ask.client_request_token(&token).secret_string(value).send()
        })
        .await
        .map(drop)
}

/// Deletes the keys that clefctl made, and those that a run that was cut off left.
pub(super) async fn delete_own(cx: &Cx<'_>, user: &str, notes: &Notes) -> Result<()> {
    if *notes == Notes::default() {
        return Ok(());
    }
    for id in keys(cx, user).await?.iter().filter(|id| notes.knows(id) || notes.orphan(id)) {
        delete_key(cx, user, id).await?;
    }
    Ok(())
}

/// The credentials that clefctl did not make, as a person needs them to see what would be lost.
pub(super) async fn foreign(cx: &Cx<'_>, user: &str, notes: &Notes) -> Result<Vec<String>> {
    let keys = keys(cx, user).await?.into_iter().filter(|id| !notes.knows(id) && !notes.orphan(id));
    let mut found: Vec<String> = keys.map(|id| format!("access key {id}")).collect();
    if has_password(cx, user).await? {
        found.push("a password".to_owned());
    }
    found.extend(devices(cx, user).await?.into_iter().map(|serial| format!("MFA device {serial}")));
    Ok(found)
}

/// Deletes all credentials, whoever made them.
pub(super) async fn delete_all(cx: &Cx<'_>, user: &str) -> Result<()> {
    for id in keys(cx, user).await? {
        delete_key(cx, user, &id).await?;
    }
    if has_password(cx, user).await? {
        let ask = || cx.iam().delete_login_profile().user_name(user).send();
        absent_is_done(cx.call(Op::new("iam:DeleteLoginProfile"), ask).await)?;
    }
    for serial in devices(cx, user).await? {
        let ask = || cx.iam().deactivate_mfa_device().user_name(user).serial_number(&serial).send();
        absent_is_done(cx.call(Op::new("iam:DeactivateMFADevice"), ask).await)?;
        // A virtual device has an ARN for a number, and stays in the account otherwise.
        if serial.starts_with("arn:") {
            let ask = || cx.iam().delete_virtual_mfa_device().serial_number(&serial).send();
            absent_is_done(cx.call(Op::new("iam:DeleteVirtualMFADevice"), ask).await)?;
        }
    }
    let ask = || cx.iam().list_ssh_public_keys().user_name(user).send();
    for key in cx.call(Op::new("iam:ListSSHPublicKeys"), ask).await?.ssh_public_keys() {
        let id = key.ssh_public_key_id();
        let ask = || cx.iam().delete_ssh_public_key().user_name(user).ssh_public_key_id(id).send();
        absent_is_done(cx.call(Op::new("iam:DeleteSSHPublicKey"), ask).await)?;
    }
    let ask = || cx.iam().list_signing_certificates().user_name(user).send();
    for certificate in cx.call(Op::new("iam:ListSigningCertificates"), ask).await?.certificates() {
        let id = certificate.certificate_id();
        let ask = || cx.iam().delete_signing_certificate().user_name(user).certificate_id(id).send();
        absent_is_done(cx.call(Op::new("iam:DeleteSigningCertificate"), ask).await)?;
    }
    let ask = || cx.iam().list_service_specific_credentials().user_name(user).send();
    for credential in cx.call(Op::new("iam:ListServiceSpecificCredentials"), ask).await?.service_specific_credentials()
    {
        let id = credential.service_specific_credential_id();
        let ask = || {
            let ask = cx.iam().delete_service_specific_credential().user_name(user);
            ask.service_specific_credential_id(id).send()
        };
        absent_is_done(cx.call(Op::new("iam:DeleteServiceSpecificCredential"), ask).await)?;
    }
    Ok(())
}

/// Takes the user out of all groups.
pub(super) async fn leave_groups(cx: &Cx<'_>, user: &str) -> Result<()> {
    let groups: Vec<aws_sdk_iam::types::Group> = cx
        .call(Op::new("iam:ListGroupsForUser"), || {
            cx.iam().list_groups_for_user().user_name(user).into_paginator().items().send().try_collect()
        })
        .await?;
    for group in groups {
        let ask = || cx.iam().remove_user_from_group().user_name(user).group_name(group.group_name()).send();
        absent_is_done(cx.call(Op::new("iam:RemoveUserFromGroup"), ask).await)?;
    }
    Ok(())
}

async fn keys(cx: &Cx<'_>, user: &str) -> Result<Vec<String>> {
    let found: Vec<AccessKeyMetadata> = cx
        .call(Op::new("iam:ListAccessKeys"), || {
            cx.iam().list_access_keys().user_name(user).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(found.into_iter().filter_map(|key| key.access_key_id).collect())
}

async fn delete_key(cx: &Cx<'_>, user: &str, id: &str) -> Result<()> {
    let ask = || cx.iam().delete_access_key().user_name(user).access_key_id(id).send();
    absent_is_done(cx.call(Op::new("iam:DeleteAccessKey"), ask).await)
}

async fn has_password(cx: &Cx<'_>, user: &str) -> Result<bool> {
    match cx.call(Op::new("iam:GetLoginProfile"), || cx.iam().get_login_profile().user_name(user).send()).await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(false),
        Err(error) => Err(error),
    }
}

async fn devices(cx: &Cx<'_>, user: &str) -> Result<Vec<String>> {
    let found: Vec<aws_sdk_iam::types::MfaDevice> = cx
        .call(Op::new("iam:ListMFADevices"), || {
            cx.iam().list_mfa_devices().user_name(user).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(found.into_iter().map(|device| device.serial_number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn what_is_noted_is_read_back() {
        let done = Notes {
            version: 2,
            current: Some("AKIAB".to_owned()),
            older: Some("AKIAA".to_owned()),
            making: None,
            secret: Some("arn:aws:secretsmanager:eu-west-3:123456789012:secret:ci-abcdef".to_owned()),
        };
        let first = Notes { making: Some(Vec::new()), ..Notes::default() };
        let next = Notes { making: Some(keys(&["AKIAB"])), older: None, ..done.clone() };
        for notes in [done, first, next, Notes { version: 1, current: Some("AKIAC".to_owned()), ..Notes::default() }] {
            assert_eq!(Notes::of(&notes.tags()), notes);
        }
        assert_eq!(Notes::of(&Tags::new()), Notes::default());
    }

    #[test]
    fn only_what_a_run_that_was_cut_off_made_is_an_orphan() {
        let cut =
            Notes { current: Some("AKIAB".to_owned()), making: Some(keys(&["AKIAB", "AKIAX"])), ..Notes::default() };
        let orphans: Vec<_> = ["AKIAB", "AKIAX", "AKIAC"].into_iter().filter(|id| cut.orphan(id)).collect();
        assert_eq!(orphans, ["AKIAC"]);
        let done = Notes { making: None, ..cut };
        assert!(!done.orphan("AKIAC"), "keys that a person makes are no orphans");
    }
}
