//! `security_group`

use std::collections::BTreeMap;

use aws_sdk_ec2::types::SecurityGroup as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use super::{Filter, filters, several};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Cx, LookupRead, Op};

/// A security group that is managed elsewhere. What is written has to fit all at once.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(at_least_one("id", "name", "tags", "filter"))]
pub struct SecurityGroup {
    /// Its id.
    id: Option<String>,
    /// Its name, which several groups may have in several VPCs; that of each VPC's own is `default`.
    name: Option<String>,
    /// The VPC that it belongs to.
    vpc_id: Option<String>,
    /// Tags that it carries.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Filters of the EC2 call DescribeSecurityGroups, such as `description`.
    #[serde(default)]
    filter: Vec<Filter>,
}

/// The security group.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "sg-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:security-group/{id}")]
    arn: String,
    /// Its name.
    #[attr(looks_like = "default")]
    name: String,
    /// What it is for.
    #[attr(looks_like = "A group")]
    description: String,
    /// The VPC that it belongs to.
    #[attr(looks_like = "vpc-{hex:17}")]
    vpc_id: String,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for SecurityGroup {
    const FACTS: LookupFacts = LookupFacts {
        name: "security_group",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeSecurityGroups"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let mut wanted = self.filter.clone();
        for (name, value) in [("group-id", &self.id), ("group-name", &self.name), ("vpc-id", &self.vpc_id)] {
            wanted.extend(Filter::of(name, value.as_deref()));
        }
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeSecurityGroups"), || {
                let groups = cx.ec2().describe_security_groups().set_filters(filters(&wanted, &self.tags));
                groups.into_paginator().items().send().try_collect()
            })
            .await?;
        match found.as_slice() {
            [] => Ok(None),
            [group] => Ok(Some(outputs(cx, group))),
            _ => Err(several("security groups", found.iter().filter_map(Sdk::group_id).collect())),
        }
    }
}

fn outputs(cx: &Cx<'_>, group: &Sdk) -> Outputs {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let id = text(group.group_id());
    let owner = group.owner_id().unwrap_or(&cx.account);
    Outputs {
        arn: format!("arn:{}:ec2:{}:{owner}:security-group/{id}", cx.partition(), cx.region),
        id,
        name: text(group.group_name()),
        description: text(group.description()),
        vpc_id: text(group.vpc_id()),
        tags: tags::read(group.tags()),
    }
}
