//! The sweep: what the tagging API finds of an owner. It finds; it never proves absence.

use clefctl_core::error::Result;
use clefctl_core::kind::{Owner, Select, Tags, tag};

use super::{Cx, Op};

/// One hit of the sweep.
#[derive(Clone, Debug)]
pub struct Hit {
    /// ARN of the thing.
    pub arn: String,
    /// Its tags, as the index knows them.
    pub tags: Tags,
}

/// Everything of the owner in the context's region, of one resource type (`elasticloadbalancing:loadbalancer`) or of all.
pub async fn sweep(cx: &Cx<'_>, owner: &Owner, resource_type: Option<&str>) -> Result<Vec<Hit>> {
    let filter =
        aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(tag::STACK).values(owner.to_string()).build();
    let found = cx
        .call(Op::new("tag:GetResources"), || {
            cx.tagging()
                .get_resources()
                .tag_filters(filter.clone())
                .set_resource_type_filters(resource_type.map(|text| vec![text.to_owned()]))
                .into_paginator()
                .items()
                .send()
                .try_collect()
        })
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|mapping| {
            let tags = mapping.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Some(Hit { arn: mapping.resource_arn()?.to_owned(), tags })
        })
        .collect())
}

/// The ARNs (or ids) that a read of a swept kind starts from: what the sweep finds, or the one that is asked for.
pub async fn arns(cx: &Cx<'_>, select: Select<'_>, resource_type: &str) -> Result<Vec<String>> {
    match select {
        Select::One(id) => Ok(vec![id.to_owned()]),
        Select::Owned(_) => {
            Ok(sweep(cx, &cx.owner, Some(resource_type)).await?.into_iter().map(|hit| hit.arn).collect())
        }
    }
}
