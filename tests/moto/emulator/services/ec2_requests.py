"""EC2: what holds for many requests."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from botocore.session import get_session

from ..hooks import BEFORE, Context, after, before, instead
from ..wire import AwsError

_MODEL = get_session().get_service_model("ec2")


def dry_run(ctx: Context) -> None:
    """AWS checks the request and does nothing; moto does it all the same."""
    if ctx.params.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


for _name in _MODEL.operation_names:
    _shape = _MODEL.operation_model(_name).input_shape
    if _shape is not None and "DryRun" in _shape.members:
        BEFORE["ec2", _name].append(dry_run)


@instead(
    "ec2",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateVpcEndpoint",
    "CreateFlowLogs",
    "CreateLaunchTemplate",
    "CreateLaunchTemplateVersion",
    "RunInstances",
)
def honour_client_token(ctx: Context, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """AWS answers a repeated token with the first answer, and refuses it for another request. moto gets `params`."""
    token = ctx.params.get("ClientToken")
    params = ctx.params if params is None else params
    if not token:
        return ctx.perform(params)
    asked = json.dumps({k: v for k, v in ctx.params.items() if k != "ClientToken"}, sort_keys=True, default=str)
    seen = ctx.store("tokens").get((ctx.call.operation, token))
    if seen is None:
        answer = ctx.perform(params)
        ctx.store("tokens")[ctx.call.operation, token] = (asked, answer)
        return answer
    if seen[0] != asked:
        raise AwsError("IdempotentParameterMismatch", "The client token was used for a request with other parameters.")
    return seen[1]


@before("ec2", "CreateVpc", "CreateSubnet", "AssociateVpcCidrBlock")
def canonical_block(ctx: Context) -> dict[str, Any] | None:
    """AWS keeps a CIDR block by its network address."""
    return canonical(ctx.params, "CidrBlock")


@before("ec2", "CreateRoute", "ReplaceRoute", "DeleteRoute")
def canonical_destination(ctx: Context) -> dict[str, Any] | None:
    """As for VPCs: the destination is kept by its network address, IPv6 in lower case and short."""
    params = canonical(ctx.params, "DestinationCidrBlock")
    return canonical(params or ctx.params, "DestinationIpv6CidrBlock") or params


def canonical(params: dict[str, Any], member: str) -> dict[str, Any] | None:
    """`params` with the CIDR block in `member` by its network address; none when it is no block, or is so already."""
    try:
        block = str(ipaddress.ip_network(params[member], strict=False))
    except (KeyError, ValueError):
        return None
    return {**params, member: block} if block != params[member] else None


@before("ec2", "DescribeTags")
def tag_types(ctx: Context) -> dict[str, Any] | None:
    """moto calls these types by names of its own."""
    filters = ctx.params.get("Filters")
    if not filters:
        return None
    back = {aws: own for own, aws in TAG_TYPES.items()}
    changed = [
        {**f, "Values": [back.get(v, v) for v in f["Values"]]} if f["Name"] == "resource-type" else f for f in filters
    ]
    return {**ctx.params, "Filters": changed}


@after("ec2", "DescribeTags")
def aws_tag_types(ctx: Context, output: dict[str, Any]) -> None:
    """See `tag_types`."""
    for tag in output.get("Tags", []):
        tag["ResourceType"] = TAG_TYPES.get(tag["ResourceType"], tag["ResourceType"])


#: moto's names of resource types in tags -> AWS's.
TAG_TYPES = {"nat-gateway": "natgateway", "vpc-elastic-ip": "elastic-ip", "flow-logs": "vpc-flow-log"}


@after("ec2", "DescribeSubnets", "DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeNatGateways")
def page(ctx: Context, output: dict[str, Any]) -> None:
    """AWS pages when asked to (`MaxResults`); moto answers all at once."""
    size = ctx.params.get("MaxResults")
    if not size:
        return
    member = next(name for name, value in output.items() if isinstance(value, list))
    items = output[member]
    start = int(ctx.params.get("NextToken") or 0)
    output[member] = items[start : start + size]
    output["NextToken"] = str(start + size) if start + size < len(items) else None


def matches(item: dict[str, Any], filters: list[dict[str, Any]], named: dict[str, Any]) -> bool:
    """Whether `item` passes AWS's filters: by its tags, and by `named` (name of the filter -> value of the item)."""
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags") or []}
    for one in filters or []:
        name, wanted = one["Name"], one.get("Values", [])
        if name.startswith("tag:"):
            value = tags.get(name[4:])
            if value is None or not any(like(value, pattern) for pattern in wanted):
                return False
        elif name == "tag-key":
            if not any(like(key, pattern) for key in tags for pattern in wanted):
                return False
        elif name in named and not any(like(str(named[name]), pattern) for pattern in wanted):
            return False
    return True


def like(value: str, pattern: str) -> bool:
    """AWS's wildcards: `*` and `?`."""
    import fnmatch
    import re

    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), value) is not None
