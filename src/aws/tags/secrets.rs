//! Secrets Manager.

use aws_sdk_secretsmanager::types::Tag;
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// The tags of a secret.
#[must_use]
pub fn read(tags: &[Tag]) -> Tags {
    super::read(tags, |tag| (tag.key(), tag.value()))
}

/// Tags as Secrets Manager takes them.
#[must_use]
pub fn write(tags: &Tags) -> Vec<Tag> {
    super::write(tags, |key, value| Tag::builder().key(key).value(value).build())
}

/// Changes the tags of a secret.
pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set);
        cx.call(Op::new("secretsmanager:TagResource"), || {
            cx.secrets().tag_resource().secret_id(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("secretsmanager:UntagResource"), || {
            cx.secrets().untag_resource().secret_id(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
