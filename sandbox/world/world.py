"""The world: one choke point for calls, one for what happens later, one for what has happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.clock import Clock, Timer
from sandbox.world.calls import CallLog, CallRecord
from sandbox.world.cloudwatch import balancing
from sandbox.world.ecs import reports
from sandbox.world.elbv2.targets import Watch
from sandbox.world.elbv2.traffic import Traffic
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.faults import Fault, Faults
from sandbox.world.history import History
from sandbox.world.ids import Ids
from sandbox.world.journal import Journal
from sandbox.world.operation import Call, Operation
from sandbox.world.place import Place
from sandbox.world.ports import Answered, Notify, Runtime, Target, WorldEvent, nobody
from sandbox.world.services import SERVICES
from sandbox.world.values import Answer, Parameters, copied

REFUSALS = {
    "throttle": ("ThrottlingException", "Rate exceeded", 400),
    "denied": ("AccessDeniedException", "User is not authorized to perform: {0}:{1}", 400),
    "server_error": ("InternalFailure", "The request processing has failed in {0} {1}", 500),
}


@dataclass(frozen=True)
class Outcome:
    """How a call ended: with an answer or an error, so many seconds late, or with nothing at all."""

    answer: Answer | None = None
    error: AwsError | CallLost | None = None
    delay_seconds: float = 0.0


class World:
    """An AWS. Everything on one thread: the clock's.

    `speed` divides AWS's own times (health intervals, draining, pauses of the scheduler) and nothing else.
    """

    def __init__(
        self,
        clock: Clock,
        runtime: Runtime,
        *,
        seed: int = 0,
        speed: float = 1.0,
        account: str = "123456789012",
        notify: Notify = nobody,
    ) -> None:
        self.clock = clock
        self.runtime = runtime
        self.speed = speed
        self.account = account
        self.ids = Ids(seed)
        self.calls = CallLog()
        self.faults = Faults(seed)
        self.journal = Journal()
        self.traffic = Traffic(self)
        self.secrets: dict[str, str] = {}
        """What tasks get for their `secrets`, by `valueFrom` as the task definition writes it."""
        self.identities: dict[str, tuple[str, str]] = {}
        """Access keys given out by STS: to which account, as which ARN."""
        self.watches: dict[Target, Watch] = {}
        """What goes on about each registered target."""
        self.task_places: dict[str, Place] = {}
        """Where each task that has not stopped belongs."""
        self.kicks: dict[str, tuple[float, Timer]] = {}
        """Which services will be looked at, and when by the clock's monotonic time."""
        self.alarm_timers: dict[tuple[str, str, int], Timer] = {}
        """By account, region and pace: when alarms will be looked at; empty without alarms."""
        self.container_timers: dict[tuple[str, str], Timer] = {}
        """By account and region: when running tasks will be measured; empty where none run."""
        self.scaling_timers: dict[tuple[str, str], Timer] = {}
        """By account and region: when target tracking will be looked at; empty without policies."""
        self._notify = notify
        self._history = History()
        self._places: dict[tuple[str, str], Place] = {}
        runtime.attach(reports.Reports(self))

    def call(
        self,
        service: str,
        operation: str,
        parameters: Parameters,
        region: str = "eu-west-1",
        account: str | None = None,
        caller: str | None = None,
    ) -> Answer:
        """Answer one call at once, delays left out.

        Raises AwsError for an error answer and CallLost when no answer would reach the caller.
        """
        outcome = self.perform(service, operation, parameters, region, account, caller)
        if outcome.error is not None:
            raise outcome.error
        assert outcome.answer is not None
        return outcome.answer

    def perform(
        self,
        service: str,
        operation: str,
        parameters: Parameters,
        region: str = "eu-west-1",
        account: str | None = None,
        caller: str | None = None,
    ) -> Outcome:
        """Answer one call, faults and all; never raises for what AWS or the way to it does."""
        place = self.place(account or self.account, region)
        known = SERVICES.get(service, {}).get(operation)
        mutates = known is not None and known.mutates
        fault = self.faults.strike(service, operation, mutates)
        who = caller or f"arn:aws:iam::{place.account}:root"
        given: Parameters = copied(parameters)
        answer: Answer | None = None
        error: AwsError | CallLost | None = None
        try:
            if known is None:
                raise not_built(service, operation)
            answer = self._answer(service, operation, known, fault, Call(place, given, who))
        except (AwsError, CallLost) as ended:
            error = ended
        self.calls.add(
            CallRecord(
                time=self.clock.now(),
                service=service,
                operation=operation,
                parameters=given,
                account=place.account,
                region=region,
                mutating=mutates,
                outcome="ok" if error is None else error.code if isinstance(error, AwsError) else "lost",
                fault=fault.kind if fault else "",
                caller=who,
            )
        )
        return Outcome(answer, error, fault.seconds if fault and fault.kind == "delay" else 0.0)

    def _answer(self, service: str, operation: str, known: Operation, fault: Fault | None, call: Call) -> Answer:
        kind = fault.kind if fault else ""
        if kind in REFUSALS:
            code, message, status = REFUSALS[kind]
            raise AwsError(code, message.format(service, operation), status)
        if kind == "timeout":
            raise CallLost(service, operation, took_effect=False)
        if fault is not None and kind in ("stale", "missing"):
            old = (
                self._history.ago(call.place, fault.seconds, fault.versions)
                if kind == "stale"
                else call.place.without_newcomers()
            )
            call = Call(old, call.parameters, call.caller)
        if known.mutates:
            self._remember(call.place)
        if kind == "doubled":
            known.handler(Call(call.place, copied(call.parameters), call.caller))
        answer: Answer = copied(known.handler(call))
        if kind == "lost_answer":
            raise CallLost(service, operation, took_effect=True)
        return answer

    def place(self, account: str | None = None, region: str = "eu-west-1") -> Place:
        """One account in one region; it comes into being when first named."""
        key = (account or self.account, region)
        if key not in self._places:
            self._places[key] = Place(self, *key)
        return self._places[key]

    def places(self) -> tuple[Place, ...]:
        return tuple(self._places.values())

    def after(self, place: Place, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run the callback after so many of AWS's seconds."""
        return self.clock.call_later(seconds / self.speed, partial(self.change, place, callback))

    def change(self, place: Place, callback: Callable[[], None]) -> None:
        """Let something change a place that is not a call."""
        self._remember(place)
        callback()

    def _remember(self, place: Place) -> None:
        if self.faults.needs_history:
            self._history.remember(place)

    def observe(self, request: Answered) -> None:
        """A load balancer has dealt with a request: what CloudWatch's metrics of it are made of."""
        region, account = request.load_balancer_arn.split(":")[3:5]
        balancing.observe(self.place(account, region), request)

    def target_changed(self, place: Place, task_id: str) -> None:
        """A load balancer sees a target differently; ECS wants to know of its tasks."""
        reports.target_changed(place, task_id)

    def emit(self, place: Place, source: str, kind: str, resource: str, detail: Mapping[str, Any]) -> None:
        event = WorldEvent(self.clock.now(), place.account, place.region, source, kind, resource, copied(detail))
        self.journal.add(event)
        self._notify(event)


def not_built(service: str, operation: str) -> AwsError:
    return AwsError(
        "UnknownOperationException",
        f"The sandbox does not answer {service} {operation}; it answers {', '.join(sorted(SERVICES))}"
        if service not in SERVICES
        else f"The sandbox's {service} does not answer {operation}",
    )
