"""Answers to approvals, and tokens, over HTTP."""

from datetime import timedelta

import pytest

from controller.domain.approval import Glass
from controller.domain.errors import Transient
from controller.domain.people import Person, Role
from tests.api.conftest import TOKEN, Door
from tests.support.asked import DIGEST, OTHER_DIGEST, asked_deployment, put
from tests.support.town import ADA, BARBARA, GRACE, LINUS, caller

APPROVALS = "/api/v1/deployments/prod-1/approvals"
YES = {"answer": "approve", "plan": DIGEST}


@pytest.fixture
def asked(door: Door) -> Door:
    put(door.store, asked_deployment())
    return door


def token(door: Door, person: Person | None, role: Role = Role.ADMIN) -> str:
    by = caller(person or ADA)
    return door.doorkeeper.make_token(f"{role.words} {person}", role, person, by, None)[0]


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_becomes_an_order_of_the_person(asked: Door, answer: str) -> None:
    reply = asked.post(APPROVALS, json={**YES, "answer": answer, "reason": "seen"}, token=token(asked, LINUS))
    assert (reply.status_code, reply.json()) == (202, {"id": 1})
    order = asked.get("/api/v1/orders/1").json()
    assert (order["order"], order["actor"], order["deployment"], order["reason"]) == (answer, "linus", "prod-1", "seen")
    assert asked.woken == ["prod"]


@pytest.mark.parametrize(
    ("person", "body", "code"),
    [
        (ADA, YES, "approval.author"),
        (LINUS, {**YES, "plan": OTHER_DIGEST}, "approval.stale"),
        (LINUS, {"answer": "approve"}, "approval.stale"),
        (LINUS, {**YES, "plan": "9b32054a3cb5"}, "order.invalid_plan"),
        (LINUS, {"answer": "revoke"}, "approval.none_to_revoke"),
        (LINUS, {**YES, "answer": "break_glass"}, "approval.no_glass"),
        (LINUS, {**YES, "reason": "  "}, "order.no_reason"),
        (None, YES, "approval.nobody"),
    ],
)
def test_an_answer_that_does_not_count_is_refused_with_its_reason(
    asked: Door, person: Person | None, body: dict[str, str], code: str
) -> None:
    reply = asked.post(APPROVALS, json=body, token=token(asked, person))
    assert (reply.status_code, reply.json()["code"]) == (422, code)
    assert asked.woken == []


def test_whoever_lacks_the_role_is_told_so(asked: Door) -> None:
    reply = asked.post(APPROVALS, json=YES, token=token(asked, BARBARA))
    assert (reply.status_code, reply.json()["code"]) == (403, "role.too_low")


def test_a_token_lets_in_no_further_than_it_says(asked: Door) -> None:
    reply = asked.post(APPROVALS, json=YES, token=token(asked, GRACE, Role.VIEWER))
    assert (reply.status_code, reply.json()["code"]) == (403, "role.too_low")


@pytest.mark.parametrize("name", ["prod-9", "prod", "-", "nowhere-1", "dev-x"])
def test_there_is_nothing_to_answer_where_there_is_no_deployment(asked: Door, name: str) -> None:
    assert asked.post(f"/api/v1/deployments/{name}/approvals", json=YES, token=token(asked, GRACE)).status_code in {
        403,
        404,
    }
    reply = asked.post(f"/api/v1/deployments/{name}/approvals", json={**YES, "reason": "x"}, token=TOKEN)
    assert (reply.status_code, reply.json()["code"]) == (404, "deployment.unknown")


def test_an_answer_while_github_is_away_is_to_be_given_again(asked: Door) -> None:
    text = token(asked, LINUS)
    assert asked.get("/api/v1/environments", token=text).status_code == 200
    asked.town.trouble = Transient("GitHub does not answer", code="github.unreachable")
    assert asked.post(APPROVALS, json=YES, token=text).status_code in {403, 503}
    assert asked.woken == []


def test_an_admin_sees_and_makes_all_tokens_and_others_their_own(asked: Door) -> None:
    mine, admins = token(asked, LINUS), token(asked, ADA)
    assert [each["owner"] for each in asked.get("/api/v1/tokens", token=mine).json()["items"]] == ["linus"]
    assert [each["owner"] for each in asked.get("/api/v1/tokens", token=admins).json()["items"]] == ["linus", "ada"]
    made = asked.post("/api/v1/tokens", json={"name": "ci", "role": "operator", "days": 2}, token=admins).json()
    assert (made["owner"], made["made_by"], made["role"]) == (None, "ada", "operator")
    assert asked.get("/api/v1/environments", token=made["token"]).status_code == 200
    asked.clock.sleep(timedelta(days=2).total_seconds())
    assert asked.get("/api/v1/environments", token=made["token"]).status_code == 401
    assert asked.post("/api/v1/tokens", json={"name": "more"}, token=mine).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *[({"name": "ci"}, 409), ({"name": " "}, 422), ({"name": "x" * 61}, 422), ({"name": "b", "days": 0}, 422)],
        ({"name": "b", "role": "root"}, 422),
    ],
)
def test_a_token_that_can_not_be_is_refused(door: Door, body: dict[str, object], status: int) -> None:
    assert door.post("/api/v1/tokens", json={"name": "ci"}).status_code == 201
    assert door.post("/api/v1/tokens", json=body).status_code == status


def test_a_token_is_revoked_once(asked: Door) -> None:
    mine = token(asked, LINUS)
    gone = asked.ask("DELETE", "/api/v1/tokens/1", token=mine)
    assert (gone.status_code, gone.json()["revoked_at"] is not None) == (200, True)
    assert asked.get("/api/v1/environments", token=mine).status_code == 401
    assert asked.ask("DELETE", "/api/v1/tokens/1").status_code == 404


def test_who_may_break_the_glass_does_so_while_github_is_away(asked: Door) -> None:
    glass = Glass((BARBARA, GRACE), 2)
    asked.glass = glass
    text = token(asked, GRACE)
    asked.town.trouble = Transient("GitHub does not answer", code="github.unreachable")
    body = {**YES, "answer": "break_glass", "reason": "it burns"}
    assert asked.post(APPROVALS, json=body, token=text).status_code == 202
    assert asked.post(APPROVALS, json=body, token=token(asked, LINUS)).status_code == 403
