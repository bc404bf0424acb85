//! What is in a bucket: looked for before a deletion, and emptied where the stack says so.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use clefctl_core::error::{Error, ErrorKind, Result};

use crate::aws::{Cx, Op, unbuilt, unless};

/// What the keys begin with of objects by which clefctl finds those that it manages.
pub(in crate::resources) const MARKS: &str = ".clefctl/";

/// Whether a bucket holds any object, version or delete marker that is not clefctl's own.
pub(super) async fn is_there_any(cx: &Cx<'_>, bucket: &str) -> Result<bool> {
    let page = cx.call(Op::new("s3:ListObjectVersions"), || cx.s3().list_object_versions().bucket(bucket).send()).await;
    let Some(page) = unless(page, &["NoSuchBucket"])? else { return Ok(false) };
    let versions = page.versions().iter().filter_map(|version| version.key());
    let markers = page.delete_markers().iter().filter_map(|marker| marker.key());
    Ok(versions.chain(markers).any(|key| !key.starts_with(MARKS)))
}

/// Deletes all versions and delete markers of keys that begin so, a thousand a call.
pub(super) async fn empty(cx: &Cx<'_>, bucket: &str, prefix: &str) -> Result<()> {
    let mut gone = 0;
    loop {
        // Always from the beginning: what was listed is gone by then.
        let page = cx
            .call(Op::new("s3:ListObjectVersions"), || {
                cx.s3().list_object_versions().bucket(bucket).prefix(prefix).send()
            })
            .await?;
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let objects: Vec<ObjectIdentifier> = versions
            .chain(markers)
            .filter_map(|(key, version)| {
                ObjectIdentifier::builder().key(key?).set_version_id(version.map(str::to_owned)).build().ok()
            })
            .collect();
        if objects.is_empty() {
            return Ok(());
        }
        gone += objects.len();
        let batch = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(unbuilt)?;
        let answer = cx
            .call(Op::new("s3:DeleteObjects"), || cx.s3().delete_objects().bucket(bucket).delete(batch.clone()).send())
            .await?;
        if let Some(refused) = answer.errors().first() {
            let message = refused.message().unwrap_or("AWS refused to delete an object").to_owned();
            let key = refused.key().unwrap_or_default();
            return Err(Error::new(ErrorKind::Blocked, format!("{key}: {message}"))
                .call("s3:DeleteObjects", refused.code().map(str::to_owned), None)
                .hint("objects under a lock stay until it ends"));
        }
        (cx.progress)(&format!("{gone} objects deleted"));
    }
}
