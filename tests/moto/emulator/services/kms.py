"""KMS."""

from __future__ import annotations

from ..hooks import Context, before
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
