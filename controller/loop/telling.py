"""What the notifiers are to tell of a deployment now, whom they are to ask, and what they have told: from the rows, at
the moment of telling."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.bindings import Binding
from controller.domain.deployment import Phase
from controller.domain.electorate import Electorate
from controller.domain.people import Person
from controller.domain.ports import Clock, Said
from controller.domain.telling import Telling, telling
from controller.links import Links
from controller.polls import Polls
from controller.store import Store


@dataclass(frozen=True)
class Told:
    """`channel` is the one that the deployment's file names, empty where it names none."""

    telling: Telling
    channel: str
    since: datetime


@dataclass(frozen=True)
class Asked:
    """Somebody who may answer: their account in the team, and the address of their own way to the page."""

    person: Person
    account: str
    address: str


class Tellings:
    """`public` is how people reach the pages, empty where nobody knows; `team` is Slack's."""

    def __init__(
        self,
        store: Store,
        bindings: Mapping[str, Binding],
        polls: Polls,
        links: Links,
        clock: Clock,
        public: str,
        team: str,
    ) -> None:
        self._store, self._bindings, self._polls = store, bindings, polls
        self._links, self._clock = links, clock
        self._public, self._team = public.rstrip("/"), team

    def present(self, deployment_id: str) -> Told | None:
        """None for one that isn't there, or whose environment is no longer bound."""
        with self._store.read() as unit:
            found = unit.deployments.get(deployment_id)
        if found is None or found.environment not in self._bindings:
            return None
        channel = found.revision.file.notify.slack or ""
        return Told(telling(found, self._public), channel, found.created_at - MARGIN)

    def to_ask(self, deployment_id: str) -> tuple[Asked, ...]:
        """Those who could still answer, whose account is known, and who were not asked about this plan yet. Each gets a
        link of their own, which is good until the approval expires."""
        with self._store.read() as unit:
            found = unit.deployments.get(deployment_id)
        binding = self._bindings.get(found.environment) if found else None
        if (
            found is None
            or binding is None
            or found.asked is None
            or found.phase is not Phase.WAITING
            or not self._public
        ):
            return ()
        ballot = self._polls.ballot(found, binding)
        if not isinstance(ballot.electorate, Electorate):
            return ()
        people = dict.fromkeys(person for tally in ballot.tallies() if not tally.is_met for person in tally.could)
        until = found.asked.since + ballot.expires_after
        asked: list[Asked] = []
        for person in people:
            with self._store.read() as unit:
                account = unit.identities.slack_of(self._team, person.id)
                before = unit.tellings.get(ASKED, f"{found.id}:{found.asked.plan.digest}:{person.id}", "")
            if account is not None and before is None:
                token = self._links.make(person, found.id, found.asked.plan.digest, until)
                address = f"{self._public}/approvals/{found.id}?link={token}"
                asked.append(Asked(person, account, address))
        return tuple(asked)

    def was_asked(self, deployment_id: str, plan: str, person: Person) -> None:
        self.keep(ASKED, f"{deployment_id}:{plan}:{person.id}", "", Said("", ""), "")

    def said(self, teller: str, subject: str, place: str) -> tuple[Said, str] | None:
        """Where it was told, and the digest of what was told last."""
        with self._store.read() as unit:
            return unit.tellings.get(teller, subject, place)

    def claim(self, teller: str, subject: str, place: str) -> bool:
        """Whether this is who says it for the first time, of all that would at this moment."""
        with self._store.write() as unit:
            return unit.tellings.claim(teller, subject, place, self._clock.now(), HOLD)

    def release(self, teller: str, subject: str, place: str) -> None:
        with self._store.write() as unit:
            unit.tellings.release(teller, subject, place)

    def keep(self, teller: str, subject: str, place: str, said: Said, shown: str) -> None:
        with self._store.write() as unit:
            unit.tellings.put(teller, subject, place, said, shown, self._clock.now())


ASKED = "asked"
"""In place of a teller's name: who was asked by a direct message."""

HOLD = timedelta(seconds=60)
"""Longer than looking for a message and saying it may take."""

MARGIN = timedelta(minutes=5)
"""Slack's clock is not ours."""
