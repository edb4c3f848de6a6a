"""The page of one deployment in full, and the pictures that it is drawn from."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.dashboard.charts import charts, spoken, unplotted
from controller.dashboard.rungs import RungView, rungs
from controller.dashboard.slots import in_words, shares, tasks
from controller.dashboard.views import planned_step
from controller.domain.approval import Vote
from controller.domain.deployment import Deployment, Phase
from controller.domain.metrics import Finding, Result, Sample
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.snapshot import SlotView
from controller.domain.step import Step, StepKind, StepState
from controller.domain.verdict import Answer, Judged
from controller.homeward import turned_back
from tests.dashboard.conftest import Browser
from tests.dashboard.test_pages import HOSTILE, change, page
from tests.support.builders import NOON, a_group, a_slot, a_view, an_empty_slot
from tests.support.rows import moving, settled

MINUTE = timedelta(minutes=1)


def begun(deployment: Deployment, kind: StepKind, **changes: object) -> Deployment:
    """It has come to its first step of this kind, which runs."""
    for step in deployment.steps:
        if step.kind is kind and "number" not in changes:
            return deployment.with_step(replace(step.started(NOON), **changes))
        deployment = deployment.with_step(step.started(NOON).ended(StepState.DONE, NOON + MINUTE, "done"))
    raise AssertionError(f"it has no step of the kind {kind}")


def rung_of(deployment: Deployment, kind: StepKind) -> RungView:
    shown = tuple(replace(planned_step(step), is_current=step == deployment.step) for step in deployment.steps)
    found = rungs(deployment, shown, NOON + MINUTE)
    return next(rung for rung, step in zip(found, deployment.steps, strict=True) if step.kind is kind)


# ------------------------------------------------------------------------------------------------ steps


def test_a_step_that_runs_says_by_when_it_must_be_done_and_what_it_waits_for() -> None:
    deployment = begun(moving("dev", 2, "2"), StepKind.WARM, detail="1 of 2 healthy", observed=5 * MINUTE)
    rung = rung_of(deployment, StepKind.WARM)
    assert (rung.bound, rung.by, rung.by_words) == (
        "may take 20m",
        NOON + 16 * MINUTE,
        "fails unless it is done",
    )
    assert rung.waits_for == "1 of 2 healthy"


def test_time_that_a_person_had_it_wait_does_not_count() -> None:
    paused = begun(moving("dev", 2, "2"), StepKind.WARM, observed=9 * MINUTE, paused=4 * MINUTE)
    assert rung_of(paused, StepKind.WARM).by == NOON + 16 * MINUTE


def test_what_is_over_has_no_deadline_any_more() -> None:
    done = begun(moving("dev", 2, "2"), StepKind.SMOKE)
    assert rung_of(done, StepKind.WARM).by is None


def ladder(browser: Browser, deployment: str) -> dict[str, str]:
    """The markup of each step, by its title."""
    found = browser.get(f"/deployments/{deployment}").text.partition('class="ladder rungs"')[2].partition("</ol>")[0]
    titled = ((re.search("<strong>(.+?)</strong>", each), each) for each in found.split("<li ")[1:])
    return {title[1]: each for title, each in titled if title}


def test_what_is_over_or_still_to_come_is_one_line_and_the_rest_of_it_is_folded(browser: Browser) -> None:
    running = begun(moving("dev", 2, "2"), StepKind.SMOKE)
    change(browser.store, steps=running.steps)
    rungs = ladder(browser, "dev-2")
    assert [title for title, markup in rungs.items() if "<details>" not in markup] == ["smoke", "settle", "retire"]
    assert not any("<details open" in markup for markup in rungs.values())
    assert 'aria-current="step"' in rungs["smoke"] and "fails unless it is done" in rungs["smoke"]
    seen, told = rungs["warm"].split("</summary>")
    assert "done, 1m" in seen and "2026-11-21 12:01:00 UTC" not in seen and "2026-11-21 12:01:00 UTC" in told


def test_what_failed_is_unfolded_and_what_never_ran_says_no_time_that_it_may_take(browser: Browser) -> None:
    back = turned_back(begun(moving("dev", 2, "2"), StepKind.WARM), Reason("smoke.red", "no"), NOON)
    change(browser.store, steps=back.steps, phase=Phase.ROLLING_BACK)
    rungs = ladder(browser, "dev-2")
    assert "failed" in rungs["warm"] and "<details>" not in rungs["warm"]
    assert "skipped" in rungs["smoke"] and "may take" not in rungs["smoke"]


# ------------------------------------------------------------------------------------------------ slots


def test_tasks_are_told_by_how_they_are() -> None:
    view = replace(a_slot(count=5), running=3, pending=1, group=a_group(healthy=2, unhealthy=1))
    found = tuple(tasks(view))
    assert [(group.kind, group.count) for group in found] == [
        ("healthy", 2),
        ("unwell", 1),
        ("starting", 1),
        ("absent", 1),
    ]
    assert in_words(view, found) == "2 of 5 healthy, 1 not healthy, 1 starting, 1 missing"


def test_without_a_load_balancer_tasks_only_run() -> None:
    view = SlotView(exists=True, desired=2, running=2)
    assert in_words(view, tuple(tasks(view))) == "2 of 2 running"


def test_traffic_is_meant_to_be_where_the_last_shift_that_began_puts_it() -> None:
    deployment = moving("dev", 2, "2")
    assert shares(deployment, "backend") == {Slot.BLUE: 100, Slot.GREEN: 0}
    assert shares(begun(deployment, StepKind.SHIFT), "backend") == {Slot.BLUE: 50, Slot.GREEN: 50}
    back = turned_back(begun(deployment, StepKind.SHIFT), Reason("smoke.red", "no"), NOON)
    assert shares(back, "backend") == {Slot.BLUE: 100, Slot.GREEN: 0}
    assert shares(deployment, "nobody") is None


def test_many_tasks_are_counted_and_few_are_drawn(browser: Browser) -> None:
    many = replace(a_slot(count=60), running=58, pending=2, group=a_group(healthy=55, unhealthy=3))
    views = {"backend": a_view(), "frontend": a_view("frontend", blue=many, green=an_empty_slot("frontend"))}
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", views, NOON))
    found = page(browser, "/deployments/dev-2")
    assert "2 of 2 healthy" in found.text and "task 2: healthy" in found.text
    assert "55" in found.text and "55 of 60 healthy, 3 not healthy, 2 starting" in found.text
    assert "task 3: " not in found.text


def test_of_what_is_over_no_tasks_are_shown_that_are_another_s(browser: Browser) -> None:
    assert "Traffic and tasks" not in page(browser, "/deployments/staging-2").text


# ------------------------------------------------------------------------------------------------ charts


def sample(minute: int, value: float, requests: int = 500, slot: Slot = Slot.GREEN, metric: str = "errors") -> Sample:
    verdict = Result.FAILED if value > 0.01 else Result.PASSED
    return Sample("backend", metric, slot, NOON + minute * MINUTE, value, requests, 0.01, verdict)


def test_a_chart_counts_its_minutes_by_verdict_and_draws_those_with_few_requests_hollow() -> None:
    (chart,) = charts(moving("dev", 2, "2"), [sample(0, 0.0), sample(1, 0.02), sample(2, 0.0, requests=3)])
    assert (chart.good, chart.bad, chart.few, chart.limit) == (1, 1, 1, "1.00%")
    (line,) = chart.lines
    assert (line.slot, line.role) == ("green", "new version")
    assert [(dot.is_hollow, dot.is_bad) for dot in line.dots] == [(False, False), (False, True), (True, False)]
    assert line.dots[1].told == "12:01 UTC, green new version: 2.00% of 500 requests, above the limit"


def test_a_line_does_not_run_across_minutes_without_requests() -> None:
    (chart,) = charts(moving("dev", 2, "2"), [sample(minute, 0.0) for minute in (0, 1, 2, 9, 10)])
    assert [len(stroke.split()) for stroke in chart.lines[0].strokes] == [3, 2]


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [0.5], [0.01, 0.2]])
def test_whatever_was_counted_stays_within_the_drawing(values: list[float]) -> None:
    (chart,) = charts(moving("dev", 2, "2"), [sample(minute, value) for minute, value in enumerate(values)])
    places = [(dot.x, dot.y) for line in chart.lines for dot in line.dots]
    assert all(0 <= x <= 640 and 0 <= y <= 170 for x, y in places) and 0 <= chart.limit_y <= 170


def test_values_have_their_units() -> None:
    assert [spoken("latency_p95", 0.25), spoken("latency_p99", 2.5), spoken("errors", 0.001)] == [
        "250 ms",
        "2.5 s",
        "0.10%",
    ]


def test_what_was_judged_without_a_minute_is_told_in_words() -> None:
    finding = Finding("frontend", "errors", Result.INCONCLUSIVE, "no requests", None, 0.01)
    deployment = replace(moving("dev", 2, "2"), findings=(finding,))
    assert unplotted(deployment, charts(deployment, [sample(0, 0.0)])) == (finding,)


def test_charts_stand_on_the_page_with_their_verdict_and_their_numbers(browser: Browser) -> None:
    bad = Finding("backend", "errors", Result.FAILED, "2.00% failed, of 500 requests", 0.02, 0.01)
    change(browser.store, findings=(bad,))
    with browser.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.samples.put(found, [sample(0, 0.001, slot=Slot.BLUE), sample(0, 0.02)])
    shown = page(browser, "/deployments/dev-2")
    assert "2.00% failed, of 500 requests" in shown.text and "errors ✕ bad" in shown.text
    assert "2026-11-21 12:00:00 UTC green 2.00% 500 above the limit" in shown.text
    assert (
        "svg",
        "errors of backend, minute by minute, of blue version before, green new version; the limit is 1.00%",
    ) in [(tag, attributes.get("aria-label")) for tag, attributes in shown.tags]
    assert [attributes for _, attributes in shown.tags if "style" in attributes] == []


def test_of_what_is_over_a_verdict_is_no_promise_any_more(browser: Browser) -> None:
    few = "12 requests: errors are judged by 100 or more"
    silent = Finding("backend", "errors", Result.INCONCLUSIVE, few, None, 0.01)
    change(browser.store, findings=(silent,), phase=Phase.ROLLED_BACK)
    with browser.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.samples.put(found, [sample(0, 0.001)])
    text = page(browser, "/deployments/dev-2").text
    assert "errors ? was not judged 12 requests: errors are judged by 100 or more" in text
    assert "can't be judged yet" not in text


# ------------------------------------------------------------------------------------------------ the rest


def test_gates_say_who_has_answered_and_when(browser: Browser) -> None:
    vote = Vote(Person(7, "owen"), "sha256:" + "a" * 64, NOON, Via.SLACK, "looks good")
    gates = (Judged("approval", Answer.OPEN, Reason("approval.given", "1 of 1 approvals")),)
    change(browser.store, gates=gates, votes=(vote,))
    assert (
        "approved by owen 2026-11-21 12:00:00 UTC now by slack: looks good" in page(browser, "/deployments/dev-2").text
    )


def test_the_file_is_told_field_by_field_against_what_was_live_before(browser: Browser) -> None:
    with browser.store.read() as unit:
        found = unit.deployments.get("dev-2")
    assert found is not None
    larger = replace(found.revision, text=found.revision.text.replace("memory: 512", "memory: 1024", 1))
    change(browser.store, revision=larger, replaced="dev-1")
    shown = page(browser, "/deployments/dev-2").text
    assert "services.backend.task.memory 512 1024" in shown and "which was live before" in shown


def test_a_file_that_says_the_same_is_said_to(browser: Browser) -> None:
    assert "Its file says what that of dev-1 said" in page(browser, "/deployments/dev-2").text
    assert "Nothing was live before it" in page(browser, "/deployments/staging-1").text


def test_what_it_took_the_place_of_is_listed(browser: Browser) -> None:
    older = replace(moving("prod", 1, "7"), phase=Phase.SUPERSEDED, finished_at=NOON)
    older = replace(older, reason=Reason("deployment.superseded", "prod-2 is newer, and ready"))
    newer = replace(settled("prod", 2, "8"), number=2)
    with browser.store.write() as unit:
        for each in (older, newer):
            unit.revisions.add(each.revision)
            unit.deployments.add(each)
    assert "Took the place of prod-1" in page(browser, "/deployments/prod-2").text
    assert "Took the place of" not in page(browser, "/deployments/prod-1").text


def test_an_instant_rollback_is_possible_until_a_moment_that_the_page_names(browser: Browser) -> None:
    warm = settled("prod", 1, "8")
    last = warm.steps[-1]
    waits: Step = replace(last, state=StepState.RUNNING, finished_at=None, started_at=NOON, wait=timedelta(minutes=30))
    with browser.store.write() as unit:
        unit.revisions.add(warm.revision)
        unit.deployments.add(warm.with_step(waits))
        unit.environments.save(replace(unit.environments.get("prod"), live=1, live_since=NOON))
    for path in ("/deployments/prod-1", "/environments/prod"):
        shown = page(browser, path)
        assert "An instant rollback is possible until 2026-11-21 12:30:00 UTC in 30m" in shown.text
        assert "2026-11-21T12:30:00+00:00" in [attributes.get("data-until") for _, attributes in shown.tags]
    browser.clock._now += timedelta(minutes=31)
    assert "An instant rollback" not in page(browser, "/deployments/prod-1").text


def hostile_parts() -> Iterator[dict[str, object]]:
    yield {"findings": (Finding("backend", "errors", Result.FAILED, HOSTILE, 0.02, 0.01),)}
    yield {"gates": (Judged("approval", Answer.HELD, Reason("x", HOSTILE)),)}
    vote = Vote(Person(7, HOSTILE), "sha256:" + "a" * 64, NOON, Via.WEB, HOSTILE)
    yield {"gates": (Judged("approval", Answer.HELD, Reason("x", "y")),), "votes": (vote,)}


@pytest.mark.parametrize("parts", list(hostile_parts()), ids=["finding", "gate", "vote"])
def test_what_strangers_wrote_is_text(browser: Browser, parts: dict[str, object]) -> None:
    change(browser.store, **parts)
    found = page(browser, "/deployments/dev-2")
    assert HOSTILE in found.text and ("b", {}) not in found.tags
