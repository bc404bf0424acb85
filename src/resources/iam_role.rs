//! `iam_role`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EntityType, Role as Sdk, RoleDetail};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Policy, Select, Status, TagChange, Unique,
    tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

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
    #[attr(length(0, 1000))]
    description: Option<String>,
    /// Who may take it on: the trust policy.
    assume_role_policy: Policy,
    /// How long a session lasts at the most, in seconds.
    #[attr(default = 3600, range(3600, 43200))]
    max_session_duration: i32,
    /// ARN of a policy that bounds its rights.
    permissions_boundary: Option<String>,
    /// Policies of its own: name and document.
    #[attr(settled)]
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
            read: &["iam:GetAccountAuthorizationDetails", "iam:GetRole"],
            create: &["iam:CreateRole", "iam:TagRole", "iam:PutRolePermissionsBoundary"],
            update: &[
                "iam:UpdateRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:DeleteRolePermissionsBoundary",
                "iam:PutRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:AttachRolePolicy",
                "iam:DetachRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
            ],
            delete: &[
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:ListInstanceProfilesForRole",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:ListRolePolicies",
                "iam:ListAttachedRolePolicies",
            ],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 4, 3),
        ..Facts::GLOBAL
    };
    const CODES: Codes =
        Codes { absent: &["NoSuchEntity"], exists: &["EntityAlreadyExists"], blocked: &["DeleteConflict"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(name) => Ok(one(cx, name).await?.into_iter().collect()),
            Select::Owned(expected) => {
                let owner = cx.owner.to_string();
                let details = details(cx).await?;
                // Of roles that are not ours only those whose name the stack wants are of interest.
                let wanted = |role: &&RoleDetail| {
                    let name = role.role_name().unwrap_or_default();
                    tags::read(role.tags()).get(tag::STACK) == Some(&owner)
                        || expected.instances.iter().any(|instance| instance.name.as_deref() == Some(name))
                };
                try_join_all(details.iter().filter(wanted).map(|detail| async move {
                    let role = get(cx, detail.role_name().unwrap_or_default()).await?;
                    let inline = detail.role_policy_list().iter().map(|policy| {
                        let document = tags::document(policy.policy_document().unwrap_or_default());
                        (policy.policy_name().unwrap_or_default().to_owned(), document)
                    });
                    let attached = detail.attached_managed_policies().iter().filter_map(|p| p.policy_arn());
                    Ok(live(&role, inline.collect(), attached.map(str::to_owned).collect()))
                }))
                .await
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
        match &self.permissions_boundary {
            boundary if *boundary == from.permissions_boundary => {}
            Some(arn) => {
                cx.call(Op::new("iam:PutRolePermissionsBoundary"), || {
                    cx.iam().put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send()
                })
                .await?;
            }
            None => {
                cx.call(Op::new("iam:DeleteRolePermissionsBoundary"), || {
                    cx.iam().delete_role_permissions_boundary().role_name(name).send()
                })
                .await?;
            }
        }
        for (policy, document) in self.inline_policies.iter().filter(|(k, v)| from.inline_policies.get(*k) != Some(*v))
        {
            cx.call(Op::new("iam:PutRolePolicy").racing(&["NoSuchEntity"]), || {
                let document = document.to_string();
                cx.iam().put_role_policy().role_name(name).policy_name(policy).policy_document(document).send()
            })
            .await?;
        }
        for arn in self.managed_policy_arns.difference(&from.managed_policy_arns) {
            cx.call(Op::new("iam:AttachRolePolicy").racing(&["NoSuchEntity"]), || {
                cx.iam().attach_role_policy().role_name(name).policy_arn(arn).send()
            })
            .await?;
        }
        for policy in from.inline_policies.keys().filter(|policy| !self.inline_policies.contains_key(*policy)) {
            drop_inline(cx, name, policy).await?;
        }
        for arn in from.managed_policy_arns.difference(&self.managed_policy_arns) {
            detach(cx, name, arn).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let name = &live.id;
        // What it carries now, not what it carried when the plan was made.
        let Some(live) = one(cx, name).await? else { return Ok(()) };
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
        for policy in live.spec.inline_policies.keys() {
            drop_inline(cx, name, policy).await?;
        }
        for arn in &live.spec.managed_policy_arns {
            detach(cx, name, arn).await?;
        }
        cx.call(Op::new("iam:DeleteRole"), || cx.iam().delete_role().role_name(name).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        if !change.set.is_empty() {
            let tags = tags::write(&change.set);
            cx.call(Op::new("iam:TagRole"), || {
                cx.iam().tag_role().role_name(&live.id).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call(Op::new("iam:UntagRole"), || {
                cx.iam().untag_role().role_name(&live.id).set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// All roles of the account with their policies and tags: the only list of IAM's that carries tags.
async fn details(cx: &Cx<'_>) -> Result<Vec<RoleDetail>> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let page = cx
            .call(Op::new("iam:GetAccountAuthorizationDetails"), || {
                let ask = cx.iam().get_account_authorization_details().filter(EntityType::Role);
                ask.max_items(1000).set_marker(marker.clone()).send()
            })
            .await?;
        found.extend(page.role_detail_list.unwrap_or_default());
        marker = page.marker;
        if !page.is_truncated || marker.is_none() {
            return Ok(found);
        }
    }
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
    let names: Vec<String> = cx
        .call(Op::new("iam:ListRolePolicies"), || {
            cx.iam().list_role_policies().role_name(name).into_paginator().items().send().try_collect()
        })
        .await?;
    let inline = try_join_all(names.into_iter().map(|policy| async move {
        let answer = cx
            .call(Op::new("iam:GetRolePolicy"), || {
                cx.iam().get_role_policy().role_name(name).policy_name(&policy).send()
            })
            .await?;
        Result::Ok((policy, tags::document(answer.policy_document())))
    }))
    .await?;
    let attached: Vec<aws_sdk_iam::types::AttachedPolicy> = cx
        .call(Op::new("iam:ListAttachedRolePolicies"), || {
            cx.iam().list_attached_role_policies().role_name(name).into_paginator().items().send().try_collect()
        })
        .await?;
    let attached = attached.iter().filter_map(|policy| policy.policy_arn()).map(str::to_owned).collect();
    Ok(Some(live(&role, inline.into_iter().collect(), attached)))
}

async fn drop_inline(cx: &Cx<'_>, role: &str, policy: &str) -> Result<()> {
    absent_is_done(
        cx.call(Op::new("iam:DeleteRolePolicy"), || {
            cx.iam().delete_role_policy().role_name(role).policy_name(policy).send()
        })
        .await,
    )
}

async fn detach(cx: &Cx<'_>, role: &str, arn: &str) -> Result<()> {
    absent_is_done(
        cx.call(Op::new("iam:DetachRolePolicy"), || {
            cx.iam().detach_role_policy().role_name(role).policy_arn(arn).send()
        })
        .await,
    )
}

fn absent_is_done<T>(done: Result<T>) -> Result<()> {
    match done {
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(()),
        other => other.map(drop),
    }
}

fn live(role: &Sdk, inline: BTreeMap<String, Policy>, attached: BTreeSet<String>) -> Live<IamRole> {
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
            inline_policies: inline,
            managed_policy_arns: attached,
        },
        outputs: Outputs { id: name.clone(), arn: role.arn().to_owned(), unique_id: role.role_id().to_owned() },
        tags: tags::read(role.tags()),
        status: Status::Usable,
        id: name,
    }
}
