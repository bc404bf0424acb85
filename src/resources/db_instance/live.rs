//! From what RDS reports to what a stack says.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{DatabaseInsightsMode, DbInstance as Sdk, PendingModifiedValues, ReplicaMode};
use clefctl_core::kind::Status;

use super::{DbInstance, Outputs};
use crate::aws::Live;
use crate::aws::tags::rds as tags;

/// States in which a database is of no use any more (RDS user guide, "Viewing DB instance status").
const FAILED: &[&str] = &[
    "failed", "restore-error", "incompatible-network", "incompatible-option-group", "incompatible-parameters",
    "incompatible-restore", "incompatible-create", "inaccessible-encryption-credentials", "insufficient-capacity",
];

/// A database as a stack would say it. What waits for the maintenance window counts as done.
pub(in crate::resources) fn live(db: &Sdk) -> Live<DbInstance> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let nothing = PendingModifiedValues::builder().build();
    let pending = db.pending_modified_values().unwrap_or(&nothing);
    let id = db.db_instance_identifier().unwrap_or_default().to_owned();
    let status = db.db_instance_status().unwrap_or_default();
    let storage = pending.allocated_storage().or(db.allocated_storage());
    let groups = db.vpc_security_groups().iter().filter_map(|group| own(group.vpc_security_group_id()));
    let logs = db.enabled_cloudwatch_logs_exports();
    let mut exported: BTreeSet<String> = logs.iter().cloned().collect();
    if let Some(changes) = pending.pending_cloudwatch_logs_exports() {
        // The two lists are what is being turned on and what is being turned off.
        exported.extend(changes.log_types_to_enable().iter().cloned());
        exported.retain(|log| !changes.log_types_to_disable().contains(log));
    }
    let port = pending.port().or(db.endpoint().and_then(aws_sdk_rds::types::Endpoint::port)).or(db.db_instance_port());
    Live {
        spec: DbInstance {
            identifier: id.as_str().into(),
            engine: own(db.engine()),
            engine_version: own(pending.engine_version().or(db.engine_version())),
            instance_class: own(pending.db_instance_class().or(db.db_instance_class())).unwrap_or_default(),
            allocated_storage: storage,
            // Turned off means: as much as there is.
            max_allocated_storage: Some(
                db.max_allocated_storage().filter(|most| Some(*most) != storage).unwrap_or_default(),
            ),
            storage_type: own(pending.storage_type().or(db.storage_type())),
            iops: pending.iops().or(db.iops()),
            storage_throughput: pending.storage_throughput().or(db.storage_throughput()),
            storage_encrypted: Some(db.storage_encrypted().unwrap_or_default()),
            kms_key_id: own(db.kms_key_id()),
            db_name: own(db.db_name()),
            username: own(db.master_username()),
            password: None,
            password_version: None,
            manage_master_user_password: Some(db.master_user_secret().is_some()),
            master_user_secret_kms_key_id: own(db.master_user_secret().and_then(|secret| secret.kms_key_id())),
            port: port.filter(|port| *port != 0),
            db_subnet_group_name: own(db.db_subnet_group().and_then(|group| group.db_subnet_group_name())),
            vpc_security_group_ids: Some(groups.collect()),
            parameter_group_name: own(db
                .db_parameter_groups()
                .first()
                .and_then(|group| group.db_parameter_group_name())),
            option_group_name: own(db.option_group_memberships().first().and_then(|group| group.option_group_name())),
            multi_az: pending.multi_az().or(db.multi_az()).unwrap_or_default(),
            availability_zone: own(db.availability_zone()),
            publicly_accessible: db.publicly_accessible().unwrap_or_default(),
            backup_retention_period: Some(
                pending.backup_retention_period().or(db.backup_retention_period()).unwrap_or_default(),
            ),
            backup_window: own(db.preferred_backup_window()),
            maintenance_window: db.preferred_maintenance_window().map(str::to_lowercase),
            auto_minor_version_upgrade: db.auto_minor_version_upgrade().unwrap_or_default(),
            allow_major_version_upgrade: false,
            apply_immediately: false,
            skip_final_snapshot: false,
            final_snapshot_identifier: None,
            delete_automated_backups: true,
            snapshot_before: BTreeSet::new(),
            copy_tags_to_snapshot: db.copy_tags_to_snapshot().unwrap_or_default(),
            deletion_protection: db.deletion_protection().unwrap_or_default(),
            monitoring_interval: db.monitoring_interval().unwrap_or_default(),
            monitoring_role_arn: own(db.monitoring_role_arn()).filter(|_| db.monitoring_interval() != Some(0)),
            performance_insights_enabled: db.performance_insights_enabled().unwrap_or_default(),
            performance_insights_kms_key_id: own(db.performance_insights_kms_key_id()),
            performance_insights_retention_period: db.performance_insights_retention_period(),
            database_insights_mode: own(db.database_insights_mode().map(DatabaseInsightsMode::as_str)),
            enabled_cloudwatch_logs_exports: Some(exported),
            iam_database_authentication_enabled: pending
                .iam_database_authentication_enabled()
                .or(db.iam_database_authentication_enabled())
                .unwrap_or_default(),
            ca_cert_identifier: own(pending.ca_certificate_identifier().or(db.ca_certificate_identifier())),
            network_type: own(db.network_type()),
            dedicated_log_volume: pending.dedicated_log_volume().or(db.dedicated_log_volume()).unwrap_or_default(),
            engine_lifecycle_support: own(db.engine_lifecycle_support()),
            character_set_name: own(db.character_set_name()),
            nchar_character_set_name: own(db.nchar_character_set_name()),
            timezone: own(db.timezone()),
            license_model: own(pending.license_model().or(db.license_model())),
            replicate_source_db: own(db.read_replica_source_db_instance_identifier()).filter(|id| !id.is_empty()),
            replica_mode: own(db.replica_mode().map(ReplicaMode::as_str)),
            snapshot_identifier: None,
            restore_to_point_in_time: None,
        },
        outputs: outputs(db),
        tags: tags::read(db.tag_list()),
        status: match status {
            // Replicas can be made and clients can connect while storage is optimised or a window is awaited.
            "available" | "storage-optimization" | "storage-full" | "stopped" => Status::Usable,
            "deleting" => Status::Dying(status.to_owned()),
            failed if FAILED.contains(&failed) => Status::Failed(failed.to_owned()),
            _ => Status::Pending(status.to_owned()),
        },
        id,
    }
}

fn outputs(db: &Sdk) -> Outputs {
    let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let endpoint = db.endpoint();
    let address = own(endpoint.and_then(|endpoint| endpoint.address()));
    let port = endpoint.and_then(aws_sdk_rds::types::Endpoint::port).unwrap_or_default();
    Outputs {
        id: own(db.db_instance_identifier()),
        arn: own(db.db_instance_arn()),
        endpoint: format!("{address}:{port}"),
        address,
        hosted_zone_id: own(endpoint.and_then(|endpoint| endpoint.hosted_zone_id())),
        resource_id: own(db.dbi_resource_id()),
        engine_version_actual: own(db.engine_version()),
        master_user_secret_arn: db.master_user_secret().and_then(|secret| secret.secret_arn()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_window_counts_as_done() {
        let pending = PendingModifiedValues::builder().db_instance_class("db.t3.small").multi_az(true).build();
        let db = Sdk::builder()
            .db_instance_identifier("db")
            .db_instance_class("db.t3.micro")
            .multi_az(false)
            .db_instance_status("available")
            .pending_modified_values(pending)
            .build();
        let live = live(&db);
        assert_eq!((live.spec.instance_class.as_str(), live.spec.multi_az), ("db.t3.small", true));
        assert_eq!(live.status, Status::Usable);
    }
}
