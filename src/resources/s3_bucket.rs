//! `s3_bucket`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Policy, Replacement, Select, Status,
    TagChange, Tags, Unique, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::s3_bucket_contents as contents;
use super::s3_bucket_settings as settings;
use crate::aws::tags::s3 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// An S3 bucket: holds objects under a name that is unique in the world.
///
/// Its settings are parts of it: what the stack does not say is AWS's default, and what somebody else sets is
/// taken back. A bucket with objects in it is not deleted unless `force_destroy` says so.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct S3Bucket {
    /// Its name: lower case, unique in the world. The default ends in 8 hex digits made of account, region and owner.
    #[attr(create_only, length(3, 63), pattern = "[a-z0-9][a-z0-9.-]*[a-z0-9]")]
    pub(super) bucket: Name,
    /// Whether deleting the bucket deletes everything in it, all versions included.
    #[attr(local, default = false)]
    force_destroy: bool,
    /// Whether old versions of objects are kept. Once on it can only be suspended.
    #[attr(canonical = off_is_absent)]
    pub(super) versioning: Option<Versioning>,
    /// How objects are encrypted; without it with keys of S3's own (AES-256).
    #[attr(canonical = plain_encryption_is_absent)]
    pub(super) server_side_encryption_configuration: Option<Encryption>,
    /// What becomes of objects as they age, one rule for each `id`.
    pub(super) lifecycle_rule: BTreeSet<LifecycleRule>,
    /// What keeps the public out; without it all four guards are up, as on every new bucket.
    #[attr(canonical = all_up_is_absent)]
    pub(super) public_access_block: Option<PublicAccessBlock>,
    /// Who owns objects that others upload. `BucketOwnerEnforced` turns access lists off.
    #[attr(default = "BucketOwnerEnforced", values("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"))]
    pub(super) object_ownership: String,
    /// Who may do what with the bucket and its objects.
    #[attr(settled)]
    pub(super) policy: Option<Policy>,
}

/// Versioning of a bucket.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Versioning {
    /// Whether it is on.
    #[attr(default = true)]
    pub(super) enabled: bool,
}

/// Encryption of a bucket.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Encryption {
    /// The one rule that S3 takes.
    pub(super) rule: EncryptionRule,
}

/// How objects are encrypted that do not say it themselves.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EncryptionRule {
    /// The default.
    pub(super) apply_server_side_encryption_by_default: EncryptionDefault,
    /// Whether one data key serves many objects, which makes KMS cheaper.
    #[attr(default = false)]
    pub(super) bucket_key_enabled: bool,
}

/// The encryption of objects that ask for none.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EncryptionDefault {
    /// `AES256`, or KMS once or twice over.
    #[attr(values("AES256", "aws:kms", "aws:kms:dsse"))]
    pub(super) sse_algorithm: String,
    /// ARN of the KMS key; without it AWS's own key for S3.
    #[attr(refers("kms_key", "arn"))]
    pub(super) kms_master_key_id: Option<String>,
}

/// What becomes of objects as they age.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(at_least_one(
    "transition",
    "expiration",
    "noncurrent_version_transition",
    "noncurrent_version_expiration",
    "abort_incomplete_multipart_upload"
))]
pub struct LifecycleRule {
    /// Its name in the bucket.
    #[attr(length(1, 255))]
    pub(super) id: String,
    /// Whether it is in force.
    #[attr(default = true)]
    pub(super) enabled: bool,
    /// The objects that it is about; without it all.
    pub(super) filter: Option<Filter>,
    /// Moves to cheaper storage.
    pub(super) transition: BTreeSet<Transition>,
    /// When objects are deleted.
    pub(super) expiration: Option<Expiration>,
    /// Moves of old versions to cheaper storage.
    pub(super) noncurrent_version_transition: BTreeSet<NoncurrentTransition>,
    /// When old versions are deleted.
    pub(super) noncurrent_version_expiration: Option<NoncurrentExpiration>,
    /// When uploads that nobody finished are thrown away.
    pub(super) abort_incomplete_multipart_upload: Option<AbortUpload>,
}

/// The objects that a rule is about: those for which all of this holds.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter {
    /// What their keys begin with.
    pub(super) prefix: Option<String>,
    /// Tags that they carry.
    pub(super) tags: BTreeMap<String, String>,
    /// They are larger than so many bytes.
    #[attr(range(0, 5_497_558_138_880))]
    pub(super) object_size_greater_than: Option<i64>,
    /// They are smaller than so many bytes.
    #[attr(range(1, 5_497_558_138_880))]
    pub(super) object_size_less_than: Option<i64>,
}

/// A move to cheaper storage.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("days", "date"))]
pub struct Transition {
    /// Days after the object was made.
    #[attr(range(0, 2_147_483_647))]
    pub(super) days: Option<i32>,
    /// A day, such as `2027-01-01`.
    #[attr(pattern = "\\d{4}-\\d{2}-\\d{2}")]
    pub(super) date: Option<String>,
    /// `GLACIER`, `DEEP_ARCHIVE`, `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING` or `GLACIER_IR`.
    #[attr(values("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"))]
    pub(super) storage_class: String,
}

/// When objects are deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("days", "date", "expired_object_delete_marker"))]
pub struct Expiration {
    /// Days after the object was made.
    #[attr(range(1, 2_147_483_647))]
    pub(super) days: Option<i32>,
    /// A day, such as `2027-01-01`.
    #[attr(pattern = "\\d{4}-\\d{2}-\\d{2}")]
    pub(super) date: Option<String>,
    /// Delete markers go once no version is left behind them.
    pub(super) expired_object_delete_marker: Option<bool>,
}

/// A move of old versions to cheaper storage.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoncurrentTransition {
    /// Days after the version was replaced.
    #[attr(range(0, 2_147_483_647))]
    pub(super) noncurrent_days: i32,
    /// How many newer versions are left where they are.
    #[attr(range(1, 100))]
    pub(super) newer_noncurrent_versions: Option<i32>,
    /// As for current versions.
    #[attr(values("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"))]
    pub(super) storage_class: String,
}

/// When old versions are deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoncurrentExpiration {
    /// Days after the version was replaced.
    #[attr(range(1, 2_147_483_647))]
    pub(super) noncurrent_days: i32,
    /// How many newer versions are kept all the same.
    #[attr(range(1, 100))]
    pub(super) newer_noncurrent_versions: Option<i32>,
}

/// When uploads that nobody finished are thrown away.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbortUpload {
    /// Days after the upload began.
    #[attr(range(1, 2_147_483_647))]
    pub(super) days_after_initiation: i32,
}

/// The four guards against the public.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct PublicAccessBlock {
    /// Refuses access lists that let the public in.
    #[attr(default = true)]
    pub(super) block_public_acls: bool,
    /// Refuses policies that let the public in.
    #[attr(default = true)]
    pub(super) block_public_policy: bool,
    /// Overrules access lists that let the public in.
    #[attr(default = true)]
    pub(super) ignore_public_acls: bool,
    /// Overrules policies that let the public in.
    #[attr(default = true)]
    pub(super) restrict_public_buckets: bool,
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
        details: 7,
        actions: Actions {
            read: &[
                "tag:GetResources",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:ListBucketVersions",
            ],
            create: &["s3:CreateBucket", "s3:TagResource", "s3:PutBucketTagging"],
            update: &[
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:DeleteBucketPolicy",
            ],
            delete: &["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"],
        },
        takes: PerVerb::new(3, 2, 2),
        timeouts: PerVerb::new(600, 600, 3600),
        calls: PerVerb::new(4, 6, 1),
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
            let Some(tags) = tags_of(cx, name).await? else { return Ok(None) };
            let spec = settings::read(cx, name).await?;
            Ok(Some(live(cx, name, spec, tags)))
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
        let fresh = settings::read(cx, &name).await?;
        settings::write(cx, &Self { policy: fresh.policy.clone(), ..self.clone() }, &fresh).await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        settings::write(cx, self, &live.spec).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        if last.is_some_and(|last| last.force_destroy) {
            contents::empty(cx, &live.id).await?;
        }
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
        let mut ids = BTreeSet::new();
        for rule in self.lifecycle_rule.iter().filter(|rule| !ids.insert(&rule.id)) {
            found.push(Violation::new("lifecycle_rule", format!("two rules have the id `{}`", rule.id)));
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
async fn tags_of(cx: &Cx<'_>, bucket: &str) -> Result<Option<Tags>> {
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

async fn put_tags(cx: &Cx<'_>, bucket: &str, tags: &Tags) -> Result<()> {
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
        },
        spec,
        tags,
        status: Status::Usable,
    }
}

impl S3Bucket {
    /// A bucket about which nothing is said: what every new one looks like.
    pub(super) fn fresh(name: &str) -> Self {
        Self {
            bucket: name.into(),
            force_destroy: false,
            versioning: None,
            server_side_encryption_configuration: None,
            lifecycle_rule: BTreeSet::new(),
            public_access_block: None,
            object_ownership: "BucketOwnerEnforced".to_owned(),
            policy: None,
        }
    }
}

fn off_is_absent(value: &Value) -> Value {
    if value.get("enabled").as_bool() == Some(false) { Value::Null } else { value.clone() }
}

fn plain_encryption_is_absent(value: &Value) -> Value {
    let rule = value.get("rule");
    let default = rule.get("apply_server_side_encryption_by_default");
    let plain = default.get("sse_algorithm").as_str() == Some("AES256")
        && default.get("kms_master_key_id").is_null()
        && rule.get("bucket_key_enabled").as_bool() != Some(true);
    if plain { Value::Null } else { value.clone() }
}

fn all_up_is_absent(value: &Value) -> Value {
    let up = value.as_map().is_some_and(|map| map.values().all(|guard| guard.as_bool() == Some(true)));
    if up { Value::Null } else { value.clone() }
}
