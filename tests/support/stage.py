"""The controller's own rooms on a scripted AWS and a virtual clock: deployments in milliseconds, always the same."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.loaders import Loader, create_loader

from controller.adapters.aws.cloud import Clouds
from controller.domain.bindings import Binding
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment
from controller.domain.errors import TidegateError
from controller.domain.orders import OrderKind
from controller.domain.ports import Comparison
from controller.domain.revision import Author, Commit
from controller.inbox.orders import Orders
from controller.loop.reconcile import Pass, Reconciler
from controller.loop.world import World
from controller.store.schema import migrate
from sandbox.balancer.routing import Ask, WeightedChoice, candidates, first_rule
from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.inprocess import bind
from sandbox.world.small import cloudformation
from sandbox.world.view import Forward
from sandbox.world.world import World as Aws
from tests.support.builders import FILE, a_binding
from tests.support.cuts import Crash, CutCallers, Cuts, CutStore

ACCOUNT, REGION = "123456789012", "eu-west-1"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PACE = timedelta(seconds=5)
SWEEP = timedelta(seconds=60)


@cache
def migrated_file() -> Path:
    """A database with empty tables, made once for a process."""
    path = Path(tempfile.mkdtemp(prefix="tidegate-stage-")) / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@cache
def service_models() -> Loader:
    """botocore's own models, read once for a process: reading them takes longer than a deployment."""
    return create_loader()


@dataclass
class VirtualTime:
    """The controller's clock on the sandbox's."""

    clock: VirtualClock

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)


class Repository:
    """A source with one branch; `rewrite` makes a head that does not descend from the one before."""

    def __init__(self) -> None:
        self.commits: list[tuple[Commit, dict[str, str]]] = []
        self._roots: list[int] = []
        self.gone = False
        self.trouble: TidegateError | None = None

    def push(self, files: Mapping[str, str], message: str = "Change something", rewrite: bool = False) -> Commit:
        number = len(self.commits) + 1
        sha = f"{number:040x}"
        commit = Commit(sha, f"{number + 4096:040x}", message, (Author(1, "ada", "Ada"),), START)
        if rewrite:
            self._roots.append(number)
        before = dict(self.commits[-1][1]) if self.commits else {}
        self.commits.append((commit, {**before, **files}))
        return commit

    def head(self, repository: str, branch: str) -> Commit | None:
        if self.trouble is not None:
            raise self.trouble
        return None if self.gone or not self.commits else self.commits[-1][0]

    def read(self, repository: str, path: str, sha: str) -> str | None:
        return self._at(sha).get(path)

    def compare(self, repository: str, base: str, head: str) -> Comparison:
        old, new = self._at(base), self._at(head)
        descends = int(base, 16) <= int(head, 16) and not any(int(base, 16) < root for root in self._roots)
        paths = tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))
        return Comparison(descends=descends, identical=base == head, paths=paths)

    def _at(self, sha: str) -> dict[str, str]:
        return next(files for commit, files in self.commits if commit.sha == sha)


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


@dataclass
class Stage:
    """One controller with one environment, `dev`, on an AWS of its own.

    `directory` holds the database, unless `url` names another one that has its tables already.
    """

    directory: Path
    speed: float = 1.0
    binding: Binding = field(default_factory=a_binding)
    url: str = ""
    cuts: Cuts = field(default_factory=Cuts)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(START)
        self.runtime = ScriptedRuntime(self.clock)
        self.aws = Aws(self.clock, self.runtime, seed=1, speed=self.speed)
        self.front = None
        self.repository = Repository()
        self.probe = ModelledProbe(self.aws, self.runtime)
        self.passes: list[Pass] = []
        self._tokens = 0
        self._starts = 1
        self._found()
        if not self.url:
            self.url = f"sqlite:///{self.directory / 'tidegate.db'}"
            shutil.copy(migrated_file(), self.directory / "tidegate.db")
        self.time = VirtualTime(self.clock)
        self.start()

    def start(self, owner: str = "one") -> None:
        """A controller comes up: everything it knows is in the rows and on AWS."""
        self.store = CutStore(self.url, self.time)
        self.store.cuts = self.cuts
        with self.store.write() as unit:
            unit.environments.ensure([self.binding.name])
        self.world = World(
            store=self.store,
            clock=self.time,
            clouds=Clouds(self.time, self._callers()),
            source=self.repository,
            probe=self.probe,
            bindings={self.binding.name: self.binding},
            token=self._token,
        )
        self.reconciler = Reconciler(self.world, owner, PACE)
        self._due: datetime | None = self.time.now()
        self._sweep_at = self.time.now()

    def restart(self) -> None:
        """The process died; another comes up on the same rows and the same AWS."""
        self.store.close()
        self.cuts.revive()
        self._starts += 1
        self.start(owner=f"controller-{self._starts}")

    def start_over(self) -> None:
        """The same controller with the cuts as they are now."""
        self.store.close()
        self.start()

    def _callers(self) -> CutCallers:
        return CutCallers(self.cuts, own=self._session, assumed=lambda region, _: self._session(region))

    def _session(self, region: str) -> boto3.Session:
        core = botocore.session.Session()
        core.register_component("data_loader", service_models())
        session = boto3.Session(
            aws_access_key_id=ACCOUNT, aws_secret_access_key="x", region_name=region, botocore_session=core
        )
        bind(session, self.aws)
        return session

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.aws.call(service, operation, parameters, region=REGION)

    def _found(self) -> None:
        """What the operator's stack makes: cluster, balancer, listener, repositories."""
        cluster = self.call("ecs", "CreateCluster", clusterName="captioncraft-dev")["cluster"]["clusterArn"]
        balancer = self.call("elbv2", "CreateLoadBalancer", Name="captioncraft-dev", Subnets=["subnet-1", "subnet-2"])
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
        for repository in ("captioncraft-backend", "captioncraft-frontend"):
            self.call("ecr", "CreateRepository", repositoryName=repository)
        outputs = {
            "Cluster": cluster,
            "Listener": self.listener,
            "Subnets": "subnet-1,subnet-2",
            "SecurityGroups": "sg-1",
            "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/captioncraft-dev-execution",
            "Vpc": "vpc-1",
        }
        cloudformation.seed(self.aws.place(), "captioncraft-dev", outputs)

    def push(
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
        self.wake()
        return commit

    def build(self, commit: Commit, script: Script | None = None, content: str | None = None) -> None:
        for repository in ("captioncraft-backend", "captioncraft-frontend"):
            manifest = json.dumps({"schemaVersion": 2, "layers": [], "annotations": {"tree": content or commit.sha}})
            tag = f"develop-{commit.sha}"
            answer = self.call("ecr", "PutImage", repositoryName=repository, imageManifest=manifest, imageTag=tag)
            if script is not None:
                self.runtime.script(answer["image"]["imageId"]["imageDigest"], script)

    def wake(self) -> None:
        """A webhook came: look at the head."""
        with self.store.write() as unit:
            unit.environments.request_look([self.binding.name])
        self._due = self.time.now()

    def order(self, kind: OrderKind, deployment: str | None = None, reason: str = "because") -> int:
        number = Orders(self.store, self.time, lambda _: None).leave(kind, "dev", deployment, reason, "ada")
        self._due = self.time.now()
        return number

    def run(self, until: Callable[[], bool], limit: timedelta = timedelta(hours=2)) -> None:
        """Pass after pass, with the time between them gone in an instant, until `until` holds."""
        end = self.time.now() + limit
        while not until():
            assert self.time.now() < end, f"not within {limit}: {self.passes[-1]}"
            self.step()

    def step(self) -> None:
        now = self.time.now()
        if self._sweep_at <= now:
            self._sweep_at = now + SWEEP
            self.wake()
        if self._due is not None and self._due <= now:
            self.cuts.is_watching = True
            try:
                done = self.reconciler.run_pass(self.binding.name)
            except Crash:
                self.restart()
                return
            finally:
                self.cuts.is_watching = False
            self.passes.append(done)
            self._due = None if done.look_again_in is None else self.time.now() + done.look_again_in
        else:
            self.clock.advance_to(min(due for due in (self._due, self._sweep_at) if due is not None))

    def settle(self, limit: timedelta = timedelta(hours=2)) -> None:
        """Until there is nothing left to do."""
        self.run(lambda: bool(self.passes) and self._due is None and not self.environment.must_look, limit)

    @property
    def environment(self) -> Environment:
        with self.store.read() as unit:
            return unit.environments.get("dev")

    def deployment(self, number: int) -> Deployment:
        with self.store.read() as unit:
            found = unit.deployments.get(f"dev-{number}")
        assert found is not None, f"there is no dev-{number}"
        return found

    def phase(self, number: int) -> Phase | None:
        with self.store.read() as unit:
            found = unit.deployments.get(f"dev-{number}")
        return found.phase if found else None

    def changes(self) -> list[str]:
        """Every changing call that AWS got from the controller, in order; pushing images is not its affair."""
        return [record.operation for record in self.aws.calls.mutating() if record.service != "ecr"]

    def weights(self) -> dict[str, dict[str, int]]:
        """Public rules as AWS has them: path → target group's name → weight."""
        shown = {}
        for rule in self.aws.traffic.rules(self.listener):
            paths = [condition.values[0] for condition in rule.conditions if condition.field == "path"]
            if paths and isinstance(rule.action, Forward):
                groups = [(self.aws.traffic.group(group.group_arn), group.weight) for group in rule.action.groups]
                shown[paths[0]] = {group.name: weight for group, weight in groups if group is not None}
        return shown

    def tasks(self) -> int:
        return len(self.runtime.running)
