"""Auto Scaling: groups."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from moto.autoscaling.models import InstanceState

from .. import pace
from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .autoscaling_policies import forget_alarms
from .ec2_network import begin_linger

Echo(
    "autoscaling",
    create="CreateAutoScalingGroup",
    update="UpdateAutoScalingGroup",
    describe="DescribeAutoScalingGroups",
    members=(
        "DefaultInstanceWarmup",
        "MaxInstanceLifetime",
        "InstanceMaintenancePolicy",
        "DesiredCapacityType",
        "AvailabilityZoneDistribution",
        "AvailabilityZoneImpairmentPolicy",
        "CapacityReservationSpecification",
        "DeletionProtection",
        "Context",
    ),
    identity=lambda params, output: params["AutoScalingGroupName"],
    items=lambda output: ((group["AutoScalingGroupName"], group) for group in output.get("AutoScalingGroups", [])),
    clears={"DefaultInstanceWarmup": -1, "MaxInstanceLifetime": 0},
)


def find(ctx: Context, name: str) -> Any:
    """moto's group."""
    group = ctx.backend("autoscaling").autoscaling_groups.get(name)
    if group is None:
        raise AwsError("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return group


# moto shows, for every instance, the template's default version of the moment; AWS the one it was launched with.

_init = InstanceState.__init__


def _launched(self: InstanceState, *args: Any, **kwargs: Any) -> None:
    _init(self, *args, **kwargs)
    group = self.auto_scaling_group
    self.launched_with = None
    if group.ec2_launch_template is not None:
        template = group.ec2_launch_template
        self.launched_with = {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": str(template.get_version(group.launch_template_version).number),
        }


InstanceState.__init__ = _launched
InstanceState.launch_template = property(lambda self: self.launched_with)


@before("autoscaling", "CreateAutoScalingGroup")
def create_check(ctx: Context) -> None:
    """moto overwrites a group of the same name, and takes any numbers."""
    name = ctx.params["AutoScalingGroupName"]
    if name in ctx.backend().autoscaling_groups or pace.peek(ctx, "autoscaling_group_end", name) is not None:
        raise AwsError("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name already exists")
    check_sizes(ctx.params["MinSize"], ctx.params["MaxSize"], ctx.params.get("DesiredCapacity"))
    check_template(ctx)
    if not ctx.params.get("VPCZoneIdentifier") and not ctx.params.get("AvailabilityZones"):
        raise AwsError("ValidationError", "At least one Availability Zone or VPC Subnet is required.")


def check_template(ctx: Context) -> None:
    """AWS launches nothing with an instance profile or a group that is not there; moto does not look."""
    wanted = ctx.params.get("LaunchTemplate")
    if wanted is None:
        return
    ec2 = ctx.backend("ec2")
    if wanted.get("LaunchTemplateId"):
        template = ec2.get_launch_template(wanted["LaunchTemplateId"])
    else:
        template = ec2.get_launch_template_by_name(wanted["LaunchTemplateName"])
    data = template.get_version(wanted.get("Version") or "$Default").data
    profile = data.get("IamInstanceProfile") or {}
    known = ctx.backend("iam", "aws").instance_profiles.values()
    if profile and not any(profile.get("Name") == one.name or profile.get("Arn") == one.arn for one in known):
        name = profile.get("Name") or profile.get("Arn")
        raise AwsError(
            "ValidationError",
            "You must use a valid fully-formed launch template. "
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        )
    for group in data.get("SecurityGroupIds") or []:
        if ec2.get_security_group_from_id(group) is None:
            raise AwsError(
                "ValidationError",
                f"You must use a valid fully-formed launch template. The security group '{group}' does not exist",
            )


def check_sizes(least: int, most: int, desired: int | None) -> None:
    """AWS wants min <= desired <= max."""
    if least > most:
        raise AwsError("ValidationError", "Max bound must be greater than or equal to min bound")
    if desired is not None and not least <= desired <= most:
        raise AwsError("ValidationError", "Desired capacity must be between the specified min size and max size")


@after("autoscaling", "CreateAutoScalingGroup")
def created(ctx: Context, output: dict[str, Any]) -> None:
    """moto's grace period is 300 when none, or 0, is asked for; AWS's API has 0."""
    name = ctx.params["AutoScalingGroupName"]
    group = find(ctx, name)
    group.health_check_grace_period = ctx.params.get("HealthCheckGracePeriod", 0)
    for hook in ctx.params.get("LifecycleHookSpecificationList") or []:
        ctx.ask("autoscaling", "PutLifecycleHook", {**hook, "AutoScalingGroupName": name})
        ctx.store("hooks")[name, hook["LifecycleHookName"]] = hook
    pace.begin(ctx, "autoscaling_group", name)


@before("autoscaling", "UpdateAutoScalingGroup")
def update_check(ctx: Context) -> None:
    """moto forgets the mixed instances policy when an update does not repeat it, and some members altogether."""
    params = ctx.params
    group = find(ctx, params["AutoScalingGroupName"])
    least, most = params.get("MinSize", group.min_size), params.get("MaxSize", group.max_size)
    check_sizes(int(least), int(most), params.get("DesiredCapacity"))
    check_template(ctx)
    ctx.store("mixed")[group.name] = group.mixed_instances_policy


@after("autoscaling", "UpdateAutoScalingGroup")
def updated(ctx: Context, output: dict[str, Any]) -> None:
    """See `update_check`."""
    params = ctx.params
    group = find(ctx, params["AutoScalingGroupName"])
    kept = ctx.store("mixed").pop(group.name, None)
    if "MixedInstancesPolicy" not in params and "LaunchTemplate" not in params:
        group.mixed_instances_policy = kept
    if "DefaultCooldown" in params:
        group.default_cooldown = params["DefaultCooldown"]
    if "TerminationPolicies" in params:
        group.termination_policies = params["TerminationPolicies"] or ["Default"]
    if "PlacementGroup" in params:
        group.placement_group = params["PlacementGroup"] or None
    if "CapacityRebalance" in params:
        group.capacity_rebalance = params["CapacityRebalance"]
    if len(group.instance_states) != int(group.desired_capacity or 0):
        pace.begin(ctx, "autoscaling_group", group.name)


@after("autoscaling", "DescribeAutoScalingGroups")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """Instances that are still coming, groups that are still going, and no instances when none are asked for."""
    for group in output["AutoScalingGroups"]:
        transition = pace.look(ctx, "autoscaling_group", group["AutoScalingGroupName"])
        if transition is not None and transition.underway:
            for instance in group["Instances"]:
                instance["LifecycleState"] = "Pending"
        elif transition is not None:
            group["Instances"] = []
        if ctx.params.get("IncludeInstances") is False:
            group["Instances"] = []
    for name in pace.of(ctx, "autoscaling_group_end"):
        transition = pace.look(ctx, "autoscaling_group_end", name)
        wanted = ctx.params.get("AutoScalingGroupNames")
        if transition is not None and transition.ghost is not None and (not wanted or name in wanted):
            output["AutoScalingGroups"].append(transition.ghost)


@instead("autoscaling", "DescribeScalingActivities")
def activities(ctx: Context) -> dict[str, Any]:
    """moto knows none: one per instance here, and one that failed when a test wants it so."""
    name = ctx.params.get("AutoScalingGroupName")
    found = []
    for group in [find(ctx, name)] if name else ctx.backend().autoscaling_groups.values():
        transition = pace.peek(ctx, "autoscaling_group", group.name)
        if transition is not None and transition.failure is not None:
            found.append(activity(group.name, "Launching a new EC2 instance", "Failed", transition.failure["reason"]))
        else:
            for state in group.instance_states:
                text = f"Launching a new EC2 instance: {state.instance.id}"
                found.append(activity(group.name, text, "Successful", None))
    return {"Activities": found}


def activity(group: str, text: str, status: str, message: str | None) -> dict[str, Any]:
    """One scaling activity."""
    now = datetime.now(timezone.utc)
    return {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group,
        "Description": text,
        "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} an instance was started in response to a difference between desired and "
        "actual capacity.",
        "StartTime": now,
        "StatusCode": status,
        "StatusMessage": message,
        "Progress": 100,
    }


@instead("autoscaling", "DeleteAutoScalingGroup")
def delete(ctx: Context) -> dict[str, Any]:
    """AWS refuses while there are instances, unless forced; policies, hooks and actions go with the group."""
    name, forced = ctx.params["AutoScalingGroupName"], ctx.params.get("ForceDelete")
    group, backend = find(ctx, name), ctx.backend()
    if group.active_instances() and not forced:
        raise AwsError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still "
            "in the group.",
        )
    ghost = ctx.ask("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": [name]})["AutoScalingGroups"][0]
    for state in group.instance_states:
        # moto spares protected instances; a forced deletion on AWS does not.
        state.protected_from_scale_in = False
    groups = list(group.security_groups) if group.ec2_launch_template is not None else []
    subnets = (group.vpc_zone_identifier or "").split(",")
    ctx.perform(ctx.params)
    for key, policy in list(backend.policies.items()):
        if policy.auto_scaling_group_name == name:
            del backend.policies[key]
            forget_alarms(ctx, name, policy.name)
    backend.lifecycle_hooks = {k: h for k, h in backend.lifecycle_hooks.items() if h.auto_scaling_group_name != name}
    backend.scheduled_actions = {
        k: a for k, a in backend.scheduled_actions.items() if a.auto_scaling_group_name != name
    }
    ctx.store("refreshes").pop(name, None)
    ctx.store("pace").pop(("autoscaling_group", name), None)
    pace.begin(ctx, "autoscaling_group_end", name, {**ghost, "Status": "Delete in progress", "Instances": []})
    begin_linger(ctx, [s for s in subnets if s], groups)
    return {}


# Lifecycle hooks: moto keeps half of their members and invents the others.


@after("autoscaling", "PutLifecycleHook")
def hook_put(ctx: Context, output: dict[str, Any]) -> None:
    """Keeps all members, those that an update leaves out too; an empty text takes one away."""
    where = ctx.params["AutoScalingGroupName"], ctx.params["LifecycleHookName"]
    ctx.store("hooks")[where] = {**ctx.store("hooks").get(where, {}), **ctx.params}


@after("autoscaling", "DeleteLifecycleHook")
def hook_gone(ctx: Context, output: dict[str, Any]) -> None:
    """Forgets the members."""
    ctx.store("hooks").pop((ctx.params["AutoScalingGroupName"], ctx.params["LifecycleHookName"]), None)


@after("autoscaling", "DescribeLifecycleHooks")
def hooks_described(ctx: Context, output: dict[str, Any]) -> None:
    """Shows all members."""
    for hook in output["LifecycleHooks"]:
        kept = ctx.store("hooks").get((hook["AutoScalingGroupName"], hook["LifecycleHookName"]), {})
        for name in ("NotificationTargetARN", "RoleARN", "NotificationMetadata"):
            hook.pop(name, None)
            if kept.get(name):
                hook[name] = kept[name]


@instead("autoscaling", "DisableMetricsCollection")
def disable_metrics(ctx: Context) -> dict[str, Any]:
    """moto lacks it; without names all metrics go."""
    group = find(ctx, ctx.params["AutoScalingGroupName"])
    gone = ctx.params.get("Metrics")
    group.metrics = [metric for metric in group.metrics if gone and metric not in gone]
    return {}


ALL_METRICS = [
    f"Group{name}"
    for name in (
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "InServiceInstances",
        "PendingInstances",
        "StandbyInstances",
        "TerminatingInstances",
        "TotalInstances",
        "InServiceCapacity",
        "PendingCapacity",
        "StandbyCapacity",
        "TerminatingCapacity",
        "TotalCapacity",
    )
]


@instead("autoscaling", "EnableMetricsCollection")
def enable_metrics(ctx: Context) -> dict[str, Any]:
    """AWS adds to those enabled, and enables all when none are named; moto replaces them."""
    group = find(ctx, ctx.params["AutoScalingGroupName"])
    more = ctx.params.get("Metrics") or ALL_METRICS
    group.metrics = [*group.metrics, *(metric for metric in more if metric not in group.metrics)]
    return {}
