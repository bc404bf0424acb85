"""S3."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from selfcheck import Check


def bucket(t: Check, **more: Any) -> tuple[Any, str]:
    """The client and a bucket."""
    s3, name = t.client("s3"), f"selfcheck-{t.account}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": t.REGION, **more})
    return s3, name


def check_tags_at_creation(t: Check) -> None:
    s3, name = bucket(t, Tags=[{"Key": "owner", "Value": "me"}])
    t.equal(s3.get_bucket_tagging(Bucket=name)["TagSet"], [{"Key": "owner", "Value": "me"}])


def check_new_buckets_are_safe(t: Check) -> None:
    s3, name = bucket(t)
    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    t.equal(set(blocked.values()), {True})
    owner = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    t.equal(owner, [{"ObjectOwnership": "BucketOwnerEnforced"}])
    algorithm = lambda: s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0][  # noqa: E731
        "ApplyServerSideEncryptionByDefault"
    ]["SSEAlgorithm"]
    t.equal(algorithm(), "AES256")
    s3.delete_bucket_encryption(Bucket=name)
    t.equal(algorithm(), "AES256")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    t.refused("AccessDenied", s3.put_bucket_policy, Bucket=name, Policy=policy)
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=policy)


def check_lifecycle_rules_get_names(t: Check) -> None:
    s3, name = bucket(t)
    rule = {"Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["ID"]


def check_nothing_is_dropped(t: Check) -> None:
    s3, name = bucket(t)
    rule = {
        "ID": "big",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "x/", "ObjectSizeGreaterThan": 5}},
        "Expiration": {"Days": 1},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    t.equal(s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"], [rule])
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    t.equal(s3.get_bucket_notification_configuration(Bucket=name)["EventBridgeConfiguration"], {})


def check_settings_are_kept_whole(t: Check) -> None:
    s3, name = bucket(t)
    s3.put_bucket_request_payment(Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"})
    t.equal(s3.get_bucket_request_payment(Bucket=name)["Payer"], "Requester")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "copies",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "a/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{name}", "StorageClass": "STANDARD_IA"},
    }
    replication = {"Role": f"arn:aws:iam::{t.account}:role/copies", "Rules": [rule]}
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=replication)
    t.equal(s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"], replication)


def check_the_right_region(t: Check) -> None:
    _, name = bucket(t)
    elsewhere = t.client("s3", "us-east-1")
    # boto3 follows the redirection: the record shows it.
    t.control("mark")
    elsewhere.get_bucket_versioning(Bucket=name)
    outcomes = [call["outcome"] for call in t.calls() if call["operation"] == "GetBucketVersioning"]
    t.equal(outcomes, [301, 200])


def check_replication_needs_versions(t: Check) -> None:
    s3, name = bucket(t)
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": f"arn:aws:s3:::{name}-copy"}}
    put = lambda: s3.put_bucket_replication(  # noqa: E731
        Bucket=name, ReplicationConfiguration={"Role": f"arn:aws:iam::{t.account}:role/r", "Rules": [rule]}
    )
    t.refused("InvalidRequest", put)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    t.refused("InvalidRequest", put)


def check_answers_are_named_as_on_aws(t: Check) -> None:
    _, name = bucket(t)
    for query, wanted in (
        ("versioning", "VersioningConfiguration"),
        ("notification", "NotificationConfiguration"),
        ("versions", "ListVersionsResult"),
        ("list-type=2", "ListBucketResult"),
    ):
        request = urllib.request.Request(f"{t.endpoint}/{name}?{query}")
        scope = f"AKIACLEF{t.account}/20260101/{t.REGION}/s3/aws4_request"
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x")
        with urllib.request.urlopen(request) as answer:
            root = re.search(rb"<(?!\?)(\w+)", answer.read())
        assert root is not None
        t.equal(root.group(1).decode(), wanted)
