"""The bypass matrix: what is asked, who asks, in which state of the gate, and, in a few rules, what may come of it.

The rules say what people were promised, in terms of door, role and state. They know nothing of how the doors are built.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from controller.domain.deployment import Phase
from controller.domain.entry import digest_of
from controller.domain.orders import ANSWERS, OrderKind
from controller.domain.people import Person, Role
from controller.inbox.doorkeeper import IDLE, LONGEST, form_token
from tests.security.world import (
    ABEL,
    ANN,
    AWAY,
    COOKIE,
    FORM,
    NOEL,
    OWEN,
    PUBLIC,
    ROOT,
    SIGNING_SECRET,
    VERA,
    WALT,
    Doors,
    filled_in,
    pressed,
)
from tests.support.asked import DIGEST, OTHER_DIGEST, a_vote, asked_deployment, over, put
from tests.support.builders import a_running_deployment

ABOUT = "prod-1"


class Door(StrEnum):
    OPEN = "open"  # whoever comes
    PAGE = "page"  # whoever has signed in and may look
    FORM = "form"  # the same, from a page of ours
    API = "api"  # whoever has a token
    FEED = "feed"  # either of the two
    SLACK = "slack"  # signed by Slack
    SIGNED = "signed"  # signed by GitHub or AWS: nobody here is


class State(StrEnum):
    NOT_ASKED = "not asked yet"
    NONE = "asked, 0 of 2"
    ONE = "asked, 1 of 2"
    OTHER = "another plan waits"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RUNNING = "running"
    OVER = "over"
    AWAY = "GitHub is away"


WAITING = frozenset({State.NOT_ASKED, State.NONE, State.ONE, State.OTHER, State.AWAY})


# ------------------------------------------------------------------------------------------------ what is asked


@dataclass(frozen=True)
class Act:
    """One request. `route` is as the app spells it. `changes` are the tables in which it leaves something where it is
    allowed; empty: it only reads. `answer` and `order` say what it leaves. `fits` are the states in which a page takes
    it, None: all; in others it is told what speaks against it."""

    route: str
    method: str
    path: str
    door: Door
    least: Role = Role.NOBODY
    changes: frozenset[str] = frozenset()
    shown: tuple[int, ...] = (200,)
    body: Any = None
    answer: OrderKind | None = None
    own: str = ""
    asks_github: bool = False
    name: str = ""
    fits: frozenset[State] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.name}".strip()


def reads(route: str, door: Door, path: str = "", shown: tuple[int, ...] = (200,), **more: Any) -> tuple[Act, ...]:
    given = path or route
    least = Role.NOBODY if door is Door.OPEN else Role.VIEWER
    head = {"shown": (405,)} if route == "/sign-in/callback" else {"shown": shown}
    return (
        Act(route, "GET", given, door, least, shown=shown, **more),
        Act(route, "HEAD", given, door, least, **head, **more),
    )


V1 = "/api/v1"
AUDITED = frozenset({"audit", "audit_head"})
ORDERED = AUDITED | {"orders"}
OF_ORDERS: tuple[tuple[OrderKind, dict[str, Any]], ...] = (
    *((kind, {"deployment": ABOUT}) for kind in (OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME)),
    (OrderKind.ABORT, {"deployment": ABOUT}),
    (OrderKind.ROLLBACK, {}),
    (OrderKind.UNHOLD, {}),
    (OrderKind.DEPLOY, {"restart": True}),
    (OrderKind.PRUNE, {"service": "worker"}),
)


FROM_PAGES: tuple[tuple[OrderKind, dict[str, str], frozenset[State] | None], ...] = (
    (OrderKind.DEPLOY, {"typed": "prod"}, None),
    (OrderKind.ABORT, {"deployment": ABOUT}, WAITING | {State.RUNNING}),
    (OrderKind.PAUSE, {"deployment": ABOUT}, frozenset({State.RUNNING})),
    (OrderKind.UNHOLD, {}, frozenset()),
)
"""One that needs somebody outside, and three that the rows speak for or against."""


def an_order(kind: OrderKind, more: dict[str, Any]) -> Act:
    body = {"order": str(kind), "reason": "we looked", **more}
    path = f"{V1}/environments/prod/orders"
    route = f"{V1}/environments/{{name}}/orders"
    return Act(route, "POST", path, Door.API, Role.OPERATOR, ORDERED, (202,), body, asks_github=True, name=str(kind))


def an_order_from_a_page(kind: OrderKind, more: dict[str, str], fits: frozenset[State] | None) -> Act:
    body = {"order": str(kind), "environment": "prod", "reason": "we looked", **more}
    told = (body, None, "", True, f"{kind} from a page")
    return Act("/orders", "POST", "/orders", Door.FORM, Role.OPERATOR, ORDERED, (303,), *told, fits)


def an_answer_among_orders(kind: OrderKind) -> Act:
    body = {"order": str(kind), "reason": "we looked", "deployment": ABOUT, "plan": DIGEST}
    path, route = f"{V1}/environments/prod/orders", f"{V1}/environments/{{name}}/orders"
    return Act(route, "POST", path, Door.API, Role.VIEWER, shown=(422,), body=body, name=f"{kind} as an order")


def an_answer(kind: OrderKind, door: Door) -> Act:
    """The same word through each of the three doors."""
    about = {"answer": str(kind), "plan": DIGEST, "reason": "we looked"}
    if door is Door.API:
        route, path, shown = f"{V1}/deployments/{{id}}/approvals", f"{V1}/deployments/{ABOUT}/approvals", (202,)
    else:
        route, path, shown = "/approvals/{id}", f"/approvals/{ABOUT}", (303,)
    return Act(route, "POST", path, door, Role.APPROVER, ORDERED, shown, about, kind, asks_github=True, name=str(kind))


def in_slack(kind: OrderKind | None, name: str, make: Callable[[str], Any]) -> Act:
    changes = ORDERED if kind else frozenset[str]()
    return Act(
        *("/webhooks/slack", "POST", "/webhooks/slack", Door.SLACK, Role.APPROVER if kind else Role.NOBODY),
        changes,
        body=make,
        answer=kind,
        name=name,
    )


VALUE = f"{ABOUT}|{DIGEST}"

ACTS: tuple[Act, ...] = (
    Act("/webhooks/github", "POST", "/webhooks/github", Door.SIGNED, body={"ref": "refs/heads/main"}),
    Act("/webhooks/aws", "POST", "/webhooks/aws", Door.SIGNED, body={"detail-type": "x"}),
    *(act for name in ("health", "ready", "version", "metrics") for act in reads(f"/{name}", Door.OPEN)),
    *reads(f"{V1}/openapi.json", Door.OPEN),
    *reads(f"{V1}/overview", Door.API),
    *reads(f"{V1}/environments", Door.API),
    *reads(f"{V1}/environments/{{name}}", Door.API, f"{V1}/environments/prod"),
    *reads(f"{V1}/environments/{{name}}/plan", Door.API, f"{V1}/environments/prod/plan", (200, 409)),
    *reads(f"{V1}/environments/{{name}}/explain", Door.API, f"{V1}/environments/prod/explain"),
    *reads(f"{V1}/environments/{{name}}/candidates", Door.API, f"{V1}/environments/prod/candidates"),
    *(an_order(kind, more) for kind, more in OF_ORDERS),
    *(an_answer_among_orders(kind) for kind in OrderKind if kind in ANSWERS),
    *reads(f"{V1}/deployments", Door.API),
    *reads(f"{V1}/comparison", Door.API, f"{V1}/comparison?from={ABOUT}&to=dev-2"),
    *reads(f"{V1}/deployments/{{id}}", Door.API, f"{V1}/deployments/{ABOUT}"),
    *reads(f"{V1}/deployments/{{id}}/plan", Door.API, f"{V1}/deployments/dev-2/plan"),
    *reads(f"{V1}/deployments/{{id}}/samples", Door.API, f"{V1}/deployments/{ABOUT}/samples"),
    *reads(f"{V1}/deployments/{{id}}/contents", Door.API, f"{V1}/deployments/{ABOUT}/contents"),
    *reads(f"{V1}/delivery", Door.API, f"{V1}/delivery?environment=prod&weeks=4"),
    *reads(f"{V1}/delivery/rows", Door.API, f"{V1}/delivery/rows?environment=prod&figure=failures"),
    *reads(f"{V1}/audit", Door.API),
    *(an_answer(kind, Door.API) for kind in OrderKind if kind in ANSWERS),
    *reads(f"{V1}/tokens", Door.API, asks_github=True),
    Act(
        *(f"{V1}/tokens", "POST", f"{V1}/tokens", Door.API, Role.ADMIN, AUDITED | {"tokens"}, (201,)),
        {"name": "made in the matrix", "role": "admin"},
        asks_github=True,
    ),
    Act(
        *(f"{V1}/tokens/{{id}}", "DELETE", f"{V1}/tokens/1", Door.API, Role.ADMIN, AUDITED | {"tokens"}),
        own="nobody",
        asks_github=True,
    ),
    *reads(f"{V1}/audit/verification", Door.API),
    Act(f"{V1}/audit/comparison", "POST", f"{V1}/audit/comparison", Door.API, Role.VIEWER, body={"anchors": []}),
    *reads(f"{V1}/orders/{{id}}", Door.API, f"{V1}/orders/1"),
    in_slack(OrderKind.APPROVE, "approve", lambda account: pressed(account, "approve", VALUE)),
    in_slack(OrderKind.REJECT, "reject", lambda account: filled_in(account, "reject", f"{VALUE}|C0", "too late")),
    in_slack(None, "ask why", lambda account: pressed(account, "reject", VALUE)),
    in_slack(None, "a code that is none", lambda account: filled_in(account, "code", "||C0", "AAAA-BBBB-CCCC-DDDD")),
    in_slack(None, "break_glass", lambda account: pressed(account, "break_glass", VALUE)),
    *reads("/events", Door.PAGE),
    *reads("/", Door.PAGE),
    *reads("/history", Door.PAGE, "/history?environment=prod"),
    *reads("/history.csv", Door.PAGE),
    *reads("/history.json", Door.PAGE),
    *reads("/compare", Door.PAGE, f"/compare?from={ABOUT}&to=dev-2"),
    *reads("/delivery", Door.PAGE, "/delivery?environment=prod&figure=failures"),
    *reads("/deployments/{id}", Door.PAGE, f"/deployments/{ABOUT}"),
    *reads("/environments/{name}", Door.PAGE, "/environments/prod"),
    *reads("/environments/{name}/plan", Door.PAGE, "/environments/prod/plan"),
    *reads("/orders/new", Door.PAGE, f"/orders/new?order=abort&environment=prod&deployment={ABOUT}"),
    *(an_order_from_a_page(kind, more, fits) for kind, more, fits in FROM_PAGES),
    *reads("/approvals", Door.PAGE),
    *reads("/audit", Door.PAGE),
    *reads("/audit/export", Door.PAGE, "/audit/export?format=json"),
    Act("/audit/verification", "POST", "/audit/verification", Door.FORM, Role.VIEWER),
    *reads("/feed.atom", Door.FEED),
    *reads("/approvals/{id}", Door.PAGE, f"/approvals/{ABOUT}"),
    *(an_answer(kind, Door.FORM) for kind in OrderKind if kind in ANSWERS),
    *reads("/sign-in", Door.OPEN, shown=(303,)),
    *reads("/sign-in/callback", Door.OPEN, "/sign-in/callback?code=c1&state=s1", (400,)),
    Act("/sign-out", "POST", "/sign-out", Door.FORM, Role.NOBODY, AUDITED | {"sessions"}, (303,)),
    *reads("/me", Door.PAGE),
    Act(
        *("/me/tokens", "POST", "/me/tokens", Door.FORM, Role.VIEWER, AUDITED | {"tokens"}),
        body={"name": "mine of the matrix", "role": "admin", "days": "9"},
    ),
    Act("/me/slack", "POST", "/me/slack", Door.FORM, Role.VIEWER, frozenset({"codes"})),
    Act(
        *("/me/slack/untie", "POST", "/me/slack/untie", Door.FORM, Role.VIEWER),
        AUDITED | {"identities"},
        (303,),
        own="tied",
    ),
    Act(
        *("/me/tokens/{token}", "POST", "/me/tokens/2", Door.FORM, Role.VIEWER),
        AUDITED | {"tokens"},
        (303,),
        own="ann",
    ),
    *reads("/static", Door.OPEN, "/static/tidegate.css"),
)


# ------------------------------------------------------------------------------------------------ who asks


@dataclass(frozen=True)
class Way:
    """Somebody, and how they come in. `door` is the one that opens for them, None where none does. `role` is what they
    may in prod now, as far as this way in allows; `is_there`: they may look at all."""

    name: str
    door: Door | None = None
    role: Role = Role.NOBODY
    person: Person | None = None
    most: Role = Role.ADMIN
    token: str = ""
    session: str = ""
    account: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def request(self, act: Act, doors: Doors) -> tuple[list[tuple[str, str | bytes]], bytes]:
        """Headers and body, as somebody sends them who means it."""
        if act.door is Door.SLACK:
            account = self.account or "U0STRANGER"
            body = urlencode({"payload": json.dumps({**act.body(account), **self.changes.get("payload", {})})}).encode()
            if not self.account:
                return [*self._shown(), ("content-type", FORM)], body
            return doors.slack_headers(body, secret=self.changes.get("secret", SIGNING_SECRET)), body
        if act.door is Door.FORM:
            fields = {**(act.body or {}), "form": self.changes.get("form", form_token(self.session))}
            return [*self._shown(), ("content-type", FORM)], urlencode(fields).encode()
        body = json.dumps(act.body).encode() if act.body is not None else b""
        signed = doors.slack_headers(body) if self.account else []
        return [*self._shown(), *(signed or [("content-type", "application/json")])], body

    def _shown(self) -> list[tuple[str, str | bytes]]:
        if self.token:
            return [("authorization", f"Bearer {self.token}")]
        if not self.session:
            return []
        browser = {"origin": PUBLIC, "sec-fetch-site": "same-origin", **self.changes.get("headers", {})}
        return [("cookie", f"{COOKIE}={self.session}"), *((name, text) for name, text in browser.items() if text)]


ROLES = (Role.VIEWER, Role.APPROVER, Role.OPERATOR, Role.ADMIN)
PEOPLE = {Role.NOBODY: NOEL, Role.VIEWER: VERA, Role.APPROVER: ABEL, Role.OPERATOR: OWEN, Role.ADMIN: ANN}
NEVER = Person(199, "nina")
"""Had every right when she signed in, and has none now."""


def ways(doors: Doors) -> tuple[Way, ...]:
    """Everybody. They get theirs in this order: the first token is a program's, the next is Ann's."""
    programs = [doors.token(role, name=f"program {role.words}") for role in (Role.VIEWER,)]
    ceilings = {role: doors.token(role, ANN, f"ceiling {role.words}") for role in (Role.ADMIN, *ROLES[:3])}
    programs += [doors.token(role, name=f"program {role.words}") for role in ROLES[1:]]
    return (
        Way("nobody"),
        Way("a wrong token", token="tidegate_" + "x" * 43),
        Way("the operator's token", Door.API, Role.ADMIN, token=ROOT),
        *(
            Way(f"a program's token, {role.words}", Door.API, role, most=role, token=token)
            for role, token in zip(ROLES, programs, strict=True)
        ),
        *(
            Way(f"an admin's token, at most {role.words}", Door.API, role, ANN, role, token=token)
            for role, token in ceilings.items()
        ),
        Way("an operator's token", Door.API, Role.OPERATOR, OWEN, token=doors.token(Role.ADMIN, OWEN, "mine")),
        Way("a lost one's token", Door.API, Role.NOBODY, NEVER, token=doors.token(Role.ADMIN, NEVER, "mine")),
        *_sessions(doors),
        *_in_slack(doors),
    )


def _sessions(doors: Doors) -> Sequence[Way]:
    made = {role: doors.session(person) for role, person in PEOPLE.items()}
    admin = made[Role.ADMIN]
    other = {"form": form_token(made[Role.OPERATOR])}
    aged = _aged(doors)
    return (
        *(
            Way(f"a session, {role.words}", Door.FORM, role, PEOPLE[role], session=session)
            for role, session in made.items()
        ),
        Way("a session of whom the glass names", Door.FORM, Role.VIEWER, WALT, session=doors.session(WALT)),
        Way("a session that outlived its rights", Door.FORM, Role.NOBODY, NEVER, session=doors.session(NEVER)),
        Way("a session that expired", session=aged["expired"]),
        Way("a session that idled", session=aged["idle"]),
        Way("a session nobody gave out", session="y" * 43),
        Way("no form token", Door.PAGE, Role.ADMIN, ANN, session=admin, changes={"form": ""}),
        Way("another session's form token", Door.PAGE, Role.ADMIN, ANN, session=admin, changes=other),
        *(
            Way(f"a form: {name}", Door.PAGE, Role.ADMIN, ANN, session=admin, changes={"headers": headers})
            for name, headers in (
                ("from elsewhere", {"origin": "https://evil.example"}),
                ("from nowhere", {"origin": ""}),
                ("from a null origin", {"origin": "null"}),
                ("across sites", {"sec-fetch-site": "cross-site"}),
            )
        ),
    )


def _aged(doors: Doors) -> dict[str, str]:
    """Sessions that were begun long ago, and not used since."""
    now = doors.clock.now()
    made = {name: doors.session(ANN) for name in ("expired", "idle")}
    began = {"expired": now - LONGEST, "idle": now - IDLE}
    for name, session in made.items():
        with doors.store.write() as unit:
            digest = digest_of(session.encode())
            found = unit.sessions.get(digest)
            assert found is not None
            unit.sessions.end(digest)
            seen = now if name == "expired" else began[name]
            unit.sessions.begin(
                digest, replace(found, began_at=began[name], seen_at=seen, expires_at=began[name] + LONGEST)
            )
    return made


def _in_slack(doors: Doors) -> Sequence[Way]:
    accounts = {role: f"U0{person.login.upper()}" for role, person in PEOPLE.items()}
    for role, account in accounts.items():
        doors.tie(PEOPLE[role], account)
    return (
        Way("Slack, untied", Door.SLACK, account="U0UNTIED"),
        *(
            Way(f"Slack, tied to {role.words}", Door.SLACK, role, PEOPLE[role], account=account)
            for role, account in accounts.items()
        ),
        Way("Slack, signed with another secret", account=accounts[Role.ADMIN], changes={"secret": "another secret"}),
        Way("Slack, another workspace", account=accounts[Role.ADMIN], changes={"payload": {"team": {"id": "T0EVIL"}}}),
        Way("Slack, another app", account=accounts[Role.ADMIN], changes={"payload": {"api_app_id": "A0EVIL"}}),
    )


# ------------------------------------------------------------------------------------------------ in which state


def lay(doors: Doors, state: State) -> None:
    """prod-1 is in this state. In «1 of 2» it was Abel who approved."""
    waits = asked_deployment()
    given = (a_vote(ABEL),)
    made = {
        State.NOT_ASKED: replace(waits, asked=None),
        State.NONE: waits,
        State.ONE: asked_deployment(votes=given),
        State.OTHER: asked_deployment(digest=OTHER_DIGEST),
        State.REJECTED: over(waits, Phase.REJECTED, "approval.rejected"),
        State.EXPIRED: over(waits, Phase.EXPIRED, "approval.expired"),
        State.RUNNING: replace(
            over(replace(waits, plan=waits.asked.plan if waits.asked else None), Phase.RUNNING, "deployment.running"),
            steps=waits.asked.plan.steps if waits.asked else (),
            undo=a_running_deployment().undo,
        ),
        State.OVER: over(waits, Phase.SUCCEEDED, "deployment.succeeded"),
        State.AWAY: waits,
    }
    put(doors.store, made[state])


def go_away(doors: Doors, state: State) -> None:
    if state is State.AWAY:
        doors.town.trouble = AWAY


# ------------------------------------------------------------------------------------------------ what may come of it


@dataclass(frozen=True)
class Wanted:
    """Statuses, one of which it must be, and the tables in which something changes: exactly these."""

    statuses: tuple[int, ...]
    changes: frozenset[str] = frozenset()


TURNED_AWAY = {Door.API: 401, Door.FEED: 401, Door.PAGE: 303, Door.FORM: 403, Door.SLACK: 401, Door.SIGNED: 401}
HEARD = frozenset({"interactions"})
"""What Slack signed is remembered, so that it counts once."""


def wanted(act: Act, way: Way, state: State) -> Wanted:
    """What was promised. The first rule that fits."""
    if act.door is Door.OPEN:
        return Wanted(act.shown)
    if not opens(way, act.door):
        return Wanted((401, 415) if act.door is Door.SIGNED else (TURNED_AWAY[act.door],))
    heard = HEARD if act.door is Door.SLACK else frozenset[str]()
    refused = (200,) if act.door is Door.SLACK else (403,)
    if not may_look(way, state) and not is_by_number(act, way, state):
        return Wanted(refused, heard)
    if act.answer is not None:
        return Wanted(act.shown, act.changes | heard) if counts(act, way, state) else Wanted(no(act, way, state), heard)
    if way.most < act.least and not act.own:
        return Wanted(refused, heard)
    if way.person is not None and state is State.AWAY and act.asks_github:
        return Wanted((503,))
    if way.role < act.least:
        return Wanted((404,) if act.own else refused, heard)
    if act.own and not is_owner(act, way):
        return Wanted((303,) if act.own == "tied" else (404,), heard)
    if act.fits is not None and state not in act.fits:
        return Wanted((422,))
    return Wanted(act.shown, act.changes | heard)


def opens(way: Way, door: Door) -> bool:
    """Whoever may send forms also sees pages, and so does a browser of theirs that sends another's form."""
    if door is Door.FEED:
        return way.door in {Door.API, Door.PAGE, Door.FORM}
    return way.door is door or (door is Door.PAGE and way.door is Door.FORM)


def may_look(way: Way, state: State) -> bool:
    """At all. While GitHub is away: programs, and those whom the glass names."""
    if way.door is Door.SLACK:
        return True
    if way.person is None:
        return way.role >= Role.VIEWER
    return way.person in {ANN, WALT} if state is State.AWAY else way.role >= Role.VIEWER


def is_by_number(act: Act, way: Way, state: State) -> bool:
    """What somebody may whoever they are: leave; answer by a form, which asks for itself."""
    return act.path == "/sign-out" or (act.answer is not None and act.door is not Door.API)


def counts(act: Act, way: Way, state: State) -> bool:
    """Whether an answer is taken: a person, in a role, about the plan that waits, and GitHub says so now."""
    if way.person is None or way.most < Role.APPROVER or state not in WAITING:
        return False
    if act.answer is OrderKind.REVOKE:
        return state is State.ONE and way.person == ABEL
    if act.answer is OrderKind.BREAK_GLASS:
        return way.person in {ANN, WALT} and state in {State.NONE, State.ONE, State.AWAY}
    if state is State.AWAY or way.role < Role.APPROVER:
        return False
    if act.answer is OrderKind.REJECT:
        return True
    return state is State.NONE or (state is State.ONE and way.person != ABEL)


def no(act: Act, way: Way, state: State) -> tuple[int, ...]:
    """How it is said. Whoever lacks the role hears 403; others that it does not count. While GitHub is away nobody's
    role is known."""
    if act.door is Door.SLACK:
        return (200,)
    return (
        (403, 422, 503)
        if state is State.AWAY or act.answer in BY_NUMBER
        else ((403,) if way.role < Role.APPROVER else (422,))
    )


BY_NUMBER = frozenset({OrderKind.REVOKE, OrderKind.BREAK_GLASS})


def is_owner(act: Act, way: Way) -> bool:
    owners = {"tied": tuple(PEOPLE.values()), "ann": (ANN,), "nobody": ()}[act.own]
    return way.person in owners or (act.own == "nobody" and way.role >= Role.ADMIN)
