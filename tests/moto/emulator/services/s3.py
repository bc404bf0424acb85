"""S3: buckets."""

from __future__ import annotations

import json
import uuid
from typing import Any

from botocore.session import get_session
from moto.core.serialize import S3Serializer
from moto.s3.models import PublicAccessBlock

from ..hooks import BEFORE, Context, after, before, instead
from ..wire import AwsError


def bucket(ctx: Context, name: str | None = None) -> Any:
    """moto's bucket."""
    return ctx.backend("s3", "aws").get_bucket(name or ctx.params["Bucket"])


@before("s3", "CreateBucket")
def strip_tags(ctx: Context) -> dict[str, Any] | None:
    """moto fails on tags that come with the creation; they are set after it."""
    configuration = dict(ctx.params.get("CreateBucketConfiguration") or {})
    if "Tags" not in configuration:
        return None
    ctx.store("creating")[ctx.params["Bucket"]] = configuration.pop("Tags")
    params = {k: v for k, v in ctx.params.items() if k != "CreateBucketConfiguration"}
    if configuration:
        params["CreateBucketConfiguration"] = configuration
    return params


@after("s3", "CreateBucket")
def new_bucket(ctx: Context, output: dict[str, Any]) -> None:
    """A new bucket is private, encrypted by S3's own key and without access lists; moto's has nothing set."""
    made, backend = bucket(ctx), ctx.backend("s3", "aws")
    if made.public_access_block is None:
        made.public_access_block = PublicAccessBlock(True, True, True, True)
    made.encryption = made.encryption or default_encryption()
    made.ownership_rule = made.ownership_rule or "BucketOwnerEnforced"
    tags = ctx.store("creating").pop(made.name, None)
    if tags is not None:
        backend.put_bucket_tagging(made.name, {tag["Key"]: tag["Value"] for tag in tags})


def default_encryption() -> dict[str, Any]:
    """SSE-S3, in moto's form."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


@after("s3", "DeleteBucketEncryption")
def encryption_back(ctx: Context, output: dict[str, Any]) -> None:
    """There is always some encryption."""
    bucket(ctx).encryption = default_encryption()


@before("s3", "PutBucketPolicy")
def block_public_policy(ctx: Context) -> None:
    """While public policies are blocked, one that lets everybody in is refused."""
    blocked = bucket(ctx).public_access_block
    try:
        statements = json.loads(ctx.params["Policy"])["Statement"]
    except (ValueError, KeyError, TypeError):
        raise AwsError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        public = statement.get("Principal") in ("*", {"AWS": "*"}) and statement.get("Effect") == "Allow"
        if public and not statement.get("Condition") and blocked is not None and blocked.block_public_policy:
            raise AwsError(
                "AccessDenied",
                "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the "
                "BlockPublicPolicy setting in S3 Block Public Access.",
                403,
            )


@before("s3", "PutBucketLifecycleConfiguration")
def rule_ids(ctx: Context) -> dict[str, Any] | None:
    """S3 names the rules that have no name."""
    configuration = ctx.params["LifecycleConfiguration"]
    rules = [{**rule, "ID": rule.get("ID") or str(uuid.uuid4())} for rule in configuration["Rules"]]
    ctx.account.stores["lifecycle"][ctx.params["Bucket"]] = rules
    if all(rule.get("ID") for rule in configuration["Rules"]):
        return None
    return {**ctx.params, "LifecycleConfiguration": {**configuration, "Rules": rules}}


@after("s3", "GetBucketLifecycleConfiguration", "GetBucketLifecycle")
def all_of_the_rules(ctx: Context, output: dict[str, Any]) -> None:
    """moto drops what it does not know, such as sizes of objects."""
    output["Rules"] = ctx.account.stores["lifecycle"].get(ctx.params["Bucket"], output.get("Rules"))
    size = ctx.account.stores["sizes"].get(ctx.params["Bucket"])
    if size and ctx.call.operation == "GetBucketLifecycleConfiguration":
        output["TransitionDefaultMinimumObjectSize"] = size


#: Settings of which moto forgets a part, or all: what is put, what is read, and the member that holds it.
KEPT = {
    "PutBucketLogging": ("GetBucketLogging", "BucketLoggingStatus"),
    "PutBucketReplication": ("GetBucketReplication", "ReplicationConfiguration"),
}


@after("s3", *KEPT)
def keep(ctx: Context, output: dict[str, Any]) -> None:
    """What was put last, whole."""
    _, member = KEPT[ctx.call.operation]
    ctx.account.stores[member][ctx.params["Bucket"]] = ctx.params.get(member)


@after("s3", "GetBucketLogging")
def get_logging(ctx: Context, output: dict[str, Any]) -> dict[str, Any]:
    """moto drops the format of keys."""
    return ctx.account.stores["BucketLoggingStatus"].get(ctx.params["Bucket"]) or output


@after("s3", "GetBucketReplication")
def get_replication(ctx: Context, output: dict[str, Any]) -> dict[str, Any]:
    """moto drops filters, deletions and most of the destination."""
    kept = ctx.account.stores["ReplicationConfiguration"].get(ctx.params["Bucket"])
    return {"ReplicationConfiguration": kept} if kept else output


@instead("s3", "PutBucketRequestPayment")
def put_payer(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    bucket(ctx).payer = ctx.params["RequestPaymentConfiguration"]["Payer"]
    return {}


@instead("s3", "GetBucketRequestPayment")
def get_payer(ctx: Context) -> dict[str, Any]:
    """moto lacks it."""
    return {"Payer": bucket(ctx).payer}


#: The lists of a notification.
TOLD = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")


@after("s3", "PutBucketNotificationConfiguration")
def put_notifications(ctx: Context, output: dict[str, Any]) -> None:
    """moto drops EventBridge; S3 names those that have no name."""
    given = ctx.params["NotificationConfiguration"]
    named = {name: [{**one, "Id": one.get("Id") or str(uuid.uuid4())} for one in given.get(name) or []] for name in TOLD}
    kept = {name: told for name, told in named.items() if told}
    if "EventBridgeConfiguration" in given:
        kept["EventBridgeConfiguration"] = {}
    ctx.account.stores["notifications"][ctx.params["Bucket"]] = kept


@after("s3", "GetBucketNotificationConfiguration", "GetBucketNotification")
def get_notifications(ctx: Context, output: dict[str, Any]) -> dict[str, Any]:
    """See `put_notifications`."""
    return ctx.account.stores["notifications"].get(ctx.params["Bucket"]) or output


@after("s3", "PutBucketLifecycleConfiguration")
def keep_size(ctx: Context, output: dict[str, Any]) -> None:
    """moto drops the size below which objects do not move."""
    size = ctx.params.get("TransitionDefaultMinimumObjectSize") or "all_storage_classes_128K"
    ctx.account.stores["sizes"][ctx.params["Bucket"]] = size


@after("s3", "DeleteBucket")
def bucket_gone(ctx: Context, output: dict[str, Any]) -> None:
    """What is kept beside moto goes with the bucket."""
    for name in ("lifecycle", "notifications", "sizes", *(member for _, member in KEPT.values())):
        ctx.account.stores[name].pop(ctx.params["Bucket"], None)


@before("s3", "PutBucketReplication")
def replication_check(ctx: Context) -> None:
    """Both sides have to be versioned, and the destination to exist; moto takes anything."""
    if bucket(ctx).versioning_status != "Enabled":
        raise AwsError("InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    for rule in ctx.params["ReplicationConfiguration"]["Rules"]:
        name = rule["Destination"]["Bucket"].split(":::")[-1]
        try:
            target = bucket(ctx, name)
        except Exception:
            raise AwsError("InvalidRequest", "Destination bucket must exist.") from None
        if target.versioning_status != "Enabled":
            raise AwsError("InvalidRequest", "Destination bucket must have versioning enabled.")


@before("s3", "PutBucketVersioning")
def not_under_replication(ctx: Context) -> None:
    """Versioning cannot be suspended while replication is on."""
    wanted = ctx.params["VersioningConfiguration"].get("Status")
    if wanted == "Suspended" and getattr(bucket(ctx), "replication", None):
        raise AwsError("InvalidBucketState", "A replication configuration is present on this bucket.", 409)


# A request for a bucket has to go to the bucket's region; moto answers wherever it comes from.


def right_region(ctx: Context) -> None:
    """AWS sends the client to the right region."""
    buckets = ctx.backend("s3", "aws").buckets
    found = buckets.get(ctx.params.get("Bucket", ""))
    if found is not None and found.region_name != ctx.call.region:
        raise AwsError(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
            301,
            {"x-amz-bucket-region": found.region_name},
        )


_MODEL = get_session().get_service_model("s3")
for _name in _MODEL.operation_names:
    _shape = _MODEL.operation_model(_name).input_shape
    if _name not in ("CreateBucket", "GetBucketLocation") and _shape is not None and "Bucket" in _shape.members:
        BEFORE["s3", _name].insert(0, right_region)


#: The roots of S3's answers (traits `xmlName` of the service's model), which botocore does not know: moto calls them
#: `<Operation>Response`, and clients that look at the root refuse that.
ROOTS = {
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotification": "NotificationConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


class Roots(dict):
    """The one entry that moto's serializer writes, under the root that AWS gives it."""

    def __init__(self, operation: str, wrapped: dict[str, Any]):
        root = ROOTS.get(operation)
        super().__init__({root if root and key == f"{operation}Response" else key: body for key, body in wrapped.items()})


_write = S3Serializer._serialize_body


def _write_as_aws_does(self: S3Serializer, body: dict[str, Any]) -> str:
    return _write(self, Roots(self.operation_model.name, body))


S3Serializer._serialize_body = _write_as_aws_does
