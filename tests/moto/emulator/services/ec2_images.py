"""EC2: images."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import moto.ec2.models.amis as amis
from moto.ec2.models.amis import Ami, AmiBackend

CANONICAL = "099720109477"
#: Architecture -> (AWS's name of it, Ubuntu's name of it).
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
#: Release -> (code name, the volume type in the parameter's and the image's name).
RELEASES = {"22.04": ("jammy", "ebs-gp2", "hvm-ssd"), "24.04": ("noble", "ebs-gp3", "hvm-ssd-gp3")}


def image_id(release: str, architecture: str) -> str:
    """The newest image's id; the same in every region, for simplicity."""
    number = [*itertools.product(RELEASES, ARCHITECTURES)].index((release, architecture))
    return f"ami-0c1efc7100000000{number}"


def images() -> list[dict[str, Any]]:
    """Canonical's images, as DescribeImages has them: for each release an older and the newest one."""
    found = []
    for (release, (code, _, volume)), (architecture, machine) in itertools.product(
        RELEASES.items(), ARCHITECTURES.items()
    ):
        newest = image_id(release, architecture)
        for ident, day in ((newest.replace("ami-0", "ami-1"), "20260901"), (newest, "20261101")):
            name = f"ubuntu/images/{volume}/ubuntu-{code}-{release}-{architecture}-server-{day}"
            found.append(
                {
                    "ami_id": ident,
                    "name": name,
                    "description": f"Canonical, Ubuntu, {release} LTS, {architecture} {code} image",
                    "owner_id": CANONICAL,
                    "public": True,
                    "virtualization_type": "hvm",
                    "architecture": machine,
                    "state": "available",
                    "image_type": "machine",
                    "image_location": f"{CANONICAL}/{name}",
                    "hypervisor": "xen",
                    "root_device_name": "/dev/sda1",
                    "root_device_type": "ebs",
                    "sriov": "simple",
                    "creation_date": f"{day[:4]}-{day[4:6]}-{day[6:]}T06:00:00.000Z",
                }
            )
    return found


amis.AMIS.extend(images())

# moto reads more than a thousand images for each account and region; here each region's are read once.

_load = AmiBackend._load_amis
_regions: dict[str, dict[str, Ami]] = {}


def _shared(self: Any) -> None:
    if self.region_name not in _regions:
        _load(self)
        _regions[self.region_name] = dict(self.amis)
    for ident, image in _regions[self.region_name].items():
        mine = copy.copy(image)
        mine.ec2_backend = self
        self.amis[ident] = mine


AmiBackend._load_amis = _shared
