//! `db_instance`

use std::collections::BTreeSet;

use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Map, Name, NameChars, Naming, PerVerb, Replacement, Secret, Select, Status,
    TagChange, Unique, Value, Violation,
};
use serde::{Deserialize, Serialize};

use super::db_instance_calls as calls;
use super::db_instance_live::live;
use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A relational database run by RDS.
///
/// It takes 5 to 20 minutes to make. Changes that interrupt it wait for the maintenance window unless
/// `apply_immediately` says otherwise; what waits counts as done. When it is deleted a final snapshot is taken,
/// unless the stack says `skip_final_snapshot`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    at_most_one("replicate_source_db", "snapshot_identifier", "restore_to_point_in_time"),
    at_most_one("password", "manage_master_user_password", "replicate_source_db"),
    requires("password", "password_version"),
    requires("monitoring_role_arn", "monitoring_interval"),
    requires("storage_throughput", "iops"),
    source_forbids("replicate_source_db", "manage_master_user_password", "true", "engine", "sqlserver")
)]
pub struct DbInstance {
    /// Its name, unique in account and region; RDS keeps it in lower case.
    #[attr(create_only, length(1, 63), pattern = "[A-Za-z](-?[A-Za-z0-9])*", canonical = lower)]
    pub(super) identifier: Name,
    /// `postgres`, `mysql`, `mariadb`, …; a replica or a restored database has its source's.
    #[attr(create_only, aws_default = "that of the source; required without one")]
    pub(super) engine: Option<String>,
    /// Version, or the beginning of one: `15` means whatever 15.x AWS has upgraded it to.
    #[attr(aws_default = "AWS's default version, and its minor upgrades", same = version_prefix)]
    pub(super) engine_version: Option<String>,
    /// Hardware, such as `db.t3.micro`.
    #[attr(pattern = "db\\..+")]
    pub(super) instance_class: String,
    /// Storage in GiB. It can grow, by a tenth at least, and never shrink.
    #[attr(range(5, 65536), aws_default = "that of the source; required without one", same = at_least)]
    pub(super) allocated_storage: Option<i32>,
    /// GiB up to which AWS lets the storage grow by itself.
    #[attr(range(5, 65536))]
    pub(super) max_allocated_storage: Option<i32>,
    /// Sort of storage.
    #[attr(
        aws_default = "gp2, or io1 with `iops`, or that of the source",
        values("standard", "gp2", "gp3", "io1", "io2")
    )]
    pub(super) storage_type: Option<String>,
    /// I/O operations a second, for the sorts of storage that take it.
    #[attr(aws_default = "the storage type's own baseline")]
    pub(super) iops: Option<i32>,
    /// MiB a second, for `gp3`.
    #[attr(aws_default = "the storage type's own baseline")]
    pub(super) storage_throughput: Option<i32>,
    /// Whether the storage is encrypted. It cannot be changed later.
    #[attr(create_only, default = encrypted_like_its_source)]
    pub(super) storage_encrypted: Option<bool>,
    /// ARN of the KMS key for the storage.
    #[attr(create_only, aws_default = "AWS's own key for RDS", refers("kms_key", "arn"))]
    pub(super) kms_key_id: Option<String>,
    /// Database that is made with it.
    #[attr(create_only, aws_default = "none, or that of the source")]
    pub(super) db_name: Option<String>,
    /// Name of the master user.
    #[attr(create_only, aws_default = "that of the source; required without one")]
    pub(super) username: Option<String>,
    /// Password of the master user; sent when `password_version` rises.
    #[attr(write_only, length(8, 128))]
    pub(super) password: Option<Secret>,
    /// Raise it to have `password` sent again.
    pub(super) password_version: Option<i64>,
    /// Whether RDS keeps and rotates the password in Secrets Manager. Not for sources of replicas.
    pub(super) manage_master_user_password: Option<bool>,
    /// KMS key for that secret.
    #[attr(aws_default = "AWS's own key for Secrets Manager")]
    pub(super) master_user_secret_kms_key_id: Option<String>,
    /// TCP port.
    #[attr(range(1150, 65535), aws_default = "the engine's usual port")]
    pub(super) port: Option<i32>,
    /// The subnets that it may stand in. A replica in the same region has its source's.
    #[attr(create_only, refers("db_subnet_group", "name"), aws_default = "the default VPC's, or that of the source")]
    pub(super) db_subnet_group_name: Option<String>,
    /// Security groups that guard it.
    #[attr(refers("security_group", "id"), aws_default = "the VPC's default group")]
    pub(super) vpc_security_group_ids: Option<BTreeSet<String>>,
    /// Parameter group.
    #[attr(refers("db_parameter_group", "name"), aws_default = "the engine's default group")]
    pub(super) parameter_group_name: Option<String>,
    /// Option group.
    #[attr(aws_default = "the engine's default group")]
    pub(super) option_group_name: Option<String>,
    /// Whether a standby in another zone takes over when this one fails.
    #[attr(default = false)]
    pub(super) multi_az: bool,
    /// Zone of a database without standby.
    #[attr(create_only, aws_default = "AWS picks a zone, and moves it on failover")]
    pub(super) availability_zone: Option<String>,
    /// Whether it has a public address.
    #[attr(default = false)]
    pub(super) publicly_accessible: bool,
    /// Days that automated backups are kept; 0 for none. Replicas can be made only of what has backups.
    #[attr(default = 0, range(0, 35))]
    pub(super) backup_retention_period: i32,
    /// When backups are made, in UTC: `03:00-04:00`.
    #[attr(aws_default = "AWS picks a window at random", pattern = "\\d\\d:\\d\\d-\\d\\d:\\d\\d")]
    pub(super) backup_window: Option<String>,
    /// When AWS may interrupt it, in UTC: `sun:04:30-sun:05:30`.
    #[attr(aws_default = "AWS picks a window at random", canonical = lower)]
    pub(super) maintenance_window: Option<String>,
    /// Whether AWS upgrades minor versions by itself.
    #[attr(default = true)]
    pub(super) auto_minor_version_upgrade: bool,
    /// Whether a change of the major version is meant.
    #[attr(local, default = false)]
    pub(super) allow_major_version_upgrade: bool,
    /// Whether changes that interrupt it are made at once.
    #[attr(local, default = false)]
    pub(super) apply_immediately: bool,
    /// Whether no final snapshot is taken when it is deleted.
    #[attr(local, default = false)]
    pub(super) skip_final_snapshot: bool,
    /// Name of the final snapshot; without it `<identifier>-final-<resource id>`.
    #[attr(local)]
    pub(super) final_snapshot_identifier: Option<String>,
    /// Whether automated backups go with it.
    #[attr(local, default = true)]
    pub(super) delete_automated_backups: bool,
    /// Whether snapshots carry its tags.
    #[attr(default = false)]
    pub(super) copy_tags_to_snapshot: bool,
    /// Whether AWS refuses to delete it.
    #[attr(default = false)]
    pub(super) deletion_protection: bool,
    /// Seconds between samples of enhanced monitoring; 0 for none.
    #[attr(default = 0)]
    pub(super) monitoring_interval: i32,
    /// ARN of the role that sends the samples.
    #[attr(refers("iam_role", "arn"))]
    pub(super) monitoring_role_arn: Option<String>,
    /// Whether Performance Insights is on.
    #[attr(default = false)]
    pub(super) performance_insights_enabled: bool,
    /// ARN of the KMS key for Performance Insights.
    #[attr(aws_default = "AWS's own key for RDS")]
    pub(super) performance_insights_kms_key_id: Option<String>,
    /// Days that Performance Insights keeps.
    #[attr(aws_default = "7 days")]
    pub(super) performance_insights_retention_period: Option<i32>,
    /// Logs that go to CloudWatch Logs: `postgresql`, `upgrade`, `error`, `general`, `slowquery`, `audit`.
    pub(super) enabled_cloudwatch_logs_exports: BTreeSet<String>,
    /// Whether users can log in with IAM.
    #[attr(default = false)]
    pub(super) iam_database_authentication_enabled: bool,
    /// Certificate authority of its certificate.
    #[attr(aws_default = "AWS's current one")]
    pub(super) ca_cert_identifier: Option<String>,
    /// Licence model of commercial engines.
    #[attr(aws_default = "the engine's own")]
    pub(super) license_model: Option<String>,
    /// Name or ARN of the database that it is a replica of. Taking the line away promotes the replica.
    pub(super) replicate_source_db: Option<String>,
    /// Snapshot that it is restored from, once; AWS does not remember it.
    #[attr(local)]
    pub(super) snapshot_identifier: Option<String>,
    /// Point in another database's time that it is restored to, once; AWS does not remember it.
    #[attr(local)]
    pub(super) restore_to_point_in_time: Option<PointInTime>,
}

/// A point in the time of another database.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("source_db_instance_identifier", "source_dbi_resource_id"),
    exactly_one("restore_time", "use_latest_restorable_time")
)]
pub struct PointInTime {
    /// The database, by name.
    pub(super) source_db_instance_identifier: Option<String>,
    /// The database, by its resource id, which also finds one that is gone.
    pub(super) source_dbi_resource_id: Option<String>,
    /// The moment: `2027-01-31T12:00:00Z`.
    pub(super) restore_time: Option<String>,
    /// The latest moment that there is.
    pub(super) use_latest_restorable_time: Option<bool>,
}

/// What a database tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    pub(super) id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:db:{name}")]
    pub(super) arn: String,
    /// Host name and port.
    #[attr(looks_like = "{name}.{lower:12}.{region}.rds.amazonaws.com:5432", changes_on("port"))]
    pub(super) endpoint: String,
    /// Host name.
    #[attr(looks_like = "{name}.{lower:12}.{region}.rds.amazonaws.com")]
    pub(super) address: String,
    /// Route 53 zone of the host name.
    #[attr(looks_like = "Z{upper:13}")]
    pub(super) hosted_zone_id: String,
    /// The id that stays the same when the database is renamed.
    #[attr(looks_like = "db-{upper:26}")]
    pub(super) resource_id: String,
    /// The version that runs.
    #[attr(looks_like = "{attr:engine_version}", changes_on("engine_version"))]
    pub(super) engine_version_actual: String,
    /// ARN of the secret that RDS keeps the password in.
    #[attr(
        looks_like = "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{uuid}",
        changes_on("manage_master_user_password")
    )]
    pub(super) master_user_secret_arn: Option<String>,
}

impl Resource for DbInstance {
    const FACTS: Facts = Facts {
        name: "db_instance",
        service: "rds",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming {
            attribute: "identifier",
            max: 63,
            allowed: NameChars::LowerHyphen,
            unique: Unique::Account,
        }),
        replacement: Replacement::CreateFirst,
        data: Some("the databases in it; what a final snapshot keeps can be restored"),
        once: true,
        actions: Actions {
            read: &["rds:DescribeDBInstances"],
            create: &[
                "rds:CreateDBInstance",
                "rds:CreateDBInstanceReadReplica",
                "rds:RestoreDBInstanceFromDBSnapshot",
                "rds:RestoreDBInstanceToPointInTime",
                "rds:AddTagsToResource",
                "iam:PassRole",
                "iam:CreateServiceLinkedRole",
            ],
            update: &[
                "rds:ModifyDBInstance",
                "rds:PromoteReadReplica",
                "rds:AddTagsToResource",
                "rds:RemoveTagsFromResource",
                "iam:PassRole",
            ],
            delete: &["rds:DeleteDBInstance", "rds:CreateDBSnapshot", "rds:AddTagsToResource"],
        },
        takes: PerVerb::new(600, 300, 300),
        timeouts: PerVerb::new(7200, 7200, 7200),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["DBInstanceNotFound", "DBInstanceNotFoundFault"],
        exists: &["DBInstanceAlreadyExists"],
        blocked: &[],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<aws_sdk_rds::types::DbInstance> = cx
            .call(Op::new("rds:DescribeDBInstances"), || {
                let ask = match select {
                    Select::Owned(_) => cx.rds().describe_db_instances(),
                    Select::One(id) => cx.rds().describe_db_instances().db_instance_identifier(id),
                };
                ask.into_paginator().items().send().try_collect()
            })
            .await?;
        Ok(found.iter().map(live).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        calls::create(self, cx, new).await?;
        Ok(self.identifier.to_lowercase())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if live.spec.replicate_source_db.is_some() && self.replicate_source_db.is_none() {
            calls::promote(self, cx, live).await?;
        }
        calls::modify(self, cx, live).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        if matches!(live.status, Status::Dying(_)) {
            return Ok(());
        }
        calls::delete(cx, live, last).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let source = self.replicate_source_db.is_some()
            || self.snapshot_identifier.is_some()
            || self.restore_to_point_in_time.is_some();
        if !source {
            let needed = [
                ("engine", self.engine.is_some()),
                ("allocated_storage", self.allocated_storage.is_some()),
                ("username", self.username.is_some()),
            ];
            for (name, _) in needed.iter().filter(|(_, there)| !there) {
                found.push(Violation::new(*name, format!("a database without a source needs `{name}`")));
            }
            if self.password_version.is_none() && self.manage_master_user_password != Some(true) {
                found.push(
                    Violation::new("password", "the master user has no password")
                        .hint("write `manage_master_user_password: true`, or `password` with `password_version: 1`"),
                );
            }
        }
        if let (Some(most), Some(now)) = (self.max_allocated_storage, self.allocated_storage)
            && most < now
        {
            found.push(Violation::new("max_allocated_storage", "storage cannot grow to less than it has"));
        }
        found
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        if let (Some(wanted), Some(there)) = (self.allocated_storage, live.allocated_storage)
            && wanted < there
            && self.max_allocated_storage.is_none()
        {
            return Some(("allocated_storage", "RDS cannot shrink storage".to_owned()));
        }
        match (&self.replicate_source_db, &live.replicate_source_db) {
            (Some(wanted), there) if there.as_ref().map(|there| short(there)) != Some(short(wanted)) => {
                Some(("replicate_source_db", "a database becomes a replica only when it is made".to_owned()))
            }
            _ => None,
        }
    }

    async fn may_delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<Vec<Violation>> {
        let mut found = Vec::new();
        if live.spec.deletion_protection {
            found.push(
                Violation::new("deletion_protection", format!("deletion protection of {} is on", live.id))
                    .hint("apply it once with `deletion_protection: false`, then delete it"),
            );
        }
        if let Some(name) = last.and_then(|last| last.final_snapshot_identifier.as_deref())
            && last.is_some_and(|last| !last.skip_final_snapshot)
            && calls::snapshot_exists(cx, name).await?
        {
            found.push(
                Violation::new("final_snapshot_identifier", format!("a snapshot {name} exists already"))
                    .hint("choose another name, or leave the line out"),
            );
        }
        Ok(found)
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let (Some(engine), Some(version)) = (&self.engine, &self.engine_version) else { return Ok(Vec::new()) };
        match calls::version_exists(cx, engine, version).await {
            Ok(true) => Ok(Vec::new()),
            Ok(false) => Ok(vec![Violation::new("engine_version", format!("RDS has no {engine} {version}"))]),
            // Being unable to ask ahead is no reason not to try.
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Unavailable) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The name in an ARN or name of a database.
pub(super) fn short(source: &str) -> &str {
    source.rsplit(':').next().unwrap_or(source)
}

/// What cannot be encoded later is decided by the source, where there is one.
fn encrypted_like_its_source(others: &Map) -> Value {
    let source = ["replicate_source_db", "snapshot_identifier", "restore_to_point_in_time"];
    let has_source = source.iter().any(|name| others.get(*name).is_some_and(|value| !value.is_null()));
    if has_source { Value::Null } else { Value::Bool(false) }
}

fn lower(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(text.to_lowercase()))
}

/// Whether what runs is what was asked for: `15` is satisfied by `15.8`, and `15.4` by the `15.8` that AWS upgraded
/// it to. A downgrade is never wanted.
fn version_prefix(wanted: &Value, there: &Value) -> bool {
    let (Some(wanted), Some(there)) = (wanted.as_str(), there.as_str()) else { return false };
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u32>().ok()).collect::<Option<Vec<_>>>();
    match (parts(wanted), parts(there)) {
        (Some(wanted), Some(there)) => {
            let prefix = there.starts_with(&wanted);
            // The major version is one number for engines whose versions have two parts, else two.
            let major = if there.len() > 2 { 2 } else { 1 };
            let newer = wanted.len() > major && there.get(..major) == wanted.get(..major) && there > wanted;
            prefix || newer
        }
        _ => wanted == there,
    }
}

/// Storage that AWS has let grow is enough.
fn at_least(wanted: &Value, there: &Value) -> bool {
    matches!((wanted.as_number(), there.as_number()), (Some(wanted), Some(there)) if there >= wanted)
}

/// A refusal of what the API would refuse only half-way.
pub(super) fn missing(what: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("`{what}` is needed to make the database"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_by_prefix_and_never_go_down() {
        for (wanted, there, same) in [
            ("15", "15.8", true),
            ("15.8", "15.8", true),
            ("15.4", "15.8", true),
            ("15.8", "15.4", false),
            ("16", "15.8", false),
            ("1", "15.8", false),
            ("8.0", "8.0.39", true),
            ("8.0.35", "8.0.39", true),
            ("8.4", "8.0.39", false),
            ("5.7.44", "8.0.39", false),
        ] {
            assert_eq!(version_prefix(&wanted.into(), &there.into()), same, "{wanted} {there}");
        }
    }
}
