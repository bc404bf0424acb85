//! Key Management Service.

use aws_sdk_kms::types::Tag;
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// Tags as KMS takes them.
#[must_use]
pub fn write(tags: &Tags) -> Vec<Tag> {
    // The builder fails only without key or value, and both are given.
    tags.iter().filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok()).collect()
}

/// The tags of a key.
pub async fn of(cx: &Cx<'_>, key: &str) -> Result<Tags> {
    let tags: Vec<Tag> = cx
        .call(Op::new("kms:ListResourceTags"), || {
            cx.kms().list_resource_tags().key_id(key).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(super::read(&tags, |tag| (Some(tag.tag_key()), Some(tag.tag_value()))))
}

/// Changes the tags of a key.
pub async fn change(cx: &Cx<'_>, key: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set);
        cx.call(Op::new("kms:TagResource"), || cx.kms().tag_resource().key_id(key).set_tags(Some(tags.clone())).send())
            .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("kms:UntagResource"), || {
            cx.kms().untag_resource().key_id(key).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
