"""A bad version never gets a request of a user, and the old one answers throughout."""

import pytest

from tests.live.conftest import users_of
from tests.support.live import Pair

BAD = [("crash", "tasks.failed"), ("unhealthy", "tasks.failed"), ("smoke", "smoke.red")]


@pytest.mark.parametrize(("fault", "code"), BAD)
def test_users_never_meet_a_version_that_is_bad(pair: Pair, fault: str, code: str) -> None:
    live = pair.controller.environment()["live"]
    with users_of(pair) as users:
        merged = pair.sandbox.merge(fault)
        deployed = pair.controller.ended(merged["commit"])
        report = users.end()
    environment = pair.controller.environment()
    assert (deployed["phase"], deployed["reason"]["code"]) == ("rolled_back", code)
    assert merged["version"] not in report.by_version
    assert report.failed == 0, report
    assert environment["live"]["commit"] == live["commit"]
    assert environment["hold"]["deployment"] == deployed["id"]


def test_a_migration_that_fails_ends_the_deployment_before_anything_of_it_starts(pair: Pair) -> None:
    with users_of(pair) as users:
        merged = pair.sandbox.merge("migration")
        deployed = pair.controller.ended(merged["commit"])
        report = users.end()
    (before,) = [step for step in deployed["steps"] if step["kind"] == "before"]
    assert (deployed["phase"], deployed["reason"]["code"]) == ("failed", "before.failed")
    assert "migration failed: workload/rehearsal.py says MIGRATION_FAILS" in deployed["reason"]["text"]
    assert (before["run"]["exit_code"], before["run"]["state"]) == (1, "failed")
    assert "MIGRATION_FAILS" in before["run"]["lines"][-1]
    assert merged["version"] not in report.by_version
    assert report.failed == 0, report


def test_without_its_image_a_version_waits_and_says_for_what_until_the_next_takes_its_place(pair: Pair) -> None:
    without = pair.sandbox.merge("no-image")
    waiting = pair.controller.until(
        "it says that it waits for an image",
        lambda: (
            found
            if (found := pair.controller.deployment_of(without["commit"]))
            and found["reason"]["code"] == "image.missing"
            else None
        ),
    )
    explained = pair.controller.get("environments/dev/explain")
    following = pair.sandbox.merge()
    deployed = pair.controller.ended(following["commit"])
    assert waiting["phase"] == "waiting"
    assert without["commit"] in explained["text"]
    assert deployed["phase"] == "succeeded", deployed["reason"]
    assert pair.controller.settled(without["commit"])["phase"] == "superseded"
