"""STS: credentials of a role work in the role's account.

moto tells them apart by the keys that it has issued; here the access key itself names the account (see `wire.py`).
"""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after
from ..wire import account_key


@after("sts", "AssumeRole", "AssumeRoleWithWebIdentity")
def assume_role(ctx: Context, output: dict[str, Any]) -> None:
    """The credentials are those of the account that the role's ARN names."""
    account = ctx.params["RoleArn"].split(":")[4]
    output["Credentials"]["AccessKeyId"] = account_key(account)
