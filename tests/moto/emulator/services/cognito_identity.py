"""Cognito identity pools."""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after, instead
from ..wire import AwsError


def pool(ctx: Context, ident: str | None = None) -> Any:
    """moto's pool."""
    ident = ident or ctx.params["IdentityPoolId"]
    found = ctx.backend().identity_pools.get(ident)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"IdentityPool '{ident}' not found.")
    return found


@after("cognito-identity", "CreateIdentityPool", "DescribeIdentityPool", "UpdateIdentityPool")
def filled(ctx: Context, output: dict[str, Any]) -> None:
    """AWS fills in the token check; moto shows what is empty."""
    for provider in output.get("CognitoIdentityProviders") or []:
        provider.setdefault("ServerSideTokenCheck", False)
    classic = ctx.store("classic")
    if ctx.call.operation != "DescribeIdentityPool":
        classic[output["IdentityPoolId"]] = ctx.params.get("AllowClassicFlow")
    if classic.get(output["IdentityPoolId"]) is not None:
        output["AllowClassicFlow"] = classic[output["IdentityPoolId"]]
    if not output.get("DeveloperProviderName"):
        output.pop("DeveloperProviderName", None)


@instead("cognito-identity", "UpdateIdentityPool")
def update(ctx: Context) -> dict[str, Any]:
    """What is left out is reset; moto keeps it, and the old name."""
    found, params = pool(ctx), ctx.params
    found.identity_pool_name = params["IdentityPoolName"]
    found.allow_unauthenticated_identities = params["AllowUnauthenticatedIdentities"]
    found.supported_login_providers = params.get("SupportedLoginProviders") or {}
    found.developer_provider_name = params.get("DeveloperProviderName") or ""
    found.open_id_connect_provider_arns = params.get("OpenIdConnectProviderARNs") or []
    found.cognito_identity_providers = params.get("CognitoIdentityProviders") or []
    found.saml_provider_arns = params.get("SamlProviderARNs") or []
    found.tags = params.get("IdentityPoolTags") or {}
    return ctx.ask("cognito-identity", "DescribeIdentityPool", {"IdentityPoolId": params["IdentityPoolId"]})


@instead("cognito-identity", "SetIdentityPoolRoles")
def set_roles(ctx: Context) -> dict[str, Any]:
    """Replaces everything."""
    pool(ctx)
    kept = {"Roles": ctx.params["Roles"], "RoleMappings": ctx.params.get("RoleMappings") or {}}
    ctx.store("roles")[ctx.params["IdentityPoolId"]] = kept
    return {}


@instead("cognito-identity", "GetIdentityPoolRoles")
def get_roles(ctx: Context) -> dict[str, Any]:
    """What was set last."""
    pool(ctx)
    kept = ctx.store("roles").get(ctx.params["IdentityPoolId"], {})
    return {"IdentityPoolId": ctx.params["IdentityPoolId"], **{k: v for k, v in kept.items() if v}}


@after("cognito-identity", "DeleteIdentityPool")
def deleted(ctx: Context, output: dict[str, Any]) -> None:
    """The roles go with the pool."""
    ctx.store("roles").pop(ctx.params["IdentityPoolId"], None)


def by_arn(ctx: Context) -> Any:
    """The pool of an ARN."""
    return pool(ctx, ctx.params["ResourceArn"].split("/")[-1])


@instead("cognito-identity", "ListTagsForResource")
def list_tags(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    return {"Tags": dict(by_arn(ctx).tags or {})}


@instead("cognito-identity", "TagResource")
def tag(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    found = by_arn(ctx)
    found.tags = {**(found.tags or {}), **ctx.params["Tags"]}
    return {}


@instead("cognito-identity", "UntagResource")
def untag(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    found = by_arn(ctx)
    found.tags = {k: v for k, v in (found.tags or {}).items() if k not in ctx.params["TagKeys"]}
    return {}
