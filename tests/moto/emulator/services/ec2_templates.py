"""EC2: launch templates."""

from __future__ import annotations

from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.models.launch_templates import LaunchTemplate

from ..hooks import Context, instead
from ..wire import AwsError
from .ec2_requests import honour_client_token

# moto shows the tags that a template was made with for ever.
LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, value: None)


@instead("ec2", "CreateLaunchTemplate")
def create(ctx: Context) -> dict[str, Any]:
    """moto mixes the template's own tags into the data of its first version."""
    output = honour_client_token(ctx)
    data = ctx.backend().launch_templates[output["LaunchTemplate"]["LaunchTemplateId"]].versions[0].data
    tagged = [spec for spec in data.get("TagSpecifications") or [] if spec["ResourceType"] != "launch-template"]
    data["TagSpecifications"] = tagged or None
    for name in [name for name, value in data.items() if value is None]:
        del data[name]
    return output


@instead("ec2", "CreateLaunchTemplateVersion")
def create_version(ctx: Context) -> dict[str, Any]:
    """With a source version, what the new data leaves out is taken from it; moto leaves it out."""
    params, found, source = ctx.params, template(ctx), ctx.params.get("SourceVersion")
    if source is not None:
        old = versions(ctx, found, {"Versions": [source]})
        if not old:
            raise AwsError("InvalidLaunchTemplateId.VersionNotFound", f"Could not find version {source}")
        data = {**old[0]["LaunchTemplateData"], **(params.get("LaunchTemplateData") or {})}
        output = honour_client_token(ctx, {**params, "LaunchTemplateData": data})
    else:
        output = honour_client_token(ctx)
    # moto keeps the user data of all but the first version in a form that its own Auto Scaling cannot launch.
    stored = found.versions[output["LaunchTemplateVersion"]["VersionNumber"] - 1].data
    if isinstance(stored.get("UserData"), str):
        stored["UserData"] = Base64EncodedString(stored["UserData"])
    return output


@instead("ec2", "DeleteLaunchTemplateVersions")
def delete_versions(ctx: Context) -> dict[str, Any]:
    """moto lacks it. The default version cannot be deleted; the reply is good all the same and says so inside."""
    found = template(ctx)
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for wanted in ctx.params["Versions"]:
        item = {"LaunchTemplateId": found.id, "LaunchTemplateName": found.name, "VersionNumber": int(wanted)}
        gone = ctx.store("deleted_versions").setdefault(found.id, set())
        if int(wanted) == found.default_version_number:
            why = {"Code": "unexpectedError", "Message": "The default version cannot be deleted"}
            bad.append({**item, "ResponseError": why})
        elif int(wanted) > len(found.versions) or int(wanted) in gone:
            why = {"Code": "launchTemplateVersionDoesNotExist", "Message": "The version does not exist"}
            bad.append({**item, "ResponseError": why})
        else:
            gone.add(int(wanted))
            good.append(item)
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": good,
        "UnsuccessfullyDeletedLaunchTemplateVersions": bad,
    }


@instead("ec2", "DescribeLaunchTemplateVersions")
def describe_versions(ctx: Context) -> dict[str, Any]:
    """Without deleted versions; of every template when none is named but `$Latest` or `$Default` is. moto drops what
    is beyond the fifteenth without a token."""
    params = ctx.params
    named = params.get("LaunchTemplateId") or params.get("LaunchTemplateName")
    templates = [template(ctx)] if named else list(ctx.backend().launch_templates.values())
    return {"LaunchTemplateVersions": [v for found in templates for v in versions(ctx, found, params)]}


def versions(ctx: Context, found: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions of a template that a DescribeLaunchTemplateVersions with `params` sees."""
    asked = {k: v for k, v in params.items() if k in ("Versions", "MinVersion", "MaxVersion")}
    output = ctx.ask(
        "ec2", "DescribeLaunchTemplateVersions", {**asked, "LaunchTemplateId": found.id, "MaxResults": 10_000}
    )
    gone = ctx.store("deleted_versions").get(found.id, set())
    return [version for version in output["LaunchTemplateVersions"] if version["VersionNumber"] not in gone]


def template(ctx: Context) -> Any:
    """The template that the call names."""
    backend, ident, name = ctx.backend(), ctx.params.get("LaunchTemplateId"), ctx.params.get("LaunchTemplateName")
    if ident is not None:
        if ident not in backend.launch_templates:
            raise AwsError("InvalidLaunchTemplateId.NotFound", f"The specified launch template, {ident}, does not exist.")
        return backend.launch_templates[ident]
    for found in backend.launch_templates.values():
        if found.name == name:
            return found
    raise AwsError(
        "InvalidLaunchTemplateName.NotFoundException", f"The specified launch template, {name}, does not exist."
    )
