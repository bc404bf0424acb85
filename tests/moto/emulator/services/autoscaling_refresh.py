"""Auto Scaling: instance refreshes, which moto lacks.

A refresh advances with each describe: Pending, InProgress, then Successful or, when a test has ordered it (`fail` with
type `instance_refresh`), Failed. Instances and the group's own template change only on success.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from ..hooks import Context, before, instead
from ..wire import AwsError
from .autoscaling import find

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


def refreshes(ctx: Context, group: str) -> list[dict[str, Any]]:
    """All refreshes of a group, the newest first."""
    return ctx.store("refreshes").setdefault(group, [])


def active(ctx: Context, group: str) -> dict[str, Any] | None:
    """The refresh that runs."""
    return next((refresh for refresh in refreshes(ctx, group) if refresh["Status"] in ACTIVE), None)


@instead("autoscaling", "StartInstanceRefresh")
def start(ctx: Context) -> dict[str, Any]:
    """One active refresh per group; a rollback needs a fixed version in the desired configuration."""
    params, name = ctx.params, ctx.params["AutoScalingGroupName"]
    group = find(ctx, name)
    if active(ctx, name) is not None:
        raise AwsError(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )
    preferences = {"MinHealthyPercentage": 90, "SkipMatching": False, "AutoRollback": False}
    preferences |= params.get("Preferences") or {}
    desired = params.get("DesiredConfiguration")
    version = ((desired or {}).get("LaunchTemplate") or {}).get("Version")
    if preferences["AutoRollback"] and version in (None, "$Latest", "$Default"):
        raise AwsError(
            "ValidationError",
            "AutoRollback needs a desired configuration with a launch template version other than $Latest and $Default.",
        )
    if desired is not None:
        desired = {**desired, "LaunchTemplate": named(ctx, desired["LaunchTemplate"])}
    failures = ctx.account.failures["instance_refresh"]
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": name,
        "Status": "Pending",
        "StartTime": datetime.now(timezone.utc),
        "PercentageComplete": 0,
        "InstancesToUpdate": len(group.instance_states),
        "Preferences": preferences,
        "DesiredConfiguration": desired,
        "Strategy": params.get("Strategy", "Rolling"),
        "left": ctx.account.slow,
        "failure": failures.pop(0) if failures else None,
    }
    refreshes(ctx, name).insert(0, refresh)
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def named(ctx: Context, wanted: dict[str, Any]) -> dict[str, Any]:
    """A launch template by both its names, as AWS reads it back; refused when there is no such version."""
    ec2 = ctx.backend("ec2")
    try:
        if wanted.get("LaunchTemplateId"):
            template = ec2.get_launch_template(wanted["LaunchTemplateId"])
        else:
            template = ec2.get_launch_template_by_name(wanted["LaunchTemplateName"])
        template.get_version(wanted.get("Version", "$Default"))
    except Exception as error:
        raise AwsError("ValidationError", f"You must use a valid fully-formed launch template. {error}") from error
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": wanted.get("Version")}


@instead("autoscaling", "DescribeInstanceRefreshes")
def describe(ctx: Context) -> dict[str, Any]:
    """Each describe takes the active refresh a step further."""
    name = ctx.params["AutoScalingGroupName"]
    group = find(ctx, name)
    running = active(ctx, name)
    if running is not None:
        advance(group, running)
    wanted = ctx.params.get("InstanceRefreshIds")
    found = [r for r in refreshes(ctx, name) if not wanted or r["InstanceRefreshId"] in wanted]
    if wanted and len(found) < len(wanted):
        raise AwsError("ValidationError", "One or more instance refresh ids were not found")
    if ctx.params.get("MaxRecords"):
        found = found[: ctx.params["MaxRecords"]]
    return {"InstanceRefreshes": [{k: v for k, v in r.items() if k not in ("left", "failure")} for r in found]}


def advance(group: Any, refresh: dict[str, Any]) -> None:
    """One step."""
    if refresh["left"] > 0:
        refresh["left"] -= 1
        if refresh["Status"] == "Pending" and refresh["left"] > 0:
            refresh["Status"] = "InProgress"
        return
    refresh["EndTime"] = datetime.now(timezone.utc)
    status = refresh["Status"]
    if status == "Cancelling":
        refresh["Status"] = "Cancelled"
    elif status == "RollbackInProgress":
        refresh["Status"] = "RollbackSuccessful"
    elif refresh["failure"] is not None:
        refresh["StatusReason"] = refresh["failure"].get("reason") or "instances failed to become healthy"
        refresh["Status"] = "Failed"
        if refresh["Preferences"]["AutoRollback"]:
            refresh["Status"] = "RollbackInProgress"
            del refresh["EndTime"]
    else:
        replace(group, refresh)
        refresh |= {"Status": "Successful", "PercentageComplete": 100, "InstancesToUpdate": 0}


def replace(group: Any, refresh: dict[str, Any]) -> None:
    """New instances, and the group's own template set to the desired one."""
    desired = refresh["DesiredConfiguration"]
    if desired is not None:
        wanted = {k: v for k, v in desired["LaunchTemplate"].items() if k != "LaunchTemplateName" and v is not None}
        group._set_launch_configuration("", wanted, None)
    template = group.ec2_launch_template
    version = str(template.get_version(group.launch_template_version).number) if template is not None else None
    old = [
        state
        for state in group.instance_states
        if not refresh["Preferences"]["SkipMatching"] or (state.launched_with or {}).get("Version") != version
    ]
    if not old:
        return
    group.ec2_backend.terminate_instances([state.instance.id for state in old])
    group.instance_states = [state for state in group.instance_states if state not in old]
    group.set_desired_capacity(group.desired_capacity)


@instead("autoscaling", "CancelInstanceRefresh")
def cancel(ctx: Context) -> dict[str, Any]:
    """What has been replaced stays replaced."""
    refresh = running_or_error(ctx)
    refresh |= {"Status": "Cancelling", "left": ctx.account.slow}
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


@instead("autoscaling", "RollbackInstanceRefresh")
def rollback(ctx: Context) -> dict[str, Any]:
    """Only with a desired configuration is there anything to go back from."""
    refresh = running_or_error(ctx)
    if refresh["DesiredConfiguration"] is None:
        raise AwsError("IrreversibleInstanceRefresh", "The desired configuration is not set.")
    refresh |= {"Status": "RollbackInProgress", "left": ctx.account.slow}
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def running_or_error(ctx: Context) -> dict[str, Any]:
    """The active refresh."""
    name = ctx.params["AutoScalingGroupName"]
    find(ctx, name)
    refresh = active(ctx, name)
    if refresh is None:
        raise AwsError("ActiveInstanceRefreshNotFound", f"No in progress or pending Instance Refresh found for {name}")
    return refresh


@before("autoscaling", "AttachLoadBalancerTargetGroups", "AttachTrafficSources")
def no_attachment(ctx: Context) -> None:
    """AWS refuses to attach target groups during a refresh."""
    if active(ctx, ctx.params["AutoScalingGroupName"]) is not None:
        raise AwsError("InstanceRefreshInProgress", "An instance refresh is in progress.")
