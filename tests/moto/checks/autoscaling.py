"""Auto Scaling."""

from __future__ import annotations

from typing import Any

from selfcheck import Check


def group(t: Check, **more: Any) -> str:
    """A template with two versions and a group of two instances on the first; returns the template."""
    ec2, scaling = t.client("ec2"), t.client("autoscaling")
    _, subnets = t.network()
    data = {"InstanceType": "t3.micro", "ImageId": "ami-0c1efc71000000000", "UserData": "aGVsbG8="}
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]
    ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=3,
        DesiredCapacity=2,
        VPCZoneIdentifier=",".join(subnets),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        **more,
    )
    return template["LaunchTemplateId"]


def shown(t: Check) -> dict[str, Any]:
    """The group."""
    return t.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]


def versions(t: Check) -> list[str]:
    """The template versions of its instances."""
    return [instance["LaunchTemplate"]["Version"] for instance in shown(t)["Instances"]]


def check_groups(t: Check) -> None:
    scaling = t.client("autoscaling")
    template = group(t, DefaultInstanceWarmup=30, MaxInstanceLifetime=86400)
    t.refused(
        "AlreadyExists",
        scaling.create_auto_scaling_group,
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["eu-central-1a"],
        LaunchTemplate={"LaunchTemplateId": template},
    )
    t.equal((shown(t)["HealthCheckGracePeriod"], shown(t)["DefaultInstanceWarmup"]), (0, 30))
    scaling.update_auto_scaling_group(
        AutoScalingGroupName="web", MaxInstanceLifetime=0, DefaultCooldown=10, TerminationPolicies=["OldestInstance"]
    )
    t.equal("MaxInstanceLifetime" in shown(t), False)
    t.equal((shown(t)["DefaultCooldown"], shown(t)["TerminationPolicies"]), (10, ["OldestInstance"]))
    bare = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"], IncludeInstances=False)
    t.equal(bare["AutoScalingGroups"][0]["Instances"], [])
    t.refused("ResourceInUse", scaling.delete_auto_scaling_group, AutoScalingGroupName="web")
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    t.equal(scaling.describe_auto_scaling_groups()["AutoScalingGroups"], [])


def check_slow_groups(t: Check) -> None:
    scaling = t.client("autoscaling")
    t.control("slow", describes=1)
    group(t)
    states = lambda: {instance["LifecycleState"] for instance in shown(t)["Instances"]}  # noqa: E731
    t.equal([states(), states()], [{"Pending"}, {"InService"}])
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    t.equal(shown(t)["Status"], "Delete in progress")
    t.equal(scaling.describe_auto_scaling_groups()["AutoScalingGroups"], [])


def start(t: Check, template: str, **preferences: Any) -> str:
    """A refresh to version 2."""
    return t.client("autoscaling").start_instance_refresh(
        AutoScalingGroupName="web",
        DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": template, "Version": "2"}},
        Preferences=preferences,
    )["InstanceRefreshId"]


def state(t: Check, refresh: str) -> str:
    """A refresh's state."""
    answer = t.client("autoscaling").describe_instance_refreshes(
        AutoScalingGroupName="web", InstanceRefreshIds=[refresh]
    )
    return answer["InstanceRefreshes"][0]["Status"]


def check_instance_refresh(t: Check) -> None:
    scaling = t.client("autoscaling")
    template = group(t)
    refresh = start(t, template, AutoRollback=True)
    t.refused("InstanceRefreshInProgress", scaling.start_instance_refresh, AutoScalingGroupName="web")
    t.equal((versions(t), shown(t)["LaunchTemplate"]["Version"]), (["1", "1"], "1"))
    t.equal(state(t, refresh), "Successful")
    t.equal((versions(t), shown(t)["LaunchTemplate"]["Version"]), (["2", "2"], "2"))


def check_instance_refresh_ends_badly(t: Check) -> None:
    scaling = t.client("autoscaling")
    template = group(t)
    t.control("slow", describes=2)
    t.control("fail", type="instance_refresh", reason="unhealthy")
    refresh = start(t, template)
    t.equal([state(t, refresh) for _ in range(3)], ["InProgress", "InProgress", "Failed"])
    t.equal(versions(t), ["1", "1"])
    t.control("fail", type="instance_refresh", reason="unhealthy")
    refresh = start(t, template, AutoRollback=True)
    t.equal([state(t, refresh) for _ in range(4)][2:], ["RollbackInProgress", "RollbackSuccessful"])
    refresh = start(t, template)
    scaling.cancel_instance_refresh(AutoScalingGroupName="web")
    t.equal([state(t, refresh) for _ in range(3)], ["Cancelling", "Cancelling", "Cancelled"])
    t.refused("ActiveInstanceRefreshNotFound", scaling.cancel_instance_refresh, AutoScalingGroupName="web")
    refresh = start(t, template)
    scaling.rollback_instance_refresh(AutoScalingGroupName="web")
    t.equal([state(t, refresh) for _ in range(3)][-1], "RollbackSuccessful")
    t.refused(
        "ValidationError", scaling.start_instance_refresh, AutoScalingGroupName="web", Preferences={"AutoRollback": True}
    )


def check_metrics_and_hooks(t: Check) -> None:
    scaling = t.client("autoscaling")
    group(t)
    scaling.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute", Metrics=["GroupMinSize"])
    scaling.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute", Metrics=["GroupMaxSize"])
    scaling.disable_metrics_collection(AutoScalingGroupName="web", Metrics=["GroupMinSize"])
    t.equal([metric["Metric"] for metric in shown(t)["EnabledMetrics"]], ["GroupMaxSize"])
    hook = {
        "AutoScalingGroupName": "web",
        "LifecycleHookName": "drain",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    }
    scaling.put_lifecycle_hook(**hook, NotificationMetadata="x")
    read = scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"][0]
    t.equal((read["NotificationMetadata"], read.get("RoleARN"), read["HeartbeatTimeout"]), ("x", None, 3600))


def check_instances_leave_nothing_behind(t: Check) -> None:
    ec2, elb, scaling = t.client("ec2"), t.client("elbv2"), t.client("autoscaling")
    group(t)
    vpc = ec2.describe_subnets(SubnetIds=shown(t)["VPCZoneIdentifier"].split(",")[:1])["Subnets"][0]["VpcId"]
    target = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
    scaling.attach_load_balancer_target_groups(AutoScalingGroupName="web", TargetGroupARNs=[target])
    count = lambda: len(elb.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"])  # noqa: E731
    t.equal(count(), 2)
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1, DesiredCapacity=1)
    t.equal(count(), 1)
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    t.equal((count(), ec2.describe_volumes()["Volumes"]), (0, []))
    t.equal(ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"], [])


def check_templates_are_validated(t: Check) -> None:
    ec2, scaling = t.client("ec2"), t.client("autoscaling")
    template = group(t)
    ec2.create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion="1",
        LaunchTemplateData={"IamInstanceProfile": {"Name": "none"}},
    )
    wanted = {"LaunchTemplateId": template, "Version": "3"}
    t.refused("ValidationError", scaling.update_auto_scaling_group, AutoScalingGroupName="web", LaunchTemplate=wanted)


def check_policies(t: Check) -> None:
    scaling, watch = t.client("autoscaling"), t.client("cloudwatch")
    group(t)
    metric = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    made = scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        Enabled=False,
        EstimatedInstanceWarmup=30,
        TargetTrackingConfiguration={"TargetValue": 50, "PredefinedMetricSpecification": metric},
    )
    names = {alarm["AlarmName"] for alarm in made["Alarms"]}
    t.equal({alarm["AlarmName"] for alarm in watch.describe_alarms()["MetricAlarms"]}, names)
    policy = scaling.describe_policies()["ScalingPolicies"][0]
    t.equal((policy["Enabled"], policy["EstimatedInstanceWarmup"], len(policy["Alarms"])), (False, 30, 2))
    # Another group's policy and action of the same name are others.
    subnets = shown(t)["VPCZoneIdentifier"]
    template = shown(t)["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="other",
        MinSize=0,
        MaxSize=0,
        VPCZoneIdentifier=subnets,
        LaunchTemplate={"LaunchTemplateId": template},
    )
    arns = set()
    for name in ("web", "other", "web"):
        simple = {"AutoScalingGroupName": name, "PolicyName": "up", "AdjustmentType": "ChangeInCapacity"}
        arns.add(scaling.put_scaling_policy(**simple, ScalingAdjustment=1)["PolicyARN"])
        scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=name, ScheduledActionName="night", Recurrence="0 1 * * *", MinSize=0
        )
    t.equal((len(arns), len(scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"])), (2, 2))
    scaling.delete_policy(AutoScalingGroupName="other", PolicyName="up")
    t.equal([p["AutoScalingGroupName"] for p in scaling.describe_policies(PolicyNames=["up"])["ScalingPolicies"]], ["web"])
    scaling.delete_auto_scaling_group(AutoScalingGroupName="other")
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    t.equal(scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"], [])
    t.equal((watch.describe_alarms()["MetricAlarms"], scaling.describe_policies()["ScalingPolicies"]), ([], []))


def check_updates_keep_what_they_are_not_told(t: Check) -> None:
    scaling = t.client("autoscaling")
    hooks = lambda: scaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"]  # noqa: E731
    t.refused("ValidationError", hooks)
    group(t)
    put = lambda **more: scaling.put_scheduled_update_group_action(  # noqa: E731
        AutoScalingGroupName="web", ScheduledActionName="night", **more
    )
    put(Recurrence="0 19 * * *", MinSize=0)
    put(MaxSize=2)
    action = scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"][0]
    t.equal((action["Recurrence"], action["MinSize"], action["MaxSize"]), ("0 19 * * *", 0, 2))
    assert "StartTime" in action and "scheduledActionName/night" in action["ScheduledActionARN"]
    put_hook = lambda **more: scaling.put_lifecycle_hook(  # noqa: E731
        AutoScalingGroupName="web",
        LifecycleHookName="start",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        **more,
    )
    put_hook(NotificationMetadata="a")
    put_hook(HeartbeatTimeout=60)
    t.equal((hooks()[0]["HeartbeatTimeout"], hooks()[0].get("NotificationMetadata")), (60, "a"))
    put_hook(NotificationMetadata="")
    t.equal(hooks()[0].get("NotificationMetadata"), None)
