//! `instances`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Instance, Reservation};
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts};
use serde::{Deserialize, Serialize};

use super::{Filter, filters};
use crate::aws::{Cx, LookupRead, Op};

/// The instances that fit: those of an Auto Scaling group by the tag `aws:autoscaling:groupName`, those of a VPC with
/// the filter `vpc-id`. What is written has to fit all at once.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct Instances {
    /// Tags that they carry.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// States of which they are in one: `pending`, `running`, `shutting-down`, `stopped`, `stopping`, `terminated`.
    #[serde(default = "running")]
    #[attr(default = ["running"])]
    instance_state_names: BTreeSet<String>,
    /// Filters of the EC2 call DescribeInstances, such as `vpc-id`, `instance-type`.
    #[serde(default)]
    filter: Vec<Filter>,
}

/// The instances.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Their ids, sorted.
    #[attr(looks_like = "i-{hex:17}")]
    ids: Vec<String>,
    /// Their private addresses, in the order of the ids.
    #[attr(looks_like = "10.0.0.{n}")]
    private_ips: Vec<String>,
    /// Their addresses on the internet, in the order of the ids, of those that have one.
    #[attr(looks_like = "{ip}")]
    public_ips: Vec<String>,
}

impl LookupRead for Instances {
    const FACTS: LookupFacts = LookupFacts {
        name: "instances",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeInstances"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let mut wanted = self.filter.clone();
        if !self.instance_state_names.is_empty() {
            let states = self.instance_state_names.clone();
            wanted.push(Filter { name: "instance-state-name".to_owned(), values: states });
        }
        let reservations: Vec<Reservation> = cx
            .call(Op::new("ec2:DescribeInstances"), || {
                let instances = cx.ec2().describe_instances().set_filters(filters(&wanted, &self.tags));
                instances.into_paginator().items().send().try_collect()
            })
            .await?;
        let mut found: Vec<&Instance> = reservations.iter().flat_map(Reservation::instances).collect();
        found.sort_by_key(|instance| instance.instance_id());
        let texts = |of: fn(&Instance) -> Option<&str>| -> Vec<String> {
            found.iter().filter_map(|instance| of(instance).map(str::to_owned)).collect()
        };
        Ok((!found.is_empty()).then(|| Outputs {
            ids: texts(Instance::instance_id),
            private_ips: texts(Instance::private_ip_address),
            public_ips: texts(Instance::public_ip_address),
        }))
    }
}

fn running() -> BTreeSet<String> {
    BTreeSet::from(["running".to_owned()])
}
