"""Who stands at the door: whose token, whose session. Only digests are stored, so nobody who reads the rows gets in."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.entry import ApiToken, Session, digest_of
from controller.domain.errors import TidegateError
from controller.domain.events import AuditEntry, Event
from controller.domain.people import Caller, Person, Role, Via
from controller.domain.ports import Clock
from controller.domain.secret import Secret
from controller.store import Store

LONGEST, IDLE = timedelta(hours=12), timedelta(hours=2)
"""A session ends after so long, and after so long without a request."""

SEEN_EVERY = timedelta(minutes=5)
"""A session's, and a token's, last use is written down this often: a look at a page writes nothing."""

LONGEST_NAME = 60
MOST_TOKENS = 50
"""Of one owner, that are in use."""

LONGEST_TOKEN = timedelta(days=366)
TOKEN_PREFIX = "tidegate_"  # noqa: S105 - what a scanner for leaked secrets finds ours by
ROOT = "api"
"""The name of whoever has the token that the operator has set."""


class EntryRefused(TidegateError):
    """What was asked for can't be given; nothing was stored."""


@dataclass(frozen=True)
class Doorkeeper:
    store: Store
    clock: Clock
    root: Secret

    def __post_init__(self) -> None:
        assert self.root.reveal(), "an empty token would let everybody in"

    # ---------------------------------------------------------------- tokens

    def by_token(self, given: bytes) -> Caller | None:
        """Compared as bytes and in constant time; of the others only the digest is looked for."""
        if hmac.compare_digest(given, self.root.reveal().encode()):
            return Caller(ROOT, Via.API)
        if not given.startswith(TOKEN_PREFIX.encode()):
            return None
        now = self.clock.now()
        with self.store.read() as unit:
            found = unit.tokens.by_digest(digest_of(given))
        if found is None or not _lasts(found, now):
            return None
        if found.used_at is None or now - found.used_at >= SEEN_EVERY:
            with self.store.write() as unit:
                unit.tokens.use(found.id, now)
        return Caller(found.owner.login if found.owner else found.name, Via.API, found.owner, found.role)

    def make_token(
        self, name: str, role: Role, owner: Person | None, by: Caller, lasts: timedelta | None
    ) -> tuple[str, ApiToken]:
        """Its text, which is never shown again. `EntryRefused` for a name or a time that can't be, and for one too
        many; `Conflict` for a name that its owner uses already."""
        told = name.strip()
        if not told.isprintable() or not 0 < len(told) <= LONGEST_NAME:
            raise EntryRefused(f"a token needs a name of 1 to {LONGEST_NAME} printable characters", code="token.name")
        if lasts is not None and not timedelta(0) < lasts <= LONGEST_TOKEN:
            raise EntryRefused("a token lasts up to 366 days", code="token.lasts")
        if role is Role.NOBODY:
            raise EntryRefused("a token needs a role: viewer, approver, operator or admin", code="token.role")
        text, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self.clock.now()
        token = ApiToken(0, told, role, owner, by.name, now, now + lasts if lasts else None)
        with self.store.write() as unit:
            if len([each for each in unit.tokens.all() if each.owner == owner and _lasts(each, now)]) >= MOST_TOKENS:
                raise EntryRefused(f"{MOST_TOKENS} tokens are enough: revoke one first", code="token.too_many")
            made = unit.tokens.add(digest_of(text.encode()), token)
            facts: dict[str, object] = {"token": made.id, "role": role.words, "owner": owner.id if owner else None}
            unit.audit.append([_entry(Event.TOKEN_MADE, by, now, f"the token {told}", facts)])
        return text, made

    def revoke_token(self, number: int, by: Caller, owner: int | None = None) -> bool:
        """`owner`: only one of this person's. False where there is none any more."""
        now = self.clock.now()
        with self.store.write() as unit:
            found = next((token for token in unit.tokens.all() if token.id == number), None)
            if found is None or (owner is not None and (found.owner is None or found.owner.id != owner)):
                return False
            if not unit.tokens.revoke(number, now):
                return False
            unit.audit.append([_entry(Event.TOKEN_REVOKED, by, now, f"the token {found.name}", {"token": number})])
        return True

    # ---------------------------------------------------------------- sessions

    def sign_in(self, person: Person) -> str:
        """The id of a new session, for the cookie."""
        text, now = secrets.token_urlsafe(32), self.clock.now()
        with self.store.write() as unit:
            unit.sessions.begin(digest_of(text.encode()), Session(person, now, now, now + LONGEST))
            entry = _entry(Event.PERSON_SIGNED_IN, Caller(person.login, Via.WEB, person), now, "by GitHub", {})
            unit.audit.append([entry])
        return text

    def by_session(self, given: str, is_used: bool = True) -> Caller | None:
        """Whose it is. A page that is left open uses no session: without anybody's doing it ends."""
        digest, now = digest_of(given.encode()), self.clock.now()
        with self.store.read() as unit:
            found = unit.sessions.get(digest)
        if found is None or found.expires_at <= now or found.seen_at + IDLE <= now:
            return None
        if is_used and now - found.seen_at >= SEEN_EVERY:
            with self.store.write() as unit:
                unit.sessions.see(digest, now)
        return Caller(found.person.login, Via.WEB, found.person)

    def sign_out(self, given: str) -> None:
        digest, now = digest_of(given.encode()), self.clock.now()
        with self.store.write() as unit:
            found = unit.sessions.get(digest)
            unit.sessions.end(digest)
            if found is not None:
                caller = Caller(found.person.login, Via.WEB, found.person)
                unit.audit.append([_entry(Event.PERSON_SIGNED_OUT, caller, now, "by their own click", {})])


def form_token(session: str) -> str:
    """What a form of this session carries: another site can't know it, and whoever reads it gets nowhere with it."""
    return hmac.digest(session.encode(), b"a form of this session", "sha256").hex()


def _lasts(token: ApiToken, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def _entry(event: Event, by: Caller, now: datetime, text: str, facts: dict[str, object]) -> AuditEntry:
    known = {"person": by.person.id} if by.person else {}
    return AuditEntry(event, None, None, by.name, now, text, {**facts, **known, "via": str(by.via)})
