"""What the pages say, and that nothing in them runs."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import cast

import pytest
from structlog.testing import capture_logs

from controller.domain.approval import Vote
from controller.domain.deployment import Kind, Pause, Phase
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.errors import Transient
from controller.domain.hooks import Hook, RunState
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.step import StepKind
from controller.store import Store
from tests.dashboard.conftest import Browser
from tests.support.builders import NOON, a_group, a_run, a_slot, a_view
from tests.support.evidence import FOUND
from tests.support.rows import JUDGED, PLANTED, a_waiting_deployment, moving

PAGES = (
    "/",
    "/?environment=dev",
    "/environments/dev",
    "/deployments/dev-2",
    "/deployments/staging-2",
    "/deployments/nothing",
    "/?cursor=x",
)
HOSTILE = "<script>alert(1)</script> \"' & <b>bold</b>"


class Page(HTMLParser):
    """The text of a page, its tags, and whatever could run or load something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self) -> list[str]:
        return [attributes.get("href") or "" for tag, attributes in self.tags if tag == "a"]


def page(browser: Browser, path: str) -> Page:
    return Page(browser.get(path).text)


def test_the_first_page_shows_what_is_live_and_what_moves(browser: Browser) -> None:
    text = page(browser, "/").text
    assert "dev ▶ rolling out develop-1111111 now dev-2 step 1 of 8, register" in text
    assert "backend 2 of 2 bbbbbbb rolls" in text
    text = page(browser, "/environments/dev").text
    assert "dev-1 develop-1111111 is live since 2026-11-21 12:00:00 UTC" in text
    assert "dev-2 brings develop-2222222; step 1 of 8, register" in text
    assert "register backend, frontend running" in text
    assert "100%" in text
    assert "2 of 2" in text


def test_what_is_wrong_comes_with_the_command_that_clears_it(browser: Browser) -> None:
    text = page(browser, "/").text
    assert "Held since staging-2 turned back" in text
    assert "tidegate unhold staging" in text
    assert "environments/staging.yaml:3:5: count: found 0" in text


def test_too_few_healthy_tasks_are_said_in_words(browser: Browser) -> None:
    weak = a_view(blue=a_slot(group=a_group(healthy=1, unhealthy=1)))
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": weak}, NOON))
    assert "Too few healthy tasks: backend" in page(browser, "/").text
    assert "1 of 2 healthy, 1 not healthy" in page(browser, "/environments/dev").text


def test_a_service_without_a_route_shows_no_bar(browser: Browser) -> None:
    worker = replace(a_view(), rule=None, routed=False)
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"frontend": worker}, NOON))
    assert "frontend blue live version before 100% no route task 1: healthy" in page(browser, "/environments/dev").text


def test_while_traffic_is_split_the_slot_that_it_comes_from_is_live(browser: Browser) -> None:
    view = a_view()
    assert view.rule is not None
    split = replace(view, rule=replace(view.rule, weights={Slot.BLUE: 75, Slot.GREEN: 25}))
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": split}, NOON))
    assert re.search(r"backend blue live .*75%.* green .*25%", page(browser, "/environments/dev").text)


def test_a_waiting_deployment_says_for_what_and_who_can_help(browser: Browser) -> None:
    waiting = a_waiting_deployment("prod", 1, "5", Reason("image.missing", "backend: waiting for the image web:1"))
    with browser.store.write() as unit:
        unit.revisions.add(waiting.revision)
        unit.deployments.add(waiting)
    text = page(browser, "/environments/prod").text
    assert "prod-1 waits: backend: waiting for the image web:1" in text
    assert "Cleared by the build that pushes the image" in text


def test_a_waiting_deployment_shows_its_gates_as_far_as_they_were_asked(browser: Browser) -> None:
    waiting = replace(a_waiting_deployment("prod", 1, "5", JUDGED[-1].reason), gates=JUDGED)
    with browser.store.write() as unit:
        unit.revisions.add(waiting.revision)
        unit.deployments.add(waiting)
    text = browser.get("/deployments/prod-1").text
    gates = text.partition('id="gates"')[2].partition("</section>")[0]
    assert gates.index("image") < gates.index("checks")
    assert "open" in gates and "unknown" in gates and "GitHub is &lt;away&gt;" in gates


def test_history_is_newest_first_and_says_how_each_ended(browser: Browser) -> None:
    text = page(browser, "/").text
    rows = text[text.index("Took") :]
    order = ["rolled back staging-2", "succeeded staging-1", "rolling out dev-2", "succeeded dev-1"]
    assert [rows.index(row) for row in order] == sorted(rows.index(row) for row in order)
    assert "waited 0s, moved 2m" in rows


def test_older_deployments_are_a_link_away(browser: Browser) -> None:
    with browser.store.write() as unit:
        for number in range(3, 33):
            done = replace(moving("dev", number, "2"), phase=Phase.SUPERSEDED, finished_at=NOON)
            commit = replace(done.revision.commit, sha=f"{number:040x}")
            done = replace(done, revision=replace(done.revision, commit=commit))
            unit.revisions.add(done.revision)
            unit.deployments.add(done)
    first = page(browser, "/?environment=dev")
    [older] = [link for link in first.links() if "cursor=" in link]
    assert older.startswith("/?environment=dev&cursor=")
    second = page(browser, older)
    assert "dev-1" in second.text
    assert "« newest" in second.text
    assert "older »" not in second.text


def test_a_deployment_page_shows_steps_images_undo_and_audit(browser: Browser) -> None:
    text = page(browser, "/deployments/dev-2").text
    assert "register a task definition for backend" in text
    assert "captioncraft-backend@sha256:" in text
    assert "backend: blue was live and green takes over; turning back gives 100% to blue and 0% to green again" in text
    assert "step.started tidegate line 4" in text


def test_a_deployment_that_turned_back_says_where_and_promises_nothing_more(browser: Browser) -> None:
    text = page(browser, "/deployments/staging-2").text
    assert "in step 1 of 8, register, before any traffic was on the new version" in text
    assert "It turned back: nothing of it is left to take back." in text
    assert "turning back gives" not in text


def test_a_deployment_whose_slots_others_have_taken_promises_nothing(browser: Browser) -> None:
    text = page(browser, "/deployments/dev-1").text
    assert "the old slots are no longer its own" in text and "turning back gives" not in text


def change(store: Store, **changes: object) -> None:
    """dev-2, which runs, is otherwise than it was."""
    with store.write() as unit:
        deployment = unit.deployments.get("dev-2")
        assert deployment is not None
        unit.deployments.save(replace(deployment, **changes))  # type: ignore[arg-type]


def test_a_task_that_failed_is_shown_with_its_last_lines(browser: Browser) -> None:
    with browser.store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None
    run = a_run(state=RunState.FAILED, lines=("begin", "<b>no lock</b>"))
    change(browser.store, steps=deployment.with_step(replace(deployment.steps[1], run=run)).steps)
    assert "begin <b>no lock</b>" in page(browser, "/deployments/dev-2").text


def test_a_pause_says_who_why_and_when_it_turns_back_by_itself(browser: Browser) -> None:
    """Only eighteen of its twenty minutes were watched."""
    reason = Reason("order.paused", "a look at the logs")
    change(browser.store, pause=Pause("ada", reason, NOON, timedelta(hours=1), timedelta(minutes=18)))
    browser.clock.sleep(timedelta(minutes=20).total_seconds())
    text = page(browser, "/deployments/dev-2").text
    assert "dev-2 ❚❚ paused" in text
    assert "Paused by ada a look at the logs order.paused 2026-11-21 12:00:00 UTC 20m ago" in text
    assert "It turns back by itself 2026-11-21 13:02:00 UTC in 42m" in text
    assert "tidegate resume dev-2" in text
    home = page(browser, "/").text
    assert "dev : dev-2 is paused by ada a look at the logs" in home and "Let it go on : dev-2" in home
    assert "a look at the logs" in home[home.index("Took") :], "why it is paused, and not that its gates are open"
    own = page(browser, "/environments/dev").text
    assert "dev ❚❚ paused" in own
    assert "dev-2 is paused at step 1 of 8, register, by ada: a look at the logs" in own
    assert "Cleared by a person: tidegate resume dev-2 goes on" in own


def test_what_only_a_person_can_end_is_marked_wherever_it_is_named(browser: Browser) -> None:
    rang = Reason("alarm.rang", "checkout-is-down rang; `tidegate abort dev-2` must end it")
    with browser.store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None and deployment.step is not None
    steps = deployment.with_step(replace(deployment.step, detail=rang.text)).steps
    change(browser.store, reason=rang, steps=steps)
    text = page(browser, "/").text
    assert "dev ! needs a person" in text and "! needs a person dev-2 dev, by merge, rolling" in text
    assert "`" not in text, "commands are set as such, wherever a sentence names one"
    assert "dev-2 ! needs a person" in page(browser, "/deployments/dev-2").text


def test_a_command_s_last_lines_stand_with_the_evidence_once_there_is_some(browser: Browser) -> None:
    with browser.store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None
    hook = Hook(("migrate",), timedelta(minutes=10))
    run = a_run(state=RunState.FAILED, lines=("no lock",))
    failed = replace(deployment.steps[1], kind=StepKind.BEFORE, services=("backend",), hook=hook, run=run)
    change(browser.store, steps=deployment.with_step(failed).steps)
    text = page(browser, "/deployments/dev-2").text
    assert text.count("no lock") == 1 and "before backend pending" in text
    with browser.store.write() as unit:
        unit.evidence.add(FOUND, deployment)
    assert page(browser, "/deployments/dev-2").text.count("no lock") == 1


def test_what_ended_before_anything_had_changed_says_that_nothing_was_changed(browser: Browser) -> None:
    with browser.store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None
    change(browser.store, phase=Phase.FAILED, finished_at=NOON)
    assert "Nothing was changed, so there is nothing to take back." in page(browser, "/deployments/dev-2").text


def test_what_is_seen_says_since_when_it_has_been_so(browser: Browser) -> None:
    browser.clock.sleep(timedelta(minutes=5).total_seconds())
    own = page(browser, "/environments/dev").text
    assert "Seen on AWS unchanged since 2026-11-21 12:00:00 UTC 5m ago" in own and "As it is" in own
    with browser.store.write() as unit:
        dev = unit.environments.get("dev")
        unit.environments.save(replace(dev, trouble=Reason("aws.throttled", "ECS throttles")))
    own = page(browser, "/environments/dev").text
    assert "Seen on AWS 2026-11-21 12:00:00 UTC 5m ago" in own and "As seen last" in own


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": Kind.ROLLBACK, "back_to": "dev-1"}, "rollback to dev-1"),
        ({"kind": Kind.PRUNE, "pruned": "worker"}, "prune of worker"),
        ({"restart": True}, "restart"),
    ],
)
def test_what_no_commit_asked_for_says_what_it_is_and_who_ordered_it(
    browser: Browser, changes: dict[str, object], told: str
) -> None:
    change(browser.store, because_of=Reason("order.x", "ada ordered it: a blank page"), **changes)
    found = page(browser, "/deployments/dev-2")
    assert f"Kind {told} Ordered ada ordered it: a blank page" in found.text
    assert ("/deployments/dev-1" in found.links()) is ("back_to" in changes)
    assert f"dev-2 {told}" in page(browser, "/").text


def test_a_removal_shows_nothing_that_it_does_not_bring(browser: Browser) -> None:
    change(browser.store, kind=Kind.PRUNE, pruned="worker", because_of=Reason("prune.ordered", "ada removed worker"))
    text = page(browser, "/deployments/dev-2").text
    assert "There is no way back from a removal." in text
    assert "captioncraft-backend@" not in text
    assert "Add captions" not in text
    assert "dev-2 prune of worker ▶ rolling out" in page(browser, "/environments/dev").text
    assert "dev-2 prune of worker dev, by order none ada removed worker" in page(browser, "/?environment=dev").text


def test_orphans_come_with_the_command_that_removes_them(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {}, NOON, ("worker",)))
    text = page(browser, "/environments/dev").text
    assert "worker is no longer in the file, and still there: tidegate prune dev worker removes it." in text


def test_drift_is_shown_with_what_was_declared_what_was_found_and_since_when(browser: Browser) -> None:
    difference = Difference("backend", "target group", "check path", "/health", "<b>/other</b>")
    with browser.store.write() as unit:
        dev = unit.environments.get("dev")
        unit.environments.save(replace(dev, drift=Drifted((Drift(difference, NOON),))))
    shown = page(browser, "/environments/dev")
    assert "backend target group check path /health <b>/other</b> 2026-11-21 12:00:00 UTC" in shown.text
    assert ("caption", {}) in shown.tags and "Drift: what AWS shows otherwise than the file declares" in shown.text


def test_an_environment_that_was_rolled_back_by_order_is_not_said_to_have_failed(browser: Browser) -> None:
    with browser.store.write() as unit:
        staging = unit.environments.get("staging")
        assert staging.hold is not None
        ordered = Reason("rollback.ordered", "ada rolled back: a blank page")
        unit.environments.save(replace(staging, hold=replace(staging.hold, reason=ordered)))
    assert "Held since staging-2 brought an older version back ada rolled back" in page(browser, "/").text


def test_times_are_machine_readable_and_relative(browser: Browser) -> None:
    browser.clock.sleep(timedelta(minutes=5).total_seconds())
    found = page(browser, "/deployments/dev-2")
    assert ("time", {"datetime": "2026-11-21T12:00:00+00:00"}) in found.tags
    assert "2026-11-21 12:00:00 UTC 5m ago" in found.text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_runs_or_loads_anything_of_its_own(browser: Browser, path: str) -> None:
    reply = browser.get(path)
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"
    for tag, attributes in Page(reply.text).tags:
        assert tag not in {"style", "iframe", "object", "embed", "form"}
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "/").startswith("/")
        if tag == "link" and attributes["rel"] != "alternate":
            assert (attributes["href"] or "").startswith("/static/")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_the_secret_of_a_smoke_test(browser: Browser, path: str) -> None:
    assert PLANTED not in browser.get(path).text


def hostile(store: Store) -> None:
    deployment = moving("prod", 1, "6")
    commit = replace(deployment.revision.commit, message=HOSTILE)
    revision = replace(deployment.revision, commit=commit)
    steps = (replace(deployment.steps[0], detail=HOSTILE), *deployment.steps[1:])
    reason = Reason("x", HOSTILE)
    pause = Pause(HOSTILE, reason, NOON, timedelta(hours=1))
    with store.write() as unit:
        unit.revisions.add(revision)
        paused = replace(deployment, revision=revision, steps=steps, reason=reason, pause=pause, because_of=reason)
        unit.deployments.add(paused)
        unit.environments.save(replace(unit.environments.get("prod"), trouble=reason, problem=reason))


@pytest.mark.parametrize("path", ["/", "/deployments/prod-1"])
def test_what_authors_wrote_is_text(browser: Browser, path: str) -> None:
    hostile(browser.store)
    found = page(browser, path)
    assert HOSTILE in found.text
    assert ("b", {}) not in found.tags
    scripts = [attributes for tag, attributes in found.tags if tag == "script"]
    assert all((each.get("src") or "").startswith("/static/") and set(each) == {"src", "defer"} for each in scripts)


@pytest.mark.parametrize("path", ["/?environment=<script>", "/deployments/<script>alert(1)<%2Fscript>"])
def test_what_visitors_send_is_text(browser: Browser, path: str) -> None:
    reply = browser.get(path)
    assert reply.status_code == 404
    assert "<script>" not in reply.text


@pytest.mark.parametrize(
    ("github", "links"),
    [
        ("https://api.github.com", "https://github.com/acme/captioncraft/commit/" + "2" * 40),
        ("http://127.0.0.1:8081/api/v3", "http://127.0.0.1:8081/acme/captioncraft/commit/" + "2" * 40),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_commits_are_linked_on_http_addresses_only(browser: Browser, github: str, links: str | None) -> None:
    browser.github = github
    outside = {link for link in page(browser, "/deployments/dev-2").links() if not link.startswith(("/", "#"))}
    assert outside == ({links} if links else set())


def released(store: Store, tag: str) -> None:
    """What dev-2 brings was published, and its environment has something to say of an older release."""
    made = Release(tag, "", "javascript:alert(1)", NOON)
    with store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, revision=replace(found.revision, release=made)))
        remark = Reason("release.older", "v1.3.9 is older")
        unit.environments.save(replace(unit.environments.get("dev"), release=made, sight="", remark=remark))


def test_a_release_is_shown_by_its_tag_and_leads_to_its_own_page(browser: Browser) -> None:
    released(browser.store, "web/v1.4.0")
    shown = page(browser, "/deployments/dev-2")
    outside = {link for link in shown.links() if not link.startswith(("/", "#"))}
    assert outside == {"https://github.com/acme/captioncraft/releases/tag/web/v1.4.0"}
    assert "web/v1.4.0" in browser.get("/deployments/dev-2").text
    assert "v1.3.9 is older" in browser.get("/environments/dev").text


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/?environment=nowhere", 404, "No environment is called 'nowhere'"),
        ("/deployments/dev-99", 404, "No deployment is called 'dev-99'"),
        ("/deployments/%00", 404, "No deployment"),
        ("/?cursor=rubbish", 400, "link"),
        ("/deployments/dev-2?cursor=rubbish", 400, "link"),
    ],
)
def test_a_wrong_address_gets_a_page_that_leads_back(browser: Browser, path: str, status: int, told: str) -> None:
    reply = browser.get(path)
    assert reply.status_code == status
    found = Page(reply.text)
    assert told in found.text
    assert "/" in found.links()


class Locked:
    """A store whose database does not answer."""

    def read(self) -> object:
        raise Transient("the database at secret-host is locked", code="database.busy")


def test_a_database_that_is_gone_gets_a_page_too(browser: Browser) -> None:
    browser.store = cast("Store", Locked())
    with capture_logs() as logs:
        reply = browser.get("/")
    assert reply.status_code == 503
    assert "secret-host" not in reply.text
    assert [line["code"] for line in logs] == ["database.busy"]


def test_an_empty_controller_says_what_to_do(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.environments.ensure(["new"])
    assert "new ○ nothing yet Push to its branch, and the first version rolls out here." in page(browser, "/").text


def test_the_style_sheet_and_the_script_are_served(browser: Browser) -> None:
    for name, kind in (("tidegate.css", "text/css"), ("live.js", "javascript"), ("icon.svg", "image/svg+xml")):
        reply = browser.get(f"/static/{name}")
        assert reply.status_code == 200
        assert kind in reply.headers["content-type"]
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_pages_only_read(browser: Browser) -> None:
    assert browser.get("/", "POST").status_code == 405
    assert browser.get("/deployments/dev-2", "DELETE").status_code == 405


def test_whoever_broke_the_glass_is_seen_in_the_history_and_on_the_page(browser: Browser) -> None:
    with browser.store.write() as unit:
        found = unit.deployments.page(limit=1).items[0]
        vote = Vote(Person(1, "ada"), "sha256:" + "0" * 64, NOON, Via.WEB, "the shop is down <b>", breaks_glass=True)
        unit.deployments.save(replace(found, votes=(vote,)))
    assert "glass broken" in browser.get("/").text
    page = browser.get(f"/deployments/{found.id}").text
    assert "The glass was broken" in page and "ada: the shop is down &lt;b&gt;" in page


@pytest.mark.parametrize(
    ("path", "watched"),
    [("/", "everything"), ("/deployments/dev-2", "environment:dev deployment:dev-2")],
)
def test_a_page_says_what_it_is_about_and_which_of_its_parts_change(browser: Browser, path: str, watched: str) -> None:
    tags = page(browser, path).tags
    assert [attributes["data-watch"] for tag, attributes in tags if tag == "main"] == [watched]
    live = [attributes.get("id") for _, attributes in tags if "data-live" in attributes]
    assert len(live) > 3 and None not in live and len(set(live)) == len(live)


def test_the_script_keeps_what_somebody_does_on_the_page(browser: Browser) -> None:
    """What it must never set, and when it must not ask."""
    script = browser.get("/static/live.js").text
    assert 'KEPT = new Set(["open", "value", "checked", "selected"])' in script
    for what in ("isSelecting()", "document.hidden", "textarea", "focus({ preventScroll: true })"):
        assert what in script
    assert "innerHTML" not in script and "eval" not in script
