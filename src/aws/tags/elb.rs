//! Elastic Load Balancing v2: tags are no part of what its lists answer.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use clefctl_core::error::Result;
use clefctl_core::kind::{Select, TagChange, Tags};

use crate::aws::{Cx, Op, sweep};

/// The most ARNs that one call takes.
const BATCH: usize = 20;
/// A call fails as a whole when one of its things has gone in the meantime.
const GONE: &[&str] = &["LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "RuleNotFound"];

/// The tags of a create call.
#[must_use]
pub fn write(tags: &Tags) -> Vec<Tag> {
    super::write(tags, |key, value| Tag::builder().key(key).value(value).build())
}

/// The tags of things, by ARN, the sweep's where they will do; what has gone is left out.
pub async fn read(cx: &Cx<'_>, select: Select<'_>, arns: &[String]) -> Result<BTreeMap<String, Tags>> {
    let mut found = BTreeMap::new();
    for arn in arns {
        if let Some(tags) = sweep::settled_tags(cx, select, arn).await? {
            found.insert(arn.clone(), tags);
        }
    }
    let left: Vec<String> = arns.iter().filter(|arn| !found.contains_key(*arn)).cloned().collect();
    let batches = futures::future::try_join_all(left.chunks(BATCH).map(|batch| async move {
        match describe(cx, batch).await {
            Err(error) if error.code().is_some_and(|code| GONE.contains(&code)) => one_by_one(cx, batch).await,
            answer => answer,
        }
    }));
    found.extend(batches.await?.into_iter().flatten());
    Ok(found)
}

/// Changes the tags of a thing.
pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set);
        cx.call(Op::new("elasticloadbalancing:AddTags"), || {
            cx.elb().add_tags().resource_arns(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("elasticloadbalancing:RemoveTags"), || {
            cx.elb().remove_tags().resource_arns(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}

async fn describe(cx: &Cx<'_>, arns: &[String]) -> Result<Vec<(String, Tags)>> {
    let answer = cx
        .call(Op::new("elasticloadbalancing:DescribeTags"), || {
            cx.elb().describe_tags().set_resource_arns(Some(arns.to_vec())).send()
        })
        .await?;
    let tags = answer.tag_descriptions().iter().filter_map(|thing| {
        let tags = super::read(thing.tags(), |tag| (tag.key(), tag.value()));
        Some((thing.resource_arn()?.to_owned(), tags))
    });
    Ok(tags.collect())
}

async fn one_by_one(cx: &Cx<'_>, arns: &[String]) -> Result<Vec<(String, Tags)>> {
    let mut found = Vec::new();
    for arn in arns {
        match describe(cx, std::slice::from_ref(arn)).await {
            Ok(tags) => found.extend(tags),
            Err(error) if error.code().is_some_and(|code| GONE.contains(&code)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
