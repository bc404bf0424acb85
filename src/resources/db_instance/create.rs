//! Making a database: a new one, a replica, or one restored from a snapshot or a point in time.

use aws_sdk_rds::primitives::{DateTime, DateTimeFormat};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Declared, TagChange, Tags, tag};

use super::rules::{missing, short};
use super::{DbInstance, PointInTime, modify, support};
use crate::aws::tags::rds as tags;
use crate::aws::{Cx, Op, young};

/// Codes of things that RDS cannot see yet: a subnet group, key or parameter group made a moment ago.
const YOUNG: &[&str] = &["DBSubnetGroupNotFoundFault", "KMSKeyNotAccessibleFault", "DBParameterGroupNotFound"];

/// The tag by which it is known that the password was sent.
const PASSWORD: &str = "password_version";

/// What all four calls that make databases take; they are of four types.
macro_rules! told {
    ($call:expr, $db:expr, $tags:expr) => {
        $call
            .db_instance_class(&$db.instance_class)
            .set_storage_type($db.storage_type.clone())
            .set_iops($db.iops)
            .set_storage_throughput($db.storage_throughput)
            .set_dedicated_log_volume(on($db.dedicated_log_volume))
            .set_port($db.port)
            .set_network_type($db.network_type.clone())
            .set_db_subnet_group_name($db.db_subnet_group_name.clone())
            .set_vpc_security_group_ids(list($db.vpc_security_group_ids.as_ref()))
            .set_db_parameter_group_name($db.parameter_group_name.clone())
            .set_option_group_name($db.option_group_name.clone())
            .multi_az($db.multi_az)
            .set_availability_zone($db.availability_zone.clone())
            .publicly_accessible($db.publicly_accessible)
            .auto_minor_version_upgrade($db.auto_minor_version_upgrade)
            .copy_tags_to_snapshot($db.copy_tags_to_snapshot)
            .deletion_protection($db.deletion_protection)
            .set_enable_cloudwatch_logs_exports(list($db.enabled_cloudwatch_logs_exports.as_ref()))
            .set_enable_iam_database_authentication(on($db.iam_database_authentication_enabled))
            .set_ca_certificate_identifier($db.ca_cert_identifier.clone())
            .set_tags(Some(tags::write($tags)))
    };
}

/// What the two calls take that make an instance which samples of enhanced monitoring are taken of from the start.
macro_rules! watched {
    ($call:expr, $db:expr) => {
        $call
            .set_max_allocated_storage(growth($db))
            .set_kms_key_id($db.kms_key_id.clone())
            .monitoring_interval($db.monitoring_interval)
            .set_monitoring_role_arn($db.monitoring_role_arn.clone())
            .set_enable_performance_insights(on($db.performance_insights_enabled))
            .set_performance_insights_kms_key_id(insights($db, $db.performance_insights_kms_key_id.clone()))
            .set_performance_insights_retention_period(insights($db, $db.performance_insights_retention_period))
            .set_database_insights_mode($db.database_insights_mode.as_deref().map(Into::into))
    };
}

/// What the two calls take that make an independent database of the data of another.
macro_rules! restored {
    ($call:expr, $db:expr) => {
        $call
            .set_engine($db.engine.clone())
            .set_license_model($db.license_model.clone())
            .set_engine_lifecycle_support($db.engine_lifecycle_support.clone())
            .set_backup_retention_period($db.backup_retention_period)
            .set_preferred_backup_window($db.backup_window.clone())
            .set_manage_master_user_password($db.manage_master_user_password.filter(|managed| *managed))
            .set_master_user_secret_kms_key_id($db.master_user_secret_kms_key_id.clone())
    };
}

/// Makes a database.
pub(super) async fn create(db: &DbInstance, cx: &Cx<'_>, new: &Declared) -> Result<()> {
    if !db.has_source() {
        return make(db, cx, &new.tags).await;
    }
    // Only an update can set the password of what is restored: until then nothing may say that it was sent.
    let sent = format!("{}{PASSWORD}", tag::PREFIX);
    let mut first = new.tags.clone();
    let version = first.remove(&sent);
    if let Some(source) = &db.replicate_source_db {
        replicate(db, cx, &first, source).await?;
    } else if let Some(snapshot) = &db.snapshot_identifier {
        restore(db, cx, &first, snapshot).await?;
    } else if let Some(point) = &db.restore_to_point_in_time {
        restore_in_time(db, cx, &first, point).await?;
    }
    // What these calls do not take, or copy from the source.
    let there = support::usable(cx, &db.identifier, |_| true).await?;
    modify::complete(db, cx, &there).await?;
    if let Some(version) = version {
        let change = TagChange { set: Tags::from([(sent, version)]), remove: Vec::new() };
        tags::change(cx, &there.outputs.arn, &change).await?;
    }
    Ok(())
}

async fn make(db: &DbInstance, cx: &Cx<'_>, new: &Tags) -> Result<()> {
    let engine = db.engine.as_ref().ok_or_else(|| missing("engine"))?;
    let db = &DbInstance { storage_type: Some(storage_type(db)), ..db.clone() };
    with_role(db, cx, || {
        cx.call(Op::new("rds:CreateDBInstance").racing(YOUNG), || {
            watched!(told!(cx.rds().create_db_instance(), db, new), db)
                .db_instance_identifier(&*db.identifier)
                .engine(engine)
                .set_engine_version(db.engine_version.clone())
                .set_engine_lifecycle_support(db.engine_lifecycle_support.clone())
                .set_allocated_storage(db.allocated_storage)
                .set_storage_encrypted(db.storage_encrypted)
                .set_db_name(db.db_name.clone())
                .set_master_username(db.username.clone())
                .set_master_user_password(db.password.as_ref().map(|secret| secret.reveal().to_owned()))
                .set_manage_master_user_password(db.manage_master_user_password.filter(|managed| *managed))
                .set_master_user_secret_kms_key_id(db.master_user_secret_kms_key_id.clone())
                .set_backup_retention_period(db.backup_retention_period)
                .set_preferred_backup_window(db.backup_window.clone())
                .set_preferred_maintenance_window(db.maintenance_window.clone())
                .set_license_model(db.license_model.clone())
                .set_character_set_name(db.character_set_name.clone())
                .set_nchar_character_set_name(db.nchar_character_set_name.clone())
                .set_timezone(db.timezone.clone())
                .send()
        })
    })
    .await
    .map(drop)
}

/// In its source's region a replica has its source's subnet group and key, and at first its parameter group.
async fn replicate(db: &DbInstance, cx: &Cx<'_>, new: &Tags, source: &str) -> Result<()> {
    let elsewhere = source.starts_with("arn:") && !source.contains(&format!(":{}:", cx.region));
    let told = |value: &Option<String>| value.clone().filter(|_| elsewhere);
    let db = &DbInstance {
        db_subnet_group_name: told(&db.db_subnet_group_name),
        kms_key_id: told(&db.kms_key_id),
        parameter_group_name: told(&db.parameter_group_name),
        ..db.clone()
    };
    with_role(db, cx, || {
        support::when_free(cx, short(source), || {
            cx.call(Op::new("rds:CreateDBInstanceReadReplica").racing(YOUNG), || {
                watched!(told!(cx.rds().create_db_instance_read_replica(), db, new), db)
                    .db_instance_identifier(&*db.identifier)
                    .source_db_instance_identifier(source)
                    .set_replica_mode(db.replica_mode.as_deref().map(Into::into))
                    .send()
            })
        })
    })
    .await
    .map(drop)
}

async fn restore(db: &DbInstance, cx: &Cx<'_>, new: &Tags, snapshot: &str) -> Result<()> {
    support::complete(cx, snapshot).await?;
    cx.call(Op::new("rds:RestoreDBInstanceFromDBSnapshot").racing(YOUNG), || {
        restored!(told!(cx.rds().restore_db_instance_from_db_snapshot(), db, new), db)
            .db_instance_identifier(&*db.identifier)
            .db_snapshot_identifier(snapshot)
            .send()
    })
    .await
    .map(drop)
}

async fn restore_in_time(db: &DbInstance, cx: &Cx<'_>, new: &Tags, point: &PointInTime) -> Result<()> {
    let moment = point
        .restore_time
        .as_deref()
        .map(|text| DateTime::from_str(text, DateTimeFormat::DateTime))
        .transpose()
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("`restore_time` is no moment: {error}")))?;
    cx.call(Op::new("rds:RestoreDBInstanceToPointInTime").racing(YOUNG), || {
        restored!(told!(cx.rds().restore_db_instance_to_point_in_time(), db, new), db)
            .target_db_instance_identifier(&*db.identifier)
            .set_source_db_instance_identifier(point.source_db_instance_identifier.clone())
            .set_source_dbi_resource_id(point.source_dbi_resource_id.clone())
            .set_source_db_instance_automated_backups_arn(point.source_db_instance_automated_backups_arn.clone())
            .set_restore_time(moment)
            .set_use_latest_restorable_time(point.use_latest_restorable_time)
            .set_max_allocated_storage(growth(db))
            .send()
    })
    .await
    .map(drop)
}

/// A monitoring role made a moment ago is refused with a code that can mean anything.
pub(super) async fn with_role<T, F, Fut>(db: &DbInstance, cx: &Cx<'_>, call: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    match &db.monitoring_role_arn {
        Some(role) => young::patiently(cx, "InvalidParameterValue", young::role(cx, role), call).await,
        None => call().await,
    }
}

fn list(set: Option<&std::collections::BTreeSet<String>>) -> Option<Vec<String>> {
    set.map(|set| set.iter().cloned().collect())
}

/// What not all engines take is said only where it is wanted.
fn on(wanted: bool) -> Option<bool> {
    wanted.then_some(true)
}

fn growth(db: &DbInstance) -> Option<i32> {
    db.max_allocated_storage.filter(|most| *most > 0)
}

fn insights<T>(db: &DbInstance, value: Option<T>) -> Option<T> {
    value.filter(|_| db.performance_insights_enabled)
}

/// Terraform's default, said explicitly because the API's own differs from call to call.
fn storage_type(db: &DbInstance) -> String {
    let default = if db.iops.is_some() { "io1" } else { "gp2" };
    db.storage_type.clone().unwrap_or_else(|| default.to_owned())
}
