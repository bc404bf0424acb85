"""SNS."""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after, before, instead
from ..wire import AwsError

#: Someone has to answer these before they count.
CONFIRMED_BY_HAND = ("email", "email-json", "http", "https")


@before("sns", "CreateTopic")
def same_tags(ctx: Context) -> None:
    """A topic of this name is answered, unless its tags differ; moto overlooks that."""
    arn = f"arn:aws:sns:{ctx.call.region}:{ctx.call.account}:{ctx.params['Name']}"
    topic = ctx.backend().topics.get(arn)
    if topic is None or not ctx.params.get("Tags"):
        return
    if {tag["Key"]: tag["Value"] for tag in ctx.params["Tags"]} != dict(topic._tags or {}):
        raise AwsError("InvalidParameter", "Invalid parameter: Tags Reason: Topic already exists with different tags")


@after("sns", "ListSubscriptions", "ListSubscriptionsByTopic")
def pending(ctx: Context, output: dict[str, Any]) -> None:
    """moto confirms e-mail at once."""
    for subscription in output.get("Subscriptions", []):
        if subscription["Protocol"] in CONFIRMED_BY_HAND:
            subscription["SubscriptionArn"] = "PendingConfirmation"


@after("sns", "GetSubscriptionAttributes")
def pending_attributes(ctx: Context, output: dict[str, Any]) -> None:
    """See `pending`."""
    if output["Attributes"]["Protocol"] in CONFIRMED_BY_HAND:
        output["Attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}


@after("sns", "Subscribe")
def answer_pending(ctx: Context, output: dict[str, Any]) -> None:
    """Without `ReturnSubscriptionArn` the ARN of a pending subscription is kept back."""
    if ctx.params["Protocol"] in CONFIRMED_BY_HAND and not ctx.params.get("ReturnSubscriptionArn"):
        output["SubscriptionArn"] = "pending confirmation"


@instead("sns", "Unsubscribe")
def unsubscribe(ctx: Context) -> dict[str, Any]:
    """What is pending cannot be taken away: it expires, or goes with its topic."""
    found = ctx.backend().subscriptions.get(ctx.params["SubscriptionArn"])
    if found is not None and found.protocol in CONFIRMED_BY_HAND:
        raise AwsError("InvalidParameter", "Invalid parameter: SubscriptionArn Reason: the subscription is pending")
    return ctx.perform(ctx.params)
