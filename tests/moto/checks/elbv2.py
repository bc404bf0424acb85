"""Elastic Load Balancing v2, and the certificates it uses."""

from __future__ import annotations

from typing import Any

from selfcheck import Check


def balancer(t: Check, **more: Any) -> tuple[Any, str, str]:
    """The client, a load balancer and its VPC."""
    elb = t.client("elbv2")
    vpc, subnets = t.network()
    made = elb.create_load_balancer(Name="web", Subnets=subnets, **more)["LoadBalancers"][0]
    return elb, made["LoadBalancerArn"], vpc


def target_group(elb: Any, vpc: str, name: str = "web", port: int = 80) -> str:
    """A target group."""
    made = elb.create_target_group(Name=name, Protocol="HTTP", Port=port, VpcId=vpc)
    return made["TargetGroups"][0]["TargetGroupArn"]


def listener(elb: Any, arn: str, group: str, port: int = 80, **more: Any) -> dict[str, Any]:
    """A listener that forwards."""
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    params = {"LoadBalancerArn": arn, "Port": port, "Protocol": "HTTP", "DefaultActions": actions, **more}
    return elb.create_listener(**params)["Listeners"][0]


def check_names_are_unique(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    subnets = [zone["SubnetId"] for zone in elb.describe_load_balancers()["LoadBalancers"][0]["AvailabilityZones"]]
    again = elb.create_load_balancer(Name="web", Subnets=subnets[::-1])["LoadBalancers"][0]
    t.equal((again["LoadBalancerArn"], again["Scheme"]), (arn, "internet-facing"))
    t.refused("DuplicateLoadBalancerName", elb.create_load_balancer, Name="web", Subnets=subnets, Scheme="internal")
    t.equal(target_group(elb, vpc), target_group(elb, vpc))
    t.refused("DuplicateTargetGroupName", target_group, elb=elb, vpc=vpc, port=81)


def check_protection(t: Check) -> None:
    elb, arn, _ = balancer(t)
    attributes = {a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
    t.equal((attributes["idle_timeout.timeout_seconds"], attributes["routing.http2.enabled"]), ("60", "true"))
    protect = lambda value: elb.modify_load_balancer_attributes(  # noqa: E731
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
    )
    protect("true")
    t.refused("OperationNotPermitted", elb.delete_load_balancer, LoadBalancerArn=arn)
    protect("false")
    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def check_two_zones_and_a_gateway(t: Check) -> None:
    elb, ec2 = t.client("elbv2"), t.client("ec2")
    vpc, subnets = t.network("aab")
    t.refused("InvalidConfigurationRequest", elb.create_load_balancer, Name="web", Subnets=subnets[:2])
    gateway = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGateways"][0]["InternetGatewayId"], VpcId=vpc)
    t.refused("InvalidSubnet", elb.create_load_balancer, Name="web", Subnets=subnets[1:])


def check_slow_and_lingering(t: Check) -> None:
    t.control("slow", describes=2)
    elb, arn, vpc = balancer(t)
    state = lambda: elb.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"]  # noqa: E731
    t.equal([state() for _ in range(3)], ["provisioning", "provisioning", "active"])
    ec2 = t.client("ec2")
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    t.refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    for _ in range(2):
        t.refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    ec2.delete_subnet(SubnetId=subnet)


def check_actions_are_filled(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    group = target_group(elb, vpc)
    made = listener(elb, arn, group)
    t.equal(made["DefaultActions"][0]["ForwardConfig"]["TargetGroups"], [{"TargetGroupArn": group, "Weight": 1}])
    t.equal("SslPolicy" in made, False)
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    made = listener(elb, arn, group, port=81, DefaultActions=[redirect])
    t.equal(made["DefaultActions"][0]["RedirectConfig"]["Path"], "/#{path}")
    t.refused("DuplicateListener", listener, elb=elb, arn=arn, group=group)
    rule = elb.create_rule(
        ListenerArn=made["ListenerArn"],
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
        Actions=[redirect],
    )["Rules"][0]
    t.equal(rule["Conditions"][0]["PathPatternConfig"], {"Values": ["/x"]})


def check_a_target_group_serves_one_balancer(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    group = target_group(elb, vpc)
    first = listener(elb, arn, group)
    subnets = [zone["SubnetId"] for zone in elb.describe_load_balancers()["LoadBalancers"][0]["AvailabilityZones"]]
    other = elb.create_load_balancer(Name="other", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    t.refused("TargetGroupAssociationLimit", listener, elb=elb, arn=other, group=group)
    t.refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=group)
    elb.delete_listener(ListenerArn=first["ListenerArn"])
    t.equal(elb.describe_target_groups()["TargetGroups"][0]["LoadBalancerArns"], [])
    listener(elb, other, group)


def check_certificates(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    acm, group = t.client("acm"), target_group(elb, vpc)
    t.control("slow", describes=1)
    certificate = acm.request_certificate(DomainName="www.example.com", ValidationMethod="DNS")["CertificateArn"]
    https = {"port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]}
    t.refused("ValidationError", listener, elb=elb, arn=arn, group=group, port=443, Protocol="HTTPS")
    t.refused("UnsupportedCertificate", listener, elb=elb, arn=arn, group=group, **https)
    status = lambda: acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"]  # noqa: E731
    t.equal([status(), status()], ["PENDING_VALIDATION", "ISSUED"])
    made = listener(elb, arn, group, **https)
    t.equal(made["SslPolicy"], "ELBSecurityPolicy-2016-08")
    t.equal(acm.describe_certificate(CertificateArn=certificate)["Certificate"]["InUseBy"], [arn])
    t.refused("ResourceInUseException", acm.delete_certificate, CertificateArn=certificate)
    t.control("fail", type="certificate", code="CAA_ERROR", reason="")
    bad = acm.request_certificate(DomainName="bad.example.com", ValidationMethod="DNS")["CertificateArn"]
    shown = [acm.describe_certificate(CertificateArn=bad)["Certificate"] for _ in range(2)][1]
    t.equal((shown["Status"], shown["FailureReason"]), ("FAILED", "CAA_ERROR"))


def check_rules_change_places(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    one = listener(elb, arn, target_group(elb, vpc))["ListenerArn"]
    answer = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]

    def rule(priority: int, **config: Any) -> str:
        condition = {"Field": "path-pattern", "PathPatternConfig": config}
        made = elb.create_rule(ListenerArn=one, Priority=priority, Conditions=[condition], Actions=answer)
        return made["Rules"][0]["RuleArn"]

    first, second = rule(1, Values=["/a"]), rule(2, RegexValues=["^/b[0-9]"])
    shown = elb.describe_rules(RuleArns=[second])["Rules"][0]["Conditions"][0]
    t.equal(shown["PathPatternConfig"], {"RegexValues": ["^/b[0-9]"]})
    put = lambda **by: elb.set_rule_priorities(  # noqa: E731
        RulePriorities=[{"RuleArn": {"first": first, "second": second}[name], "Priority": n} for name, n in by.items()]
    )
    t.refused("PriorityInUse", put, first=2)
    put(first=1)
    put(first=2, second=1)
    rules = {rule["RuleArn"]: rule["Priority"] for rule in elb.describe_rules(ListenerArn=one)["Rules"]}
    t.equal((rules[first], rules[second]), ("2", "1"))


def check_clients_show_certificates(t: Check) -> None:
    elb, arn, vpc = balancer(t)
    acm = t.client("acm")
    certificate = acm.request_certificate(DomainName="www.example.com", ValidationMethod="DNS")["CertificateArn"]
    acm.describe_certificate(CertificateArn=certificate)
    https = {"port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]}
    made = listener(elb, arn, target_group(elb, vpc), **https)["ListenerArn"]
    asked = lambda: elb.describe_listeners(ListenerArns=[made])["Listeners"][0].get("MutualAuthentication")  # noqa: E731
    t.equal(asked(), {"Mode": "off"})
    elb.modify_listener(ListenerArn=made, MutualAuthentication={"Mode": "passthrough"})
    t.equal(asked(), {"Mode": "passthrough"})
    elb.modify_listener(ListenerArn=made, Protocol="HTTP")
    t.equal(asked(), None)


def check_a_domain_is_proved_in_its_zone(t: Check) -> None:
    acm, zones = t.client("acm"), t.client("route53", "us-east-1")
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    arn = acm.request_certificate(
        DomainName="www.example.com", ValidationMethod="DNS", KeyAlgorithm="EC_prime256v1"
    )["CertificateArn"]
    shown = lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]  # noqa: E731
    t.equal((shown()["Status"], shown()["KeyAlgorithm"]), ("PENDING_VALIDATION", "EC_prime256v1"))
    t.equal(acm.list_certificates()["CertificateSummaryList"], [])
    keys = acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    t.equal(keys[0]["SubjectAlternativeNameSummaries"], ["www.example.com"])
    record = shown()["DomainValidationOptions"][0]["ResourceRecord"]
    wanted = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    zones.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]}
    )
    t.equal(shown()["Status"], "ISSUED")
