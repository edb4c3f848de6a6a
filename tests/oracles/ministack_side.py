"""ministack as an oracle, over HTTP, from an environment of its own: it pins another botocore. `make compare`.

Without a container engine it runs no containers and says of its tasks that they run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config

from controller.adapters.clock import SystemClock
from tests.oracles.moto_side import place_of
from tests.oracles.scripts import ACCOUNT, REGION, STACK, STACK_OUTPUTS

PAUSE_SECONDS, LIMIT_SECONDS = 0.25, 5.0
START_SECONDS = 30.0
SAYS_VERSION = "from importlib.metadata import version; print(version('ministack'))"


class Ministack:
    name = "ministack"
    crashes = (Exception,)

    def __init__(self, python: Path) -> None:
        """Start it with the interpreter of its environment, on loopback only."""
        self._clock = SystemClock()
        self._home = tempfile.TemporaryDirectory(prefix="ministack-")
        self.version = subprocess.check_output([python, "-c", SAYS_VERSION], text=True).strip()
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [python, "-m", "ministack"],
            cwd=self._home.name,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                "PATH": os.defpath,
                "HOME": self._home.name,
                "TMPDIR": self._home.name,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "MINISTACK_REGION": REGION,
                "DOCKER_HOST": f"unix://{self._home.name}/none.sock",
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
            },
        )
        self._clients: dict[str, Any] = {}
        self._until_ready()

    def begin(self) -> Mapping[str, Any]:
        urlopen(Request(f"{self._url}/_ministack/reset", method="POST"), timeout=10).close()
        self.client("cloudformation").create_stack(StackName=STACK, TemplateBody=template(STACK_OUTPUTS))
        return place_of(self.client("ec2"), self._clock.now())

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Any = boto3.Session(
                aws_access_key_id=ACCOUNT, aws_secret_access_key="testing", region_name=REGION
            ).client
            config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
            self._clients[service] = make(service, endpoint_url=self._url, config=config)
        return self._clients[service]

    def pauses(self) -> Iterator[None]:
        for _ in range(int(LIMIT_SECONDS / PAUSE_SECONDS)):
            self._clock.sleep(PAUSE_SECONDS)
            yield

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._home.cleanup()

    def _until_ready(self) -> None:
        until = self._clock.monotonic() + START_SECONDS
        while True:
            try:
                urlopen(f"{self._url}/_ministack/health", timeout=1).close()
            except OSError:
                if self._process.poll() is not None or self._clock.monotonic() > until:
                    raise
                self._clock.sleep(0.1)
            else:
                return


def template(outputs: Mapping[str, str]) -> str:
    """A stack with these outputs and with the one resource that a stack must have."""
    return json.dumps(
        {
            "Resources": {"Nothing": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/nothing"}}},
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
    )
