"""Slow answers, for whoever can't wait: kept, asked for once, and never waited for too long."""

import threading
from datetime import timedelta

from structlog.testing import capture_logs

from controller.domain.errors import Blocked
from controller.loop.unhurried import Unhurried
from tests.support.rows import NoonClock

LASTS, PATIENCE = timedelta(minutes=1), timedelta(seconds=5)


def test_an_answer_holds_for_a_while_and_is_asked_for_anew_after() -> None:
    clock, asked = NoonClock(), list[str]()
    unhurried = Unhurried(lambda name: asked.append(name) or len(asked), clock, LASTS, PATIENCE)
    assert [unhurried("dev").value, unhurried("dev").value] == [1, 1]
    clock._monotonic += LASTS.total_seconds()
    heard = unhurried("dev")
    assert (heard.value, heard.at, asked) == (2, clock.now(), ["dev", "dev"])


def test_whoever_can_t_wait_is_told_so_and_the_next_one_finds_the_answer() -> None:
    release, told = threading.Event(), threading.Event()

    def slow(name: str) -> str:
        release.wait(PATIENCE.total_seconds())
        told.set()
        return "there"

    unhurried = Unhurried(slow, NoonClock(), LASTS, timedelta(0))
    assert "longer than usual" in unhurried("dev").trouble
    release.set()
    assert told.wait(PATIENCE.total_seconds())
    patient = Unhurried(slow, NoonClock(), LASTS, PATIENCE)
    assert patient("dev").value == "there"


def test_while_one_question_is_open_nobody_asks_it_a_second_time() -> None:
    release, asked = threading.Event(), list[str]()

    def slow(name: str) -> int:
        asked.append(name)
        release.wait(PATIENCE.total_seconds())
        return len(asked)

    unhurried = Unhurried(slow, NoonClock(), LASTS, timedelta(0))
    for _ in range(5):
        assert unhurried("dev").value is None
    release.set()
    assert asked == ["dev"]


def test_without_asking_nothing_is_looked_up() -> None:
    asked: list[str] = []
    unhurried = Unhurried(asked.append, NoonClock(), LASTS, PATIENCE)
    assert unhurried("dev", asks=False).trouble == "it was not looked up"
    assert asked == []


def test_that_it_could_not_be_looked_up_is_an_answer_with_its_code() -> None:
    def denied(name: str) -> str:
        raise Blocked("AWS denies it", code="aws.denied")

    heard = Unhurried(denied, NoonClock(), LASTS, PATIENCE)("dev")
    assert (heard.value, heard.trouble, heard.code) == (None, "AWS denies it", "aws.denied")


def test_a_mistake_of_ours_is_logged_and_told_without_its_words() -> None:
    def broken(name: str) -> str:
        raise ValueError("a secret of the inside")

    with capture_logs() as lines:
        heard = Unhurried(broken, NoonClock(), LASTS, PATIENCE)("dev")
    assert heard.trouble == "looking it up failed"
    assert [line["event"] for line in lines] == ["not looked up"]
