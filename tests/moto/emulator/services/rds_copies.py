"""RDS: instances made of others (replicas, restores), and snapshots."""

from __future__ import annotations

from typing import Any

from .. import pace
from ..hooks import AFTER, Context, after, before
from ..wire import AwsError
from .rds import KEPT, available, begin, find, full_version, unused

# What moto keeps nowhere is kept of these as well.
for _operation in ("CreateDBInstanceReadReplica", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"):
    AFTER["rds", _operation].append(KEPT._created)

#: What a new instance has unless the call says otherwise, whatever its source has.
ITS_OWN = {
    "MultiAZ": ("multi_az", False),
    "PubliclyAccessible": ("publicly_accessible", False),
    "DeletionProtection": ("deletion_protection", False),
    "MonitoringInterval": ("monitoring_interval", 0),
    "MonitoringRoleArn": ("monitoring_role_arn", None),
    "EnableIAMDatabaseAuthentication": ("enable_iam_database_authentication", False),
    "CopyTagsToSnapshot": ("copy_tags_to_snapshot", False),
    "AutoMinorVersionUpgrade": ("auto_minor_version_upgrade", True),
}


def own(ctx: Context, instance: Any) -> None:
    """moto lets an instance share the lists of its source, and keeps what the call sets to false or leaves out."""
    params = ctx.params
    for member, (name, default) in ITS_OWN.items():
        setattr(instance, name, params.get(member, default))
    instance.tags = list(params.get("Tags") or [])
    instance.enabled_cloudwatch_logs_exports = list(params.get("EnableCloudwatchLogsExports") or [])
    groups = params.get("VpcSecurityGroupIds")
    if not groups:
        group = getattr(instance, "db_subnet_group", None)
        ec2 = ctx.backend("ec2")
        groups = [ec2.get_default_security_group(group.vpc_id if group else ec2.default_vpc.id).id]
    instance.vpc_security_group_ids = list(groups)


# Replicas.


@before("rds", "CreateDBInstanceReadReplica")
def replica_check(ctx: Context) -> dict[str, Any]:
    """The source must be available and have backups; in its region the replica has its subnet group."""
    params = {**ctx.params, "DBInstanceIdentifier": unused(ctx, ctx.params["DBInstanceIdentifier"])}
    source = params["SourceDBInstanceIdentifier"]
    if source.startswith("arn:"):
        return params
    database = find(ctx, source)
    available(ctx, source.lower())
    if not database.backup_retention_period:
        raise AwsError("InvalidDBInstanceState", "Automated backups are not enabled for this database instance.")
    if database.manage_master_user_password and not database.engine.startswith("sqlserver"):
        raise AwsError("InvalidParameterCombination", "The source manages its password with Secrets Manager.")
    if params.get("DBSubnetGroupName"):
        raise AwsError("DBSubnetGroupNotAllowedFault", "DBSubnetGroupName must not be given in the same region.")
    return {**params, "SourceDBInstanceIdentifier": source.lower()}


@after("rds", "CreateDBInstanceReadReplica")
def replicated(ctx: Context, output: dict[str, Any]) -> None:
    """A replica has no backups of its own; storage grows as far as its source's unless told otherwise."""
    replica = find(ctx, ctx.params["DBInstanceIdentifier"])
    own(ctx, replica)
    replica.backup_retention_period = 0
    begin(ctx, output["DBInstance"])


@after("rds", "PromoteReadReplica")
def promoted(ctx: Context, output: dict[str, Any]) -> None:
    """moto leaves the replica with its source."""
    replica = find(ctx, ctx.params["DBInstanceIdentifier"])
    source = ctx.backend().databases.get((replica.source_db_instance_identifier or "").split(":")[-1])
    if source is not None and replica.db_instance_identifier in source.replicas:
        source.replicas.remove(replica.db_instance_identifier)
    replica.source_db_instance_identifier = None
    output["DBInstance"].pop("ReadReplicaSourceDBInstanceIdentifier", None)
    pace.begin(ctx, "db_instance_change", replica.db_instance_identifier)


@before("rds", "PromoteReadReplica")
def promotion_check(ctx: Context) -> dict[str, Any]:
    """Only a replica that is available can be promoted."""
    ident = ctx.params["DBInstanceIdentifier"].lower()
    if find(ctx, ident).source_db_instance_identifier is None:
        raise AwsError("InvalidDBInstanceState", f"DB Instance {ident} is not a read replica.")
    available(ctx, ident)
    return {**ctx.params, "DBInstanceIdentifier": ident}


# Restores.


@before("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")
def restore_check(ctx: Context) -> dict[str, Any]:
    """The name must be free; and the source there: of an instance, with backups."""
    params = dict(ctx.params)
    target = "TargetDBInstanceIdentifier" if "UseLatestRestorableTime" in params or "RestoreTime" in params else None
    target = target or "DBInstanceIdentifier"
    params[target] = unused(ctx, params[target])
    if target == "TargetDBInstanceIdentifier":
        if "SourceDbiResourceId" in params:
            wanted = params.pop("SourceDbiResourceId")
            fitting = [d for d in ctx.backend().databases.values() if d.dbi_resource_id == wanted]
            if not fitting:
                raise AwsError("DBInstanceNotFound", f"There is no instance {wanted}.", 404)
            params["SourceDBInstanceIdentifier"] = fitting[0].db_instance_identifier
        if not find(ctx, params["SourceDBInstanceIdentifier"]).backup_retention_period:
            raise AwsError("PointInTimeRestoreNotEnabled", "Backups of the source are off.")
    else:
        params["DBSnapshotIdentifier"] = params["DBSnapshotIdentifier"].lower()
    ctx.store("restoring")["target"] = params[target]
    # What moto makes the new instance of must not be told what only the source knows.
    for name in ("MonitoringRoleArn", "MonitoringInterval"):
        params.pop(name, None)
    return params


@after("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")
def restored(ctx: Context, output: dict[str, Any]) -> None:
    """The default groups unless given, no second zone, and nothing of its source's but data, storage and backups."""
    instance = find(ctx, ctx.store("restoring").pop("target"))
    own(ctx, instance)
    instance.replicas, instance.is_replica, instance.source_db_instance_identifier = [], False, None
    instance.db_parameter_group_name = ctx.params.get("DBParameterGroupName")
    if ctx.params.get("EngineVersion"):
        instance.engine_version = full_version(instance.engine, ctx.params["EngineVersion"])
    begin(ctx, output["DBInstance"])


# Snapshots.


@before("rds", "CreateDBSnapshot")
def snapshot_check(ctx: Context) -> dict[str, Any]:
    """The instance must be available."""
    ident = ctx.params["DBInstanceIdentifier"].lower()
    find(ctx, ident)
    available(ctx, ident)
    name = ctx.params["DBSnapshotIdentifier"].lower()
    if name in ctx.backend().database_snapshots:
        raise AwsError("DBSnapshotAlreadyExists", f"Cannot create the snapshot because {name} already exists.")
    return {**ctx.params, "DBInstanceIdentifier": ident, "DBSnapshotIdentifier": name}


@after("rds", "CreateDBSnapshot")
def snapshot_begins(ctx: Context, output: dict[str, Any]) -> None:
    """At first it is being created, and has no time."""
    pace.begin(ctx, "db_snapshot", output["DBSnapshot"]["DBSnapshotIdentifier"])
    output["DBSnapshot"]["Status"] = "creating"


@before("rds", "DescribeDBSnapshots", "DeleteDBSnapshot")
def snapshot_any_case(ctx: Context) -> dict[str, Any] | None:
    """Names are found whatever their case; a snapshot cannot be deleted while it is made."""
    name = ctx.params.get("DBSnapshotIdentifier")
    if name is None:
        return None
    if ctx.call.operation == "DeleteDBSnapshot" and pace.busy(ctx, "db_snapshot", name.lower()):
        raise AwsError("InvalidDBSnapshotState", f"Snapshot {name} is being created.")
    return {**ctx.params, "DBSnapshotIdentifier": name.lower()}


@after("rds", "DescribeDBSnapshots")
def snapshots(ctx: Context, output: dict[str, Any]) -> None:
    """Snapshots in the state they are in."""
    for snapshot in output["DBSnapshots"]:
        transition = pace.look(ctx, "db_snapshot", snapshot["DBSnapshotIdentifier"])
        if transition is not None:
            snapshot["Status"] = "creating" if transition.underway else "failed"
            snapshot["PercentProgress"] = 50 if transition.underway else 0
            snapshot.pop("SnapshotCreateTime", None)
