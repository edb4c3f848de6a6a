"""The controller is killed while a canary has a share of the traffic, and nobody starts it again."""

from collections.abc import Sequence

from benchmarks.given import Given
from benchmarks.table import Figure, Result, at_most, none_of
from benchmarks.watched import WatchedSandbox, a_watched_pair
from controller.adapters.clock import SystemClock
from sandbox.foundation import SERVICES
from sandbox.world.calls import CallRecord
from tests.support.clone import Clone
from tests.support.load import Asked, SteadyLoad

SHARE = 10
CANARY = f"{{type: canary, steps: [{{weight: {SHARE}, bake: 1h}}, {{weight: 100}}]}}"
UNATTENDED_SECONDS, LATE_SECONDS = 120, 60
"""The shortest that a file may ask for; EventBridge Scheduler fires within the minute."""
HOW = (
    f"SIGKILL in the bake at {SHARE} %, with `rollback.unattended: 2m`, under users' load from a process of its own.\n"
    "Nothing is started again until the traffic is home. Then the controller is, and says what it found."
)


def run(given: Given) -> Result:
    with a_watched_pair(given.directory / "pair", given.seed, speed=1.0) as (sandbox, door, controller):
        controller.ended(door.merge()["commit"], seconds=240)
        clone = Clone(sandbox.endpoints["github"]["git"], given.directory / "clone")
        clone.rewrite("environments/dev.yaml", r"^strategy: \{.*?\}", f"strategy: {CANARY}")
        clone.rewrite("environments/dev.yaml", r"^rollback:\n", "rollback:\n  unattended: 2m\n")
        clone.rewrite("workload/VERSION", r"\S+", "2.0.0")
        commit = clone.commit("A canary that nobody watches")
        clone.push()
        controller.reaches(commit, {"bake"}, seconds=240)
        with SteadyLoad(Asked(door.balancer_port(), given.visits)) as load:
            killed_at = SystemClock().now()
            controller.child.kill()
            moves = _sent_home(sandbox)
            SystemClock().sleep(2)
            report = load.end()
        controller.start()
        deployed = controller.ended(commit, seconds=240)
    took = (moves[-1].time - killed_at).total_seconds()
    return Result(
        f"A canary of {SHARE} % without its controller, under {given.visits:g} requests a second",
        HOW,
        (
            at_most("killed → every rule home, by AWS alone", took, UNATTENDED_SECONDS + LATE_SECONDS, "s"),
            Figure("rules put back", f"{len(moves)}, by {moves[-1].caller.split('/')[1]}"),
            none_of(f"failed of {report.sent:,} requests", report.failed),
            Figure("the controller, started again", f"{deployed['phase']}, {deployed['reason']['code']}"),
        ),
    )


def _sent_home(sandbox: WatchedSandbox) -> Sequence[CallRecord]:
    """The calls with which AWS itself put every rule back."""
    for _ in range(2 * (UNATTENDED_SECONDS + 2 * LATE_SECONDS)):
        moves = [call for call in sandbox.calls() if call.operation == "ModifyRule" and "-switch/" in call.caller]
        if len(moves) == len(SERVICES):
            return moves
        SystemClock().sleep(0.5)
    raise AssertionError("AWS never put the rules back")
