"""Everything that somebody may do, asked at one place."""

import pytest

from controller.domain.deployment import Phase
from controller.domain.errors import Transient
from controller.domain.orders import OrderKind, Wish, least_role
from controller.domain.people import Caller, Permission, Role, Rules, Via
from controller.domain.reason import Reason
from controller.inbox.orders import Orders
from controller.inbox.rights import Forbidden, Rights
from controller.inbox.wishes import OrderRefused
from controller.polls import Polls
from controller.store import Store
from tests.store.recorded import deployment, record
from tests.support.builders import FILE, a_binding, a_revision
from tests.support.database import MovedClock
from tests.support.town import ADA, BARBARA, DENNIS, GRACE, LINUS, MARGARET, PROGRAM, Town, caller

ASKED = FILE + "gates: {approval: {}}\n"
APPROVE, REJECT, REVOKE, BREAK = OrderKind.APPROVE, OrderKind.REJECT, OrderKind.REVOKE, OrderKind.BREAK_GLASS
AWAY = Transient("asking GitHub: no answer", code="github.unreachable")


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def rights(store: Store, clock: MovedClock, town: Town) -> Rights:
    prod = a_binding("prod", "main", people=Rules(admin=("grace",)))
    return Rights(Polls(town, store), {"dev": a_binding(), "prod": prod}, clock)


@pytest.fixture
def orders(store: Store, clock: MovedClock, rights: Rights) -> Orders:
    record(store, deployment(1, revision=a_revision(text=ASKED)))
    return Orders(store, clock, rights, lambda _: None)


@pytest.mark.parametrize(
    ("who", "environment", "role"),
    [
        (PROGRAM, "dev", Role.ADMIN),
        (Caller("ci", Via.API, most=Role.VIEWER), "dev", Role.VIEWER),
        (Caller("ci", Via.API, most=Role.OPERATOR), None, Role.OPERATOR),
        (caller(ADA), "dev", Role.ADMIN),
        (caller(ADA), "prod", Role.NOBODY),
        (caller(GRACE), "dev", Role.OPERATOR),
        (caller(GRACE), None, Role.ADMIN),
        (caller(LINUS), "dev", Role.APPROVER),
        (caller(ADA), "nowhere", Role.NOBODY),
        (Caller("ada", Via.API, ADA, Role.APPROVER), "dev", Role.APPROVER),
        (Caller("linus", Via.API, LINUS, Role.ADMIN), "dev", Role.APPROVER),
    ],
)
def test_a_role_is_what_github_and_the_way_in_allow(
    rights: Rights, who: Caller, environment: str | None, role: Role
) -> None:
    assert rights.role(who, environment) is role


def test_whoever_may_not_hears_what_it_takes(rights: Rights) -> None:
    with pytest.raises(Forbidden, match="linus is an approver in dev, and to abort takes an operator") as caught:
        rights.insist(caller(LINUS), "dev", Role.OPERATOR, "abort")
    assert caught.value.code == "role.too_low"
    with pytest.raises(Forbidden, match="barbara is nobody in prod, and to look takes a viewer"):
        rights.insist(caller(BARBARA), "prod", Role.VIEWER, "look")
    rights.insist(caller(GRACE), "dev", Role.OPERATOR, "abort")


def test_a_right_is_read_each_time(rights: Rights, town: Town) -> None:
    assert rights.role(caller(LINUS), "dev") is Role.APPROVER
    town.rights[LINUS] = Permission.READ
    assert rights.role(caller(LINUS), "dev") is Role.VIEWER


def test_who_can_not_be_told_is_not_let_in(rights: Rights, orders: Orders, town: Town) -> None:
    town.trouble = AWAY
    for kind in (OrderKind.ABORT, APPROVE, REJECT):
        with pytest.raises(Transient):
            orders.leave(kind, "dev", "dev-1", "because", caller(ADA))
    assert orders.leave(OrderKind.ABORT, "dev", "dev-1", "because", PROGRAM) == 1, "a program asks nothing of GitHub"


@pytest.mark.parametrize("kind", OrderKind)
def test_every_order_takes_its_role(orders: Orders, kind: OrderKind) -> None:
    who = LINUS if least_role(kind) is Role.OPERATOR else BARBARA
    about = None if kind in {OrderKind.ROLLBACK, OrderKind.UNHOLD, OrderKind.DEPLOY, OrderKind.PRUNE} else "dev-1"
    wish = Wish(service="worker") if kind is OrderKind.PRUNE else Wish()
    refused: type[Exception] = OrderRefused if kind in {REVOKE, BREAK} else Forbidden
    with pytest.raises(refused):
        orders.leave(kind, "dev", about, "because", caller(who), wish)


@pytest.mark.parametrize(
    ("kind", "who", "code"),
    [
        (APPROVE, PROGRAM, "approval.nobody"),
        (APPROVE, caller(LINUS), "approval.not_asked"),
        (REVOKE, caller(LINUS), "approval.none_to_revoke"),
        (BREAK, caller(ADA), "approval.not_asked"),
    ],
)
def test_an_answer_that_would_not_count_is_refused_at_the_door(
    orders: Orders, store: Store, kind: OrderKind, who: Caller, code: str
) -> None:
    with pytest.raises(OrderRefused) as caught:
        orders.leave(
            kind, "dev", "dev-1", "because", who, Wish(plan="sha256:" + "0" * 64) if kind is not REVOKE else Wish()
        )
    assert caught.value.code == code
    with store.read() as unit:
        assert not unit.orders.waiting("dev")


def test_an_answer_is_left_with_who_gave_it_and_through_which_door(orders: Orders, store: Store) -> None:
    orders.leave(REJECT, "dev", "dev-1", "because", caller(MARGARET, Via.SLACK))
    with store.read() as unit:
        (left,) = unit.orders.waiting("dev")
    assert (left.actor, left.by, left.via) == ("margaret", MARGARET, Via.SLACK)


def test_what_does_not_wait_any_more_can_not_be_answered(orders: Orders, store: Store) -> None:
    with store.write() as unit:
        found = unit.deployments.get("dev-1")
        assert found is not None
        unit.deployments.save(found.moved(Phase.SUPERSEDED, Reason("deployment.superseded", "newer"), found.created_at))
    with pytest.raises(OrderRefused) as caught:
        orders.leave(REJECT, "dev", "dev-1", "because", caller(DENNIS))
    assert caught.value.code == "approval.too_late"
