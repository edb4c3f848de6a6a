"""Notices in Slack: one message for each deployment, edited through its life, with what happened in its thread; and a
direct message to each who may answer."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog

from controller.domain.errors import Blocked
from controller.domain.people import Person
from controller.domain.ports import Chat, Said
from controller.domain.telling import Telling

log = structlog.get_logger()

SLACK = "slack"
THREAD = "slack_thread"
KINDS = frozenset({"deployment", "progress"})


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

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None: ...


class SlackNotifier:
    """Before a message is posted it is looked for: whoever crashed after posting wrote nothing down. What Slack doesn't
    let be told is said in the log once, until it works again."""

    def __init__(self, chat: Chat, tellings: Tellings) -> None:
        self._chat, self._tellings = chat, tellings
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        if kind not in KINDS:
            return
        deployment = str(body["deployment"])
        told = self._tellings.present(deployment)
        if told is None or not told.channel:
            return
        try:
            said = self._shown(told)
            self._replied(said, deployment, key, str(body.get("text", "")))
            self._ask(deployment, told.telling)
        except Blocked as error:
            self._say_once(told.channel, error)
        else:
            with self._lock:
                self._refused.discard(told.channel)

    def _shown(self, told: Told) -> Said:
        """The one message, as it is to be now."""
        wanted, subject = told.telling.mark, told.telling.subject
        known = self._tellings.said(SLACK, subject, told.channel)
        said = known[0] if known else self._chat.find(told.channel, subject, told.since)
        if known is not None and known[1] == wanted:
            return known[0]
        if said is None or not self._chat.edit(said, told.telling):
            said = self._chat.post(told.channel, told.telling)
        self._tellings.keep(SLACK, subject, told.channel, said, wanted)
        return said

    def _replied(self, said: Said, deployment: str, key: str, text: str) -> None:
        """Each notice is one line of the thread, once."""
        if text and self._tellings.said(THREAD, deployment, key) is None:
            self._chat.reply(said, text)
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
