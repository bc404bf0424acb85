"""Auto Scaling: policies and scheduled actions.

Both belong to a group; moto knows them by their own name alone, so that those of two groups overwrite each other.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.autoscaling.models import FakeScalingPolicy

from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError

#: A policy keeps its ARN as long as it lives; moto's are all alike.
_arn = FakeScalingPolicy.arn.fget
FakeScalingPolicy.arn = property(
    lambda self: _arn(self).replace("c322761b-3172-4d56-9a21-0ed9d6161d67", self.__dict__.get("ident", "new"))
)


def key(group: str, name: str) -> str:
    """Where a thing of a group is kept."""
    return f"{group}/{name}"


@after("autoscaling", "PutScalingPolicy")
def own_policy(ctx: Context, output: dict[str, Any]) -> None:
    """Kept by group and name; an update keeps the ARN, which moto does not even answer."""
    policies, name = ctx.backend().policies, ctx.params["PolicyName"]
    policy, where = policies.pop(name), key(ctx.params["AutoScalingGroupName"], name)
    old = policies.get(where)
    policy.ident = old.ident if old is not None else str(uuid.uuid4())
    policies[where] = policy
    output["PolicyARN"], output["Alarms"] = policy.arn, []


@instead("autoscaling", "DeletePolicy")
def delete_policy(ctx: Context) -> dict[str, Any]:
    """With the alarms of target tracking."""
    group, name = ctx.params["AutoScalingGroupName"], ctx.params["PolicyName"]
    ctx.backend().policies.pop(key(group, name), None)
    forget_alarms(ctx, group, name)
    return {}


#: Members of a scheduled action, and where moto keeps them.
ACTION = {
    "StartTime": "start_time",
    "EndTime": "end_time",
    "Recurrence": "recurrence",
    "TimeZone": "time_zone",
    "MinSize": "min_size",
    "MaxSize": "max_size",
    "DesiredCapacity": "desired_capacity",
}


@after("autoscaling", "PutScheduledUpdateGroupAction")
def own_action(ctx: Context, output: dict[str, Any]) -> None:
    """Kept by group and name; what an update leaves out stays, and what recurs has its next time as a start."""
    actions, name = ctx.backend().scheduled_actions, ctx.params["ScheduledActionName"]
    action, where = actions.pop(name), key(ctx.params["AutoScalingGroupName"], name)
    old = actions.get(where)
    for member, kept in ACTION.items():
        if old is not None and member not in ctx.params:
            setattr(action, kept, getattr(old, kept))
    if action.recurrence and action.start_time is None:
        action.start_time = "2098-12-31T23:00:00Z"
    if action.desired_capacity is None and action.min_size is None and action.max_size is None:
        raise AwsError("ValidationError", "At least one size must be given.")
    action.ident = getattr(old, "ident", None) or str(uuid.uuid4())
    actions[where] = action


@after("autoscaling", "DescribeScheduledActions")
def shown_actions(ctx: Context, output: dict[str, Any]) -> None:
    """With their ARNs, which moto lacks."""
    for action in output.get("ScheduledUpdateGroupActions", []):
        group, name = action["AutoScalingGroupName"], action["ScheduledActionName"]
        ident = ctx.backend().scheduled_actions[key(group, name)].ident
        place = f"arn:aws:autoscaling:{ctx.call.region}:{ctx.call.account}:scheduledUpdateGroupAction:{ident}"
        action["ScheduledActionARN"] = f"{place}:autoScalingGroupName/{group}:scheduledActionName/{name}"


@before("autoscaling", "DescribeLifecycleHooks", "PutScalingPolicy", "PutScheduledUpdateGroupAction", "PutLifecycleHook")
def group_is_there(ctx: Context) -> None:
    """Refused for a group that is not there; moto does not look."""
    name = ctx.params["AutoScalingGroupName"]
    if name not in ctx.backend().autoscaling_groups:
        raise AwsError("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")


@instead("autoscaling", "DeleteScheduledAction")
def delete_action(ctx: Context) -> dict[str, Any]:
    """Refused when there is none."""
    where = key(ctx.params["AutoScalingGroupName"], ctx.params["ScheduledActionName"])
    if ctx.backend().scheduled_actions.pop(where, None) is None:
        raise AwsError("ValidationError", "Scheduled action name not found")
    return {}

Echo(
    "autoscaling",
    create="PutScalingPolicy",
    describe="DescribePolicies",
    members=("Enabled", "EstimatedInstanceWarmup"),
    defaults={"Enabled": True},
    identity=lambda params, output: f"{params['AutoScalingGroupName']}/{params['PolicyName']}",
    items=lambda output: (
        (f"{policy['AutoScalingGroupName']}/{policy['PolicyName']}", policy)
        for policy in output.get("ScalingPolicies", [])
    ),
)


@after("autoscaling", "PutScalingPolicy")
def tracking_alarms(ctx: Context, output: dict[str, Any]) -> None:
    """Target tracking makes two alarms of its own; moto none."""
    params, group = ctx.params, ctx.params["AutoScalingGroupName"]
    kept = ctx.store("tracking")
    if params.get("PolicyType") != "TargetTrackingScaling":
        forget_alarms(ctx, group, params["PolicyName"])
        return
    names = kept.get((group, params["PolicyName"]))
    if names is None:
        names = [f"TargetTracking-{group}-Alarm{side}-{uuid.uuid4()}" for side in ("High", "Low")]
        kept[group, params["PolicyName"]] = names
    for name in names:
        alarm = {
            "AlarmName": name,
            "ComparisonOperator": "GreaterThanThreshold" if "High" in name else "LessThanThreshold",
            "EvaluationPeriods": 3,
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "Period": 60,
            "Statistic": "Average",
            "Threshold": float(params["TargetTrackingConfiguration"]["TargetValue"]),
            "AlarmActions": [output["PolicyARN"]],
        }
        ctx.ask("cloudwatch", "PutMetricAlarm", alarm)
    output["Alarms"] = alarms(ctx, names)


def alarms(ctx: Context, names: list[str]) -> list[dict[str, Any]]:
    """Alarms as policies show them."""
    arn = f"arn:aws:cloudwatch:{ctx.call.region}:{ctx.call.account}:alarm:"
    return [{"AlarmName": name, "AlarmARN": f"{arn}{name}"} for name in names]


def forget_alarms(ctx: Context, group: str, policy: str) -> None:
    """The alarms of target tracking go with their policy."""
    names = ctx.store("tracking").pop((group, policy), None)
    if names:
        ctx.ask("cloudwatch", "DeleteAlarms", {"AlarmNames": names})


@after("autoscaling", "DescribePolicies")
def shown_policies(ctx: Context, output: dict[str, Any]) -> None:
    """The alarms of target tracking, defaults, and nothing of other types."""
    for policy in output.get("ScalingPolicies", []):
        names = ctx.store("tracking").get((policy["AutoScalingGroupName"], policy["PolicyName"]))
        policy["Alarms"] = alarms(ctx, names or [])
        if not policy.get("PredictiveScalingConfiguration"):
            policy.pop("PredictiveScalingConfiguration", None)
        if policy["PolicyType"] == "StepScaling":
            policy.setdefault("MetricAggregationType", "Average")
