"""Everything in an account that is not there by default, read with boto3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def leftovers(client: Callable[..., Any], regions: Iterable[str]) -> list[str]:
    """One line per thing in `regions` or global: `service type identity (region)`, sorted.

    Locks of clefctl (`/clefctl/…` parameters) are left out.
    """
    found = set(_global(client))
    for region in dict.fromkeys(regions):
        found.update(f"{line} ({region})" for line in _regional(lambda service: client(service, region)))
    return sorted(found)


def _all(client: Any, operation: str, member: str, **params: Any) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**params):
            yield from page.get(member) or []
    else:
        yield from getattr(client, operation)(**params).get(member) or []


def _global(client: Callable[..., Any]) -> Iterator[str]:
    iam = client("iam", "us-east-1")
    for operation, member, name in (
        ("list_roles", "Roles", "RoleName"),
        ("list_users", "Users", "UserName"),
        ("list_groups", "Groups", "GroupName"),
        ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
        ("list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    ):
        for item in _all(iam, operation, member):
            if not item.get("Path", "").startswith("/aws-service-role/"):
                yield f"iam {member} {item[name]}"
    for item in _all(iam, "list_policies", "Policies", Scope="Local"):
        yield f"iam Policies {item['PolicyName']}"
    for zone in _all(client("route53", "us-east-1"), "list_hosted_zones", "HostedZones"):
        yield f"route53 HostedZones {zone['Name']} {zone['Id']}"
    for bucket in client("s3", "us-east-1").list_buckets()["Buckets"]:
        yield f"s3 Buckets {bucket['Name']}"


#: (service, operation, member, identity, parameters, whether an item is there by default or already gone)
_PLAIN: tuple[tuple[Any, ...], ...] = (
    ("ec2", "describe_vpcs", "Vpcs", "VpcId", {}, lambda i: i["IsDefault"]),
    ("ec2", "describe_addresses", "Addresses", "AllocationId", {}, None),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", {}, lambda i: i["State"] == "deleted"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", {}, lambda i: i["State"] == "deleted"),
    ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId", {}, None),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName", {}, None),
    ("ec2", "describe_key_pairs", "KeyPairs", "KeyName", {}, None),
    ("ec2", "describe_volumes", "Volumes", "VolumeId", {}, None),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName", {}, None),
    ("autoscaling", "describe_policies", "ScalingPolicies", "PolicyName", {}, None),
    (
        "autoscaling",
        "describe_scheduled_actions",
        "ScheduledUpdateGroupActions",
        "ScheduledActionName",
        {},
        None,
    ),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName", {}, None),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName", {}, None),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", {}, None),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName", {}, None),
    (
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups",
        "DBParameterGroupName",
        {},
        lambda i: i["DBParameterGroupName"].startswith("default."),
    ),
    ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", {}, None),
    ("cognito-idp", "list_user_pools", "UserPools", "Id", {"MaxResults": 60}, None),
    ("cognito-identity", "list_identity_pools", "IdentityPools", "IdentityPoolId", {"MaxResults": 60}, None),
    ("acm", "list_certificates", "CertificateSummaryList", "CertificateArn", {}, None),
    ("logs", "describe_log_groups", "logGroups", "logGroupName", {}, None),
    ("logs", "describe_metric_filters", "metricFilters", "filterName", {}, None),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", {}, None),
    (
        "cloudwatch",
        "describe_alarms",
        "CompositeAlarms",
        "AlarmName",
        {"AlarmTypes": ["CompositeAlarm"]},
        None,
    ),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", {}, None),
    ("sns", "list_topics", "Topics", "TopicArn", {}, None),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn", {}, None),
    ("secretsmanager", "list_secrets", "SecretList", "Name", {}, lambda i: "DeletedDate" in i),
    ("ssm", "describe_parameters", "Parameters", "Name", {}, lambda i: i["Name"].startswith(("/clefctl/", "/aws/"))),
    ("kms", "list_aliases", "Aliases", "AliasName", {}, lambda i: i["AliasName"].startswith("alias/aws/")),
)


def _regional(client: Callable[[str], Any]) -> Iterator[str]:
    for service, operation, member, name, params, gone in _PLAIN:
        for item in _all(client(service), operation, member, **params):
            if gone is None or not gone(item):
                yield f"{service} {member} {item[name]}"
    scaling = client("autoscaling")
    for group in _all(scaling, "describe_auto_scaling_groups", "AutoScalingGroups"):
        name = group["AutoScalingGroupName"]
        for hook in scaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]:
            yield f"autoscaling LifecycleHooks {name} {hook['LifecycleHookName']}"
    ec2 = client("ec2")
    default_vpcs = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}
    for subnet in ec2.describe_subnets()["Subnets"]:
        if not subnet.get("DefaultForAz"):
            yield f"ec2 Subnets {subnet['SubnetId']}"
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        yield f"ec2 InternetGateways {gateway['InternetGatewayId']}"
    # The main route table, and the default group of a VPC that is listed above already, come and go with it.
    for table in ec2.describe_route_tables()["RouteTables"]:
        if not any(association.get("Main") for association in table["Associations"]):
            yield f"ec2 RouteTables {table['RouteTableId']}"
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] != "default":
            yield f"ec2 SecurityGroups {group['GroupId']} {group['GroupName']}"
    for interface in ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if interface["VpcId"] not in default_vpcs:
            yield f"ec2 NetworkInterfaces {interface['NetworkInterfaceId']}"
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield f"ec2 Instances {instance['InstanceId']}"
    kms = client("kms")
    for key in _all(kms, "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyManager"] == "CUSTOMER" and described["KeyState"] != "PendingDeletion":
            yield f"kms Keys {key['KeyId']}"
