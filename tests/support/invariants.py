"""What must hold whatever happens, checked against what AWS really got and really is, not what the controller believes.

A `Watch` on a stage looks at every changing call at the moment AWS has carried it out, and `at_rest` at what is left
when nothing is to be done any more. Violations are collected, so that one run shows all of them.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.domain.deployment import IN_FLIGHT, Deployment, Phase
from controller.domain.names import DEPLOYMENT_TAG, OWNER, OWNER_TAG, group_name, slot_name
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState
from controller.store import Unit
from sandbox.world.faults import Faults
from sandbox.world.view import Forward, RuleView
from sandbox.world.world import Outcome
from tests.support.stage import Stage

MOST_ALIKE = 12
"""So many equal changing calls within a minute are a hot loop; the loop's own backoff allows fewer."""

PLACE = "captioncraft-dev"


@dataclass
class Watch:
    """`broken` lists what was violated, as «code: sentence»; `limit` is how many equal calls a minute may hold."""

    stage: Stage
    limit: int = MOST_ALIKE
    broken: list[str] = field(default_factory=list)
    _last: dict[tuple[str, str], int] = field(default_factory=dict)
    _alike: dict[str, deque[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._perform = self.stage.aws.perform
        self.stage.aws.perform = self._watched  # type: ignore[method-assign]

    def _watched(self, service: str, operation: str, parameters: Any, *others: Any, **named: Any) -> Outcome:
        if not self.stage.cuts.is_watching or not _changes(service, operation):
            return self._perform(service, operation, parameters, *others, **named)
        told = f"{operation} at {self.stage.time.now():%H:%M:%S}"
        with self.stage.store.read() as unit:
            moving = _moving(unit)
            self._has_intent(unit, told)
        self._not_hot(operation, parameters, told)
        if operation == "DeleteRule":
            self._deletes_its_own(parameters["RuleArn"], moving, told)
        if operation == "UpdateService" and parameters.get("desiredCount") == 0:
            self._empties_no_traffic(parameters["service"], told)
        outcome = self._perform(service, operation, parameters, *others, **named)
        if moving is not None:
            self._share_is_allowed(moving, told)
        return outcome

    def _has_intent(self, unit: Unit, told: str) -> None:
        """S13: the audit says what will be done before it is done."""
        newest = unit.audit.page(environment="dev", limit=1).items
        if not newest or newest[0].event != "action.intended":
            found = newest[0].event if newest else "nothing"
            self._break("S13", f"{told}: the audit's last entry is {found}, not an intent")

    def _not_hot(self, operation: str, parameters: Any, told: str) -> None:
        now = self.stage.time.monotonic()
        times = self._alike.setdefault(f"{operation} {sorted(map(str, parameters.items()))}", deque())
        times.append(now)
        while times and times[0] < now - 60:
            times.popleft()
        if len(times) == self.limit:
            self._break("L5", f"{told}: {len(times)} equal calls within a minute")
            raise HotLoop(self.broken[-1])

    def _deletes_its_own(self, arn: str, moving: Deployment | None, told: str) -> None:
        """S12: a public rule that was there before this deployment is not its to delete."""
        tags = _tags(self.stage, arn)
        rule = next((one for one in self.stage.aws.traffic.rules(self.stage.listener) if one.arn == arn), None)
        if rule is None:
            return
        if tags.get(OWNER_TAG) != OWNER:
            self._break("S12", f"{told}: the rule is not ours")
        if _is_public(rule) and (moving is None or tags.get(DEPLOYMENT_TAG) != moving.id):
            self._break("S12", f"{told}: a public rule of {tags.get(DEPLOYMENT_TAG)} is deleted by another deployment")

    def _empties_no_traffic(self, name: str, told: str) -> None:
        """S5: as AWS really is, not as it was shown."""
        if self._weights().get(name, 0) > 0:
            self._break("S5", f"{told}: {name} is emptied with weight {self._weights()[name]}")

    def _share_is_allowed(self, moving: Deployment, told: str) -> None:
        """S4: never above the step that was recorded, and never rising on the way home."""
        weights = self._weights()
        for entry in moving.undo.entries if moving.undo else ():
            if entry.sides.live is None:
                continue
            share = weights.get(group_name(PLACE, entry.service, entry.sides.idle), 0)
            before = self._last.get((moving.id, entry.service), 0)
            self._last[moving.id, entry.service] = share
            allowed = before if moving.phase is Phase.ROLLING_BACK else _recorded(moving)
            if share > allowed:
                self._break("S4", f"{told}: {share}% of {entry.service} on the new version, recorded were {allowed}%")

    def _weights(self) -> dict[str, int]:
        return {name: weight for rule in self.stage.weights().values() for name, weight in rule.items()}

    def _break(self, code: str, text: str) -> None:
        self.broken.append(f"{code}: {text}")

    def at_rest(self) -> list[str]:
        """What is left over when everything is settled; all that was broken until now with it."""
        self._serves()
        self._leaves_nothing()
        self._tells_no_secret()
        return self.broken

    def _serves(self) -> None:
        """What is live has its traffic, and at least as many healthy targets behind it as the file counts."""
        live = self.stage.environment.live
        if live is None:
            return
        weights = self._weights()
        for name, service in self.stage.deployment(live).revision.file.services.items():
            if service.route is None:
                continue
            serving = [slot for slot in Slot if weights.get(group_name(PLACE, name, slot), 0) > 0]
            healthy = sum(_healthy(self.stage, group_name(PLACE, name, slot)) for slot in serving)
            if healthy < service.count.min:
                self._break(
                    "S5", f"{name}: {healthy} healthy targets have traffic, the file counts {service.count.min}"
                )

    def _leaves_nothing(self) -> None:
        with self.stage.store.read() as unit:
            opened = unit.deployments.open("dev")
        if opened:
            return
        weights = self._weights()
        for name, desired in _desired(self.stage).items():
            if name in weights and weights[name] == 0 and desired:
                self._break("L1", f"{name} runs {desired} tasks without traffic, and nothing will ever stop them")
        left = [rule for rule in self.stage.aws.traffic.rules(self.stage.listener) if _is_test(rule)]
        if left:
            self._break("L1", f"{len(left)} test rules are left open")

    def _tells_no_secret(self) -> None:
        """S14: the values that open idle slots are in no audit entry and in no reason."""
        with self.stage.store.read() as unit:
            told = [f"{entry.text} {dict(entry.facts)}" for entry in unit.audit.page(limit=5000).items]
        told += [done.reason.text for done in self.stage.passes]
        if any("token-" in text for text in told):
            self._break("S14", "a deployment's secret is told")


class HotLoop(AssertionError):
    """Nothing but an error ends it: its clock stands still."""


def _moving(unit: Unit) -> Deployment | None:
    opened = unit.deployments.open("dev")
    return next((one for one in opened if one.phase in IN_FLIGHT), None) or next(iter(opened), None)


def _recorded(deployment: Deployment) -> int:
    begun = {StepState.RUNNING, StepState.DONE, StepState.FAILED}
    shares = [step.percent or 0 for step in deployment.steps if step.kind is StepKind.SHIFT and step.state in begun]
    return max(shares, default=0)


def _changes(service: str, operation: str) -> bool:
    return service in {"ecs", "elbv2"} and not operation.startswith(("Describe", "List"))


def _is_public(rule: RuleView) -> bool:
    return bool(rule.conditions) and all(condition.field == "path" for condition in rule.conditions)


def _is_test(rule: RuleView) -> bool:
    return any(condition.field == "header" for condition in rule.conditions)


def _truth(stage: Stage, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """As AWS is; the faults are meant for the controller, and this call is not counted among theirs."""
    faults, stage.aws.faults = stage.aws.faults, Faults(0)
    try:
        return stage.call(service, operation, **parameters)
    finally:
        stage.aws.faults = faults


def _tags(stage: Stage, arn: str) -> Mapping[str, str]:
    shown = _truth(stage, "elbv2", "DescribeTags", ResourceArns=[arn])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for tag in shown[0]["Tags"]}


def _desired(stage: Stage) -> dict[str, int]:
    names = [slot_name(PLACE, service, slot) for service in ("backend", "frontend", "worker") for slot in Slot]
    shown = _truth(stage, "ecs", "DescribeServices", cluster=PLACE, services=names)["services"]
    return {service["serviceName"]: service["desiredCount"] for service in shown}


def _healthy(stage: Stage, name: str) -> int:
    for rule in stage.aws.traffic.rules(stage.listener):
        if isinstance(rule.action, Forward):
            for weighted in rule.action.groups:
                group = stage.aws.traffic.group(weighted.group_arn)
                if group is not None and group.name == name:
                    shown = _truth(stage, "elbv2", "DescribeTargetHealth", TargetGroupArn=weighted.group_arn)
                    states = [each["TargetHealth"]["State"] for each in shown["TargetHealthDescriptions"]]
                    return states.count("healthy")
    return 0
