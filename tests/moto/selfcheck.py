"""Checks that the emulated AWS answers as AWS does where moto does not: `selfcheck.py ENDPOINT [--needed] [name …]`.

With `--needed`, against `server.py --plain`, each check has to fail: one that holds on moto as it is mends nothing.
Each check has an account of its own. Prints what fails and ends with 1 when anything did. No test framework: it runs
wherever the server runs.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import traceback
import urllib.request
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

import checks
from helper import make_client


class Check:
    """One check's account, and the words it needs."""

    REGION = "eu-central-1"

    def __init__(self, endpoint: str, number: int):
        self.endpoint, self.account = endpoint, f"9{number:011}"

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the account."""
        return make_client(self.endpoint, self.account, service, region)

    def control(self, what: str, **body: Any) -> Any:
        """A request of the control endpoint."""
        url = f"{self.endpoint}/clefctl-test/{self.account}/{what}"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST")) as answer:
            return json.load(answer)

    def calls(self) -> Any:
        """The recorded calls."""
        with urllib.request.urlopen(f"{self.endpoint}/clefctl-test/{self.account}/calls") as answer:
            return json.load(answer)

    @staticmethod
    def refused(code: str, call: Callable[..., Any], **params: Any) -> None:
        """The call has to fail with this code."""
        try:
            answer = call(**params)
        except ClientError as error:
            got = error.response["Error"]["Code"]
            assert got == code, f"{code} expected, {got}: {error.response['Error'].get('Message')}"
        else:
            raise AssertionError(f"{code} expected, answered {answer}")

    @staticmethod
    def equal(got: Any, wanted: Any) -> None:
        """Both have to be the same."""
        assert got == wanted, f"{wanted!r} expected, {got!r}"

    def network(self, zones: str = "ab") -> tuple[str, list[str]]:
        """A VPC with an internet gateway, and a subnet in each zone."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{self.REGION}{zone}")["Subnet"]
            for i, zone in enumerate(zones)
        ]
        return vpc, [subnet["SubnetId"] for subnet in subnets]


def main(endpoint: str, wanted: list[str], needed: bool) -> int:
    """Runs the checks; returns the number of failures, or with `needed` of those that do not fail."""
    failures = 0
    number = 0
    for module in sorted(pkgutil.iter_modules(checks.__path__), key=lambda m: m.name):
        found = importlib.import_module(f"checks.{module.name}")
        for name, check in vars(found).items():
            if not name.startswith("check_") or (wanted and name not in wanted):
                continue
            number += 1
            one = Check(endpoint, number)
            try:
                check(one)
                if needed:
                    failures += 1
                    print(f"{module.name}.{name} holds on moto as it is")
            except Exception:  # noqa: BLE001 - the next check may still hold
                if not needed:
                    failures += 1
                    print(f"{module.name}.{name}\n{traceback.format_exc()}")
            finally:
                one.control("reset")
    print(f"{number} checks, {failures} failed")
    return failures


if __name__ == "__main__":
    names = [argument for argument in sys.argv[2:] if argument != "--needed"]
    sys.exit(1 if main(sys.argv[1], names, "--needed" in sys.argv) else 0)
