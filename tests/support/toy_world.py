"""A world of values: actions change the picture at once, so that whole deployments run in microseconds."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from controller.decide import decide, needed
from controller.decision import Decision
from controller.domain import actions
from controller.domain.checks import CheckAnswer
from controller.domain.deployment import Deployment, Phase
from controller.domain.evidence import FailureEvidence
from controller.domain.manifest import Route
from controller.domain.scaling import HELD, ScalingView
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, GroupView, Rollout, RuleView, ServiceView, SlotView, Snapshot
from controller.domain.step import Step
from controller.progress.outcomes import Terms
from tests.support.builders import NOON, PACE, a_view, an_answer, terms


@dataclass
class ToyWorld:
    """`broken` services never get healthy; `red` ones fail their smoke test. `history` holds every action applied."""

    services: dict[str, ServiceView] = field(
        default_factory=lambda: {name: a_view(name) for name in ("backend", "frontend")}
    )
    definitions: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    red: frozenset[str] = frozenset()
    unverified: bool = False
    history: list[actions.Action] = field(default_factory=list)

    def snapshot(self, evidence: frozenset[Evidence], elapsed: timedelta = PACE, step: Step | None = None) -> Snapshot:
        """`step` is the one in which evidence is gathered, if any is."""
        number = step.number if step else 0
        smoke = tuple(self._answer(name) for name in self.services)
        return Snapshot(
            NOON,
            elapsed,
            evidence,
            dict(self.services),
            dict(self.definitions),
            smoke,
            (an_answer(not self.unverified, None, "503"),),
            gathered=FailureEvidence("dev-2", "dev-2", number, NOON) if Evidence.FORENSICS in evidence else None,
        )

    def _answer(self, name: str) -> CheckAnswer:
        return an_answer(name not in self.red, name, "503")

    def apply(self, action: actions.Action) -> None:
        self.history.append(action)
        view = self.services[action.service]
        match action:
            case actions.RegisterDefinition(service, content):
                self.definitions[content.digest] = f"arn:definition/{service}"
            case actions.PrepareGroup(service, slot, settings):
                self._slot(service, slot, group=GroupView(f"arn:group/{service}/{slot}", settings, 0, 0))
            case actions.PutTestRule(service, slot, header):
                rule = RuleView("arn:test", 100, {slot: 100, slot.other: 0}, "{}", header.reveal())
                self.services[service] = replace(view, test_rule=rule)
            case actions.RunSlot(service, slot, definition, content, count):
                self._run(service, slot, definition, content.digest, count)
            case actions.SetWeights(service, route, weights):
                made_by = view.rule.made_by if view.rule else "dev-2"
                asks = view.rule or _asking(RuleView("arn:rule", 500, {}, "", made_by=made_by), route)
                rule = replace(asks, weights=dict(weights), actions=str(dict(weights)))
                self.services[service] = replace(view, rule=rule)
            case actions.SetRoute(service, route):
                assert view.rule is not None, "a rule that is not there was given a route"
                self.services[service] = replace(view, rule=_asking(view.rule, route))
            case actions.RestoreRule(service, rule):
                assert view.rule is not None, "a rule that is not there was restored"
                as_it_was = replace(view.rule, weights=rule.weights, actions=rule.actions, conditions=rule.conditions)
                paths = frozenset(rule.conditions.split(","))
                self.services[service] = replace(view, rule=replace(as_it_was, paths=paths))
            case actions.RemakeRule(service, rule):
                if view.rule is None:
                    paths = frozenset(rule.conditions.split(","))
                    made = RuleView("arn:rule", 500, rule.weights, rule.actions, made_by="dev-2", paths=paths)
                    self.services[service] = replace(view, rule=replace(made, conditions=rule.conditions))
            case actions.RemoveRule(service):
                self.services[service] = replace(view, rule=None)
            case actions.RemoveTestRule(service):
                self.services[service] = replace(view, test_rule=None)
            case actions.SetCount(service, slot, count):
                self._slot(service, slot, desired=count, running=count)
            case actions.AddTasks(service, slot, count):
                self._slot(service, slot, desired=count, running=count)
            case actions.RemoveRoute(service):
                self.services[service] = replace(view, rule=None, test_rule=None)
            case actions.DeleteSlot(service, slot):
                assert not view.slots[slot].desired, "a slot with tasks was deleted"
                self.services[service] = replace(view, slots={**view.slots, slot: SlotView(exists=False)})
            case actions.PutScaling(service, slot, scaling, bounds, suspended):
                found = ScalingView(replace(scaling, bounds=bounds), suspended)
                desired = max(bounds.min, min(view.slots[slot].desired, bounds.max))
                self._slot(service, slot, scaling=found, desired=desired, running=desired)
            case actions.HoldScaling(service, slot):
                scaled = view.slots[slot].scaling
                self._slot(service, slot, scaling=replace(scaled, suspended=HELD) if scaled else None)
            case actions.RemoveScaling(service, slot):
                self._slot(service, slot, scaling=None)
            case actions.EmptySlot(service, slot):
                assert view.slots[slot].scaling is None, "a slot that scales by itself was emptied"
                assert view.rule is None or not view.rule.weights.get(slot, 0), "a slot with traffic was emptied"
                self._slot(service, slot, desired=0, running=0)

    def _run(self, service: str, slot: Slot, definition: str, content: str, count: int) -> None:
        group = self.services[service].slots[slot].group
        well = service not in self.broken
        self._slot(
            service,
            slot,
            exists=True,
            definition=definition,
            content=content,
            desired=count,
            running=count if well else 0,
            rollout=Rollout.COMPLETED if well else Rollout.FAILED,
            group=replace(group, healthy=count if well else 0) if group else None,
        )

    def _slot(self, service: str, slot: Slot, **changes: object) -> None:
        view = self.services[service]
        changed: SlotView = replace(view.slots[slot], **changes)  # type: ignore[arg-type]
        self.services[service] = replace(view, slots={**view.slots, slot: changed})


def _asking(rule: RuleView, route: Route) -> RuleView:
    """The rule as it asks for this route."""
    return replace(rule, paths=frozenset(route.path), hosts=frozenset(route.host), conditions=",".join(route.path))


@dataclass
class Film:
    """One deployment, pass after pass. `lose_record`, `lose_effect` and `lose_outcome` name passes that a crash cuts
    off: before the decision is written, before the action takes effect, before what came of it is written."""

    world: ToyWorld
    deployment: Deployment
    lose_effect: frozenset[int] = frozenset()
    lose_record: frozenset[int] = frozenset()
    lose_outcome: frozenset[int] = frozenset()
    passes: int = 0
    terms: Terms = field(default_factory=terms)
    decisions: list[Decision] = field(default_factory=list)

    def run(self, most: int = 200) -> Deployment:
        """Until the deployment is final with nothing left to retire."""
        while not (self.deployment.is_final and self.deployment.step is None):
            assert self.passes < most, f"not over after {most} passes: {self.deployment.reason}"
            self._pass()
        return self.deployment

    def until(self, phase: Phase, most: int = 200) -> Deployment:
        while self.deployment.phase is not phase:
            assert self.passes < most, f"never {phase}: {self.deployment.reason}"
            self._pass()
        return self.deployment

    def _pass(self) -> None:
        self.passes += 1
        evidence = needed(self.deployment)
        decision = self._decided(evidence, self.deployment.step)
        while decision.needs:
            evidence |= decision.needs
            decision = self._decided(evidence, decision.deployment.step)
        self.decisions.append(decision)
        if self.passes in self.lose_record:
            return
        self.deployment = decision.deployment
        if decision.action is not None and self.passes not in self.lose_effect:
            self.world.apply(decision.action)
            if self.passes not in self.lose_outcome:
                self._remember(decision.action)

    def _decided(self, evidence: frozenset[Evidence], step: Step | None) -> Decision:
        return decide(self.deployment, self.world.snapshot(evidence, step=step), NOON, self.terms)

    def _remember(self, action: actions.Action) -> None:
        step = self.deployment.step
        name, slot = type(action).__name__, getattr(action, "slot", "")
        marks = (f"{name} {action.service}", f"{name} {action.service} {slot}")
        if step is not None:
            self.deployment = self.deployment.with_step(replace(step, acted=(*step.acted, *marks)))
        if isinstance(action, actions.RegisterDefinition):
            known = {
                **self.deployment.definitions,
                action.content.digest: self.world.definitions[action.content.digest],
            }
            self.deployment = replace(self.deployment, definitions=known)
