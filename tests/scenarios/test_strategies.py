"""How traffic moves under each strategy, and comes home from each of its steps."""

from collections.abc import Iterator

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.orders import OrderKind
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

CANARY = "{type: canary, steps: [{weight: 10, bake: 1m}, {weight: 50, bake: 1m}, {weight: 100, bake: 2m}]}"
KEPT = "{hold: person, keep_warm: 5m}"
TEXTS = {
    "rolling": FILE,
    "half": FILE.replace("{type: rolling}", "{type: rolling, max: 150}").replace("count: 2", "count: 4"),
    "blue_green": FILE.replace("{type: rolling}", "{type: blue_green, bake: 1m}").replace("{hold: next_commit}", KEPT),
    "canary": FILE.replace("{type: rolling}", CANARY).replace("{hold: next_commit}", KEPT),
}


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return TEXTS[request.param]


@pytest.fixture
def watch(stage: Stage, text: str) -> Iterator[Watch]:
    """A first version is live by this strategy; whatever follows breaks no invariant."""
    stage.push(text, content="first")
    stage.settle()
    watch = Watch(stage)
    yield watch
    assert watch.at_rest() == []


def shares(stage: Stage, number: int) -> list[str]:
    return [step.title for step in stage.deployment(number).steps]


def test_a_second_version_takes_over_and_leaves_the_first_slots_empty(watch: Watch, text: str) -> None:
    stage = watch.stage
    stage.push(text, content="second")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.environment.live == 2
    assert stage.weights()["/api/*"]["captioncraft-dev-backend-green"] == 100
    assert stage.tasks() == (8 if "max: 150" in text else 4)


def test_an_abort_in_every_step_brings_the_traffic_home(watch: Watch, text: str) -> None:
    """A step that one pass walks through can't be met: then the next one is."""
    stage, met = watch.stage, 0
    while True:
        deployed, met = aborted_beyond(stage, text, met)
        if deployed.phase is Phase.SUCCEEDED:
            break
        assert deployed.phase is Phase.ABORTED, met
        assert stage.weights()["/api/*"]["captioncraft-dev-backend-blue"] == 100 and stage.environment.live == 1
        release(stage)
    stage.settle()
    assert met >= 4 and stage.environment.live == deployed.number


def aborted_beyond(stage: Stage, text: str, met: int) -> tuple[Deployment, int]:
    """Another version, stopped in the first step after number `met` that it is seen in; its end, and that step."""
    number = next_number(stage)
    stage.push(text, content=f"version {number}")
    stage.run(lambda: stage.phase(number) is not None and is_beyond(stage, number, met))
    step = stage.deployment(number).step
    if stage.phase(number) is Phase.RUNNING and step is not None:
        met = step.number
        stage.order(OrderKind.ABORT, f"dev-{number}")
        stage.run(lambda: stage.deployment(number).is_final)
    return stage.deployment(number), met


def next_number(stage: Stage) -> int:
    with stage.store.read() as unit:
        return unit.deployments.next_number("dev")


def is_beyond(stage: Stage, number: int, met: int) -> bool:
    found = stage.deployment(number)
    return found.is_final or (found.step is not None and found.step.number > met)


def release(stage: Stage) -> None:
    """The environment is free again; what the branch says would be tried once more, and is called off."""
    stage.order(OrderKind.UNHOLD)
    stage.run(lambda: stage.environment.hold is None)
    again = next_number(stage) - 1
    stage.order(OrderKind.ABORT, f"dev-{again}")
    stage.run(lambda: stage.deployment(again).is_final)


def test_a_version_that_fails_its_smoke_test_never_gets_traffic(watch: Watch, text: str) -> None:
    stage = watch.stage
    stage.push(text, Script(status=503), content="bad")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and stage.environment.live == 1


def test_a_canary_moves_in_its_steps_and_bakes_in_each(stage: Stage) -> None:
    stage.push(TEXTS["canary"], content="first")
    stage.settle()
    stage.push(TEXTS["canary"], content="second")
    seen = []
    while stage.phase(2) is not Phase.SUCCEEDED:
        stage.step()
        share = stage.weights()["/*"]["captioncraft-dev-frontend-green"]
        if not seen or seen[-1][0] != share:
            seen.append((share, stage.time.monotonic()))
    assert [share for share, _ in seen] == [0, 10, 50, 100]
    assert seen[2][1] - seen[1][1] >= 60 and seen[3][1] - seen[2][1] >= 60


def test_a_first_version_gets_all_of_its_traffic_at_once(stage: Stage) -> None:
    stage.push(TEXTS["canary"], content="first")
    stage.settle()
    assert shares(stage, 1) == [
        "register", "warm", "smoke", "shift 100", "bake 2m", "verify", "settle", "retire",
    ]  # fmt: skip


def test_rolling_in_halves_never_runs_more_than_half_as_many_tasks_again(stage: Stage) -> None:
    stage.push(TEXTS["half"], content="first")
    stage.settle()
    most = stage.tasks()
    assert most == 8
    stage.push(TEXTS["half"], content="second")
    peak = 0
    while stage.phase(2) is not Phase.SUCCEEDED:
        stage.step()
        peak = max(peak, stage.tasks())
    assert peak == 12


def test_an_odd_number_of_tasks_is_halved_upwards(stage: Stage) -> None:
    text = TEXTS["half"].replace("count: 4", "count: 3")
    for content in ("first", "second"):
        stage.push(text, content=content)
        stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.tasks() == 6


def test_an_environment_may_change_its_strategy_with_any_commit(stage: Stage) -> None:
    watch = Watch(stage)
    names = [*TEXTS, *reversed(TEXTS), "canary", "rolling"]
    for number, name in enumerate(names, 1):
        text = TEXTS[name].replace("count: 4", "count: 2")
        stage.push(text, content=str(number))
        stage.run(lambda number=number: stage.environment.live == number)
    stage.settle()
    assert watch.at_rest() == [] and stage.tasks() == 4


def test_what_is_kept_warm_is_given_up_in_time_while_another_deployment_waits(stage: Stage) -> None:
    for content in ("first", "second"):
        stage.push(TEXTS["canary"], content=content)
        stage.run(lambda content=content: stage.environment.live == (1 if content == "first" else 2))
    stage.push(
        TEXTS["canary"].replace("verify:", "gates: {window: {allow: [Mon 08:00-09:00]}}\nverify:"), content="third"
    )
    stage.run(lambda: stage.phase(3) is Phase.WAITING)
    stage.run(lambda: stage.tasks() == 4)
    assert stage.phase(3) is Phase.WAITING and stage.deployment(3).reason.code == "window.shut"
