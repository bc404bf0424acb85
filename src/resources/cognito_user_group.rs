//! `cognito_user_group`

use aws_sdk_cognitoidentityprovider::types::GroupType;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Mark, Name, NameChars, Naming, Select, Status, TagChange, Tags,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::cognito_support::{GONE, Part, Pool};
use super::taken::{is_made, taken, would_be_taken};
use crate::aws::{Codes, Cx, Live, Op, Resource, unless};

/// A group of users of a pool: its name stands in their tokens, and may give them a role.
///
/// Groups take no tags. One that has its default name is known by that; of one whose name the stack writes the pool
/// remembers in a tag whose it is. A pool has room for about 40 such tags.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CognitoUserGroup {
    /// The user pool.
    #[attr(create_only, refers("cognito_user_pool", "id"))]
    user_pool_id: String,
    /// Its name, as it stands in `cognito:groups` of tokens.
    #[attr(create_only, length(1, 128), pattern = "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+")]
    name: Name,
    /// What it is for.
    #[attr(length(0, 2048))]
    description: Option<String>,
    /// Which group counts more when a user is in several: the one with the lowest number, and any number more than none.
    #[attr(range(0, 2_147_483_647))]
    precedence: Option<i32>,
    /// The role that its users take on in an identity pool that chooses by token; Terraform's `role_arn`, which here is
    /// the role with which a resource is managed.
    #[attr(refers("iam_role", "arn"))]
    iam_role_arn: Option<String>,
}

/// What a group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Pool and name: `eu-west-3_Ab1Cd2Ef3/admin`.
    #[attr(looks_like = "{attr:user_pool_id}/{name}")]
    id: String,
}

impl Resource for CognitoUserGroup {
    const FACTS: Facts = Facts {
        name: "cognito_user_group",
        service: "cognito-idp",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["user_pool_id", "name"],
        found: Found::Child(&["cognito_user_pool"]),
        mark: Mark::Marker,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Parent }),
        once: true,
        actions: Actions {
            read: &["cognito-idp:DescribeUserPool", "cognito-idp:ListGroups", "cognito-idp:GetGroup"],
            create: &["cognito-idp:CreateGroup", "cognito-idp:TagResource", "iam:PassRole"],
            update: &[
                "cognito-idp:UpdateGroup", "cognito-idp:TagResource", "cognito-idp:UntagResource", "iam:PassRole",
            ],
            delete: &["cognito-idp:DeleteGroup", "cognito-idp:UntagResource"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: GONE, exists: &["GroupExistsException"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(id) => {
                let Some((pool, name)) = id.split_once('/') else {
                    return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no group"))
                        .hint("groups are named by pool and name: `eu-west-3_Ab1Cd2Ef3/admin`"));
                };
                let Some(group) = get(cx, pool, name).await? else { return Ok(Vec::new()) };
                return Ok(vec![live(pool, &group, Pool::told(cx, &part(pool, name)).await?)]);
            }
            Select::Owned(expected) => expected,
        };
        let pools = Pool::all(cx, expected).await?;
        let read = pools.iter().map(|pool| async move {
            let groups = list(cx, &pool.id).await?;
            let told = groups.iter().map(|group| {
                let tags = part(&pool.id, group.group_name().unwrap_or_default()).tags(cx, &pool.tags);
                live(&pool.id, group, tags)
            });
            Result::Ok(told.filter(|group| !group.tags.is_empty()).collect::<Vec<_>>())
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let (pool, name) = (&self.user_pool_id, &*self.name);
        let id = format!("{pool}/{name}");
        // The mark comes first, so that a group that is there already must be looked for before.
        if get(cx, pool, name).await?.is_some() {
            let tags = Pool::told(cx, &part(pool, name)).await?;
            let what = format!("the group {name} of {pool}");
            return if is_made(&tags, new) { Ok(id) } else { Err(taken(new, &what, &id, &tags)) };
        }
        part(pool, name).mark(cx, &new.tags).await?;
        cx.call(Op::new("cognito-idp:CreateGroup"), || {
            cx.cognito()
                .create_group()
                .user_pool_id(pool)
                .group_name(name)
                .set_description(self.description.clone())
                .set_precedence(self.precedence)
                .set_role_arn(self.iam_role_arn.clone())
                .send()
        })
        .await?;
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        // An empty description takes the old one away; there is no such word for the others.
        let description = self.description.clone().or_else(|| live.spec.description.as_ref().map(|_| String::new()));
        let answer = cx
            .call(Op::new("cognito-idp:UpdateGroup"), || {
                cx.cognito()
                    .update_group()
                    .user_pool_id(&self.user_pool_id)
                    .group_name(&*self.name)
                    .set_description(description.clone())
                    .set_precedence(self.precedence)
                    .set_role_arn(self.iam_role_arn.clone())
                    .send()
            })
            .await?;
        let kept = answer.group.filter(|now| {
            self.iam_role_arn.is_none() && now.role_arn.is_some()
                || self.precedence.is_none() && now.precedence.is_some()
        });
        match kept {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Failed, "Cognito keeps the role or the precedence of the group")
                .hint("a new group has none: plan with `--replace` for it, and put its users into it again")),
        }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let (pool, name) = (&live.spec.user_pool_id, &*live.spec.name);
        let gone = cx
            .call(Op::new("cognito-idp:DeleteGroup"), || {
                cx.cognito().delete_group().user_pool_id(pool).group_name(name).send()
            })
            .await;
        unless(gone, GONE)?;
        part(pool, name).unmark(cx, &live.tags).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        part(&live.spec.user_pool_id, &live.spec.name).retag(cx, &live.tags, change).await
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let (pool, name) = (&self.user_pool_id, &*self.name);
        if get(cx, pool, name).await?.is_none() {
            return Ok(Vec::new());
        }
        let tags = Pool::told(cx, &part(pool, name)).await?;
        let what = format!("the group {name} of {pool}");
        Ok(vec![would_be_taken("name", &what, &format!("{pool}/{name}"), &tags)])
    }
}

fn part<'a>(pool: &'a str, name: &'a str) -> Part<'a> {
    Part { pool, kind: "cognito_user_group", name, telling: true }
}

/// The groups of a pool; none of a pool that is gone.
async fn list(cx: &Cx<'_>, pool: &str) -> Result<Vec<GroupType>> {
    let found = cx
        .call(Op::new("cognito-idp:ListGroups"), || {
            cx.cognito().list_groups().user_pool_id(pool).limit(60).into_paginator().items().send().try_collect()
        })
        .await;
    Ok(unless(found, GONE)?.unwrap_or_default())
}

async fn get(cx: &Cx<'_>, pool: &str, name: &str) -> Result<Option<GroupType>> {
    let found = cx
        .call(Op::new("cognito-idp:GetGroup"), || cx.cognito().get_group().user_pool_id(pool).group_name(name).send())
        .await;
    Ok(unless(found, GONE)?.and_then(|found| found.group))
}

fn live(pool: &str, group: &GroupType, tags: Tags) -> Live<CognitoUserGroup> {
    let name = group.group_name().unwrap_or_default();
    let id = format!("{pool}/{name}");
    Live {
        spec: CognitoUserGroup {
            user_pool_id: pool.to_owned(),
            name: name.into(),
            description: group.description().filter(|text| !text.is_empty()).map(str::to_owned),
            precedence: group.precedence,
            iam_role_arn: group.role_arn().map(str::to_owned),
        },
        outputs: Outputs { id: id.clone() },
        tags,
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_description_is_none() {
        let group = GroupType::builder().group_name("admin").description("").precedence(0).build();
        let live = live("p", &group, Tags::new());
        assert_eq!(live.id, "p/admin");
        assert_eq!((live.spec.description, live.spec.precedence), (None, Some(0)));
    }
}
