//! `db_snapshot`

use std::collections::BTreeMap;

use aws_sdk_rds::primitives::DateTimeFormat;
use aws_sdk_rds::types::DbSnapshot as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use super::several;
use crate::aws::tags::rds as tags;
use crate::aws::{Cx, LookupRead, Op};

/// A snapshot of a database, one that is complete: by name, or the youngest of a database.
///
/// With `most_recent` a new snapshot shows up as a change of whatever is made from it, except of a `db_instance` that was
/// restored before.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(at_least_one("db_instance_identifier", "db_snapshot_identifier", "tags"))]
pub struct DbSnapshot {
    /// The database that it was taken of, by name; one that is gone too.
    db_instance_identifier: Option<String>,
    /// Its name; the ARN of one that another account shares.
    db_snapshot_identifier: Option<String>,
    /// How it came about: `manual`, by AWS every night (`automated`), by AWS Backup (`awsbackup`), or in another account
    /// (`shared`, `public`). Without it any of this account.
    #[attr(values("automated", "awsbackup", "manual", "public", "shared"))]
    snapshot_type: Option<String>,
    /// Whether those that other accounts share with this one count.
    #[serde(default)]
    #[attr(default = false)]
    include_shared: bool,
    /// Whether those that everybody may use count.
    #[serde(default)]
    #[attr(default = false)]
    include_public: bool,
    /// Whether the youngest is taken where several fit; otherwise that is an error.
    #[serde(default)]
    #[attr(default = false)]
    most_recent: bool,
    /// Tags that it carries.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// The snapshot.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "snapshot-{hex:8}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:snapshot:{id}")]
    arn: String,
    /// Name of the database that it was taken of.
    #[attr(looks_like = "database")]
    db_instance_identifier: String,
    /// Engine of the database.
    #[attr(looks_like = "postgres")]
    engine: String,
    /// Version of the engine.
    #[attr(looks_like = "15.12")]
    engine_version: String,
    /// Storage of the database in GiB.
    #[attr(looks_like = "{n}")]
    allocated_storage: i32,
    /// Whether it is encrypted.
    #[attr(looks_like = "true")]
    encrypted: bool,
    /// ARN of the KMS key.
    kms_key_id: Option<String>,
    /// When it was taken, such as `2026-01-31T08:00:00Z`.
    #[attr(looks_like = "2026-01-31T08:00:00Z")]
    snapshot_create_time: String,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for DbSnapshot {
    const FACTS: LookupFacts = LookupFacts {
        name: "db_snapshot",
        service: "rds",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["rds:DescribeDBSnapshots"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let found = cx
            .call(Op::new("rds:DescribeDBSnapshots"), || {
                cx.rds()
                    .describe_db_snapshots()
                    .set_db_instance_identifier(self.db_instance_identifier.clone())
                    .set_db_snapshot_identifier(self.db_snapshot_identifier.clone())
                    .set_snapshot_type(self.snapshot_type.clone())
                    .include_shared(self.include_shared)
                    .include_public(self.include_public)
                    .into_paginator()
                    .items()
                    .send()
                    .try_collect()
            })
            .await;
        let found: Vec<Sdk> = match found {
            Err(error) if matches!(error.code(), Some("DBSnapshotNotFound" | "DBSnapshotNotFoundFault")) => {
                return Ok(None);
            }
            found => found?,
        };
        Ok(pick(&found, &self.tags, self.most_recent)?.map(outputs))
    }
}

/// The one snapshot that is meant; those that are still being taken are not.
fn pick<'a>(found: &'a [Sdk], tags: &BTreeMap<String, String>, most_recent: bool) -> Result<Option<&'a Sdk>> {
    let fits = |snapshot: &&Sdk| {
        let own = tags::read(snapshot.tag_list());
        snapshot.status() == Some("available") && tags.iter().all(|(key, value)| own.get(key) == Some(value))
    };
    let fitting: Vec<&Sdk> = found.iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ if most_recent => {
            let age = |snapshot: &&Sdk| {
                let taken = snapshot.snapshot_create_time().map(|time| (time.secs(), time.subsec_nanos()));
                (taken, snapshot.db_snapshot_identifier().map(str::to_owned))
            };
            Ok(fitting.into_iter().max_by_key(age))
        }
        _ => Err(several("snapshots", fitting.iter().filter_map(|one| one.db_snapshot_identifier()).collect())
            .hint("`most_recent: true` takes the youngest")),
    }
}

fn outputs(snapshot: &Sdk) -> Outputs {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let time = snapshot.snapshot_create_time().and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
    Outputs {
        id: text(snapshot.db_snapshot_identifier()),
        arn: text(snapshot.db_snapshot_arn()),
        db_instance_identifier: text(snapshot.db_instance_identifier()),
        engine: text(snapshot.engine()),
        engine_version: text(snapshot.engine_version()),
        allocated_storage: snapshot.allocated_storage().unwrap_or_default(),
        encrypted: snapshot.encrypted().unwrap_or_default(),
        kms_key_id: snapshot.kms_key_id().map(str::to_owned),
        snapshot_create_time: time.unwrap_or_default(),
        tags: tags::read(snapshot.tag_list()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::primitives::DateTime;

    use super::*;

    fn snapshot(name: &str, status: &str, time: i64) -> Sdk {
        let made = Sdk::builder().db_snapshot_identifier(name).status(status);
        made.snapshot_create_time(DateTime::from_secs(time)).build()
    }

    #[test]
    fn the_youngest_that_is_complete_is_taken_when_asked() {
        let none = BTreeMap::new();
        let all = [snapshot("a", "available", 1), snapshot("b", "available", 2), snapshot("c", "creating", 3)];
        assert_eq!(pick(&all, &none, true).ok().flatten().and_then(Sdk::db_snapshot_identifier), Some("b"));
        assert!(pick(&all, &none, false).is_err());
        assert!(pick(&all[2..], &none, true).is_ok_and(|found| found.is_none()));
        let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        assert!(pick(&all, &tags, true).is_ok_and(|found| found.is_none()));
    }
}
