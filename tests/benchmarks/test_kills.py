"""«Nothing was broken» is worth something only if whoever says so sees what is."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kills.judge import Evidence, Takeover, takeovers, violations
from benchmarks.kills.seats import Launch, Passed
from benchmarks.kills.strikes import Strike

BLUE, GREEN = "captioncraft-dev-backend-blue", "captioncraft-dev-backend-green"
RUNNING = {"id": "dev-2", "kind": "deploy", "phase": "running", "share": 50, "idle": {"backend": "green"}}
HOMEWARD = {**RUNNING, "phase": "rolling_back"}
SPLIT = {BLUE: [50, 2, 2], GREEN: [50, 2, 2]}


def an_intent(action: str = "SetWeights") -> dict[str, Any]:
    return {"event": "action.intended", "facts": {"action": action}}


def a_call(**changes: Any) -> dict[str, Any]:
    """Half of the traffic moved, as it may be."""
    call = {
        "time": 1000.5,
        "who": "A1",
        "call": "ModifyRule",
        "environment": "dev",
        "parameters": {},
        "owner": "host:11:aa",
        "epoch": 3,
        "left": 50.0,
        "deployments": [RUNNING],
        "audit": an_intent(),
        "groups": SPLIT,
        "outcome": "ok",
    }
    return call | changes


def an_entry(seq: int, event: str, at: float, **facts: Any) -> dict[str, Any]:
    stamp = f"1970-01-01T00:{int(at) // 60:02}:{at % 60:09.6f}Z"
    return {"seq": seq, "event": event, "environment": "dev", "deployment": "dev-2", "at": stamp, "facts": facts}


INTENDED = an_entry(1, "action.intended", 1000.0, action="SetWeights")
SUCCEEDED = an_entry(2, "action.succeeded", 1001.0, action="SetWeights")
STARTED = an_entry(3, "deployment.started", 1002.0, phase="running")
NOTICE = {"key": "dev-2:running", "sent_at": "1970-01-01T00:16:43Z", "detail": ""}
LOGGED = NOTICE | {"key": "dev-2:running>log"}
DONE = {"id": "dev-2", "phase": "succeeded", "steps": '[{"kind": "settle", "state": "done"}]'}
A_STRIKE = Strike(1, "A1", "A", 11, "SIGKILL", "in shift", 1000.6, held=["dev"])
GOOD = Evidence(
    calls=[a_call()],
    launches=[Launch("A1", "A", 11, 900.0, Path("A1.log")), Launch("B1", "B", 22, 900.0, Path("B1.log"))],
    strikes=[],
    audit=[INTENDED, SUCCEEDED, STARTED],
    outbox=[NOTICE, LOGGED],
    deliveries=[{"id": "one", "state": "done"}],
    deployments=[DONE],
    notices=Counter(["dev-2:running"]),
    accepted=frozenset({"one"}),
    writers=[{"seq": 2, "event": "action.succeeded", "writer": "a", "owner": "host:11:aa"}],
)


def calls(*changed: dict[str, Any]) -> dict[str, Any]:
    return {"calls": [a_call(**changes) for changes in changed]}


BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "by a process without the lease": ("S9", calls({"who": "B1"})),
    "after the lease was over": ("S9", calls({"left": -0.5})),
    "two processes in one epoch": ("S9", calls({}, {"who": "B1", "owner": "host:22:bb"})),
    "an epoch that goes back": ("S9", calls({}, {"epoch": 2})),
    "an entry by whoever lost the lease": ("S9", {"writers": [GOOD.writers[0] | {"writer": "b"}]}),
    "a call for no environment": ("S12", calls({"environment": ""}, {})),
    "a call without an intent": ("S13", calls({"audit": SUCCEEDED})),
    "a call that its intent does not explain": ("S13", calls({"audit": an_intent("EmptySlot")})),
    "an outcome without a call": ("S13", calls({"outcome": "ThrottlingException"})),
    "an intent without an outcome, and nobody was struck": ("S13", {"audit": [INTENDED]}),
    "more traffic than the step says": ("S4", calls({"deployments": [RUNNING | {"share": 10}]})),
    "traffic that rises on the way home": (
        "S4",
        calls({}, {"deployments": [HOMEWARD], "groups": SPLIT | {GREEN: [60, 2, 2]}}),
    ),
    "traffic without healthy targets": ("S5", calls({"groups": SPLIT | {GREEN: [50, 0, 2]}})),
    "a slot emptied under traffic": (
        "S5",
        calls(
            {},
            {
                "call": "UpdateService",
                "audit": an_intent("EmptySlot"),
                "parameters": {"service": BLUE, "desiredCount": 0},
            },
        ),
    ),
    "an ECS service made twice": (
        "S2",
        calls(
            {},
            *[{"call": "CreateService", "audit": an_intent("RunSlot"), "parameters": {"serviceName": BLUE}}] * 2,
        ),
    ),
    "a delivery that nobody looked at": ("S1", {"deliveries": [{"id": "one", "state": "received"}]}),
    "a delivery that was accepted and is gone": ("S1", {"deliveries": []}),
    "a move without a notice": ("notices", {"outbox": []}),
    "a notice that was not sent": ("notices", {"outbox": [NOTICE | {"sent_at": None}]}),
    "a notice that nobody got": ("notices", {"notices": Counter()}),
    "a deployment that does not end": ("liveness", {"deployments": [DONE | {"phase": "running"}]}),
    "a step that does not end": (
        "liveness",
        {"deployments": [DONE | {"steps": '[{"kind": "retire", "state": "running"}]'}]},
    ),
    "a traceback": ("bug", {"bugs": ["A1 pass broke: KeyError: 'x'"]}),
}


def test_what_is_as_it_must_be_is_no_violation() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(("code", "changes"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_seen(code: str, changes: dict[str, Any]) -> None:
    found = violations(replace(GOOD, **changes))
    assert found, "not seen"
    assert {sentence.partition(":")[0] for sentence in found} == {code}, found


def test_an_intent_without_an_outcome_is_the_strikes_fault() -> None:
    struck = replace(GOOD, audit=[INTENDED, an_entry(4, "action.intended", 1030.0, action="SetWeights"), SUCCEEDED])
    struck = replace(struck, audit=[INTENDED], outbox=[], notices=Counter(), strikes=[A_STRIKE])
    assert violations(struck) == []


def test_a_takeover_ends_when_another_process_may_act() -> None:
    quiet = Passed(1055.0, "B1", "dev", "lease.quiet")
    acts = Passed(1072.0, "B1", "dev", "step.shift")
    changed = a_call(time=1074.6, who="B1")
    [found] = takeovers([A_STRIKE], [quiet, acts], [a_call(time=1000.1), changed])
    assert found == Takeover("dev", 1, pytest.approx(71.4), pytest.approx(74.0))


def test_a_takeover_that_is_struck_itself_counts_from_that_strike() -> None:
    second = replace(A_STRIKE, number=2, who="B1", at=1060.0)
    acts = Passed(1130.0, "A2", "dev", "step.shift")
    assert [each.strike for each in takeovers([A_STRIKE, second], [acts], [])] == [2]
