"""RDS."""

from __future__ import annotations

from typing import Any

from selfcheck import Check


def instance(t: Check, **more: Any) -> Any:
    """A subnet group, a parameter group and an instance in them."""
    rds = t.client("rds")
    _, subnets = t.network()
    rds.create_db_subnet_group(DBSubnetGroupName="Data", DBSubnetGroupDescription="d", SubnetIds=subnets)
    rds.create_db_parameter_group(DBParameterGroupName="tuned", DBParameterGroupFamily="postgres15", Description="d")
    rds.create_db_instance(
        DBInstanceIdentifier="Main",
        Engine="postgres",
        EngineVersion="15",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="u",
        MasterUserPassword="long-enough",
        DBSubnetGroupName="data",
        DBParameterGroupName="tuned",
        **more,
    )
    return rds


def shown(rds: Any) -> dict[str, Any]:
    """The instance."""
    return rds.describe_db_instances(DBInstanceIdentifier="main")["DBInstances"][0]


def check_groups_are_guarded(t: Check) -> None:
    rds = t.client("rds")
    _, (first, second, third) = t.network("aab")
    make = lambda subnets: rds.create_db_subnet_group(  # noqa: E731
        DBSubnetGroupName="data", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    t.refused("DBSubnetGroupDoesNotCoverEnoughAZs", make, subnets=[first, second])
    make([first, third])
    t.refused("DBSubnetGroupAlreadyExists", make, subnets=[first, third])
    rds.modify_db_subnet_group(DBSubnetGroupName="data", SubnetIds=[second, third])
    read = rds.describe_db_subnet_groups(DBSubnetGroupName="data")["DBSubnetGroups"][0]
    t.equal({subnet["SubnetIdentifier"] for subnet in read["Subnets"]}, {second, third})


def check_what_is_used_cannot_be_deleted(t: Check) -> None:
    rds = instance(t, DeletionProtection=True)
    t.refused("InvalidDBSubnetGroupStateFault", rds.delete_db_subnet_group, DBSubnetGroupName="data")
    t.refused("InvalidDBParameterGroupState", rds.delete_db_parameter_group, DBParameterGroupName="tuned")
    end = lambda **more: rds.delete_db_instance(DBInstanceIdentifier="main", **more)  # noqa: E731
    t.refused("InvalidParameterCombination", end, SkipFinalSnapshot=True)
    rds.modify_db_instance(DBInstanceIdentifier="main", DeletionProtection=False)
    t.refused("InvalidParameterCombination", end)
    end(FinalDBSnapshotIdentifier="last")
    rds.delete_db_subnet_group(DBSubnetGroupName="data")
    rds.delete_db_parameter_group(DBParameterGroupName="tuned")
    t.equal([snapshot["DBSnapshotIdentifier"] for snapshot in rds.describe_db_snapshots()["DBSnapshots"]], ["last"])


def check_values_wait_for_the_window(t: Check) -> None:
    rds = instance(t)
    t.equal(shown(rds)["EngineVersion"], "15.12")
    change = lambda **more: rds.modify_db_instance(DBInstanceIdentifier="main", **more)  # noqa: E731
    change(DBInstanceClass="db.t3.small", BackupRetentionPeriod=5)
    now = shown(rds)
    t.equal(now["PendingModifiedValues"], {"DBInstanceClass": "db.t3.small"})
    t.equal((now["DBInstanceClass"], now["BackupRetentionPeriod"]), ("db.t3.micro", 5))
    change(ApplyImmediately=True)
    t.equal((shown(rds)["DBInstanceClass"], shown(rds)["PendingModifiedValues"]), ("db.t3.small", {}))
    change(MultiAZ=True)
    change(MultiAZ=False)
    t.equal(shown(rds)["PendingModifiedValues"], {})
    t.refused("InvalidParameterCombination", change, AllocatedStorage=10)
    t.refused("InvalidParameterCombination", change, EngineVersion="16")
    t.refused("InvalidParameterCombination", change, EngineVersion="15.10")


def check_instances_take_their_time(t: Check) -> None:
    t.control("slow", describes=2)
    rds = instance(t)
    states = lambda: shown(rds)["DBInstanceStatus"]  # noqa: E731
    t.refused("InvalidDBInstanceState", rds.modify_db_instance, DBInstanceIdentifier="main", MultiAZ=True)
    t.equal([states() for _ in range(3)], ["creating", "creating", "available"])
    rds.modify_db_instance(DBInstanceIdentifier="main", MultiAZ=True, ApplyImmediately=True)
    t.equal([states() for _ in range(3)], ["available", "modifying", "available"])
    t.equal(shown(rds)["MultiAZ"], True)
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    t.equal([states() for _ in range(2)], ["deleting", "deleting"])
    t.refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="main")


def check_parameters(t: Check) -> None:
    rds = instance(t)
    change = lambda name, method: rds.modify_db_parameter_group(  # noqa: E731
        DBParameterGroupName="tuned",
        Parameters=[{"ParameterName": name, "ParameterValue": "5", "ApplyMethod": method}],
    )
    t.refused("InvalidParameterCombination", change, name="max_connections", method="immediate")
    change("max_connections", "pending-reboot")
    t.equal(shown(rds)["DBParameterGroups"][0]["ParameterApplyStatus"], "pending-reboot")
    rds.reboot_db_instance(DBInstanceIdentifier="main")
    t.equal(shown(rds)["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync")
    rds.reset_db_parameter_group(DBParameterGroupName="tuned", Parameters=[{"ParameterName": "max_connections"}])
    t.equal(rds.describe_db_parameters(DBParameterGroupName="tuned", Source="user")["Parameters"], [])
    all_of_them = rds.describe_db_parameters(DBParameterGroupName="tuned")["Parameters"]
    types = {parameter["ParameterName"]: parameter["ApplyType"] for parameter in all_of_them}
    t.equal((types["max_connections"], types["work_mem"]), ("static", "dynamic"))


def check_replicas(t: Check) -> None:
    rds = instance(t)
    rds.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="main")
    read = lambda: rds.describe_db_instances(DBInstanceIdentifier="replica")["DBInstances"][0]  # noqa: E731
    t.equal(read()["ReadReplicaSourceDBInstanceIdentifier"], "main")
    assert read()["DbiResourceId"] != shown(rds)["DbiResourceId"]
    t.refused(
        "InvalidParameterCombination",
        rds.delete_db_instance,
        DBInstanceIdentifier="replica",
        FinalDBSnapshotIdentifier="x",
    )
    rds.promote_read_replica(DBInstanceIdentifier="replica")
    t.equal(read().get("ReadReplicaSourceDBInstanceIdentifier"), None)
    t.equal(shown(rds)["ReadReplicaDBInstanceIdentifiers"], [])


def check_copies_share_nothing(t: Check) -> None:
    rds = instance(t, BackupRetentionPeriod=7, MaxAllocatedStorage=50, EnableCloudwatchLogsExports=["postgresql"])
    rds.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="main")
    read = lambda name: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]  # noqa: E731
    replica = read("replica")
    t.equal((replica["BackupRetentionPeriod"], replica["MaxAllocatedStorage"]), (0, 50))
    t.equal(replica.get("EnabledCloudwatchLogsExports") or [], [])
    logs = {"EnableLogTypes": ["upgrade"]}
    rds.modify_db_instance(DBInstanceIdentifier="replica", CloudwatchLogsExportConfiguration=logs)
    t.equal(shown(rds)["EnabledCloudwatchLogsExports"], ["postgresql"])
    tags = [{"Key": "a", "Value": "b"}]
    rds.add_tags_to_resource(ResourceName=replica["DBInstanceArn"], Tags=tags)
    t.equal(shown(rds)["TagList"], [])


def check_restores(t: Check) -> None:
    rds = instance(t, DeletionProtection=True, Tags=[{"Key": "a", "Value": "b"}])
    rds.create_db_snapshot(DBInstanceIdentifier="Main", DBSnapshotIdentifier="Before")
    restore = lambda name: rds.restore_db_instance_from_db_snapshot(  # noqa: E731
        DBInstanceIdentifier=name, DBSnapshotIdentifier="before", EnableIAMDatabaseAuthentication=False
    )
    t.refused("DBInstanceAlreadyExists", restore, name="main")
    restore("again")
    again = rds.describe_db_instances(DBInstanceIdentifier="again")["DBInstances"][0]
    t.equal((again["DeletionProtection"], again["TagList"], again["Engine"]), (False, [], "postgres"))
    rds.restore_db_instance_to_point_in_time(
        TargetDBInstanceIdentifier="third",
        SourceDbiResourceId=shown(rds)["DbiResourceId"],
        UseLatestRestorableTime=True,
    )
    third = rds.describe_db_instances(DBInstanceIdentifier="third")["DBInstances"][0]
    t.equal((third["MasterUsername"], third["DeletionProtection"]), ("u", False))


def check_snapshots_take_their_time(t: Check) -> None:
    rds = instance(t)
    t.control("slow", describes=1)
    make = lambda: rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="s")  # noqa: E731
    t.equal(make()["DBSnapshot"]["Status"], "creating")
    t.refused("DBSnapshotAlreadyExists", make)
    t.refused("InvalidDBSnapshotState", rds.delete_db_snapshot, DBSnapshotIdentifier="s")
    states = lambda: rds.describe_db_snapshots(DBSnapshotIdentifier="S")["DBSnapshots"][0]["Status"]  # noqa: E731
    t.equal([states() for _ in range(2)], ["creating", "available"])
