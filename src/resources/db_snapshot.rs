//! `db_snapshot`

use std::collections::BTreeSet;

use aws_sdk_rds::types::DbSnapshot as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Address, Attributes, Declared, Expected, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status,
    TagChange, Unique, Value, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::rds_support as support;
use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// A snapshot of a database, taken when it is applied for the first time, and never again.
///
/// For snapshots before something is done to a database see `snapshot_before` and the final snapshot of `db_instance`;
/// those stay when the database goes, while this one goes with its entry.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DbSnapshot {
    /// Its name; RDS keeps it in lower case.
    #[attr(create_only, length(1, 255), pattern = "[A-Za-z](-?[A-Za-z0-9])*", canonical = lower)]
    db_snapshot_identifier: Name,
    /// The database.
    #[attr(create_only, refers("db_instance", "identifier"), canonical = lower)]
    db_instance_identifier: String,
    /// Accounts that may restore it, by number; `all` for everybody.
    shared_accounts: BTreeSet<String>,
}

/// What a snapshot tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:snapshot:{name}")]
    arn: String,
    /// The engine of the database.
    #[attr(looks_like = "postgres")]
    engine: String,
    /// The version of the engine.
    #[attr(looks_like = "15.12")]
    engine_version: String,
    /// Storage of the database in GiB.
    #[attr(looks_like = "{n}")]
    allocated_storage: i32,
    /// Whether it is encrypted.
    #[attr(looks_like = "true")]
    encrypted: bool,
}

/// What the tagging API calls it.
const TYPE: &str = "rds:snapshot";

impl Resource for DbSnapshot {
    const FACTS: Facts = Facts {
        name: "db_snapshot",
        service: "rds",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming {
            attribute: "db_snapshot_identifier",
            max: 255,
            allowed: NameChars::LowerHyphen,
            unique: Unique::Account,
        }),
        data: Some("what the database held when it was taken"),
        once: true,
        found: Found::Swept(TYPE),
        details: 1,
        actions: Actions {
            read: &["tag:GetResources", "rds:DescribeDBSnapshots", "rds:DescribeDBSnapshotAttributes"],
            create: &[
                "rds:CreateDBSnapshot", "rds:DescribeDBInstances", "rds:ModifyDBSnapshotAttribute",
                "rds:AddTagsToResource",
            ],
            update: &["rds:ModifyDBSnapshotAttribute", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
            delete: &["rds:DeleteDBSnapshot"],
        },
        takes: PerVerb::new(300, 1, 5),
        timeouts: PerVerb::new(7200, 600, 1200),
        calls: PerVerb::new(2, 1, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["DBSnapshotNotFound", "DBSnapshotNotFoundFault"],
        exists: &["DBSnapshotAlreadyExists"],
        blocked: &[],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = match select {
            Select::One(id) => support::snapshot(cx, id).await?.into_iter().collect(),
            Select::Owned(expected) => {
                let none = sweep::arns(cx, select, TYPE).await?.is_empty();
                if none && expected.instances.is_empty() {
                    return Ok(Vec::new());
                }
                let all: Vec<Sdk> = cx
                    .call(Op::new("rds:DescribeDBSnapshots"), || {
                        let snapshots = cx.rds().describe_db_snapshots().snapshot_type("manual");
                        snapshots.into_paginator().items().send().try_collect()
                    })
                    .await?;
                all.into_iter().filter(|snapshot| is_ours(cx, expected, snapshot)).collect()
            }
        };
        try_join_all(found.iter().map(|snapshot| async move {
            let shared = match support::state(snapshot) {
                Status::Usable => shared_with(cx, snapshot.db_snapshot_identifier().unwrap_or_default()).await?,
                _ => BTreeSet::new(),
            };
            Ok(live(snapshot, shared))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let name = self.db_snapshot_identifier.to_lowercase();
        support::take(cx, &self.db_instance_identifier, &name, &new.tags).await?;
        if !self.shared_accounts.is_empty() {
            support::complete(cx, &name).await?;
            self.share(cx, &name, &BTreeSet::new()).await?;
        }
        Ok(name)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        self.share(cx, &live.id, &live.spec.shared_accounts).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        // Refused while it is being made or copied.
        cx.call(Op::new("rds:DeleteDBSnapshot").racing(&["InvalidDBSnapshotState"]), || {
            cx.rds().delete_db_snapshot().db_snapshot_identifier(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }
}

/// The attribute of a snapshot that holds who may restore it.
const RESTORE: &str = "restore";

impl DbSnapshot {
    /// Lets accounts restore it, and others no more.
    async fn share(&self, cx: &Cx<'_>, name: &str, old: &BTreeSet<String>) -> Result<()> {
        let list = |accounts: Vec<String>| (!accounts.is_empty()).then_some(accounts);
        let new = list(self.shared_accounts.difference(old).cloned().collect());
        let gone = list(old.difference(&self.shared_accounts).cloned().collect());
        if new.is_none() && gone.is_none() {
            return Ok(());
        }
        cx.call(Op::new("rds:ModifyDBSnapshotAttribute").racing(&["InvalidDBSnapshotState"]), || {
            cx.rds()
                .modify_db_snapshot_attribute()
                .db_snapshot_identifier(name)
                .attribute_name(RESTORE)
                .set_values_to_add(new.clone())
                .set_values_to_remove(gone.clone())
                .send()
        })
        .await?;
        Ok(())
    }
}

/// Whether a snapshot is one of this kind of the owner's, or has a name that the stack declares. Those that bear the
/// tags of their database are nobody's.
fn is_ours(cx: &Cx<'_>, expected: &Expected, snapshot: &Sdk) -> bool {
    let tags = tags::read(snapshot.tag_list());
    let kind = tags.get(tag::RESOURCE).and_then(|text| Address::from_tag(text)).map(|(kind, _)| kind);
    let marked = tags.get(tag::STACK) == Some(&cx.owner.to_string()) && kind == Some(DbSnapshot::FACTS.name);
    let name = snapshot.db_snapshot_identifier();
    marked || expected.instances.iter().any(|instance| instance.name.is_some() && instance.name.as_deref() == name)
}

/// Who may restore a snapshot.
async fn shared_with(cx: &Cx<'_>, name: &str) -> Result<BTreeSet<String>> {
    let found = cx
        .call(Op::new("rds:DescribeDBSnapshotAttributes"), || {
            cx.rds().describe_db_snapshot_attributes().db_snapshot_identifier(name).send()
        })
        .await;
    let found = match found {
        Err(error) if support::is_absent(&error) => return Ok(BTreeSet::new()),
        found => found?.db_snapshot_attributes_result,
    };
    let attributes = found.and_then(|found| found.db_snapshot_attributes).unwrap_or_default();
    let restore = attributes.into_iter().find(|attribute| attribute.attribute_name() == Some(RESTORE));
    Ok(restore.and_then(|attribute| attribute.attribute_values).unwrap_or_default().into_iter().collect())
}

fn lower(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(text.to_lowercase()))
}

fn live(snapshot: &Sdk, shared: BTreeSet<String>) -> Live<DbSnapshot> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let name = text(snapshot.db_snapshot_identifier());
    Live {
        spec: DbSnapshot {
            db_snapshot_identifier: name.as_str().into(),
            db_instance_identifier: text(snapshot.db_instance_identifier()),
            shared_accounts: shared,
        },
        outputs: Outputs {
            id: name.clone(),
            arn: text(snapshot.db_snapshot_arn()),
            engine: text(snapshot.engine()),
            engine_version: text(snapshot.engine_version()),
            allocated_storage: snapshot.allocated_storage().unwrap_or_default(),
            encrypted: snapshot.encrypted().unwrap_or_default(),
        },
        tags: tags::read(snapshot.tag_list()),
        status: support::state(snapshot),
        id: name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_is_being_taken_says_how_far_it_is() {
        let taking = Sdk::builder().db_snapshot_identifier("s").status("creating").percent_progress(40).build();
        assert_eq!(live(&taking, BTreeSet::new()).status, Status::Pending("creating, 40 %".to_owned()));
        let failed = Sdk::builder().db_snapshot_identifier("s").status("failed").build();
        assert_eq!(live(&failed, BTreeSet::new()).status, Status::Failed("failed".to_owned()));
    }
}
