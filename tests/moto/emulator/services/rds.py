"""RDS: instances."""

from __future__ import annotations

import random
import string
from typing import Any

from .. import pace
from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .ec2_network import begin_linger

#: Engine -> its versions, the newest of each major version last.
VERSIONS = {
    "postgres": ["13.18", "13.20", "14.15", "14.17", "15.10", "15.12", "16.6", "16.8", "17.2", "17.4"],
    "mysql": ["8.0.40", "8.0.41", "8.4.4"],
    "mariadb": ["10.6.21", "10.11.11", "11.4.5"],
}


def major(engine: str, version: str) -> str:
    """The part of a version that an upgrade across is a major one."""
    return version.split(".")[0] if engine == "postgres" else ".".join(version.split(".")[:2])


def full_version(engine: str, version: str | None) -> str | None:
    """The newest version that begins with `version`, as AWS takes a prefix."""
    known = VERSIONS.get(engine)
    if known is None:
        return version
    fitting = [one for one in known if version is None or one == version or one.startswith(f"{version}.")]
    if not fitting:
        raise AwsError("InvalidParameterCombination", f"Cannot find version {version} for {engine}")
    return fitting[-1]


@instead("rds", "DescribeDBEngineVersions")
def engine_versions(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    engine, version = ctx.params.get("Engine"), ctx.params.get("EngineVersion")
    found = []
    for name, versions in VERSIONS.items():
        for one in versions if engine in (None, name) else []:
            if version is None or one == version or one.startswith(f"{version}."):
                targets = [v for v in versions if versions.index(v) > versions.index(one)]
                found.append(
                    {
                        "Engine": name,
                        "EngineVersion": one,
                        "MajorEngineVersion": major(name, one),
                        "DBParameterGroupFamily": f"{name}{major(name, one)}",
                        "Status": "available",
                        "ValidUpgradeTarget": [
                            {
                                "Engine": name,
                                "EngineVersion": target,
                                "IsMajorVersionUpgrade": major(name, target) != major(name, one),
                            }
                            for target in targets
                        ],
                    }
                )
    return {"DBEngineVersions": found[-1:] if ctx.params.get("DefaultOnly") else found}


def _identifier(params: dict[str, Any], output: dict[str, Any]) -> str:
    return (params.get("TargetDBInstanceIdentifier") or params["DBInstanceIdentifier"]).lower()


KEPT = Echo(
    "rds",
    create="CreateDBInstance",
    update="ModifyDBInstance",
    describe="DescribeDBInstances",
    members=(
        "EnablePerformanceInsights",
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsKMSKeyId",
        "NetworkType",
        "EngineLifecycleSupport",
        "DatabaseInsightsMode",
        "DedicatedLogVolume",
        "ReplicaMode",
    ),
    rename={"EnablePerformanceInsights": "PerformanceInsightsEnabled"},
    defaults={
        "PerformanceInsightsEnabled": False,
        "NetworkType": "IPV4",
        "EngineLifecycleSupport": "open-source-rds-extended-support",
        "DedicatedLogVolume": False,
        "DatabaseInsightsMode": "standard",
    },
    identity=_identifier,
    items=lambda output: ((item["DBInstanceIdentifier"], item) for item in output.get("DBInstances", [])),
)


def find(ctx: Context, ident: str) -> Any:
    """moto's instance."""
    database = ctx.backend("rds").databases.get(ident.lower())
    if database is None:
        raise AwsError("DBInstanceNotFound", f"DBInstance {ident} not found.", 404)
    return database


def available(ctx: Context, ident: str) -> None:
    """AWS refuses work on an instance that is not available."""
    if any(pace.busy(ctx, kind, ident) for kind in ("db_instance", "db_instance_change", "db_instance_end")):
        raise AwsError("InvalidDBInstanceState", f"Database instance is not in available state: {ident}")


def unused(ctx: Context, ident: str) -> str:
    """The name as RDS keeps it; refused while an instance has it, be it one that is being deleted."""
    ident = ident.lower()
    if ident in ctx.backend("rds").databases or pace.peek(ctx, "db_instance_end", ident) is not None:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
    return ident


@before("rds", "CreateDBInstance")
def create_check(ctx: Context) -> dict[str, Any]:
    """Names are kept in lower case, versions are completed, passwords have at least eight characters."""
    params = dict(ctx.params)
    params["DBInstanceIdentifier"] = unused(ctx, params["DBInstanceIdentifier"])
    if len(params.get("MasterUserPassword", "longenough")) < 8:
        raise AwsError("InvalidParameterValue", "The parameter MasterUserPassword is shorter than 8 characters.")
    version = full_version(params["Engine"], params.get("EngineVersion"))
    if version is not None:
        params["EngineVersion"] = version
    if params.get("DBParameterGroupName"):
        params["DBParameterGroupName"] = params["DBParameterGroupName"].lower()
    group = ctx.backend().subnet_groups.get(params.get("DBSubnetGroupName", "").lower())
    if group is not None and not params.get("VpcSecurityGroupIds"):
        # moto takes the default group of the default VPC.
        params["VpcSecurityGroupIds"] = [ctx.backend("ec2").get_default_security_group(group.vpc_id).id]
    return params


@after("rds", "CreateDBInstance")
def created(ctx: Context, output: dict[str, Any]) -> None:
    """Each instance has a resource id of its own; at first it is being created, and has no endpoint."""
    begin(ctx, output["DBInstance"])


def begin(ctx: Context, shown: dict[str, Any]) -> None:
    """Starts an instance's life."""
    ident = shown["DBInstanceIdentifier"]
    resource = "db-" + "".join(random.choices(string.ascii_uppercase + string.digits, k=26))
    find(ctx, ident).dbi_resource_id = shown["DbiResourceId"] = resource
    ctx.store("pending").pop(ident, None)
    ctx.store("pending_reboot").pop(ident, None)
    pace.begin(ctx, "db_instance", ident)
    shown["DBInstanceStatus"] = "creating"
    shown.pop("Endpoint", None)


@before("rds", "DescribeDBInstances")
def find_any_case(ctx: Context) -> dict[str, Any] | None:
    """Names are found whatever their case; and an instance that is being deleted is found too."""
    ident = ctx.params.get("DBInstanceIdentifier")
    return {**ctx.params, "DBInstanceIdentifier": ident.lower()} if ident else None


@instead("rds", "DescribeDBInstances")
def describe(ctx: Context) -> dict[str, Any]:
    """Instances in the state they are in, with what waits for the maintenance window."""
    wanted = ctx.params.get("DBInstanceIdentifier")
    leaving = []
    for ident in pace.of(ctx, "db_instance_end"):
        transition = pace.look(ctx, "db_instance_end", ident)
        if transition is not None and transition.ghost is not None and wanted in (None, ident):
            leaving.append({**transition.ghost, "DBInstanceStatus": "deleting"})
    if wanted is not None and leaving:
        return {"DBInstances": leaving}
    output = ctx.perform(ctx.params)
    output["DBInstances"] = [shown(ctx, instance) for instance in output["DBInstances"]] + leaving
    return output


def shown(ctx: Context, instance: dict[str, Any]) -> dict[str, Any]:
    """One instance."""
    ident = instance["DBInstanceIdentifier"]
    change = pace.look(ctx, "db_instance_change", ident)
    if change is None and (ctx.store("pending").get(ident) or {}).get("apply"):
        apply(ctx, ident)
        instance = ctx.ask("rds", "DescribeDBInstances", {"DBInstanceIdentifier": ident})["DBInstances"][0]
    transition = pace.look(ctx, "db_instance", ident)
    if transition is not None:
        instance["DBInstanceStatus"] = "creating" if transition.underway else "failed"
        instance.pop("Endpoint", None)
    elif change is not None:
        # After a modification the status says available for a while.
        instance["DBInstanceStatus"] = "available" if change.left == ctx.account.slow else "modifying"
    pending = ctx.store("pending").get(ident)
    instance["PendingModifiedValues"] = dict(pending["values"]) if pending else {}
    if ctx.store("pending_reboot").get(ident):
        for group in instance.get("DBParameterGroups", []):
            group["ParameterApplyStatus"] = "pending-reboot"
    return instance


# What waits for the window unless it is to be applied at once; moto applies all of it at once.

DEFERRED = {
    "DBInstanceClass": "DBInstanceClass",
    "EngineVersion": "EngineVersion",
    "MultiAZ": "MultiAZ",
    "Iops": "Iops",
    "StorageThroughput": "StorageThroughput",
    "AllocatedStorage": "AllocatedStorage",
    "StorageType": "StorageType",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "NewDBInstanceIdentifier": "DBInstanceIdentifier",
    "DBSubnetGroupName": "DBSubnetGroupName",
    "CACertificateIdentifier": "CACertificateIdentifier",
}
CURRENT = {
    "DBInstanceClass": "db_instance_class",
    "EngineVersion": "engine_version",
    "MultiAZ": "multi_az",
    "Iops": "iops",
    "StorageThroughput": "storage_throughput",
    "AllocatedStorage": "allocated_storage",
    "StorageType": "storage_type",
    "BackupRetentionPeriod": "backup_retention_period",
    "CACertificateIdentifier": "ca_certificate_identifier",
}


@instead("rds", "ModifyDBInstance")
def modify(ctx: Context) -> dict[str, Any]:
    """Some values change at once, others in the maintenance window or when told to."""
    params = dict(ctx.params)
    ident = params["DBInstanceIdentifier"] = params["DBInstanceIdentifier"].lower()
    database = find(ctx, ident)
    available(ctx, ident)
    check_change(database, params)
    deferred = {
        name: params.pop(name)
        for name in DEFERRED
        if name in params and params[name] != getattr(database, CURRENT.get(name, ""), None)
    }
    if 0 not in (deferred.get("BackupRetentionPeriod", 0), database.backup_retention_period):
        # From some days to other days there is nothing to wait for.
        params["BackupRetentionPeriod"] = deferred.pop("BackupRetentionPeriod")
    for name in DEFERRED:
        if name in params and name not in ("BackupRetentionPeriod",):
            del params[name]
    if params.get("DBParameterGroupName"):
        params["DBParameterGroupName"] = params["DBParameterGroupName"].lower()
        if params["DBParameterGroupName"] != database.db_parameter_group_name:
            ctx.store("pending_reboot")[ident] = True
    if "DBPortNumber" in params:
        # moto keeps it, and shows the old one.
        database.port = params.pop("DBPortNumber")
    now = bool(params.pop("ApplyImmediately", False))
    # What is set back to what is there does not wait any more.
    before = (ctx.store("pending").pop(ident, None) or {}).get("params", {})
    waiting = {name: value for name, value in before.items() if name not in ctx.params} | deferred
    output = ctx.perform({**params, "ApplyImmediately": True})
    if waiting:
        values = {DEFERRED[name]: value for name, value in waiting.items()}
        ctx.store("pending")[ident] = {"params": waiting, "values": values, "apply": now}
        if now and pace.begin(ctx, "db_instance_change", ident) is None:
            apply(ctx, ident)
    ident = (waiting.get("NewDBInstanceIdentifier") or ident).lower() if now and not ctx.account.slow else ident
    output["DBInstance"] = shown_now(ctx, ident)
    return output


def check_change(database: Any, params: dict[str, Any]) -> None:
    """What AWS refuses to change."""
    if params.get("AllocatedStorage", database.allocated_storage) < database.allocated_storage:
        raise AwsError("InvalidParameterCombination", "Cannot modify storage size to less than the current size.")
    if "EngineVersion" in params:
        version = params["EngineVersion"] = full_version(database.engine, params["EngineVersion"])
        known = VERSIONS.get(database.engine, [])
        if version in known and database.engine_version in known:
            if known.index(version) < known.index(database.engine_version):
                raise AwsError(
                    "InvalidParameterCombination", f"Cannot upgrade {database.engine} from {database.engine_version} to {version}"
                )
            crossing = major(database.engine, version) != major(database.engine, database.engine_version)
            if crossing and not params.get("AllowMajorVersionUpgrade"):
                raise AwsError(
                    "InvalidParameterCombination",
                    "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
                )


def apply(ctx: Context, ident: str) -> None:
    """Lets what was waiting happen."""
    pending = ctx.store("pending").pop(ident, None)
    if pending:
        ctx.ask("rds", "ModifyDBInstance", {"DBInstanceIdentifier": ident, **pending["params"], "ApplyImmediately": True})


def shown_now(ctx: Context, ident: str) -> dict[str, Any]:
    """The instance, without counting a describe."""
    instance = ctx.ask("rds", "DescribeDBInstances", {"DBInstanceIdentifier": ident})["DBInstances"][0]
    pending = ctx.store("pending").get(ident)
    return {**instance, "PendingModifiedValues": dict(pending["values"]) if pending else {}}


@after("rds", "RebootDBInstance")
def rebooted(ctx: Context, output: dict[str, Any]) -> None:
    """Static parameters and pending values take effect."""
    ident = ctx.params["DBInstanceIdentifier"].lower()
    ctx.store("pending_reboot").pop(ident, None)
    apply(ctx, ident)


@instead("rds", "DeleteDBInstance")
def delete(ctx: Context) -> dict[str, Any]:
    """A final snapshot has to be named, or refused; a replica cannot have one."""
    params = {**ctx.params, "DBInstanceIdentifier": ctx.params["DBInstanceIdentifier"].lower()}
    ident = params["DBInstanceIdentifier"]
    if pace.peek(ctx, "db_instance_end", ident) is not None:
        raise AwsError("InvalidDBInstanceState", f"Instance {ident} is already being deleted.")
    database = find(ctx, ident)
    skip, final = params.get("SkipFinalSnapshot"), params.get("FinalDBSnapshotIdentifier")
    if not skip and not final:
        raise AwsError(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    if skip and final:
        raise AwsError("InvalidParameterCombination", "FinalDBSnapshotIdentifier cannot be given with SkipFinalSnapshot.")
    if final and database.is_replica:
        raise AwsError("InvalidParameterCombination", "FinalDBSnapshotIdentifier can not be specified for a read replica.")
    if final and final.lower() in ctx.backend().database_snapshots:
        raise AwsError("DBSnapshotAlreadyExists", f"Cannot create the snapshot because {final} already exists.")
    ghost = shown_now(ctx, ident)
    output = ctx.perform(params)
    for kind in ("db_instance", "db_instance_change"):
        ctx.store("pace").pop((kind, ident), None)
    ctx.store("pending").pop(ident, None)
    pace.begin(ctx, "db_instance_end", ident, ghost)
    group = getattr(database, "db_subnet_group", None)
    begin_linger(ctx, [s.id for s in group._subnets] if group else [], list(database.vpc_security_group_ids))
    output["DBInstance"]["DBInstanceStatus"] = "deleting"
    return output
