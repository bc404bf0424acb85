//! Changing a database: promotion, the snapshot before, and one call with what differs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_sdk_rds::operation::modify_db_instance::ModifyDbInstanceInput as Input;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder as Change;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration as Logs, DbSnapshot, PendingModifiedValues};
use clefctl_core::error::Result;

use super::create::with_role;
use super::{DbInstance, support, version};
use crate::aws::{Cx, Live, Op, changed};

/// How old a snapshot may be that was taken for a change which was then cut short.
const FRESH: Duration = Duration::from_hours(1);

/// Makes an independent database of a replica; there is no way back.
pub(super) async fn promote(db: &DbInstance, cx: &Cx<'_>, live: &Live<DbInstance>) -> Result<()> {
    support::when_free(cx, &live.id, || {
        cx.call(Op::new("rds:PromoteReadReplica"), || {
            cx.rds()
                .promote_read_replica()
                .db_instance_identifier(&live.id)
                .set_backup_retention_period(db.backup_retention_period)
                .set_preferred_backup_window(db.backup_window.clone())
                .send()
        })
    })
    .await?;
    support::usable(cx, &live.id, |db| db.read_replica_source_db_instance_identifier().is_none_or(str::is_empty))
        .await?;
    Ok(())
}

/// Brings a database to what the stack says.
pub(super) async fn update(db: &DbInstance, cx: &Cx<'_>, live: &Live<DbInstance>) -> Result<()> {
    let change = change(db, &live.spec);
    for (what, changes) in [
        ("engine_version", change.get_engine_version().is_some()),
        ("instance_class", change.get_db_instance_class().is_some()),
    ] {
        if changes && db.snapshot_before.contains(what) {
            snapshot_before(cx, live, what).await?;
        }
    }
    send(db, cx, live, change, db.apply_immediately).await
}

/// Gives a database that was just made what the call that made it does not take; nobody uses it yet.
pub(super) async fn complete(db: &DbInstance, cx: &Cx<'_>, there: &Live<DbInstance>) -> Result<()> {
    send(db, cx, there, change(db, &there.spec), true).await
}

async fn send(db: &DbInstance, cx: &Cx<'_>, live: &Live<DbInstance>, change: Change, now: bool) -> Result<()> {
    if change == Input::builder() {
        return Ok(());
    }
    let change = change.db_instance_identifier(&live.id).apply_immediately(now);
    with_role(db, cx, || {
        support::when_free(cx, &live.id, || {
            cx.call(Op::new("rds:ModifyDBInstance"), || change.clone().send_with(cx.rds()))
        })
    })
    .await?;
    if now {
        // For a while the status says that all is well, and what is pending that it is not.
        let nothing = PendingModifiedValues::builder().build();
        support::usable(cx, &live.id, |db| db.pending_modified_values().is_none_or(|values| *values == nothing))
            .await?;
    }
    Ok(())
}

/// Takes a snapshot that bears the database's tags, and waits for it. One that a run took which was then cut short
/// does as well.
async fn snapshot_before(cx: &Cx<'_>, live: &Live<DbInstance>, what: &str) -> Result<()> {
    let prefix = format!("{}-before-{}-", live.id, what.replace('_', "-"));
    let found: Vec<DbSnapshot> = cx
        .call(Op::new("rds:DescribeDBSnapshots"), || {
            let snapshots = cx.rds().describe_db_snapshots().db_instance_identifier(&live.id).snapshot_type("manual");
            snapshots.into_paginator().items().send().try_collect()
        })
        .await?;
    let now = SystemTime::now();
    let ours = found.iter().find(|snapshot| {
        let name = snapshot.db_snapshot_identifier().unwrap_or_default();
        let taken = snapshot.snapshot_create_time().and_then(|time| SystemTime::try_from(*time).ok());
        // One that is being taken has no time yet.
        let age = taken.and_then(|taken| now.duration_since(taken).ok()).unwrap_or_default();
        let of_this = snapshot.dbi_resource_id() == Some(live.outputs.resource_id.as_str());
        of_this && name.starts_with(&prefix) && age < FRESH
    });
    let name = if let Some(name) = ours.and_then(DbSnapshot::db_snapshot_identifier) {
        name.to_owned()
    } else {
        let name = format!("{prefix}{}", DateTime::from(now).secs());
        (cx.progress)(&format!("with the snapshot {name} before"));
        match support::take(cx, &live.id, &name, &live.tags).await {
            // No other has this name: after a lost answer it is ours.
            Err(error) if error.code() == Some("DBSnapshotAlreadyExists") => {}
            taken => taken?,
        }
        name
    };
    support::complete(cx, &name).await
}

/// What differs, as the call takes it; empty where nothing does. What the stack does not say never differs.
fn change(db: &DbInstance, from: &DbInstance) -> Change {
    let some = |wanted: &Option<String>, there: &Option<String>| changed(wanted, there).flatten();
    // Growing by itself is turned off by allowing no more than there is.
    let there = db.allocated_storage.max(from.allocated_storage);
    let most = changed(&db.max_allocated_storage, &from.max_allocated_storage).flatten();
    let most = most.and_then(|most| if most == 0 { there } else { Some(most) });
    let grown = db.allocated_storage.filter(|wanted| from.allocated_storage.is_none_or(|there| *wanted > there));
    let iops = changed(&db.iops, &from.iops).flatten().or(grown.and(db.iops));
    let version = db.engine_version.clone().filter(|wanted| {
        // A version by its beginning is left alone while it suffices: RDS would take the newest.
        from.engine_version.as_deref().is_none_or(|there| !version::runs(wanted, there))
    });
    let major = version.as_ref().and(db.allow_major_version_upgrade.then_some(true));
    let managed = changed(&db.manage_master_user_password, &from.manage_master_user_password).flatten();
    let key = some(&db.master_user_secret_kms_key_id, &from.master_user_secret_kms_key_id);
    let insights = changed(&db.performance_insights_enabled, &from.performance_insights_enabled);
    // What comes with turning something on has to be said then, though it may be what was there before.
    let kept = changed(&db.performance_insights_retention_period, &from.performance_insights_retention_period)
        .flatten()
        .or(insights.and(db.performance_insights_retention_period))
        .filter(|_| db.performance_insights_enabled);
    let interval = changed(&db.monitoring_interval, &from.monitoring_interval);
    let role = some(&db.monitoring_role_arn, &from.monitoring_role_arn);
    Input::builder()
        .set_engine_version(version)
        .set_allow_major_version_upgrade(major)
        .set_db_instance_class(changed(&db.instance_class, &from.instance_class))
        .set_allocated_storage(grown.or(iops.and(from.allocated_storage)))
        .set_max_allocated_storage(most)
        .set_storage_type(some(&db.storage_type, &from.storage_type))
        .set_iops(iops)
        .set_storage_throughput(changed(&db.storage_throughput, &from.storage_throughput).flatten())
        .set_dedicated_log_volume(changed(&db.dedicated_log_volume, &from.dedicated_log_volume))
        .set_master_user_password(db.password.as_ref().map(|secret| secret.reveal().to_owned()))
        .set_manage_master_user_password(managed.or(key.as_ref().map(|_| true)))
        .set_master_user_secret_kms_key_id(key)
        .set_db_port_number(changed(&db.port, &from.port).flatten())
        .set_network_type(some(&db.network_type, &from.network_type))
        .set_vpc_security_group_ids(
            changed(&db.vpc_security_group_ids, &from.vpc_security_group_ids)
                .flatten()
                .map(|groups| groups.into_iter().collect()),
        )
        .set_db_parameter_group_name(some(&db.parameter_group_name, &from.parameter_group_name))
        .set_option_group_name(some(&db.option_group_name, &from.option_group_name))
        .set_multi_az(changed(&db.multi_az, &from.multi_az))
        .set_publicly_accessible(changed(&db.publicly_accessible, &from.publicly_accessible))
        .set_backup_retention_period(changed(&db.backup_retention_period, &from.backup_retention_period).flatten())
        .set_preferred_backup_window(some(&db.backup_window, &from.backup_window))
        .set_preferred_maintenance_window(
            some(&db.maintenance_window, &from.maintenance_window)
                .filter(|window| from.maintenance_window.as_deref() != Some(&window.to_lowercase())),
        )
        .set_auto_minor_version_upgrade(changed(&db.auto_minor_version_upgrade, &from.auto_minor_version_upgrade))
        .set_copy_tags_to_snapshot(changed(&db.copy_tags_to_snapshot, &from.copy_tags_to_snapshot))
        .set_deletion_protection(changed(&db.deletion_protection, &from.deletion_protection))
        .set_monitoring_interval(interval)
        .set_monitoring_role_arn(role.or(interval.and(db.monitoring_role_arn.clone())))
        .set_enable_performance_insights(insights)
        .set_performance_insights_kms_key_id(
            some(&db.performance_insights_kms_key_id, &from.performance_insights_kms_key_id)
                .or(insights.and(db.performance_insights_kms_key_id.clone()))
                .filter(|_| db.performance_insights_enabled),
        )
        .set_performance_insights_retention_period(kept)
        .set_database_insights_mode(
            some(&db.database_insights_mode, &from.database_insights_mode).as_deref().map(Into::into),
        )
        .set_cloudwatch_logs_export_configuration(logs(db, from))
        .set_enable_iam_database_authentication(changed(
            &db.iam_database_authentication_enabled, &from.iam_database_authentication_enabled,
        ))
        .set_ca_certificate_identifier(some(&db.ca_cert_identifier, &from.ca_cert_identifier))
        .set_license_model(some(&db.license_model, &from.license_model))
        .set_engine_lifecycle_support(some(&db.engine_lifecycle_support, &from.engine_lifecycle_support))
        .set_replica_mode(some(&db.replica_mode, &from.replica_mode).as_deref().map(Into::into))
}

/// The logs that are turned on and off.
fn logs(db: &DbInstance, from: &DbInstance) -> Option<Logs> {
    let nothing = BTreeSet::new();
    let wanted = db.enabled_cloudwatch_logs_exports.as_ref()?;
    let there = from.enabled_cloudwatch_logs_exports.as_ref().unwrap_or(&nothing);
    (wanted != there).then(|| {
        Logs::builder()
            .set_enable_log_types(Some(wanted.difference(there).cloned().collect()))
            .set_disable_log_types(Some(there.difference(wanted).cloned().collect()))
            .build()
    })
}

#[cfg(test)]
mod tests {
    use super::super::live::live;
    use super::*;

    fn there() -> DbInstance {
        live(
            &aws_sdk_rds::types::DbInstance::builder()
                .db_instance_identifier("db")
                .db_instance_class("db.t3.micro")
                .engine_version("15.8")
                .allocated_storage(30)
                .max_allocated_storage(100)
                .preferred_maintenance_window("sun:03:30-sun:04:30")
                .enabled_cloudwatch_logs_exports("upgrade")
                .build(),
        )
        .spec
    }

    #[test]
    fn what_suffices_is_not_sent() {
        let wanted = DbInstance {
            engine_version: Some("15".to_owned()),
            allocated_storage: Some(20),
            maintenance_window: Some("Sun:03:30-Sun:04:30".to_owned()),
            ..there()
        };
        assert_eq!(change(&wanted, &there()), Input::builder());
        let silent = DbInstance {
            max_allocated_storage: None,
            backup_retention_period: None,
            enabled_cloudwatch_logs_exports: None,
            ..there()
        };
        assert_eq!(change(&silent, &there()), Input::builder());
    }

    #[test]
    fn what_differs_is_sent() {
        let wanted = DbInstance {
            engine_version: Some("16".to_owned()),
            allow_major_version_upgrade: true,
            max_allocated_storage: Some(0),
            enabled_cloudwatch_logs_exports: Some(["postgresql".to_owned()].into()),
            ..there()
        };
        let logs = Logs::builder().enable_log_types("postgresql").disable_log_types("upgrade").build();
        let want = Input::builder()
            .engine_version("16")
            .allow_major_version_upgrade(true)
            .max_allocated_storage(30)
            .cloudwatch_logs_export_configuration(logs);
        assert_eq!(change(&wanted, &there()), want);
    }
}
