//! `db_subnet_group`

use std::collections::BTreeSet;

use aws_sdk_rds::types::DbSubnetGroup as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Value,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// A DB subnet group: the subnets in which RDS may place a database, in two availability zones at least.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(spread("subnet_ids", "availability_zone"))]
pub struct DbSubnetGroup {
    /// Its name; RDS keeps it in lower case.
    #[attr(create_only, length(1, 255), pattern = "[A-Za-z0-9 ._-]+", canonical = lower)]
    name: Name,
    /// What it is for.
    #[attr(default = "Managed by clefctl", length(1, 255))]
    description: String,
    /// The subnets.
    #[attr(refers("subnet", "id"), length(2, 20))]
    subnet_ids: BTreeSet<String>,
}

/// What a subnet group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:subgrp:{name}")]
    arn: String,
    /// The VPC of its subnets.
    #[attr(looks_like = "vpc-{hex:17}")]
    vpc_id: String,
}

impl Resource for DbSubnetGroup {
    const FACTS: Facts = Facts {
        name: "db_subnet_group",
        service: "rds",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("rds:subgrp"),
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::LowerHyphen, unique: Unique::Account }),
        once: true,
        details: 1,
        actions: Actions {
            read: &["tag:GetResources", "rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"],
            create: &["rds:CreateDBSubnetGroup", "rds:AddTagsToResource"],
            update: &["rds:ModifyDBSubnetGroup", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
            delete: &["rds:DeleteDBSubnetGroup"],
        },
        timeouts: PerVerb::new(600, 600, 1200),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["DBSubnetGroupNotFoundFault"],
        exists: &["DBSubnetGroupAlreadyExists"],
        blocked: &["InvalidDBSubnetGroupStateFault"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let arns: Vec<String> = sweep::arns(cx, select, "rds:subgrp").await?;
        let names: Vec<&str> = arns.iter().map(|arn| arn.rsplit(':').next().unwrap_or_default()).collect();
        // One list serves all that the sweep has found: the call takes one name or none.
        let name = match (select, names.as_slice()) {
            (_, []) => return Ok(Vec::new()),
            (Select::One(_), [name, ..]) => Some((*name).to_owned()),
            (Select::Owned(_), _) => None,
        };
        let found = cx
            .call(Op::new("rds:DescribeDBSubnetGroups"), || {
                let groups = cx.rds().describe_db_subnet_groups().set_db_subnet_group_name(name.clone());
                groups.into_paginator().items().send().try_collect()
            })
            .await?;
        let ours = |group: &&Sdk| group.db_subnet_group_name().is_some_and(|name| names.contains(&name));
        try_join_all(found.iter().filter(ours).map(|group| async move {
            let arn = group.db_subnet_group_arn().unwrap_or_default();
            let tags = sweep::tags(cx, select, arn, tags::of(cx, arn)).await?;
            Ok(live(group, tags))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let op = Op::new("rds:CreateDBSubnetGroup").racing(&["InvalidSubnet"]);
        cx.call(op, || {
            cx.rds()
                .create_db_subnet_group()
                .db_subnet_group_name(&*self.name)
                .db_subnet_group_description(&self.description)
                .set_subnet_ids(Some(self.subnet_ids.iter().cloned().collect()))
                .set_tags(Some(tags::write(&new.tags)))
                .send()
        })
        .await?;
        Ok(self.name.to_lowercase())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.description == live.spec.description && self.subnet_ids == live.spec.subnet_ids {
            return Ok(());
        }
        cx.call(Op::new("rds:ModifyDBSubnetGroup"), || {
            cx.rds()
                .modify_db_subnet_group()
                .db_subnet_group_name(&live.id)
                .db_subnet_group_description(&self.description)
                .set_subnet_ids(Some(self.subnet_ids.iter().cloned().collect()))
                .send()
        })
        .await?;
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("rds:DeleteDBSubnetGroup"), || {
            cx.rds().delete_db_subnet_group().db_subnet_group_name(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }
}

fn lower(name: &Value) -> Value {
    name.as_str().map_or_else(|| name.clone(), |name| Value::from(name.to_lowercase()))
}

fn live(group: &Sdk, tags: Tags) -> Live<DbSubnetGroup> {
    let name = group.db_subnet_group_name().unwrap_or_default().to_owned();
    let subnets = group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier());
    Live {
        spec: DbSubnetGroup {
            name: name.as_str().into(),
            description: group.db_subnet_group_description().unwrap_or_default().to_owned(),
            subnet_ids: subnets.map(str::to_owned).collect(),
        },
        outputs: Outputs {
            id: name.clone(),
            arn: group.db_subnet_group_arn().unwrap_or_default().to_owned(),
            vpc_id: group.vpc_id().unwrap_or_default().to_owned(),
        },
        tags,
        status: Status::Usable,
        id: name,
    }
}
