"""IAM."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import moto.iam.models as models
from moto.iam.models import AWSManagedPolicy, IAMBackend

from ..hooks import Context, after, before, instead
from ..wire import AwsError

# AWS's own policies are read once, not once per account: there are more than a thousand.

_parsed: list[tuple[str, dict[str, Any]]] = []
_templates: dict[str, list[AWSManagedPolicy]] = {}


def _managed(self: IAMBackend) -> list[AWSManagedPolicy]:
    if not _parsed:
        _parsed.extend(json.loads(models.aws_managed_policies_data).items())
    if self.region_name not in _templates:
        _templates[self.region_name] = [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data) for name, data in _parsed
        ]
    mine = [copy.copy(policy) for policy in _templates[self.region_name]]
    for policy in mine:
        policy.account_id = self.account_id
    return mine


IAMBackend._init_aws_policies = _managed


def backend(ctx: Context) -> Any:
    """moto's backend; IAM is global."""
    return ctx.backend("iam", "aws")


def conflict(what: str) -> AwsError:
    """AWS's answer to the deletion of what is still in use."""
    return AwsError("DeleteConflict", f"Cannot delete entity, must {what} first.", 409)


# Names are unique whatever their case.


def taken(kind: str, wanted: str, names: Iterable[str]) -> None:
    """Refuses a name that differs by case only; moto refuses the same one itself."""
    if any(name.lower() == wanted.lower() for name in names):
        raise AwsError("EntityAlreadyExists", f"{kind} with name {wanted} already exists.", 409)


@before("iam", "CreateRole")
def role_check(ctx: Context) -> None:
    """A name in use, or a document that is none."""
    taken("Role", ctx.params["RoleName"], (role.name for role in backend(ctx).roles.values()))
    document(ctx.params["AssumeRolePolicyDocument"])


@before("iam", "CreatePolicy")
def policy_check(ctx: Context) -> None:
    """As for roles."""
    mine = (p.name for p in backend(ctx).managed_policies.values() if not isinstance(p, AWSManagedPolicy))
    taken("A policy", ctx.params["PolicyName"], mine)


@before("iam", "CreateInstanceProfile")
def profile_check(ctx: Context) -> None:
    """As for roles."""
    names = (profile.name for profile in backend(ctx).instance_profiles.values())
    taken("Instance Profile", ctx.params["InstanceProfileName"], names)


@before("iam", "CreateUser")
def user_check(ctx: Context) -> None:
    """As for roles."""
    taken("User", ctx.params["UserName"], backend(ctx).users)


@before("iam", "CreateGroup")
def group_check(ctx: Context) -> None:
    """As for roles."""
    taken("Group", ctx.params["GroupName"], backend(ctx).groups)


def document(text: str) -> None:
    """moto takes any text at creation."""
    try:
        parsed = json.loads(unquote(text) if text.startswith("%7B") else text)
        statements = parsed["Statement"]
    except (ValueError, KeyError, TypeError):
        raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise AwsError("MalformedPolicyDocument", "Missing required field Principal")


# What is in use cannot be deleted.


@before("iam", "DeletePolicy")
def delete_policy(ctx: Context) -> None:
    """Refused while attached, or while there are versions but the default one."""
    policy = backend(ctx).managed_policies.get(ctx.params["PolicyArn"])
    if policy is None:
        return
    if policy.attachment_count > 0:
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        raise AwsError("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.", 409)


@before("iam", "DeleteUser")
def delete_user(ctx: Context) -> None:
    """Refused while the user has anything."""
    user = backend(ctx).users.get(ctx.params["UserName"])
    if user is None:
        return
    if user.access_keys:
        raise conflict("delete access keys")
    if user.password is not None:
        raise conflict("delete login profile")
    if user.policies:
        raise conflict("delete policies")
    if user.managed_policies:
        raise conflict("detach all policies")
    if any(user in group.users for group in backend(ctx).groups.values()):
        raise conflict("remove users from group")


@before("iam", "DeleteGroup")
def delete_group(ctx: Context) -> None:
    """Refused while it has users or policies."""
    group = backend(ctx).groups.get(ctx.params["GroupName"])
    if group is None:
        return
    if group.users:
        raise conflict("remove users from group")
    if group.policies or group.managed_policies:
        raise conflict("delete policies")


@before("iam", "CreateAccessKey")
def two_keys(ctx: Context) -> None:
    """A user has two at most."""
    user = backend(ctx).users.get(ctx.params.get("UserName"))
    if user is not None and len(user.access_keys) >= 2:
        raise AwsError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)


# What moto lacks.


@instead("iam", "AddClientIDToOpenIDConnectProvider")
def add_client(ctx: Context) -> dict[str, Any]:
    """Idempotent."""
    clients = provider(ctx).client_id_list
    if ctx.params["ClientID"] not in clients:
        clients.append(ctx.params["ClientID"])
    return {}


@instead("iam", "RemoveClientIDFromOpenIDConnectProvider")
def remove_client(ctx: Context) -> dict[str, Any]:
    """Idempotent."""
    clients = provider(ctx).client_id_list
    if ctx.params["ClientID"] in clients:
        clients.remove(ctx.params["ClientID"])
    return {}


def provider(ctx: Context) -> Any:
    """moto's OpenID Connect provider."""
    found = backend(ctx).open_id_providers.get(ctx.params["OpenIDConnectProviderArn"])
    if found is None:
        raise AwsError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {ctx.params['OpenIDConnectProviderArn']}", 404)
    return found


@instead("iam", "PutUserPermissionsBoundary")
def put_boundary(ctx: Context) -> dict[str, Any]:
    """Kept beside moto."""
    ctx.account.stores["user_boundaries"][ctx.params["UserName"]] = ctx.params["PermissionsBoundary"]
    return {}


@instead("iam", "DeleteUserPermissionsBoundary")
def delete_boundary(ctx: Context) -> dict[str, Any]:
    """See `put_boundary`."""
    if ctx.account.stores["user_boundaries"].pop(ctx.params["UserName"], None) is None:
        raise AwsError("NoSuchEntity", f"User {ctx.params['UserName']} has no permissions boundary.", 404)
    return {}


@after("iam", "CreateUser")
def user_boundary(ctx: Context, output: dict[str, Any]) -> None:
    """A boundary can come with the creation."""
    ctx.account.stores["user_boundaries"].pop(ctx.params["UserName"], None)
    if ctx.params.get("PermissionsBoundary"):
        put_boundary(ctx)


@after("iam", "GetUser")
def shown_boundary(ctx: Context, output: dict[str, Any]) -> None:
    """See `put_boundary`."""
    arn = ctx.account.stores["user_boundaries"].get(output["User"]["UserName"])
    if arn:
        output["User"]["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


@instead("iam", "ListServiceSpecificCredentials")
def no_credentials(ctx: Context) -> dict[str, Any]:
    """None: moto has no way to make any."""
    backend(ctx).get_user(ctx.params["UserName"])
    return {"ServiceSpecificCredentials": []}


@instead("iam", "UpdateUser")
def update_user(ctx: Context) -> dict[str, Any]:
    """A user keeps what it has when its name or path changes; moto keeps the tags at the old ARN."""
    params, users = ctx.params, backend(ctx).users
    old, new = params["UserName"], params.get("NewUserName")
    user = backend(ctx).get_user(old)
    if new and new != old:
        taken("User", new, (name for name in users if name != old))
    tags = backend(ctx).tagger.list_tags_for_resource(user.arn)["Tags"]
    backend(ctx).tagger.delete_all_tags_for_resource(user.arn)
    ctx.perform(params)
    backend(ctx).tagger.tag_resource(user.arn, tags)
    for key in user.access_keys:
        key.user_name = user.name
    boundaries = ctx.account.stores["user_boundaries"]
    if new and old in boundaries:
        boundaries[new] = boundaries.pop(old)
    return {}


@instead("iam", "UpdateGroup")
def update_group(ctx: Context) -> dict[str, Any]:
    """A path can change without the name; moto ignores it then, and loses members' groups on a change of the name."""
    params = ctx.params
    group = backend(ctx).get_group(params["GroupName"])
    new = params.get("NewGroupName")
    if new and new != group.name:
        taken("Group", new, (name for name in backend(ctx).groups if name != group.name))
        ctx.perform(params)
    group.path = params.get("NewPath") or group.path
    return {}


@after("iam", "GetAccountAuthorizationDetails")
def user_boundaries(ctx: Context, output: dict[str, Any]) -> None:
    """The list tells the boundaries of users, too; see `put_boundary`."""
    for user in output.get("UserDetailList") or []:
        arn = ctx.account.stores["user_boundaries"].get(user["UserName"])
        if arn:
            user["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


@before("iam", "RemoveRoleFromInstanceProfile")
def role_is_in_profile(ctx: Context) -> None:
    """Taking a role out twice is NoSuchEntity; moto fails."""
    profile = ctx.backend("iam", "aws").get_instance_profile(ctx.params["InstanceProfileName"])
    if all(role.name != ctx.params["RoleName"] for role in profile.roles):
        raise AwsError("NoSuchEntity", f"The role {ctx.params['RoleName']} is not in this instance profile.", 404)
