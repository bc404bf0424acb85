"""CloudWatch."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ..hooks import Context, after, before, instead
from ..wire import AwsError


@before("cloudwatch", "PutMetricAlarm")
def tags_at_creation(ctx: Context) -> dict[str, Any] | None:
    """Tags count when the alarm is made, and are ignored when it is changed; moto adds them."""
    name, known = ctx.params["AlarmName"], ctx.backend().alarms
    ctx.store("states")[name] = known[name].state_value if name in known else "INSUFFICIENT_DATA"
    if name in known and "Tags" in ctx.params:
        return {k: v for k, v in ctx.params.items() if k != "Tags"}
    return None


@after("cloudwatch", "PutMetricAlarm")
def kept_state(ctx: Context, output: dict[str, Any]) -> None:
    """A new alarm has seen no data, a changed one keeps its state; moto says OK to both."""
    name = ctx.params["AlarmName"]
    ctx.backend().alarms[name].state_value = ctx.store("states").pop(name)
    # moto forgets of which account a metric is.
    ctx.store("metrics")[name] = ctx.params.get("Metrics") or []


@after("cloudwatch", "DescribeAlarms")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """Missing data are treated as missing; composite alarms only when asked for, or named."""
    for alarm in output.get("MetricAlarms", []):
        alarm.setdefault("TreatMissingData", "missing")
        alarm["Metrics"] = ctx.store("metrics").get(alarm["AlarmName"], [])
    kinds = ctx.params.get("AlarmTypes") or ["MetricAlarm"]
    names, prefix = ctx.params.get("AlarmNames"), ctx.params.get("AlarmNamePrefix", "")
    output["CompositeAlarms"] = [
        alarm
        for name, alarm in ctx.store("composite").items()
        if "CompositeAlarm" in kinds and (not names or name in names) and name.startswith(prefix)
    ]
    if "MetricAlarm" not in kinds:
        output["MetricAlarms"] = []


# Composite alarms, which moto lacks.


def arn(ctx: Context, name: str) -> str:
    """An alarm's ARN."""
    return f"arn:aws:cloudwatch:{ctx.call.region}:{ctx.call.account}:alarm:{name}"


@instead("cloudwatch", "PutCompositeAlarm")
def put_composite(ctx: Context) -> dict[str, Any]:
    """An upsert of the whole definition; the alarms it names must exist, tags count at creation only."""
    import re

    params, name, now = ctx.params, ctx.params["AlarmName"], datetime.now(timezone.utc)
    alarms = {*ctx.backend().alarms, *ctx.store("composite")}
    for child in re.findall(r"(?:ALARM|OK|INSUFFICIENT_DATA)\(\"?([^\")]+)\"?\)", params["AlarmRule"]):
        if child.split(":alarm:")[-1] not in alarms:
            raise AwsError("ValidationError", f"Could not find alarm {child} of the alarm rule")
    old = ctx.store("composite").get(name)
    if old is None:
        ctx.store("cloudwatch tags")[arn(ctx, name)] = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
    ctx.store("composite")[name] = {
        "AlarmName": name,
        "AlarmArn": arn(ctx, name),
        "AlarmRule": params["AlarmRule"],
        "AlarmDescription": params.get("AlarmDescription"),
        "ActionsEnabled": params.get("ActionsEnabled", True),
        "AlarmActions": params.get("AlarmActions") or [],
        "OKActions": params.get("OKActions") or [],
        "InsufficientDataActions": params.get("InsufficientDataActions") or [],
        "ActionsSuppressor": params.get("ActionsSuppressor"),
        "ActionsSuppressorWaitPeriod": params.get("ActionsSuppressorWaitPeriod"),
        "ActionsSuppressorExtensionPeriod": params.get("ActionsSuppressorExtensionPeriod"),
        "AlarmConfigurationUpdatedTimestamp": now,
        "StateUpdatedTimestamp": now,
        "StateValue": old["StateValue"] if old else "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
    }
    return {}


@instead("cloudwatch", "DeleteAlarms")
def delete(ctx: Context) -> dict[str, Any]:
    """Unknown names are refused, yet the known ones among them go; one composite alarm a call at most."""
    names, composite = ctx.params["AlarmNames"], ctx.store("composite")
    metric = [name for name in names if name in ctx.backend().alarms]
    mine = [name for name in names if name in composite]
    if len(mine) > 1 or (mine and metric):
        raise AwsError("ValidationError", "Only one composite alarm can be deleted at a time, and no other alarm with it")
    used = [c for c in composite.values() for n in names if f'"{n}"' in c["AlarmRule"] and c["AlarmName"] not in names]
    if used:
        raise AwsError("ValidationError", f"Cannot delete an alarm that the composite alarm {used[0]['AlarmName']} names")
    for name in mine:
        del composite[name]
        ctx.store("cloudwatch tags").pop(arn(ctx, name), None)
    if metric:
        ctx.perform({"AlarmNames": metric})
    for name in metric:
        ctx.backend().tagger.delete_all_tags_for_resource(arn(ctx, name))
    if len(metric) + len(mine) < len(names):
        raise AwsError("ResourceNotFound", "The alarm to delete was not found", 404)
    return {}


@instead("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
def tags(ctx: Context) -> dict[str, Any]:
    """Of composite alarms and dashboards too."""
    ident, store = ctx.params["ResourceARN"], ctx.store("cloudwatch tags")
    dashboard = ident.split(":dashboard/")[-1] in ctx.backend().dashboards
    if ident not in store and (ident.split(":alarm:")[-1] in ctx.store("composite") or dashboard):
        store[ident] = {}
    if ident not in store:
        return ctx.perform(ctx.params)
    if ctx.call.operation == "TagResource":
        store[ident] |= {tag["Key"]: tag["Value"] for tag in ctx.params["Tags"]}
    elif ctx.call.operation == "UntagResource":
        store[ident] = {k: v for k, v in store[ident].items() if k not in ctx.params["TagKeys"]}
    else:
        return {"Tags": [{"Key": k, "Value": v} for k, v in store[ident].items()]}
    return {}


@before("cloudwatch", "PutDashboard")
def dashboard_tags(ctx: Context) -> dict[str, Any] | None:
    """Tags count at creation; moto does not know them."""
    name = ctx.params["DashboardName"]
    ident = f"arn:aws:cloudwatch::{ctx.call.account}:dashboard/{name}"
    if name not in ctx.backend().dashboards:
        ctx.store("cloudwatch tags")[ident] = {tag["Key"]: tag["Value"] for tag in ctx.params.get("Tags") or []}
    return {k: v for k, v in ctx.params.items() if k != "Tags"} if "Tags" in ctx.params else None


@after("cloudwatch", "DeleteDashboards")
def no_dashboard_tags(ctx: Context, output: dict[str, Any]) -> None:
    """They go with it."""
    for name in ctx.params["DashboardNames"]:
        ctx.store("cloudwatch tags").pop(f"arn:aws:cloudwatch::{ctx.call.account}:dashboard/{name}", None)
