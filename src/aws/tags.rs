//! Tags in the many spellings of AWS's services.

use clefctl_core::error::Result;
use clefctl_core::kind::{Select, TagChange, Tags, tag};

use super::{Cx, Op};

pub mod acm;
pub mod autoscaling;
pub mod cloudwatch;
pub mod elb;
pub mod kms;
pub mod secrets;
pub mod sns;
pub mod ssm;

/// Reads a service's tags: `Tags` of pairs of optional texts.
pub fn read<T>(tags: &[T], pair: impl Fn(&T) -> (Option<&str>, Option<&str>)) -> Tags {
    tags.iter()
        .filter_map(|tag| {
            let (key, value) = pair(tag);
            Some((key?.to_owned(), value.unwrap_or_default().to_owned()))
        })
        .collect()
}

/// Writes tags as a service's own type.
pub fn write<T>(tags: &Tags, make: impl Fn(&str, &str) -> T) -> Vec<T> {
    tags.iter().map(|(key, value)| make(key, value)).collect()
}

/// EC2: what instances, networks and gateways carry.
pub mod ec2 {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagDescription, TagSpecification};

    use super::{Cx, Op, Result, Select, TagChange, Tags, tag};

    /// The tags of a create call.
    #[must_use]
    pub fn specification(kind: ResourceType, tags: &Tags) -> TagSpecification {
        let tags = super::write(tags, |key, value| Tag::builder().key(key).value(value).build());
        TagSpecification::builder().resource_type(kind).set_tags(Some(tags)).build()
    }

    /// The tags of a thing.
    #[must_use]
    pub fn read(tags: &[Tag]) -> Tags {
        super::read(tags, |tag| (tag.key(), tag.value()))
    }

    /// The filter of a list: by owner, or by the id under the given filter name.
    #[must_use]
    pub fn filter(cx: &Cx<'_>, select: Select<'_>, id: &str) -> Filter {
        match select {
            Select::Owned(_) => Filter::builder().name(format!("tag:{}", tag::STACK)).values(cx.owner.to_string()),
            Select::One(one) => Filter::builder().name(id).values(one),
        }
        .build()
    }

    /// The types of all that the owner has in EC2. Unlike the tagging API's, this list lags no more than others do.
    pub async fn tagged(cx: &Cx<'_>) -> Result<Arc<BTreeSet<String>>> {
        cx.together("ec2:DescribeTags", types(cx)).await
    }

    async fn types(cx: &Cx<'_>) -> Result<BTreeSet<String>> {
        let key = Filter::builder().name("key").values(tag::STACK).build();
        let value = Filter::builder().name("value").values(cx.owner.to_string()).build();
        let found: Vec<TagDescription> = cx
            .call(Op::new("ec2:DescribeTags"), || {
                let tags = cx.ec2().describe_tags().filters(key.clone()).filters(value.clone());
                tags.into_paginator().items().send().try_collect()
            })
            .await?;
        Ok(found.iter().filter_map(|tag| Some(tag.resource_type()?.as_str().to_owned())).collect())
    }

    /// Changes the tags of a thing.
    pub async fn change(cx: &Cx<'_>, id: &str, change: &TagChange) -> Result<()> {
        if !change.set.is_empty() {
            let tags = super::write(&change.set, |key, value| Tag::builder().key(key).value(value).build());
            cx.call(Op::new("ec2:CreateTags"), || {
                cx.ec2().create_tags().resources(id).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            let tags: Vec<Tag> = change.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
            cx.call(Op::new("ec2:DeleteTags"), || {
                cx.ec2().delete_tags().resources(id).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// IAM: tags, and the documents that IAM encodes.
pub mod iam {
    use aws_sdk_iam::types::Tag;
    use clefctl_core::kind::Policy;

    use super::Tags;

    /// The tags of a thing.
    #[must_use]
    pub fn read(tags: &[Tag]) -> Tags {
        super::read(tags, |tag| (Some(tag.key()), Some(tag.value())))
    }

    /// Tags as IAM takes them.
    #[must_use]
    pub fn write(tags: &Tags) -> Vec<Tag> {
        // The builder fails only without key or value, and both are given.
        tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
    }

    /// A document as IAM reports it: URL-encoded.
    #[must_use]
    pub fn document(text: &str) -> Policy {
        Policy::parse(&percent_encoding::percent_decode_str(text).decode_utf8_lossy())
    }

    /// The codes by which IAM refuses a document whose principals it cannot see yet. The same code refuses what is
    /// really malformed, so that it is repeated only where the document names principals of IAM's own.
    #[must_use]
    pub fn young_principals(policy: &Policy) -> &'static [&'static str] {
        fn names_entity(value: &serde_json::Value) -> bool {
            match value {
                serde_json::Value::String(text) => {
                    text.contains(":iam::") && (text.contains(":role/") || text.contains(":user/"))
                }
                serde_json::Value::Array(items) => items.iter().any(names_entity),
                serde_json::Value::Object(map) => map.values().any(names_entity),
                _ => false,
            }
        }
        if names_entity(&policy.0) { &["MalformedPolicyDocument", "MalformedPolicyDocumentException"] } else { &[] }
    }
}

/// S3.
pub mod s3 {
    use aws_sdk_s3::types::{Tag, Tagging};
    use clefctl_core::error::Error;

    use super::{Result, Tags};

    /// The tags of a bucket.
    #[must_use]
    pub fn read(tags: &[Tag]) -> Tags {
        super::read(tags, |tag| (Some(tag.key()), Some(tag.value())))
    }

    /// Tags as S3 takes them.
    #[must_use]
    pub fn write(tags: &Tags) -> Vec<Tag> {
        // The builder fails only without key or value, and both are given.
        tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
    }

    /// The whole set, for the call that replaces it.
    pub fn tagging(tags: &Tags) -> Result<Tagging> {
        Tagging::builder().set_tag_set(Some(write(tags))).build().map_err(|error| Error::internal(error.to_string()))
    }
}

/// RDS.
pub mod rds {
    use aws_sdk_rds::types::Tag;

    use super::{Cx, Op, Result, TagChange, Tags};

    /// The tags of a thing.
    #[must_use]
    pub fn read(tags: &[Tag]) -> Tags {
        super::read(tags, |tag| (tag.key(), tag.value()))
    }

    /// Tags as RDS takes them.
    #[must_use]
    pub fn write(tags: &Tags) -> Vec<Tag> {
        super::write(tags, |key, value| Tag::builder().key(key).value(value).build())
    }

    /// The tags of a thing that does not carry them inline.
    pub async fn of(cx: &Cx<'_>, arn: &str) -> Result<Tags> {
        let answer = cx
            .call(Op::new("rds:ListTagsForResource"), || cx.rds().list_tags_for_resource().resource_name(arn).send())
            .await?;
        Ok(read(answer.tag_list()))
    }

    /// Changes the tags of a thing.
    pub async fn change(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
        if !change.set.is_empty() {
            let tags = write(&change.set);
            cx.call(Op::new("rds:AddTagsToResource"), || {
                cx.rds().add_tags_to_resource().resource_name(arn).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call(Op::new("rds:RemoveTagsFromResource"), || {
                let keys = Some(change.remove.clone());
                cx.rds().remove_tags_from_resource().resource_name(arn).set_tag_keys(keys).send()
            })
            .await?;
        }
        Ok(())
    }
}
