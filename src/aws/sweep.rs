//! The sweep: what the tagging API finds of an owner. It finds; it never proves absence.

use std::future::Future;
use std::sync::Arc;

use clefctl_core::error::Result;
use clefctl_core::kind::{Select, Tags, tag};

use super::{Cx, Op};

/// One hit of the sweep.
#[derive(Clone, Debug)]
pub struct Hit {
    /// ARN of the thing.
    pub arn: String,
    /// Its tags, as the index knows them.
    pub tags: Tags,
}

/// Everything of the owner in the context's region. All kinds that ask at the same time share one paged list.
pub async fn sweep(cx: &Cx<'_>) -> Result<Arc<Vec<Hit>>> {
    cx.together("tag:GetResources", list(cx)).await
}

async fn list(cx: &Cx<'_>) -> Result<Vec<Hit>> {
    let filter =
        aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(tag::STACK).values(cx.owner.to_string()).build();
    let found = cx
        .call(Op::new("tag:GetResources"), || {
            cx.tagging().get_resources().tag_filters(filter.clone()).into_paginator().items().send().try_collect()
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

/// The tags of a thing that only a call of its own tells: the sweep's where they are what the stack says, so that
/// nothing would follow from asking, else what `ask` answers. The sweep lags: a tag that was changed a moment ago and
/// is declared as it was before shows one plan later.
pub async fn tags<F>(cx: &Cx<'_>, select: Select<'_>, arn: &str, ask: F) -> Result<Tags>
where
    F: Future<Output = Result<Tags>>,
{
    match settled_tags(cx, select, arn).await? {
        Some(tags) => Ok(tags),
        None => ask.await,
    }
}

/// The sweep's tags of a thing where they are what the stack says.
pub async fn settled_tags(cx: &Cx<'_>, select: Select<'_>, arn: &str) -> Result<Option<Tags>> {
    let Select::Owned(expected) = select else { return Ok(None) };
    if cx.careful || expected.instances.is_empty() {
        return Ok(None);
    }
    let found = sweep(cx).await?;
    let hit = found.iter().find(|hit| hit.arn == arn);
    let settled = hit.filter(|hit| expected.instances.iter().any(|instance| same(&instance.tags, &hit.tags)));
    Ok(settled.map(|hit| hit.tags.clone()))
}

/// Whether tags are those declared. The generation is not the stack's to say; it never changes.
fn same(declared: &Tags, swept: &Tags) -> bool {
    let said = |tags: &Tags| tags.iter().filter(|(key, _)| *key != tag::GENERATION).count();
    said(declared) == said(swept)
        && declared.iter().all(|(key, value)| key == tag::GENERATION || swept.get(key) == Some(value))
}

/// Whether an ARN is of a type as the tagging API calls it: `s3`, or `rds:pg`.
fn is_of(arn: &str, resource_type: &str) -> bool {
    let (service, part) = resource_type.split_once(':').unwrap_or((resource_type, ""));
    let mut pieces = arn.splitn(6, ':').skip(2);
    let same_service = pieces.next() == Some(service);
    let resource = pieces.nth(2).unwrap_or_default();
    let rest = resource.strip_prefix(part);
    same_service && rest.is_some_and(|rest| part.is_empty() || rest.starts_with(['/', ':']))
}

/// The ARNs (or ids) that a read of a swept kind starts from: what the sweep finds, or the one that is asked for.
pub async fn arns(cx: &Cx<'_>, select: Select<'_>, resource_type: &str) -> Result<Vec<String>> {
    match select {
        Select::One(id) => Ok(vec![id.to_owned()]),
        Select::Owned(_) => {
            let found = sweep(cx).await?;
            Ok(found.iter().filter(|hit| is_of(&hit.arn, resource_type)).map(|hit| hit.arn.clone()).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tags, is_of, same};

    #[test]
    fn tags_will_do_only_where_they_are_all_that_is_declared() {
        let tags = |text: &str| -> Tags {
            let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        let declared = "clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=1 team=web";
        for (swept, expected) in [
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=1 team=web", true),
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=3 team=web", true),
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=1 team=ops", false),
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=1", false),
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/b clefctl:generation=1 team=web", false),
            ("clefctl:stack=shop/dev clefctl:resource=sns_topic/a clefctl:generation=1 team=web by=hand", false),
            ("", false),
        ] {
            assert_eq!(same(&tags(declared), &tags(swept)), expected, "{swept}");
        }
    }

    #[test]
    fn types_of_arns() {
        for (arn, resource_type, expected) in [
            ("arn:aws:s3:::shop-dev-files", "s3", true),
            ("arn:aws:sns:eu-west-3:123456789012:alerts", "sns", true),
            ("arn:aws:rds:eu-west-3:123456789012:pg:shop", "rds:pg", true),
            ("arn:aws:rds:eu-west-3:123456789012:subgrp:shop", "rds:pg", false),
            ("arn:aws:logs:eu-west-3:123456789012:log-group:/app", "logs", true),
            ("arn:aws:elasticloadbalancing:eu-west-3:1:listener/app/a/b/c", "elasticloadbalancing:listener", true),
            (
                "arn:aws:elasticloadbalancing:eu-west-3:1:listener-rule/app/a/b/c/d",
                "elasticloadbalancing:listener",
                false,
            ),
            ("arn:aws:cloudwatch::123456789012:dashboard/overview", "cloudwatch:dashboard", true),
            ("arn:aws:cloudwatch:eu-west-3:123456789012:alarm:cpu", "cloudwatch:alarm", true),
            ("no arn", "s3", false),
        ] {
            assert_eq!(is_of(arn, resource_type), expected, "{arn} {resource_type}");
        }
    }
}
