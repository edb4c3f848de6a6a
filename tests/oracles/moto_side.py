"""moto as an oracle, in process. Runs in `.venv-oracles` only: `make compare`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from controller.adapters.clock import SystemClock
from tests.oracles.scripts import ACCOUNT, REGION

LOOKS = 5
"""moto's things move by being looked at and not by time: so often is asked."""


def place_of(ec2: Any, now: datetime) -> dict[str, Any]:
    """The default VPC with two of its subnets, and the time."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    first, second, *_ = sorted(subnets, key=lambda subnet: str(subnet["AvailabilityZone"]))
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    return {
        "vpc": vpc,
        "security": groups[0]["GroupId"],
        "subnet1": first["SubnetId"],
        "subnet2": second["SubnetId"],
        "now": int(now.timestamp() * 1000),
    }


class Moto:
    name = "moto"
    crashes = (Exception,)

    def __init__(self) -> None:
        assert DEFAULT_ACCOUNT_ID == ACCOUNT
        self.version = version("moto")
        self._mock = mock_aws()
        self._clients: dict[str, Any] = {}

    def begin(self) -> Mapping[str, Any]:
        if self._clients:
            self._mock.stop()
        self._mock = mock_aws()
        self._mock.start()
        return place_of(self.client("ec2"), SystemClock().now())

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Any = boto3.Session(
                aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
            ).client
            self._clients[service] = make(service, config=Config(retries={"total_max_attempts": 1}))
        return self._clients[service]

    def pauses(self) -> Iterator[None]:
        yield from (None for _ in range(LOOKS))

    def close(self) -> None:
        self._mock.stop()
