"""What must hold whatever happens, checked against what AWS really got and really is, not what the controller believes.

A `Watch` looks at every changing call at the moment AWS has carried it out, at the capacity as time goes by, and
`at_rest` at what is left when nothing is to be done any more. Violations are collected, so that one run shows all of
them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Phase
from controller.domain.electorate import Movers
from controller.domain.names import DEPLOYMENT_TAG, OWNER, OWNER_TAG, group_name, slot_name
from controller.domain.scaling import LATENESS, Bounds, Scaling, bounds_now, scaling_of
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState
from controller.domain.undo import UndoEntry
from controller.store import Unit
from sandbox.world.errors import AwsError
from sandbox.world.view import Forward, RuleView
from sandbox.world.world import Outcome
from tests.support.outside import PLACE

MOST_ALIKE = 12
"""So many equal changing calls within a minute are a hot loop; the loop's own backoff allows fewer."""

SECRET = "token-"
"""Every secret of a deployment begins so."""


@dataclass
class Watch:
    """`broken` lists what was violated, as «code: sentence»; `limit` is how many equal calls a minute may hold.

    `stage` is a Stage or a Play. `who` finds the process whose call this is; None where there is only one.
    """

    stage: Any
    limit: int = MOST_ALIKE
    broken: list[str] = field(default_factory=list)
    who: Any = None
    is_on_its_way: Any = None
    """Whether this call was on its way when the lease was lost: nobody can refuse that one."""
    said: list[str] = field(default_factory=list)
    """Log lines and notices."""
    _last: dict[tuple[str, str], int] = field(default_factory=dict)
    _alike: dict[str, deque[float]] = field(default_factory=dict)
    _raised: dict[str, tuple[int, float]] = field(default_factory=dict)
    _short: set[str] = field(default_factory=set)
    _shown: int = -1
    _started: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.outside = self.stage.outside
        self._perform: Callable[..., Outcome] = self.outside.aws.perform
        self.outside.aws.perform = self._watched

    def _watched(self, service: str, operation: str, parameters: Any, *others: Any, **named: Any) -> Outcome:
        is_a_switch = any(f"assumed-role/{PLACE}-switch/" in str(other) for other in others)
        if self.outside.is_by_hand or is_a_switch or not _changes(service, operation):
            return self._perform(service, operation, parameters, *others, **named)
        told = f"{operation} at {self.stage.time.now():%H:%M:%S}"
        with self.stage.store.read() as unit:
            moving = _moving(unit)
            self._moves_alone(unit, told)
            self._has_intent(unit, told)
            self._holds_the_lease(unit, told)
        if moving is not None and moving.id not in self._started and moving.phase is Phase.RUNNING:
            self._started.add(moving.id)
            self._is_approved(moving, told)
        if moving is not None and moving.kind is Kind.CORRECT:
            self._capacity(told, ABLE, is_told=False)  # what lacks already is somebody else's doing
        self._not_hot(operation, parameters, told)
        self._is_ours(operation, parameters, told)
        if operation == "DeleteRule":
            self._deletes_its_own(parameters["RuleArn"], moving, told)
        if operation == "UpdateService" and parameters.get("desiredCount") == 0:
            self._empties_no_traffic(parameters["service"], told)
            self._stays_empty(parameters["service"], told)
            self._is_witnessed(moving, told)
        if operation == "UpdateService":
            self._fights_no_scaling(parameters, moving, told)
        outcome = self._perform(service, operation, parameters, *others, **named)
        if moving is not None:
            self._share_is_allowed(moving, told)
        of = frozenset({"healthy"}) if _rises(operation, moving) else ABLE
        self._capacity(told, of, is_told=not _comes_back(operation, moving))
        return outcome

    def as_time_goes_by(self) -> None:
        """Call after time has passed: what we did earlier may show only now."""
        version, self._shown = self._shown, self.outside.aws.traffic.version
        if version == self._shown:
            return
        self._capacity(f"at {self.stage.time.now():%H:%M:%S}", of=ABLE)

    def _moves_alone(self, unit: Unit, told: str) -> None:
        """S10: one deployment moves at a time."""
        moving = [one.id for one in unit.deployments.open("dev") if one.phase in IN_FLIGHT]
        if len(moving) > 1:
            self._break("S10", f"{told}: {moving} are in flight")

    def _is_approved(self, moving: Deployment, told: str) -> None:
        """S6: so many different people as each of both files and the operator want let this very plan start, who had
        the right, had no part in it, and whose word still held; or enough of those who may broke the glass."""
        if moving.kind is not Kind.DEPLOY:
            return
        assert moving.plan is not None and moving.started_at is not None
        of_plan = [vote for vote in moving.votes if vote.digest == moving.plan.digest]
        glass, minimum = self.stage.binding.glass, self.stage.binding.minimum.approval
        broke = {vote.by.id for vote in of_plan if vote.breaks_glass}
        if glass is not None and len(broke & {one.id for one in glass.people}) >= glass.count:
            return
        live = self.stage.environment.live
        files = [moving.revision.file, *([self.stage.deployment(live).revision.file] if live else [])]
        asked = [
            (one.count, one.reviewers, one.exclude_author, one.expires)
            for file in files
            if (one := file.gates.approval)
        ]
        asked += [(minimum.count, (), True, timedelta(hours=24))] if minimum else []
        for count, names, excludes, expires in asked:
            held = [vote for vote in of_plan if not vote.breaks_glass and moving.started_at < vote.at + expires]
            said = {vote.by.id for vote in held} & self._electors(names) - self._makers(moving, excludes)
            if len(said) < count:
                self._break("S6", f"{told}: {moving.id} runs, approved by {sorted(said)}, and {count} were asked for")

    def _electors(self, names: Sequence[str]) -> set[int]:
        """Whom the town lets write, of those that are named."""
        town = self.outside.town
        able = {one for one, right in town.rights.items() if right not in {"none", "read", "triage"}}
        team = {number for name, members in town.teams.items() if name in names for number in members}
        return {one.id for one in able if not names or one.login in names or one.id in team}

    def _makers(self, moving: Deployment, excludes: object) -> set[int | None]:
        if excludes is False:
            return set()
        town, commit = self.outside.town, moving.revision.commit
        moved = town.moved.get(commit.sha, Movers())
        movers = {one.id for one in (*moved.openers, *moved.mergers, *moved.pushers, moving.requester) if one}
        wrote = (*commit.authors, *(town.wrote if excludes == "all" else ()))
        return movers | {one.id for one in wrote}

    def _has_intent(self, unit: Unit, told: str) -> None:
        """S13: the audit says what will be done before it is done."""
        newest = unit.audit.page(environment="dev", limit=1).items
        if not newest or newest[0].event != "action.intended":
            found = newest[0].event if newest else "nothing"
            if not self._is_late():
                self._break("S13", f"{told}: the audit's last entry is {found}, not an intent")

    def _is_late(self) -> bool:
        return self.is_on_its_way is not None and self.is_on_its_way()

    def _holds_the_lease(self, unit: Unit, told: str) -> None:
        """S9: whoever changes something holds the environment."""
        if self.who is None or self._is_late():
            return
        process = self.who()
        holders = [(one.owner, one.expires_at > process.wall()) for one in unit.leases.holders()]
        if holders != [(process.gate.owner, True)]:
            self._break("S9", f"{told}: {process.gate.owner} changes something, the lease is with {holders}")

    def _not_hot(self, operation: str, parameters: Any, told: str) -> None:
        now = self.stage.time.monotonic()
        times = self._alike.setdefault(f"{operation} {sorted(map(str, parameters.items()))}", deque())
        times.append(now)
        while times and times[0] < now - 60:
            times.popleft()
        if len(times) == self.limit:
            self._break("L5", f"{told}: {len(times)} equal calls within a minute")
            raise HotLoop(self.broken[-1])

    def _is_ours(self, operation: str, parameters: Any, told: str) -> None:
        """S12: what is changed carries our tag."""
        if "ResourceId" in parameters and not parameters["ResourceId"].startswith(f"service/{PLACE}/{PLACE}-"):
            self._break("S12", f"{told}: {parameters['ResourceId']} is not ours")
        for arn in _touched(operation, parameters):
            tags = _tags(self.outside, arn)
            if tags is not None and tags.get(OWNER_TAG) != OWNER:
                self._break("S12", f"{told}: {arn} is not ours")
        for name in _alarms_touched(operation, parameters):
            if not _is_our_alarm(self.outside, name):
                self._break("S12", f"{told}: the alarm {name} is not ours")
        for name in _dashboards_touched(operation, parameters):
            if not _is_our_dashboard(self.outside, name):
                self._break("S12", f"{told}: the dashboard {name} is not ours")

    def _deletes_its_own(self, arn: str, moving: Deployment | None, told: str) -> None:
        """S12: a public rule that was there before this deployment is not its to delete, unless it prunes."""
        rule = next((one for one in self.outside.aws.traffic.rules(self.outside.listener) if one.arn == arn), None)
        if rule is None or not _is_public(rule) or (moving and moving.kind is Kind.PRUNE):
            return
        made_by = (_tags(self.outside, arn) or {}).get(DEPLOYMENT_TAG)
        if moving is None or made_by != moving.id:
            self._break("S12", f"{told}: a public rule of {made_by} is deleted by another deployment")

    def _is_witnessed(self, moving: Deployment | None, told: str) -> None:
        """What AWS knew of a failure is written down before the tasks go that it is about."""
        if moving is not None and moving.phase is Phase.ROLLING_BACK and not moving.witnessed:
            self._break("evidence", f"{told}: {moving.id} turns back, and nothing was written down")

    def _empties_no_traffic(self, name: str, told: str) -> None:
        """S5: as AWS really is, not as it was shown."""
        if self._weights().get(name, 0) > 0:
            self._break("S5", f"{told}: {name} is emptied with weight {self._weights()[name]}")

    def _stays_empty(self, name: str, told: str) -> None:
        """S5: nothing that scales by itself fills a slot again that was emptied."""
        if _scaled(self.outside, name) is not None:
            self._break("S5", f"{told}: {name} is emptied, and scales by itself")

    def _fights_no_scaling(self, parameters: Any, moving: Deployment | None, told: str) -> None:
        """S5: a slot that scales never loses tasks to a deployment; `max: 150` shrinks it on purpose."""
        name, count = parameters["service"], parameters.get("desiredCount")
        if _scaled(self.outside, name) is None or count is None or (moving and moving.began(StepKind.SHRINK)):
            return
        before = _desired(self.outside).get(name, 0)
        if count < before:
            self._break("S5", f"{told}: {name} scales by itself, and is set from {before} to {count} tasks")

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
            if share > before:
                self._baked_before(moving, share, told)
                self._has_tasks_for(moving, entry, share, told)

    def _has_tasks_for(self, moving: Deployment, entry: UndoEntry, share: int, told: str) -> None:
        """S5: a share rises onto as many healthy tasks as the old slot has for it, within what the file allows."""
        if moving.kind is Kind.ROLLBACK or moving.began(StepKind.SHRINK) or entry.sides.live is None:
            return  # the way back doesn't wait for ever; an old slot that was shrunk has only a part of them
        old = _desired(self.outside).get(slot_name(PLACE, entry.service, entry.sides.live), 0)
        most = max(1, moving.bounds(entry.service, self.stage.time.now()).max)
        least = -(-min(old, most) * share // 100)
        found = _healthy(self.outside, group_name(PLACE, entry.service, entry.sides.idle))
        if found < least:
            self._break("S5", f"{told}: {share}% of {entry.service} on {found} tasks, the old slot has {old}")

    def _baked_before(self, moving: Deployment, share: int, told: str) -> None:
        """S16: between two shares lies the bake that the plan puts there, by a clock that never jumps."""
        now = self.stage.time.monotonic()
        last, since = self._raised.get(moving.id, (0, now))
        if share > last:
            shifts = [step for step in moving.steps if step.kind is StepKind.SHIFT and (step.percent or 0) <= last]
            begun = shifts[-1].number if shifts else 0
            following = next((step for step in moving.steps if step.number == begun + 1), None)
            wait = following.wait if following and following.kind is StepKind.BAKE and not following.promoted else None
            if wait is not None and last and now - since < wait.total_seconds():
                self._break("S16", f"{told}: from {last}% to {share}% in {now - since:.0f} s, the plan bakes {wait}")
        self._raised[moving.id] = share, now

    def _capacity(self, told: str, of: frozenset[str], is_told: bool = True) -> None:
        """S5: behind every public rule stand at least as many targets as the file counts; said once until it is over.

        Targets that are unhealthy by themselves are not our doing, as long as nothing is given to them.
        """
        short = set()
        for name, least in self._least().items():
            serving = [group for group in self._groups(name) if group[1] > 0]
            if not serving or any(self._ends_by_itself(group) for group, _ in serving):
                continue
            found = sum(target.state in of for group, _ in serving for target in group.targets)
            if found < least:
                short.add(name)
                if is_told and name not in self._short:
                    self._break("S5", f"{told}: {found} targets of {name} have traffic, the file counts {least}")
        self._short = short

    def _least(self) -> Mapping[str, int]:
        """Service → the least that the live version's file, and the running one's, count."""
        with self.stage.store.read() as unit:
            live, opened = unit.deployments.live("dev"), unit.deployments.open("dev")
        files = [live.revision.file] if live else []
        files += [one.revision.file for one in opened if one.phase in IN_FLIGHT and live]
        now = self.stage.time.now()
        moments = (now, now - LATENESS)
        least: dict[str, int] = {}
        for file in files:
            for name, service in file.services.items():
                if service.route is not None:
                    wanted = min(bounds_now(service, file.schedule, now).min for now in moments)
                    least[name] = min(least.get(name, wanted), wanted)
        shrunk = any(one.phase is Phase.ROLLING_BACK and one.began(StepKind.SHRINK) for one in opened)
        # `max: 150` gives up half of the old tasks on purpose: traffic comes home to the rest, and they grow again.
        return {name: -(-count // 2) if shrunk else count for name, count in least.items()}

    def _groups(self, service: str) -> Iterator[tuple[Any, int]]:
        """The target groups behind the service's public rule, with their weights."""
        names = {group_name(PLACE, service, slot) for slot in Slot}
        for rule in self.outside.aws.traffic.rules(self.outside.listener):
            if _is_public(rule) and isinstance(rule.action, Forward):
                shown = [(self.outside.aws.traffic.group(one.group_arn), one.weight) for one in rule.action.groups]
                yield from ((group, weight) for group, weight in shown if group is not None and group.name in names)

    def _ends_by_itself(self, group: Any) -> bool:
        """Tasks that crash leave, and that is nobody's doing."""
        scripts = self.outside.runtime._scripts
        for launch in self.outside.runtime.launches:
            image = launch.containers[0]
            script = scripts.get(image.digest) or scripts.get(image.repository)
            if script is not None and script.ends_after_seconds is not None:
                running = {target.target.task_id for target in group.targets}
                if launch.task_id in running:
                    return True
        return False

    def _weights(self) -> dict[str, int]:
        """Target group → its weight in a public rule."""
        shown: dict[str, int] = {}
        for rule in self.outside.aws.traffic.rules(self.outside.listener):
            if _is_public(rule) and isinstance(rule.action, Forward):
                groups = [(self.outside.aws.traffic.group(one.group_arn), one.weight) for one in rule.action.groups]
                shown |= {group.name: weight for group, weight in groups if group is not None}
        return shown

    def _break(self, code: str, text: str) -> None:
        self.broken.append(f"{code}: {text}")

    def at_rest(self) -> list[str]:
        """What is left over when everything is settled; all that was broken until now with it."""
        self._serves()
        self._leaves_nothing()
        self._runs_nothing_twice()
        self._tells_no_secret()
        self._turned_back_once()
        self._says_what_came_of_it()
        self._is_one_chain()
        return self.broken

    def _serves(self) -> None:
        """What is live has its traffic, and at least as many healthy targets behind it as the file counts."""
        live = self.stage.environment.live
        if live is None:
            return
        weights = self._weights()
        file, now = self.stage.deployment(live).revision.file, self.stage.time.now()
        for name, service in file.services.items():
            if service.route is None:
                continue
            serving = [slot for slot in Slot if weights.get(group_name(PLACE, name, slot), 0) > 0]
            healthy = sum(_healthy(self.outside, group_name(PLACE, name, slot)) for slot in serving)
            least = min(bounds_now(service, file.schedule, at).min for at in (now, now - LATENESS))
            if healthy < least:
                self._break("S5", f"{name}: {healthy} healthy targets have traffic, the file counts {least}")
            for slot in Slot:
                self._scales_as_declared(name, slot, scaling_of(service, file.schedule) if slot in serving else None)

    def _scales_as_declared(self, name: str, slot: Slot, wanted: Scaling | None) -> None:
        """L2: scaling is on the live slot, whole, and nowhere else."""
        with self.stage.store.read() as unit:
            opened = unit.deployments.open("dev")
        found = _scaled(self.outside, slot_name(PLACE, name, slot))
        if opened or (wanted is None and found is None):
            return
        if wanted is None or found is None:
            self._break(
                "L2", f"{slot} of {name}: {'scales, and should not' if found else 'should scale, and does not'}"
            )
        elif any(found["SuspendedState"].values()):
            self._break("L2", f"{slot} of {name} is live, and its scaling is suspended")
        elif Bounds(found["MinCapacity"], found["MaxCapacity"]) != wanted.at(self.stage.time.now()):
            self._break("L2", f"{slot} of {name} scales from {found['MinCapacity']} to {found['MaxCapacity']}")

    def _leaves_nothing(self) -> None:
        with self.stage.store.read() as unit:
            opened = unit.deployments.open("dev")
        if opened:
            return
        weights = self._weights()
        for name, desired in _desired(self.outside).items():
            if name in weights and weights[name] == 0 and desired:
                self._break("L1", f"{name} runs {desired} tasks without traffic, and nothing will ever stop them")
        left = [rule for rule in self.outside.aws.traffic.rules(self.outside.listener) if _is_test(rule)]
        if left:
            self._break("L1", f"{len(left)} test rules are left open")

    def _runs_nothing_twice(self) -> None:
        """S2: one task for each token, whatever was retried; and none goes on when nobody waits for it."""
        runtime = self.outside.runtime
        tokens = {one.parameters["clientToken"] for one in self.outside.aws.calls if one.operation == "RunTask"}
        started = [launch for launch in runtime.launches if _is_one_off(launch)]
        if len(started) > len(tokens):
            self._break("S2", f"{len(started)} one-off tasks were started with {len(tokens)} tokens")
        left = [launch.arn for launch in runtime.running if _is_one_off(launch)]
        if left:
            self._break("L1", f"one-off tasks still run, and nothing will ever stop them: {left}")

    def _tells_no_secret(self) -> None:
        """S14: the values that open idle slots are in no audit entry, no reason, no log line and no notice."""
        with self.stage.store.read() as unit:
            told = [f"{entry.text} {dict(entry.facts)}" for entry in unit.audit.page(limit=5000).items]
            for one in unit.deployments.page("dev", limit=100).items:
                told += [one.reason.text, *(step.detail for step in one.steps)]
            environment = unit.environments.get("dev")
        told += [reason.text for reason in (environment.problem, environment.trouble) if reason]
        told += [done.reason.text for done in getattr(self.stage, "passes", [])]
        found = [text for text in (*told, *self.said) if SECRET in text]
        if found:
            self._break("S14", f"a deployment's secret is told: {found[0][:200]}")

    def _turned_back_once(self) -> None:
        """S11: a deployment turns back at most once; a rollback that has moved traffic never does by itself."""
        with self.stage.store.read() as unit:
            entries = unit.audit.page(environment="dev", limit=5000).items
            rollbacks = {one.id for one in unit.deployments.page("dev", limit=100).items if _must_stay(one)}
        turned = Counter(entry.deployment for entry in entries if entry.event == "deployment.turned_back")
        for name, times in turned.items():
            if times > 1 or name in rollbacks:
                self._break("S11", f"{name} turned back {times} times{', a rollback' * (name in rollbacks)}")

    def _says_what_came_of_it(self) -> None:
        """S13: no outcome without an intent before it, and at most one for each."""
        with self.stage.store.read() as unit:
            entries = unit.audit.page(environment="dev", limit=5000).items
        is_open = False
        for entry in reversed(entries):
            if entry.event == "action.intended":
                is_open = True
            elif entry.event in {"action.succeeded", "action.failed"}:
                if not is_open:
                    self._break("S13", f"{entry.deployment}: «{entry.text}» was told, and nothing was intended")
                is_open = False

    def _is_one_chain(self) -> None:
        """S13: every entry follows the one before it, whoever wrote it and whatever was taken back."""
        for found in self.stage.store.verify_audit().findings:
            self._break("S13", f"the audit's chain is broken at {found.first}: {found.what}, {found.text}")


ABLE = frozenset({"healthy", "unhealthy"})
"""States of targets that do, or could do, their work; those that begin and those that leave do not."""


class HotLoop(AssertionError):
    """Nothing but an error ends it: its clock stands still."""


def _must_stay(deployment: Deployment) -> bool:
    moved = deployment.kind is Kind.ROLLBACK and deployment.began(StepKind.SHIFT)
    return moved and not (deployment.turning and deployment.turning.ends_as is Phase.ABORTED)


def _rises(operation: str, moving: Deployment | None) -> bool:
    return operation == "ModifyRule" and moving is not None and moving.phase is not Phase.ROLLING_BACK


def _comes_back(operation: str, moving: Deployment | None) -> bool:
    """A rule that somebody had deleted: its targets are asked for their health from now on."""
    is_to_mend = moving is not None and (moving.phase is Phase.ROLLING_BACK or moving.kind is Kind.CORRECT)
    return operation == "CreateRule" and is_to_mend


def _moving(unit: Unit) -> Deployment | None:
    opened = unit.deployments.open("dev")
    return next((one for one in opened if one.phase in IN_FLIGHT), None) or next(iter(opened), None)


def _recorded(deployment: Deployment) -> int:
    begun = {StepState.RUNNING, StepState.DONE, StepState.FAILED}
    shares = [step.percent or 0 for step in deployment.steps if step.kind is StepKind.SHIFT and step.state in begun]
    return max(shares, default=0)


CHANGING = frozenset({"application-autoscaling", "cloudwatch", "ecs", "elbv2"})
"""The services whose changing calls are looked at."""


def _changes(service: str, operation: str) -> bool:
    return service in CHANGING and not operation.startswith(("Describe", "List", "Get"))


def _touched(operation: str, parameters: Any) -> Iterator[str]:
    """ARNs of the balancer's things that a call changes."""
    if operation.startswith(("Modify", "Delete", "Set")):
        for key in ("RuleArn", "TargetGroupArn"):
            if key in parameters:
                yield parameters[key]
        yield from (pair["RuleArn"] for pair in parameters.get("RulePriorities", []))


def _alarms_touched(operation: str, parameters: Any) -> list[str]:
    if operation == "PutMetricAlarm":
        return [parameters["AlarmName"]]
    return list(parameters["AlarmNames"]) if operation == "DeleteAlarms" else []


def _dashboards_touched(operation: str, parameters: Any) -> list[str]:
    if operation == "PutDashboard":
        return [parameters["DashboardName"]]
    return list(parameters["DashboardNames"]) if operation == "DeleteDashboards" else []


def _is_our_alarm(outside: Any, name: str) -> bool:
    """Also one that is about to be made."""
    types = ["MetricAlarm", "CompositeAlarm"]
    found = outside.look("cloudwatch", "DescribeAlarms", AlarmNames=[name], AlarmTypes=types)
    arns = [each["AlarmArn"] for each in (*found["MetricAlarms"], *found["CompositeAlarms"])]
    tags = [outside.look("cloudwatch", "ListTagsForResource", ResourceARN=arn)["Tags"] for arn in arns]
    return all({"Key": OWNER_TAG, "Value": OWNER} in each for each in tags)


def _is_our_dashboard(outside: Any, name: str) -> bool:
    """Also one that is about to be made."""
    try:
        body = outside.look("cloudwatch", "GetDashboard", DashboardName=name)["DashboardBody"]
    except AwsError:
        return True
    return f"kept by Tidegate for `{PLACE}`" in body


def _is_one_off(launch: Any) -> bool:
    return str(launch.group).startswith("family:")


def _is_public(rule: RuleView) -> bool:
    return bool(rule.conditions) and all(condition.field in {"path", "host"} for condition in rule.conditions)


def _is_test(rule: RuleView) -> bool:
    return any(condition.field == "header" for condition in rule.conditions)


def _tags(outside: Any, arn: str) -> Mapping[str, str] | None:
    """None when there is no such thing any more."""
    try:
        shown = outside.look("elbv2", "DescribeTags", ResourceArns=[arn])["TagDescriptions"]
    except AwsError:
        return None
    return {tag["Key"]: tag["Value"] for tag in shown[0]["Tags"]}


def _scaled(outside: Any, name: str) -> Any | None:
    """The scalable target of an ECS service."""
    asked = {"ServiceNamespace": "ecs", "ResourceIds": [f"service/{PLACE}/{name}"]}
    found = outside.look("application-autoscaling", "DescribeScalableTargets", **asked)["ScalableTargets"]
    return found[0] if found else None


def _desired(outside: Any) -> dict[str, int]:
    names = [slot_name(PLACE, service, slot) for service in ("backend", "frontend", "worker") for slot in Slot]
    shown = outside.look("ecs", "DescribeServices", cluster=PLACE, services=names)["services"]
    return {service["serviceName"]: service["desiredCount"] for service in shown}


def _healthy(outside: Any, name: str) -> int:
    for rule in outside.aws.traffic.rules(outside.listener):
        if isinstance(rule.action, Forward):
            for weighted in rule.action.groups:
                group = outside.aws.traffic.group(weighted.group_arn)
                if group is not None and group.name == name:
                    return sum(target.state == "healthy" for target in group.targets)
    return 0
