"""Sessions, tokens, links, and whose Slack account is whose. Of what lets in, only a digest is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import col

from controller.domain.entry import ApiToken, Link, Session
from controller.domain.errors import Conflict
from controller.domain.people import Person, Role
from controller.store.tables import CodeRow, IdentityRow, InteractionRow, LinkRow, SessionRow, TokenRow
from controller.store.transaction import Transaction

MOST_SESSIONS = 20
"""Of one person: the oldest goes when another one begins."""


class Sessions:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def begin(self, digest: str, session: Session) -> None:
        """Those that are over go, and the oldest of somebody who has too many."""
        self._transaction.change(delete(SessionRow).where(col(SessionRow.expires_at) <= session.began_at))
        of_person = select(SessionRow).where(col(SessionRow.person) == session.person.id)
        known = self._transaction.rows(of_person.order_by(col(SessionRow.began_at).desc(), col(SessionRow.digest)))
        for row in known[MOST_SESSIONS - 1 :]:
            self.end(row["digest"])
        values = {
            "digest": digest,
            "person": session.person.id,
            "login": session.person.login,
            "began_at": session.began_at,
            "seen_at": session.seen_at,
            "expires_at": session.expires_at,
        }
        self._transaction.change(insert(SessionRow).values(values))

    def get(self, digest: str) -> Session | None:
        row = self._transaction.row(select(SessionRow).where(col(SessionRow.digest) == digest))
        if row is None:
            return None
        person = Person(row["person"], row["login"])
        return Session(person, row["began_at"], row["seen_at"], row["expires_at"])

    def see(self, digest: str, now: datetime) -> None:
        self._transaction.change(update(SessionRow).where(col(SessionRow.digest) == digest).values(seen_at=now))

    def end(self, digest: str) -> None:
        self._transaction.change(delete(SessionRow).where(col(SessionRow.digest) == digest))


class Tokens:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, digest: str, token: ApiToken) -> ApiToken:
        """With its number. `Conflict` when its owner uses one of this name."""
        values = {name: value for name, value in vars(token).items() if name not in {"id", "owner", "role"}} | {
            "digest": digest,
            "role": token.role.words,
            "person": token.owner.id if token.owner else None,
            "login": token.owner.login if token.owner else None,
        }
        mine = (known for known in self.all() if _owner(known) == _owner(token))
        if any(known.name == token.name and known.revoked_at is None for known in mine):
            raise Conflict(f"a token called {token.name} is there already: revoke it first", code="token.name_taken")
        made = self._transaction.changed(insert(TokenRow).values(values).returning(col(TokenRow.id)))
        assert made is not None, "an INSERT that worked returns its row"
        return ApiToken(**{**vars(token), "id": int(made["id"])})

    def by_digest(self, digest: str) -> ApiToken | None:
        row = self._transaction.row(select(TokenRow).where(col(TokenRow.digest) == digest))
        return None if row is None else _token(row)

    def all(self) -> tuple[ApiToken, ...]:
        return tuple(map(_token, self._transaction.rows(select(TokenRow).order_by(col(TokenRow.id)))))

    def use(self, number: int, now: datetime) -> None:
        self._transaction.change(update(TokenRow).where(col(TokenRow.id) == number).values(used_at=now))

    def revoke(self, number: int, now: datetime) -> bool:
        """False where there is none, or none any more."""
        wanted = col(TokenRow.id) == number, col(TokenRow.revoked_at).is_(None)
        return bool(self._transaction.change(update(TokenRow).where(*wanted).values(revoked_at=now)))


def _owner(token: ApiToken) -> int | None:
    return token.owner.id if token.owner else None


def _token(row: Mapping[str, Any]) -> ApiToken:
    owner = None if row["person"] is None else Person(row["person"], row["login"])
    plain = {name: value for name, value in row.items() if name not in {"digest", "person", "login", "role"}}
    return ApiToken(**plain, role=Role[row["role"].upper()], owner=owner)


class Links:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, digest: str, link: Link, now: datetime) -> None:
        self._transaction.change(delete(LinkRow).where(col(LinkRow.expires_at) <= now))
        values = {
            "digest": digest,
            "person": link.person.id,
            "login": link.person.login,
            "deployment": link.deployment,
            "plan": link.plan,
            "expires_at": link.expires_at,
        }
        self._transaction.change(insert(LinkRow).values(values))

    def get(self, digest: str) -> Link | None:
        row = self._transaction.row(select(LinkRow).where(col(LinkRow.digest) == digest))
        if row is None:
            return None
        person = Person(row["person"], row["login"])
        return Link(person, row["deployment"], row["plan"], row["expires_at"], row["used_at"])

    def use(self, digest: str, now: datetime) -> bool:
        """Whether this was the one time."""
        wanted = col(LinkRow.digest) == digest, col(LinkRow.used_at).is_(None)
        return bool(self._transaction.change(update(LinkRow).where(*wanted).values(used_at=now)))


class Identities:
    """Slack accounts, by team and user, and the person each of them is."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, team: str, user: str, person: Person, now: datetime) -> None:
        """One person has one account in a team, and the other way round: the older tie goes."""
        of_person = col(IdentityRow.team) == team, col(IdentityRow.person) == person.id
        self._transaction.change(delete(IdentityRow).where(*of_person))
        values = {"team": team, "slack": user, "person": person.id, "login": person.login, "tied_at": now}
        self._transaction.put(IdentityRow, values, ["team", "slack"])

    def person(self, team: str, user: str) -> Person | None:
        wanted = col(IdentityRow.team) == team, col(IdentityRow.slack) == user
        row = self._transaction.row(select(IdentityRow).where(*wanted))
        return None if row is None else Person(row["person"], row["login"])

    def slack_of(self, team: str, person: int) -> str | None:
        wanted = col(IdentityRow.team) == team, col(IdentityRow.person) == person
        row = self._transaction.row(select(IdentityRow).where(*wanted))
        return None if row is None else str(row["slack"])

    def forget(self, team: str, person: int) -> bool:
        wanted = col(IdentityRow.team) == team, col(IdentityRow.person) == person
        return bool(self._transaction.change(delete(IdentityRow).where(*wanted)))


class Codes:
    """What people type in Slack to tie an account there to theirs."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, digest: str, person: Person, expires_at: datetime, now: datetime) -> None:
        """A person has one at a time."""
        over = or_(col(CodeRow.expires_at) <= now, col(CodeRow.person) == person.id)
        self._transaction.change(delete(CodeRow).where(over))
        values = {"digest": digest, "person": person.id, "login": person.login, "expires_at": expires_at}
        self._transaction.change(insert(CodeRow).values(values))

    def use(self, digest: str, now: datetime) -> Person | None:
        """Whose it was; it is gone then."""
        row = self._transaction.row(select(CodeRow).where(col(CodeRow.digest) == digest))
        gone = self._transaction.change(delete(CodeRow).where(col(CodeRow.digest) == digest)) if row else 0
        return Person(row["person"], row["login"]) if row and gone and row["expires_at"] > now else None


class Interactions:
    """Requests of Slack's that were taken."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def take(self, digest: str, now: datetime, kept: timedelta) -> bool:
        """False for one that was taken before."""
        self._transaction.change(delete(InteractionRow).where(col(InteractionRow.taken_at) <= now - kept))
        return self._transaction.insert_new(InteractionRow, {"digest": digest, "taken_at": now}, ["digest"])
