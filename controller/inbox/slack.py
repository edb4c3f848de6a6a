"""What people do in Slack becomes orders of theirs, once they have said who they are. It is done after Slack was
answered; what came of it is whispered to them."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from controller.domain.entry import digest_of
from controller.domain.errors import TidegateError
from controller.domain.events import AuditEntry, Event
from controller.domain.interaction import Did, Interaction
from controller.domain.orders import OrderKind, Wish
from controller.domain.people import Caller, Person, Via
from controller.domain.ports import Chat, Clock
from controller.inbox.limits import Limit
from controller.inbox.orders import Orders
from controller.inbox.rights import Forbidden
from controller.inbox.wishes import OrderRefused
from controller.store import Store

log = structlog.get_logger()

CODE_LASTS = timedelta(minutes=10)
CODE_BYTES = 10
MOST_TRIES, TRIES_WITHIN = 5, timedelta(minutes=1)
"""Of one account, to type a code."""

REPLAYED_WITHIN = timedelta(minutes=15)
"""Older requests than five minutes are not taken; this is more."""

SEPARATOR = "|"


@dataclass(frozen=True)
class SlackAnswers:
    """`public` is how people reach the pages; `team` is the one workspace whose accounts are known."""

    store: Store
    clock: Clock
    orders: Orders
    chat: Chat
    team: str
    public: str
    _tries: Limit = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tries", Limit(self.clock, MOST_TRIES, TRIES_WITHIN))

    def is_new(self, heard: Interaction) -> bool:
        """Whether this request was never taken before."""
        with self.store.write() as unit:
            return unit.interactions.take(heard.digest, self.clock.now(), REPLAYED_WITHIN)

    def hear(self, heard: Interaction) -> None:
        """Never raises: nobody waits any more. A click that is lost is done again."""
        try:
            self._do(heard)
        except TidegateError as error:
            log.warning("interaction not carried out", did=str(heard.did), code=error.code, error=str(error))
            self._whisper(heard, f"That did not work: {error}. Try again in a moment.")
        except Exception:
            log.exception("interaction broke", did=str(heard.did))

    def _do(self, heard: Interaction) -> None:
        match heard.did:
            case Did.APPROVE:
                self._order(heard, OrderKind.APPROVE, "looked at the plan")
            case Did.REJECT:
                self._ask_why(heard)
            case Did.REJECTED:
                self._order(heard, OrderKind.REJECT, heard.typed)
            case Did.CODE:
                self.chat.ask_code(heard.trigger, SEPARATOR.join(("", "", heard.place)))
            case Did.CODED:
                self._coded(heard)
            case Did.NOTHING:
                """A link was followed: the browser does that."""

    # ---------------------------------------------------------------- answers

    def _ask_why(self, heard: Interaction) -> None:
        """A form is opened at once; who it is, is asked when it comes back."""
        private = SEPARATOR.join((heard.deployment, heard.plan, heard.place))
        self.chat.ask_reason(heard.trigger, private, heard.deployment)

    def _order(self, heard: Interaction, kind: OrderKind, reason: str) -> None:
        person = self._person(heard)
        if person is None:
            self._introduce(heard)
            return
        environment = heard.deployment.rpartition("-")[0]
        wish = Wish(plan=heard.plan or None)
        caller = Caller(person.login, Via.SLACK, person)
        try:
            self.orders.leave(kind, environment, heard.deployment, reason, caller, wish)
        except (OrderRefused, Forbidden) as error:
            self._whisper(heard, f"That does not count: {error}.")
            return
        self._whisper(heard, f"{heard.deployment}: your answer is being counted, {person.login}.")

    def _person(self, heard: Interaction) -> Person | None:
        with self.store.read() as unit:
            return unit.identities.person(self.team, heard.account)

    # ---------------------------------------------------------------- who they are

    def _introduce(self, heard: Interaction) -> None:
        told = "Nobody knows yet who you are on GitHub. Sign in on your page, get a code there, and enter it here."
        links = (("Your page", f"{self.public}/me"),) if self.public else ()
        self.chat.whisper(heard.place, heard.account, told, links, asks_code=True)

    def _coded(self, heard: Interaction) -> None:
        self._tries.take(heard.account)
        now = self.clock.now()
        with self.store.write() as unit:
            person = unit.codes.use(code_digest(heard.typed), now)
            if person is not None:
                unit.identities.put(self.team, heard.account, person, now)
                unit.audit.append([_tied(person, heard.account, self.team, Event.PERSON_TIED, self.clock)])
        if person is None:
            self._whisper(heard, "That is no code, or no longer one: get another one on your page.")
            return
        self._whisper(heard, f"You are {person.login} on GitHub. Answer now.")

    def make_code(self, person: Person) -> str:
        """What a person types in Slack within ten minutes; whoever types it is that person from then on."""
        text, now = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode(), self.clock.now()
        with self.store.write() as unit:
            unit.codes.add(code_digest(text), person, now + CODE_LASTS, now)
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def account(self, person: Person) -> str | None:
        """The Slack account that is theirs."""
        with self.store.read() as unit:
            return unit.identities.slack_of(self.team, person.id)

    def untie(self, person: Person) -> None:
        with self.store.write() as unit:
            account = unit.identities.slack_of(self.team, person.id)
            if account is not None and unit.identities.forget(self.team, person.id):
                unit.audit.append([_tied(person, account, self.team, Event.PERSON_UNTIED, self.clock)])

    # ---------------------------------------------------------------- the rest

    def _whisper(self, heard: Interaction, text: str) -> None:
        try:
            if heard.place:
                self.chat.whisper(heard.place, heard.account, text)
        except TidegateError as error:
            log.warning("not whispered", code=error.code, error=str(error))


def code_digest(typed: str) -> str:
    """As people type it: in any case, with or without hyphens and spaces."""
    return digest_of("".join(character for character in typed.upper() if character.isalnum()).encode())


def _tied(person: Person, account: str, team: str, event: Event, clock: Clock) -> AuditEntry:
    facts: dict[str, object] = {"person": person.id, "account": account, "team": team}
    return AuditEntry(event, None, None, person.login, clock.now(), f"the Slack account {account}", facts)
