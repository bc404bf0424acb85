//! The records by which AWS sees that the domains of a certificate are ours.
//!
//! They are the same for all certificates of an account that have the domain, so that several may need one record. The
//! marker beside it names each certificate of clefctl's that does; the last to leave takes the record away. A record
//! that was there without a marker is somebody else's, and stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_acm::types::CertificateDetail;
use aws_sdk_route53::types::{Change, ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Tags, tag};

use super::super::route53_support::{Key, change, found, marks, step, unbuilt};
use crate::aws::Cx;
use crate::aws::route53::dns_name;

/// Seconds that an answer may be kept.
const TTL: i64 = 300;
/// What a mark says beside the owner: the certificate that needs the record.
const CERTIFICATE: &str = "clefctl:certificate";

/// The records that AWS wants to see, value by name; nothing while it has not said all of them yet.
pub(super) fn wanted(detail: &CertificateDetail) -> Option<BTreeMap<String, String>> {
    let options = detail.domain_validation_options();
    let record = |option: &aws_sdk_acm::types::DomainValidation| {
        let record = option.resource_record()?;
        Some((dns_name(record.name()), record.value().to_owned()))
    };
    if options.is_empty() { None } else { options.iter().map(record).collect() }
}

/// Whether all of the records are in a zone.
pub(super) async fn stand(cx: &Cx<'_>, zone: &str, wanted: &BTreeMap<String, String>) -> Result<bool> {
    let look = wanted.iter().map(|(name, value)| async move {
        let (record, _) = found(cx, zone, &key(name)).await?;
        Result::Ok(record.is_some_and(|record| says(&record, value)))
    });
    Ok(futures::future::try_join_all(look).await?.into_iter().all(|there| there))
}

/// Puts into a zone what is missing there, and notes that the certificate needs it.
pub(super) async fn offer(cx: &Cx<'_>, zone: &str, arn: &str, wanted: &BTreeMap<String, String>) -> Result<()> {
    while !done(cx, zone, missing(cx, zone, &mark(cx, arn), wanted).await?).await? {}
    Ok(())
}

/// Takes the certificate's marks away, and the records that nothing needs any more but those in `needed`.
pub(super) async fn withdraw(
    cx: &Cx<'_>,
    zone: &str,
    arn: &str,
    names: &BTreeSet<String>,
    needed: &BTreeSet<String>,
) -> Result<()> {
    while !done(cx, zone, left(cx, zone, &mark(cx, arn), names, needed).await?).await? {}
    Ok(())
}

/// Carries out a batch. It is refused as a whole where somebody else changed a record of it since it was read: then it
/// has to be made anew.
async fn done(cx: &Cx<'_>, zone: &str, steps: Vec<Change>) -> Result<bool> {
    if steps.is_empty() {
        return Ok(true);
    }
    match change(cx, zone, steps).await {
        Err(error) if error.code() == Some("InvalidChangeBatch") => {
            (cx.progress)("the zone has changed; looking again");
            cx.pause(Duration::from_secs(2)).await;
            cx.alive().map(|()| false)
        }
        sent => sent.map(|_| true),
    }
}

/// The batch that makes what is missing.
async fn missing(cx: &Cx<'_>, zone: &str, mine: &Tags, wanted: &BTreeMap<String, String>) -> Result<Vec<Change>> {
    let mut steps = Vec::new();
    for (name, value) in wanted {
        let key = key(name);
        let (record, marker) = found(cx, zone, &key).await?;
        let mut users = marker.as_ref().map(marks).unwrap_or_default();
        match record {
            Some(record) if !says(&record, value) => {
                let message = format!("the record {name} CNAME exists already, with another value than {value}");
                return Err(Error::new(ErrorKind::Conflict, message)
                    .hint("delete it: by its name it can only be one that validates a certificate"));
            }
            Some(_) if marker.is_none() || users.contains(mine) => continue,
            Some(_) => {}
            None => steps.push(step(ChangeAction::Create, record_of(name, value)?)?),
        }
        steps.extend(marker.map(|old| step(ChangeAction::Delete, old)).transpose()?);
        if !users.contains(mine) {
            users.push(mine.clone());
        }
        steps.push(step(ChangeAction::Create, key.mark_all(&users)?)?);
    }
    Ok(steps)
}

/// The batch that takes away what is the certificate's alone.
async fn left(
    cx: &Cx<'_>,
    zone: &str,
    mine: &Tags,
    names: &BTreeSet<String>,
    needed: &BTreeSet<String>,
) -> Result<Vec<Change>> {
    let mut steps = Vec::new();
    for name in names {
        let key = key(name);
        let (record, Some(marker)) = found(cx, zone, &key).await? else { continue };
        let mut users = marks(&marker);
        if !users.contains(mine) {
            continue;
        }
        users.retain(|mark| mark != mine);
        steps.push(step(ChangeAction::Delete, marker)?);
        if !users.is_empty() {
            steps.push(step(ChangeAction::Create, key.mark_all(&users)?)?);
        } else if !needed.contains(name) {
            steps.extend(record.map(|record| step(ChangeAction::Delete, record)).transpose()?);
        }
    }
    Ok(steps)
}

fn key(name: &str) -> Key {
    Key { name: name.to_owned(), kind: RrType::Cname.as_str().to_owned(), identifier: None }
}

fn mark(cx: &Cx<'_>, arn: &str) -> Tags {
    Tags::from([(tag::STACK.to_owned(), cx.owner.to_string()), (CERTIFICATE.to_owned(), arn.to_owned())])
}

fn says(record: &ResourceRecordSet, value: &str) -> bool {
    record.resource_records().iter().any(|one| dns_name(one.value()) == dns_name(value))
}

fn record_of(name: &str, value: &str) -> Result<ResourceRecordSet> {
    ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Cname)
        .ttl(TTL)
        .resource_records(ResourceRecord::builder().value(value).build().map_err(unbuilt)?)
        .build()
        .map_err(unbuilt)
}
