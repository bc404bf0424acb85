"""ACM: certificates."""

from __future__ import annotations

from typing import Any

from moto.acm.models import AWSCertificateManagerBackend

from .. import pace
from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .elbv2 import users_of_certificate


@after("acm", "RequestCertificate")
def requested(ctx: Context, output: dict[str, Any]) -> None:
    """It waits for its validation; a test can let that take its time, or fail."""
    pace.begin(ctx, "certificate", output["CertificateArn"])


@after("acm", "DescribeCertificate")
def described(ctx: Context, output: dict[str, Any]) -> None:
    """In the instant mode issued at the first look, as moto does at the second."""
    shown = output["Certificate"]
    arn = shown["CertificateArn"]
    transition = pace.look(ctx, "certificate", arn)
    shown["InUseBy"] = users_of_certificate(ctx, arn)
    if shown.get("Type") == "IMPORTED":
        return
    known = ctx.backend()._certificates[arn]
    waits = not proved(ctx, shown.get("DomainValidationOptions", []))
    if transition is None and not waits:
        known.status, state = "ISSUED", "SUCCESS"
    elif waits or transition.underway:
        known.status, state = "PENDING_VALIDATION", "PENDING_VALIDATION"
    else:
        known.status, state = "FAILED", "FAILED"
        shown["FailureReason"] = transition.failure.get("code", "CAA_ERROR") if transition.failure else "OTHER"
    shown["Status"] = known.status
    if known.status != "ISSUED":
        shown.pop("IssuedAt", None)
    for option in shown.get("DomainValidationOptions", []):
        option["ValidationStatus"] = state


def proved(ctx: Context, options: list[dict[str, Any]]) -> bool:
    """Whether the records are there. A domain of which the account has no public zone has its DNS elsewhere, and
    somebody who makes the record at once."""
    zones = [zone for zone in ctx.backend("route53", "aws").zones.values() if not zone.private_zone]
    for option in options:
        record = option["ResourceRecord"]
        holders = [zone for zone in zones if f".{record['Name']}".endswith(f".{zone.name.rstrip('.')}.")]
        if holders and not any(
            one.name.rstrip(".") == record["Name"].rstrip(".") and one.type == "CNAME" for zone in holders for one in zone.rrsets
        ):
            return False
    return True


KEPT = Echo(
    "acm",
    create="RequestCertificate",
    describe="DescribeCertificate",
    members=("KeyAlgorithm",),
    identity=lambda params, output: output["CertificateArn"],
    items=lambda output: [(output["Certificate"]["CertificateArn"], output["Certificate"])],
)


_list_certificates = AWSCertificateManagerBackend.list_certificates


def _with_every_key(self: AWSCertificateManagerBackend, statuses: list[str], includes: dict[str, Any] | None) -> Any:
    """moto knows RSA keys only: see `listed`."""
    return _list_certificates(self, statuses, {k: v for k, v in (includes or {}).items() if k != "keyTypes"})


AWSCertificateManagerBackend.list_certificates = _with_every_key


@after("acm", "ListCertificates")
def listed(ctx: Context, output: dict[str, Any]) -> None:
    """By default those with RSA keys of up to 2048 bits only; moto shows all."""
    wanted = (ctx.params.get("Includes") or {}).get("keyTypes") or ["RSA_1024", "RSA_2048"]
    shown = []
    for one in output["CertificateSummaryList"]:
        one["KeyAlgorithm"] = KEPT.kept(ctx, one["CertificateArn"]).get("KeyAlgorithm", "RSA_2048")
        one["SubjectAlternativeNameSummaries"] = list(ctx.backend()._certificates[one["CertificateArn"]].sans)
        if one["KeyAlgorithm"] in wanted:
            shown.append(one)
    output["CertificateSummaryList"] = shown


@before("acm", "DeleteCertificate")
def delete(ctx: Context) -> None:
    """Refused while a listener uses it."""
    arn = ctx.params["CertificateArn"]
    if users_of_certificate(ctx, arn):
        raise AwsError("ResourceInUseException", f"Certificate {arn} in account {ctx.call.account} is in use.")


@instead("acm", "UpdateCertificateOptions")
def options(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    known = ctx.backend()._certificates.get(ctx.params["CertificateArn"])
    if known is None:
        raise AwsError("ResourceNotFoundException", f"Could not find certificate {ctx.params['CertificateArn']}.")
    ctx.store("options")[ctx.params["CertificateArn"]] = ctx.params["Options"]
    return {}


@after("acm", "DescribeCertificate")
def with_options(ctx: Context, output: dict[str, Any]) -> None:
    """See `options`."""
    changed = ctx.store("options").get(output["Certificate"]["CertificateArn"])
    if changed:
        output["Certificate"]["Options"] = {**output["Certificate"].get("Options", {}), **changed}
