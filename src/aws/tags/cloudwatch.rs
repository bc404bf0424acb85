//! CloudWatch: tags of alarms and dashboards, which no list carries.

use aws_sdk_cloudwatch::types::Tag;
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// The tags of a create call. CloudWatch ignores them in a call that changes what is there.
#[must_use]
pub fn write(tags: &Tags) -> Vec<Tag> {
    super::write(tags, |key, value| Tag::builder().key(key).value(value).build())
}

/// The tags of a thing; none of one that has gone in the meantime.
pub async fn of(cx: &Cx<'_>, arn: &str) -> Result<Tags> {
    let answer = cx
        .call(Op::new("cloudwatch:ListTagsForResource"), || {
            cx.cloudwatch().list_tags_for_resource().resource_arn(arn).send()
        })
        .await;
    match answer {
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(Tags::new()),
        answer => Ok(super::read(answer?.tags(), |tag| (tag.key(), tag.value()))),
    }
}

/// Changes the tags of a thing.
pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set);
        cx.call(Op::new("cloudwatch:TagResource"), || {
            cx.cloudwatch().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("cloudwatch:UntagResource"), || {
            cx.cloudwatch().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
