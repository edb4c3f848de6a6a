"""The page of an environment, and the plan that it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from controller.dashboard.environment_views import alarm_lines, strip
from controller.domain.alarms import AlarmState, AlarmView
from controller.domain.candidates import Candidates, Looked, candidate
from controller.domain.deployment import Kind
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.history import why_none
from controller.domain.sighting import Sighting
from controller.loop.unhurried import Heard
from controller.store import Store
from tests.dashboard.conftest import Browser
from tests.dashboard.test_pages import HOSTILE, hostile, page
from tests.support.builders import FILE, NOON, a_commit, a_revision, a_rule, a_view

HOUR = timedelta(hours=1)
PLAN: Mapping[str, object] = {
    "deployment": None,
    "standing": {"code": "environment.at_rest", "text": "nothing else is asked for"},
    "commit": "2" * 40,
    "digest": "sha256:" + "d" * 64,
    "services": {"backend": {"from": None, "to": "x", "image": "web@sha256:1", "count": 1, "capacity": "on demand"}},
    "steps": [
        {
            "number": 1,
            "kind": "bake",
            "title": "bake 5m",
            "services": ["backend"],
            "wait": "5m",
            "command": None,
            "scaling": {},
        },
        {
            "number": 2,
            "kind": "scale",
            "title": "scale",
            "services": [],
            "wait": None,
            "command": None,
            "scaling": {"backend": "1 to 4"},
        },
    ],
    "unrun": ["backend"],
}


@dataclass
class Asked:
    """In place of what asks AWS: it hears whether it was to ask."""

    answer: object
    heard: list[bool] = field(default_factory=list)

    def __call__(self, environment: str, /, *, asks: bool = True) -> object:
        self.heard.append(asks)
        return self.answer


def a_candidate(store: Store) -> Candidates:
    with store.read() as unit:
        one = unit.deployments.get("dev-1")
    assert one is not None
    looked = Looked({"backend": True, "frontend": False}, {"backend": True, "frontend": True}, {})
    return Candidates((candidate(one, (), looked, ""),), NOON)


def test_it_says_what_is_live_what_is_wanted_and_how_old_the_picture_is(browser: Browser) -> None:
    text = page(browser, "/environments/dev").text
    assert "dev-1 develop-1111111 is live since 2026-11-21 12:00:00 UTC" in text
    assert "Wanted develop-2222222" in text
    assert "Seen on AWS unchanged since 2026-11-21 12:00:00 UTC" in text


def test_why_the_newest_commit_is_not_taken_stands_beside_what_is_wanted(browser: Browser) -> None:
    assert "Newest commit environments/staging.yaml:3:5: count: found 0" in page(browser, "/environments/staging").text


def test_an_environment_in_which_nothing_ever_ran_says_so_everywhere(browser: Browser) -> None:
    browser.lookups = {"ways_back": Asked(Candidates(why_none=why_none(None, ())))}
    text = page(browser, "/environments/prod").text
    for told in (
        "nothing yet: push to its branch",
        "Nothing runs here yet",
        "There is none: nothing was live here",
    ):
        assert told in text
    assert "No deployment yet" in text


@pytest.mark.parametrize("path", ["/environments/nowhere", "/environments/%00", "/environments/nowhere/plan"])
def test_there_is_no_page_of_what_nobody_bound(browser: Browser, path: str) -> None:
    reply = browser.get(path)
    assert (reply.status_code, "No environment is called" in reply.text) == (404, True)


def test_drift_holds_and_quarantines_are_told(browser: Browser) -> None:
    difference = Difference("backend", "target group", "health path", "/ready", "/healthz")
    with browser.store.write() as unit:
        environment = unit.environments.get("staging")
        unit.environments.save(replace(environment, drift=Drifted((Drift(difference, NOON - 3 * HOUR),))))
    text = page(browser, "/environments/staging").text
    assert "backend target group health path /ready /healthz 2026-11-21 09:00:00 UTC 3h ago" in text
    assert "Held since staging-2 turned back" in text
    assert "What staging-2 brought: backend sha256:cccc" in text


def test_listener_rules_say_what_they_ask_for_and_where_they_lead(browser: Browser) -> None:
    test_rule = replace(a_rule(0, 100), paths=frozenset(), priority=90)
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": a_view(test_rule=test_rule)}, NOON))
    text = page(browser, "/environments/dev").text
    assert "backend public path /api/* 100% blue, 0% green 500" in text
    assert "backend test the secret header of its smoke test 0% blue, 100% green 90" in text


def test_an_orphan_is_named_with_what_removes_it(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": a_view()}, NOON, ("worker",)))
    text = page(browser, "/environments/dev").text
    assert "worker is no longer in the file" in text and "Remove worker" in text


# ------------------------------------------------------------------------------------------------ what AWS is asked


def test_for_whoever_has_not_signed_in_aws_is_asked_nothing(browser: Browser) -> None:
    asked = [Asked(Candidates()), Asked(Heard(None, trouble="x")), Asked(Heard(None, trouble="x"))]
    browser.lookups = dict(zip(("ways_back", "alarms", "plan"), asked, strict=True))
    page(browser, "/environments/dev")
    page(browser, "/environments/dev/plan")
    assert [each.heard for each in asked] == [[False], [False], [False]]


def test_ways_back_say_what_is_ready_of_them_and_lead_to_the_order(browser: Browser) -> None:
    browser.lookups = {"ways_back": Asked(a_candidate(browser.store))}
    shown = page(browser, "/environments/dev")
    assert "Images ! frontend: gone from the registry" in shown.text
    assert "Migrations ✓ nothing ran since" in shown.text and "look first" in shown.text
    assert "/orders/new?order=rollback&environment=dev&to=dev-1" in shown.links()
    assert "AWS was asked 2026-11-21 12:00:00 UTC now" in shown.text


def test_what_is_not_known_is_said_to_be(browser: Browser) -> None:
    with browser.store.read() as unit:
        one = unit.deployments.get("dev-1")
    assert one is not None
    found = Candidates((candidate(one, (), None, "it takes too long"),), None, "it takes too long")
    browser.lookups = {"ways_back": Asked(found), "alarms": Asked(Heard(None, trouble="AWS is away"))}
    text = page(browser, "/environments/dev").text
    assert "Images ? it takes too long" in text and "not known" in text
    assert "How its alarms are is not known: AWS is away" in text


def test_alarms_that_ring_come_first_and_one_that_is_gone_is_said_to_be(browser: Browser) -> None:
    alarms = {
        "calm": AlarmView("calm", AlarmState.OK, NOON - HOUR),
        "loud": AlarmView("loud", AlarmState.RINGING, NOON - HOUR, HOSTILE),
        "gone": None,
    }
    browser.lookups = {"alarms": Asked(Heard(alarms, NOON))}
    shown = page(browser, "/environments/dev")
    assert shown.text.index("gone ? there is no such alarm") < shown.text.index("calm ✓ ok")
    assert HOSTILE in shown.text and ("b", {}) not in shown.tags
    with browser.store.read() as unit:
        lines = alarm_lines(alarms, unit.overviews.of("dev"), NOON)
    assert [line.name for line in lines] == ["gone", "loud", "calm"]


def test_an_alarms_strip_shows_the_last_day_as_far_as_it_is_known() -> None:
    changes = [
        (NOON - 48 * HOUR, AlarmState.OK),
        (NOON - 12 * HOUR, AlarmState.RINGING),
        (NOON - 6 * HOUR, AlarmState.OK),
    ]
    parts = list(strip(changes, NOON))
    assert [(part.x, part.width, part.kind) for part in parts] == [
        (0.0, 120.0, "ok"),
        (120.0, 60.0, "ringing"),
        (180.0, 60.0, "ok"),
    ]
    assert parts[1].told == "rings from 00:00 to 06:00 UTC"


# ------------------------------------------------------------------------------------------------ the plan


def test_the_plan_is_that_of_the_api_in_words(browser: Browser) -> None:
    browser.lookups = {"plan": Asked(Heard(PLAN, NOON))}
    text = page(browser, "/environments/dev/plan").text
    assert "this is what the newest commit would lead to" in text
    assert "backend 1 task, on demand" in text
    assert "1 bake 5m backend 2 scale" in text and "backend scales 1 to 4" in text
    assert "The changed before of backend does not run" in text


CHECKED = FILE.replace("verify:", "gates: {checks: {required: [test]}}\nverify:")
LARGER = CHECKED.replace("cpu: 256, memory: 512", "cpu: 512, memory: 1024", 1)


def test_beside_the_plan_stands_what_differs_who_is_asked_how_long_it_takes_and_what_it_costs(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.revisions.add(a_revision(text=LARGER, commit=a_commit("5" * 40, "Larger tasks")))
    browser.lookups = {"plan": Asked(Heard({**PLAN, "commit": "5" * 40}, NOON))}
    text = page(browser, "/environments/dev/plan").text
    assert "Commit develop-5555555 Larger tasks" in text
    assert "Takes bakes of 5m, and about 1m of work, the median of the last deployment there" in text
    assert "Costs a month $36.04 → $54.06, +$18.02" in text
    assert "services.backend.task.cpu 256 512" in text
    assert "checks test by the new file" in text


def test_what_asks_no_gate_is_said_to_ask_none(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.revisions.add(a_revision(text=LARGER, commit=a_commit("5" * 40)))
        back = unit.deployments.get("dev-2")
        assert back is not None
        unit.deployments.save(replace(back, kind=Kind.ROLLBACK, back_to="dev-1"))
    browser.lookups = {"plan": Asked(Heard({**PLAN, "commit": "5" * 40, "deployment": "dev-2"}, NOON))}
    assert "Gates None is asked" in page(browser, "/environments/dev/plan").text


def test_of_a_commit_that_no_row_knows_only_the_plan_is_told(browser: Browser) -> None:
    browser.lookups = {"plan": Asked(Heard({**PLAN, "commit": "9" * 40}, NOON))}
    text = page(browser, "/environments/dev/plan").text
    assert f"Commit {'9' * 40}" in text and "1 bake 5m backend" in text
    assert "What its file changes" not in text


def test_where_there_is_no_plan_the_page_says_why(browser: Browser) -> None:
    browser.lookups = {"plan": Asked(Heard(None, trouble="waiting for the image web:1", code="image.missing"))}
    text = page(browser, "/environments/dev/plan").text
    assert "There is no plan to show waiting for the image web:1 . image.missing" in text


@pytest.mark.parametrize("path", ["/environments/prod", "/orders/new?order=abort&environment=prod&deployment=prod-1"])
def test_what_authors_wrote_is_text_here_too(browser: Browser, path: str) -> None:
    hostile(browser.store)
    assert ("b", {}) not in page(browser, path).tags
