"""ACM: certificates."""

from __future__ import annotations

from typing import Any

from .. import pace
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
    if transition is None:
        known.status, state = "ISSUED", "SUCCESS"
    elif transition.underway:
        known.status, state = "PENDING_VALIDATION", "PENDING_VALIDATION"
    else:
        known.status, state = "FAILED", "FAILED"
        shown["FailureReason"] = transition.failure.get("code", "CAA_ERROR") if transition.failure else "OTHER"
    shown["Status"] = known.status
    if known.status != "ISSUED":
        shown.pop("IssuedAt", None)
    for option in shown.get("DomainValidationOptions", []):
        option["ValidationStatus"] = state


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
