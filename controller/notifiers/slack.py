"""Notices in Slack: one message for each deployment, edited through its life, with what happened in its thread; and a
direct message to each who may answer."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog

from controller.domain.deployment import Phase
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.people import Person
from controller.domain.ports import Chat, Said
from controller.domain.states import PHASES
from controller.domain.telling import Happened, Telling

log = structlog.get_logger()

SLACK = "slack"
THREAD = "slack_thread"
KINDS = frozenset({"deployment", "progress"})
ALOUD = frozenset({Happened.NEEDED, "deployment.rolling_back", "deployment.failed", "deployment.expired"})
TRIES = 5
"""So often in a row something may have changed while it was written; the next notice is on its way by then."""


class Told(Protocol):
    @property
    def telling(self) -> Telling: ...

    @property
    def channel(self) -> str: ...

    @property
    def since(self) -> datetime: ...


class Asked(Protocol):
    @property
    def person(self) -> Person: ...

    @property
    def account(self) -> str: ...

    @property
    def address(self) -> str: ...


class Tellings(Protocol):
    """What is so now, and what has been told."""

    def present(self, deployment_id: str) -> Told | None: ...

    def to_ask(self, deployment_id: str) -> tuple[Asked, ...]: ...

    def was_asked(self, deployment_id: str, plan: str, person: Person) -> None: ...

    def said(self, teller: str, subject: str, place: str) -> tuple[Said, str] | None: ...

    def claim(self, teller: str, subject: str, place: str) -> bool: ...

    def release(self, teller: str, subject: str, place: str) -> None: ...

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None: ...


class SlackNotifier:
    """Before a message is posted it is looked for: whoever crashed after posting wrote nothing down. What Slack doesn't
    let be told is said in the log once, until it works again.

    An edited message calls nobody, so what people should hear of at once is said aloud in its thread.
    """

    def __init__(self, chat: Chat, tellings: Tellings) -> None:
        self._chat, self._tellings = chat, tellings
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when Slack can't take it now, or another controller says the first word at this moment."""
        if kind not in KINDS or body.get("phase") == Phase.WAITING:
            return
        deployment = str(body["deployment"])
        told = self._tellings.present(deployment)
        if told is None or not told.channel:
            return
        try:
            is_new = self._tellings.said(SLACK, deployment, told.channel) is None
            said = self._shown(told)
            if said is None:
                return
            self._replied(said, deployment, key, body, is_new=is_new)
            self._ask(deployment, told.telling)
        except Blocked as error:
            self._say_once(told.channel, error)
        else:
            with self._lock:
                self._refused.discard(told.channel)

    def _shown(self, told: Told) -> Said | None:
        """The one message, as it is to be now, also if that changed while it was written; None while there is nothing
        to be told."""
        said = None
        for _ in range(TRIES):
            said = self._written(told)
            present = self._tellings.present(told.telling.subject)
            if present is None or present.telling.mark == told.telling.mark:
                break
            told = present
        return said

    def _written(self, told: Told) -> Said | None:
        telling, channel = told.telling, told.channel
        known = self._tellings.said(SLACK, telling.subject, channel)
        if known is not None and known[1] == telling.mark:
            return known[0]
        if known is None and not telling.begins:
            return None
        if known is None:
            said = self._first(told)
        else:
            said = known[0] if self._chat.edit(known[0], telling) else self._chat.post(channel, telling)
        self._tellings.keep(SLACK, telling.subject, channel, said, telling.mark)
        return said

    def _first(self, told: Told) -> Said:
        telling, channel = told.telling, told.channel
        if not self._tellings.claim(SLACK, telling.subject, channel):
            raise Transient(f"Slack: somebody else tells of {telling.subject} at this moment", code="slack.claimed")
        try:
            found = self._chat.find(channel, telling.subject, told.since)
            if found is not None and self._chat.edit(found, telling):
                return found
            return self._chat.post(channel, telling)
        except TidegateError:
            self._tellings.release(SLACK, telling.subject, channel)
            raise

    def _replied(self, said: Said, deployment: str, key: str, body: Mapping[str, object], *, is_new: bool) -> None:
        """Each notice is one line of the thread, once; not what the message itself has just begun with."""
        text = _text(body)
        if not text or self._tellings.said(THREAD, deployment, key) is not None:
            return
        if not is_new:
            self._chat.reply(said, text, aloud=body.get("event") in ALOUD)
        self._tellings.keep(THREAD, deployment, key, said, "")

    def _ask(self, deployment: str, telling: Telling) -> None:
        if telling.asks is None:
            return
        for asked in self._tellings.to_ask(deployment):
            text = f"{telling.title}\n{telling.text}\nThis link is yours, and works once."
            try:
                self._chat.direct(asked.account, text, (("Review", asked.address),))
            except Blocked as error:
                log.warning("not asked in Slack", person=asked.person.id, code=error.code, error=str(error))
            self._tellings.was_asked(deployment, telling.asks.plan, asked.person)

    def _say_once(self, channel: str, error: Blocked) -> None:
        with self._lock:
            is_news = channel not in self._refused
            self._refused.add(channel)
        if is_news:
            log.warning("not told in Slack", channel=channel, code=error.code, error=str(error))


def _text(body: Mapping[str, object]) -> str:
    """The line of the thread."""
    text, phase = str(body.get("text", "")), body.get("phase")
    if phase is None:
        return text
    shown = PHASES[str(phase)]
    return f"{shown.icon} {shown.text}: {text}"
