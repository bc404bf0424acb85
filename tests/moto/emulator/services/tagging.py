"""Resource Groups Tagging API: GetResources, with the types that moto leaves out.

As on AWS it knows no IAM role, user or group, and global types only in us-east-1; Auto Scaling groups it does not list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type

from ..hooks import Context, instead


@instead("resourcegroupstaggingapi", "GetResources")
def get_resources(ctx: Context) -> dict[str, Any]:
    """A page of what carries the tags."""
    params = ctx.params
    fits = make_tag_matcher(params.get("TagFilters"))
    kinds, arns = params.get("ResourceTypeFilters"), params.get("ResourceARNList")
    found: dict[str, TaggedResource] = {}
    for resource in (*ctx.backend()._get_resources_generator(None), *_more(ctx)):
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


def _more(ctx: Context) -> Iterator[TaggedResource]:
    """What moto leaves out."""
    yield from _ec2(ctx)
    yield from _elbv2(ctx)
    yield from _rds(ctx)
    yield from _cognito(ctx)
    if ctx.call.region == "us-east-1":
        yield from _global(ctx)


def _ec2(ctx: Context) -> Iterator[TaggedResource]:
    backend = ctx.backend("ec2")
    collections = {
        "elastic-ip": [address.allocation_id for address in backend.addresses],
        "launch-template": list(backend.launch_templates),
        "vpc-endpoint": [e.id for e in backend.vpc_end_points.values() if e.state != "deleted"],
        "vpc-flow-log": list(backend.flow_logs),
        "key-pair": [pair.id for pair in backend.key_pairs.values()],
        "security-group-rule": [
            rule.id
            for groups in backend.groups.values()
            for group in groups.values()
            for rule in (*group.ingress_rules, *group.egress_rules)
        ],
    }
    for kind, idents in collections.items():
        for ident in idents:
            arn = f"arn:aws:ec2:{ctx.call.region}:{ctx.call.account}:{kind}/{ident}"
            yield TaggedResource(arn, dict(backend.tags.get(ident, {})), f"ec2:{kind}")


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


def _global(ctx: Context) -> Iterator[TaggedResource]:
    route53 = ctx.backend("route53", "aws")
    for ident in route53.zones:
        tags = dict(route53.resource_tags.get(ident.split("/")[-1]) or {})
        yield TaggedResource(f"arn:aws:route53:::hostedzone/{ident.split('/')[-1]}", tags, "route53:hostedzone")
    for provider in ctx.backend("iam", "aws").open_id_providers.values():
        tags = {tag["Key"]: tag["Value"] for tag in provider.get_tags()}
        yield TaggedResource(provider.arn, tags, "iam:oidc-provider")
