"""What is looked at: a few installations, each with rows of one kind, served as the product serves them.

`EXHIBITS` is the list: a state's name and what fills it. A page that needs a row to be worth a look puts it there.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile

import uvicorn

from controller.domain.approval import Glass
from controller.domain.deployment import Deployment
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Hold, HoldUntil
from controller.domain.events import AuditEntry, Event
from controller.domain.evidence import FailureEvidence, HookEvidence
from controller.domain.people import Person, Role
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.sighting import Sighting
from controller.domain.step import StepKind, StepState
from controller.domain.verdict import Answer, Judged
from tests.security.world import ABEL, ANN, NOEL, OWEN, VERA, WALT, Doors
from tests.support.asked import a_vote, asked_deployment
from tests.support.builders import (
    FILE,
    NOON,
    a_rule,
    a_running_deployment,
    a_slot,
    a_view,
)
from tests.support.evidence import FOUND
from tests.support.rows import held, held_environment, of, settled
from tests.support.town import caller

VIEWERS: Mapping[str, Person] = {"viewer": VERA, "approver": ABEL, "operator": OWEN, "admin": ANN, "stranger": NOEL}
ANONYMOUS = "anonymous"
"""Has not signed in. In the state `shut` that is not enough to look."""

HARM = "harmed"
"""What the hostile text would set in the page's window, if anything of it ran."""

HOSTILE = (
    f"<script>window.{HARM}=1</script><img src=x onerror=\"window.{HARM}=1\"><svg onload='window.{HARM}=1'>"
    f"\"'><iframe srcdoc='<script>parent.{HARM}=1</script>'></iframe><a href=\"javascript:window.{HARM}=1\">press</a>"
    f"</title></textarea></details></bdi> {{{{ 7 * 7 }}}} `code` \u202eyksir\u2066 \u2067\u200f "
    "🚢👩‍👩‍👧‍👦 \x1b[31mred\x1b[0m\x07 & &lt;b&gt;"
)
LONG = HOSTILE + " " + "endless" * 700 + " word " * 800
"""Ten thousand characters, five thousand of them without a space."""

CANARY = FILE.replace(
    "{type: rolling}",
    "{type: canary, steps: [{weight: 10, bake: 5m}, {weight: 50, bake: 5m}, {weight: 100, bake: 5m}]}",
)
ROWS = 1000


# ---------------------------------------------------------------------------------------------------------- the states


def nothing(doors: Doors) -> None:
    """An installation that nobody has pushed anything to yet."""


def busy(doors: Doors) -> None:
    """dev: a canary in flight, and drift. staging: rolled back with evidence, and held. prod: waiting for approvals."""
    dev = in_flight("dev", 2, "2")
    waiting = replace(asked_deployment("prod", 2, votes=[a_vote(OWEN)]), gates=GATES)
    deployments = (settled("dev", 1, "1"), dev, settled("staging", 1, "3"), held("staging", 2), settled("prod", 1, "5"))
    with doors.store.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
        for deployment in (*deployments, waiting):
            unit.revisions.add(deployment.revision)
            unit.deployments.add(deployment)
        found = {name: unit.environments.get(name) for name in ("dev", "staging", "prod")}
        unit.environments.save(replace(found["dev"], live=1, live_since=NOON - A_DAY, drift=Drifted(found=(CLICKED,))))
        unit.environments.save(held_environment(found["staging"]))
        unit.environments.save(replace(found["prod"], live=1, live_since=NOON - A_DAY))
        unit.evidence.add(replace(FOUND, deployment="staging-2", about="staging-2"), deployments[3])
        views = {name: a_view(name, green=a_slot(name), rule=a_rule(90, 10, name)) for name in ("backend", "frontend")}
        unit.sightings.put(Sighting("dev", views, NOON))
        unit.sightings.put(Sighting("prod", {name: a_view(name) for name in views}, NOON))
        unit.timers.set("dev", NOON + timedelta(seconds=5))
        unit.audit.append(told("dev", "dev-2"))
        unit.audit.append(told("staging", "staging-2"))


def hostile(doors: Doors) -> None:
    """Everything that comes from outside means harm, and is long."""
    mallory = Person(900, HOSTILE[:80])
    author = Author(mallory.id, mallory.login, LONG)
    reason = Reason("smoke.red", LONG)
    doors.town.rights[mallory] = doors.town.rights[ABEL]

    def theirs(deployment: Deployment) -> Deployment:
        commit = replace(deployment.revision.commit, message=LONG, authors=(author, author))
        steps = tuple(replace(step, detail=LONG) if step.started_at else step for step in deployment.steps)
        revision = replace(deployment.revision, commit=commit)
        return replace(deployment, revision=revision, steps=steps, because_of=Reason("ordered", LONG), reason=reason)

    vote = replace(a_vote(mallory), reason=LONG)
    gates = (Judged("checks", Answer.HELD, reason), Judged("approval", Answer.HELD, reason))
    failed = theirs(held("staging", 2))
    broken = theirs(in_flight("dev", 2, "2"))
    waiting = replace(theirs(asked_deployment("prod", 1, votes=[vote, replace(vote, breaks_glass=True)])), gates=gates)
    with doors.store.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
        for deployment in (theirs(settled("staging", 1, "3")), failed, broken, waiting):
            unit.revisions.add(deployment.revision)
            unit.deployments.add(deployment)
        difference = Difference("backend", "target group", "health check path", HOSTILE, LONG)
        hold = Hold(reason, HoldUntil.PERSON, NOON, 2)
        for name in ("dev", "staging", "prod"):
            unit.environments.save(
                replace(
                    unit.environments.get(name),
                    live=1 if name == "staging" else None,
                    hold=hold if name == "staging" else None,
                    problem=Reason("file.invalid", LONG),
                    trouble=Reason("aws.denied", LONG) if name == "dev" else None,
                    remark=Reason("release.older", LONG),
                    drift=Drifted(found=(Drift(difference, NOON),)),
                )
            )
        unit.evidence.add(
            FailureEvidence(
                deployment="staging-2",
                about="staging-2",
                step=9,
                gathered_at=NOON,
                slots=tuple(
                    replace(
                        slot, stopped=tuple(replace(one, lines=(LONG, HOSTILE), reason=LONG) for one in slot.stopped)
                    )
                    for slot in FOUND.slots
                ),
                alarms=(),
                findings=(),
                hooks=(HookEvidence(HOSTILE, LONG, 3, (LONG,)),),
            ),
            failed,
        )
        facts: dict[str, object] = {"<b>name</b>": LONG, "nested": {"list": [HOSTILE, 1, None]}}
        unit.audit.append(
            AuditEntry(Event.STEP_ENDED, name, number, mallory.login, NOON, LONG, facts)
            for name, number in (("dev", "dev-2"), ("staging", "staging-2"), ("prod", "prod-1"), (None, None))
        )
    doors.doorkeeper.make_token(HOSTILE[:60], Role.VIEWER, ANN, caller(ANN), None)


def crowded(doors: Doors) -> None:
    """A thousand deployments, and as many lines of the audit about one of them."""
    template = settled("dev", 1, "1")
    with doors.store.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
        for number in range(1, ROWS + 1):
            commit = replace(template.revision.commit, sha=f"{number:040x}", message=f"Change number {number}")
            revision = replace(template.revision, commit=commit)
            at = NOON - timedelta(minutes=ROWS - number)
            unit.revisions.add(revision)
            unit.deployments.add(
                replace(
                    template,
                    id=f"dev-{number}",
                    number=number,
                    revision=revision,
                    created_at=at,
                    started_at=at,
                    finished_at=at + timedelta(seconds=50),
                )
            )
        unit.environments.save(replace(unit.environments.get("dev"), live=ROWS, live_since=NOON))
        unit.audit.append(
            AuditEntry(Event.STEP_ENDED, "dev", "dev-1", "tidegate", NOON + timedelta(seconds=number), f"line {number}")
            for number in range(ROWS)
        )


EXHIBITS: Mapping[str, Callable[[Doors], None]] = {
    "empty": nothing,
    "busy": busy,
    "hostile": hostile,
    "crowded": crowded,
    "shut": busy,
}
"""`shut`: only those may look who have signed in."""


# ------------------------------------------------------------------------------------------------------- what they hold

A_DAY = timedelta(days=1)
GATES = (
    Judged("image", Answer.OPEN, Reason("image.sealed", "every image is pinned by its digest")),
    Judged("soak", Answer.OPEN, Reason("soak.over", "staging has run it for 45m")),
    Judged("approval", Answer.HELD, Reason("approval.waiting", "1 of 2 approvals that the file asks for")),
)
CLICKED = Drift(Difference("backend", "target group", "health check path", "/health", "/"), NOON - timedelta(hours=3))


def in_flight(environment: str, number: int, letter: str) -> Deployment:
    """A canary: 10 % of the traffic is on the new version, and it is watched."""
    deployment, at = a_running_deployment(CANARY), NOON - timedelta(minutes=6)
    for step in deployment.steps:
        if step.kind is StepKind.BAKE:
            deployment = deployment.with_step(
                replace(step.started(at), detail="2m of 5m watched, every target healthy")
            )
            break
        deployment = deployment.with_step(step.started(at).ended(StepState.DONE, at + timedelta(seconds=30), "done"))
        at += timedelta(seconds=30)
    return replace(of(environment, deployment, number, letter), started_at=NOON - timedelta(minutes=6))


def told(environment: str, deployment: str) -> Iterator[AuditEntry]:
    """What the audit says of a deployment's first minutes."""
    lines = (
        (Event.DEPLOYMENT_CREATED, "ada", "for commit 2222222", {"commit": "2" * 40}),
        (Event.DEPLOYMENT_STARTED, "tidegate", "every gate is open", {"plan": "sha256:" + "9" * 64, "steps": 18}),
        (Event.STEP_STARTED, "tidegate", "register", {"step": 1}),
        (Event.ACTION_INTENDED, "tidegate", "RegisterDefinition backend", {"service": "backend", "slot": "green"}),
        (Event.ACTION_SUCCEEDED, "tidegate", "RegisterDefinition backend", {"service": "backend"}),
        (Event.STEP_ENDED, "tidegate", "register: done", {"step": 1, "state": "done"}),
        (Event.ORDER_ACCEPTED, "owen", "pause: customers call", {"order": 1, "via": "web"}),
    )
    for number, (event, actor, text, facts) in enumerate(lines):
        yield AuditEntry(event, environment, deployment, actor, NOON - timedelta(minutes=7 - number), text, facts)


# --------------------------------------------------------------------------------------------------------- how it hangs


class Room:
    """One state, served on a port of its own."""

    def __init__(self, name: str, directory: Path, migrated: Path) -> None:
        self._listener = _listener()
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        file = directory / f"{name}.db"
        copyfile(migrated, file)
        anonymous = "nobody" if name == "shut" else "viewer"
        self.doors = Doors(file, self.origin, glass=Glass((ANN, WALT), 2), anonymous=anonymous)
        EXHIBITS[name](self.doors)
        self._sessions = {who: self.doors.session(person) for who, person in VIEWERS.items()}
        # The lifespan is the controller's: nothing of its loop runs here.
        self._server = uvicorn.Server(uvicorn.Config(self.doors.app, log_level="warning", lifespan="off"))
        given = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=given, name=f"gallery {name}")
        self._thread.start()

    def cookie(self, who: str) -> dict[str, str] | None:
        """What a browser holds in which this viewer has signed in."""
        if who == ANONYMOUS:
            return None
        return {"name": "tidegate", "value": self._sessions[who], "url": self.origin}

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)
        self._listener.close()
        self.doors.close()


class Gallery:
    """Rooms, each opened when somebody first goes there."""

    def __init__(self, directory: Path, migrated: Path) -> None:
        self._directory, self._migrated = directory, migrated
        self._rooms: dict[str, Room] = {}

    def room(self, state: str) -> Room:
        if state not in self._rooms:
            self._rooms[state] = Room(state, self._directory, self._migrated)
        return self._rooms[state]

    def close(self) -> None:
        for room in self._rooms.values():
            room.close()


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener
