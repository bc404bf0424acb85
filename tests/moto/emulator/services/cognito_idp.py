"""Cognito user pools."""

from __future__ import annotations

from typing import Any

from moto.cognitoidp.models import CognitoIdpUserPool, CognitoIdpUserPoolAttribute

from ..hooks import Context, after, before, instead
from ..wire import AwsError

#: What an update cannot change, and so does not reset.
FIXED = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration")
DEFAULT_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
CLIENT_DEFAULTS = {
    "AllowedOAuthFlowsUserPoolClient": False,
    "AuthSessionValidity": 3,
    "EnablePropagateAdditionalUserContextData": False,
    "EnableTokenRevocation": True,
    "RefreshTokenValidity": 30,
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"],
}

# A pool with an attribute of its own has the standard ones as well; moto leaves them out.

_init = CognitoIdpUserPool.__init__


def _with_standard_attributes(self: CognitoIdpUserPool, *args: Any, **kwargs: Any) -> None:
    _init(self, *args, **kwargs)
    for name, schema in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA.items():
        if name not in self.schema_attributes:
            self.schema_attributes[name] = CognitoIdpUserPoolAttribute(name, False, schema)


CognitoIdpUserPool.__init__ = _with_standard_attributes


def pool(ctx: Context, ident: str | None = None) -> Any:
    """moto's pool."""
    ident = ident or ctx.params["UserPoolId"]
    found = ctx.backend("cognito-idp").user_pools.get(ident)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"User pool {ident} does not exist.")
    return found


def complete(settings: dict[str, Any]) -> dict[str, Any]:
    """What AWS fills in."""
    settings = dict(settings)
    policies = dict(settings.get("Policies") or {})
    given = policies.get("PasswordPolicy")
    named = {"MinimumLength": 8, "TemporaryPasswordValidityDays": 7}
    named |= dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), False)
    policies["PasswordPolicy"] = {**named, **given} if given else dict(DEFAULT_POLICY)
    policies.setdefault("SignInPolicy", {"AllowedFirstAuthFactors": ["PASSWORD"]})
    settings["Policies"] = policies
    settings.setdefault("DeletionProtection", "INACTIVE")
    settings.setdefault("UserPoolTier", "ESSENTIALS")
    settings.setdefault("EmailConfiguration", {"EmailSendingAccount": "COGNITO_DEFAULT"})
    recovery = [{"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"}]
    settings.setdefault("AccountRecoverySetting", {"RecoveryMechanisms": recovery})
    admin = {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7}
    settings["AdminCreateUserConfig"] = {**admin, **(settings.get("AdminCreateUserConfig") or {})}
    template = {"DefaultEmailOption": "CONFIRM_WITH_CODE"}
    settings["VerificationMessageTemplate"] = {**template, **(settings.get("VerificationMessageTemplate") or {})}
    return settings


def mfa_needs_sms(ctx: Context) -> None:
    """At creation and update MFA means SMS; software tokens are set by SetUserPoolMfaConfig."""
    wanted = ctx.params.get("MfaConfiguration", "OFF")
    token = None
    if "UserPoolId" in ctx.params:
        token = pool(ctx).token_mfa_config
    mail = ctx.store("factors").get(ctx.params.get("UserPoolId"), {}).get("EmailMfaConfiguration")
    if wanted != "OFF" and not ctx.params.get("SmsConfiguration") and not (token or {}).get("Enabled") and not mail:
        raise AwsError(
            "InvalidParameterException",
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        )


@before("cognito-idp", "CreateUserPool")
def create_check(ctx: Context) -> dict[str, Any]:
    """See `mfa_needs_sms` and `complete`."""
    mfa_needs_sms(ctx)
    return complete(ctx.params)


@instead("cognito-idp", "UpdateUserPool")
def update(ctx: Context) -> dict[str, Any]:
    """What is left out is reset, but for what cannot change; moto resets that too, and keeps the old name."""
    found = pool(ctx)
    mfa_needs_sms(ctx)
    fixed = {name: found.extended_config[name] for name in FIXED if name in found.extended_config}
    given = {k: v for k, v in ctx.params.items() if k not in ("UserPoolId", "PoolName", "MfaConfiguration")}
    found.update_extended_config({**complete(given), **fixed})
    found.mfa_config = ctx.params.get("MfaConfiguration", "OFF")
    found.name = ctx.params.get("PoolName", found.name)
    return {}


#: What SetUserPoolMfaConfig sets beside the setting itself.
FACTORS = (
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "EmailMfaConfiguration",
    "WebAuthnConfiguration",
)


@instead("cognito-idp", "SetUserPoolMfaConfig")
def set_mfa(ctx: Context) -> dict[str, Any]:
    """Replaces everything; moto knows no mail and no passkeys, and shows the change in GetUserPoolMfaConfig only."""
    found, params = pool(ctx), ctx.params
    wanted = params.get("MfaConfiguration", "OFF")
    given = {name: params[name] for name in FACTORS if params.get(name)}
    if wanted != "OFF" and not set(given) - {"WebAuthnConfiguration"}:
        raise AwsError("InvalidParameterException", "Invalid MFA configuration given, can't turn on MFA without a factor.")
    mail = found.extended_config.get("EmailConfiguration") or {}
    if "EmailMfaConfiguration" in given and mail.get("EmailSendingAccount") != "DEVELOPER":
        raise AwsError("InvalidParameterException", "Email MFA needs an email configuration with your own SES identity.")
    found.mfa_config = wanted
    found.token_mfa_config = given.get("SoftwareTokenMfaConfiguration")
    found.sms_mfa_config = given.get("SmsMfaConfiguration")
    found.extended_config.pop("MfaConfiguration", None)
    ctx.store("factors")[params["UserPoolId"]] = given
    return get_mfa(ctx)


@instead("cognito-idp", "GetUserPoolMfaConfig")
def get_mfa(ctx: Context) -> dict[str, Any]:
    """See `set_mfa`."""
    return {**ctx.store("factors").get(ctx.params["UserPoolId"], {}), "MfaConfiguration": pool(ctx).mfa_config}


@after("cognito-idp", "DescribeUserPool", "CreateUserPool")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """The MFA setting as it is now, and the domain."""
    shown = output["UserPool"]
    found = pool(ctx, shown["Id"])
    shown["MfaConfiguration"] = found.mfa_config
    shown["Arn"] = found.arn
    shown.pop("Domain", None)
    for domain in domains(ctx, found):
        shown["CustomDomain" if domain.custom_domain_config else "Domain"] = domain.domain


def domains(ctx: Context, found: Any) -> list[Any]:
    """The domains of a pool: a prefix, and one of its own; moto knows of one."""
    return [one for one in ctx.backend("cognito-idp").user_pool_domains.values() if one.user_pool_id == found.id]


@before("cognito-idp", "DeleteUserPool")
def delete_check(ctx: Context) -> None:
    """Refused under protection, and while there is a domain."""
    found = pool(ctx)
    if found.extended_config.get("DeletionProtection") == "ACTIVE":
        raise AwsError(
            "InvalidParameterException",
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be "
            "inactivated first.",
        )
    if domains(ctx, found):
        raise AwsError(
            "InvalidParameterException",
            "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        )


# Tags.


def by_arn(ctx: Context) -> Any:
    """The pool of an ARN."""
    return pool(ctx, ctx.params["ResourceArn"].split("/")[-1])


@instead("cognito-idp", "ListTagsForResource")
def list_tags(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    return {"Tags": dict(by_arn(ctx).extended_config.get("UserPoolTags") or {})}


@instead("cognito-idp", "TagResource")
def tag(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    config = by_arn(ctx).extended_config
    config["UserPoolTags"] = {**(config.get("UserPoolTags") or {}), **ctx.params["Tags"]}
    return {}


@instead("cognito-idp", "UntagResource")
def untag(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    config = by_arn(ctx).extended_config
    gone = ctx.params["TagKeys"]
    config["UserPoolTags"] = {k: v for k, v in (config.get("UserPoolTags") or {}).items() if k not in gone}
    return {}


# Clients.


@before("cognito-idp", "CreateUserPoolClient")
def client_defaults(ctx: Context) -> dict[str, Any]:
    """moto leaves the flows out."""
    pool(ctx)
    return {**ctx.params, "ExplicitAuthFlows": ctx.params.get("ExplicitAuthFlows") or CLIENT_DEFAULTS["ExplicitAuthFlows"]}


@instead("cognito-idp", "UpdateUserPoolClient")
def update_client(ctx: Context) -> dict[str, Any]:
    """What is left out is reset; moto keeps it."""
    client = pool(ctx).clients.get(ctx.params["ClientId"])
    if client is None:
        raise AwsError("ResourceNotFoundException", f"User pool client {ctx.params['ClientId']} does not exist.")
    name = ctx.params.get("ClientName", client.extended_config.get("ClientName"))
    given = {k: v for k, v in ctx.params.items() if k not in ("UserPoolId", "ClientId")}
    client.extended_config = {**CLIENT_DEFAULTS, **given, "ClientName": name}
    return {"UserPoolClient": client.to_json(extended=True)}


# Domains.


@before("cognito-idp", "CreateUserPoolDomain")
def domain_check(ctx: Context) -> None:
    """A domain belongs to one pool in the region, and a pool has one of each sort; moto overwrites."""
    pool(ctx)
    there = ctx.backend().user_pool_domains
    custom = bool(ctx.params.get("CustomDomainConfig"))
    if ctx.params["Domain"] in there:
        raise AwsError("InvalidParameterException", "Domain already associated with another user pool.")
    for other in there.values():
        if other.user_pool_id == ctx.params["UserPoolId"] and bool(getattr(other, "custom_domain_config", None)) == custom:
            raise AwsError("InvalidParameterException", f"The user pool already has a domain: {other.domain}")


@after("cognito-idp", "CreateUserPoolDomain", "UpdateUserPoolDomain")
def domain_version(ctx: Context, output: dict[str, Any]) -> None:
    """moto drops the version of the pages."""
    ctx.store("domains")[ctx.params["Domain"]] = ctx.params.get("ManagedLoginVersion", 1)


@after("cognito-idp", "DescribeUserPoolDomain")
def domain_described(ctx: Context, output: dict[str, Any]) -> None:
    """moto invents the account, and leaves out the certificate."""
    shown = output.get("DomainDescription")
    if shown:
        shown["AWSAccountId"] = ctx.call.account
        shown["ManagedLoginVersion"] = ctx.store("domains").get(shown["Domain"], 1)
        custom = ctx.backend().user_pool_domains[shown["Domain"]].custom_domain_config
        if custom:
            shown["CustomDomainConfig"] = custom


# Resource servers.


@instead("cognito-idp", "UpdateResourceServer")
def update_resource_server(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    server = resource_server(ctx)
    server.name, server.scopes = ctx.params["Name"], ctx.params.get("Scopes") or []
    return {"ResourceServer": server.to_json()}


@instead("cognito-idp", "DeleteResourceServer")
def delete_resource_server(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    resource_server(ctx)
    del pool(ctx).resource_servers[ctx.params["Identifier"]]
    return {}


def resource_server(ctx: Context) -> Any:
    """moto's resource server."""
    server = pool(ctx).resource_servers.get(ctx.params["Identifier"])
    if server is None:
        raise AwsError("ResourceNotFoundException", f"Resource server {ctx.params['Identifier']} does not exist.")
    return server
