//! `iam_role`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{Role as Sdk, RoleDetail};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Policy, Select, Status, TagChange, Unique,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Holder, Policies, Tagged, absent_is_done, entities, of_interest};
use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An IAM role: rights that a service, a person or another account can take on.
///
/// Its policies are parts of it: inline policies and attachments that the stack does not list are removed.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamRole {
    /// Its name, unique in the account without regard to case.
    #[attr(create_only, length(1, 64), pattern = "[\\w+=,.@-]+")]
    name: Name,
    /// The path before its name in its ARN.
    #[attr(create_only, default = "/", pattern = "/([!-~]+/)*")]
    path: String,
    /// What it is for.
    #[attr(length(0, 1000), pattern = "[\\t\\n\\r\\x20-\\x7E\\xA1-\\xFF]*")]
    description: Option<String>,
    /// Who may take it on: the trust policy.
    #[attr(policy = Trust)]
    assume_role_policy: Policy,
    /// How long a session lasts at the most, in seconds.
    #[attr(default = 3600, range(3600, 43200))]
    max_session_duration: i32,
    /// ARN of a policy that bounds its rights.
    permissions_boundary: Option<String>,
    /// Policies of its own: name and document.
    #[attr(settled, policy = Identity)]
    inline_policies: BTreeMap<String, Policy>,
    /// ARNs of the managed policies attached to it.
    #[attr(settled, refers("iam_policy", "arn"))]
    managed_policy_arns: BTreeSet<String>,
}

/// What a role tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:iam::{account}:role/{name}")]
    arn: String,
    /// Its unique id, by which AWS knows it even after another role has taken its name.
    #[attr(looks_like = "AROA{upper:17}")]
    unique_id: String,
}

impl Resource for IamRole {
    const FACTS: Facts = Facts {
        name: "iam_role",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 64, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        deleted_after: &["iam_instance_profile", "autoscaling_group", "db_instance", "flow_log"],
        actions: Actions {
            read: &["iam:GetAccountAuthorizationDetails", "iam:ListRoles", "iam:GetRole"],
            create: &["iam:CreateRole", "iam:TagRole", "iam:PutRolePermissionsBoundary"],
            update: &[
                "iam:UpdateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary",
                "iam:DeleteRolePermissionsBoundary", "iam:PutRolePolicy", "iam:DeleteRolePolicy",
                "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:TagRole", "iam:UntagRole",
            ],
            delete: &[
                "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:ListInstanceProfilesForRole",
                "iam:RemoveRoleFromInstanceProfile", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
            ],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 4, 3),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(name) => Ok(one(cx, name).await?.into_iter().collect()),
            Select::Owned(expected) => {
                let account = entities(cx).await?;
                let wanted = |role: &&RoleDetail| of_interest(cx, expected, role.role_name(), &tags::read(role.tags()));
                let details: Vec<&RoleDetail> = account.roles.iter().filter(wanted).collect();
                let mut listed = list(cx, &details).await?;
                let read = try_join_all(details.into_iter().map(|detail| {
                    let listed = listed.remove(detail.role_name().unwrap_or_default());
                    whole(cx, detail, listed)
                }));
                Ok(read.await?.into_iter().flatten().collect())
            }
        }
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let op = Op::new("iam:CreateRole").racing(tags::young_principals(&self.assume_role_policy));
        cx.call(op, || {
            cx.iam()
                .create_role()
                .role_name(&*self.name)
                .path(&self.path)
                .assume_role_policy_document(self.assume_role_policy.to_string())
                .max_session_duration(self.max_session_duration)
                .set_description(self.description.clone())
                .set_permissions_boundary(self.permissions_boundary.clone())
                .set_tags(Some(tags::write(&new.tags)))
                .send()
        })
        .await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (name, from) = (&live.id, &live.spec);
        if self.assume_role_policy != from.assume_role_policy {
            let op = Op::new("iam:UpdateAssumeRolePolicy").racing(tags::young_principals(&self.assume_role_policy));
            let document = self.assume_role_policy.to_string();
            cx.call(op, || cx.iam().update_assume_role_policy().role_name(name).policy_document(&document).send())
                .await?;
        }
        if self.description != from.description || self.max_session_duration != from.max_session_duration {
            // UpdateRole resets what it is not told.
            cx.call(Op::new("iam:UpdateRole"), || {
                cx.iam()
                    .update_role()
                    .role_name(name)
                    .description(self.description.clone().unwrap_or_default())
                    .max_session_duration(self.max_session_duration)
                    .send()
            })
            .await?;
        }
        if self.permissions_boundary != from.permissions_boundary {
            Holder::Role(name).bound(cx, self.permissions_boundary.as_deref()).await?;
        }
        let inline = (&self.inline_policies, &from.inline_policies);
        let attached = (&self.managed_policy_arns, &from.managed_policy_arns);
        Holder::Role(name).bring(cx, inline, attached).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let name = &live.id;
        let profiles = cx
            .call(Op::new("iam:ListInstanceProfilesForRole"), || {
                cx.iam().list_instance_profiles_for_role().role_name(name).send()
            })
            .await?;
        for profile in profiles.instance_profiles() {
            let profile = profile.instance_profile_name();
            absent_is_done(
                cx.call(Op::new("iam:RemoveRoleFromInstanceProfile"), || {
                    cx.iam().remove_role_from_instance_profile().role_name(name).instance_profile_name(profile).send()
                })
                .await,
            )?;
        }
        Holder::Role(name).strip(cx).await?;
        cx.call(Op::new("iam:DeleteRole"), || cx.iam().delete_role().role_name(name).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        Tagged::Role(&live.id).change(cx, change).await
    }
}

/// The roles below the path that the given ones share, by name: what tells their descriptions and session durations,
/// which the account's list lacks.
async fn list(cx: &Cx<'_>, details: &[&RoleDetail]) -> Result<BTreeMap<String, Sdk>> {
    let paths = details.iter().filter_map(|role| role.path().map(str::to_owned));
    let Some(path) = paths.reduce(|a, b| shared_path(&a, &b).to_owned()) else { return Ok(BTreeMap::new()) };
    let found: Vec<Sdk> = cx
        .call(Op::new("iam:ListRoles"), || {
            cx.iam().list_roles().path_prefix(&path).max_items(1000).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(found.into_iter().map(|role| (role.role_name().to_owned(), role)).collect())
}

/// What two paths have in common, up to a slash.
fn shared_path<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a.get(..same).and_then(|same| same.rfind('/')).and_then(|slash| a.get(..=slash)).unwrap_or("/")
}

/// A role of both lists; read by itself when the second one does not show it. The first may show what has just gone.
async fn whole(cx: &Cx<'_>, detail: &RoleDetail, listed: Option<Sdk>) -> Result<Option<Live<IamRole>>> {
    let role = match listed {
        Some(role) => role,
        None => match get(cx, detail.role_name().unwrap_or_default()).await {
            Err(error) if error.code() == Some("NoSuchEntity") => return Ok(None),
            role => role?,
        },
    };
    let policies = Policies::listed(detail.role_policy_list(), detail.attached_managed_policies());
    let mut role = live(&role, policies);
    // Lists of roles lack what the account's list has.
    role.tags = tags::read(detail.tags());
    let boundary = detail.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    role.spec.permissions_boundary = boundary.map(str::to_owned);
    Ok(Some(role))
}

async fn get(cx: &Cx<'_>, name: &str) -> Result<Sdk> {
    let answer = cx.call(Op::new("iam:GetRole"), || cx.iam().get_role().role_name(name).send()).await?;
    answer.role.ok_or_else(|| clefctl_core::error::Error::internal("GetRole answered without a role"))
}

/// One role, read by itself: the account's list may lag behind what was just written.
async fn one(cx: &Cx<'_>, name: &str) -> Result<Option<Live<IamRole>>> {
    let role = match get(cx, name).await {
        Ok(role) => role,
        Err(error) if error.code() == Some("NoSuchEntity") => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(live(&role, Policies::of(cx, Holder::Role(name)).await?)))
}

fn live(role: &Sdk, policies: Policies) -> Live<IamRole> {
    let name = role.role_name().to_owned();
    let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    Live {
        spec: IamRole {
            name: role.role_name().into(),
            path: role.path().to_owned(),
            description: role.description().filter(|text| !text.is_empty()).map(str::to_owned),
            assume_role_policy: tags::document(role.assume_role_policy_document().unwrap_or_default()),
            max_session_duration: role.max_session_duration().unwrap_or(3600),
            permissions_boundary: boundary.map(str::to_owned),
            inline_policies: policies.inline,
            managed_policy_arns: policies.attached,
        },
        outputs: Outputs { id: name.clone(), arn: role.arn().to_owned(), unique_id: role.role_id().to_owned() },
        tags: tags::read(role.tags()),
        status: Status::Usable,
        id: name,
    }
}
