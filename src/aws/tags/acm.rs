//! Certificate Manager: tags are read and changed by calls of their own.

use aws_sdk_acm::types::Tag;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{TagChange, Tags};

use crate::aws::{Cx, Op};

/// Tags as the API takes them.
pub fn write(tags: &Tags) -> Result<Vec<Tag>> {
    let one = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(one).collect::<Result<_, _>>().map_err(|error| Error::internal(error.to_string()))
}

/// The tags of a certificate; none of one that is not there.
pub async fn of(cx: &Cx<'_>, arn: &str) -> Result<Option<Tags>> {
    let answer = cx
        .call(Op::new("acm:ListTagsForCertificate"), || {
            cx.acm().list_tags_for_certificate().certificate_arn(arn).send()
        })
        .await;
    match answer {
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        answer => Ok(Some(super::read(answer?.tags(), |tag| (Some(tag.key()), tag.value())))),
    }
}

/// Changes the tags of a certificate.
pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        let tags = write(&change.set)?;
        cx.call(Op::new("acm:AddTagsToCertificate"), || {
            cx.acm().add_tags_to_certificate().certificate_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        let keys = change.remove.iter().map(|key| Tag::builder().key(key).build());
        let tags: Vec<Tag> = keys.collect::<Result<_, _>>().map_err(|error| Error::internal(error.to_string()))?;
        cx.call(Op::new("acm:RemoveTagsFromCertificate"), || {
            cx.acm().remove_tags_from_certificate().certificate_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}
