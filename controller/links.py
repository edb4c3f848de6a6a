"""Personal links to approvals: signed, good for one person, one deployment and one plan, until a moment, and once.

A link lets nobody in: it shows whose it is, and whoever follows it signs in as that person.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer

from controller.domain.entry import Link, digest_of
from controller.domain.people import Person
from controller.domain.ports import Clock
from controller.domain.secret import Secret
from controller.store import Store

PURPOSE = "approval"
LONGEST = 500


@dataclass(frozen=True)
class Links:
    """`keys` newest first: the first one signs, all are accepted."""

    store: Store
    clock: Clock
    keys: Sequence[Secret]

    def make(self, person: Person, deployment: str, plan: str, until: datetime) -> str:
        name = secrets.token_urlsafe(24)
        with self.store.write() as unit:
            unit.links.add(digest_of(name.encode()), Link(person, deployment, plan, until), self.clock.now())
        return str(self._signer().dumps(name))

    def read(self, text: str) -> Link | None:
        """None for what we never signed, and for what is over: expired, or used."""
        name = self._name(text)
        if name is None:
            return None
        with self.store.read() as unit:
            found = unit.links.get(digest_of(name.encode()))
        is_over = found is None or found.used_at is not None or found.expires_at <= self.clock.now()
        return None if is_over else found

    def use(self, text: str) -> bool:
        """Whether this was the one time."""
        name, now = self._name(text), self.clock.now()
        if name is None:
            return False
        with self.store.write() as unit:
            return unit.links.use(digest_of(name.encode()), now)

    def _name(self, text: str) -> str | None:
        if not text.isascii() or len(text) > LONGEST:
            return None
        try:
            name = self._signer().loads(text)
        except BadSignature:
            return None
        return name if isinstance(name, str) else None

    def _signer(self) -> URLSafeSerializer:
        """itsdangerous wants the newest key last."""
        return URLSafeSerializer([key.reveal() for key in reversed(self.keys)], salt=PURPOSE)
