//! `iam_policy`

use aws_sdk_iam::types::{Policy as Sdk, PolicyScopeType, PolicyVersion};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Policy, Select, Status, TagChange, Unique,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Tagged, absent_is_done, entities, named, own_path};
use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

#[cfg(test)]
mod tests;

/// How many versions of a policy IAM keeps.
const VERSIONS: usize = 5;

/// A managed policy: rights that can be attached to several roles, users and groups.
///
/// Each change makes a version, which is the default one at once. IAM keeps five; the oldest goes when a sixth comes.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamPolicy {
    /// Its name, unique in the account without regard to case.
    #[attr(create_only, length(1, 128), pattern = "[\\w+=,.@-]+")]
    name: Name,
    /// The path before its name in its ARN. Without one it is `/clefctl/<owner>/`, by which it is found at once; under
    /// another one a policy whose entry has left the file shows once the tagging API knows it.
    #[attr(create_only, aws_default = "the owner's path, by which clefctl finds it", pattern = "/([!-~]+/)*")]
    path: Option<String>,
    /// What it is for.
    #[attr(create_only, length(1, 1000))]
    description: Option<String>,
    /// The rights. At most 6,144 characters without white space.
    #[attr(policy = Managed)]
    policy: Policy,
}

/// What a managed policy tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:iam::{account}:policy/{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{attr:id}")]
    arn: String,
    /// Its unique id.
    #[attr(looks_like = "ANPA{upper:17}")]
    policy_id: String,
}

impl Resource for IamPolicy {
    const FACTS: Facts = Facts {
        name: "iam_policy",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        deleted_after: &["iam_role", "iam_user", "iam_group"],
        actions: Actions {
            read: &[
                "iam:GetAccountAuthorizationDetails", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicies",
                "iam:ListPolicyVersions", "tag:GetResources",
            ],
            create: &["iam:CreatePolicy", "iam:TagPolicy"],
            update: &["iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:TagPolicy", "iam:UntagPolicy"],
            delete: &["iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:ListEntitiesForPolicy"],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 2, 5),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(id) => return Ok(one(cx, id).await?.into_iter().collect()),
            Select::Owned(expected) => expected,
        };
        let (account, swept) = tokio::try_join!(entities(cx), sweep::arns(cx, select, "iam:policy"))?;
        let path = own_path(cx);
        let wanted = account.policies.iter().filter(|policy| {
            policy.path().is_some_and(|there| there.starts_with(&path))
                || named(expected, policy.policy_name())
                || policy.arn().is_some_and(|arn| swept.iter().any(|swept| swept == arn))
        });
        let read = try_join_all(wanted.map(|listed| async move {
            let default = listed.policy_version_list().iter().find(|version| version.is_default_version());
            let document = default.and_then(PolicyVersion::document).unwrap_or_default();
            let policy = get(cx, listed.arn().unwrap_or_default()).await?;
            Result::Ok(policy.map(|policy| live(&policy, tags::document(document))))
        }));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let path = self.path.clone().unwrap_or_else(|| own_path(cx));
        let op = Op::new("iam:CreatePolicy");
        let made = cx
            .call(op, || {
                cx.iam()
                    .create_policy()
                    .policy_name(&*self.name)
                    .path(&path)
                    .set_description(self.description.clone())
                    .policy_document(self.policy.to_string())
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        Ok(made.policy().and_then(Sdk::arn).unwrap_or(&self.name).to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.policy == live.spec.policy {
            return Ok(());
        }
        loop {
            let versions = versions(cx, &live.id).await?;
            for old in superfluous(&versions, VERSIONS - 1) {
                drop_version(cx, &live.id, old).await?;
            }
            let made = cx
                .call(Op::once("iam:CreatePolicyVersion"), || {
                    let ask = cx.iam().create_policy_version().policy_arn(&live.id);
                    ask.policy_document(self.policy.to_string()).set_as_default(true).send()
                })
                .await;
            match made {
                // Made perhaps, and then it must not be made twice.
                Err(error) if error.kind == ErrorKind::Ambiguous => {
                    if one(cx, &live.id).await?.is_some_and(|now| now.spec.policy == self.policy) {
                        return Ok(());
                    }
                    cx.alive()?;
                }
                other => return other.map(drop),
            }
        }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let arn = &live.id;
        for old in superfluous(&versions(cx, arn).await?, 1) {
            drop_version(cx, arn, old).await?;
        }
        cx.call(Op::new("iam:DeletePolicy"), || cx.iam().delete_policy().policy_arn(arn).send()).await.map(drop)
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        Tagged::Policy(&live.id).change(cx, change).await
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let holders = cx
            .call(Op::new("iam:ListEntitiesForPolicy"), || {
                cx.iam().list_entities_for_policy().policy_arn(&live.id).send()
            })
            .await?;
        let roles = holders.policy_roles().iter().filter_map(|role| Some(format!("role {}", role.role_name()?)));
        let users = holders.policy_users().iter().filter_map(|user| Some(format!("user {}", user.user_name()?)));
        let groups = holders.policy_groups().iter().filter_map(|group| Some(format!("group {}", group.group_name()?)));
        Ok(roles.chain(users).chain(groups).collect())
    }
}

/// One policy, by ARN or name.
async fn one(cx: &Cx<'_>, id: &str) -> Result<Option<Live<IamPolicy>>> {
    let arn = if id.starts_with("arn:") { Some(id.to_owned()) } else { arn_of(cx, id).await? };
    let Some(arn) = arn else { return Ok(None) };
    let Some(policy) = get(cx, &arn).await? else { return Ok(None) };
    let version = policy.default_version_id().unwrap_or("v1").to_owned();
    let answer = cx
        .call(Op::new("iam:GetPolicyVersion"), || {
            cx.iam().get_policy_version().policy_arn(&arn).version_id(&version).send()
        })
        .await?;
    let document = answer.policy_version().and_then(PolicyVersion::document).unwrap_or_default();
    Ok(Some(live(&policy, tags::document(document))))
}

/// The ARN of one of the account's own policies, by its name.
async fn arn_of(cx: &Cx<'_>, name: &str) -> Result<Option<String>> {
    let all: Vec<Sdk> = cx
        .call(Op::new("iam:ListPolicies"), || {
            cx.iam().list_policies().scope(PolicyScopeType::Local).into_paginator().items().send().try_collect()
        })
        .await?;
    let found = all.iter().find(|policy| policy.policy_name().is_some_and(|there| there.eq_ignore_ascii_case(name)));
    Ok(found.and_then(|policy| policy.arn().map(str::to_owned)))
}

async fn get(cx: &Cx<'_>, arn: &str) -> Result<Option<Sdk>> {
    match cx.call(Op::new("iam:GetPolicy"), || cx.iam().get_policy().policy_arn(arn).send()).await {
        Ok(answer) => answer.policy.ok_or_else(|| Error::internal("GetPolicy answered without a policy")).map(Some),
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn versions(cx: &Cx<'_>, arn: &str) -> Result<Vec<PolicyVersion>> {
    cx.call(Op::new("iam:ListPolicyVersions"), || {
        cx.iam().list_policy_versions().policy_arn(arn).into_paginator().items().send().try_collect()
    })
    .await
}

/// The versions that must go so that `left` are left: the oldest ones, and never the default one.
fn superfluous(versions: &[PolicyVersion], left: usize) -> Vec<&str> {
    let mut old: Vec<&str> =
        versions.iter().filter(|version| !version.is_default_version()).filter_map(PolicyVersion::version_id).collect();
    old.sort_by_key(|version| version.trim_start_matches('v').parse::<u32>().unwrap_or_default());
    old.truncate(versions.len().saturating_sub(left));
    old
}

async fn drop_version(cx: &Cx<'_>, arn: &str, version: &str) -> Result<()> {
    absent_is_done(
        cx.call(Op::new("iam:DeletePolicyVersion"), || {
            cx.iam().delete_policy_version().policy_arn(arn).version_id(version).send()
        })
        .await,
    )
}

fn live(policy: &Sdk, document: Policy) -> Live<IamPolicy> {
    let arn = policy.arn().unwrap_or_default().to_owned();
    Live {
        spec: IamPolicy {
            name: policy.policy_name().unwrap_or_default().into(),
            path: policy.path().map(str::to_owned),
            description: policy.description().filter(|text| !text.is_empty()).map(str::to_owned),
            policy: document,
        },
        outputs: Outputs {
            id: arn.clone(),
            arn: arn.clone(),
            policy_id: policy.policy_id().unwrap_or_default().to_owned(),
        },
        tags: tags::read(policy.tags()),
        status: Status::Usable,
        id: arn,
    }
}
