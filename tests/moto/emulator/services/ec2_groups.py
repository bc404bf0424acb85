"""EC2: security groups and their rules."""

from __future__ import annotations

import copy
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from ..hooks import Context, before, instead
from ..wire import AwsError
from .ec2_network import in_use, linger, live_interfaces
from .ec2_requests import canonical

#: AWS keeps these four by name.
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}


def find(ctx: Context, ident: str) -> Any:
    """moto's group."""
    group = ctx.backend("ec2").get_security_group_from_id(ident)
    if group is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{ident}' does not exist")
    return group


@before("ec2", "CreateSecurityGroup")
def group_name(ctx: Context) -> None:
    """Names are unique in a VPC whatever their case."""
    wanted = ctx.params["GroupName"]
    for group in ctx.backend().groups.get(ctx.params.get("VpcId"), {}).values():
        if group.name.lower() == wanted.lower():
            raise AwsError(
                "InvalidGroup.Duplicate",
                f"The security group '{wanted}' already exists for VPC '{ctx.params.get('VpcId')}'",
            )


@before("ec2", "DeleteSecurityGroup")
def group_in_use(ctx: Context) -> None:
    """AWS refuses while another group's rule, an interface, a load balancer or a database names the group."""
    ident = ctx.params.get("GroupId")
    if ident is None:
        return
    group = find(ctx, ident)
    if group.name == "default":
        raise AwsError("CannotDelete", f'the specified group: "{ident}" name: "default" cannot be deleted by a user')
    for other in (g for groups in ctx.backend().groups.values() for g in groups.values() if g.id != ident):
        for rule in [*other.ingress_rules, *other.egress_rules]:
            if (rule.source_group or {}).get("GroupId") == ident:
                raise in_use(ident, other.id)
    for eni in live_interfaces(ctx):
        if ident in [g.id for g in eni.group_set or []]:
            raise in_use(ident, eni.id)
    for balancer in ctx.backend("elbv2").load_balancers.values():
        if ident in (balancer.security_groups or []):
            raise in_use(ident, balancer.name)
    for database in ctx.backend("rds").databases.values():
        if ident in (getattr(database, "vpc_security_group_ids", None) or []):
            raise in_use(ident, database.db_instance_identifier)
    linger(ctx, "security_group", ident)


def normal(permission: dict[str, Any]) -> dict[str, Any]:
    """A permission as AWS keeps it: protocols by name, CIDR blocks by network address, no ports for all protocols."""
    permission = copy.deepcopy(permission)
    protocol = str(permission.get("IpProtocol", "-1")).lower()
    permission["IpProtocol"] = protocol = PROTOCOLS.get(protocol, protocol)
    if protocol == "-1":
        permission.pop("FromPort", None)
        permission.pop("ToPort", None)
    for member, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
        if permission.get(member):
            permission[member] = [canonical(one, name) or one for one in permission[member]]
    return permission


def parts(permission: dict[str, Any]) -> list[dict[str, Any]]:
    """One permission per source."""
    members = ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds")
    bare = {k: v for k, v in permission.items() if k not in members}
    return [{**bare, member: [one]} for member in members for one in permission.get(member) or []]


def identity(protocol: str, first: Any, last: Any, source: tuple[str, str]) -> tuple[Any, ...]:
    """What makes two rules the same; the description is no part of it."""
    ports = (None, None) if protocol == "-1" else (int(first), int(last))
    return (protocol, *ports, *source)


def identity_of_rule(rule: SecurityGroupRule) -> tuple[Any, ...]:
    """The identity of one of moto's rules."""
    if rule.source_group:
        source = ("group", rule.source_group.get("GroupId", ""))
    elif rule.prefix_list_id:
        source = ("prefix", rule.prefix_list_id)
    elif rule.ip_range.get("CidrIp"):
        source = ("v4", rule.ip_range["CidrIp"])
    else:
        source = ("v6", rule.ip_range.get("CidrIpv6", ""))
    return identity(rule.ip_protocol or "-1", rule.from_port, rule.to_port, source)


def identity_of_part(part: dict[str, Any]) -> tuple[Any, ...]:
    """The identity of a permission with one source."""
    for member, kind, name in (
        ("IpRanges", "v4", "CidrIp"),
        ("Ipv6Ranges", "v6", "CidrIpv6"),
        ("UserIdGroupPairs", "group", "GroupId"),
        ("PrefixListIds", "prefix", "PrefixListId"),
    ):
        if member in part:
            source = (kind, part[member][0].get(name, ""))
    return identity(part["IpProtocol"], part.get("FromPort"), part.get("ToPort"), source)


@instead("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")
def authorize(ctx: Context) -> dict[str, Any]:
    """All or nothing, and the answer names every rule; moto stops half-way and names those of the last permission."""
    params = ctx.params
    if not params.get("IpPermissions"):
        return ctx.perform(params)
    group = find(ctx, params["GroupId"])
    rules = group.egress_rules if "Egress" in ctx.call.operation else group.ingress_rules
    seen = {identity_of_rule(rule) for rule in rules}
    wanted = [part for permission in params["IpPermissions"] for part in parts(normal(permission))]
    for part in wanted:
        for pair in part.get("UserIdGroupPairs") or []:
            find(ctx, pair["GroupId"])
        key = identity_of_part(part)
        if key in seen:
            raise AwsError("InvalidPermission.Duplicate", f"the specified rule {key} already exists")
        seen.add(key)
    made = []
    for part in wanted:
        known = {rule.id for rule in rules}
        made += ctx.perform({**params, "IpPermissions": [part]})["SecurityGroupRules"]
        for rule in (rule for rule in rules if rule.id not in known):
            describe_pair(rule, part)
    for rule in made:
        stored = group.get_rule(rule["SecurityGroupRuleId"])
        rule["Description"] = stored.description
        rule["GroupOwnerId"] = ctx.call.account
    return {"Return": True, "SecurityGroupRules": made}


def describe_pair(rule: SecurityGroupRule, part: dict[str, Any]) -> None:
    """moto looks for every rule's description in its CIDR block, and so loses those of groups and prefix lists."""
    for member in ("UserIdGroupPairs", "PrefixListIds"):
        if member in part and part[member][0].get("Description"):
            rule.ip_range = {**rule.ip_range, "Description": part[member][0]["Description"]}


@instead("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", "UpdateSecurityGroupRuleDescriptionsEgress")
def redescribe(ctx: Context) -> dict[str, Any]:
    """A rule is found by its traffic or its id, and without a description it loses the one it has; moto finds only
    those of CIDR blocks, by their traffic."""
    group = find(ctx, ctx.params["GroupId"])
    rules = group.egress_rules if "Egress" in ctx.call.operation else group.ingress_rules
    by_traffic = {identity_of_rule(rule): rule for rule in rules}
    wanted = []
    for part in (part for permission in ctx.params.get("IpPermissions") or [] for part in parts(normal(permission))):
        member = next(member for member in part if isinstance(part[member], list))
        wanted.append((by_traffic.get(identity_of_part(part)), part[member][0].get("Description")))
    for one in ctx.params.get("SecurityGroupRuleDescriptions") or []:
        wanted.append((group.get_rule(one["SecurityGroupRuleId"]), one.get("Description")))
    if any(rule is None for rule, _ in wanted):
        raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    for rule, text in wanted:
        rest = {name: value for name, value in rule.ip_range.items() if name != "Description"}
        rule.ip_range = {**rest, "Description": text} if text else rest
    return {"Return": True}


@before("ec2", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress")
def revoke(ctx: Context) -> dict[str, Any] | None:
    """Unknown rules are refused by id; permissions are compared in AWS's form."""
    params = ctx.params
    group = find(ctx, params["GroupId"])
    for ident in params.get("SecurityGroupRuleIds") or []:
        if group.get_rule(ident) is None:
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{ident}' does not exist")
    if params.get("IpPermissions"):
        return {**params, "IpPermissions": [normal(permission) for permission in params["IpPermissions"]]}
    return None


@instead("ec2", "ModifySecurityGroupRules")
def modify(ctx: Context) -> dict[str, Any]:
    """AWS changes every part of a rule but the type of its source; moto only IPv4 blocks."""
    group = find(ctx, ctx.params["GroupId"])
    kinds = {"CidrIpv4": "v4", "CidrIpv6": "v6", "ReferencedGroupId": "group", "PrefixListId": "prefix"}
    planned = []
    for update in ctx.params["SecurityGroupRules"]:
        rule, wanted = group.get_rule(update["SecurityGroupRuleId"]), update["SecurityGroupRule"]
        if rule is None:
            ident = update["SecurityGroupRuleId"]
            raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{ident}' does not exist")
        given = [name for name in kinds if wanted.get(name)]
        if len(given) != 1:
            raise AwsError("InvalidParameterCombination", "exactly one source or destination must be given")
        kind, value = kinds[given[0]], wanted[given[0]]
        if kind != identity_of_rule(rule)[3]:
            raise AwsError("InvalidParameterValue", f"Invalid rule type for security group rule '{rule.id}'.")
        protocol = PROTOCOLS.get(str(wanted.get("IpProtocol")).lower(), str(wanted.get("IpProtocol")).lower())
        if kind in ("v4", "v6"):
            value = (canonical({"value": value}, "value") or {"value": value})["value"]
        key = identity(protocol, wanted.get("FromPort", -1), wanted.get("ToPort", -1), (kind, value))
        others = [r for r in (group.egress_rules if rule.is_egress else group.ingress_rules) if r.id != rule.id]
        if key in map(identity_of_rule, others):
            raise AwsError("InvalidPermission.Duplicate", f"the specified rule {key} already exists")
        planned.append((rule, key, kind, value, wanted.get("Description")))
    for rule, key, kind, value, description in planned:
        rule.ip_protocol, rule.from_port, rule.to_port = key[:3]
        rule.ip_range = {"v4": {"CidrIp": value}, "v6": {"CidrIpv6": value}}.get(kind, {})
        if description:
            rule.ip_range["Description"] = description
        if kind == "group":
            rule.source_group = {**rule.source_group, "GroupId": value}
        if kind == "prefix":
            rule.prefix_list_id = value
    return {"Return": True}
