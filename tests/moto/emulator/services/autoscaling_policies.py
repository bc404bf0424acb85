"""Auto Scaling: policies and scheduled actions.

Both belong to a group; moto knows them by their own name alone, so that those of two groups overwrite each other.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.autoscaling.models import FakeScalingPolicy

from ..echo import Echo
from ..hooks import Context, after, instead
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


@after("autoscaling", "PutScheduledUpdateGroupAction")
def own_action(ctx: Context, output: dict[str, Any]) -> None:
    """Kept by group and name."""
    actions, name = ctx.backend().scheduled_actions, ctx.params["ScheduledActionName"]
    actions[key(ctx.params["AutoScalingGroupName"], name)] = actions.pop(name)


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
