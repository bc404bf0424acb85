//! The calls that make, change and delete databases.

use aws_sdk_rds::primitives::{DateTime, DateTimeFormat};
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{Declared, Secret, Status};

use super::db_instance::{DbInstance, missing};
use crate::aws::tags::rds as tags;
use crate::aws::{Cx, Live, Op, changed};

/// Codes of things that RDS cannot see yet: a monitoring role or key made a moment ago, a subnet group, a source.
const YOUNG: &[&str] =
    &["DBSubnetGroupNotFoundFault", "KMSKeyNotAccessibleFault", "InvalidDBInstanceState", "DBParameterGroupNotFound"];

fn list<T: Clone>(set: Option<&std::collections::BTreeSet<T>>) -> Option<Vec<T>> {
    set.map(|set| set.iter().cloned().collect())
}

fn reveal(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.reveal().to_owned())
}

/// Makes a database: a new one, a replica, or one restored from a snapshot or a point in time.
pub(super) async fn create(db: &DbInstance, cx: &Cx<'_>, new: &Declared) -> Result<()> {
    if let Some(source) = &db.replicate_source_db {
        replicate(db, cx, new, source).await
    } else if let Some(snapshot) = &db.snapshot_identifier {
        restore(db, cx, new, snapshot).await
    } else if db.restore_to_point_in_time.is_some() {
        restore_in_time(db, cx, new).await
    } else {
        make(db, cx, new).await
    }
}

async fn make(db: &DbInstance, cx: &Cx<'_>, new: &Declared) -> Result<()> {
    let engine = db.engine.as_ref().ok_or_else(|| missing("engine"))?;
    cx.call(Op::new("rds:CreateDBInstance").racing(YOUNG), || {
        cx.rds()
            .create_db_instance()
            .db_instance_identifier(&*db.identifier)
            .db_instance_class(&db.instance_class)
            .engine(engine)
            .set_engine_version(db.engine_version.clone())
            .set_allocated_storage(db.allocated_storage)
            .set_max_allocated_storage(db.max_allocated_storage)
            .set_storage_type(Some(storage_type(db)))
            .set_iops(db.iops)
            .set_storage_throughput(db.storage_throughput)
            .set_storage_encrypted(db.storage_encrypted)
            .set_kms_key_id(db.kms_key_id.clone())
            .set_db_name(db.db_name.clone())
            .set_master_username(db.username.clone())
            .set_master_user_password(reveal(db.password.as_ref()))
            .set_manage_master_user_password(db.manage_master_user_password)
            .set_master_user_secret_kms_key_id(db.master_user_secret_kms_key_id.clone())
            .set_port(db.port)
            .set_db_subnet_group_name(db.db_subnet_group_name.clone())
            .set_vpc_security_group_ids(list(db.vpc_security_group_ids.as_ref()))
            .set_db_parameter_group_name(db.parameter_group_name.clone())
            .set_option_group_name(db.option_group_name.clone())
            .multi_az(db.multi_az)
            .set_availability_zone(db.availability_zone.clone().filter(|_| !db.multi_az))
            .publicly_accessible(db.publicly_accessible)
            .backup_retention_period(db.backup_retention_period)
            .set_preferred_backup_window(db.backup_window.clone())
            .set_preferred_maintenance_window(db.maintenance_window.clone())
            .auto_minor_version_upgrade(db.auto_minor_version_upgrade)
            .copy_tags_to_snapshot(db.copy_tags_to_snapshot)
            .deletion_protection(db.deletion_protection)
            .monitoring_interval(db.monitoring_interval)
            .set_monitoring_role_arn(db.monitoring_role_arn.clone())
            .enable_performance_insights(db.performance_insights_enabled)
            .set_performance_insights_kms_key_id(insights(db, db.performance_insights_kms_key_id.clone()))
            .set_performance_insights_retention_period(insights(db, db.performance_insights_retention_period))
            .set_enable_cloudwatch_logs_exports(list(Some(&db.enabled_cloudwatch_logs_exports)))
            .enable_iam_database_authentication(db.iam_database_authentication_enabled)
            .set_ca_certificate_identifier(db.ca_cert_identifier.clone())
            .set_license_model(db.license_model.clone())
            .set_tags(Some(tags::write(&new.tags)))
            .send()
    })
    .await?;
    Ok(())
}

/// A replica inherits what it is not told; in its source's region its subnet group too.
async fn replicate(db: &DbInstance, cx: &Cx<'_>, new: &Declared, source: &str) -> Result<()> {
    let elsewhere = source.starts_with("arn:");
    cx.call(Op::new("rds:CreateDBInstanceReadReplica").racing(YOUNG), || {
        cx.rds()
            .create_db_instance_read_replica()
            .db_instance_identifier(&*db.identifier)
            .source_db_instance_identifier(source)
            .db_instance_class(&db.instance_class)
            .set_storage_type(db.storage_type.clone())
            .set_iops(db.iops)
            .set_max_allocated_storage(db.max_allocated_storage)
            .set_kms_key_id(db.kms_key_id.clone().filter(|_| elsewhere))
            .set_port(db.port)
            .set_db_subnet_group_name(db.db_subnet_group_name.clone().filter(|_| elsewhere))
            .set_vpc_security_group_ids(list(db.vpc_security_group_ids.as_ref()))
            .multi_az(db.multi_az)
            .set_availability_zone(db.availability_zone.clone().filter(|_| !db.multi_az))
            .publicly_accessible(db.publicly_accessible)
            .auto_minor_version_upgrade(db.auto_minor_version_upgrade)
            .copy_tags_to_snapshot(db.copy_tags_to_snapshot)
            .deletion_protection(db.deletion_protection)
            .monitoring_interval(db.monitoring_interval)
            .set_monitoring_role_arn(db.monitoring_role_arn.clone())
            .enable_performance_insights(db.performance_insights_enabled)
            .set_enable_cloudwatch_logs_exports(list(Some(&db.enabled_cloudwatch_logs_exports)))
            .enable_iam_database_authentication(db.iam_database_authentication_enabled)
            .set_tags(Some(tags::write(&new.tags)))
            .send()
    })
    .await?;
    Ok(())
}

/// A restored database takes the default groups unless told, and cannot be told everything: the rest is an update.
async fn restore(db: &DbInstance, cx: &Cx<'_>, new: &Declared, snapshot: &str) -> Result<()> {
    cx.call(Op::new("rds:RestoreDBInstanceFromDBSnapshot").racing(YOUNG), || {
        cx.rds()
            .restore_db_instance_from_db_snapshot()
            .db_instance_identifier(&*db.identifier)
            .db_snapshot_identifier(snapshot)
            .db_instance_class(&db.instance_class)
            .set_engine(db.engine.clone())
            .set_storage_type(db.storage_type.clone())
            .set_iops(db.iops)
            .set_port(db.port)
            .set_db_subnet_group_name(db.db_subnet_group_name.clone())
            .set_vpc_security_group_ids(list(db.vpc_security_group_ids.as_ref()))
            .set_db_parameter_group_name(db.parameter_group_name.clone())
            .multi_az(db.multi_az)
            .set_availability_zone(db.availability_zone.clone().filter(|_| !db.multi_az))
            .publicly_accessible(db.publicly_accessible)
            .auto_minor_version_upgrade(db.auto_minor_version_upgrade)
            .copy_tags_to_snapshot(db.copy_tags_to_snapshot)
            .deletion_protection(db.deletion_protection)
            .set_enable_cloudwatch_logs_exports(list(Some(&db.enabled_cloudwatch_logs_exports)))
            .enable_iam_database_authentication(db.iam_database_authentication_enabled)
            .set_tags(Some(tags::write(&new.tags)))
            .send()
    })
    .await?;
    Ok(())
}

async fn restore_in_time(db: &DbInstance, cx: &Cx<'_>, new: &Declared) -> Result<()> {
    let point = db.restore_to_point_in_time.as_ref().ok_or_else(|| missing("restore_to_point_in_time"))?;
    let moment = point
        .restore_time
        .as_deref()
        .map(|text| DateTime::from_str(text, DateTimeFormat::DateTime))
        .transpose()
        .map_err(|error| Error::internal(format!("`restore_time` is no moment: {error}")))?;
    cx.call(Op::new("rds:RestoreDBInstanceToPointInTime").racing(YOUNG), || {
        cx.rds()
            .restore_db_instance_to_point_in_time()
            .target_db_instance_identifier(&*db.identifier)
            .set_source_db_instance_identifier(point.source_db_instance_identifier.clone())
            .set_source_dbi_resource_id(point.source_dbi_resource_id.clone())
            .set_restore_time(moment)
            .set_use_latest_restorable_time(point.use_latest_restorable_time)
            .db_instance_class(&db.instance_class)
            .set_storage_type(db.storage_type.clone())
            .set_iops(db.iops)
            .set_port(db.port)
            .set_db_subnet_group_name(db.db_subnet_group_name.clone())
            .set_vpc_security_group_ids(list(db.vpc_security_group_ids.as_ref()))
            .set_db_parameter_group_name(db.parameter_group_name.clone())
            .multi_az(db.multi_az)
            .set_availability_zone(db.availability_zone.clone().filter(|_| !db.multi_az))
            .publicly_accessible(db.publicly_accessible)
            .auto_minor_version_upgrade(db.auto_minor_version_upgrade)
            .copy_tags_to_snapshot(db.copy_tags_to_snapshot)
            .deletion_protection(db.deletion_protection)
            .set_max_allocated_storage(db.max_allocated_storage)
            .set_enable_cloudwatch_logs_exports(list(Some(&db.enabled_cloudwatch_logs_exports)))
            .enable_iam_database_authentication(db.iam_database_authentication_enabled)
            .set_tags(Some(tags::write(&new.tags)))
            .send()
    })
    .await?;
    Ok(())
}

/// Makes an independent database of a replica; there is no way back.
pub(super) async fn promote(db: &DbInstance, cx: &Cx<'_>, live: &Live<DbInstance>) -> Result<()> {
    cx.call(Op::new("rds:PromoteReadReplica").racing(&["InvalidDBInstanceState"]), || {
        cx.rds()
            .promote_read_replica()
            .db_instance_identifier(&live.id)
            .backup_retention_period(db.backup_retention_period)
            .set_preferred_backup_window(db.backup_window.clone())
            .send()
    })
    .await?;
    Ok(())
}

/// Changes what differs, in one call.
pub(super) async fn modify(db: &DbInstance, cx: &Cx<'_>, live: &Live<DbInstance>) -> Result<()> {
    let from = &live.spec;
    let comparable = DbInstance { password: None, ..db.clone() };
    let same = DbInstance {
        allow_major_version_upgrade: from.allow_major_version_upgrade,
        apply_immediately: from.apply_immediately,
        skip_final_snapshot: from.skip_final_snapshot,
        final_snapshot_identifier: from.final_snapshot_identifier.clone(),
        delete_automated_backups: from.delete_automated_backups,
        snapshot_identifier: from.snapshot_identifier.clone(),
        restore_to_point_in_time: from.restore_to_point_in_time.clone(),
        password_version: from.password_version,
        ..comparable
    } == *from;
    if same && db.password.is_none() {
        return Ok(());
    }
    let logs = changed(&db.enabled_cloudwatch_logs_exports, &from.enabled_cloudwatch_logs_exports).map(|wanted| {
        let on = wanted.difference(&from.enabled_cloudwatch_logs_exports).cloned().collect();
        let off = from.enabled_cloudwatch_logs_exports.difference(&wanted).cloned().collect();
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(Some(on))
            .set_disable_log_types(Some(off))
            .build()
    });
    // Growing by itself is turned off by allowing no more than there is.
    let most = (db.max_allocated_storage != from.max_allocated_storage)
        .then(|| db.max_allocated_storage.or(db.allocated_storage).or(from.allocated_storage))
        .flatten();
    let storage = db.allocated_storage.filter(|wanted| from.allocated_storage.is_none_or(|there| *wanted > there));
    let iops = db.iops.filter(|_| db.iops != from.iops || storage.is_some() && db.iops.is_some());
    let version = db.engine_version.clone().filter(|wanted| from.engine_version.as_ref() != Some(wanted));
    let major = version.as_ref().map(|_| db.allow_major_version_upgrade);
    let managed = db.manage_master_user_password.unwrap_or_default();
    let managed = (managed != from.manage_master_user_password.unwrap_or_default()).then_some(managed);
    cx.call(Op::new("rds:ModifyDBInstance").racing(&["InvalidDBInstanceState"]), || {
        cx.rds()
            .modify_db_instance()
            .db_instance_identifier(&live.id)
            .apply_immediately(db.apply_immediately)
            .set_allow_major_version_upgrade(major)
            .set_engine_version(version.clone())
            .set_db_instance_class(changed(&db.instance_class, &from.instance_class))
            .set_allocated_storage(storage.or(iops.and(from.allocated_storage)))
            .set_max_allocated_storage(most)
            .set_storage_type(changed(&db.storage_type, &from.storage_type).flatten())
            .set_iops(iops)
            .set_storage_throughput(changed(&db.storage_throughput, &from.storage_throughput).flatten())
            .set_master_user_password(reveal(db.password.as_ref()))
            .set_manage_master_user_password(managed)
            .set_db_port_number(changed(&db.port, &from.port).flatten())
            .set_vpc_security_group_ids(list(
                changed(&db.vpc_security_group_ids, &from.vpc_security_group_ids).flatten().as_ref(),
            ))
            .set_db_parameter_group_name(changed(&db.parameter_group_name, &from.parameter_group_name).flatten())
            .set_option_group_name(changed(&db.option_group_name, &from.option_group_name).flatten())
            .set_multi_az(changed(&db.multi_az, &from.multi_az))
            .set_publicly_accessible(changed(&db.publicly_accessible, &from.publicly_accessible))
            .set_backup_retention_period(changed(&db.backup_retention_period, &from.backup_retention_period))
            .set_preferred_backup_window(changed(&db.backup_window, &from.backup_window).flatten())
            .set_preferred_maintenance_window(changed(&db.maintenance_window, &from.maintenance_window).flatten())
            .set_auto_minor_version_upgrade(changed(&db.auto_minor_version_upgrade, &from.auto_minor_version_upgrade))
            .set_copy_tags_to_snapshot(changed(&db.copy_tags_to_snapshot, &from.copy_tags_to_snapshot))
            .set_deletion_protection(changed(&db.deletion_protection, &from.deletion_protection))
            .set_monitoring_interval(changed(&db.monitoring_interval, &from.monitoring_interval))
            .set_monitoring_role_arn(changed(&db.monitoring_role_arn, &from.monitoring_role_arn).flatten())
            .set_enable_performance_insights(changed(
                &db.performance_insights_enabled,
                &from.performance_insights_enabled,
            ))
            .set_performance_insights_retention_period(insights(db, db.performance_insights_retention_period))
            .set_cloudwatch_logs_export_configuration(logs.clone())
            .set_enable_iam_database_authentication(changed(
                &db.iam_database_authentication_enabled,
                &from.iam_database_authentication_enabled,
            ))
            .set_ca_certificate_identifier(changed(&db.ca_cert_identifier, &from.ca_cert_identifier).flatten())
            .set_license_model(changed(&db.license_model, &from.license_model).flatten())
            .send()
    })
    .await?;
    Ok(())
}

/// Deletes a database, with a final snapshot wherever RDS takes one and nobody said otherwise.
pub(super) async fn delete(cx: &Cx<'_>, live: &Live<DbInstance>, last: Option<&DbInstance>) -> Result<()> {
    let replica = live.spec.replicate_source_db.is_some();
    let broken = matches!(live.status, Status::Failed(_));
    let skip = replica || broken || last.is_some_and(|last| last.skip_final_snapshot);
    let name = last.and_then(|last| last.final_snapshot_identifier.clone());
    let default = || format!("{}-final-{}", live.id, live.outputs.resource_id.to_lowercase());
    let snapshot = (!skip).then(|| name.unwrap_or_else(default));
    if let Some(name) = &snapshot {
        (cx.progress)(&format!("with the final snapshot {name}"));
    }
    let keep_backups = last.is_none_or(|last| !last.delete_automated_backups);
    let done = cx
        .call(Op::new("rds:DeleteDBInstance").racing(&["InvalidDBInstanceState"]), || {
            cx.rds()
                .delete_db_instance()
                .db_instance_identifier(&live.id)
                .skip_final_snapshot(skip)
                .set_final_db_snapshot_identifier(snapshot.clone())
                .delete_automated_backups(!keep_backups || replica)
                .send()
        })
        .await;
    done.map(drop)
}

/// Whether there is a manual snapshot of that name.
pub(super) async fn snapshot_exists(cx: &Cx<'_>, name: &str) -> Result<bool> {
    let found = cx
        .call(Op::new("rds:DescribeDBSnapshots"), || {
            cx.rds().describe_db_snapshots().db_snapshot_identifier(name).send()
        })
        .await;
    match found {
        Ok(found) => Ok(!found.db_snapshots().is_empty()),
        Err(error) if matches!(error.code(), Some("DBSnapshotNotFound" | "DBSnapshotNotFoundFault")) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether RDS offers a version of an engine.
pub(super) async fn version_exists(cx: &Cx<'_>, engine: &str, version: &str) -> Result<bool> {
    let found = cx
        .call(Op::new("rds:DescribeDBEngineVersions"), || {
            cx.rds().describe_db_engine_versions().engine(engine).engine_version(version).send()
        })
        .await?;
    Ok(!found.db_engine_versions().is_empty())
}

/// Terraform's default, said explicitly because the API's own differs from call to call.
fn storage_type(db: &DbInstance) -> String {
    let default = if db.iops.is_some() { "io1" } else { "gp2" };
    db.storage_type.clone().unwrap_or_else(|| default.to_owned())
}

fn insights<T>(db: &DbInstance, value: Option<T>) -> Option<T> {
    value.filter(|_| db.performance_insights_enabled)
}
