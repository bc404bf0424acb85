//! What a database may say, what its source decides, and what RDS would refuse.

use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Map, Value, Violation};

use super::version::{self, Step};
use super::{DbInstance, support, windows};
use crate::aws::{Cx, Op};

/// Least GiB of general purpose storage.
const SMALLEST: i32 = 20;
/// Seconds between samples of enhanced monitoring that RDS takes.
const INTERVALS: &[i32] = &[0, 1, 5, 10, 15, 30, 60];

impl DbInstance {
    /// Whether it is made of another database.
    pub(super) fn has_source(&self) -> bool {
        self.replicate_source_db.is_some()
            || self.snapshot_identifier.is_some()
            || self.restore_to_point_in_time.is_some()
    }
}

/// A refusal of what the API would refuse only half-way.
pub(super) fn missing(what: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("`{what}` is needed to make the database"))
}

/// The name in an ARN or name of a database.
pub(super) fn short(source: &str) -> &str {
    source.rsplit(':').next().unwrap_or(source)
}

/// RDS reports a source in the same region by name.
pub(super) fn same_source(wanted: &Value, there: &Value) -> bool {
    matches!((wanted.as_str(), there.as_str()), (Some(wanted), Some(there)) if short(wanted) == short(there))
}

pub(super) fn lower(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(text.to_lowercase()))
}

/// Storage that AWS has let grow is enough.
pub(super) fn at_least(wanted: &Value, there: &Value) -> bool {
    matches!((wanted.as_number(), there.as_number()), (Some(wanted), Some(there)) if there >= wanted)
}

// What a database with a source does not say is its source's; without one, it is this.

pub(super) fn encrypted_like_its_source(others: &Map) -> Value {
    unless_its_sources(others, Value::Bool(false))
}

pub(super) fn no_growth_unless_its_sources(others: &Map) -> Value {
    unless_its_sources(others, Value::from(0))
}

pub(super) fn no_backups_unless_its_sources(others: &Map) -> Value {
    unless_its_sources(others, Value::from(0))
}

pub(super) fn no_logs_unless_its_sources(others: &Map) -> Value {
    unless_its_sources(others, Value::list([]))
}

fn unless_its_sources(others: &Map, value: Value) -> Value {
    let sources = ["replicate_source_db", "snapshot_identifier", "restore_to_point_in_time"];
    let has_source = sources.iter().any(|name| others.get(*name).is_some_and(|source| !source.is_null()));
    if has_source { Value::Null } else { value }
}

/// Rules that the table cannot say.
pub(super) fn check(db: &DbInstance) -> Vec<Violation> {
    let mut found = Vec::new();
    if !db.has_source() {
        let needed = [
            ("engine", db.engine.is_some()),
            ("allocated_storage", db.allocated_storage.is_some()),
            ("username", db.username.is_some()),
        ];
        for (name, _) in needed.iter().filter(|(_, there)| !there) {
            found.push(Violation::new(*name, "a database without a source needs it"));
        }
        if db.password_version.is_none() && db.manage_master_user_password != Some(true) {
            found.push(
                Violation::new("password", "the master user has no password")
                    .hint("write `manage_master_user_password: true`, or `password` with `password_version: 1`"),
            );
        }
    }
    if let (Some(most), Some(now)) = (db.max_allocated_storage, db.allocated_storage)
        && most != 0
        && most < now
    {
        found.push(
            Violation::new("max_allocated_storage", "storage cannot grow to less than it has")
                .hint("0 keeps it from growing by itself"),
        );
    }
    let general = match db.storage_type.as_deref() {
        None => db.iops.is_none(),
        Some(sort) => matches!(sort, "gp2" | "gp3"),
    };
    if general && !db.has_source() && db.allocated_storage.is_some_and(|size| size < SMALLEST) {
        found.push(Violation::new("allocated_storage", format!("gp2 and gp3 begin with {SMALLEST} GiB")));
    }
    if !INTERVALS.contains(&db.monitoring_interval) {
        found.push(Violation::new("monitoring_interval", "it is one of 0, 1, 5, 10, 15, 30, 60"));
    }
    if (db.monitoring_interval != 0) != db.monitoring_role_arn.is_some() {
        found.push(Violation::new("monitoring_role_arn", "it is needed with a `monitoring_interval`, and only then"));
    }
    if db.manage_master_user_password != Some(true) && db.master_user_secret_kms_key_id.is_some() {
        let message = "there is no secret without `manage_master_user_password: true`";
        found.push(Violation::new("master_user_secret_kms_key_id", message));
    }
    if db.multi_az && db.availability_zone.is_some() {
        found.push(Violation::new("availability_zone", "RDS picks the zones of a database with a standby"));
    }
    found.extend(windows::check(db));
    found
}

/// What stands in the way of making it: a version or a snapshot that is not there.
pub(super) async fn may_create(db: &DbInstance, cx: &Cx<'_>) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    if let (Some(engine), Some(version)) = (&db.engine, &db.engine_version)
        && !offers(cx, engine, version).await?
    {
        found.push(no_such_version(engine, version));
    }
    if let Some(name) = &db.snapshot_identifier
        && support::snapshot(cx, name).await?.is_none()
    {
        found.push(Violation::new("snapshot_identifier", format!("there is no snapshot {name}")));
    }
    Ok(found)
}

/// What stands in the way of another version.
pub(super) async fn may_update(db: &DbInstance, cx: &Cx<'_>, from: &DbInstance) -> Result<Vec<Violation>> {
    let (Some(engine), Some(wanted), Some(there)) = (&from.engine, &db.engine_version, &from.engine_version) else {
        return Ok(Vec::new());
    };
    if version::runs(wanted, there) {
        return Ok(Vec::new());
    }
    Ok(match version::step(there, wanted) {
        Step::Back => vec![
            Violation::new("engine_version", format!("RDS does not take {engine} {there} back to {wanted}"))
                .hint("restore a snapshot from before the upgrade as another database"),
        ],
        Step::Major if !db.allow_major_version_upgrade => vec![
            Violation::new("engine_version", format!("from {there} to {wanted} is a major upgrade"))
                .hint("if it is meant, write `allow_major_version_upgrade: true`"),
        ],
        _ if offers(cx, engine, wanted).await? => Vec::new(),
        _ => vec![no_such_version(engine, wanted)],
    })
}

fn no_such_version(engine: &str, version: &str) -> Violation {
    Violation::new("engine_version", format!("RDS has no {engine} {version}"))
}

/// Whether RDS offers a version of an engine.
async fn offers(cx: &Cx<'_>, engine: &str, version: &str) -> Result<bool> {
    let found = cx
        .call(Op::new("rds:DescribeDBEngineVersions"), || {
            cx.rds().describe_db_engine_versions().engine(engine).engine_version(version).send()
        })
        .await?;
    Ok(!found.db_engine_versions().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_the_sources() {
        let with = |name: &str| Map::from_iter([(name.to_owned(), Value::from("main"))]);
        for source in ["replicate_source_db", "snapshot_identifier", "restore_to_point_in_time"] {
            assert_eq!(no_growth_unless_its_sources(&with(source)), Value::Null, "{source}");
        }
        assert_eq!(no_growth_unless_its_sources(&with("engine")), Value::from(0));
        assert_eq!(no_logs_unless_its_sources(&Map::new()), Value::list([]));
    }

    #[test]
    fn a_source_is_the_same_by_name_and_by_arn() {
        let arn = Value::from("arn:aws:rds:eu-west-3:123456789012:db:main");
        assert!(same_source(&arn, &"main".into()));
        assert!(!same_source(&arn, &"other".into()));
        assert!(!same_source(&arn, &Value::Null));
    }
}
