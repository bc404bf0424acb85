"""Secrets Manager."""

from __future__ import annotations

from typing import Any

from ..hooks import Context, after, before, instead
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


def secret(ctx: Context) -> Any:
    """moto's secret; one that waits for its deletion takes no change."""
    found = ctx.backend().secrets.get(ctx.params["SecretId"])
    if found is None:
        raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if found.is_deleted():
        raise AwsError("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
    return found


@after("secretsmanager", "UpdateSecret")
def emptied(ctx: Context, output: dict[str, Any]) -> None:
    """An empty description or key takes away what there was; moto keeps it."""
    if ctx.params.get("Description") == "":
        secret(ctx).description = None
    if ctx.params.get("KmsKeyId") == "":
        secret(ctx).kms_key_id = None


@after("secretsmanager", "ReplicateSecretToRegions", "CreateSecret")
def replica_keys(ctx: Context, output: dict[str, Any]) -> None:
    """A copy says which key it was given; moto always says AWS's own."""
    found = ctx.backend().secrets.get(output["ARN"])
    keys = {one["Region"]: one.get("KmsKeyId") for one in ctx.params.get("AddReplicaRegions") or []}
    for copy in found.replicas:
        if keys.get(copy.region):
            copy.config["KmsKeyId"] = keys[copy.region]


@instead("secretsmanager", "RotateSecret")
def rotate(ctx: Context) -> dict[str, Any]:
    """Rotation without the Lambda function, which moto would run in a container; its value stays."""
    found = secret(ctx)
    found.rotation_requested = found.rotation_enabled = True
    found.rotation_lambda_arn = ctx.params.get("RotationLambdaARN") or found.rotation_lambda_arn
    ctx.store("rotation_rules")[found.arn] = ctx.params.get("RotationRules") or {}
    return {"ARN": found.arn, "Name": found.name}


@after("secretsmanager", "DescribeSecret", "ListSecrets")
def rotation_rules(ctx: Context, output: dict[str, Any]) -> None:
    """See `rotate`: moto knows the days only."""
    for one in output.get("SecretList", [output]):
        rules = ctx.store("rotation_rules").get(one["ARN"])
        if rules is not None and one.get("RotationRules"):
            one["RotationRules"] = rules
