"""Resource Groups Tagging API: GetResources, with the types that moto leaves out.

As on AWS it knows no IAM role, user or group, and global types only in us-east-1; Auto Scaling groups it does not list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, iter_taggable_backends, make_tag_matcher, match_resource_type
from moto.ec2.models import EC2Backend
from moto.s3.models import S3Backend

from ..hooks import Context, instead


@instead("resourcegroupstaggingapi", "GetResources")
def get_resources(ctx: Context) -> dict[str, Any]:
    """A page of what carries the tags."""
    params = ctx.params
    fits = make_tag_matcher(params.get("TagFilters"))
    kinds, arns = params.get("ResourceTypeFilters"), params.get("ResourceARNList")
    found: dict[str, TaggedResource] = {}
    for resource in _all(ctx):
        if not resource.tags or not fits(resource.tags) or not match_resource_type(resource.resource_type, kinds):
            continue
        if not arns or resource.arn in arns:
            found[resource.arn] = resource
    size = int(params.get("ResourcesPerPage") or 100)
    start = int(params.get("PaginationToken") or 0)
    page = list(found.values())[start : start + size]
    return {
        "PaginationToken": str(start + size) if start + size < len(found) else "",
        "ResourceTagMappingList": [
            {"ResourceARN": one.arn, "Tags": [{"Key": k, "Value": v} for k, v in one.tags.items()]} for one in page
        ],
    }


def _all(ctx: Context) -> Iterator[TaggedResource]:
    """What moto lists, and what it leaves out."""
    for backend in iter_taggable_backends(ctx.call.account, ctx.call.region):
        if not isinstance(backend, (EC2Backend, S3Backend)):
            yield from backend.iter_tagged_resources()
    yield from _s3(ctx)
    yield from _ec2(ctx)
    yield from _elbv2(ctx)
    yield from _rds(ctx)
    yield from _cognito(ctx)
    yield from _cloudwatch(ctx)
    if ctx.call.region == "us-east-1":
        yield from _global(ctx)


#: The beginning of an EC2 id -> the type in the ARN.
EC2_TYPES = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def _ec2(ctx: Context) -> Iterator[TaggedResource]:
    """By the tags, not by the things: moto has thousands of images and snapshots that nobody has tagged."""
    backend = ctx.backend("ec2")
    alive = _alive(backend)
    for ident, tags in list(backend.tags.items()):
        kind = EC2_TYPES.get(ident.split("-")[0])
        if kind is not None and ident in alive:
            arn = f"arn:aws:ec2:{ctx.call.region}:{ctx.call.account}:{kind}/{ident}"
            yield TaggedResource(arn, dict(tags), f"ec2:{kind}")


def _alive(backend: Any) -> set[str]:
    """The ids of what is there: moto keeps the tags of what is gone."""
    groups = [group for groups in backend.groups.values() for group in groups.values()]
    return {
        *(address.allocation_id for address in backend.addresses),
        *backend.enis,
        *backend.flow_logs,
        *backend.internet_gateways,
        *(pair.id for pair in backend.key_pairs.values()),
        *backend.launch_templates,
        *backend.nat_gateways,
        *backend.route_tables,
        *(group.id for group in groups),
        *(rule.id for group in groups for rule in (*group.ingress_rules, *group.egress_rules)),
        *(subnet for subnets in backend.subnets.values() for subnet in subnets),
        *backend.volumes,
        *backend.vpcs,
        *(e.id for e in backend.vpc_end_points.values() if e.state != "deleted"),
        *(i.id for r in backend.reservations.values() for i in r.instances if i._state.name != "terminated"),
    }


def _s3(ctx: Context) -> Iterator[TaggedResource]:
    """Buckets are listed in their own region; moto lists them in every one."""
    backend = ctx.backend("s3", "aws")
    for bucket in backend.buckets.values():
        if bucket.region_name == ctx.call.region:
            tags = backend.tagger.get_tag_dict_for_resource(bucket.arn)
            yield TaggedResource(bucket.arn, tags, "s3:bucket")


def _elbv2(ctx: Context) -> Iterator[TaggedResource]:
    backend = ctx.backend("elbv2")
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            arns = [("listener", listener.arn), *(("listener-rule", rule.arn) for rule in listener.rules.values())]
            for kind, arn in arns:
                tags = backend.tagging_service.get_tag_dict_for_resource(arn)
                yield TaggedResource(arn, tags, f"elasticloadbalancing:{kind}")


def _rds(ctx: Context) -> Iterator[TaggedResource]:
    backend = ctx.backend("rds")
    for kind, things in (("subgrp", backend.subnet_groups), ("pg", backend.db_parameter_groups)):
        for thing in things.values():
            tags = {tag["Key"]: tag["Value"] for tag in thing.get_tags()}
            yield TaggedResource(thing.arn, tags, f"rds:{kind}")


def _cognito(ctx: Context) -> Iterator[TaggedResource]:
    for pool in ctx.backend("cognito-idp").user_pools.values():
        yield TaggedResource(pool.arn, dict(pool.extended_config.get("UserPoolTags") or {}), "cognito-idp:userpool")
    for pool in ctx.backend("cognito-identity").identity_pools.values():
        arn = f"arn:aws:cognito-identity:{ctx.call.region}:{ctx.call.account}:identitypool/{pool.identity_pool_id}"
        yield TaggedResource(arn, dict(pool.tags or {}), "cognito-identity:identitypool")


def _cloudwatch(ctx: Context) -> Iterator[TaggedResource]:
    """Composite alarms, and dashboards, which belong to no region and are listed in us-east-1."""
    tags = ctx.store("cloudwatch tags")
    for name in ctx.store("composite"):
        arn = f"arn:aws:cloudwatch:{ctx.call.region}:{ctx.call.account}:alarm:{name}"
        yield TaggedResource(arn, tags.get(arn, {}), "cloudwatch:alarm")
    if ctx.call.region == "us-east-1":
        for name in ctx.backend("cloudwatch").dashboards:
            arn = f"arn:aws:cloudwatch::{ctx.call.account}:dashboard/{name}"
            yield TaggedResource(arn, tags.get(arn, {}), "cloudwatch:dashboard")


def _global(ctx: Context) -> Iterator[TaggedResource]:
    route53 = ctx.backend("route53", "aws")
    for ident in route53.zones:
        tags = dict(route53.resource_tags.get(ident.split("/")[-1]) or {})
        yield TaggedResource(f"arn:aws:route53:::hostedzone/{ident.split('/')[-1]}", tags, "route53:hostedzone")
    iam = ctx.backend("iam", "aws")
    for provider in iam.open_id_providers.values():
        yield TaggedResource(provider.arn, _pairs(provider.get_tags()), "iam:oidc-provider")
    for policy in iam.managed_policies.values():
        yield TaggedResource(policy.arn, _pairs(policy.get_tags()), "iam:policy")
    for profile in iam.instance_profiles.values():
        yield TaggedResource(profile.arn, _pairs(profile.tags), "iam:instance-profile")


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
