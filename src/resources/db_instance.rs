//! `db_instance`

mod create;
mod live;
mod modify;
mod remove;
mod rules;
mod version;
mod windows;

use std::collections::BTreeSet;

use clefctl_core::error::{ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Replacement, Secret, Select, TagChange,
    Unique, Violation,
};
use serde::{Deserialize, Serialize};

pub(super) use self::live::live;
use self::rules::{
    at_least, encrypted_like_its_source, lower, no_backups_unless_its_sources, no_growth_unless_its_sources,
    no_logs_unless_its_sources, same_source,
};
use super::rds_support as support;
use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A relational database run by RDS.
///
/// It takes 5 to 20 minutes to make. Changes that interrupt it wait for the maintenance window unless
/// `apply_immediately` says otherwise; what waits counts as done. When it is deleted a final snapshot is taken,
/// unless the stack says `skip_final_snapshot`; it carries the database's tags and stays.
///
/// A replica (`replicate_source_db`) and a restored database (`snapshot_identifier`, `restore_to_point_in_time`) have
/// from their source what the stack does not say of them. Taking `replicate_source_db` away makes an independent
/// database of a replica; then it has to say its engine, user and storage itself. Taking away where a database was
/// restored from changes nothing.
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
    identifier: Name,
    /// `postgres`, `mysql`, `mariadb`, `sqlserver-se`, …; a replica or a restored database has its source's.
    #[attr(create_only, aws_default = "that of the source; required without one")]
    engine: Option<String>,
    /// Version, or the beginning of one: `15` means whatever 15.x AWS has upgraded it to.
    #[attr(aws_default = "AWS's default version, and its minor upgrades", same = version::suffices)]
    engine_version: Option<String>,
    /// Hardware, such as `db.t3.micro`.
    #[attr(pattern = "db\\..+")]
    instance_class: String,
    /// Storage in GiB. It can grow, by a tenth at least, and never shrink: less than there is changes nothing.
    #[attr(range(5, 65536), aws_default = "that of the source; required without one", same = at_least)]
    allocated_storage: Option<i32>,
    /// GiB up to which AWS lets the storage grow by itself; 0 for not at all.
    #[attr(range(0, 65536), default = no_growth_unless_its_sources)]
    max_allocated_storage: Option<i32>,
    /// Sort of storage.
    #[attr(
        aws_default = "gp2, or io1 with `iops`, or that of the source",
        values("standard", "gp2", "gp3", "io1", "io2")
    )]
    storage_type: Option<String>,
    /// I/O operations a second, for the sorts of storage that take it.
    #[attr(aws_default = "the storage type's own baseline")]
    iops: Option<i32>,
    /// MiB a second, for `gp3`.
    #[attr(aws_default = "the storage type's own baseline")]
    storage_throughput: Option<i32>,
    /// Whether the storage is encrypted. It cannot be changed later.
    #[attr(create_only, default = encrypted_like_its_source)]
    storage_encrypted: Option<bool>,
    /// ARN of the KMS key for the storage.
    #[attr(create_only, aws_default = "AWS's own key for RDS", refers("kms_key", "arn"))]
    kms_key_id: Option<String>,
    /// Database that is made with it.
    #[attr(create_only, aws_default = "none, or that of the source", length(1, 64), pattern = "[A-Za-z][A-Za-z0-9_]*")]
    db_name: Option<String>,
    /// Name of the master user.
    #[attr(create_only, aws_default = "that of the source; required without one")]
    username: Option<String>,
    /// Password of the master user; sent when `password_version` rises. Letters, digits and signs of ASCII, without
    /// `/`, `"`, `@` and spaces.
    #[attr(write_only, length(8, 128), pattern = "[!#-.0-?A-~]+")]
    password: Option<Secret>,
    /// Raise it to have `password` sent again.
    password_version: Option<i64>,
    /// Whether RDS keeps and rotates the password in Secrets Manager. Not for sources of replicas.
    #[attr(default = false)]
    manage_master_user_password: Option<bool>,
    /// KMS key for that secret.
    #[attr(aws_default = "AWS's own key for Secrets Manager")]
    master_user_secret_kms_key_id: Option<String>,
    /// TCP port.
    #[attr(range(1150, 65535), aws_default = "the engine's usual port")]
    port: Option<i32>,
    /// The subnets that it may stand in. A replica in the same region has its source's.
    #[attr(create_only, refers("db_subnet_group", "name"), canonical = lower, aws_default = "the default VPC's, or that of the source")]
    db_subnet_group_name: Option<String>,
    /// Security groups that guard it.
    #[attr(refers("security_group", "id"), aws_default = "the VPC's default group")]
    vpc_security_group_ids: Option<BTreeSet<String>>,
    /// Parameter group. Its static parameters take effect when the database is rebooted.
    #[attr(refers("db_parameter_group", "name"), canonical = lower, aws_default = "the engine's default group")]
    parameter_group_name: Option<String>,
    /// Option group.
    #[attr(aws_default = "the engine's default group")]
    option_group_name: Option<String>,
    /// Whether a standby in another zone takes over when this one fails.
    #[attr(default = false)]
    multi_az: bool,
    /// Zone of a database without standby.
    #[attr(create_only, aws_default = "AWS picks a zone, and moves it on failover")]
    availability_zone: Option<String>,
    /// Whether it has a public address.
    #[attr(default = false)]
    publicly_accessible: bool,
    /// Days that automated backups are kept; 0 for none. Replicas can be made only of what has backups.
    #[attr(range(0, 35), default = no_backups_unless_its_sources)]
    backup_retention_period: Option<i32>,
    /// When backups are made, in UTC: `03:00-04:00`.
    #[attr(aws_default = "AWS picks a window at random", pattern = "\\d\\d:\\d\\d-\\d\\d:\\d\\d")]
    backup_window: Option<String>,
    /// When AWS may interrupt it, in UTC: `sun:04:30-sun:05:30`.
    #[attr(
        aws_default = "AWS picks a window at random",
        canonical = lower,
        pattern = "[A-Za-z]{3}:\\d\\d:\\d\\d-[A-Za-z]{3}:\\d\\d:\\d\\d"
    )]
    maintenance_window: Option<String>,
    /// Whether AWS upgrades minor versions by itself.
    #[attr(default = true)]
    auto_minor_version_upgrade: bool,
    /// Whether a change of the major version is meant.
    #[attr(local, default = false)]
    allow_major_version_upgrade: bool,
    /// Whether changes that interrupt it are made at once.
    #[attr(local, default = false)]
    apply_immediately: bool,
    /// Whether no final snapshot is taken when it is deleted.
    #[attr(local, default = false)]
    skip_final_snapshot: bool,
    /// Name of the final snapshot; without it `<identifier>-final-<resource id>`.
    #[attr(local)]
    final_snapshot_identifier: Option<String>,
    /// Before what a snapshot is taken, which stays: a change of `engine_version`, of `instance_class`, or the
    /// `replacement` of the database, whatever `skip_final_snapshot` says.
    #[attr(local, values("engine_version", "instance_class", "replacement"))]
    snapshot_before: BTreeSet<String>,
    /// Whether automated backups go with it.
    #[attr(local, default = true)]
    delete_automated_backups: bool,
    /// Whether snapshots carry its tags.
    #[attr(default = false)]
    copy_tags_to_snapshot: bool,
    /// Whether AWS refuses to delete it.
    #[attr(default = false)]
    deletion_protection: bool,
    /// Seconds between samples of enhanced monitoring; 0 for none.
    #[attr(default = 0, range(0, 60))]
    monitoring_interval: i32,
    /// ARN of the role that sends the samples.
    #[attr(refers("iam_role", "arn"))]
    monitoring_role_arn: Option<String>,
    /// Whether Performance Insights is on.
    #[attr(default = false)]
    performance_insights_enabled: bool,
    /// ARN of the KMS key for Performance Insights.
    #[attr(aws_default = "AWS's own key for RDS")]
    performance_insights_kms_key_id: Option<String>,
    /// Days that Performance Insights keeps: 7, 731, or a multiple of 31.
    #[attr(aws_default = "7 days")]
    performance_insights_retention_period: Option<i32>,
    /// How much Database Insights shows; `advanced` needs Performance Insights for 465 days.
    #[attr(aws_default = "standard", values("standard", "advanced"))]
    database_insights_mode: Option<String>,
    /// Logs that go to CloudWatch Logs: `postgresql`, `upgrade`, `error`, `general`, `slowquery`, `audit`.
    #[attr(default = no_logs_unless_its_sources)]
    enabled_cloudwatch_logs_exports: Option<BTreeSet<String>>,
    /// Whether users can log in with IAM.
    #[attr(default = false)]
    iam_database_authentication_enabled: bool,
    /// Certificate authority of its certificate, such as `rds-ca-rsa2048-g1`.
    #[attr(aws_default = "AWS's current one")]
    ca_cert_identifier: Option<String>,
    /// Whether it has IPv4 addresses only, or IPv6 addresses too (`DUAL`).
    #[attr(aws_default = "IPV4, or that of the source", values("IPV4", "DUAL"))]
    network_type: Option<String>,
    /// Whether its transaction log has a volume of its own.
    #[attr(default = false)]
    dedicated_log_volume: bool,
    /// Whether AWS goes on supporting the version, for money, after its end: `open-source-rds-extended-support`, or
    /// `open-source-rds-extended-support-disabled`.
    #[attr(aws_default = "extended support, or that of the source")]
    engine_lifecycle_support: Option<String>,
    /// Character set of Oracle and SQL Server.
    #[attr(create_only, aws_default = "the engine's own")]
    character_set_name: Option<String>,
    /// National character set of Oracle.
    #[attr(create_only, aws_default = "the engine's own")]
    nchar_character_set_name: Option<String>,
    /// Time zone of SQL Server and Db2.
    #[attr(create_only, aws_default = "the engine's own")]
    timezone: Option<String>,
    /// Licence model of commercial engines.
    #[attr(aws_default = "the engine's own")]
    license_model: Option<String>,
    /// Name of the database that it is a replica of; ARN where that one is in another region. Taking the line away
    /// promotes the replica.
    #[attr(same = same_source)]
    replicate_source_db: Option<String>,
    /// Whether a replica of Oracle can be read.
    #[attr(aws_default = "open-read-only", values("open-read-only", "mounted"))]
    replica_mode: Option<String>,
    /// Snapshot that it is restored from, once; AWS does not remember it.
    #[attr(local)]
    snapshot_identifier: Option<String>,
    /// Point in another database's time that it is restored to, once; AWS does not remember it.
    #[attr(local)]
    restore_to_point_in_time: Option<PointInTime>,
}

/// A point in the time of another database.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("source_db_instance_identifier", "source_dbi_resource_id", "source_db_instance_automated_backups_arn"),
    exactly_one("restore_time", "use_latest_restorable_time")
)]
pub struct PointInTime {
    /// The database, by name.
    source_db_instance_identifier: Option<String>,
    /// The database, by its resource id, which also finds one that is gone.
    source_dbi_resource_id: Option<String>,
    /// Backups that were kept of a database that is gone, by ARN.
    source_db_instance_automated_backups_arn: Option<String>,
    /// The moment: `2027-01-31T12:00:00Z`.
    restore_time: Option<String>,
    /// The latest moment that there is.
    use_latest_restorable_time: Option<bool>,
}

/// What a database tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:db:{name}")]
    arn: String,
    /// Host name and port.
    #[attr(looks_like = "{name}.{lower:12}.{region}.rds.amazonaws.com:5432", changes_on("port"))]
    endpoint: String,
    /// Host name.
    #[attr(looks_like = "{name}.{lower:12}.{region}.rds.amazonaws.com")]
    address: String,
    /// Route 53 zone of the host name.
    #[attr(looks_like = "Z{upper:13}")]
    hosted_zone_id: String,
    /// The id that stays the same when the database is renamed.
    #[attr(looks_like = "db-{upper:26}")]
    resource_id: String,
    /// The version that runs.
    #[attr(looks_like = "{attr:engine_version}", changes_on("engine_version"))]
    engine_version_actual: String,
    /// ARN of the secret that RDS keeps the password in.
    #[attr(
        looks_like = "arn:aws:secretsmanager:{region}:{account}:secret:rds!db-{uuid}",
        changes_on("manage_master_user_password")
    )]
    master_user_secret_arn: Option<String>,
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
            read: &["rds:DescribeDBInstances", "rds:DescribeDBEngineVersions", "rds:DescribeDBSnapshots"],
            create: &[
                "rds:CreateDBInstance", "rds:CreateDBInstanceReadReplica", "rds:RestoreDBInstanceFromDBSnapshot",
                "rds:RestoreDBInstanceToPointInTime", "rds:ModifyDBInstance", "rds:AddTagsToResource",
                "iam:CreateServiceLinkedRole", "iam:GetRole", "iam:PassRole",
            ],
            update: &[
                "rds:ModifyDBInstance", "rds:PromoteReadReplica", "rds:CreateDBSnapshot", "rds:AddTagsToResource",
                "rds:RemoveTagsFromResource", "iam:GetRole", "iam:PassRole",
            ],
            delete: &["rds:DeleteDBInstance", "rds:CreateDBSnapshot", "rds:AddTagsToResource"],
        },
        takes: PerVerb::new(600, 300, 300),
        timeouts: PerVerb::new(7200, 7200, 7200),
        calls: PerVerb::new(3, 4, 2),
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
        create::create(self, cx, new).await?;
        Ok(self.identifier.to_lowercase())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if live.spec.replicate_source_db.is_some() && self.replicate_source_db.is_none() {
            modify::promote(self, cx, live).await?;
        }
        modify::update(self, cx, live).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        remove::remove(cx, live, last).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        rules::check(self)
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        let wanted = self.replicate_source_db.as_deref()?;
        (live.replicate_source_db.as_deref().map(rules::short) != Some(rules::short(wanted)))
            .then(|| ("replicate_source_db", "a database becomes a replica only when it is made".to_owned()))
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        unless_denied(rules::may_create(self, cx).await)
    }

    async fn may_update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<Violation>> {
        unless_denied(rules::may_update(self, cx, &live.spec).await)
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
            && remove::takes_snapshot(live, last)
            && support::snapshot(cx, name).await?.is_some()
        {
            found.push(
                Violation::new("final_snapshot_identifier", format!("a snapshot {name} exists already"))
                    .hint("choose another name, or leave the line out"),
            );
        }
        Ok(found)
    }
}

/// Being unable to ask ahead is no reason not to try.
fn unless_denied(asked: Result<Vec<Violation>>) -> Result<Vec<Violation>> {
    match asked {
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Unavailable) => Ok(Vec::new()),
        asked => asked,
    }
}
