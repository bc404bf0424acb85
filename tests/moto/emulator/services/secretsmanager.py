"""Secrets Manager."""

from __future__ import annotations

from ..hooks import Context, before
from ..wire import AwsError


@before("secretsmanager", "CreateSecret")
def scheduled_for_deletion(ctx: Context) -> None:
    """A secret in its recovery window holds its name; moto says that it exists."""
    found = ctx.backend().secrets.get(ctx.params["Name"])
    if found is not None and found.is_deleted():
        raise AwsError(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
