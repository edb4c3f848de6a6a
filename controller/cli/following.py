"""Following deployments until they end: a live step ladder on a terminal, a line for each change elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from controller.cli.client import Client, Refusal
from controller.cli.kinds import what
from controller.cli.saying import NO, UNREACHABLE, clean
from controller.cli.time import Clock
from controller.domain.states import PHASES, unheard_of

if TYPE_CHECKING:
    from rich.console import Console

PACE_SECONDS = 0.7
PATIENCE_SECONDS = 30.0
"""How long the controller may be away while something is followed: it may be restarting."""

ENDED = frozenset({"succeeded", "rolled_back", "failed", "superseded", "rejected", "expired", "aborted"})
NEEDS_A_PERSON = frozenset(
    {"environment.held", "content.quarantined", "deployment.resting", "gate.not_built", "traffic.split"}
)

Json = Mapping[str, Any]


class View(Protocol):
    def show(self, deployment: Json) -> None: ...


class Lines:
    """One line for each thing that changed since the last look."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._phases: dict[str, str] = {}
        self._pauses: dict[str, str] = {}
        self._steps: dict[tuple[str, int], str] = {}

    def show(self, deployment: Json) -> None:
        """What goes on comes before its steps, how it ended after them; steps that never ran are no news."""
        if deployment["phase"] not in ENDED:
            self._tell_phase(deployment)
        self._tell_pause(deployment)
        for step in deployment["steps"]:
            self._tell_step(deployment, step)
        self._tell_phase(deployment)

    def _tell_phase(self, deployment: Json) -> None:
        phase = PHASES.get(deployment["phase"]) or unheard_of(deployment["phase"])
        told = f"{phase.text}: {deployment['reason']['text']}"
        if self._phases.get(deployment["id"]) != told:
            self._phases[deployment["id"]] = told
            self._say(f"{deployment['id']} {what(deployment)} {told}")

    def _tell_pause(self, deployment: Json) -> None:
        pause = deployment["pause"]
        told = f"paused by {pause['actor']}: {pause['reason']['text']}" if pause else ""
        if self._pauses.get(deployment["id"], "") != told:
            self._pauses[deployment["id"]] = told
            self._say(f"{deployment['id']} {told or 'is not paused any more'}")

    def _tell_step(self, deployment: Json, step: Json) -> None:
        key = (deployment["id"], step["number"])
        if self._steps.get(key, "pending") == step["state"] or step["state"] == "skipped":
            return
        self._steps[key] = step["state"]
        detail = f", {step['detail']}" if step["detail"] else ""
        place = f"step {step['number']} of {len(deployment['steps'])}"
        self._say(f"{deployment['id']} {place} {step['title']}: {step['state']}{detail}")


class Ladder:
    """The present picture, drawn in place."""

    def __init__(self, console: Console, clock: Clock) -> None:
        from rich.live import Live  # as everything from rich: only when something is shown

        self._clock = clock
        self._live = Live(console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> Ladder:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, deployment: Json) -> None:
        from controller.cli import deployments

        self._live.update(deployments.progress(deployment, self._clock.now()))


def view_for(console: Console, clock: Clock, say: Callable[[str], None]) -> AbstractContextManager[View]:
    """A ladder on a terminal, lines elsewhere."""
    return Ladder(console, clock) if console.is_terminal else nullcontext(Lines(say))


class Follower:
    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def follow(self, deployment_id: str, view: View, within_seconds: float = inf) -> Json:
        """The deployment as it ended, as it waits for a person, or as it is when the time is over. Raises `Refusal`."""
        until = self._clock.monotonic() + within_seconds
        while True:
            found = self.asked(lambda: self._client.deployment(deployment_id))
            view.show(clean(found))
            if found["phase"] in ENDED or self._waits_for_a_person(found) or self._clock.monotonic() >= until:
                return found
            self._clock.sleep(PACE_SECONDS)

    def moving(self, environment: str, within_seconds: float) -> str | None:
        """The id of what moves there, as soon as something does; None when nothing begins in time."""
        until = self._clock.monotonic() + within_seconds
        while True:
            moving = self.asked(lambda: self._client.environment(environment))["deployment"]
            if moving is not None:
                return str(moving["id"])
            if self._clock.monotonic() >= until:
                return None
            self._clock.sleep(PACE_SECONDS)

    def of_commit(self, environment: str, commit: str, within_seconds: float) -> str | None:
        """The id of the deployment that brings this commit, as soon as it is recorded; None when it isn't in time."""
        until = self._clock.monotonic() + within_seconds
        while True:
            page = self.asked(lambda: self._client.deployments(environment=environment, limit=10))
            found = [item["id"] for item in page["items"] if item["revision"]["commit"] == commit]
            if found or self._clock.monotonic() >= until:
                return next(iter(found), None)
            self._clock.sleep(PACE_SECONDS)

    def _waits_for_a_person(self, deployment: Json) -> bool:
        """What rests says so itself; what stands behind it says only that, and its environment why."""
        code = deployment["reason"]["code"]
        if deployment["rests"] or code == "queue.behind":
            code = self.asked(lambda: self._client.explanation(deployment["environment"]))["code"]
            return code in NEEDS_A_PERSON
        return deployment["phase"] == "waiting" and code in NEEDS_A_PERSON

    def asked(self, question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer, with patience for a controller that is starting again."""
        until = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return question()
            except Refusal as error:
                if error.code != UNREACHABLE or error.status == 401 or self._clock.monotonic() >= until:
                    raise
            self._clock.sleep(PACE_SECONDS)


def verdict(deployment: Json) -> int:
    """The exit code for how it ended."""
    return 0 if deployment["phase"] == "succeeded" else NO
