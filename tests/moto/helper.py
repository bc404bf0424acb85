"""An independent client beside clefctl: runs boto3 snippets, one JSON line in, one JSON line out.

    {"account": "100000000001", "region": "eu-central-1", "script": "result = client('ec2').describe_vpcs()['Vpcs']"}

The snippet sees `client(service, region=…)`, `leftovers()`, `boto3`, `ClientError`; what it leaves in `result` is the answer.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import traceback
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from leftovers import leftovers


@functools.lru_cache(maxsize=512)
def make_client(endpoint: str, account: str, service: str, region: str) -> Any:
    """A client of `service` for `account`."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=f"AKIACLEF{account}",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False),
    )


def run(endpoint: str, request: dict[str, Any]) -> dict[str, Any]:
    """Runs one snippet."""

    def client(service: str, region: str | None = None) -> Any:
        return make_client(endpoint, request["account"], service, region or request["region"])

    names: dict[str, Any] = {
        "client": client,
        "leftovers": lambda regions=None: leftovers(client, regions or (request["region"], "us-east-1")),
        "boto3": boto3,
        "ClientError": ClientError,
        "json": json,
        "result": None,
    }
    try:
        exec(compile(request["script"], "<test>", "exec"), names)  # noqa: S102 - the tests' own snippets
        return {"result": names["result"]}
    except Exception:  # noqa: BLE001 - the test is to see it
        return {"error": traceback.format_exc()}


def main() -> None:
    """Answers until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint")
    endpoint = parser.parse_args().endpoint
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(run(endpoint, json.loads(line)), default=str), file=answers, flush=True)


if __name__ == "__main__":
    main()
