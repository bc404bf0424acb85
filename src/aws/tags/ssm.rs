//! Systems Manager's parameters.

use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// Tags as Systems Manager takes them.
#[must_use]
pub fn write(tags: &Tags) -> Vec<Tag> {
    // The builder fails only without key or value, and both are given.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// The tags of a parameter.
pub async fn of(cx: &Cx<'_>, name: &str) -> Result<Tags> {
    let answer = cx
        .call(Op::new("ssm:ListTagsForResource"), || {
            let ask = cx.ssm().list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
            ask.resource_id(name).send()
        })
        .await?;
    Ok(super::read(answer.tag_list(), |tag| (Some(tag.key()), Some(tag.value()))))
}

/// Changes the tags of a parameter.
pub async fn change(cx: &Cx<'_>, name: &str, change: &TagChange) -> Result<()> {
    let kind = || ResourceTypeForTagging::Parameter;
    if !change.set.is_empty() {
        let tags = write(&change.set);
        cx.call(Op::new("ssm:AddTagsToResource"), || {
            let ask = cx.ssm().add_tags_to_resource().resource_type(kind()).resource_id(name);
            ask.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("ssm:RemoveTagsFromResource"), || {
            let ask = cx.ssm().remove_tags_from_resource().resource_type(kind()).resource_id(name);
            ask.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
