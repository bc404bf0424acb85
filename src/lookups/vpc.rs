//! `vpc`

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Vpc as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Cidr, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use super::{Filter, filters, several};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Cx, LookupRead, Op};

/// A virtual private cloud that is managed elsewhere. What is written has to fit all at once.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(at_least_one("id", "tags", "cidr_block", "default", "filter"))]
pub struct Vpc {
    /// Its id.
    id: Option<String>,
    /// Tags that it carries.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Its first IPv4 network.
    cidr_block: Option<Cidr>,
    /// `true` for the default VPC of the region.
    default: Option<bool>,
    /// Filters of the EC2 call DescribeVpcs, such as `dhcp-options-id`.
    #[serde(default)]
    filter: Vec<Filter>,
}

/// The VPC.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "vpc-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:vpc/{id}")]
    arn: String,
    /// Its first IPv4 network.
    #[attr(looks_like = "10.{n}.0.0/16")]
    cidr_block: String,
    /// Whether it is the default VPC of the region.
    default: bool,
    /// `default` or `dedicated`.
    #[attr(looks_like = "default")]
    instance_tenancy: String,
    /// Number of the account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for Vpc {
    const FACTS: LookupFacts = LookupFacts {
        name: "vpc",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeVpcs"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let mut wanted = self.filter.clone();
        let default = self.default.map(|default| default.to_string());
        wanted.extend(Filter::of("vpc-id", self.id.as_deref()));
        wanted.extend(Filter::of("cidr", self.cidr_block.as_deref()));
        wanted.extend(Filter::of("is-default", default.as_deref()));
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeVpcs"), || {
                let vpcs = cx.ec2().describe_vpcs().set_filters(filters(&wanted, &self.tags));
                vpcs.into_paginator().items().send().try_collect()
            })
            .await?;
        match found.as_slice() {
            [] => Ok(None),
            [vpc] => Ok(Some(outputs(cx, vpc))),
            _ => Err(several("VPCs", found.iter().filter_map(Sdk::vpc_id).collect())),
        }
    }
}

fn outputs(cx: &Cx<'_>, vpc: &Sdk) -> Outputs {
    let id = vpc.vpc_id().unwrap_or_default().to_owned();
    let owner_id = vpc.owner_id().unwrap_or(&cx.account).to_owned();
    Outputs {
        arn: format!("arn:{}:ec2:{}:{owner_id}:vpc/{id}", cx.partition(), cx.region),
        id,
        cidr_block: vpc.cidr_block().unwrap_or_default().to_owned(),
        default: vpc.is_default().unwrap_or_default(),
        instance_tenancy: vpc.instance_tenancy().map_or("default", |tenancy| tenancy.as_str()).to_owned(),
        owner_id,
        tags: tags::read(vpc.tags()),
    }
}
