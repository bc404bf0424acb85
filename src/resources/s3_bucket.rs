//! `s3_bucket`

use std::collections::BTreeSet;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Policy, Replacement, Select, Status,
    TagChange, Tags, Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

pub(super) use self::contents::MARKS;
use self::cors::CorsRule;
use self::lifecycle::LifecycleRule;
use self::lock::{ObjectLock, same_lock};
use self::logging::{Logging, usual_format_is_absent};
use self::notification::{Notification, nobody_is_absent};
use self::replication::Replication;
use self::security::{Encryption, PublicAccessBlock, all_up_is_absent, plain_encryption_is_absent};
use self::settings::{Rare, Versioning, off_is_absent};
use self::website::Website;
use crate::aws::tags::s3 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep, unless};

mod contents;
pub mod cors;
pub mod lifecycle;
pub mod lock;
pub mod logging;
pub mod notification;
mod rare;
pub mod replication;
pub mod security;
pub mod settings;
pub mod website;

/// An S3 bucket: holds objects under a name that is unique in the world.
///
/// Its settings are parts of it: what the stack does not say is AWS's default, and what somebody else sets is
/// taken back. A bucket with objects in it is not deleted unless `force_destroy` says so.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct S3Bucket {
    /// Its name: lower case, unique in the world. The default ends in 8 hex digits made of account, region and owner.
    #[attr(create_only, length(3, 63), pattern = "[a-z0-9][a-z0-9.-]*[a-z0-9]")]
    bucket: Name,
    /// Whether deleting the bucket deletes everything in it, all versions included.
    #[attr(local, default = false)]
    force_destroy: bool,
    /// Whether old versions of objects are kept. Once on it can only be suspended.
    #[attr(canonical = off_is_absent)]
    versioning: Option<Versioning>,
    /// How objects are encrypted; without it with keys of S3's own (AES-256).
    #[attr(canonical = plain_encryption_is_absent)]
    server_side_encryption_configuration: Option<Encryption>,
    /// What becomes of objects as they age, one rule for each `id`.
    #[attr(length(0, 1000))]
    lifecycle_rule: BTreeSet<LifecycleRule>,
    /// Which small objects rules do not move: by default none below 128 KiB, or by storage class.
    #[attr(default = "all_storage_classes_128K", values("all_storage_classes_128K", "varies_by_storage_class"))]
    transition_default_minimum_object_size: String,
    /// What keeps the public out; without it all four guards are up, as on every new bucket.
    #[attr(canonical = all_up_is_absent)]
    public_access_block: Option<PublicAccessBlock>,
    /// Who owns objects that others upload. `BucketOwnerEnforced` turns access lists off.
    #[attr(default = "BucketOwnerEnforced", values("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"))]
    object_ownership: String,
    /// Who may do what with the bucket and its objects.
    #[attr(settled)]
    policy: Option<Policy>,
    /// Whether objects can be locked against deletion; needs versioning. Once on it stays on: taking it out of the
    /// file ends only the lock of objects that say nothing themselves.
    #[attr(same = same_lock)]
    object_lock: Option<ObjectLock>,
    /// Which pages of other sites may ask for objects; the first rule that fits counts.
    #[attr(length(0, 100))]
    cors_rule: Vec<CorsRule>,
    /// The bucket as a web site.
    website: Option<Website>,
    /// Where requests are logged.
    #[attr(settled, canonical = usual_format_is_absent)]
    logging: Option<Logging>,
    /// Copies of objects in other buckets; needs versioning on both sides.
    #[attr(settled)]
    replication: Option<Replication>,
    /// Who is told when something happens to objects.
    #[attr(settled, canonical = nobody_is_absent)]
    notification: Option<Notification>,
    /// Who pays for requests: `BucketOwner`, or `Requester`. To end it write `BucketOwner`.
    #[attr(
        aws_default = "hardly any bucket has it: it is read, with a call more, only where the stack says it",
        values("BucketOwner", "Requester")
    )]
    request_payer: Option<String>,
    /// Whether uploads from afar are accelerated: `Enabled`, or `Suspended`. To end it write `Suspended`.
    #[attr(
        aws_default = "hardly any bucket has it: it is read, with a call more, only where the stack says it",
        values("Enabled", "Suspended")
    )]
    acceleration_status: Option<String>,
}

/// What a bucket tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:s3:::{name}")]
    arn: String,
    /// Its DNS name.
    #[attr(looks_like = "{name}.s3.amazonaws.com")]
    bucket_domain_name: String,
    /// Its DNS name in its region.
    #[attr(looks_like = "{name}.s3.{region}.amazonaws.com")]
    bucket_regional_domain_name: String,
    /// Where it answers as a web site, if it is one.
    #[attr(looks_like = "{name}.s3-website.{region}.amazonaws.com")]
    website_endpoint: String,
}

impl Resource for S3Bucket {
    const FACTS: Facts = Facts {
        name: "s3_bucket",
        service: "s3",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("s3"),
        naming: Some(Naming { attribute: "bucket", max: 63, allowed: NameChars::LowerHyphen, unique: Unique::World }),
        replacement: Replacement::CreateFirst,
        data: Some("the objects in it, all versions"),
        once: true,
        details: 14,
        actions: Actions {
            read: &[
                "tag:GetResources", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration", "s3:GetBucketPublicAccessBlock", "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketCORS", "s3:GetBucketWebsite",
                "s3:GetBucketLogging", "s3:GetReplicationConfiguration", "s3:GetBucketNotification",
                "s3:GetBucketRequestPayment", "s3:GetAccelerateConfiguration", "s3:ListBucketVersions",
            ],
            create: &["s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging"],
            update: &[
                "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketObjectLockConfiguration",
                "s3:PutBucketCORS", "s3:PutBucketWebsite", "s3:DeleteBucketWebsite", "s3:PutBucketLogging",
                "s3:PutReplicationConfiguration", "s3:PutBucketNotification", "s3:PutBucketRequestPayment",
                "s3:PutAccelerateConfiguration", "iam:PassRole",
            ],
            delete: &["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"],
        },
        takes: PerVerb::new(3, 2, 2),
        timeouts: PerVerb::new(600, 600, 3600),
        calls: PerVerb::new(4, 8, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["NoSuchBucket"],
        exists: &["BucketAlreadyOwnedByYou", "BucketAlreadyExists"],
        blocked: &["BucketNotEmpty"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let mut names: Vec<String> = sweep::arns(cx, select, "s3").await?;
        for name in &mut names {
            *name = name.rsplit(':').next().unwrap_or_default().to_owned();
        }
        let found = try_join_all(names.iter().map(|name| async move {
            let arn = format!("arn:{}:s3:::{name}", cx.partition());
            let tags = match sweep::settled_tags(cx, select, &arn).await? {
                Some(tags) => tags,
                None => match tags_of(cx, name).await? {
                    Some(tags) => tags,
                    None => return Ok(None),
                },
            };
            let rare = match select {
                Select::One(_) => Rare::ALL,
                Select::Owned(expected) => Rare::of(name, &expected.instances),
            };
            let spec = unless(settings::read(cx, name, rare).await, Self::CODES.absent)?;
            Ok(spec.map(|spec| live(cx, name, spec, tags)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let name = self.bucket.to_string();
        let region = &*cx.region;
        // us-east-1 must not be named, and refuses a configuration that names nothing but tags in old SDK models.
        let place = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(tags::write(&new.tags)))
            .build();
        cx.call(Op::new("s3:CreateBucket"), || {
            cx.s3().create_bucket().bucket(&name).create_bucket_configuration(configuration.clone()).send()
        })
        .await?;
        // The tags of the call are recent: where they are not heeded, a second call follows at once.
        if tags_of(cx, &name).await?.is_none_or(|there| there != new.tags) {
            put_tags(cx, &name, &new.tags).await?;
        }
        let fresh = settings::read(cx, &name, Rare::ALL).await?;
        let settled = Self {
            policy: fresh.policy.clone(),
            logging: fresh.logging.clone(),
            replication: fresh.replication.clone(),
            notification: fresh.notification.clone(),
            ..self.clone()
        };
        settings::write(cx, &settled, &fresh).await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        settings::write(cx, self, &live.spec).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        let all = last.is_some_and(|last| last.force_destroy);
        contents::empty(cx, &live.id, if all { "" } else { contents::MARKS }).await?;
        cx.call(Op::new("s3:DeleteBucket"), || cx.s3().delete_bucket().bucket(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        // The call replaces the whole set: what is there now is the base.
        let mut all = tags_of(cx, &live.id).await?.unwrap_or_default();
        all.retain(|key, _| !change.remove.contains(key) && !key.starts_with("aws:"));
        all.extend(change.set.clone());
        put_tags(cx, &live.id, &all).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let name = &*self.bucket;
        let like_an_address = name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
        if name.contains("..") || name.starts_with("xn--") || name.ends_with("-s3alias") || like_an_address {
            found.push(Violation::new("bucket", format!("S3 does not take `{name}` as the name of a bucket")));
        }
        found.extend(lifecycle::check(&self.lifecycle_rule));
        if self.lifecycle_rule.is_empty() && self.transition_default_minimum_object_size != lifecycle::USUAL_SIZE {
            let message = "there is no rule that it could be about";
            found.push(Violation::new("transition_default_minimum_object_size", message));
        }
        let versioned = self.versioning.as_ref().is_some_and(|versioning| versioning.enabled);
        let needs = [("object_lock", self.object_lock.is_some()), ("replication", self.replication.is_some())];
        for (name, _) in needs.into_iter().filter(|(_, said)| *said && !versioned) {
            let violation = Violation::new(name, "it needs old versions of objects to be kept");
            found.push(violation.hint("write `versioning: {enabled: true}`"));
        }
        found.extend(self.replication.iter().flat_map(replication::check));
        if self.acceleration_status.is_some() && name.contains('.') {
            let message = "uploads to a bucket with dots in its name cannot be accelerated";
            found.push(Violation::new("acceleration_status", message));
        }
        found
    }

    async fn may_delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<Vec<Violation>> {
        if last.is_some_and(|last| last.force_destroy) || !contents::is_there_any(cx, &live.id).await? {
            return Ok(Vec::new());
        }
        let refusal = Violation::new("force_destroy", format!("the bucket {} is not empty", live.id));
        Ok(vec![refusal.hint("empty it, or apply it once with `force_destroy: true`")])
    }
}

/// The tags of a bucket; `None` when there is no such bucket.
pub(super) async fn tags_of(cx: &Cx<'_>, bucket: &str) -> Result<Option<Tags>> {
    let read = cx.call(Op::new("s3:GetBucketTagging"), || cx.s3().get_bucket_tagging().bucket(bucket).send()).await;
    match read {
        Ok(answer) => Ok(Some(tags::read(answer.tag_set()))),
        Err(error) => match error.code() {
            Some("NoSuchTagSet") => Ok(Some(Tags::new())),
            Some("NoSuchBucket") => Ok(None),
            Some("AccessDenied" | "PermanentRedirect" | "AuthorizationHeaderMalformed") => Err(Error {
                kind: ErrorKind::Conflict,
                message: format!("the bucket {bucket} is in another account or region, or may not be read"),
                ..error
            }
            .hint("choose another name: bucket names are unique in the world")),
            _ => Err(error),
        },
    }
}

pub(super) async fn put_tags(cx: &Cx<'_>, bucket: &str, tags: &Tags) -> Result<()> {
    let tagging = tags::tagging(tags)?;
    cx.call(Op::new("s3:PutBucketTagging").racing(&["NoSuchBucket"]), || {
        cx.s3().put_bucket_tagging().bucket(bucket).tagging(tagging.clone()).send()
    })
    .await?;
    Ok(())
}

fn live(cx: &Cx<'_>, name: &str, spec: S3Bucket, tags: Tags) -> Live<S3Bucket> {
    Live {
        id: name.to_owned(),
        outputs: Outputs {
            id: name.to_owned(),
            arn: format!("arn:{}:s3:::{name}", cx.partition()),
            bucket_domain_name: format!("{name}.s3.amazonaws.com"),
            bucket_regional_domain_name: format!("{name}.s3.{}.amazonaws.com", cx.region),
            website_endpoint: website::endpoint(name, &cx.region),
        },
        spec,
        tags,
        status: Status::Usable,
    }
}
