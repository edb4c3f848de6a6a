"""Webhooks and e-mail: what is worth a message, once, and what becomes of those who don't want it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from controller.domain.bulletin import Bulletin
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.telling import Happened
from controller.notifiers.bulletins import MailNotifier, WebhookNotifier
from tests.domain.test_bulletin import ASKS


@dataclass
class Post:
    """What arrived by either way; `made` is what any notice tells."""

    made: Bulletin | None = ASKS
    taken: list[Bulletin] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)
    error: TidegateError | None = None

    def take(self, bulletin: Bulletin) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append(bulletin)

    def publish(self, subject: str, text: str) -> None:
        if self.error is not None:
            raise self.error
        self.letters.append((subject, text))

    def bulletin(self, key: str, body: Mapping[str, object]) -> Bulletin | None:
        return self.made and replace(self.made, key=key)

    @property
    def both(self) -> tuple[WebhookNotifier, MailNotifier]:
        return WebhookNotifier("webhook-1", self, self.bulletin), MailNotifier(self, self.bulletin)


def tell(notifier: WebhookNotifier | MailNotifier, event: str = Happened.ASKED) -> None:
    notifier.send("progress", "prod-7:3", {"deployment": "prod-7", "event": event, "text": "waits"})


def test_an_event_that_is_worth_it_is_told_both_ways() -> None:
    post = Post()
    for notifier in post.both:
        tell(notifier)
    assert post.taken == [ASKS]
    assert post.letters == [(ASKS.subject, ASKS.letter)]


@pytest.mark.parametrize("event", [Happened.STEP, "deployment.waiting", "", "audit.sealed"])
def test_others_are_not(event: str) -> None:
    post = Post()
    for notifier in post.both:
        tell(notifier, event)
        notifier.send("deployment", "prod-7:waiting", {"deployment": "prod-7"})
    assert (post.taken, post.letters) == ([], [])


def test_of_what_is_not_there_or_not_begun_nothing_is_told() -> None:
    post = Post(made=None)
    for notifier in post.both:
        tell(notifier)
    assert (post.taken, post.letters) == ([], [])


def test_nobody_is_asked_by_a_late_letter_for_what_is_no_longer_to_be_done() -> None:
    assert ASKS.telling is not None
    post = Post(made=replace(ASKS, telling=replace(ASKS.telling, asks=None)))
    for notifier in post.both:
        tell(notifier)
    assert post.letters == []
    assert len(post.taken) == 1, "programs hear of every event"


@pytest.mark.parametrize("number", [0, 1])
def test_who_does_not_answer_is_asked_again(number: int) -> None:
    with pytest.raises(Transient):
        tell(Post(error=Transient("away")).both[number])


@pytest.mark.parametrize("number", [0, 1])
def test_who_does_not_want_it_is_said_once_until_it_works_again(number: int) -> None:
    post = Post(error=Blocked("it answered 404", code="notify.refused"))
    notifier = post.both[number]
    with capture_logs() as logs:
        tell(notifier)
        tell(notifier)
    assert [line["event"] for line in logs] == ["not told"]
    post.error = None
    tell(notifier)
    post.error = Blocked("it answered 404", code="notify.refused")
    with capture_logs() as again:
        tell(notifier)
    assert len(again) == 1
