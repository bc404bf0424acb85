"""CloudWatch Logs."""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after, before, instead
from ..wire import AwsError

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def name_of(ctx: Context) -> str:
    """The group that a call names, by name or ARN; refused when there is none."""
    given = ctx.params.get("logGroupName") or ctx.params.get("logGroupIdentifier") or ctx.params["resourceIdentifier"]
    name = given.removesuffix(":*").split(":log-group:")[-1]
    if name not in ctx.backend().groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return name


@before("logs", "PutRetentionPolicy")
def retention(ctx: Context) -> None:
    """Only certain numbers of days."""
    if ctx.params["retentionInDays"] not in RETENTIONS:
        raise AwsError("InvalidParameterException", f"{ctx.params['retentionInDays']} is no valid retention.")


@after("logs", "CreateLogGroup")
def created(ctx: Context, output: dict[str, Any]) -> None:
    """moto forgets class and protection."""
    ctx.store("groups")[ctx.params["logGroupName"]] = {
        "logGroupClass": ctx.params.get("logGroupClass", "STANDARD"),
        "deletionProtectionEnabled": ctx.params.get("deletionProtectionEnabled", False),
    }


@after("logs", "DescribeLogGroups")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """See `created`."""
    for group in output.get("logGroups", []):
        group.update(ctx.store("groups").get(group["logGroupName"], {"logGroupClass": "STANDARD"}))


@instead("logs", "PutLogGroupDeletionProtection")
def protect(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    kept = ctx.store("groups").setdefault(name_of(ctx), {"logGroupClass": "STANDARD"})
    kept["deletionProtectionEnabled"] = ctx.params["deletionProtectionEnabled"]
    return {}


@before("logs", "DeleteLogGroup")
def protected(ctx: Context) -> None:
    """Refused under protection."""
    if ctx.store("groups").get(ctx.params["logGroupName"], {}).get("deletionProtectionEnabled"):
        raise AwsError("OperationAbortedException", "The log group is protected against deletion.")


@instead("logs", "AssociateKmsKey")
def associate_key(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    ctx.backend().groups[name_of(ctx)].kms_key_id = ctx.params["kmsKeyId"]
    return {}


@instead("logs", "DisassociateKmsKey")
def disassociate_key(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    ctx.backend().groups[name_of(ctx)].kms_key_id = None
    return {}


@instead("logs", "ListLogGroups")
def list_groups(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    pattern = ctx.params.get("logGroupNamePattern", "")
    kept = ctx.store("groups")
    found = [
        {
            "logGroupName": group.name,
            "logGroupArn": group.arn.removesuffix(":*"),
            "logGroupClass": kept.get(group.name, {}).get("logGroupClass", "STANDARD"),
        }
        for group in ctx.backend().groups.values()
        if pattern.lstrip("^") in group.name
    ]
    return {"logGroups": found}


# Metric filters.

#: What moto forgets of them.
FORGOTTEN = ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions")


@before("logs", "PutMetricFilter")
def put_filter(ctx: Context) -> None:
    """An upsert, of a group that exists; moto makes a second one, of any group."""
    group, name = name_of(ctx), ctx.params["filterName"]
    ctx.backend().filters.delete_filter(name, group)
    ctx.store("filters")[group, name] = {key: ctx.params[key] for key in FORGOTTEN if key in ctx.params}


@after("logs", "DescribeMetricFilters")
def filters_described(ctx: Context, output: dict[str, Any]) -> None:
    """See `FORGOTTEN`."""
    for one in output.get("metricFilters", []):
        one |= ctx.store("filters").get((one["logGroupName"], one["filterName"]), {})


@before("logs", "DeleteMetricFilter")
def delete_filter(ctx: Context) -> None:
    """Refused where there is none."""
    if not ctx.backend().filters.get_matching_filters(ctx.params["filterName"], name_of(ctx)):
        raise AwsError("ResourceNotFoundException", "The specified metric filter does not exist.")


@after("logs", "DeleteLogGroup")
def filters_gone(ctx: Context, output: dict[str, Any]) -> None:
    """They go with their group."""
    kept = ctx.backend().filters
    kept.metric_filters = [one for one in kept.metric_filters if one["logGroupName"] != ctx.params["logGroupName"]]
