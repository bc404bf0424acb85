//! `iam_user`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{Tag, UserDetail};
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Policy, Select, Status, TagChange, Unique,
    Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Holder, Policies, Tagged, entities, of_interest};
use super::iam_user_credentials as credentials;
use super::iam_user_credentials::Notes;
use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An IAM user: an identity with credentials that do not expire.
///
/// Prefer a role: instances, pipelines (`iam_openid_connect_provider`) and people can take one on, and then there is
/// no key to lose. Policies of the user that the stack does not list are removed. Membership in groups is said by
/// the group.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamUser {
    /// Its name, unique in the account without regard to case. Changing it is done in place, and changes the ARN.
    #[attr(length(1, 64), pattern = "[\\w+=,.@-]+")]
    name: Name,
    /// The path before its name in its ARN.
    #[attr(default = "/", pattern = "/([!-~]+/)*")]
    path: String,
    /// ARN of a policy that bounds its rights.
    #[attr(refers("iam_policy", "arn"))]
    permissions_boundary: Option<String>,
    /// Policies of its own: name and document.
    #[attr(settled, policy = Identity)]
    inline_policies: BTreeMap<String, Policy>,
    /// ARNs of the managed policies attached to it.
    #[attr(settled, refers("iam_policy", "arn"))]
    managed_policy_arns: BTreeSet<String>,
    /// An access key, written straight into a secret: nobody sees it.
    #[attr(settled)]
    pub(super) access_key: Option<AccessKey>,
    /// Whether deleting the user also deletes credentials that clefctl did not make: keys, password, MFA devices.
    #[attr(local, default = false)]
    force_destroy: bool,
}

/// An access key in a secret.
///
/// The secret's value becomes `{"access_key_id": "…", "secret_access_key": "…"}`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AccessKey {
    /// ARN of the secret that the key is written into. Its value must be left to this user: neither given nor
    /// generated.
    #[attr(length(1, 256), refers("secretsmanager_secret", "arn"))]
    pub(super) secret_id: String,
    /// Another number makes another key. The one before stays valid until the number changes again, so that whoever
    /// uses it has time to read the new one.
    #[attr(default = 1, range(1, 1_000_000_000))]
    pub(super) version: i64,
}

/// What a user tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}", changes_on("name"))]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:iam::{account}:user/{name}", changes_on("name", "path"))]
    arn: String,
    /// Its unique id.
    #[attr(looks_like = "AIDA{upper:17}")]
    unique_id: String,
}

impl Resource for IamUser {
    const FACTS: Facts = Facts {
        name: "iam_user",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 64, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        actions: Actions {
            read: &[
                "iam:GetAccountAuthorizationDetails", "iam:GetUser", "iam:ListUserPolicies", "iam:GetUserPolicy",
                "iam:ListAttachedUserPolicies", "iam:ListAccessKeys",
            ],
            create: &["iam:CreateUser", "iam:TagUser", "iam:PutUserPermissionsBoundary"],
            update: &[
                "iam:UpdateUser", "iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary",
                "iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
                "iam:CreateAccessKey", "iam:DeleteAccessKey", "secretsmanager:PutSecretValue", "iam:TagUser",
                "iam:UntagUser",
            ],
            delete: &[
                "iam:DeleteUser", "iam:DeleteUserPolicy", "iam:DetachUserPolicy", "iam:DeleteAccessKey",
                "iam:ListGroupsForUser", "iam:RemoveUserFromGroup", "iam:GetLoginProfile", "iam:DeleteLoginProfile",
                "iam:ListMFADevices", "iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice", "iam:ListSSHPublicKeys",
                "iam:DeleteSSHPublicKey", "iam:ListSigningCertificates", "iam:DeleteSigningCertificate",
                "iam:ListServiceSpecificCredentials", "iam:DeleteServiceSpecificCredential",
            ],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 7, 5),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(name) => return Ok(one(cx, name).await?.into_iter().collect()),
            Select::Owned(expected) => expected,
        };
        let account = entities(cx).await?;
        let wanted = |user: &&UserDetail| of_interest(cx, expected, user.user_name(), &tags::read(user.tags()));
        let read = try_join_all(account.users.iter().filter(wanted).map(|user| async move {
            let boundary = user.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
            let found = Found {
                name: user.user_name().unwrap_or_default(),
                path: user.path(),
                arn: user.arn().unwrap_or_default(),
                id: user.user_id().unwrap_or_default(),
                boundary,
                tags: user.tags(),
            };
            let policies = Policies::listed(user.user_policy_list(), user.attached_managed_policies());
            found.live(cx, policies).await
        }));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        cx.call(Op::new("iam:CreateUser"), || {
            cx.iam()
                .create_user()
                .user_name(&*self.name)
                .path(&self.path)
                .set_permissions_boundary(self.permissions_boundary.clone())
                .set_tags(Some(tags::write(&new.tags)))
                .send()
        })
        .await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let from = &live.spec;
        if self.name != from.name || self.path != from.path {
            cx.call(Op::new("iam:UpdateUser"), || {
                let name = (self.name != from.name).then(|| self.name.to_string());
                cx.iam().update_user().user_name(&live.id).set_new_user_name(name).new_path(&self.path).send()
            })
            .await?;
        }
        let name: &str = &self.name;
        if self.permissions_boundary != from.permissions_boundary {
            Holder::User(name).bound(cx, self.permissions_boundary.as_deref()).await?;
        }
        let inline = (&self.inline_policies, &from.inline_policies);
        let attached = (&self.managed_policy_arns, &from.managed_policy_arns);
        Holder::User(name).bring(cx, inline, attached).await?;
        if self.access_key != from.access_key {
            credentials::bring(cx, name, &Notes::of(&live.tags), self.access_key.as_ref()).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        let name = &live.id;
        credentials::delete_own(cx, name, &Notes::of(&live.tags)).await?;
        if last.is_some_and(|last| last.force_destroy) {
            credentials::delete_all(cx, name).await?;
        }
        credentials::leave_groups(cx, name).await?;
        Holder::User(name).strip(cx).await?;
        cx.call(Op::new("iam:DeleteUser"), || cx.iam().delete_user().user_name(name).send()).await.map(drop)
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        Tagged::User(&live.id).change(cx, change).await
    }

    fn id_after(&self, _live: &Live<Self>) -> String {
        self.name.to_string()
    }

    async fn may_delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<Vec<Violation>> {
        if last.is_some_and(|last| last.force_destroy) {
            return Ok(Vec::new());
        }
        let foreign = credentials::foreign(cx, &live.id, &Notes::of(&live.tags)).await?;
        let message = format!("{} has credentials that clefctl did not make: {}", live.id, foreign.join(", "));
        let hint = "write `force_destroy: true` and apply, or delete them; then delete the user";
        Ok((!foreign.is_empty()).then(|| Violation::new("", message).hint(hint)).into_iter().collect())
    }
}

/// A user as its lists and its own answer tell of it.
struct Found<'a> {
    name: &'a str,
    path: Option<&'a str>,
    arn: &'a str,
    id: &'a str,
    boundary: Option<&'a str>,
    tags: &'a [Tag],
}

impl Found<'_> {
    async fn live(self, cx: &Cx<'_>, policies: Policies) -> Result<Option<Live<IamUser>>> {
        let tags = tags::read(self.tags);
        let Some(access_key) = credentials::current(cx, self.name, &Notes::of(&tags)).await? else { return Ok(None) };
        Ok(Some(Live {
            spec: IamUser {
                name: self.name.into(),
                path: self.path.unwrap_or("/").to_owned(),
                permissions_boundary: self.boundary.map(str::to_owned),
                inline_policies: policies.inline,
                managed_policy_arns: policies.attached,
                access_key,
                force_destroy: false,
            },
            outputs: Outputs { id: self.name.to_owned(), arn: self.arn.to_owned(), unique_id: self.id.to_owned() },
            tags,
            status: Status::Usable,
            id: self.name.to_owned(),
        }))
    }
}

/// One user, read by itself: the account's list may lag behind what was just written.
async fn one(cx: &Cx<'_>, name: &str) -> Result<Option<Live<IamUser>>> {
    let answer = cx.call(Op::new("iam:GetUser"), || cx.iam().get_user().user_name(name).send()).await?;
    let user = answer.user.ok_or_else(|| Error::internal("GetUser answered without a user"))?;
    let boundary = user.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    let found = Found {
        name: user.user_name(),
        path: Some(user.path()),
        arn: user.arn(),
        id: user.user_id(),
        boundary,
        tags: user.tags(),
    };
    found.live(cx, Policies::of(cx, Holder::User(name)).await?).await
}
