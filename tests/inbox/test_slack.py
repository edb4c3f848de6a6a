"""What people do in Slack: an answer counts for the person whose account it is, and who nobody knows is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.domain.errors import Blocked, Transient
from controller.domain.events import Event
from controller.domain.interaction import Did, Interaction
from controller.domain.orders import OrderKind, Wish
from controller.domain.people import Caller, Via
from controller.inbox.orders import Orders
from controller.inbox.rights import Forbidden
from controller.inbox.slack import CODE_LASTS, REPLAYED_WITHIN, SlackAnswers, code_digest
from controller.inbox.wishes import OrderRefused
from controller.store import Store
from tests.support.database import MovedClock
from tests.support.town import GRACE, LINUS

TEAM, ACCOUNT, PLAN = "T1", "U1", "sha256:" + "a" * 64


@dataclass
class Ears:
    """Who was told what, and which forms were opened. `error` is raised by everything."""

    whispers: list[tuple[str, str, str, bool]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    forms: list[tuple[str, str, str]] = field(default_factory=list)
    error: Exception | None = None

    def whisper(
        self, place: str, user: str, text: str, links: Sequence[tuple[str, str]] = (), asks_code: bool = False
    ) -> None:
        self._fail()
        self.whispers.append((place, user, text, asks_code))
        self.links += [address for _, address in links]

    def ask_reason(self, trigger: str, private: str, subject: str) -> None:
        self._fail()
        self.forms.append(("reason", trigger, private))

    def ask_code(self, trigger: str, private: str) -> None:
        self._fail()
        self.forms.append(("code", trigger, private))

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: nobody is told otherwise than by a whisper")


@dataclass
class Left:
    """Orders as they were left; `error` is what becomes of the next."""

    orders: list[tuple[OrderKind, str, str | None, str, Caller, Wish]] = field(default_factory=list)
    error: Exception | None = None

    def leave(
        self, kind: OrderKind, environment: str, deployment: str | None, reason: str, caller: Caller, wish: Wish
    ) -> int:
        if self.error is not None:
            raise self.error
        self.orders.append((kind, environment, deployment, reason, caller, wish))
        return len(self.orders)


@dataclass
class Desk:
    store: Store
    clock: MovedClock
    ears: Ears = field(default_factory=Ears)
    left: Left = field(default_factory=Left)
    public: str = "https://tidegate.example"

    @property
    def answers(self) -> SlackAnswers:
        orders: Any = self.left
        chat: Any = self.ears
        assert hasattr(Orders, "leave")
        return SlackAnswers(self.store, self.clock, orders, chat, TEAM, self.public)

    def hear(self, did: Did, typed: str = "", account: str = ACCOUNT, **about: str) -> None:
        given = {"place": "C1", "deployment": "prod-eu-7", "plan": PLAN, **about}
        self.answers.hear(Interaction(account, did, typed=typed, trigger="1.2", digest="d", **given))

    def tie(self, person: Any = LINUS, account: str = ACCOUNT) -> None:
        self.hear(Did.CODED, self.answers.make_code(person), account)
        self.ears.whispers.clear()

    @property
    def whispered(self) -> str:
        [(place, user, text, _)] = self.ears.whispers
        assert (place, user) == ("C1", ACCOUNT)
        return text


@pytest.fixture
def desk(store: Store, clock: MovedClock) -> Desk:
    return Desk(store, clock)


def test_an_approval_is_left_as_that_person_s_for_the_plan_on_the_button(desk: Desk) -> None:
    desk.tie()
    desk.hear(Did.APPROVE)
    caller = Caller("linus", Via.SLACK, LINUS)
    assert desk.left.orders == [
        (OrderKind.APPROVE, "prod-eu", "prod-eu-7", "looked at the plan", caller, Wish(plan=PLAN))
    ]
    assert desk.whispered == "prod-eu-7: your answer is being counted, linus."


def test_who_nobody_knows_is_asked_for_a_code_and_leaves_no_order(desk: Desk) -> None:
    desk.hear(Did.APPROVE)
    [(_, _, text, asks_code)] = desk.ears.whispers
    assert (desk.left.orders, asks_code, desk.ears.links) == ([], True, ["https://tidegate.example/me"])
    assert "get a code there" in text


def test_without_an_address_there_is_no_link(desk: Desk) -> None:
    desk.public = ""
    desk.hear(Did.APPROVE)
    assert desk.ears.links == []


def test_a_rejection_asks_why_first_and_carries_it(desk: Desk) -> None:
    desk.tie()
    desk.hear(Did.REJECT)
    assert desk.ears.forms == [("reason", "1.2", f"prod-eu-7|{PLAN}|C1")]
    assert desk.left.orders == []
    desk.hear(Did.REJECTED, "not on a Friday")
    assert [(kind, reason) for kind, _, _, reason, _, _ in desk.left.orders] == [(OrderKind.REJECT, "not on a Friday")]


def test_who_nobody_knows_rejects_nothing_either(desk: Desk) -> None:
    desk.hear(Did.REJECTED, "not on a Friday")
    assert desk.left.orders == []


def test_the_code_s_button_opens_its_form(desk: Desk) -> None:
    desk.hear(Did.CODE)
    assert desk.ears.forms == [("code", "1.2", "||C1")]


def test_a_link_that_was_followed_is_nothing(desk: Desk) -> None:
    desk.hear(Did.NOTHING)
    assert (desk.ears.whispers, desk.ears.forms, desk.left.orders) == ([], [], [])


@pytest.mark.parametrize("typed", [str, str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}\n"])
def test_a_code_ties_the_account_however_it_is_typed(desk: Desk, typed: Any) -> None:
    desk.hear(Did.CODED, typed(desk.answers.make_code(LINUS)))
    assert desk.whispered == "You are linus on GitHub. Answer now."
    assert desk.answers.account(LINUS) == ACCOUNT
    with desk.store.read() as unit:
        [line] = unit.audit.page().items
    assert (line.event, line.actor, line.facts["account"]) == (Event.PERSON_TIED, "linus", ACCOUNT)


def test_a_code_is_good_once(desk: Desk) -> None:
    code = desk.answers.make_code(LINUS)
    desk.hear(Did.CODED, code)
    desk.hear(Did.CODED, code, "U2")
    assert desk.answers.account(LINUS) == ACCOUNT
    assert desk.ears.whispers[-1][2].startswith("That is no code")


@pytest.mark.parametrize("typed", ["", "-", "AAAA-BBBB-CCCC-DDDD", "\u00e9\u0000"])
def test_what_is_no_code_ties_nobody(desk: Desk, typed: str) -> None:
    desk.answers.make_code(LINUS)
    desk.hear(Did.CODED, typed)
    assert desk.answers.account(LINUS) is None
    assert desk.whispered.startswith("That is no code")


def test_an_old_code_ties_nobody(desk: Desk) -> None:
    code = desk.answers.make_code(LINUS)
    desk.clock.sleep(CODE_LASTS.total_seconds())
    desk.hear(Did.CODED, code)
    assert desk.answers.account(LINUS) is None


def test_codes_are_long_unlike_each_other_and_kept_as_digests(desk: Desk) -> None:
    codes = [desk.answers.make_code(LINUS) for _ in range(20)]
    assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code) for code in codes)
    assert len({code_digest(code) for code in codes}) == 20
    assert codes[0] not in code_digest(codes[0])


def test_an_untied_account_is_nobody_again_and_that_is_written_down(desk: Desk) -> None:
    desk.tie()
    desk.answers.untie(LINUS)
    desk.answers.untie(LINUS)
    desk.hear(Did.APPROVE)
    assert desk.left.orders == []
    with desk.store.read() as unit:
        events = [line.event for line in unit.audit.page().items]
    assert sorted(events) == sorted([Event.PERSON_TIED, Event.PERSON_UNTIED])


def test_an_account_that_changes_hands_is_the_last_one_s(desk: Desk) -> None:
    desk.tie(LINUS)
    desk.tie(GRACE)
    desk.hear(Did.APPROVE)
    [(_, _, _, _, caller, _)] = desk.left.orders
    assert caller.person == GRACE
    assert desk.answers.account(LINUS) is None


@pytest.mark.parametrize(
    "error",
    [
        OrderRefused("linus may not approve here", code="approval.not_allowed"),
        Forbidden("linus is a viewer", code="role.too_low"),
    ],
)
def test_an_answer_that_does_not_count_says_why_to_that_person_alone(desk: Desk, error: Exception) -> None:
    desk.tie()
    desk.left.error = error
    desk.hear(Did.APPROVE)
    assert desk.whispered == f"That does not count: {error}."


@pytest.mark.parametrize("error", [Transient("GitHub is away"), Blocked("no right", code="github.denied")])
def test_what_did_not_work_is_said_and_nobody_waits_for_it(desk: Desk, error: Exception) -> None:
    desk.tie()
    desk.left.error = error
    desk.hear(Did.APPROVE)
    assert desk.whispered.startswith(f"That did not work: {error}")


@pytest.mark.parametrize("did", list(Did))
@pytest.mark.parametrize("error", [Transient("away"), Blocked("no", code="slack.refused"), RuntimeError("a bug")])
def test_whatever_breaks_nothing_is_raised_once_slack_was_answered(desk: Desk, did: Did, error: Exception) -> None:
    desk.tie()
    desk.ears.error = desk.left.error = error
    with capture_logs():
        desk.hear(did, "typed")


def test_an_answer_counts_also_where_nobody_can_be_told_so(desk: Desk) -> None:
    desk.tie()
    desk.ears.error = Blocked("not in channel", code="slack.refused")
    with capture_logs() as logs:
        desk.hear(Did.APPROVE)
    assert len(desk.left.orders) == 1
    assert [line["event"] for line in logs] == ["not whispered"]


def test_without_a_place_nobody_is_told_anything(desk: Desk) -> None:
    desk.tie()
    desk.hear(Did.REJECTED, "no", place="")
    assert (len(desk.left.orders), desk.ears.whispers) == (1, [])


def test_a_button_without_a_plan_approves_no_particular_one(desk: Desk) -> None:
    desk.tie()
    desk.hear(Did.APPROVE, plan="")
    assert desk.left.orders[0][5] == Wish(plan=None)  # which `decide_approval` refuses


def test_a_request_is_new_once_as_long_as_it_could_be_replayed(desk: Desk) -> None:
    heard = Interaction(ACCOUNT, Did.APPROVE, "C1", "prod-7", PLAN, "", "t", "digest")
    assert desk.answers.is_new(heard)
    assert not desk.answers.is_new(heard)
    assert timedelta(minutes=5) < REPLAYED_WITHIN
    desk.clock.sleep(300)
    assert not desk.answers.is_new(heard)
