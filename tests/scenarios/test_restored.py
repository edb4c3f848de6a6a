"""A backup is restored while AWS has moved on: from each step of a rollout, into each kind of later.

Whatever the rows remember, nothing changes before a person has looked, requests are answered all the time, and
afterwards the environment is brought to its branch. `make test` takes some steps of each story, chosen by
`TIDEGATE_SEED`; with `TIDEGATE_EVERY_STEP=1` it takes all of them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import HoldUntil
from controller.domain.orders import OrderKind
from controller.domain.step import Step, StepKind
from controller.loop.tenure import QUARANTINE_SECONDS
from controller.store.backup import back_up
from controller.store.restore import restore
from sandbox.world.view import Forward
from tests.conftest import SEED
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.outside import PLACE
from tests.support.stage import Stage

KEPT_WARM = FILE.replace("{hold: next_commit}", "{hold: next_commit, keep_warm: 2m}")
STEPS = "steps: [{weight: 10, bake: 20s}, {weight: 50, bake: 20s}, {weight: 100, bake: 20s}]"
STORIES = {
    "rolling": FILE,
    "halves": FILE.replace("{type: rolling}", "{type: rolling, max: 150}"),
    "blue_green": KEPT_WARM.replace("{type: rolling}", "{type: blue_green, bake: 30s}"),
    "canary": KEPT_WARM.replace("{type: rolling}", "{type: canary, " + STEPS + "}"),
}
SAMPLED = 2
EVERY_STEP = os.environ.get("TIDEGATE_EVERY_STEP") == "1"


@dataclass
class Environment:
    """One that rolls out version after version; each has contents of its own."""

    stage: Stage
    text: str
    versions: int = 0
    known: dict[str, str] = field(default_factory=dict)
    """The secret of each deployment that ever was, by its id; also of those that a restore has lost."""

    def push(self) -> None:
        self.versions += 1
        self.stage.push(self.text, content=f"version {self.versions}")

    def roll_out(self) -> None:
        self.push()
        self.stage.settle()

    @property
    def newest(self) -> Deployment:
        with self.stage.store.read() as unit:
            return unit.deployments.page("dev", limit=1).items[0]

    def reach(self, step: int, further: int) -> Step:
        """Push a version, and stop in this step of its rollout, at most `further` looks into it; the step as it is."""
        before = self.newest.number
        self.push()
        self.stage.run(lambda: self.newest.number > before and self._is_at(step))
        found = self._step()
        for _ in range(further):
            self.stage.step()
            if self.newest.step is None or self._step().number != step:
                break
            found = self._step()
        return found

    def _is_at(self, step: int) -> bool:
        found = self.newest
        return found.phase is not Phase.WAITING and (found.step is None or found.step.number >= step)

    def _step(self) -> Step:
        found = self.newest.step
        assert found is not None, f"{self.newest.id} is over: nothing of it can be backed up halfway"
        return found

    def restored(self, file: Path) -> None:
        """Every controller ends, the rows are those of the backup, and another controller comes up."""
        self.known |= self.meanings()
        self.stage.store.close()
        restore(self.stage.url, file, self.stage.time, replace_all=True)
        self.stage.start(owner=f"after {file.name}")

    def meanings(self) -> dict[str, str]:
        with self.stage.store.read() as unit:
            return {one.id: one.secret.reveal() for one in unit.deployments.page("dev", limit=500).items}

    def answers(self) -> tuple[int, int]:
        return self.stage.probe.get("/api/health"), self.stage.probe.get("/health")

    def is_split(self) -> bool:
        return any(min(weights.values()) > 0 for weights in self.stage.weights().values())


def not_at_all(environment: Environment) -> None:
    """The controller was lost the moment after the backup."""


def to_its_end(environment: Environment) -> None:
    environment.stage.settle()


def one_further(environment: Environment) -> None:
    environment.stage.settle()
    environment.roll_out()


def halfway_further(environment: Environment) -> None:
    """The rows know nothing of the deployment that AWS is in the middle of."""
    environment.stage.settle()
    environment.push()
    shifts = {StepKind.SHIFT, StepKind.BAKE}
    environment.stage.run(lambda: environment.newest.step is not None and environment.newest.step.kind in shifts)
    before = environment.stage.weights()
    environment.stage.run(lambda: environment.stage.weights() != before)


LATER: dict[str, Callable[[Environment], None]] = {
    "not at all": not_at_all,
    "to its end": to_its_end,
    "one deployment further": one_further,
    "halfway through another": halfway_further,
}


def chapters(steps: int, chance: Random) -> list[tuple[str, int, int]]:
    """Into which later, from which step, and how many looks into that step."""
    every = [(later, step) for later in LATER for step in range(1, steps + 1)]
    some = [(later, chance.randint(1, steps)) for later in chance.sample(list(LATER), SAMPLED)]
    chosen = every if EVERY_STEP else some
    return [(later, step, chance.randrange(3)) for later, step in chosen]


@pytest.mark.parametrize("story", STORIES)
def test_a_backup_of_any_step_is_restored_without_harm(story: str, stage: Stage, tmp_path: Path) -> None:
    environment = Environment(stage, STORIES[story])
    environment.roll_out()
    environment.roll_out()
    watch = Watch(stage)
    for later, step, further in chapters(len(environment.newest.steps), Random(f"{SEED} {story}")):
        file = tmp_path / f"{later}, {step}"
        moment = environment.reach(step, further)
        back_up(stage.url, file, stage.time, "1.0")
        LATER[later](environment)
        environment.restored(file)
        print(f"seed {SEED}: backed up in {moment.title} ({moment.state}), and restored {later}")
        nothing_changes_before_a_person_has_looked(environment)
        a_person_lets_it_go_on(environment, later)
        assert watch.at_rest() == []


def nothing_changes_before_a_person_has_looked(environment: Environment) -> None:
    stage = environment.stage
    changes, weights, answers = len(stage.changes()), stage.weights(), environment.answers()
    end = stage.time.now() + timedelta(minutes=10)
    stage.run(lambda: stage.time.now() >= end)
    assert (len(stage.changes()), stage.weights()) == (changes, weights)
    assert environment.answers() == answers == (200, 200)
    hold = stage.environment.hold
    assert hold is not None and hold.until is HoldUntil.PERSON


def a_person_lets_it_go_on(environment: Environment, later: str) -> None:
    """Where two slots share the traffic and no row says why, it is a person who puts it on one of them; what was lost
    the moment after the backup goes home by itself."""
    stage = environment.stage
    if environment.is_split() and later != "not at all":
        choose_a_slot(stage)
    stage.order(OrderKind.UNHOLD)
    environment.roll_out()
    newest = environment.newest
    assert (newest.phase, stage.environment.live) == (Phase.SUCCEEDED, newest.number)
    twice = {name for name, secret in environment.meanings().items() if environment.known.get(name, secret) != secret}
    assert twice == set(), "an id means one deployment, also on AWS's tags and in links"
    assert newest.revision.commit == stage.repository.head("", "")
    assert environment.answers() == (200, 200)


def choose_a_slot(stage: Stage) -> None:
    """In AWS's console: every slot that runs gets its two tasks, and each rule's traffic goes where most of it is."""
    for name in stage.call("ecs", "ListServices", cluster=PLACE, maxResults=100)["serviceArns"]:
        shown = stage.call("ecs", "DescribeServices", cluster=PLACE, services=[name])["services"][0]
        if shown["desiredCount"]:
            stage.call("ecs", "UpdateService", cluster=PLACE, service=name, desiredCount=2)
    stage.clock.advance(120)
    for rule in stage.aws.traffic.rules(stage.listener):
        if isinstance(rule.action, Forward) and all(condition.field == "path" for condition in rule.conditions):
            most = max(rule.action.groups, key=lambda group: group.weight)
            groups = [
                {"TargetGroupArn": one.group_arn, "Weight": 100 if one is most else 0} for one in rule.action.groups
            ]
            action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
            stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=[action])


def test_what_rests_after_a_restore_takes_no_order_that_would_move_it(stage: Stage, tmp_path: Path) -> None:
    environment = Environment(stage, STORIES["canary"])
    environment.roll_out()
    bake = environment.reach(5, 1)
    assert bake.kind is StepKind.BAKE
    back_up(stage.url, tmp_path / "file", stage.time, "1.0")
    environment.restored(tmp_path / "file")
    told = stage.explained()
    assert (told.code, told.deployment) == ("deployment.resting", environment.newest.id)
    assert "`tidegate unhold dev`" in told.clears
    for kind in (OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME):
        assert "`tidegate unhold dev` lets it go home" in stage.refused(kind, environment.newest.id)
    nothing_changes_before_a_person_has_looked(environment)
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert environment.answers() == (200, 200) and not environment.is_split()


def test_whoever_comes_after_a_restore_waits_for_calls_on_their_way(stage: Stage, tmp_path: Path) -> None:
    """A controller of the past may be frozen in the middle of a call, and wake up."""
    environment = Environment(stage, FILE)
    environment.roll_out()
    back_up(stage.url, tmp_path / "file", stage.time, "1.0")
    environment.restored(tmp_path / "file")
    came = stage.time.now()
    changes = len(stage.changes())
    stage.order(OrderKind.UNHOLD)
    environment.push()
    stage.run(lambda: len(stage.changes()) > changes)
    assert stage.time.now() - came >= timedelta(seconds=QUARANTINE_SECONDS)
