//! `secretsmanager_secret`

use std::collections::BTreeSet;

use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Policy, Secret, Select, TagChange, Tags,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::kms_support::same_key;
use super::secretsmanager_support as calls;
use super::secretsmanager_support::{Generate, Replica, RotationRules, live};
use crate::aws::tags::secrets as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, secret};

/// A secret: a password, a token, a key that applications read from Secrets Manager.
///
/// clefctl writes its value and never reads it. The value is given as `secret_string`, made by AWS as `generate`
/// says, or left to somebody else: then the secret is empty at first, and its value is never touched.
///
/// A deleted secret can be restored for 30 days, and holds its name so long. If the stack wants the name again, its
/// own secret is restored, with the value that it had.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    requires("secret_string", "secret_string_version"),
    at_most_one("secret_string_version", "generate"),
    requires("rotation_lambda_arn", "rotation_rules"),
    requires("rotation_rules", "rotation_lambda_arn")
)]
pub struct SecretsmanagerSecret {
    /// Its name, unique in account and region. Slashes make groups of it: `clefcloud/dev/database`.
    #[attr(create_only, length(1, 512), pattern = "[A-Za-z0-9/_+=.@-]+")]
    pub(super) name: Name,
    /// What it is for.
    #[attr(length(1, 2048))]
    pub(super) description: Option<String>,
    /// KMS key that encrypts it, by ARN, id or alias. Without one it is AWS's own key for Secrets Manager, which
    /// other accounts cannot use.
    #[attr(refers("kms_key", "arn"), same = same_key)]
    pub(super) kms_key_id: Option<String>,
    /// The value; sent when `secret_string_version` changes. Write `${jsonencode({…})}` for several fields.
    #[attr(write_only, length(1, 65536))]
    pub(super) secret_string: Option<Secret>,
    /// Raise it to have `secret_string` sent again.
    pub(super) secret_string_version: Option<i64>,
    /// Has AWS make the value. Nobody sees it; raise its `version` for another one.
    pub(super) generate: Option<Generate>,
    /// Who else may use the secret, such as another account.
    #[attr(settled)]
    pub(super) policy: Option<Policy>,
    /// Whether AWS is to refuse a `policy` that lets anybody in.
    #[attr(local, default = false)]
    pub(super) block_public_policy: bool,
    /// ARN of the Lambda function that makes a new value regularly. Secrets Manager must be allowed to invoke it.
    #[attr(settled)]
    pub(super) rotation_lambda_arn: Option<String>,
    /// When the value is renewed.
    #[attr(settled)]
    pub(super) rotation_rules: Option<RotationRules>,
    /// Whether a change of the rotation renews the value at once, and not only when its next time has come.
    #[attr(local, default = true)]
    pub(super) rotate_immediately: bool,
    /// Copies in other regions, kept in step by AWS.
    pub(super) replica: BTreeSet<Replica>,
    /// Whether a copy may overwrite a secret of the same name in its region.
    #[attr(local, default = false)]
    pub(super) force_overwrite_replica_secret: bool,
    /// Days in which the deleted secret can be restored: 7 to 30, or 0 to delete it at once and for ever. When the
    /// entry has left the file it is 30.
    #[attr(local, default = 30, range(0, 30))]
    pub(super) recovery_window_in_days: i64,
}

/// What a secret tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{lower:6}")]
    pub(super) id: String,
    /// Its ARN.
    #[attr(looks_like = "{attr:id}")]
    pub(super) arn: String,
    /// Its value, for write-only attributes of other resources: `password: ${database.value}`. It is fetched at the
    /// moment of the call that sends it, and is never kept or shown.
    #[attr(write_only, sensitive)]
    pub(super) value: Option<String>,
}

impl Resource for SecretsmanagerSecret {
    const FACTS: Facts = Facts {
        name: "secretsmanager_secret",
        service: "secretsmanager",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 512, allowed: NameChars::Wide, unique: Unique::Account }),
        data: Some("its value, for good once the recovery window is over"),
        once: true,
        details: 2,
        actions: Actions {
            read: &["secretsmanager:ListSecrets", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
            create: &[
                "secretsmanager:CreateSecret", "secretsmanager:TagResource", "secretsmanager:GetRandomPassword",
                "secretsmanager:RestoreSecret", "secretsmanager:ReplicateSecretToRegions",
            ],
            update: &[
                "secretsmanager:UpdateSecret", "secretsmanager:PutSecretValue", "secretsmanager:GetRandomPassword",
                "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:RotateSecret", "secretsmanager:CancelRotateSecret",
                "secretsmanager:ReplicateSecretToRegions", "secretsmanager:RemoveRegionsFromReplication",
                "secretsmanager:TagResource", "secretsmanager:UntagResource",
            ],
            delete: &["secretsmanager:DeleteSecret", "secretsmanager:RemoveRegionsFromReplication"],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 6, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["ResourceNotFoundException"], exists: &["ResourceExistsException"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let names = match select {
            Select::One(id) => vec![id.to_owned()],
            Select::Owned(expected) => {
                let found = calls::list(cx).await?;
                // The list may be minutes late; what the stack names is asked for by name, which is current.
                let listed = |name: &str| found.iter().any(|(there, _)| there == name);
                let unseen = expected.instances.iter().filter_map(|instance| instance.name.clone());
                let unseen: Vec<String> = unseen.filter(|name| !listed(name)).collect();
                found.into_iter().map(|(_, arn)| arn).chain(unseen).collect()
            }
        };
        let read = try_join_all(names.iter().map(|id| async move {
            let Some(found) = calls::describe(cx, id).await? else { return Ok(None) };
            // A copy carries the tags of what it is a copy of.
            let copy = found.primary_region().is_some_and(|region| *region != *cx.region);
            if found.deleted_date().is_some() || copy {
                return Ok(None);
            }
            let policy = calls::policy(cx, found.arn().unwrap_or(id)).await?;
            Result::Ok(policy.map(|policy| live(&found, policy)))
        }));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let value = match (&self.secret_string, &self.generate) {
            (Some(given), _) => Some(given.reveal().to_owned()),
            (None, Some(how)) => Some(how.value(cx).await?),
            (None, None) => None,
        };
        let noted: Tags = self.generate.iter().map(Generate::note).chain(new.tags.clone()).collect();
        let made = cx
            .call(Op::new("secretsmanager:CreateSecret"), || {
                cx.secrets()
                    .create_secret()
                    .name(&*self.name)
                    .client_request_token(cx.token(new))
                    .set_description(self.description.clone())
                    .set_kms_key_id(self.kms_key_id.clone())
                    .set_secret_string(value.clone())
                    .set_add_replica_regions(calls::regions(self.replica.iter()))
                    .force_overwrite_replica_secret(self.force_overwrite_replica_secret)
                    .set_tags(Some(tags::write(&noted)))
                    .send()
            })
            .await;
        match made {
            Ok(made) => Ok(made.arn().unwrap_or(&self.name).to_owned()),
            Err(error) if error.code() == Some("InvalidRequestException") => calls::restore(self, cx, new, error).await,
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (id, from) = (&live.id, &live.spec);
        if self.description != from.description || self.kms_key_id != from.kms_key_id {
            cx.call(Op::new("secretsmanager:UpdateSecret"), || {
                // An empty text resets: to no description, to AWS's own key.
                cx.secrets()
                    .update_secret()
                    .secret_id(id)
                    .description(self.description.as_deref().unwrap_or_default())
                    .kms_key_id(self.kms_key_id.as_deref().unwrap_or_default())
                    .send()
            })
            .await?;
        }
        calls::replicate(self, cx, id, &from.replica).await?;
        if self.policy != from.policy {
            calls::set_policy(self, cx, id).await?;
        }
        if let Some(value) = &self.secret_string {
            calls::put(cx, id, value.reveal()).await?;
        }
        if self.generate.as_ref().map(Generate::note) != from.generate.as_ref().map(Generate::note) {
            calls::generate(self.generate.as_ref(), cx, id).await?;
        }
        if self.rotation_lambda_arn != from.rotation_lambda_arn || self.rotation_rules != from.rotation_rules {
            calls::rotate(self, cx, id).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        calls::delete(cx, live, last.map_or(30, |last| last.recovery_window_in_days)).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    async fn fetch(cx: &Cx<'_>, live: &Live<Self>, _output: &str) -> Result<String> {
        secret::value(cx, &live.id).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if (1..7).contains(&self.recovery_window_in_days) {
            found.push(
                Violation::new("recovery_window_in_days", "the recovery window has 7 to 30 days, or none at all")
                    .hint("write 0 to delete the secret at once and for ever"),
            );
        }
        found.extend(self.generate.iter().flat_map(Generate::check));
        found
    }
}
