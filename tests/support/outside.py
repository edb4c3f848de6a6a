"""Everything that is not the controller: an AWS with a virtual clock, a repository, and what answers requests."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.commit_checks import CheckState, CommitCheck
from controller.domain.errors import TidegateError
from controller.domain.ports import Comparison
from controller.domain.release import Release
from controller.domain.revision import Author, Commit
from sandbox.balancer.routing import Ask, WeightedChoice, candidates, first_rule
from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.world.faults import Faults
from sandbox.world.small import cloudformation
from sandbox.world.view import Forward
from sandbox.world.world import World as Aws
from tests.support.builders import FILE
from tests.support.town import Town
from tests.support.traffic import ModelledTraffic

ACCOUNT, REGION = "123456789012", "eu-west-1"
PLACE = "captioncraft-dev"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REPOSITORIES = ("captioncraft-backend", "captioncraft-frontend")
PROVIDERS = ("FARGATE", "FARGATE_SPOT")
SHORTEST_SHA = 7
CHECKS = {name: CommitCheck(name, CheckState.PASSED, "success") for name in ("test", "build", "scan")}
"""What every commit has passed, unless a story says otherwise."""
ASKED = {"backend": "/api/captions", "frontend": "/"}
"""The path that traffic to a service of `FILE` asks for."""


class VirtualTime:
    """A controller's clock on the sandbox's. Its wall clock can be set wrong; what it measures spans with cannot."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self.clock.now() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)


class Repository:
    """A source with one branch; `rewrite` makes a head that does not descend from the one before."""

    branch = "develop"

    def __init__(self) -> None:
        self.commits: list[tuple[Commit, dict[str, str]]] = []
        self._roots: list[int] = []
        self.gone = False
        self.trouble: TidegateError | None = None
        self.checks_trouble: TidegateError | None = None
        self._checks: dict[str, dict[str, CommitCheck | None]] = {}
        self.releases: dict[str, Release] = {}
        self.tags: dict[str, str] = {}
        self.aside: list[tuple[Commit, dict[str, str]]] = []
        """Commits of other branches."""

    def push(self, files: Mapping[str, str], message: str = "Change something", rewrite: bool = False) -> Commit:
        number = len(self.commits) + len(self.aside) + 1
        commit = Commit(self.name(number), f"{number + 4096:040x}", message, (Author(1, "ada", "Ada"),), START)
        if rewrite:
            self._roots.append(number)
        before = dict(self.commits[-1][1]) if self.commits else {}
        self.commits.append((commit, {**before, **files}))
        return commit

    def name(self, number: int) -> str:
        """A commit's sha, counted from 1: as a number, greater than those of the commits before it."""
        return f"{number:040x}"

    def head(self, repository: str, branch: str) -> Commit | None:
        if self.trouble is not None:
            raise self.trouble
        return None if self.gone or not self.commits else self.commits[-1][0]

    def heads(self, repository: str) -> Mapping[str, str]:
        head = self.head(repository, self.branch)
        return {self.branch: head.sha} if head else {}

    def resolve(self, repository: str, ref: str) -> Commit | None:
        if ref == self.branch:
            return self.head(repository, ref)
        if ref in self.tags:
            return self.tagged(repository, ref)
        found = [commit for commit, _ in self.commits if len(ref) >= SHORTEST_SHA and commit.sha.startswith(ref)]
        return found[0] if len(found) == 1 else None

    def released(self, repository: str) -> tuple[Release, ...]:
        newest_first = sorted(self.releases.values(), key=lambda each: each.published_at, reverse=True)
        return tuple(replace(each, points_at=self.tags.get(each.tag)) for each in newest_first)

    def tagged(self, repository: str, tag: str) -> Commit | None:
        return next((commit for commit, _ in self._all if commit.sha == self.tags.get(tag)), None)

    def publish(self, tag: str, commit: Commit | None = None, after: timedelta | None = None) -> Release:
        """A release of a commit, the newest unless one is given; a minute later than the one before, unless `after`
        says otherwise."""
        made = START + (after or timedelta(minutes=len(self.releases)))
        address = f"https://github.example/acme/captioncraft/releases/tag/{tag}"
        self.releases[tag] = Release(tag, tag, address, made)
        self.tags[tag] = (commit or self.commits[-1][0]).sha
        return self.releases[tag]

    def push_aside(self, files: Mapping[str, str]) -> Commit:
        """A commit of another branch: the head stays."""
        commit = self.push(files, "Try something")
        self.aside.append(self.commits.pop())
        return commit

    def read(self, repository: str, path: str, sha: str) -> str | None:
        return self._at(sha).get(path)

    def compare(self, repository: str, base: str, head: str) -> Comparison:
        old, new = self._at(base), self._at(head)
        is_aside = base != head and any(commit.sha == base for commit, _ in self.aside)
        is_later = int(base, 16) <= int(head, 16) and not any(int(base, 16) < root for root in self._roots)
        descends = is_later and not is_aside
        paths = tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))
        return Comparison(descends=descends, identical=base == head, paths=paths)

    def checks(self, repository: str, sha: str) -> tuple[CommitCheck, ...]:
        if self.checks_trouble is not None:
            raise self.checks_trouble
        said = {**CHECKS, **self._checks.get(sha, {})}
        return tuple(check for check in said.values() if check is not None)

    def succeed(self, name: str, sha: str | None = None) -> None:
        """The check of this name has passed on a commit, the newest unless `sha` says otherwise."""
        self._say(name, sha, _check(name, CheckState.PASSED, "success"))

    def fail(self, name: str, sha: str | None = None, said: str = "failure") -> None:
        self._say(name, sha, _check(name, CheckState.FAILED, said))

    def hold(self, name: str, sha: str | None = None, said: str = "in_progress") -> None:
        self._say(name, sha, _check(name, CheckState.PENDING, said))

    def forget(self, name: str, sha: str | None = None) -> None:
        """No check of this name has begun."""
        self._say(name, sha, None)

    def _say(self, name: str, sha: str | None, check: CommitCheck | None) -> None:
        self._checks.setdefault(sha or self.commits[-1][0].sha, {})[name] = check

    def _at(self, sha: str) -> dict[str, str]:
        return next(files for commit, files in self._all if commit.sha == sha)

    @property
    def _all(self) -> list[tuple[Commit, dict[str, str]]]:
        return [*self.commits, *self.aside]


def _check(name: str, state: CheckState, said: str) -> CommitCheck:
    return CommitCheck(name, state, said, f"https://github.example/checks/{name}")


class ModelledProbe:
    """Requests that go through the sandbox's rules to scripted tasks."""

    def __init__(self, aws: Aws, runtime: ScriptedRuntime) -> None:
        self._aws, self._runtime = aws, runtime
        self._choice = WeightedChoice(Random(1))

    def ask(self, check: HttpCheck) -> CheckAnswer:
        header = () if check.header is None else ((check.header[0].lower(), check.header[1].reveal()),)
        status = self.get(urlsplit(check.url).path, header)
        return CheckAnswer(check, status == check.status, str(status))

    def get(self, path: str, headers: tuple[tuple[str, str], ...] = ()) -> int:
        listener = self._aws.traffic.listeners()[0]
        rule = first_rule(self._aws.traffic.rules(listener.arn), Ask("GET", path, headers=headers))
        if not isinstance(rule.action, Forward):
            return 404
        group = self._aws.traffic.group(self._choice.choose(rule.arn, rule.action.groups) or "")
        targets = candidates(group) if group else ()
        return self._runtime.respond(targets[0].target, "GET", path).status if targets else 503


class Outside:
    """One place on AWS with a balancer and two image repositories, and the branch that is deployed to it.

    `speed` divides AWS's own times.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.clock = VirtualClock(START)
        self.runtime = ScriptedRuntime(self.clock)
        self.aws = Aws(self.clock, self.runtime, seed=1, speed=speed)
        self.repository = Repository()
        self.town = Town()
        self.probe = ModelledProbe(self.aws, self.runtime)
        self.is_by_hand = False
        """Whether the call that AWS answers now is not the controller's."""
        self._found()

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Somebody else's call."""
        with self._by_hand():
            return self.aws.call(service, operation, parameters, region=REGION)

    def look(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """As AWS is; faults are meant for the controller, and this call is not counted among theirs."""
        faults, self.aws.faults = self.aws.faults, Faults(0)
        try:
            return self.call(service, operation, **parameters)
        finally:
            self.aws.faults = faults

    @contextmanager
    def _by_hand(self) -> Iterator[None]:
        before, self.is_by_hand = self.is_by_hand, True
        try:
            yield
        finally:
            self.is_by_hand = before

    def _found(self) -> None:
        """What the operator's stack makes: cluster, balancer, listener, repositories."""
        cluster = self.call("ecs", "CreateCluster", clusterName=PLACE, capacityProviders=list(PROVIDERS))["cluster"][
            "clusterArn"
        ]
        balancer = self.call("elbv2", "CreateLoadBalancer", Name=PLACE, Subnets=["subnet-1", "subnet-2"])
        default = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = self.call(
            "elbv2",
            "CreateListener",
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[default],
        )
        self.listener = listener["Listeners"][0]["ListenerArn"]
        for repository in REPOSITORIES:
            self.call("ecr", "CreateRepository", repositoryName=repository)
        outputs = {
            "Cluster": cluster,
            "Listener": self.listener,
            "Subnets": "subnet-1,subnet-2",
            "SecurityGroups": "sg-1",
            "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/{PLACE}-execution",
            "Vpc": "vpc-1",
        }
        cloudformation.seed(self.aws.place(), PLACE, outputs)
        self.outputs = outputs

    def allow_switches(self) -> None:
        """The operator's stack has a role for dead-man's switches now."""
        self.have(SwitchRole=f"arn:aws:iam::{ACCOUNT}:role/{PLACE}-switch")

    def have(self, **outputs: str) -> None:
        """The operator's stack has these outputs now, beside those that it always has."""
        cloudformation.seed(self.aws.place(), PLACE, {**self.outputs, **outputs})

    def commit(
        self,
        text: str = FILE,
        script: Script | None = None,
        images: bool = True,
        content: str | None = None,
        **how: Any,
    ) -> Commit:
        """A commit on `develop`, with its images in the registry; `script` says how its tasks behave.

        Commits with the same `content` have the same images.
        """
        commit = self.repository.push({"environments/dev.yaml": text, "workload/VERSION": content or "?"}, **how)
        if images:
            self.build(commit, script, content or commit.sha)
        return commit

    def build(
        self, commit: Commit, script: Script | None = None, content: str | None = None, tag: str | None = None
    ) -> None:
        for repository in REPOSITORIES:
            manifest = json.dumps({"schemaVersion": 2, "layers": [], "annotations": {"tree": content or commit.sha}})
            named = tag or f"develop-{commit.sha}"
            answer = self.call("ecr", "PutImage", repositoryName=repository, imageManifest=manifest, imageTag=named)
            if script is not None:
                self.runtime.script(answer["image"]["imageId"]["imageDigest"], script)

    def traffic(self, **rates: float) -> ModelledTraffic:
        """Requests per second flow from now on, until `stop()` of what is returned; there are none unless asked for.

        `traffic(backend=20, frontend=5)`: to the path that the service has in `FILE`. What they get is in the scripts
        of the images: `push(text, erring(0.05))`, `push(text, slow(900))`.
        """
        return ModelledTraffic(self.clock, self.aws, self.runtime, {ASKED[name]: rate for name, rate in rates.items()})

    def changes(self) -> list[str]:
        """Every changing call that AWS got from the controller, in order; pushing images is not its affair."""
        return [record.operation for record in self.aws.calls.mutating() if record.service != "ecr"]

    def weights(self) -> dict[str, dict[str, int]]:
        """Public rules as AWS has them: path → target group's name → weight."""
        shown = {}
        for rule in self.aws.traffic.rules(self.listener):
            paths = [condition.values[0] for condition in rule.conditions if condition.field == "path"]
            is_test = any(condition.field == "header" for condition in rule.conditions)
            if paths and not is_test and isinstance(rule.action, Forward):
                groups = [(self.aws.traffic.group(group.group_arn), group.weight) for group in rule.action.groups]
                shown[paths[0]] = {group.name: weight for group, weight in groups if group is not None}
        return shown

    def tasks(self) -> int:
        return len(self.runtime.running)
