"""What people see beside the code follows what becomes of a deployment, in whatever order it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.board import AUDIT, Flag, Mark, Posting
from controller.domain.deployment import Phase
from controller.domain.errors import Transient
from controller.domain.orders import OrderKind
from controller.loop.anchoring import anchor_if_due
from controller.loop.outbox import Tell, send_due
from controller.loop.posting import Postings
from controller.notifiers.github import AnchorNotifier, DeploymentNotifier, StatusNotifier
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.stage import Stage

ADDRESS = "https://tidegate.example"
WINDOW = FILE + 'gates: {window: {allow: ["Sat 12:30-13:00"]}}\n'


@dataclass
class Wall:
    """A board: what stands on it, and everything that ever did."""

    postings: dict[str, list[Posting]] = field(default_factory=dict)
    flags: dict[tuple[str, str], list[Flag]] = field(default_factory=dict)
    is_down: bool = False

    def post(self, posting: Posting) -> None:
        if self.is_down:
            raise Transient("no answer")
        self.postings.setdefault(posting.deployment, []).append(posting)

    def flag(self, flag: Flag) -> None:
        if self.is_down:
            raise Transient("no answer")
        self.flags.setdefault((flag.sha, flag.name), []).append(flag)

    def marks(self, deployment: str) -> list[Mark]:
        return [posting.mark for posting in self.postings.get(deployment, [])]


def told(stage: Stage, wall: Wall) -> Mapping[str, Tell]:
    present = Postings(stage.store, {"dev": stage.binding}, ADDRESS)
    return {"one": DeploymentNotifier(wall, present).send, "two": StatusNotifier(wall, present).send}


def test_a_deployment_is_shown_from_its_wait_until_another_one_is_live(stage: Stage) -> None:
    wall = Wall()
    first = stage.push(WINDOW, content="first")
    stage.run(lambda: send_due(stage.store, told(stage, wall), stage.time) > 0)
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    send_due(stage.store, told(stage, wall), stage.time)
    stage.settle()
    send_due(stage.store, told(stage, wall), stage.time)
    assert wall.marks("dev-1") == [Mark.QUEUED, Mark.IN_PROGRESS, Mark.SUCCESS]
    assert wall.postings["dev-1"][-1].link == f"{ADDRESS}/deployments/dev-1"
    stage.push(content="second")
    stage.settle()
    send_due(stage.store, told(stage, wall), stage.time)
    assert (wall.marks("dev-1")[-1], wall.marks("dev-2")[-1]) == (Mark.INACTIVE, Mark.SUCCESS)
    assert wall.flags[first.sha, "tidegate/dev"][-1].colour == "success"


def test_what_was_never_told_in_time_is_told_as_it_is_by_then(stage: Stage) -> None:
    wall = Wall(is_down=True)
    stage.push(content="first")
    stage.run(lambda: stage.phase(1) is not None)
    send_due(stage.store, told(stage, wall), stage.time)
    stage.settle()
    send_due(stage.store, told(stage, wall), stage.time)
    wall.is_down = False
    stage.clock.advance(timedelta(hours=1).total_seconds())
    send_due(stage.store, told(stage, wall), stage.time)
    assert set(wall.marks("dev-1")) == {Mark.SUCCESS}


def test_a_bad_version_is_marked_as_failed_and_what_it_left_stays_live(stage: Stage) -> None:
    wall = Wall()
    stage.push(content="first")
    stage.settle()
    bad = stage.push(content="second", script=Script(ends_after_seconds=1))
    stage.run(lambda: stage.phase(2) in {Phase.ROLLED_BACK, Phase.FAILED})
    send_due(stage.store, told(stage, wall), stage.time)
    assert (wall.marks("dev-1")[-1], wall.marks("dev-2")[-1]) == (Mark.SUCCESS, Mark.FAILURE)
    assert wall.flags[bad.sha, "tidegate/dev"][-1].colour == "failure"


def test_going_back_is_a_deployment_of_its_own_and_its_commit_is_marked_by_the_newest(stage: Stage) -> None:
    wall = Wall()
    first = stage.push(content="first")
    stage.settle()
    stage.push(content="second")
    stage.settle()
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED)
    send_due(stage.store, told(stage, wall), stage.time)
    assert (wall.marks("dev-2")[-1], wall.marks("dev-3")[-1]) == (Mark.INACTIVE, Mark.SUCCESS)
    assert wall.flags[first.sha, "tidegate/dev"][-1].text.startswith("dev-3 (rollback): live")


def test_the_audit_s_end_is_kept_beside_the_commit_that_went_live_last(stage: Stage) -> None:
    wall = Wall()
    present = Postings(stage.store, {"dev": stage.binding}, ADDRESS)
    tells = {"audit": AnchorNotifier(wall, present.anchorings).send}
    shas = []
    for content in ("first", "second"):
        shas.append(stage.push(content=content).sha)
        stage.settle()
        assert anchor_if_due(stage.store, stage.time)
        send_due(stage.store, tells, stage.time)
    with stage.store.read() as unit:
        kept = [anchor.line for anchor in unit.anchors.all()]
    assert [(each.sha, each.text) for each in wall.postings[AUDIT]] == list(zip(shas, kept, strict=True))
