"""One message for each deployment, whatever is doubled, late or lost; nothing is said twice, and nobody asked twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from structlog.testing import capture_logs

from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.people import Person
from controller.domain.ports import Said
from controller.domain.telling import Happened, Question, Telling
from controller.loop.telling import Asked, Told
from controller.notifiers.slack import SLACK, SlackNotifier
from tests.adapters.slack.test_blocks import ORDINARY
from tests.support.builders import NOON
from tests.support.town import LINUS, MARGARET

CHANNEL = "#deploys-prod"
RUNNING = replace(ORDINARY, state="running", asks=None, review="")
OVER = replace(RUNNING, state="succeeded", ending="all clear; it took 4m", is_over=True)


class Crash(BaseException):
    """The controller is gone."""


@dataclass
class Room:
    """A chat: what stands in it, by ts, and everything that was called. `errors` are raised by the next calls of a
    name, before or (`late`) after they took effect."""

    messages: dict[str, Telling] = field(default_factory=dict)
    lines: list[tuple[str, str, bool]] = field(default_factory=list)
    directs: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    errors: dict[str, list[BaseException]] = field(default_factory=dict)
    late: dict[str, list[BaseException]] = field(default_factory=dict)

    def post(self, channel: str, telling: Telling) -> Said:
        self._call("post", self.errors)
        ts = f"{len(self.calls)}.0"
        self.messages[ts] = telling
        self._raise("post", self.late)
        return Said("C1", ts)

    def edit(self, said: Said, telling: Telling) -> bool:
        self._call("edit", self.errors)
        if said.ts not in self.messages:
            return False
        self.messages[said.ts] = telling
        return True

    def find(self, channel: str, subject: str, since: datetime) -> Said | None:
        self._call("find", self.errors)
        return next((Said("C1", ts) for ts, found in self.messages.items() if found.subject == subject), None)

    def reply(self, said: Said, text: str, aloud: bool) -> None:
        self._call("reply", self.errors)
        self.lines.append((said.ts, text, aloud))

    def direct(self, user: str, text: str, links: Sequence[tuple[str, str]] = ()) -> None:
        self._call("direct", self.errors)
        self.directs.append((user, links[0][1]))

    def whisper(self, *_: object, **__: object) -> None: ...

    def ask_reason(self, *_: object) -> None: ...

    def ask_code(self, *_: object) -> None: ...

    def _call(self, name: str, errors: Mapping[str, list[BaseException]]) -> None:
        self.calls.append(name)
        self._raise(name, errors)

    def _raise(self, name: str, errors: Mapping[str, list[BaseException]]) -> None:
        if errors.get(name):
            raise errors[name].pop(0)

    @property
    def shown(self) -> list[str]:
        return [telling.state for telling in self.messages.values()]


@dataclass
class Rows:
    """What is so, and what was told. `then` is what becomes so at the next look after the first."""

    now: Telling | None = ORDINARY
    channel: str = CHANNEL
    kept: dict[tuple[str, str, str], tuple[Said, str]] = field(default_factory=dict)
    claimed: set[tuple[str, str, str]] = field(default_factory=set)
    then: list[Telling] = field(default_factory=list)
    could: dict[Person, str] = field(default_factory=dict)
    asked: set[tuple[str, Person]] = field(default_factory=set)
    error: BaseException | None = None
    looks: int = 0

    def present(self, deployment_id: str) -> Told | None:
        self.looks += 1
        if self.looks > 1 and self.then:
            self.now = self.then.pop(0)
        return None if self.now is None else Told(self.now, self.channel, NOON)

    def to_ask(self, deployment_id: str) -> tuple[Asked, ...]:
        assert self.now is not None
        plan = self.now.asks.plan if self.now.asks else ""
        left = [person for person in self.could if (plan, person) not in self.asked]
        return tuple(Asked(person, self.could[person], f"https://t.example/{person.login}") for person in left)

    def was_asked(self, deployment_id: str, plan: str, person: Person) -> None:
        self.asked.add((plan, person))

    def said(self, teller: str, subject: str, place: str) -> tuple[Said, str] | None:
        return self.kept.get((teller, subject, place))

    def claim(self, teller: str, subject: str, place: str) -> bool:
        key = teller, subject, place
        is_free = key not in self.claimed and key not in self.kept
        self.claimed.add(key)
        return is_free

    def release(self, teller: str, subject: str, place: str) -> None:
        self.claimed.discard((teller, subject, place))

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None:
        if self.error is not None:
            raise self.error
        self.kept[teller, subject, place] = said, shown


@dataclass
class Stand:
    room: Room = field(default_factory=Room)
    rows: Rows = field(default_factory=Rows)

    def __post_init__(self) -> None:
        self.notifier = SlackNotifier(self.room, self.rows)

    def phase(self, phase: str, text: str = "because") -> None:
        body = {"deployment": "prod-7", "phase": phase, "event": f"deployment.{phase}", "text": text}
        self.notifier.send("deployment", f"prod-7:{phase}", body)

    def news(self, version: int, happened: str = Happened.STEP, text: str = "✓ shift 50") -> None:
        self.notifier.send("progress", f"prod-7:{version}", {"deployment": "prod-7", "event": happened, "text": text})


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_one_message_is_edited_through_its_life(stand: Stand) -> None:
    stand.news(1, Happened.ASKED)
    for now, phase in ((RUNNING, "running"), (OVER, "succeeded")):
        stand.rows.now = now
        stand.phase(phase)
    assert stand.room.shown == ["succeeded"]
    assert [text for _, text, _ in stand.room.lines] == ["▶ rolling out: because", "✓ succeeded: because"]


def test_what_the_message_began_with_is_no_line_of_its_thread(stand: Stand) -> None:
    stand.news(1, Happened.ASKED, "waits for approval: 0 of 2")
    stand.news(1, Happened.ASKED, "waits for approval: 0 of 2")
    assert (len(stand.room.messages), stand.room.lines) == (1, [])


def test_that_it_only_waits_is_left_to_whatever_comes_next(stand: Stand) -> None:
    stand.phase("waiting")
    assert stand.room.calls == []
    stand.news(1, Happened.ASKED)
    assert (len(stand.room.messages), stand.room.lines) == (1, [])


def test_as_long_as_there_is_nothing_to_tell_nothing_is_said(stand: Stand) -> None:
    stand.rows.now = replace(RUNNING, begins=False)
    stand.phase("waiting")
    stand.phase("superseded")
    assert stand.room.calls == []


def test_who_was_told_before_hears_that_it_was_superseded(stand: Stand) -> None:
    stand.news(1, Happened.ASKED)
    stand.rows.now = replace(RUNNING, state="superseded", begins=False)
    stand.phase("superseded")
    assert stand.room.shown == ["superseded"]


def test_a_crash_between_saying_it_and_writing_it_down_makes_no_second_message(stand: Stand) -> None:
    stand.rows.error = Crash()
    with pytest.raises(Crash):
        stand.phase("running")
    stand.rows.error, stand.rows.claimed = None, set()  # the time that it was held for is over
    stand.rows.now = OVER
    stand.phase("running")
    assert stand.room.shown == ["succeeded"]
    assert stand.room.calls.count("post") == 1


def test_an_answer_that_was_lost_makes_no_second_message(stand: Stand) -> None:
    stand.room.late["post"] = [Transient("no answer")]
    with pytest.raises(Transient):
        stand.phase("running")
    stand.phase("running")
    assert len(stand.room.messages) == 1


def test_while_another_controller_says_the_first_word_this_one_waits(stand: Stand) -> None:
    assert stand.rows.claim(SLACK, "prod-7", CHANNEL)
    with pytest.raises(Transient):
        stand.phase("running")
    assert stand.room.calls == []


def test_what_can_t_be_said_now_is_said_by_whoever_comes_first_afterwards(stand: Stand) -> None:
    stand.room.errors["post"] = [Transient("away")]
    with pytest.raises(Transient):
        stand.phase("running")
    stand.phase("running")
    assert stand.room.shown == ["waits for approval"]


def test_only_what_reads_otherwise_is_edited(stand: Stand) -> None:
    stand.phase("running")
    for version in range(5):
        stand.news(version)
    assert "edit" not in stand.room.calls
    stand.rows.now = OVER
    stand.news(6)
    assert stand.room.calls.count("edit") == 1


def test_a_late_notice_shows_what_is_so_now(stand: Stand) -> None:
    stand.rows.now = OVER
    stand.phase("succeeded")
    stand.phase("running")
    stand.phase("running")
    assert stand.room.shown == ["succeeded"]
    assert [text for _, text, _ in stand.room.lines] == ["▶ rolling out: because"]


def test_what_changed_while_it_was_written_is_written_again(stand: Stand) -> None:
    stand.rows.then = [RUNNING, OVER]
    stand.phase("running")
    assert stand.room.shown == ["succeeded"]


def test_a_message_that_is_gone_is_posted_anew(stand: Stand) -> None:
    stand.phase("running")
    stand.room.messages.clear()
    stand.rows.now = OVER
    stand.phase("succeeded")
    assert stand.room.shown == ["succeeded"]
    assert stand.room.lines[-1][0] in stand.room.messages


def test_a_line_is_said_once_and_again_where_slack_did_not_take_it(stand: Stand) -> None:
    stand.phase("running")
    stand.room.errors["reply"] = [Transient("away")]
    with pytest.raises(Transient):
        stand.news(2)
    stand.news(2)
    stand.news(2)
    assert [text for _, text, _ in stand.room.lines] == ["✓ shift 50"]


@pytest.mark.parametrize(
    ("event", "aloud"),
    [
        (Happened.NEEDED, True),
        ("deployment.rolling_back", True),
        ("deployment.failed", True),
        (Happened.STEP, False),
        (Happened.VOTED, False),
    ],
)
def test_an_edit_calls_nobody_so_what_people_must_hear_is_said_aloud(stand: Stand, event: str, aloud: bool) -> None:
    stand.phase("running")
    stand.news(2, event, "something")
    assert stand.room.lines[-1][2] is aloud


def test_whoever_may_answer_is_asked_once_about_a_plan_and_again_about_another(stand: Stand) -> None:
    stand.rows.could = {LINUS: "U1", MARGARET: "U2"}
    stand.news(1, Happened.ASKED)
    stand.news(2, Happened.VOTED)
    assert stand.room.directs == [("U1", "https://t.example/linus"), ("U2", "https://t.example/margaret")]
    stand.rows.now = replace(ORDINARY, asks=Question("prod-7", "sha256:other"))
    stand.news(3, Happened.ASKED)
    assert len(stand.room.directs) == 4


def test_one_who_can_t_be_asked_keeps_nobody_else_from_it_and_is_not_asked_for_ever(stand: Stand) -> None:
    stand.rows.could = {LINUS: "U1", MARGARET: "U2"}
    stand.room.errors["direct"] = [Blocked("gone", code="slack.refused")]
    with capture_logs() as logs:
        stand.news(1, Happened.ASKED)
        stand.news(2, Happened.VOTED)
    assert stand.room.directs == [("U2", "https://t.example/margaret")]
    assert [line["event"] for line in logs] == ["not asked in Slack"]


def test_a_slack_that_is_away_asks_nobody_twice(stand: Stand) -> None:
    stand.rows.could = {LINUS: "U1", MARGARET: "U2"}
    stand.room.errors["direct"] = []
    stand.news(1, Happened.ASKED)
    stand.rows.could[LINUS] = "U1"
    stand.room.errors["direct"] = [Transient("away")]
    stand.rows.now = replace(ORDINARY, asks=Question("prod-7", "sha256:other"))
    with pytest.raises(Transient):
        stand.news(2, Happened.ASKED)
    stand.news(2, Happened.ASKED)
    assert [user for user, _ in stand.room.directs] == ["U1", "U2", "U1", "U2"]


def test_nobody_is_asked_about_what_nobody_is_asked_about(stand: Stand) -> None:
    stand.rows.now, stand.rows.could = RUNNING, {LINUS: "U1"}
    stand.phase("running")
    assert stand.room.directs == []


def test_that_slack_lets_nobody_tell_it_is_said_once_until_it_works_again(stand: Stand) -> None:
    refusal: list[TidegateError] = [Blocked("not in channel", code="slack.refused") for _ in range(3)]
    stand.room.errors["find"] = [*refusal]
    with capture_logs() as logs:
        stand.phase("running")
        stand.news(2)
        stand.news(3)
    assert [(line["event"], line["channel"]) for line in logs] == [("not told in Slack", CHANNEL)]
    stand.news(4)
    assert stand.room.shown == ["waits for approval"]
    stand.rows.now = OVER
    stand.room.errors["edit"] = [Blocked("not in channel", code="slack.refused")]
    with capture_logs() as again:
        stand.news(5)
    assert len(again) == 1


@pytest.mark.parametrize(("channel", "now"), [("", ORDINARY), (CHANNEL, None)])
def test_without_a_channel_or_a_deployment_nothing_is_said(stand: Stand, channel: str, now: Telling | None) -> None:
    stand.rows.channel, stand.rows.now = channel, now
    stand.phase("running")
    assert stand.room.calls == []


def test_news_of_environments_are_somebody_else_s(stand: Stand) -> None:
    stand.notifier.send("environment", "prod:drift.found:1", {"environment": "prod", "text": "differs"})
    assert stand.room.calls == []
