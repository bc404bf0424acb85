"""SSM parameters."""

from __future__ import annotations

from typing import Any

from moto.core.utils import unix_time
from moto.ssm.models import Parameter, ParameterDict

from ..hooks import Context, before
from ..wire import AwsError
from .ec2_images import ARCHITECTURES, RELEASES, image_id

PREFIX = "/aws/service/canonical/ubuntu/server/"

# moto has Amazon's public parameters, not Canonical's.

_check = ParameterDict._check_loading_status


def _with_canonical(self: ParameterDict, key: str) -> None:
    _check(self, key)
    if not key.startswith("/aws/service/canonical") or getattr(self, "canonical_loaded", False):
        return
    self.canonical_loaded = True
    for release, (_, volume, _) in RELEASES.items():
        for architecture in ARCHITECTURES:
            name = f"{PREFIX}{release}/stable/current/{architecture}/hvm/{volume}/ami-id"
            super(ParameterDict, self).__getitem__(name).append(
                Parameter(
                    account_id=self.account_id,
                    name=name,
                    value=image_id(release, architecture),
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=unix_time(),
                    version=1,
                    data_type="aws:ec2:image",
                )
            )


ParameterDict._check_loading_status = _with_canonical


@before("ssm", "PutParameter")
def kept_type(ctx: Context) -> dict[str, Any] | None:
    """The type of a parameter stays; without one an update keeps it."""
    name, known = ctx.params["Name"], ctx.backend()._parameters
    if not ctx.params.get("Overwrite") or name not in known:
        return None
    old = known[name][-1].parameter_type
    if ctx.params.get("Type", old) != old:
        raise AwsError(
            "HierarchyTypeMismatchException",
            f"The parameter {name} is of type {old}; its type cannot be changed to {ctx.params['Type']}.",
        )
    return {**ctx.params, "Type": old}
