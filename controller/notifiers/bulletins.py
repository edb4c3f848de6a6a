"""Notices for whoever is no chat: outgoing webhooks and e-mail. Each is one message, with how things stand by then."""

from collections.abc import Callable, Mapping

from controller.domain.bulletin import MAILED, POSTED, Bulletin
from controller.domain.ports import Mailing, Receiver
from controller.notifiers.refusals import Refusals

Made = Callable[[str, Mapping[str, object]], Bulletin | None]
"""What a notice of this key and this body tells."""


class WebhookNotifier:
    """`name` is who is told, for the log."""

    def __init__(self, name: str, receiver: Receiver, made: Made) -> None:
        self._receiver, self._made, self._refusals = receiver, made, Refusals(name)

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when it can't be taken now. One may come twice, with the same id."""
        if body.get("event") not in POSTED:
            return
        bulletin = self._made(key, body)
        if bulletin is not None:
            with self._refusals.swallowed():
                self._receiver.take(bulletin)


class MailNotifier:
    """Nobody is asked by a late letter for what is no longer to be done."""

    def __init__(self, mailing: Mailing, made: Made) -> None:
        self._mailing, self._made, self._refusals = mailing, made, Refusals("the topic")

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when it can't be taken now. One may come twice."""
        if body.get("event") not in MAILED:
            return
        bulletin = self._made(key, body)
        if bulletin is not None and not bulletin.is_over:
            with self._refusals.swallowed():
                self._mailing.publish(bulletin.subject, bulletin.letter)
