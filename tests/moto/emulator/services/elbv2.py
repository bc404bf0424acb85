"""Elastic Load Balancing v2."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from .. import pace
from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .ec2_network import begin_linger

#: AWS's defaults of an application load balancer; moto has few of them.
ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}

_init = FakeLoadBalancer.__init__


def _with_defaults(self: FakeLoadBalancer, *args: Any, **kwargs: Any) -> None:
    _init(self, *args, **kwargs)
    self.scheme = self.scheme or "internet-facing"
    if self.type == "application":
        self.attrs = dict(ATTRIBUTES)
        prefix = "internal-" if self.scheme == "internal" else ""
        region = self.arn.split(":")[3]
        self.dns_name = f"{prefix}{self.name}-{int(self.arn[-8:], 16)}.{region}.elb.amazonaws.com"


FakeLoadBalancer.__init__ = _with_defaults


@instead("elbv2", "CreateLoadBalancer")
def create_load_balancer(ctx: Context) -> dict[str, Any]:
    """An equal one is answered, another of the same name refused; moto makes a second of the same name."""
    params, backend = dict(ctx.params), ctx.backend()
    if params.get("Type", "application") != "application":
        return ctx.perform(params)
    subnets = params.get("Subnets") or [mapping["SubnetId"] for mapping in params.get("SubnetMappings") or []]
    ec2 = ctx.backend("ec2")
    found = [ec2.get_subnet(subnet) for subnet in subnets]
    check_zones(found)
    vpc = found[0].vpc_id
    if not params.get("SecurityGroups"):
        params["SecurityGroups"] = [ec2.get_default_security_group(vpc).id]
    params.setdefault("Scheme", "internet-facing")
    attached = any(gateway.vpc is not None and gateway.vpc.id == vpc for gateway in ec2.internet_gateways.values())
    if params["Scheme"] == "internet-facing" and not attached:
        raise AwsError("InvalidSubnet", f"VPC {vpc} has no internet gateway")
    for old in backend.load_balancers.values():
        if old.name == params["Name"]:
            same = (
                {subnet.id for subnet in old.subnets} == set(subnets)
                and set(old.security_groups) == set(params["SecurityGroups"])
                and old.scheme == params["Scheme"]
            )
            if not same:
                raise AwsError(
                    "DuplicateLoadBalancerName",
                    f"A load balancer with the same name '{old.name}' exists, but with different settings",
                )
            return ctx.ask("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": [old.arn]})
    output = ctx.perform(params)
    pace.begin(ctx, "load_balancer", output["LoadBalancers"][0]["LoadBalancerArn"])
    return output


def check_zones(subnets: list[Any]) -> None:
    """Two zones at least, and one subnet of each."""
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) < len(zones):
        raise AwsError(
            "InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )
    if len(zones) < 2:
        raise AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified")


@before("elbv2", "SetSubnets")
def set_subnets(ctx: Context) -> None:
    """As at creation."""
    subnets = ctx.params.get("Subnets") or [mapping["SubnetId"] for mapping in ctx.params.get("SubnetMappings") or []]
    check_zones([ctx.backend("ec2").get_subnet(subnet) for subnet in subnets])


@after("elbv2", "DescribeLoadBalancers")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """New ones are provisioning for a while."""
    for balancer in output.get("LoadBalancers", []):
        transition = pace.look(ctx, "load_balancer", balancer["LoadBalancerArn"])
        code = "active" if transition is None else "provisioning" if transition.underway else "failed"
        balancer["State"] = {"Code": code}
        if code == "failed":
            balancer["State"]["Reason"] = transition.failure["reason"] if transition and transition.failure else ""


@before("elbv2", "DeleteLoadBalancer")
def delete_load_balancer(ctx: Context) -> None:
    """Protection holds; interfaces linger."""
    balancer = ctx.backend().load_balancers.get(ctx.params["LoadBalancerArn"])
    if balancer is None:
        return
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{balancer.arn}' cannot be deleted because deletion protection is enabled",
        )
    ctx.store("pace").pop(("load_balancer", balancer.arn), None)
    begin_linger(ctx, [subnet.id for subnet in balancer.subnets], list(balancer.security_groups or []))


# Target groups.


@instead("elbv2", "CreateTargetGroup")
def create_target_group(ctx: Context) -> dict[str, Any]:
    """An equal one is answered; moto refuses it."""
    for group in ctx.backend().target_groups.values():
        if group.name == ctx.params["Name"]:
            old = ctx.ask("elbv2", "DescribeTargetGroups", {"TargetGroupArns": [group.arn]})
            shown = old["TargetGroups"][0]
            if all(shown.get(k) == v for k, v in ctx.params.items() if k not in ("Name", "Tags")):
                return old
            raise AwsError(
                "DuplicateTargetGroupName",
                f"A target group with the same name '{group.name}' exists, but with different settings",
            )
    return ctx.perform(ctx.params)


def one_balancer(ctx: Context, balancer: Any, actions: list[dict[str, Any]]) -> None:
    """A target group serves one application load balancer."""
    for arn in target_groups(actions):
        group = ctx.backend().target_groups.get(arn)
        if group is None:
            raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
        if any(other != balancer.arn for other in group.load_balancer_arns):
            raise AwsError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )


def target_groups(actions: list[dict[str, Any]]) -> set[str]:
    """The target groups that actions forward to."""
    found = {action["TargetGroupArn"] for action in actions if action.get("TargetGroupArn")}
    for action in actions:
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or []:
            found.add(group["TargetGroupArn"])
    return found


# Listeners.


def listener(ctx: Context, arn: str) -> tuple[Any, Any]:
    """moto's load balancer and listener."""
    for balancer in ctx.backend("elbv2").load_balancers.values():
        if arn in balancer.listeners:
            return balancer, balancer.listeners[arn]
    raise AwsError("ListenerNotFound", f"One or more listeners not found: {arn}")


def certificate_check(ctx: Context, protocol: str | None, certificates: list[dict[str, Any]]) -> None:
    """HTTPS wants one issued certificate."""
    if protocol not in ("HTTPS", "TLS"):
        return
    if not certificates:
        raise AwsError("ValidationError", "A certificate must be specified for HTTPS listeners")
    for certificate in certificates:
        usable(ctx, certificate["CertificateArn"])


def usable(ctx: Context, arn: str) -> None:
    """An ACM certificate has to exist and to be issued; moto takes anything."""
    if ":acm:" not in arn:
        return
    known = ctx.backend("acm")._certificates.get(arn)
    if known is None:
        raise AwsError("CertificateNotFound", f"Certificate '{arn}' not found")
    if known.status != "ISSUED" or pace.busy(ctx, "certificate", arn):
        raise AwsError("UnsupportedCertificate", f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.")


@before("elbv2", "CreateListener")
def create_listener(ctx: Context) -> dict[str, Any] | None:
    """One per port, with a certificate and a policy when it is HTTPS."""
    params = ctx.params
    balancer = ctx.backend().load_balancers.get(params["LoadBalancerArn"])
    if balancer is None:
        raise AwsError("LoadBalancerNotFound", f"One or more load balancers not found: {params['LoadBalancerArn']}")
    if any(str(old.port) == str(params.get("Port")) for old in balancer.listeners.values()):
        raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
    one_balancer(ctx, balancer, params.get("DefaultActions") or [])
    certificate_check(ctx, params.get("Protocol"), params.get("Certificates") or [])
    if params.get("Protocol") in ("HTTPS", "TLS") and not params.get("SslPolicy"):
        return {**params, "SslPolicy": "ELBSecurityPolicy-2016-08"}
    return None


@before("elbv2", "ModifyListener")
def modify_listener(ctx: Context) -> None:
    """As at creation."""
    params = ctx.params
    balancer, old = listener(ctx, params["ListenerArn"])
    for other in balancer.listeners.values():
        if other.arn != old.arn and str(other.port) == str(params.get("Port")):
            raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
    one_balancer(ctx, balancer, params.get("DefaultActions") or [])
    if params.get("Certificates"):
        certificate_check(ctx, "HTTPS", params["Certificates"])
    elif params.get("Protocol") in ("HTTPS", "TLS") and not old.certificates:
        certificate_check(ctx, params["Protocol"], [])
    ctx.store("further_certificates")[old.arn] = list(old.certificates[1:])


@after("elbv2", "ModifyListener")
def modified_listener(ctx: Context, output: dict[str, Any]) -> None:
    """Another default certificate leaves the further ones alone, as moto does not; from HTTPS to HTTP, policy and
    certificates go."""
    _, changed = listener(ctx, ctx.params["ListenerArn"])
    if ctx.params.get("Certificates"):
        further = ctx.store("further_certificates")[changed.arn]
        changed.certificates = [changed.certificate, *(one for one in further if one != changed.certificate)]
    if ctx.params.get("Protocol") == "HTTP":
        changed.certificates, changed.ssl_policy, changed.certificate = [], None, None
        MUTUAL.kept(ctx, changed.arn).pop("MutualAuthentication", None)
        for shown in output.get("Listeners", []):
            shown.pop("Certificates", None)
            shown.pop("SslPolicy", None)


@before("elbv2", "CreateRule")
def create_rule(ctx: Context) -> None:
    """As for listeners."""
    balancer, _ = listener(ctx, ctx.params["ListenerArn"])
    one_balancer(ctx, balancer, ctx.params.get("Actions") or [])


_validate_conditions = ELBv2Backend._validate_conditions


def _validate_plain_conditions(self: ELBv2Backend, conditions: list[dict[str, Any]]) -> None:
    """moto knows no regular expressions."""
    plain = lambda one: not any("RegexValues" in config for config in one.values() if isinstance(config, dict))  # noqa: E731
    _validate_conditions(self, [one for one in conditions if plain(one)])


ELBv2Backend._validate_conditions = _validate_plain_conditions


@instead("elbv2", "SetRulePriorities")
def set_rule_priorities(ctx: Context) -> dict[str, Any]:
    """Rules may change places in one call; moto refuses a priority that one of them has until now."""
    wanted = {pair["RuleArn"]: int(pair["Priority"]) for pair in ctx.params["RulePriorities"]}
    for balancer in ctx.backend().load_balancers.values():
        for one in balancer.listeners.values():
            mine = {arn: priority for arn, priority in wanted.items() if arn in one.rules}
            others = [rule.priority for arn, rule in one.rules.items() if arn not in mine and rule.priority != "default"]
            taken = [*mine.values(), *(int(priority) for priority in others)]
            if len(set(taken)) < len(taken):
                raise AwsError("PriorityInUse", "The specified priority is in use.")
            for arn, priority in mine.items():
                one.rules[arn].priority = priority
                wanted.pop(arn)
    if wanted:
        raise AwsError("RuleNotFound", "One or more rules not found")
    arns = [pair["RuleArn"] for pair in ctx.params["RulePriorities"]]
    return ctx.ask("elbv2", "DescribeRules", {"RuleArns": arns})


#: moto drops who has to show a certificate.
MUTUAL = Echo(
    "elbv2",
    create="CreateListener",
    update="ModifyListener",
    describe="DescribeListeners",
    members=("MutualAuthentication",),
    identity=lambda params, output: output["Listeners"][0]["ListenerArn"],
    items=lambda output: [(one["ListenerArn"], one) for one in output.get("Listeners", [])],
)


@before("elbv2", "AddListenerCertificates")
def add_certificates(ctx: Context) -> None:
    """As for the default certificate."""
    for certificate in ctx.params["Certificates"]:
        usable(ctx, certificate["CertificateArn"])


@before("elbv2", "RemoveListenerCertificates")
def remove_certificates(ctx: Context) -> None:
    """The default certificate stays."""
    _, old = listener(ctx, ctx.params["ListenerArn"])
    for certificate in ctx.params["Certificates"]:
        if certificate["CertificateArn"] == old.certificate:
            raise AwsError("OperationNotPermitted", "Default certificate cannot be removed")


def users_of_certificate(ctx: Context, arn: str) -> list[str]:
    """The load balancers whose listeners use a certificate."""
    return [
        balancer.arn
        for balancer in ctx.backend("elbv2").load_balancers.values()
        if any(arn == one.certificate or arn in (one.certificates or []) for one in balancer.listeners.values())
    ]


# What AWS adds to what it is given.

CONDITION_CONFIGS = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}


def filled_actions(actions: list[dict[str, Any]]) -> None:
    """A forward by both its spellings, a redirect with every part, and the order."""
    for order, action in enumerate(actions, 1):
        action.setdefault("Order", order)
        if action["Type"] == "forward":
            if action.get("TargetGroupArn") and not (action.get("ForwardConfig") or {}).get("TargetGroups"):
                action["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}]}
            forward = action["ForwardConfig"]
            forward.setdefault("TargetGroupStickinessConfig", {"Enabled": False})
            for group in forward["TargetGroups"]:
                group.setdefault("Weight", 1)
            if len(forward["TargetGroups"]) == 1:
                action["TargetGroupArn"] = forward["TargetGroups"][0]["TargetGroupArn"]
        elif action["Type"] == "redirect":
            parts = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
            action["RedirectConfig"] = {**parts, **action["RedirectConfig"]}


@after("elbv2", "CreateListener", "ModifyListener", "DescribeListeners")
def filled_listeners(ctx: Context, output: dict[str, Any]) -> None:
    """moto echoes actions, and gives HTTP a TLS policy."""
    for shown in output.get("Listeners", []):
        filled_actions(shown.get("DefaultActions", []))
        if shown.get("Protocol") not in ("HTTPS", "TLS"):
            shown.pop("SslPolicy", None)
        else:
            shown.setdefault("MutualAuthentication", {"Mode": "off"})


@after("elbv2", "CreateRule", "ModifyRule", "DescribeRules")
def filled_rules(ctx: Context, output: dict[str, Any]) -> None:
    """moto echoes actions and conditions."""
    for rule in output.get("Rules", []):
        filled_actions(rule.get("Actions", []))
        for condition in rule.get("Conditions", []):
            config = CONDITION_CONFIGS.get(condition.get("Field", ""))
            values = (condition.get(config) or {}).get("Values") or condition.get("Values") if config else None
            if values:
                condition[config] = {"Values": values}
                condition["Values"] = values


@after("elbv2", "CreateListener", "ModifyListener", "DeleteListener", "CreateRule", "ModifyRule", "DeleteRule", "DeleteLoadBalancer")
def associations(ctx: Context, output: dict[str, Any]) -> None:
    """moto never forgets that a target group served a load balancer."""
    backend = ctx.backend()
    served: dict[str, set[str]] = {}
    for balancer in backend.load_balancers.values():
        for one in balancer.listeners.values():
            actions = [*one.default_actions, *(action for rule in one.rules.values() for action in rule.actions)]
            for arn in target_groups([action.data for action in actions]):
                served.setdefault(arn, set()).add(balancer.arn)
    for group in backend.target_groups.values():
        group.load_balancer_arns = sorted(served.get(group.arn, ()))
