//! `s3_object`

use std::collections::{BTreeMap, HashMap};

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, MetadataDirective};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, PerVerb, Replacement, Select, Status, TagChange, Tags, Violation, tag,
};
use futures::future::try_join_all;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use self::content::{checksum, observed, same_base64, same_text, stream};
use super::taken::{is_made, taken, would_be_taken};
use crate::aws::tags::s3 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, unless};

mod content;
mod marks;

/// A small object of a bucket: a page, a configuration, a script.
///
/// Its content comes from the stack (`${file("robots.txt")}`, or `${filebase64("logo.png")}` for what is no text) and
/// is compared by checksum. Beside each object clefctl keeps an empty one below `.clefctl/` by which it finds it again.
/// An object has room for ten tags, of which clefctl takes three. In a bucket with versioning the old versions stay
/// when the object is changed or deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("content", "content_base64"))]
pub struct S3Object {
    /// The bucket.
    #[attr(create_only, refers("s3_bucket", "id"))]
    bucket: String,
    /// Its name in the bucket; `/` makes folders.
    #[attr(create_only, length(1, 900))]
    key: String,
    /// The content, as text.
    #[attr(same = same_text)]
    content: Option<String>,
    /// The content, in base64.
    #[attr(same = same_base64)]
    content_base64: Option<String>,
    /// What it is: `text/html; charset=utf-8`.
    #[attr(default = "binary/octet-stream")]
    content_type: String,
    /// How long it may be kept by who reads it: `max-age=3600`.
    cache_control: Option<String>,
    /// Whether browsers show it or save it: `attachment; filename="scores.pdf"`.
    content_disposition: Option<String>,
    /// How the content is packed: `gzip`.
    content_encoding: Option<String>,
    /// The language of the content: `fr`.
    content_language: Option<String>,
    /// Where a web site sends those who ask for it: another key, or a URL.
    website_redirect: Option<String>,
    /// Facts about it that go with it; their names in lower case.
    metadata: BTreeMap<String, String>,
    /// How it is stored. What is archived cannot be changed.
    #[attr(
        default = "STANDARD",
        values(
            "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"
        )
    )]
    storage_class: String,
    /// How it is encrypted.
    #[attr(aws_default = "as the bucket says", values("AES256", "aws:kms", "aws:kms:dsse"))]
    server_side_encryption: Option<String>,
    /// ARN of the KMS key with which it is encrypted.
    #[attr(aws_default = "as the bucket says", refers("kms_key", "arn"))]
    kms_key_id: Option<String>,
    /// Whether the data key of the bucket serves it.
    #[attr(aws_default = "as the bucket says")]
    bucket_key_enabled: Option<bool>,
}

/// What an object tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Bucket and key: `scores/index.html`.
    #[attr(looks_like = "{attr:bucket}/{attr:key}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:s3:::{attr:bucket}/{attr:key}")]
    arn: String,
    /// What changes with the content.
    #[attr(changes_on_any, looks_like = "{hex:32}")]
    etag: String,
    /// Its version, in a bucket that keeps them.
    #[attr(changes_on_any, looks_like = "")]
    version_id: Option<String>,
}

/// Codes of an object or a bucket that is not there.
const GONE: &[&str] = &["NotFound", "NoSuchKey", "NoSuchBucket"];
/// Codes of a bucket that was made a moment ago, and of two who write at once.
const YOUNG: &[&str] = &["NoSuchBucket", "OperationAborted", "ConditionalRequestConflict"];

impl Resource for S3Object {
    const FACTS: Facts = Facts {
        name: "s3_object",
        service: "s3",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["bucket", "key"],
        found: Found::Child(&["s3_bucket"]),
        replacement: Replacement::CreateFirst,
        once: true,
        details: 2,
        actions: Actions {
            read: &["s3:ListBucket", "s3:GetObject", "s3:GetObjectTagging"],
            create: &["s3:PutObject", "s3:PutObjectTagging", "s3:GetBucketTagging", "s3:PutBucketTagging"],
            update: &["s3:PutObject", "s3:GetObject", "s3:PutObjectTagging"],
            delete: &["s3:DeleteObject"],
        },
        calls: PerVerb::new(1, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: GONE, exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let objects = match select {
            Select::One(id) => match id.split_once('/') {
                Some((bucket, key)) => [(bucket.to_owned(), key.to_owned())].into(),
                None => {
                    return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no object"))
                        .hint("objects are named by bucket and key: `scores/index.html`"));
                }
            },
            Select::Owned(expected) => marks::found(cx, expected).await?,
        };
        let found = objects.iter().map(|(bucket, key)| async move {
            let Some(head) = head(cx, bucket, key).await? else { return Ok(None) };
            let tags = tags_of(cx, bucket, key).await?;
            Result::Ok(Some(live(cx, bucket, key, head, tags)))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let (bucket, key) = (&self.bucket, &self.key);
        let id = format!("{bucket}/{key}");
        marks::put(cx, bucket, key).await?;
        let content = self.bytes()?.unwrap_or_default();
        match self.put(cx, &content, &new.tags, Some("*")).await {
            Ok(()) => Ok(id),
            // It is there: ours, because an answer was lost, or another's.
            Err(error) if error.code() == Some("PreconditionFailed") => {
                let tags = tags_of(cx, bucket, key).await?;
                if is_made(&tags, new) {
                    return Ok(id);
                }
                if tags.get(tag::STACK) != new.tags.get(tag::STACK) {
                    marks::remove(cx, bucket, key).await?;
                }
                Err(taken(new, &format!("the object {id}"), &id, &tags))
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let same = |wanted: &Option<String>, how: fn(&_, &_) -> bool, live: &Option<String>| {
            let value = |text: &Option<String>| text.as_deref().map_or(clefctl_core::kind::Value::Null, Into::into);
            how(&value(wanted), &value(live))
        };
        let old = &live.spec;
        let rest = Self { content: old.content.clone(), content_base64: old.content_base64.clone(), ..self.clone() };
        if rest == *old
            && same(&self.content, same_text, &old.content)
            && same(&self.content_base64, same_base64, &old.content_base64)
        {
            return Ok(());
        }
        match self.bytes()? {
            Some(content) => self.put(cx, &content, &live.tags, None).await,
            None => self.rewrite(cx).await,
        }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let (bucket, key) = (&live.spec.bucket, &live.spec.key);
        cx.call(Op::new("s3:DeleteObject"), || cx.s3().delete_object().bucket(bucket).key(key).send()).await?;
        marks::remove(cx, bucket, key).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let (bucket, key) = (&live.spec.bucket, &live.spec.key);
        if change.set.contains_key(tag::STACK) {
            marks::put(cx, bucket, key).await?;
        }
        // The call replaces the whole set: what is there now is the base.
        let mut all = tags_of(cx, bucket, key).await?;
        all.retain(|name, _| !change.remove.contains(name));
        all.extend(change.set.clone());
        let tagging = tags::tagging(&all)?;
        cx.call(Op::new("s3:PutObjectTagging"), || {
            cx.s3().put_object_tagging().bucket(bucket).key(key).tagging(tagging.clone()).send()
        })
        .await?;
        if change.remove.iter().any(|name| name == tag::STACK) {
            marks::remove(cx, bucket, key).await?;
        }
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if !self.is_readable() {
            found.push(Violation::new("content_base64", "it is no base64").hint("text goes into `content`"));
        }
        if self.key.starts_with(super::s3_bucket::MARKS) {
            found.push(Violation::new("key", "keys below `.clefctl/` are clefctl's own"));
        }
        for name in self.metadata.keys().filter(|name| name.chars().any(char::is_uppercase)) {
            let hint = format!("write `{}`", name.to_lowercase());
            found.push(Violation::new("metadata", format!("S3 makes `{name}` small")).hint(hint));
        }
        found
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let (bucket, key) = (&self.bucket, &self.key);
        if head(cx, bucket, key).await?.is_none() {
            return Ok(Vec::new());
        }
        let (id, tags) = (format!("{bucket}/{key}"), tags_of(cx, bucket, key).await?);
        Ok(vec![would_be_taken("key", &format!("the object {id}"), &id, &tags)])
    }
}

impl S3Object {
    /// Writes the whole object, its tags as well; `unless` refuses that where one is there.
    async fn put(&self, cx: &Cx<'_>, content: &[u8], tags: &Tags, unless: Option<&str>) -> Result<()> {
        let sum = checksum(content);
        cx.call(Op::new("s3:PutObject").racing(YOUNG), || {
            cx.s3()
                .put_object()
                .bucket(&self.bucket)
                .key(&self.key)
                .body(stream(content))
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .checksum_sha256(&sum)
                .set_if_none_match(unless.map(str::to_owned))
                .tagging(query(tags))
                .content_type(&self.content_type)
                .set_cache_control(self.cache_control.clone())
                .set_content_disposition(self.content_disposition.clone())
                .set_content_encoding(self.content_encoding.clone())
                .set_content_language(self.content_language.clone())
                .set_website_redirect_location(self.website_redirect.clone())
                .set_metadata(self.facts())
                .storage_class(self.storage_class.as_str().into())
                .set_server_side_encryption(self.server_side_encryption.as_deref().map(Into::into))
                .set_ssekms_key_id(self.kms_key_id.clone())
                .set_bucket_key_enabled(self.bucket_key_enabled)
                .send()
        })
        .await?;
        Ok(())
    }

    /// Writes all but the content, which the object keeps: a copy onto itself.
    async fn rewrite(&self, cx: &Cx<'_>) -> Result<()> {
        let source = format!("{}/{}", self.bucket, utf8_percent_encode(&self.key, NON_ALPHANUMERIC));
        cx.call(Op::new("s3:CopyObject"), || {
            cx.s3()
                .copy_object()
                .bucket(&self.bucket)
                .key(&self.key)
                .copy_source(&source)
                .metadata_directive(MetadataDirective::Replace)
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .content_type(&self.content_type)
                .set_cache_control(self.cache_control.clone())
                .set_content_disposition(self.content_disposition.clone())
                .set_content_encoding(self.content_encoding.clone())
                .set_content_language(self.content_language.clone())
                .set_website_redirect_location(self.website_redirect.clone())
                .set_metadata(self.facts())
                .storage_class(self.storage_class.as_str().into())
                .set_server_side_encryption(self.server_side_encryption.as_deref().map(Into::into))
                .set_ssekms_key_id(self.kms_key_id.clone())
                .set_bucket_key_enabled(self.bucket_key_enabled)
                .send()
        })
        .await?;
        Ok(())
    }

    fn facts(&self) -> Option<HashMap<String, String>> {
        (!self.metadata.is_empty()).then(|| self.metadata.clone().into_iter().collect())
    }
}

/// Tags as the header of an object takes them.
fn query(tags: &Tags) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect::<Vec<_>>().join("&")
}

async fn head(cx: &Cx<'_>, bucket: &str, key: &str) -> Result<Option<HeadObjectOutput>> {
    let found = cx
        .call(Op::new("s3:HeadObject"), || {
            cx.s3().head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled).send()
        })
        .await;
    unless(found, GONE)
}

async fn tags_of(cx: &Cx<'_>, bucket: &str, key: &str) -> Result<Tags> {
    let found =
        cx.call(Op::new("s3:GetObjectTagging"), || cx.s3().get_object_tagging().bucket(bucket).key(key).send()).await;
    Ok(unless(found, GONE)?.map(|found| tags::read(found.tag_set())).unwrap_or_default())
}

fn live(cx: &Cx<'_>, bucket: &str, key: &str, head: HeadObjectOutput, tags: Tags) -> Live<S3Object> {
    let id = format!("{bucket}/{key}");
    let content = observed(head.checksum_sha256());
    Live {
        spec: S3Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            content: Some(content.clone()),
            content_base64: Some(content),
            content_type: head.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()),
            cache_control: head.cache_control,
            content_disposition: head.content_disposition,
            content_encoding: head.content_encoding.filter(|encoding| !encoding.is_empty()),
            content_language: head.content_language,
            website_redirect: head.website_redirect_location,
            metadata: head.metadata.unwrap_or_default().into_iter().collect(),
            storage_class: head.storage_class.map_or("STANDARD".to_owned(), |class| class.as_str().to_owned()),
            server_side_encryption: head.server_side_encryption.map(|how| how.as_str().to_owned()),
            kms_key_id: head.ssekms_key_id,
            bucket_key_enabled: head.bucket_key_enabled,
        },
        outputs: Outputs {
            arn: format!("arn:{}:s3:::{id}", cx.partition()),
            etag: head.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            version_id: head.version_id.filter(|version| version != "null"),
            id: id.clone(),
        },
        tags,
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fit_into_a_header() {
        let tags = Tags::from([("a b".to_owned(), "x/y".to_owned()), ("c".to_owned(), String::new())]);
        assert_eq!(query(&tags), "a%20b=x%2Fy&c=");
    }
}
