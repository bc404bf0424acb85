"""RDS: subnet groups and parameter groups."""

from __future__ import annotations

from typing import Any

from .. import pace
from ..hooks import Context, after, before, instead
from ..wire import AwsError


def databases(ctx: Context) -> list[Any]:
    """moto's instances."""
    return list(ctx.backend("rds").databases.values())


def zones(ctx: Context, subnets: list[str]) -> set[str]:
    """The availability zones of subnets; unknown ones are refused."""
    ec2 = ctx.backend("ec2")
    try:
        return {ec2.get_subnet(subnet).availability_zone for subnet in subnets}
    except Exception as error:
        raise AwsError("InvalidSubnet", f"Some input subnets are invalid: {error}") from error


def covering(ctx: Context) -> None:
    """AWS wants two availability zones."""
    if len(zones(ctx, ctx.params["SubnetIds"])) < 2:
        raise AwsError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement: at least 2.",
        )


@before("rds", "CreateDBSubnetGroup")
def subnet_group_check(ctx: Context) -> None:
    """moto overwrites a group of the same name."""
    name = ctx.params["DBSubnetGroupName"].lower()
    if name in ctx.backend().subnet_groups:
        raise AwsError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    covering(ctx)


@instead("rds", "ModifyDBSubnetGroup")
def modify_subnet_group(ctx: Context) -> dict[str, Any]:
    """moto loses the group it modifies. A subnet in use cannot be taken out."""
    params = {**ctx.params, "DBSubnetGroupName": ctx.params["DBSubnetGroupName"].lower()}
    groups = ctx.backend().subnet_groups
    group = groups.get(params["DBSubnetGroupName"])
    if group is None:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DB subnet group '{params['DBSubnetGroupName']}' not found.", 404)
    covering(ctx)
    gone = [subnet for subnet in group._subnets if subnet.id not in params["SubnetIds"]]
    for database in users(ctx, group.name):
        if any(subnet.availability_zone == database.availability_zone for subnet in gone):
            raise AwsError("SubnetAlreadyInUse", f"The subnet is used by {database.db_instance_identifier}.")
    output = ctx.perform(params)
    groups[group.name] = group
    return output


def users(ctx: Context, group: str) -> list[Any]:
    """The instances in a subnet group."""
    return [
        database
        for database in databases(ctx)
        if getattr(database, "db_subnet_group", None) is not None and database.db_subnet_group.name == group
    ]


@before("rds", "DeleteDBSubnetGroup")
def subnet_group_in_use(ctx: Context) -> dict[str, Any]:
    """moto lets it go, and then fails to describe any instance."""
    name = ctx.params["DBSubnetGroupName"].lower()
    ghosts = [pace.peek(ctx, "db_instance_end", ident) for ident in pace.of(ctx, "db_instance_end")]
    held = [(g.ghost.get("DBSubnetGroup") or {}).get("DBSubnetGroupName") for g in ghosts if g and g.ghost]
    if users(ctx, name) or name in held:
        raise AwsError(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{name}' because at least one database instance is still using it.",
        )
    return {**ctx.params, "DBSubnetGroupName": name}


# Parameter groups.

#: Static parameters of the engines that the tests use: they wait for a reboot.
STATIC = {
    "max_connections",
    "shared_buffers",
    "shared_preload_libraries",
    "wal_buffers",
    "max_worker_processes",
    "max_wal_senders",
    "max_replication_slots",
    "rds.logical_replication",
    "track_activity_query_size",
    "innodb_buffer_pool_instances",
    "performance_schema",
}


def parameter_group(ctx: Context) -> Any:
    """moto's group."""
    name = ctx.params["DBParameterGroupName"].lower()
    group = ctx.backend().db_parameter_groups.get(name)
    if group is None:
        raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}", 404)
    return group


@before("rds", "ModifyDBParameterGroup")
def modify_parameter_group(ctx: Context) -> dict[str, Any]:
    """At most 20 parameters a call; static ones cannot be applied at once."""
    group, parameters = parameter_group(ctx), ctx.params["Parameters"]
    if len(parameters) > 20:
        raise AwsError("InvalidParameterValue", "The number of parameters passed in exceeds the limit of 20.")
    for parameter in parameters:
        if parameter["ParameterName"] in STATIC and parameter.get("ApplyMethod") == "immediate":
            raise AwsError(
                "InvalidParameterCombination",
                f"cannot use immediate apply method for static parameter: {parameter['ParameterName']}",
            )
    owe_reboot(ctx, group, [p["ParameterName"] for p in parameters])
    return {**ctx.params, "DBParameterGroupName": group.name}


@instead("rds", "ResetDBParameterGroup")
def reset_parameter_group(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    group = parameter_group(ctx)
    names = [parameter["ParameterName"] for parameter in ctx.params.get("Parameters") or []]
    if ctx.params.get("ResetAllParameters", not names):
        names = list(group.parameters)
    for name in names:
        group.parameters.pop(name, None)
    owe_reboot(ctx, group, names)
    return {"DBParameterGroupName": ctx.params["DBParameterGroupName"].lower()}


def owe_reboot(ctx: Context, group: Any, names: list[str]) -> None:
    """A changed static parameter waits for a reboot of every instance of the group."""
    if any(name in STATIC for name in names):
        for database in databases(ctx):
            if group in database.db_parameter_groups():
                ctx.store("pending_reboot")[database.db_instance_identifier] = True


@before("rds", "DeleteDBParameterGroup")
def parameter_group_in_use(ctx: Context) -> dict[str, Any]:
    """moto lets it go, and then fails to describe any instance."""
    name = ctx.params["DBParameterGroupName"].lower()
    parameter_group(ctx)
    used = [d for d in databases(ctx) if (d.db_parameter_group_name or "").lower() == name]
    if used or pace.of(ctx, "db_instance_end"):
        raise AwsError(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {name}, so the group cannot be "
            "deleted",
        )
    return {**ctx.params, "DBParameterGroupName": name}


@before("rds", "CreateDBParameterGroup", "DescribeDBParameters", "DescribeDBParameterGroups")
def lower_case(ctx: Context) -> dict[str, Any] | None:
    """RDS keeps names in lower case, and finds them whatever their case."""
    name = ctx.params.get("DBParameterGroupName")
    return {**ctx.params, "DBParameterGroupName": name.lower()} if name else None


#: Some that take effect at once.
DYNAMIC = {"log_min_duration_statement", "work_mem", "statement_timeout", "timezone", "max_allowed_packet"}


@after("rds", "DescribeDBParameters")
def source_of(ctx: Context, output: dict[str, Any]) -> None:
    """Whoever sets a parameter is its user; moto leaves the source out, and what nobody has set."""
    parameters = output.setdefault("Parameters", [])
    for parameter in parameters:
        parameter["Source"] = "user"
    if ctx.params.get("Source") != "user":
        there = {parameter["ParameterName"] for parameter in parameters}
        more = sorted((STATIC | DYNAMIC) - there)
        parameters.extend({"ParameterName": name, "Source": "engine-default"} for name in more)
    for parameter in parameters:
        parameter.setdefault("IsModifiable", True)
        parameter["ApplyType"] = "static" if parameter["ParameterName"] in STATIC else "dynamic"
