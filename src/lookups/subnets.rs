//! `subnets`

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Subnet;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts};
use serde::{Deserialize, Serialize};

use super::{Filter, filters};
use crate::aws::{Cx, LookupRead, Op};

/// The subnets that fit: those of a VPC with the filter `vpc-id`, those of a tier with a tag.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct Subnets {
    /// Tags that they carry.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Filters of the EC2 call DescribeSubnets, such as `vpc-id`, `availability-zone`.
    #[serde(default)]
    filter: Vec<Filter>,
}

/// The subnets.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Their ids, sorted.
    #[attr(looks_like = "subnet-{hex:17}")]
    ids: Vec<String>,
}

impl LookupRead for Subnets {
    const FACTS: LookupFacts = LookupFacts {
        name: "subnets",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeSubnets"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let found: Vec<Subnet> = cx
            .call(Op::new("ec2:DescribeSubnets"), || {
                let subnets = cx.ec2().describe_subnets().set_filters(filters(&self.filter, &self.tags));
                subnets.into_paginator().items().send().try_collect()
            })
            .await?;
        let mut ids: Vec<String> = found.into_iter().filter_map(|subnet| subnet.subnet_id).collect();
        ids.sort();
        Ok((!ids.is_empty()).then_some(Outputs { ids }))
    }
}
