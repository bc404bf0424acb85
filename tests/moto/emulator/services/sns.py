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


#: Attributes of topics that moto takes and does not show, with its own names for them.
UNSEEN = {
    "ArchivePolicy": "archive_policy",
    "FifoThroughputScope": "fifo_throughput_scope",
    "SignatureVersion": "signature_version",
    "TracingConfig": "tracing_config",
}


@after("sns", "GetTopicAttributes")
def topic_attributes(ctx: Context, output: dict[str, Any]) -> None:
    """See `UNSEEN`; what is empty is not there."""
    attributes, topic = output["Attributes"], ctx.backend().topics[ctx.params["TopicArn"]]
    attributes |= {name: getattr(topic, own) for name, own in UNSEEN.items() if hasattr(topic, own)}
    for name in [name for name, value in attributes.items() if value in ("", "{}") and name != "DisplayName"]:
        del attributes[name]


@before("sns", "SetTopicAttributes")
def for_fifo(ctx: Context) -> None:
    """Some attributes are for FIFO topics."""
    topic = ctx.backend().topics.get(ctx.params["TopicArn"])
    fifo = ("ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope")
    if topic is not None and not topic.fifo_topic and ctx.params["AttributeName"] in fifo:
        raise AwsError("InvalidParameter", f"Invalid parameter: {ctx.params['AttributeName']} is for FIFO topics")


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
