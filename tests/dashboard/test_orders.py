"""Orders from pages: what is offered to whom, what is asked for before, and what a page says afterwards."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.hooks import RunState
from controller.domain.orders import OrderKind, OrderState, Wish
from controller.domain.reason import Reason
from controller.domain.step import PATIENCE, Trouble
from controller.homeward import turned_back
from controller.store import Store
from tests.security.world import ABEL, AWAY, OWEN, VERA, Doors, Reply, opened
from tests.support.builders import NOON, a_run
from tests.support.rows import moving, settled

ABORT = {"order": "abort", "environment": "dev", "deployment": "dev-2", "reason": "it is wrong"}
DEPLOY = {"order": "deploy", "environment": "prod", "reason": "once more"}


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file)
    yield made
    made.close()


def words(reply: Reply) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", reply.text.partition("<main")[2])))


def offered(reply: Reply) -> dict[str, bool]:
    """Label of each offer → whether it can be given."""
    found = re.findall(r'<li>\s*<(a|button) class="button \w+"[^>]*>([^<]+)<', reply.text)
    return {label: tag == "a" for tag, label in found}


def left(doors: Doors, number: int = 1) -> tuple[OrderKind, str | None, Wish]:
    with doors.store.read() as unit:
        order = unit.orders.get(number)
    assert order is not None
    return order.kind, order.deployment, order.wish


def versions(store: Store) -> None:
    """staging-5 is live, and staging-4 and staging-3 were before."""
    with store.write() as unit:
        for number in (3, 4, 5):
            made = settled("staging", number, f"{number + 3:x}")
            before = f"staging-{1 if number == 3 else number - 1}"
            text = made.revision.text + "\n" * number
            made = replace(made, replaced=before, revision=replace(made.revision, text=text))
            unit.revisions.add(made.revision)
            unit.deployments.add(made)
        unit.environments.save(replace(unit.environments.get("staging"), live=5))


# ------------------------------------------------------------------------------------------------ what is offered


def test_a_page_offers_what_fits_now_and_says_of_the_rest_why_not(doors: Doors) -> None:
    page = doors.look("/deployments/dev-2", doors.session(OWEN))
    assert offered(page) == {"Pause": True, "Abort": True}
    assert "dev-2 is not in a bake, nor to be confirmed but in register: nothing to end" in words(page)


def test_what_somebody_may_not_do_is_shown_shut_with_the_doors_own_words(doors: Doors) -> None:
    page = doors.look("/deployments/dev-2", doors.session(VERA))
    assert offered(page) == {"Pause": False, "Abort": False}
    assert "Not by you: vera is a viewer in dev, and to abort takes an operator" in words(page)


def test_while_github_is_away_nobody_is_offered_what_takes_a_right(doors: Doors) -> None:
    session = doors.session(OWEN)
    doors.look("/", session)
    doors.town.trouble = AWAY
    page = doors.look("/deployments/dev-2", session)
    assert page.status == 200 and offered(page) == {"Pause": False, "Abort": False}
    assert "GitHub can't be asked now what owen may" in words(page)


def test_an_environment_offers_what_is_about_itself(doors: Doors) -> None:
    session = doors.session(OWEN)
    assert offered(doors.look("/environments/prod", session)) == {"Deploy": True}
    held = offered(doors.look("/environments/staging", session))
    assert held == {"Release": True, "Deploy": True, "Restart": True, "Put drift right": True}


def test_a_version_that_was_live_can_be_gone_back_to_from_its_own_page(doors: Doors) -> None:
    versions(doors.store)
    page = doors.look("/deployments/staging-3", doors.session(OWEN))
    assert offered(page) == {"Go back to staging-3": True}


def test_from_the_version_that_is_live_one_goes_back_to_the_one_before(doors: Doors) -> None:
    versions(doors.store)
    page = doors.look("/deployments/staging-5", doors.session(OWEN))
    assert offered(page) == {"Go back": True}
    assert "staging goes back to develop-7777777 of staging-4" in words(page)


# ------------------------------------------------------------------------------------------------ the page before


def test_whoever_has_not_signed_in_does_so_first_and_comes_back(doors: Doors) -> None:
    path = "/orders/new?order=abort&environment=dev&deployment=dev-2"
    sent = doors.look(path)
    assert (sent.status, sent.get("location")) == (303, f"/sign-in?next={quote(path, safe='')}")


def test_the_page_says_what_it_would_do_to_what_and_how_to_say_it_by_command(doors: Doors) -> None:
    path = "/orders/new?order=abort&environment=dev&deployment=dev-2"
    text = words(doors.look(path, doors.session(OWEN)))
    assert "Abort: dev-2?" in text and "What it would do now dev-2 turns back" in text
    assert "tidegate abort dev-2" in text and "shift 100" in text
    with doors.store.read() as unit:
        assert unit.orders.waiting("dev") == ()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("order=fly&environment=dev", "No order is called &#39;fly&#39;"),
        ("order=unhold&environment=%3Cb%3E", "No environment is called &#39;&lt;b&gt;&#39;"),
        ("order=abort&environment=dev&deployment=staging-1", "dev has no deployment &#39;staging-1&#39;"),
        ("order=pause&environment=dev&deployment=dev-2&for=soon", "&#39;soon&#39; is no time"),
    ],
)
def test_what_there_is_not_has_no_page(doors: Doors, query: str, told: str) -> None:
    reply = doors.look(f"/orders/new?{query}", doors.session(OWEN))
    assert (reply.status, told in reply.text) == (404, True)


def test_an_answer_to_an_approval_leads_to_the_approvals_own_page(doors: Doors) -> None:
    reply = doors.look("/orders/new?order=approve&environment=dev&deployment=dev-2", doors.session(OWEN))
    assert (reply.status, reply.get("location")) == (303, "/approvals/dev-2")


def test_what_does_not_fit_has_no_form(doors: Doors) -> None:
    reply = doors.look("/orders/new?order=resume&environment=dev&deployment=dev-2", doors.session(OWEN))
    assert "It does not fit as things stand" in reply.text and 'action="/orders"' not in reply.text


# ------------------------------------------------------------------------------------------------ giving it


def test_an_order_is_left_and_the_page_says_what_becomes_of_it(doors: Doors) -> None:
    session = doors.session(OWEN)
    sent = doors.post("/orders", session, ABORT)
    assert (sent.status, sent.get("location")) == (303, "/deployments/dev-2?order=1")
    assert (left(doors), doors.bell.woken) == ((OrderKind.ABORT, "dev-2", Wish()), ["dev"])
    assert "Your order was received: abort" in words(doors.look("/deployments/dev-2?order=1", session))
    with doors.store.write() as unit:
        unit.orders.settle(1, OrderState.DONE, "dev-2 turns back")
    assert "Your order was carried out: abort dev-2 turns back" in words(
        doors.look("/deployments/dev-2?order=1", session)
    )
    assert "Your order" not in words(doors.look("/deployments/dev-2?order=1", doors.session(ABEL)))


def test_an_order_about_an_environment_leads_back_to_it(doors: Doors) -> None:
    sent = doors.post("/orders", doors.session(OWEN), {"order": "unhold", "environment": "staging", "reason": "ok"})
    assert sent.get("location") == "/environments/staging?order=1"
    assert "Your order was received: unhold" in words(doors.look("/environments/staging?order=1", doors.session(OWEN)))


def hidden(page: Reply) -> dict[str, str]:
    return {name: unescape(text) for name, text in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)}


def test_a_form_that_is_sent_twice_gives_one_order(doors: Doors) -> None:
    session = doors.session(OWEN)
    form = hidden(doors.look("/orders/new?order=deploy&environment=prod", session))
    given = {**form, "reason": "once more", "typed": "prod"}
    first = doors.post("/orders", session, given)
    with doors.store.write() as unit:
        unit.orders.settle(1, OrderState.DONE, "prod-2 waits")
    second = doors.post("/orders", session, given)
    assert {first.get("location"), second.get("location")} == {"/environments/prod?order=1"}
    assert doors.bell.woken == ["prod"]


def test_a_page_that_is_opened_anew_gives_another_order(doors: Doors) -> None:
    session = doors.session(OWEN)
    for _ in range(2):
        form = hidden(doors.look("/orders/new?order=deploy&environment=prod", session))
        doors.post("/orders", session, {**form, "reason": "once more", "typed": "prod"})
    assert len(doors.orders) == 2


def test_a_form_that_has_given_its_order_and_says_something_else_now_is_shown_anew(doors: Doors) -> None:
    session = doors.session(OWEN)
    form = hidden(doors.look("/orders/new?order=deploy&environment=prod", session))
    doors.post("/orders", session, {**form, "reason": "once more", "typed": "prod"})
    changed = {**form, "reason": "once more", "typed": "prod", "ref": "v1.4.0"}
    shown = doors.post("/orders", session, changed)
    assert (shown.status, "order 1 was given under this key" in shown.text) == (422, True)
    assert doors.post("/orders", session, {**changed, "key": hidden(shown)["key"]}).status == 303
    assert left(doors, 2) == (OrderKind.DEPLOY, None, Wish(ref="v1.4.0"))


@pytest.mark.parametrize("typed", ["", "Prod", "staging", "prod-1"])
def test_to_deploy_the_environments_name_is_typed(doors: Doors, typed: str) -> None:
    reply = doors.post("/orders", doors.session(OWEN), {**DEPLOY, "typed": typed})
    assert (reply.status, "Type prod to mean it" in reply.text) == (422, True)
    assert doors.orders == []


def test_what_was_typed_goes_with_the_order_and_stays_in_the_form(doors: Doors) -> None:
    session = doors.session(OWEN)
    shown = doors.post("/orders", session, {**DEPLOY, "reason": "because <b>", "ref": "v1.4.0"})
    assert "because &lt;b&gt;" in shown.text and 'value="v1.4.0"' in shown.text
    doors.post("/orders", session, {**DEPLOY, "typed": " prod ", "ref": "v1.4.0"})
    assert left(doors) == (OrderKind.DEPLOY, None, Wish(ref="v1.4.0"))


def test_an_order_needs_a_reason(doors: Doors) -> None:
    reply = doors.post("/orders", doors.session(OWEN), {**ABORT, "reason": " "})
    assert (reply.status, "an order needs a reason" in reply.text) == (422, True)


def test_a_page_from_before_is_refused_in_words(doors: Doors) -> None:
    with doors.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, phase=Phase.ROLLED_BACK, finished_at=NOON))
    reply = doors.post("/orders", doors.session(OWEN), ABORT)
    assert (reply.status, "dev-2 is over: there is nothing to abort" in reply.text) == (422, True)
    assert doors.orders == []


def test_an_order_that_would_do_something_else_by_now_is_shown_once_more(doors: Doors) -> None:
    reply = doors.post("/orders", doors.session(OWEN), {**ABORT, "means": "dev-2 will not start"})
    assert (reply.status, "has changed since this page was opened" in reply.text) == (409, True)
    assert doors.post("/orders", doors.session(OWEN), {**ABORT, "means": "dev-2 turns back"}).status == 303


def test_how_long_a_pause_lasts_is_said_on_its_page_and_is_no_change_since(doors: Doors) -> None:
    session = doors.session(OWEN)
    page = doors.look("/orders/new?order=pause&environment=dev&deployment=dev-2", session)
    form = hidden(page)
    assert form["means"]
    given = {**form, "for": "10m", "reason": "let me look"}
    assert doors.post("/orders", session, given).status == 303
    assert left(doors)[2].limit == timedelta(minutes=10)


def test_a_time_that_cannot_be_read_is_asked_for_again_with_what_else_was_typed(doors: Doors) -> None:
    pause = {**ABORT, "order": "pause", "for": "soon", "reason": "let me look"}
    reply = doors.post("/orders", doors.session(OWEN), pause)
    assert (reply.status, "&#39;soon&#39; is no time: write it as in 30m or 2h" in reply.text) == (422, True)
    assert 'action="/orders"' in reply.text and ">let me look</textarea>" in reply.text
    assert doors.orders == []


def test_the_version_that_a_rollback_was_shown_with_is_the_one_that_it_asks_for(doors: Doors) -> None:
    versions(doors.store)
    page = doors.look("/orders/new?order=rollback&environment=staging", doors.session(OWEN))
    assert '<input type="hidden" name="to" value="staging-4">' in page.text


def test_to_go_back_across_a_migration_takes_its_deployment_typed(doors: Doors) -> None:
    versions(doors.store)
    run = a_run(5, environment="staging", deployment="staging-5", compatible=False, state=RunState.SUCCEEDED)
    with doors.store.write() as unit:
        unit.runs.put(run)
    session = doors.session(OWEN)
    page = doors.look("/orders/new?order=rollback&environment=staging", session)
    assert "Type <code>staging-5</code> to mean it" in page.text
    back = {"order": "rollback", "environment": "staging", "to": "staging-4", "reason": "it is worse"}
    assert doors.post("/orders", session, back).status == 422
    assert doors.post("/orders", session, {**back, "typed": "staging-5"}).status == 303
    assert left(doors)[2] == Wish(to="staging-4", across="staging-5")


def test_to_end_one_that_is_stuck_on_its_way_home_its_name_is_typed(doors: Doors) -> None:
    put_stuck(doors.store, moving("prod", 1, "6"))
    reply = doors.look("/orders/new?order=abort&environment=prod&deployment=prod-1", doors.session(OWEN))
    assert "Type <code>prod-1</code> to mean it" in reply.text
    assert "ends where it is" in words(reply)


def put_stuck(store: Store, deployment: Deployment) -> None:
    back = turned_back(deployment, Reason("smoke.red", "it failed"), NOON)
    step = back.step
    assert step is not None
    trouble = Trouble(Reason("home.no_healthy_target", "no target is healthy"), PATIENCE, permanent=True)
    with store.write() as unit:
        unit.revisions.add(back.revision)
        unit.deployments.add(back.with_step(replace(step.started(NOON), trouble=trouble)))
