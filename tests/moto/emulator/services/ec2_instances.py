"""EC2: instances, as far as Auto Scaling launches them."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend
from moto.ec2.models.instances import Instance

# With an instance its interfaces and volumes go, and load balancers forget it; moto leaves all of them.

_terminate = Instance.terminate


def _with_everything(self: Instance, *args: Any, **kwargs: Any) -> Any:
    backend = self.ec2_backend
    volumes = [v.id for v in backend.volumes.values() if v.attachment is not None and v.attachment.instance is self]
    state = _terminate(self, *args, **kwargs)
    for nic in list(self.nics.values()):
        backend.enis.pop(nic.id, None)
    for volume in volumes:
        backend.volumes.pop(volume, None)
    for group in get_backend("elbv2")[backend.account_id][backend.region_name].target_groups.values():
        group.targets.pop(self.id, None)
    return state


Instance.terminate = _with_everything
