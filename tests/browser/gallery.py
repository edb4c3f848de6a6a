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

import httpx
import uvicorn

from controller.domain.approval import Glass
from controller.domain.contents import Change, Contents, PullRequest
from controller.domain.deployment import Deployment, Phase
from controller.domain.dora import Fact, Lead
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Hold, HoldUntil
from controller.domain.events import AuditEntry, Event
from controller.domain.evidence import FailureEvidence, HookEvidence
from controller.domain.metrics import Finding, Result, Sample
from controller.domain.people import Person, Role
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState
from controller.domain.verdict import Answer, Judged
from controller.homeward import turned_back
from controller.store.distances import Measured
from tests.browser.played import PLAYS, Played
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
    dev, back = in_flight("dev", 2, "2"), went_home("staging", 2, "4")
    waiting = replace(asked_deployment("prod", 2, votes=[a_vote(OWEN)]), gates=GATES)
    deployments = (was_well("dev", 1, "1"), dev, was_well("staging", 1, "3"), back, was_well("prod", 1, "5"))
    with doors.store.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
        for deployment in (*deployments, waiting):
            unit.revisions.add(deployment.revision)
            unit.deployments.add(deployment)
        found = {name: unit.environments.get(name) for name in ("dev", "staging", "prod")}
        unit.environments.save(replace(found["dev"], live=1, live_since=NOON - A_DAY, drift=Drifted(found=(CLICKED,))))
        unit.environments.save(held_environment(found["staging"]))
        unit.environments.save(replace(found["prod"], live=1, live_since=NOON - A_DAY))
        unit.evidence.add(replace(FOUND, deployment="staging-2", about="staging-2"), back)
        unit.samples.put(dev, counted(dev, 6, 0.002))
        unit.samples.put(back, counted(back, 8, 0.03))
        for deployment in (*deployments, waiting):
            unit.contents.settle(brought(deployment), is_news=True)
        unit.distances.put(Measured("prod", "staging", "5" * 40, "3" * 40, 4, 0, NOON))
        views = {name: a_view(name, green=a_slot(name), rule=a_rule(90, 10, name)) for name in ("backend", "frontend")}
        unit.sightings.put(Sighting("dev", views, NOON))
        unit.sightings.put(Sighting("prod", {name: a_view(name) for name in views}, NOON))
        unit.timers.set("dev", NOON + timedelta(seconds=5))
        unit.audit.append(told("dev", "dev-2"))
        unit.audit.append(told("staging", "staging-2"))
        unit.audit.append(told("prod", "prod-1"))


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
        change = Change("4" * 40, LONG, (author,), NOON, pull=7, is_traced=True)
        pull = PullRequest(7, LONG, mallory.login, LONG[:80], NOON - A_DAY, NOON, mallory.login, NOON - 2 * A_DAY)
        brings = Contents("staging-2", "staging", "staging-1", (change,), 1, (pull,), is_known=True)
        unit.contents.settle(brings, is_news=True)
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


def lived(doors: Doors) -> None:
    """Twelve weeks of deployments, one of eleven turned back, and the keys of delivery that come of them."""
    with doors.store.write() as unit:
        unit.environments.ensure(["dev", "staging", "prod"])
        for ago in range(63, 0, -1):
            environment, number = ("prod", "dev", "staging")[ago % 3], 21 - (ago - 1) // 3
            made = past(environment, number, ago)
            unit.revisions.add(made.revision)
            unit.deployments.add(made)
            unit.delivery_facts.put(list(facts(made, ago)))
            if made.phase is Phase.SUCCEEDED:
                found = unit.environments.get(environment)
                unit.environments.save(replace(found, live=number, live_since=made.finished_at))
        unit.delivery_facts.sum_up(1000)


EXHIBITS: Mapping[str, Callable[[Doors], None]] = {
    "empty": nothing,
    "busy": busy,
    "hostile": hostile,
    "crowded": crowded,
    "lived": lived,
    "shut": busy,
}
"""`shut`: only those may look who have signed in."""


# ------------------------------------------------------------------------------------------------------- what they hold

A_DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
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
        deployment = deployment.with_step(step.started(at).ended(StepState.DONE, at + timedelta(seconds=30), ""))
        at += timedelta(seconds=30)
    return replace(of(environment, deployment, number, letter), started_at=NOON - timedelta(minutes=6))


def was_well(environment: str, number: int, letter: str) -> Deployment:
    """Yesterday, within eight minutes."""
    begun = NOON - A_DAY + timedelta(hours=int(letter))
    done, at = settled(environment, number, letter), begun + 2 * MINUTE
    for step in done.steps:
        done = done.with_step(replace(step, started_at=at, finished_at=at + MINUTE / 2))
        at += MINUTE / 2
    titled = replace(done.revision, commit=replace(done.revision.commit, message=TITLES[environment]))
    return replace(done, revision=titled, created_at=begun, started_at=begun + 2 * MINUTE, finished_at=at)


def went_home(environment: str, number: int, letter: str) -> Deployment:
    """A canary that failed too many requests at 10 %, and whose traffic is home again."""
    reason = Reason("metrics.errors", "backend: 3.00% of 1,640 requests failed in green; the limit is 1.00%")
    failed = Finding("backend", "errors", Result.FAILED, "3.00% of 1,640 requests failed", 0.03, 0.01, 1640, 4)
    well = Finding("backend", "latency_p95", Result.PASSED, "210 ms of 1,640 requests", 0.21, 0.5, 1640, 4)
    back = turned_back(in_flight(environment, number, letter), reason, NOON - MINUTE, culprits=("backend",))
    for step in back.steps:
        if step.state is StepState.PENDING:
            ended = step.started(NOON - MINUTE).ended(StepState.DONE, NOON - MINUTE / 2, "")
            back = back.with_step(ended)
    return replace(back.moved(Phase.ROLLED_BACK, reason, NOON - MINUTE / 2), findings=(failed, well))


def counted(deployment: Deployment, minutes: int, errors: float) -> Iterator[Sample]:
    """Minute by minute, of both versions: what CloudWatch counted, the newer one with this share of errors at last."""
    for minute in range(minutes):
        at, rise = NOON - (minutes - minute) * MINUTE, errors * minute / (minutes - 1)
        for slot, requests, failed in ((Slot.BLUE, 3600 - 40 * minute, 0.001), (Slot.GREEN, 60 + 60 * minute, rise)):
            result = Result.FAILED if failed > ALLOWED else Result.PASSED
            yield Sample("backend", "errors", slot, at, failed, requests, ALLOWED, result)
            yield Sample("backend", "latency_p95", slot, at, 0.18 + failed, requests, 0.5, Result.PASSED)


ALLOWED = 0.01
TITLES = {
    "dev": "Retry what the queue refuses (#41)",
    "staging": "Show captions while they are written (#38)",
    "prod": "Keep what was typed when the page is closed (#35)",
}


def brought(deployment: Deployment) -> Contents:
    """Two pull requests of three commits; of the first deployment only its own commit."""
    commit, (base, number) = deployment.revision.commit, (deployment.environment, deployment.number)
    own = Change(commit.sha, commit.title, commit.authors, NOON - A_DAY, pull=41, is_traced=True)
    if number == 1:
        return Contents(deployment.id, base, None, (own,), 1, (), is_known=True)
    earlier = [
        replace(own, sha=f"{one}" * 40, title=title, pull=pull)
        for one, title, pull in (("8", "Cut subtitles at sentences", 40), ("9", "Count what is refused", 41))
    ]
    pulls = tuple(
        PullRequest(number, title, "ada", "develop", NOON - A_DAY, NOON - A_DAY / 2, "grace", NOON - 2 * A_DAY)
        for number, title in ((40, "Cut subtitles at sentences"), (41, "Retry what the queue refuses"))
    )
    return Contents(deployment.id, base, f"{base}-1", (*earlier, own), 3, pulls, is_known=True)


def past(environment: str, number: int, ago: int) -> Deployment:
    """It ended so many times 31 hours ago."""
    done, at = settled(environment, number, "1"), NOON - timedelta(hours=31 * ago)
    message = f"{SUBJECTS[ago % len(SUBJECTS)]} (#{140 - ago})"
    commit = replace(done.revision.commit, sha=f"{ago * 7919 + 4096:05x}" * 8, message=message)
    moved = timedelta(minutes=4 + ago % 5)
    done = replace(
        done,
        revision=replace(done.revision, commit=commit),
        created_at=at - moved - MINUTE * (1 + ago % 7),
        started_at=at - moved,
        finished_at=at,
    )
    if ago % 11 != 5:
        return done
    return replace(done, phase=Phase.ROLLED_BACK, reason=Reason("metrics.errors", "backend: 3.00% of requests failed"))


def facts(made: Deployment, ago: int) -> Iterator[Fact]:
    hour, failed = timedelta(hours=1), made.phase is not Phase.SUCCEEDED
    assert made.started_at is not None and made.finished_at is not None
    leads = (Lead(hour * (2 + ago % 7), hour * (1 + ago % 3), hour / 2, hour / 6),)
    for service in ("", "backend" if ago % 2 else "frontend"):
        fact = Fact(made.id, made.environment, service, made.started_at, made.finished_at, not failed, failed, failed)
        yield replace(fact, restored=9 * MINUTE if failed else None, leads=() if failed else leads)


SUBJECTS = (
    "Retry what the queue refuses",
    "Cut subtitles at sentences",
    "Ask for the language once",
    "Keep what was typed when the page is closed",
    "Warm the model before it is asked",
)


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
        self.doors = (_played if name in PLAYS else _filled)(name, directory, migrated, self.origin)
        self._sessions = {who: self.doors.session(person) for who, person in VIEWERS.items()}
        # The lifespan is the controller's: nothing of its loop runs here.
        self._server = uvicorn.Server(uvicorn.Config(self.doors.app, log_level="warning", lifespan="off"))
        given = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=given, name=f"gallery {name}")
        self._thread.start()
        for path in LOOKED_UP if name in PLAYS else ():
            self._look_up(path)

    def cookie(self, who: str) -> dict[str, str] | None:
        """What a browser holds in which this viewer has signed in."""
        if who == ANONYMOUS:
            return None
        return {"name": "tidegate", "value": self._sessions[who], "url": self.origin}

    def _look_up(self, path: str) -> None:
        """Until whatever AWS is asked because of it is known: from then on everybody is told the same."""
        cookies = {"tidegate": self._sessions["viewer"]}
        for _ in range(PATIENCE):
            if "longer than usual" not in httpx.get(f"{self.origin}{path}", cookies=cookies, timeout=60).text:
                return
        raise AssertionError(f"AWS did not answer what {path} asks")

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)
        self._listener.close()
        self.doors.close()


LOOKED_UP = ("/environments/dev", "/environments/dev/plan")
PATIENCE = 20
"""Looks, of a few seconds each."""


def _filled(name: str, directory: Path, migrated: Path, origin: str) -> Doors:
    file = directory / f"{name}.db"
    copyfile(migrated, file)
    anonymous = "nobody" if name == "shut" else "viewer"
    doors = Doors(file, origin, glass=Glass((ANN, WALT), 2), anonymous=anonymous)
    EXHIBITS[name](doors)
    return doors


def _played(name: str, directory: Path, migrated: Path, origin: str) -> Doors:
    stage = Played(directory / name, migrated)
    PLAYS[name](stage)
    return Doors(stage.file, origin, stage=stage, anonymous="viewer")


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
