"""Environments to roll out in: a file with the wanted strategy in its branch, and the truth about what runs there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx

from controller.domain.names import group_name, slot_name
from controller.domain.slot import Slot
from sandbox.github.rehearsal import edited, parse_fault
from tests.support.clone import Clone
from tests.support.live import SandboxDoor

BRANCHES = {"dev": "develop", "staging": "staging", "prod": "main"}
SERVICES = ("backend", "frontend")
COUNT = 2
HARNESS = "HARNESS"
"""The access key of whoever looks on; the witness lets it pass."""

STRATEGIES = {
    "rolling": ("{type: rolling}", "0s"),
    "rolling150": ("{type: rolling, max: 150}", "0s"),
    "blue_green": ("{type: blue_green, bake: 3s}", "3s"),
    "canary": (
        "{type: canary, steps: [{weight: 10, bake: 2s}, {weight: 50, bake: 2s}, {weight: 100, bake: 2s}]}",
        "3s",
    ),
}
"""And how long the old version is kept warm."""

FILE = """\
environment: {name}
branch: {branch}
{url}
strategy: {strategy}
rollback: {{hold: next_commit, keep_warm: {warm}}}
verify: [{{path: /ready, within: 5s}}]
services:
  backend:
    image: {{repository: captioncraft-backend, tag: "{{branch}}-{{sha}}"}}
    route: {{path: /api/*}}
    port: 8000
    task: {{cpu: 256, memory: 512, stop_timeout: 30s}}
    count: {count}
    health: {{path: /health, interval: 10s, timeout: 5s, grace: 30s}}
    deregistration_delay: 10s
    smoke: [{{path: /ready, within: 5s}}]
  frontend:
    image: {{repository: captioncraft-frontend, tag: "{{branch}}-{{sha}}"}}
    route: {{path: /*}}
    port: 8080
    task: {{cpu: 256, memory: 512, stop_timeout: 30s}}
    count: {count}
    health: {{path: /health, interval: 10s, timeout: 5s, grace: 30s}}
    deregistration_delay: 10s
    smoke: [{{path: /ready, within: 5s}}]
"""


@dataclass(frozen=True)
class Place:
    """One environment of a sandbox, and the clone of the team that merges into it."""

    name: str
    strategy: str
    door: SandboxDoor
    clone: Clone

    @classmethod
    def at(cls, name: str, strategy: str, door: SandboxDoor, directory: Path) -> "Place":
        clone = Clone(door.endpoints["github"]["git"], directory / f"clone-{name}", BRANCHES[name])
        return cls(name, strategy, door, clone)

    @property
    def stack(self) -> str:
        return f"captioncraft-{self.name}"

    def take_strategy(self) -> None:
        """Write the environment's file; the next push brings it along."""
        file = self.clone.directory / "environments" / f"{self.name}.yaml"
        url = next(line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("url:"))
        strategy, warm = STRATEGIES[self.strategy]
        branch = BRANCHES[self.name]
        text = FILE.format(name=self.name, branch=branch, url=url, strategy=strategy, warm=warm, count=COUNT)
        file.write_text(text, encoding="utf-8")

    def push(self, version: str, fault: str | None = None) -> str:
        """Push a version, misbehaving or not; the commit."""
        workload = self.clone.directory / "workload"
        (workload / "VERSION").write_text(f"{version}\n", encoding="utf-8")
        rehearsal = workload / "rehearsal.py"
        healed = edited(rehearsal.read_text(encoding="utf-8"), parse_fault(fault) if fault else None)
        rehearsal.write_text(healed, encoding="utf-8")
        commit = self.clone.commit(f"Rehearse {fault} in {version}" if fault else f"Prepare {version}")
        self.clone.push()
        return commit

    def close(self) -> None:
        self._elbv2.close()
        self._ecs.close()

    # The truth.

    def wrong(self, version: str) -> list[str]:
        """What is not as it has to be with this version live and nothing going on."""
        rules = self._rules()
        found = [f"a test rule is left: {rule['RuleArn']}" for rule in rules if _is_test(rule)]
        public = [rule for rule in rules if rule["Conditions"] and not _is_test(rule)]
        if len(public) != len(SERVICES):
            found.append(f"{len(public)} public rules, not {len(SERVICES)}")
        weights = {name: weight for rule in public for name, weight in _weights(rule).items()}
        for service in SERVICES:
            found += self._wrong_slots(service, weights)
        return found + self._wrong_answers(version)

    def _wrong_slots(self, service: str, weights: Mapping[str, int]) -> list[str]:
        share = {slot: weights.get(group_name(self.stack, service, slot), 0) for slot in Slot}
        if sorted(share.values()) != [0, 100]:
            return [f"{service}: the weights are {share}"]
        tasks = self._tasks(service)
        wanted = {slot: COUNT if share[slot] else 0 for slot in Slot}
        return [
            f"{service} {slot}: {tasks[slot]} tasks wanted and running, not {wanted[slot]}"
            for slot in Slot
            if tasks[slot] != (wanted[slot], wanted[slot])
        ]

    def _wrong_answers(self, version: str) -> list[str]:
        found = []
        for path in ("/", "/api/version"):
            answer = httpx.get(f"{self.door.endpoints['balancers'][self.name]}{path}", trust_env=False)
            shown = answer.headers.get("x-captioncraft-version")
            if (answer.status_code, shown) != (200, version):
                found.append(f"{path} answers {answer.status_code} from {shown}, not 200 from {version}")
        return found

    def _rules(self) -> list[dict[str, Any]]:
        [balancer] = self._elbv2.describe_load_balancers(Names=[self.stack])["LoadBalancers"]
        [listener] = self._elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        return list(self._elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"])

    def _tasks(self, service: str) -> dict[Slot, tuple[int, int]]:
        """How many tasks each slot is to run, and runs."""
        names = {slot_name(self.stack, service, slot): slot for slot in Slot}
        shown = self._ecs.describe_services(cluster=self.stack, services=list(names))["services"]
        counts = {names[each["serviceName"]]: (each["desiredCount"], each["runningCount"]) for each in shown}
        return {slot: counts.get(slot, (0, 0)) for slot in Slot}

    @cached_property
    def _elbv2(self) -> Any:
        return self._client("elbv2")

    @cached_property
    def _ecs(self) -> Any:
        return self._client("ecs")

    def _client(self, service: str) -> Any:
        aws = self.door.endpoints["aws"]
        make: Any = boto3.session.Session().client  # overloaded by service name, of which there are hundreds
        return make(
            service,
            endpoint_url=aws["endpoint"],
            region_name=aws["region"],
            aws_access_key_id=HARNESS,
            aws_secret_access_key="sandbox",
        )


def _is_test(rule: Mapping[str, Any]) -> bool:
    return any(condition["Field"] == "http-header" for condition in rule["Conditions"])


def _weights(rule: Mapping[str, Any]) -> dict[str, int]:
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return {group["TargetGroupArn"].split("/")[1]: group["Weight"] for group in groups}
