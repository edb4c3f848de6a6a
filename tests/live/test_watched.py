"""A bad version under real load: its answers make the metrics, those the alarm, the alarm the event, and that sends
the traffic home."""

import re
from collections.abc import Iterator

import pytest

from tests.live.conftest import users_of
from tests.support.clone import Clone
from tests.support.error_alarms import NAME, put_error_alarms
from tests.support.live import Pair, a_pair

CANARY = "strategy: {type: canary, steps: [{weight: 10, bake: 12s}, {weight: 100}]}"
WATCH = f'watch: {{alarms: ["{NAME}"]}}'
SHARE = 0.1
FEW = 10
"""A deck of ten cards for each of two rules, begun anew with each change of weights, is no exact tenth."""


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Its controller looks by itself so seldom that only an event can be in time."""
    directory = tmp_path_factory.mktemp("watched")
    with a_pair(directory, "--speed", "30", TIDEGATE_PACE_SECONDS="2") as pair:
        pair.controller.ended(pair.sandbox.merge()["commit"])
        put_error_alarms(pair.sandbox.endpoints)
        clone = Clone(pair.sandbox.endpoints["github"]["git"], directory / "clone")
        clone.rewrite("environments/dev.yaml", r"^strategy: \{.*?\}", f"{CANARY}\n{WATCH}")
        commit = clone.commit("A canary that is watched")
        clone.push()
        assert pair.controller.ended(commit)["phase"] == "succeeded"
        yield pair


def test_users_meet_a_bad_canary_in_a_tenth_of_their_requests_and_not_at_all_once_it_is_home(watched: Pair) -> None:
    with users_of(watched) as users:
        merged = watched.sandbox.merge("errors=1")
        deployed = watched.controller.ended(merged["commit"])
        home = next(step for step in deployed["steps"] if step["kind"] == "home")
        report = users.end()
    assert (deployed["phase"], deployed["reason"]["code"]) == ("rolled_back", "alarm.rang"), deployed["reason"]
    assert re.search(r"dev-(backend|frontend)-(blue|green)-5xx", deployed["reason"]["text"])
    assert report.by_version[merged["version"]] == report.failed > 0
    assert home["state"] == "done"
    assert report.failed <= SHARE * report.sent + FEW
