//! How the objects of a stack are found: no list carries the tags of objects.
//!
//! Beside an object `notes/a.txt` an empty one `.clefctl/<stack>/<env>/notes/a.txt` is kept, so that one list of these
//! finds all of an owner; the tags of the object itself say whose it is. A tag of the bucket says that there are any.

use std::collections::BTreeSet;

use clefctl_core::error::Result;
use clefctl_core::kind::{Expected, tag};
use futures::future::try_join_all;

use crate::aws::{Cx, Op, unless};
use crate::resources::s3_bucket::{MARKS, put_tags, tags_of};

/// The tag of a bucket in which there are marks.
fn flag() -> String {
    format!("{}s3_object", tag::NOTE)
}

fn folder(cx: &Cx<'_>) -> String {
    format!("{MARKS}{}/", cx.owner)
}

/// Bucket and key of all objects that the owner may have.
pub(super) async fn found(cx: &Cx<'_>, expected: &Expected) -> Result<BTreeSet<(String, String)>> {
    let text = |object: &clefctl_core::kind::ExpectedInstance, name: &str| {
        object.attributes.get(name).and_then(|value| value.as_str()).map(str::to_owned)
    };
    let declared = expected.instances.iter().filter_map(|object| Some((text(object, "bucket")?, text(object, "key")?)));
    // A bucket of others bears no flag of ours.
    let marked = expected.parents.iter().filter(|bucket| bucket.is_foreign() || bucket.tags.contains_key(&flag()));
    let listed = try_join_all(marked.map(|bucket| list(cx, &bucket.id))).await?;
    Ok(declared.chain(listed.into_iter().flatten()).collect())
}

async fn list(cx: &Cx<'_>, bucket: &str) -> Result<Vec<(String, String)>> {
    let folder = folder(cx);
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let page = cx
            .call(Op::new("s3:ListObjectsV2"), || {
                let list = cx.s3().list_objects_v2().bucket(bucket).prefix(&folder);
                list.set_continuation_token(next.clone()).send()
            })
            .await;
        let Some(page) = unless(page, &["NoSuchBucket"])? else { return Ok(found) };
        let keys = page.contents().iter().filter_map(|object| object.key()?.strip_prefix(&folder));
        found.extend(keys.map(|key| (bucket.to_owned(), key.to_owned())));
        next = page.next_continuation_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// Writes the mark of an object, before the object is made.
pub(super) async fn put(cx: &Cx<'_>, bucket: &str, key: &str) -> Result<()> {
    let mut tags = tags_of(cx, bucket).await?.unwrap_or_default();
    let ours = tags.get(tag::STACK).is_some_and(|stack| *stack == cx.owner.to_string());
    if ours && !tags.contains_key(&flag()) {
        // Objects that are made at the same time write the same.
        tags.insert(flag(), "here".to_owned());
        put_tags(cx, bucket, &tags).await?;
    }
    let mark = format!("{}{key}", folder(cx));
    cx.call(Op::new("s3:PutObject"), || cx.s3().put_object().bucket(bucket).key(&mark).send()).await?;
    Ok(())
}

/// Takes the mark of an object away, after the object.
pub(super) async fn remove(cx: &Cx<'_>, bucket: &str, key: &str) -> Result<()> {
    let mark = format!("{}{key}", folder(cx));
    cx.call(Op::new("s3:DeleteObject"), || cx.s3().delete_object().bucket(bucket).key(&mark).send()).await?;
    Ok(())
}
