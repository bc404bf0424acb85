//! SNS: tags of topics, which no list carries.

use std::sync::Arc;

use aws_sdk_sns::types::Tag;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// The tags of a create call.
pub fn write(tags: &Tags) -> Result<Vec<Tag>> {
    let write = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(write).collect::<std::result::Result<_, _>>().map_err(|error| Error::internal(error.to_string()))
}

/// The tags of a topic; none of one that is not there. Topics and what marks itself on them read them together.
pub async fn of(cx: &Cx<'_>, arn: &str) -> Result<Tags> {
    cx.together(format!("sns:ListTagsForResource {arn}"), list(cx, arn)).await.map(Arc::unwrap_or_clone)
}

async fn list(cx: &Cx<'_>, arn: &str) -> Result<Tags> {
    let answer = cx
        .call(Op::new("sns:ListTagsForResource"), || cx.sns().list_tags_for_resource().resource_arn(arn).send())
        .await;
    match answer {
        Err(error) if matches!(error.code(), Some("ResourceNotFound" | "NotFound")) => Ok(Tags::new()),
        answer => Ok(super::read(answer?.tags(), |tag| (Some(tag.key()), Some(tag.value())))),
    }
}

/// Changes the tags of a topic. Changes at the same time are refused as `ConcurrentAccess`, and repeated.
pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set)?;
        cx.call(Op::new("sns:TagResource"), || {
            cx.sns().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("sns:UntagResource"), || {
            cx.sns().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
