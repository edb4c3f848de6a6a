"""One pass over one environment: lease → observe → choose, decide → record → apply."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from controller.analysis import samples
from controller.choose import choose, drifted, may_drift
from controller.decide import decide, needed
from controller.decision import AT_ONCE, Decision
from controller.domain.actions import Action
from controller.domain.approval import Ballot
from controller.domain.bindings import Binding
from controller.domain.declared import differences
from controller.domain.deployment import IN_FLIGHT, Deployment
from controller.domain.drift import Doubts, believed, doubted
from controller.domain.environment import Environment
from controller.domain.errors import Blocked, Conflict, TidegateError, Transient
from controller.domain.metrics import Readings, Sample
from controller.domain.orders import ANSWERS, Order
from controller.domain.ports import Cloud, Permit
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.snapshot import Resolved, ServiceView, Snapshot
from controller.domain.step import PATIENCE, StepKind
from controller.loop.apply import apply
from controller.loop.gated import failed_checks, with_gated
from controller.loop.observe import AtRest, futile, observe, observe_at_rest
from controller.loop.record import record_choice, record_decision, record_drift, record_failure, record_outcome
from controller.loop.tenure import ELSEWHERE, QUIET, REFUSALS, Tenure, Tenures
from controller.loop.wanted import Wanted
from controller.loop.world import World
from controller.obey import Known
from controller.progress.outcomes import Terms
from controller.store import Elsewhere
from controller.store.deployments import Deployments

LOOK_AROUND_SECONDS = 10.0
SEEN_KEPT = 100
"""Sightings that are compared with the next look; of an environment that is not among them the next one is written."""

LATE_MINUTES = 10
"""A minute whose numbers come later than this is not stored, unless another process looks."""

LONGEST_BACKOFF = timedelta(seconds=60)


@dataclass(frozen=True)
class Pass:
    """What a pass did, in one sentence, and when to look again; None: when something wakes the environment."""

    environment: str
    reason: Reason
    look_again_in: timedelta | None
    deployment: str | None = None
    action: str | None = None


@dataclass(frozen=True)
class State:
    """What the rows say at the beginning of a pass."""

    environment: Environment
    deployments: Sequence[Deployment]
    orders: Sequence[Order]
    known: Known
    moved_last: int | None


@dataclass(frozen=True)
class Looked:
    """When an environment was looked at last, by the clock that never jumps, and how long the next look was to wait."""

    at: float
    meant: timedelta


class Reconciler:
    """Runs passes. One at a time for an environment; different environments side by side.

    `pace` is how long a pass waits before it looks again at something that moves by itself.
    """

    def __init__(self, world: World, owner: str, pace: timedelta) -> None:
        self._world, self._pace = world, pace
        self._tenures = Tenures(world.store, world.clock, owner)
        self._wanted = Wanted(world)
        self._looked: dict[str, Looked] = {}
        self._seen: dict[str, tuple[Mapping[str, ServiceView], tuple[str, ...]]] = {}
        self._looked_around: dict[str, float] = {}
        self._doubts: dict[str, Doubts] = {}
        self._sampled: dict[str, tuple[Sample, ...]] = {}

    def run_pass(self, name: str) -> Pass:
        """Everything that can be done for this environment now. Errors end the pass, never the controller."""
        tenure = self._tenures.take(name)
        if isinstance(tenure, Elsewhere):
            return Pass(name, Reason(ELSEWHERE, f"{tenure.owner} looks after it"), tenure.left)
        done = self._survive(name, tenure)
        return replace(done, look_again_in=self._tenures.leave(tenure, done.look_again_in))

    def _survive(self, name: str, tenure: Tenure) -> Pass:
        try:
            done = self._pass(name, tenure)
        except Conflict as error:
            wait = max(tenure.quiet_seconds, 1.0)
            return Pass(name, Reason(error.code, str(error)), timedelta(seconds=wait))
        except Transient as error:
            self._note_trouble(name, tenure, Reason(error.code, str(error)))
            return Pass(name, Reason(error.code, str(error)), max(error.retry_after, self._pace))
        except Blocked as error:
            self._note_trouble(name, tenure, Reason(error.code, str(error)))
            return Pass(name, Reason(error.code, str(error)), LONGEST_BACKOFF)
        done = self._sooner(done)
        self._remember(name, done.look_again_in)
        return done

    def give_back_all(self) -> None:
        """Leave every environment to whoever comes next; an error only makes them wait."""
        with contextlib.suppress(TidegateError):
            self._tenures.give_back_all()

    def _sooner(self, done: Pass) -> Pass:
        """A head that could not be read is looked at again, whatever else there is to wait for."""
        retry = self._wanted.retry_in(done.environment)
        if retry is None or (done.look_again_in is not None and done.look_again_in <= retry):
            return done
        return replace(done, look_again_in=retry)

    def _pass(self, name: str, tenure: Tenure) -> Pass:
        binding = self._world.bindings[name]
        cloud = self._world.clouds.of(binding)
        state = self._state(name)
        if self._wanted.look(state.environment, binding, tenure):
            state = self._state(name)
        resolved = self._wanted.seal(state.deployments, cloud, tenure)
        if resolved:
            state = self._state(name)
        asked, found = self._wanted.find(state.environment, state.orders, binding, tenure)
        found = {**found, **futile(state.orders, state.known.live, cloud)}
        now = self._world.clock.now()
        failing = failed_checks(state.deployments, state.known.live, binding, self._world)
        known = replace(state.known, found=found, failing=failing, ballots=self._ballots(state, binding))
        choice = choose(asked, state.deployments, state.orders, known, now)
        before = {deployment.id: deployment for deployment in state.deployments}
        environment, queue = record_choice(
            self._world.store, tenure.lease, asked, choice, before, now, self._world.token
        )
        if choice.openings or (choice.orders and not queue):
            return Pass(name, Reason("order.answered", choice.orders[-1].outcome), AT_ONCE)
        live = state.known.live.revision.file if state.known.live else None
        if not queue:
            environment = self._clear_trouble(environment, tenure)
            soon = self._look_around(replace(state, environment=environment), {}, cloud, tenure)
            return Pass(name, environment.problem or Reason("environment.at_rest", "nothing to do"), soon)
        kept = frozenset[str]().union(*(deployment.keeps for deployment in state.deployments))
        foundation, moved = cloud.looks.foundation(), state.moved_last
        terms = Terms(environment, binding, foundation, live, self._pace, kept=kept, moved_last=moved)
        done = self._move_first(queue, resolved, terms, cloud, tenure)
        if done.action is None and done.look_again_in != AT_ONCE and queue[0].phase not in IN_FLIGHT:
            soon = self._look_around(self._state(name), self._last_seen(name)[0], cloud, tenure)
            looks = [each for each in (soon, done.look_again_in) if each is not None]
            return replace(done, look_again_in=min(looks, default=None))
        return done

    def _ballots(self, state: State, binding: Binding) -> Mapping[str, Ballot]:
        """Rights are read again for whoever has answered, not only at the click."""
        answered = {order.deployment for order in state.orders if order.kind in ANSWERS}
        return {one.id: self._world.polls.ballot(one, binding) for one in state.deployments if one.id in answered}

    def _state(self, name: str) -> State:
        with self._world.store.read() as unit:
            live, orders = unit.deployments.live(name), unit.orders.waiting(name)
            known = unit.overviews.known(name, orders)
            opened = unit.deployments.open(name)
            is_warm = live is not None and any(one.is_retiring for one in opened)
            moved = _moved_last(unit.deployments, live) if live and is_warm else None
            return State(unit.environments.get(name), opened, orders, known, moved)

    def _move_first(
        self,
        queue: Sequence[Deployment],
        resolved: Mapping[str, Resolved],
        terms: Terms,
        cloud: Cloud,
        tenure: Tenure,
    ) -> Pass:
        """One after the other, until one acts or has just moved: then the others come with the next pass."""
        elapsed = self._elapsed(terms.environment.name)
        waits: list[Pass] = []
        for picked in queue:
            terms = replace(terms, resolved=resolved.get(picked.id, Resolved()))
            done, terms = self._move(picked, terms, cloud, tenure, elapsed)
            waits.append(done)
            if done.action is not None or done.look_again_in == AT_ONCE:
                return done
        looks = [done.look_again_in for done in waits if done.look_again_in is not None]
        return replace(waits[0], look_again_in=min(looks, default=None))

    def _move(
        self, picked: Deployment, terms: Terms, cloud: Cloud, tenure: Tenure, elapsed: timedelta
    ) -> tuple[Pass, Terms]:
        """Decide as often as the picture lacks something; then carry out the one action, if there is one."""
        evidence, was = needed(picked), picked.phase
        snapshot: Snapshot | None = None
        while True:
            now = self._world.clock.now()
            world = self._world
            looking = (picked, evidence, cloud, world.probe, world.store, now, elapsed, world.minute, terms.live)
            seen = observe(*looking)
            snapshot = with_gated(seen, snapshot, picked, terms.live, terms.binding, cloud.images, world)
            self._keep_sighting(picked, snapshot.services, tenure)
            self._keep_samples(picked, snapshot.readings, tenure)
            decision = decide(picked, snapshot, now, terms)
            if decision.action is not None and tenure.quiet_seconds > 0:
                text = f"taken over from another controller: nothing changes for {tenure.quiet_seconds:.0f} s"
                return Pass(picked.environment, Reason(QUIET, text), timedelta(seconds=tenure.quiet_seconds)), terms
            environment, picked = record_decision(
                world.store, tenure.lease, terms.environment, picked, decision, now, world.token, snapshot.gathered
            )
            terms = replace(terms, environment=environment)
            if not decision.needs:
                break
            evidence, elapsed = decision.needs, timedelta(0)
        terms = replace(terms, environment=self._clear_trouble(terms.environment, tenure))
        if picked.phase is not was:
            self._looked_around.pop(picked.environment, None)  # what it removed is gone, what it dropped is an orphan
        if decision.action is None:
            return Pass(picked.environment, decision.reason, decision.look_again_in, picked.id), terms
        return self._act(picked, decision, decision.action, cloud, tenure), terms

    def _look_around(
        self, state: State, others: Mapping[str, ServiceView], cloud: Cloud, tenure: Tenure
    ) -> timedelta | None:
        """While nothing is in flight people want to see what runs and what was left, and that is compared with what is
        declared. A flood asks AWS no more often. `others` are views of services beside the live ones. When to look
        again; None: when its turn comes."""
        name, live, now = state.environment.name, state.known.live, self._world.clock.monotonic()
        wait = self._looked_around.get(name, now - LOOK_AROUND_SECONDS) + LOOK_AROUND_SECONDS - now
        if live is None:
            return None
        if wait <= 0:
            wait = LOOK_AROUND_SECONDS
            self._looked_around[name] = now
            seen = observe_at_rest(live, cloud)
            self._put_sighting(name, {**others, **seen.services}, seen.orphans, tenure)
            if self._find_drift(state, live, seen, cloud, tenure):
                return AT_ONCE
        return timedelta(seconds=wait) if name in self._doubts else None

    def _find_drift(self, state: State, live: Deployment, found: AtRest, cloud: Cloud, tenure: Tenure) -> bool:
        """Whether a correction was begun. Written when something is known now that was not before."""
        before, name, now = state.environment, state.environment.name, self._world.clock.now()
        if not may_drift(before, state.deployments) or any(view.is_moved_by_hand for view in found.services.values()):
            self._doubts.pop(name, None)
            return False
        seen = differences(live.revision, cloud.looks.foundation(), found.services, found.stands, now)
        doubts = doubted(before.drift, seen, self._doubts.pop(name, {}), now)
        after, opening = drifted(before, state.deployments, live, believed(before.drift, doubts), now)
        if after != before:
            record_drift(self._world.store, tenure.lease, before, after, opening, now, self._world.token)
        left = {each: doubt for each, doubt in doubts.items() if doubt.times < PATIENCE}
        if left:
            self._doubts[name] = left
        return opening is not None

    def _keep_sighting(self, picked: Deployment, services: Mapping[str, ServiceView], tenure: Tenure) -> None:
        """Of the services of a file; one that is being removed is none of them. What else was seen stays: services that
        this file does not name still run."""
        if services and picked.pruned is None:
            seen, orphans = self._last_seen(picked.environment)
            self._put_sighting(picked.environment, {**seen, **services}, orphans, tenure)

    def _last_seen(self, name: str) -> tuple[Mapping[str, ServiceView], tuple[str, ...]]:
        if name in self._seen:
            return self._seen[name]
        with self._world.store.read() as unit:
            sighting = unit.sightings.get(name)
        return (sighting.services, sighting.orphans) if sighting else ({}, ())

    def _put_sighting(
        self, name: str, services: Mapping[str, ServiceView], orphans: tuple[str, ...], tenure: Tenure
    ) -> None:
        """Written when it differs from the last one, so that a look that changes nothing writes nothing."""
        if self._seen.get(name) != (services, orphans):
            with self._world.store.fenced(tenure.lease) as unit:
                unit.sightings.put(Sighting(name, services, self._world.clock.now(), orphans))
            self._seen.pop(name, None)
            self._seen[name] = services, orphans
            if len(self._seen) > SEEN_KEPT:
                del self._seen[next(iter(self._seen))]

    def _keep_samples(self, picked: Deployment, readings: Readings, tenure: Tenure) -> None:
        """Each is written once; what this process wrote itself a moment ago isn't even tried again."""
        if picked.raised_at is None or not readings.counted:
            return
        known = self._sampled.get(picked.environment, ())
        late = [sample.at - readings.minute * LATE_MINUTES for sample in known]
        wanted = picked.revision.file.watch.metrics
        found = tuple(samples(readings, max([picked.raised_at, *late]), wanted))
        new = [sample for sample in found if sample not in known]
        if new:
            with self._world.store.fenced(tenure.lease) as unit:
                unit.samples.put(picked, new)
        self._sampled[picked.environment] = found

    def _act(self, deployment: Deployment, decision: Decision, action: Action, cloud: Cloud, tenure: Tenure) -> Pass:
        """The intent is recorded; now do it, and record what came of it. After a crash here the next look will tell."""
        name = type(action).__name__
        permit = Permit(deployment.id, _token(deployment, action), tenure.check)
        try:
            made = apply(action, cloud, permit)
        except (Transient, Blocked, Conflict) as error:
            if error.code in REFUSALS:
                raise
            saved = record_failure(self._world.store, tenure.lease, deployment, action, error, self._world.clock.now())
            reason = Reason(error.code, f"{decision.purpose}: {error}")
            return Pass(deployment.environment, reason, self._backoff(saved, error, tenure), deployment.id, name)
        record_outcome(self._world.store, tenure.lease, deployment, action, made, self._world.clock.now())
        return Pass(deployment.environment, decision.reason, decision.look_again_in, deployment.id, name)

    def _backoff(self, deployment: Deployment, error: TidegateError, tenure: Tenure) -> timedelta:
        trouble = deployment.step.trouble if deployment.step else None
        times = trouble.times if trouble and trouble.by_action else 1
        least = error.retry_after if isinstance(error, Transient) else self._pace
        wait: timedelta = min(max(least, self._pace * 2 ** min(times - 1, 10)), LONGEST_BACKOFF)
        return max(wait, timedelta(seconds=tenure.quiet_seconds))

    def _elapsed(self, name: str) -> timedelta:
        """Time seen to pass since the last look, capped, so that neither a pause nor a restart counts as watching."""
        last = self._looked.get(name)
        if last is None:
            return timedelta(0)
        passed = timedelta(seconds=self._world.clock.monotonic() - last.at)
        return min(passed, max(last.meant, self._pace) * 2)

    def _remember(self, name: str, look_again_in: timedelta | None) -> None:
        self._looked[name] = Looked(self._world.clock.monotonic(), look_again_in or AT_ONCE)

    def _note_trouble(self, name: str, tenure: Tenure, reason: Reason) -> None:
        """What keeps a pass from looking is shown at the environment; a database that is gone can't even be told so."""
        try:
            with self._world.store.fenced(tenure.lease) as unit:
                environment = unit.environments.get(name)
                if environment.trouble != reason:
                    unit.environments.save(replace(environment, trouble=reason))
        except TidegateError:
            return

    def _clear_trouble(self, environment: Environment, tenure: Tenure) -> Environment:
        if environment.trouble is None:
            return environment
        with self._world.store.fenced(tenure.lease) as unit:
            return unit.environments.save(replace(environment, trouble=None))


def _token(deployment: Deployment, action: Action) -> str:
    """The same for every attempt at the same effect: 32 hex digits."""
    assert deployment.plan is not None and deployment.step is not None
    slot = getattr(action, "slot", "")
    parts = (deployment.id, deployment.plan.digest, deployment.step.number, type(action).__name__, action.service, slot)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def _moved_last(deployments: Deployments, live: Deployment) -> int:
    """The number of the deployment that moved the traffic to where it is: those after it changed nothing."""
    line = chain([live], deployments.earlier(live))
    return next((one.number for one in line if one.began(StepKind.SHIFT)), live.number)
