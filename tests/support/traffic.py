"""Modelled traffic: requests per second that follow the listener's rules and weights, counted in batches.

No single request is made. What CloudWatch's metrics are made of is worked out every `BATCH_SECONDS` of the virtual
clock from the rules, the targets and their scripts (`Script.error_rate`, `Script.latency_seconds`), so that a minute at
any rate costs as much as a minute at another. The same numbers come in each run: nothing is drawn by chance.
"""

from collections.abc import Mapping

from sandbox.balancer.routing import Ask, candidates, first_rule
from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import NO_ANSWER, ScriptedRuntime
from sandbox.world.ports import Answered
from sandbox.world.view import Forward, GroupView, ListenerView, WeightedGroup
from sandbox.world.world import World as Aws

BATCH_SECONDS = 10.0
SPREAD = (0.6, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.6)
"""What a request takes, as a multiple of its script's latency: ten in a row, again and again. Their p50 and p80 are the
script's own, p90 is 1.2 and p95 and above 1.6 times that."""


class ModelledTraffic:
    """`rates`: path → requests per second; all of it flows until `stop`."""

    def __init__(self, clock: VirtualClock, aws: Aws, runtime: ScriptedRuntime, rates: Mapping[str, float]) -> None:
        self._clock, self._aws, self._runtime = clock, aws, runtime
        self._rates = dict(rates)
        self._due: dict[tuple[str, str], float] = {}
        """What is left over of a path's requests, and of each group's share of them: less than one request."""
        self._turns: dict[str, int] = {}
        self._timer = clock.call_later(BATCH_SECONDS, self._batch)

    def stop(self) -> None:
        self._timer.cancel()

    def _batch(self) -> None:
        self._timer = self._clock.call_later(BATCH_SECONDS, self._batch)
        listener = self._aws.traffic.listeners()[0]
        for path, rate in self._rates.items():
            requests = self._whole((path, ""), rate * BATCH_SECONDS)
            rule = first_rule(self._aws.traffic.rules(listener.arn), Ask("GET", path))
            if isinstance(rule.action, Forward):
                self._split(listener, path, rule.action.groups, requests)
            elif requests:
                self._aws.observe(Answered(listener.load_balancer_arn, "", 404, by_target=False, times=requests))

    def _split(self, listener: ListenerView, path: str, groups: tuple[WeightedGroup, ...], requests: int) -> None:
        total = sum(group.weight for group in groups)
        for group in groups:
            share = self._whole((path, group.group_arn), requests * group.weight / total) if total else 0
            view = self._aws.traffic.group(group.group_arn)
            if share and view is not None:
                self._send(listener, view, share)

    def _send(self, listener: ListenerView, group: GroupView, requests: int) -> None:
        targets = candidates(group)
        if not targets:
            self._aws.observe(Answered(listener.load_balancer_arn, "", 503, by_target=False, times=requests))
        for number, target in enumerate(targets):
            mine = requests // len(targets) + (number < requests % len(targets))
            for response, times in self._runtime.respond_to_many(target.target, mine) if mine else ():
                by_target = response is not NO_ANSWER
                for seconds, count in self._spread(group.arn, response.latency_seconds, times):
                    answered = Answered(
                        listener.load_balancer_arn, group.arn, response.status, by_target, seconds, times=count
                    )
                    self._aws.observe(answered)

    def _spread(self, group: str, seconds: float, times: int) -> list[tuple[float, int]]:
        """So many requests, each with the time that it takes: the next ones of the group's row."""
        turn = self._turns.get(group, 0)
        self._turns[group] = (turn + times) % len(SPREAD)
        rounds, rest = divmod(times, len(SPREAD))
        counts: dict[float, int] = {}
        for place, factor in enumerate(SPREAD):
            extra = (place - turn) % len(SPREAD) < rest
            counts[factor] = counts.get(factor, 0) + rounds + extra
        return [(seconds * factor, count) for factor, count in counts.items() if count]

    def _whole(self, key: tuple[str, str], amount: float) -> int:
        """Whole requests; the fractions are kept until they are one."""
        due = self._due.get(key, 0.0) + amount
        whole = int(due + 1e-9)
        self._due[key] = due - whole
        return whole
