"""A bad canary under load: how soon its traffic is home again, and how many requests of users met it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, none_of, percentile
from benchmarks.watched import WatchedSandbox, a_watched_pair
from controller.adapters.clock import SystemClock
from sandbox.world.calls import CallRecord
from tests.support.clone import Clone
from tests.support.error_alarms import NAME, client, put_error_alarms
from tests.support.live import LiveController, SandboxDoor
from tests.support.load import Asked, SteadyLoad

SPEED = 6.0
"""AWS's minute, the period of the alarms, lasts ten seconds of ours."""
SHARE = 10
CANARY = f"{{type: canary, steps: [{{weight: {SHARE}, bake: 2m}}, {{weight: 100}}]}}"
HOME_LIMIT_SECONDS, FIRST_LIMIT_SECONDS = 2.0, 15.0
QUIET_SECONDS = 2.0
HOW = (
    f"Versions that fail every request, each as a canary of {SHARE} %, under users' load from a process of its own.\n"
    "Alarms on the 5xx of each slot's target group, whose period lasts 10 s here, tell the controller by its\n"
    "door. The alarm's moment is of its own history; those of the raise and of home are of AWS's log of calls."
)


@dataclass(frozen=True)
class Turn:
    """Moments are seconds since the epoch. `met` are the requests that failed between raise and home, `late` those
    that failed afterwards, `asked` all that were sent between raise and home."""

    raised: float
    first_bad: float
    rang: float
    home: float
    met: int
    late: int
    asked: float


def run(given: Given) -> Result:
    settings = {"TIDEGATE_PACE_SECONDS": "2"}
    with a_watched_pair(given.directory / "pair", given.seed, SPEED, **settings) as (sandbox, door, controller):
        controller.ended(door.merge()["commit"])
        _watch(given, sandbox, controller)
        turns = [_turn(given, sandbox, door, controller) for _ in range(given.turns)]
    return Result(f"{given.turns} bad canaries under {given.visits:g} requests a second", HOW, _figures(turns))


def _figures(turns: Sequence[Turn]) -> tuple[Figure, ...]:
    homes = [turn.home - turn.rang for turn in turns]
    firsts = [turn.home - turn.first_bad for turn in turns]
    met, asked = sum(turn.met for turn in turns), sum(turn.asked for turn in turns)
    return (
        at_most("alarm → weights home: p95", percentile(homes, 95), HOME_LIMIT_SECONDS, "s"),
        Figure("alarm → weights home: median, most", _two(homes)),
        at_most("first bad response → weights home: most", max(firsts), FIRST_LIMIT_SECONDS, "s"),
        Figure("first bad response → weights home: median, p95", _pair(firsts)),
        at_most(f"of {asked:,.0f} requests from raise to home: failed", round(100 * met / asked, 1), SHARE, "%"),
        none_of("failed once home", sum(turn.late for turn in turns)),
    )


def _pair(values: Sequence[float]) -> str:
    return f"{amount(percentile(values, 50), 's')}, {amount(percentile(values, 95), 's')}"


def _two(values: Sequence[float]) -> str:
    return f"{amount(percentile(values, 50), 's')}, {amount(max(values), 's')}"


def _watch(given: Given, sandbox: WatchedSandbox, controller: LiveController) -> None:
    """The slots' target groups are there since the first rollout: alarms on them, and a file that names them."""
    put_error_alarms(sandbox.endpoints)
    clone = Clone(sandbox.endpoints["github"]["git"], given.directory / "clone")
    clone.rewrite("environments/dev.yaml", r"^strategy: \{.*?\}", f'strategy: {CANARY}\nwatch: {{alarms: ["{NAME}"]}}')
    clone.rewrite("environments/dev.yaml", r"^rollback:\n", "rollback:\n  keep_warm: 1s\n")
    commit = clone.commit("A canary that is watched")
    clone.push()
    assert controller.ended(commit)["phase"] == "succeeded"


def _turn(given: Given, sandbox: WatchedSandbox, door: SandboxDoor, controller: LiveController) -> Turn:
    began = SystemClock().now()
    with SteadyLoad(Asked(door.balancer_port(), given.visits)) as load:
        bad = door.merge("errors=1")
        deployed = controller.settled(bad["commit"], seconds=240)
        assert deployed["reason"]["code"] == "alarm.rang", deployed["reason"]
        SystemClock().sleep(QUIET_SECONDS)
        report = load.end()
    controller.ended(bad["commit"])
    moves = [call.time.timestamp() for call in sandbox.calls() if call.time >= began and _moves(call)]
    raised, home = moves[0], moves[-1]
    met = [at for at in report.failed_at if at <= home]
    return Turn(
        raised=raised,
        first_bad=report.failed_at[0],
        rang=_rang(sandbox, began),
        home=home,
        met=len(met),
        late=len(report.failed_at) - len(met),
        asked=(home - raised) * given.visits,
    )


def _moves(call: CallRecord) -> bool:
    return call.operation == "ModifyRule" and call.outcome == "ok"


def _rang(sandbox: WatchedSandbox, began: datetime) -> float:
    told = client(sandbox.endpoints, "cloudwatch").describe_alarm_history(
        HistoryItemType="StateUpdate", StartDate=began, ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    return next(item["Timestamp"].timestamp() for item in told if item["HistorySummary"].endswith("to ALARM"))
