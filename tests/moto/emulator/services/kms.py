"""KMS."""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after, before
from ..wire import AwsError

CHANGES = (
    "UpdateKeyDescription",
    "PutKeyPolicy",
    "EnableKeyRotation",
    "DisableKeyRotation",
    "EnableKey",
    "DisableKey",
    "TagResource",
    "UntagResource",
    "ScheduleKeyDeletion",
    "CreateAlias",
)


@before("kms", *CHANGES)
def pending_deletion(ctx: Context) -> None:
    """A key that waits for its deletion takes no change; moto changes it."""
    ident = ctx.params.get("KeyId") or ctx.params.get("TargetKeyId", "")
    key = ctx.backend().keys.get(ident.split("/")[-1])
    if key is not None and key.key_state == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


@after("kms", "DescribeKey")
def aws_managed(ctx: Context, output: dict[str, Any]) -> None:
    """The keys of services (`alias/aws/…`) are AWS's; moto says they are the customer's."""
    key = ctx.backend().keys[output["KeyMetadata"]["KeyId"]]
    if key.description == "Default key" or any(name.startswith("alias/aws/") for name in key.aliases):
        output["KeyMetadata"]["KeyManager"] = "AWS"


@after("kms", "EnableKeyRotation")
def rotation_period(ctx: Context, output: dict[str, Any]) -> None:
    """The days between two renewals are kept beside moto, which forgets them."""
    key = ctx.backend().keys[ctx.params["KeyId"].split("/")[-1]]
    ctx.store("rotation_periods")[key.id] = ctx.params.get("RotationPeriodInDays", 365)


@after("kms", "GetKeyRotationStatus")
def rotation_status(ctx: Context, output: dict[str, Any]) -> None:
    """See `rotation_period`."""
    period = ctx.store("rotation_periods").get(ctx.params["KeyId"].split("/")[-1])
    if output.get("KeyRotationEnabled") and period:
        output["RotationPeriodInDays"] = period
