"""CloudWatch, Logs, SNS, KMS, Secrets Manager, Systems Manager, and the tagging API."""

from __future__ import annotations

import urllib.request
from datetime import datetime
from typing import Any

import cbor2

from selfcheck import Check

from .iam import READ


def cbor(t: Check, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A call of CloudWatch as the Rust SDK makes it."""
    request = urllib.request.Request(
        f"{t.endpoint}/service/GraniteServiceVersion20100801/operation/{operation}", cbor2.dumps(body), method="POST"
    )
    scope = f"AKIACLEF{t.account}/20260101/{t.REGION}/monitoring/aws4_request"
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x")
    request.add_header("smithy-protocol", "rpc-v2-cbor")
    request.add_header("Content-Type", "application/cbor")
    try:
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
            return answer.status, cbor2.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, cbor2.loads(error.read())


def alarm(name: str, **more: Any) -> dict[str, Any]:
    """A metric alarm's definition."""
    return {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 2,
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2",
        "Period": 60,
        "Threshold": 80.0,
        "Statistic": "Average",
        **more,
    }


def check_cloudwatch_speaks_cbor(t: Check) -> None:
    dimensions = [{"Name": "AutoScalingGroupName", "Value": "web"}]
    status, _ = cbor(t, "PutMetricAlarm", alarm("cpu", Threshold=80, Dimensions=dimensions))
    t.equal(status, 200)
    status, read = cbor(t, "DescribeAlarms", {"AlarmNames": ["cpu"]})
    shown = read["MetricAlarms"][0]
    t.equal((status, shown["Threshold"], shown["Dimensions"]), (200, 80.0, dimensions))
    # A strict client wants a double where the model says so, and a tagged timestamp.
    t.equal((type(shown["Threshold"]), type(shown["Period"])), (float, int))
    assert isinstance(shown["AlarmConfigurationUpdatedTimestamp"], datetime)
    status, error = cbor(t, "GetDashboard", {"DashboardName": "none"})
    t.equal((status, error["__type"]), (404, "ResourceNotFound"))


def check_alarms(t: Check) -> None:
    watch = t.client("cloudwatch")
    watch.put_metric_alarm(**alarm("cpu", Tags=[{"Key": "a", "Value": "b"}]))
    watch.put_metric_alarm(**alarm("cpu", Tags=[{"Key": "late", "Value": "x"}]))
    shown = watch.describe_alarms()["MetricAlarms"][0]
    t.equal((shown["StateValue"], shown["TreatMissingData"]), ("INSUFFICIENT_DATA", "missing"))
    t.equal(watch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"], [{"Key": "a", "Value": "b"}])
    t.refused("ValidationError", watch.put_composite_alarm, AlarmName="any", AlarmRule='ALARM("none")')
    watch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("cpu")', Tags=[{"Key": "c", "Value": "d"}])
    t.equal(watch.describe_alarms()["CompositeAlarms"], [])
    composite = watch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
    t.equal(watch.list_tags_for_resource(ResourceARN=composite["AlarmArn"])["Tags"], [{"Key": "c", "Value": "d"}])
    t.refused("ValidationError", watch.delete_alarms, AlarmNames=["cpu"])
    watch.delete_alarms(AlarmNames=["any"])
    # Unknown names are refused, and the known ones are gone all the same.
    t.refused("ResourceNotFound", watch.delete_alarms, AlarmNames=["cpu", "none"])
    t.equal(watch.describe_alarms()["MetricAlarms"], [])


def check_dashboards_carry_tags(t: Check) -> None:
    watch = t.client("cloudwatch", "us-east-1")
    watch.put_dashboard(DashboardName="main", DashboardBody='{"widgets": []}', Tags=[{"Key": "owner", "Value": "me"}])
    watch.put_composite_alarm(AlarmName="any", AlarmRule="TRUE", Tags=[{"Key": "owner", "Value": "me"}])
    found = lambda: sorted(  # noqa: E731
        one["ResourceARN"].split(":")[-1]
        for one in t.client("resourcegroupstaggingapi", "us-east-1").get_resources(
            TagFilters=[{"Key": "owner", "Values": ["me"]}]
        )["ResourceTagMappingList"]
    )
    t.equal(found(), ["any", "dashboard/main"])
    watch.delete_dashboards(DashboardNames=["main"])
    watch.delete_alarms(AlarmNames=["any"])
    t.equal(found(), [])


def check_metric_filters_go_with_their_group(t: Check) -> None:
    logs = t.client("logs")
    metric = [{"metricName": "Errors", "metricNamespace": "App", "metricValue": "1"}]
    put = lambda pattern: logs.put_metric_filter(  # noqa: E731
        logGroupName="/app", filterName="errors", filterPattern=pattern, metricTransformations=metric
    )
    t.refused("ResourceNotFoundException", put, pattern="ERROR")
    logs.create_log_group(logGroupName="/app")
    put("ERROR")
    put("WARN")
    t.equal([one["filterPattern"] for one in logs.describe_metric_filters()["metricFilters"]], ["WARN"])
    logs.delete_log_group(logGroupName="/app")
    t.equal(logs.describe_metric_filters()["metricFilters"], [])


def check_log_groups(t: Check) -> None:
    logs = t.client("logs")
    logs.create_log_group(logGroupName="/app", logGroupClass="INFREQUENT_ACCESS")
    read = lambda: logs.describe_log_groups(logGroupNamePrefix="/app")["logGroups"][0]  # noqa: E731
    t.equal(read()["logGroupClass"], "INFREQUENT_ACCESS")
    t.refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/app", retentionInDays=8)
    logs.associate_kms_key(logGroupName="/app", kmsKeyId="arn:aws:kms:eu-central-1:1:key/k")
    t.equal(read()["kmsKeyId"], "arn:aws:kms:eu-central-1:1:key/k")
    logs.disassociate_kms_key(logGroupName="/app")
    t.equal([group["logGroupName"] for group in logs.list_log_groups()["logGroups"]], ["/app"])
    logs.put_log_group_deletion_protection(logGroupIdentifier="/app", deletionProtectionEnabled=True)
    t.refused("OperationAbortedException", logs.delete_log_group, logGroupName="/app")


def check_topics_and_subscriptions(t: Check) -> None:
    sns = t.client("sns")
    topic = sns.create_topic(Name="alarms", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    t.refused("InvalidParameter", sns.create_topic, Name="alarms", Tags=[{"Key": "a", "Value": "c"}])
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    t.equal(listed[0]["SubscriptionArn"], "PendingConfirmation")
    t.refused("InvalidParameter", sns.unsubscribe, SubscriptionArn=made["SubscriptionArn"])
    set_to = lambda name, value: sns.set_topic_attributes(  # noqa: E731
        TopicArn=topic, AttributeName=name, AttributeValue=value
    )
    set_to("TracingConfig", "Active")
    t.equal(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["TracingConfig"], "Active")
    t.refused("InvalidParameter", set_to, name="ContentBasedDeduplication", value="true")
    sns.delete_topic(TopicArn=topic)
    t.equal(sns.list_subscriptions()["Subscriptions"], [])


def check_keys_pending_deletion(t: Check) -> None:
    kms = t.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key)
    t.refused("KMSInvalidStateException", kms.schedule_key_deletion, KeyId=key)
    t.refused("KMSInvalidStateException", kms.update_key_description, KeyId=key, Description="x")


def check_keys_rotate_as_told(t: Check) -> None:
    kms = t.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    t.equal(kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"], 90)


def check_secrets_lose_what_is_emptied(t: Check) -> None:
    secrets = t.client("secretsmanager")
    secrets.create_secret(Name="db", Description="d", SecretString="x")
    secrets.update_secret(SecretId="db", Description="", KmsKeyId="")
    t.equal("Description" in secrets.describe_secret(SecretId="db"), False)
    secrets.replicate_secret_to_regions(
        SecretId="db", AddReplicaRegions=[{"Region": "eu-west-1", "KmsKeyId": "alias/copies"}]
    )
    t.equal(secrets.describe_secret(SecretId="db")["ReplicationStatus"][0]["KmsKeyId"], "alias/copies")


def check_secrets_rotate(t: Check) -> None:
    secrets = t.client("secretsmanager")
    secrets.create_secret(Name="db", SecretString="x")
    rules = {"ScheduleExpression": "rate(10 days)", "Duration": "3h"}
    function = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
    secrets.rotate_secret(SecretId="db", RotationLambdaARN=function, RotationRules=rules)
    found = secrets.describe_secret(SecretId="db")
    t.equal((found["RotationEnabled"], found["RotationLambdaARN"], found["RotationRules"]), (True, function, rules))


def check_secrets_scheduled_for_deletion(t: Check) -> None:
    secrets = t.client("secretsmanager")
    secrets.create_secret(Name="db", SecretString="x")
    secrets.delete_secret(SecretId="db")
    t.refused("InvalidRequestException", secrets.create_secret, Name="db", SecretString="x")


def check_parameters_keep_their_type(t: Check) -> None:
    ssm = t.client("ssm")
    ssm.put_parameter(Name="/app/x", Value="1", Type="String")
    put = lambda **more: ssm.put_parameter(Name="/app/x", Value="2", Overwrite=True, **more)  # noqa: E731
    t.refused("HierarchyTypeMismatchException", put, Type="SecureString")
    t.equal(put()["Version"], 2)


def check_resources_are_found_by_tag(t: Check) -> None:
    ec2 = t.client("ec2")
    spec = lambda kind: [{"ResourceType": kind, "Tags": [{"Key": "owner", "Value": "me"}]}]  # noqa: E731
    ec2.allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))
    ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={}, TagSpecifications=spec("launch-template")
    )
    ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=spec("vpc"))
    _, subnets = t.network()
    t.client("rds").create_db_subnet_group(
        DBSubnetGroupName="data",
        DBSubnetGroupDescription="d",
        SubnetIds=subnets,
        Tags=[{"Key": "owner", "Value": "me"}],
    )
    t.client("cognito-idp").create_user_pool(PoolName="users", UserPoolTags={"owner": "me"})
    t.client("cognito-idp").create_user_pool(PoolName="users", UserPoolTags={"owner": "you"})
    zone = t.client("route53", "us-east-1").create_hosted_zone(Name="example.com", CallerReference="r")
    t.client("route53", "us-east-1").change_tags_for_resource(
        ResourceType="hostedzone",
        ResourceId=zone["HostedZone"]["Id"].split("/")[-1],
        AddTags=[{"Key": "owner", "Value": "me"}],
    )
    iam, mine = t.client("iam"), [{"Key": "owner", "Value": "me"}]
    iam.create_policy(PolicyName="read", PolicyDocument=READ, Path="/ops/", Tags=mine)
    iam.create_instance_profile(InstanceProfileName="web", Tags=mine)

    def found(region: str) -> list[str]:
        pages = t.client("resourcegroupstaggingapi", region).get_paginator("get_resources").paginate(
            TagFilters=[{"Key": "owner", "Values": ["me"]}], ResourcesPerPage=2
        )
        arns = [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]
        return sorted(":".join(arn.split(":")[2:6:3] + [arn.split(":")[5].split("/")[0]]) for arn in arns)

    kinds = [kind.split(":")[-1] for kind in found(t.REGION)]
    t.equal(sorted(kinds), ["elastic-ip", "launch-template", "subgrp", "userpool", "vpc"])
    t.equal([kind.split(":")[-1] for kind in found("us-east-1")], ["instance-profile", "policy", "hostedzone"])
