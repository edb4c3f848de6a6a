"""Whether somebody must be called: what is so now, and nothing that is over. Any notice makes it look, so one that is
lost, late or doubled does no harm."""

from collections.abc import Collection, Mapping
from typing import Protocol

from controller.domain.alerting import Alert
from controller.domain.ports import Pager, Said
from controller.notifiers.refusals import Refusals

PAGER = "pager"
TRIES = 5
"""So often in a row something may have changed while it was said; the next notice is on its way by then."""

NOWHERE = Said("", "")
QUIET = ""
"""The mark of an environment about which nobody is called."""


class Alerts(Protocol):
    def environment_of(self, body: Mapping[str, object]) -> str: ...

    def alert(self, environment: str) -> Alert | None: ...

    def name(self, environment: str) -> str: ...


class Tellings(Protocol):
    def said(self, teller: str, subject: str, place: str) -> tuple[Said, str] | None: ...

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None: ...


class PagerNotifier:
    """`only` are the environments that anybody is called about; none, and it is all."""

    def __init__(self, pager: Pager, alerts: Alerts, tellings: Tellings, only: Collection[str] = ()) -> None:
        self._pager, self._alerts, self._tellings, self._only = pager, alerts, tellings, frozenset(only)
        self._refusals = Refusals("the pager")

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when it can't be said now."""
        environment = self._alerts.environment_of(body)
        if not environment or (self._only and environment not in self._only):
            return
        with self._refusals.swallowed():
            for _ in range(TRIES):
                if not self._changed(environment):
                    return

    def _changed(self, environment: str) -> bool:
        """Whether there was anything to say."""
        alert, known = self._alerts.alert(environment), self._tellings.said(PAGER, environment, "")
        mark = alert.mark if alert else QUIET
        if mark == (known[1] if known else QUIET):
            return False
        if alert is not None:
            self._pager.trigger(alert)
        else:
            self._pager.resolve(self._alerts.name(environment))
        self._tellings.keep(PAGER, environment, "", NOWHERE, mark)
        return True
