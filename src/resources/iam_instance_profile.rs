//! `iam_instance_profile`

use std::collections::BTreeSet;

use aws_sdk_iam::types::InstanceProfile as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Unique,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Tagged, absent_is_done, own_path};
use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// An instance profile: the wrapper in which an EC2 instance takes on a role.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamInstanceProfile {
    /// Its name, unique in the account.
    #[attr(create_only, length(1, 128), pattern = "[\\w+=,.@-]+")]
    name: Name,
    /// The path before its name in its ARN. Without one it is `/clefctl/<owner>/`, by which it is found at once; under
    /// another one a profile whose entry has left the file shows once the tagging API knows it.
    #[attr(create_only, aws_default = "the owner's path, by which clefctl finds it", pattern = "/([!-~]+/)*")]
    path: Option<String>,
    /// Name of the role inside; changing it is done in place.
    #[attr(refers("iam_role", "name"))]
    role: Option<String>,
}

/// What an instance profile tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:iam::{account}:instance-profile/{name}")]
    arn: String,
    /// Its unique id.
    #[attr(looks_like = "AIPA{upper:17}")]
    unique_id: String,
}

impl Resource for IamInstanceProfile {
    const FACTS: Facts = Facts {
        name: "iam_instance_profile",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        deleted_after: &["autoscaling_group", "launch_template"],
        actions: Actions {
            read: &["iam:ListInstanceProfiles", "iam:GetInstanceProfile", "tag:GetResources"],
            create: &[
                "iam:CreateInstanceProfile", "iam:TagInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:PassRole",
            ],
            update: &[
                "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:PassRole",
                "iam:TagInstanceProfile", "iam:UntagInstanceProfile",
            ],
            delete: &["iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"],
        },
        takes: PerVerb::new(10, 3, 2),
        calls: PerVerb::new(2, 2, 2),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(name) => return Ok(vec![live(&get(cx, name).await?)]),
            Select::Owned(expected) => expected,
        };
        let list = cx.call(Op::new("iam:ListInstanceProfiles"), || {
            let ask = cx.iam().list_instance_profiles().path_prefix(own_path(cx)).max_items(1000);
            ask.into_paginator().items().send().try_collect()
        });
        let (listed, swept): (Vec<Sdk>, _) = tokio::try_join!(list, sweep::arns(cx, select, "iam:instance-profile"))?;
        // Those that the stack puts under another path are looked up by name.
        let elsewhere =
            expected.instances.iter().filter(|one| one.attributes.get("path").is_some_and(|path| !path.is_null()));
        let names: BTreeSet<&str> = (listed.iter().map(Sdk::instance_profile_name))
            .chain(swept.iter().filter_map(|arn| arn.rsplit('/').next()))
            .chain(elsewhere.filter_map(|one| one.name.as_deref()))
            .collect();
        let read = try_join_all(names.iter().map(|name| async move {
            match get(cx, name).await {
                Ok(profile) => Ok(Some(live(&profile))),
                Err(error) if error.code() == Some("NoSuchEntity") => Ok(None),
                Err(error) => Err(error),
            }
        }));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let path = self.path.clone().unwrap_or_else(|| own_path(cx));
        cx.call(Op::new("iam:CreateInstanceProfile"), || {
            cx.iam()
                .create_instance_profile()
                .instance_profile_name(&*self.name)
                .path(&path)
                .set_tags(Some(tags::write(&new.tags)))
                .send()
        })
        .await?;
        if let Some(role) = &self.role {
            add(cx, &self.name, role).await?;
        }
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.role == live.spec.role {
            return Ok(());
        }
        // A profile holds one role: the old one must go before the new one comes.
        if let Some(old) = &live.spec.role {
            remove(cx, &live.id, old).await?;
        }
        match &self.role {
            Some(role) => add(cx, &live.id, role).await,
            None => Ok(()),
        }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let now = get(cx, &live.id).await?;
        for role in now.roles() {
            remove(cx, &live.id, role.role_name()).await?;
        }
        cx.call(Op::new("iam:DeleteInstanceProfile"), || {
            cx.iam().delete_instance_profile().instance_profile_name(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        Tagged::Profile(&live.id).change(cx, change).await
    }
}

async fn get(cx: &Cx<'_>, name: &str) -> Result<Sdk> {
    let answer = cx
        .call(Op::new("iam:GetInstanceProfile"), || cx.iam().get_instance_profile().instance_profile_name(name).send())
        .await?;
    answer
        .instance_profile
        .ok_or_else(|| clefctl_core::error::Error::internal("GetInstanceProfile answered without a profile"))
}

async fn add(cx: &Cx<'_>, profile: &str, role: &str) -> Result<()> {
    let added = cx
        .call(Op::new("iam:AddRoleToInstanceProfile").racing(&["NoSuchEntity"]), || {
            cx.iam().add_role_to_instance_profile().instance_profile_name(profile).role_name(role).send()
        })
        .await;
    match added {
        // Full: after a lost answer it is this role that fills it.
        Err(error) if error.code() == Some("LimitExceeded") => {
            let there = get(cx, profile).await?;
            if there.roles().iter().any(|there| there.role_name() == role) { Ok(()) } else { Err(error) }
        }
        other => other.map(drop),
    }
}

async fn remove(cx: &Cx<'_>, profile: &str, role: &str) -> Result<()> {
    absent_is_done(
        cx.call(Op::new("iam:RemoveRoleFromInstanceProfile"), || {
            cx.iam().remove_role_from_instance_profile().instance_profile_name(profile).role_name(role).send()
        })
        .await,
    )
}

fn live(profile: &Sdk) -> Live<IamInstanceProfile> {
    let name = profile.instance_profile_name().to_owned();
    Live {
        spec: IamInstanceProfile {
            name: profile.instance_profile_name().into(),
            path: Some(profile.path().to_owned()),
            role: profile.roles().first().map(|role| role.role_name().to_owned()),
        },
        outputs: Outputs {
            id: name.clone(),
            arn: profile.arn().to_owned(),
            unique_id: profile.instance_profile_id().to_owned(),
        },
        tags: tags::read(profile.tags()),
        status: Status::Usable,
        id: name,
    }
}
