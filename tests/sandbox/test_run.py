"""The whole sandbox as `make up` starts it: a process of its own, asked over its own doors."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import httpx
import psutil
import pytest

from controller.domain.bindings import check_belongs, read_bindings
from controller.domain.manifest import read_environment
from sandbox.foundation import BRANCHES, SERVICES
from sandbox.run import SHIPPED

ROOT = Path(__file__).parents[2]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-01a0a0a0"], "securityGroups": ["sg-01c0c0c0"]}}


def until(is_so: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `is_so` gives as soon as that is something. Another process is waited for, so time is real here."""
    pause = Event()
    for _ in range(int(seconds / 0.02)):
        if found := is_so():
            return found
        pause.wait(0.02)
    raise TimeoutError(f"not so within {seconds} s")


@dataclass
class Running:
    """A sandbox in another process."""

    process: subprocess.Popen[str]
    endpoints: dict[str, Any]
    state: Path

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoints["aws"]["endpoint"],
            region_name=self.endpoints["aws"]["region"],
            aws_access_key_id=self.endpoints["aws"]["account"],
            aws_secret_access_key="x",
        )

    @cached_property
    def ecs(self) -> Any:
        return self.client("ecs")

    @cached_property
    def elbv2(self) -> Any:
        return self.client("elbv2")

    def control(self, method: str, path: str, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.endpoints['token']}"}
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.request(method, self.endpoints["control"] + path, json=body or None, headers=headers)

    def pids(self) -> list[int]:
        return list(self.control("GET", "/tasks").json()["pids"])

    def merged_image(self) -> str:
        """Merge to develop, and wait for the backend's image: its pinned name."""
        commit = self.control("POST", "/merge", branch="develop").json()["commit"]
        tag = f"develop-{commit}"
        asked = {"repositoryName": SERVICES["backend"], "imageIds": [{"imageTag": tag}]}
        ecr = self.client("ecr")
        [image] = until(lambda: ecr.batch_get_image(**asked)["images"])
        digest = image["imageId"]["imageDigest"]
        return f"{self.endpoints['aws']['account']}.dkr.ecr.eu-west-1.amazonaws.com/{SERVICES['backend']}@{digest}"

    def serve(self, image: str, count: int = 2) -> None:
        """A service behind dev's load balancer, and wait until it has settled."""
        balancer = self.elbv2.describe_load_balancers(Names=["captioncraft-dev"])["LoadBalancers"][0]
        listener = self.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"][0]
        group = self.elbv2.create_target_group(
            Name="backend", Protocol="HTTP", Port=8000, VpcId="vpc-01d0d0d0", TargetType="ip",
            HealthCheckPath="/health", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        drain = [{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}]
        self.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=drain)
        self.elbv2.create_rule(
            ListenerArn=listener["ListenerArn"], Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        self.ecs.create_service(
            cluster="captioncraft-dev", serviceName="backend", taskDefinition=self.define(image), desiredCount=count,
            launchType="FARGATE", networkConfiguration=NETWORK,
            loadBalancers=[{"targetGroupArn": group, "containerName": "backend", "containerPort": 8000}],
        )  # fmt: skip
        until(self.is_settled)

    def define(self, image: str) -> str:
        container = {"name": "backend", "image": image, "portMappings": [{"containerPort": 8000}], "stopTimeout": 5}
        made = self.ecs.register_task_definition(
            family="backend", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            executionRoleArn="arn:aws:iam::123456789012:role/execution", containerDefinitions=[container],
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def is_settled(self) -> bool:
        [service] = self.ecs.describe_services(cluster="captioncraft-dev", services=["backend"])["services"]
        return [each["rolloutState"] for each in service["deployments"]] == ["COMPLETED"]


@contextmanager
def a_sandbox(state: Path, *arguments: str) -> Iterator[Running]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(state)}
    command = [sys.executable, "-m", "sandbox", "--state-dir", str(state), *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            written = until(lambda: (state / "endpoints.json").exists() or process.poll() is not None)
            assert written
            assert process.poll() is None, process.returncode
            yield Running(process, json.loads((state / "endpoints.json").read_text()), state)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests that only look."""
    with a_sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def test_it_announces_itself_once_everything_answers(running: Running) -> None:
    told = running.endpoints
    assert told["pid"] == running.process.pid
    with httpx.Client(trust_env=False) as client:
        signed_in = {"Authorization": f"Bearer {told['github']['token']}"}
        found = client.get(told["github"]["api"] + "/repos/acme/captioncraft", headers=signed_in)
        assert found.json()["clone_url"] == told["github"]["git"]
        assert {client.get(url).status_code for url in told["balancers"].values()} == {404}
    assert running.client("sts").get_caller_identity()["Account"] == told["aws"]["account"]
    assert (running.state / "endpoints.json").stat().st_mode & 0o077 == 0


def test_the_bindings_it_writes_are_valid_and_their_stacks_answer(running: Running) -> None:
    path = Path(running.endpoints["config"])
    bound = read_bindings(path.read_text(), str(path))
    assert {name: binding.branch for name, binding in bound.items()} == BRANCHES
    stacks = running.client("cloudformation")
    for binding in bound.values():
        [stack] = stacks.describe_stacks(StackName=binding.aws.stack)["Stacks"]
        assert {each["OutputKey"] for each in stack["Outputs"]} == {
            "Cluster", "Listener", "Subnets", "SecurityGroups", "ExecutionRole", "Vpc", "AlarmTopic", "SwitchRole"
        }  # fmt: skip


@pytest.mark.parametrize("environment", BRANCHES)
def test_the_repository_holds_valid_environments_that_belong_to_their_bindings(
    running: Running, environment: str
) -> None:
    path = f"environments/{environment}.yaml"
    with httpx.Client(trust_env=False) as client:
        found = client.get(
            f"{running.endpoints['github']['api']}/repos/acme/captioncraft/contents/{path}",
            params={"ref": BRANCHES[environment]},
            headers={
                "Accept": "application/vnd.github.raw+json",
                "Authorization": f"Bearer {running.endpoints['github']['token']}",
            },
        )
    bindings = Path(running.endpoints["config"])
    file = read_environment(found.text, path)
    check_belongs(file, read_bindings(bindings.read_text(), str(bindings))[environment])
    assert f"{file.url}:80".removeprefix("http://") in {
        each.partition("=")[0] for each in running.endpoints["connect_to"]
    }


def test_only_loopback_is_listened_on(running: Running) -> None:
    listening = [
        each.laddr.ip
        for process in (psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(True))
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert all(address.startswith("127.") for address in listening)


def test_slack_is_there_and_its_control_too(running: Running) -> None:
    slack = running.endpoints["slack"]
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {slack['token']}"}) as client:
        said = client.post(f"{slack['api']}chat.postMessage", json={"channel": "#deploys", "text": "hello"}).json()
        assert said["ok"]
    found = running.control("GET", "/slack/messages/deploys").json()["messages"]
    assert [(each["ts"], each["text"]) for each in found] == [(said["ts"], "hello")]


def test_control_needs_the_token(running: Running) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.get(running.endpoints["control"] + "/tasks").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"environment": "nowhere", "rate": 1, "seconds": 1},
        {"environment": "dev", "rate": 0, "seconds": 1},
        {"environment": "dev", "rate": "many", "seconds": 1},
        {"environment": "dev", "rate": 1, "seconds": -1},
        {"environment": "dev", "rate": 2000, "seconds": 80_000},
    ],
)
def test_traffic_that_makes_no_sense_is_refused(running: Running, body: dict[str, Any]) -> None:
    answer = running.control("POST", "/traffic", **body)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_traffic_without_anything_behind_the_balancer_is_reported_as_it_is(running: Running) -> None:
    told = running.control("POST", "/traffic", environment="prod", rate=100, seconds=0.2, wait=True).json()
    assert (told["state"], told["sent"], told["by_status"], told["failed"]) == ("done", 20, {"404": 20}, 0)
    assert running.control("GET", "/traffic/prod").json() == told


def test_traffic_can_be_ended_and_says_how_it_went(running: Running) -> None:
    running.control("POST", "/traffic", environment="staging", rate=50, seconds=600)
    told = running.control("DELETE", "/traffic/staging").json()
    assert 0 < told["sent"] < 500 and told["by_status"] == {"404": told["sent"]}
    assert running.control("DELETE", "/traffic/nowhere").status_code == 404


def test_an_aws_fault_is_felt_and_can_be_taken_back(running: Running) -> None:
    assert running.control("POST", "/faults/aws", kind="no-such").status_code == 422
    assert running.control("POST", "/faults/aws", kind="throttle", times="many").status_code == 422
    running.control("POST", "/faults/aws", kind="throttle", service="sts")
    assert running.control("POST", "/faults/spot", environment="nowhere").status_code == 422
    assert running.control("POST", "/faults/spot", environment="dev").json()["interrupted"] == 0
    sts = running.client("sts")
    with pytest.raises(sts.exceptions.ClientError, match="Rate exceeded"):
        sts.get_caller_identity()
    running.control("DELETE", "/faults/aws")
    assert sts.get_caller_identity()["Account"]


def test_a_scan_finds_what_was_ordered_in_the_next_image(running: Running) -> None:
    assert running.control("POST", "/faults/scan", severity="BAD", count=1).status_code == 422
    assert running.control("POST", "/faults/scan", severity="HIGH", count=0).status_code == 422
    running.control("POST", "/faults/scan", severity="HIGH", count=1)
    ecr, repository = running.client("ecr"), SERVICES["backend"]
    pushed = ecr.put_image(repositoryName=repository, imageManifest='{"schemaVersion": 2}', imageTag="flawed")["image"]
    asked = {"repositoryName": repository, "imageId": {"imageDigest": pushed["imageId"]["imageDigest"]}}

    def found() -> Any:
        try:
            return ecr.describe_image_scan_findings(**asked).get("imageScanFindings")
        except ecr.exceptions.ScanNotFoundException:
            return None

    assert until(found)["findingSeverityCounts"] == {"HIGH": 1}


def test_a_merge_becomes_an_image_that_serves_and_rolls_without_a_failed_request(tmp_path: Path) -> None:
    with a_sandbox(tmp_path) as sandbox:
        image = sandbox.merged_image()
        sandbox.serve(image)
        assert len(sandbox.pids()) == 2
        sandbox.control("POST", "/traffic", environment="dev", rate=100, seconds=3)
        sandbox.ecs.update_service(cluster="captioncraft-dev", service="backend", taskDefinition=sandbox.define(image))
        until(sandbox.is_settled)
        told = until(lambda: done(sandbox.control("GET", "/traffic/dev").json()))
        assert told["sent"] == 300
        # The page is the frontend's, which is not deployed here: 404 is the backend's own word.
        assert (told["failed"], told["by_status"]) == (0, {"200": 200, "404": 100})
        pids = [*sandbox.pids(), sandbox.process.pid]
        sandbox.process.send_signal(signal.SIGTERM)
        assert sandbox.process.wait(timeout=5) == 0
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert {path.name for path in tmp_path.iterdir()} == {"github"}


def done(report: dict[str, Any]) -> dict[str, Any] | None:
    return report if report["state"] == "done" else None


def test_killed_it_takes_its_tasks_along(tmp_path: Path) -> None:
    with a_sandbox(tmp_path) as sandbox:
        sandbox.serve(sandbox.merged_image())
        tasks = [psutil.Process(pid) for pid in sandbox.pids()]
        assert len(tasks) == 2
        sandbox.process.kill()
        assert psutil.wait_procs(tasks, timeout=5)[1] == []


def test_two_sandboxes_run_side_by_side(running: Running, tmp_path: Path) -> None:
    with a_sandbox(tmp_path) as other:
        assert other.endpoints["aws"]["endpoint"] != running.endpoints["aws"]["endpoint"]
        assert other.endpoints["github"]["webhook_secret"] != running.endpoints["github"]["webhook_secret"]


def refused(state: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--state-dir", str(state), *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [0, 4, 5], ids=["aws", "prod", "slack"])
def test_a_taken_port_is_said_in_one_sentence_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(tmp_path, "--port-base", str(port - number))
    assert code == 1
    assert "choose another --port-base" in said
    assert "Traceback" not in said
    assert not (tmp_path / "endpoints.json").exists()


def test_a_second_one_in_the_same_place_is_refused(running: Running) -> None:
    code, said = refused(running.state)
    assert code == 1
    assert "already runs" in said
    assert running.client("sts").get_caller_identity()["Account"]
    assert (running.state / "endpoints.json").exists()


@pytest.mark.parametrize("wrong", [["--port-base", "80"], ["--speed", "fast"], ["--no-such"], ["--speed", "0"]])
def test_wrong_use_is_2(tmp_path: Path, wrong: list[str]) -> None:
    assert refused(tmp_path, *wrong)[0] == 2


def test_what_is_shipped_is_found() -> None:
    assert (SHIPPED / "environments" / "dev.yaml").exists()
