"""What must hold, whoever was killed when. Pure: from what was written down to sentences about what was broken."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.kills.rows import Row, document, moment, pid_of
from benchmarks.kills.seats import Launch, Passed
from benchmarks.kills.strikes import Strike
from controller.domain.names import group_name
from controller.domain.slot import Slot

EXPLAINS: Mapping[str, frozenset[str]] = {
    "RegisterDefinition": frozenset({"RegisterTaskDefinition", "CreateLogGroup", "PutRetentionPolicy"}),
    "PrepareGroup": frozenset({"CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"}),
    "PutTestRule": frozenset({"CreateRule", "ModifyRule"}),
    "RunSlot": frozenset({"CreateService", "UpdateService"}),
    "SetCount": frozenset({"UpdateService"}),
    "EmptySlot": frozenset({"UpdateService"}),
    "SetWeights": frozenset({"CreateRule", "ModifyRule"}),
    "SetRoute": frozenset({"ModifyRule", "SetRulePriorities"}),
    "RestoreRule": frozenset({"ModifyRule", "CreateRule", "SetRulePriorities"}),
    "RemakeRule": frozenset({"CreateRule"}),
    "RemoveRule": frozenset({"DeleteRule"}),
    "RemoveRoute": frozenset({"DeleteRule"}),
    "RemoveTestRule": frozenset({"DeleteRule"}),
    "DeleteSlot": frozenset({"DeleteService", "DeleteTargetGroup"}),
}
"""The calls that each intent in the audit stands for."""

ALWAYS = frozenset({"SetWeights", "RestoreRule", "RunSlot", "EmptySlot", "SetCount"})
"""Intents that always need a call; what the others want may be there already."""

IN_FLIGHT = frozenset({"running", "rolling_back"})
SETTLED_DELIVERIES = frozenset({"done", "ignored", "rejected", "dead"})
FENCED = ("action.", "step.", "deployment.")
"""Entries that only the lease's holder may write."""

QUIET = frozenset({"lease.quiet", "lease.elsewhere", "lease.lost"})
SLACK_SECONDS = 0.05


@dataclass(frozen=True)
class Evidence:
    """Everything that was written down: calls by the witness; launches and strikes by the harness; `audit`, `outbox`,
    `deliveries` and `deployments` are rows; `notices` are the keys that the logs say were sent; `accepted` are the ids
    of deliveries that GitHub saw answered with 2xx; `bugs` are tracebacks in logs; `writers` says who wrote an audit
    entry under whose lease."""

    calls: Sequence[Row]
    launches: Sequence[Launch]
    strikes: Sequence[Strike]
    audit: Sequence[Row]
    outbox: Sequence[Row]
    deliveries: Sequence[Row]
    deployments: Sequence[Row]
    notices: Counter[str]
    accepted: frozenset[str]
    bugs: Sequence[str] = ()
    writers: Sequence[Row] = ()


def violations(found: Evidence) -> list[str]:
    return [
        *_leases(found),
        *_one_owner_an_epoch(found.calls),
        *_intents(found.calls),
        *_shares(found.calls),
        *_capacity(found.calls),
        *_made_once(found.calls),
        *_successes(found),
        *_outcomes(found),
        *_writers(found),
        *_deliveries(found),
        *_notices(found),
        *_ends(found.deployments),
        *(f"bug: {told}" for told in found.bugs),
    ]


def _leases(found: Evidence) -> Iterator[str]:
    """S9: whoever changes something holds the lease at that moment."""
    pids = {launch.who: launch.pid for launch in found.launches}
    for call in found.calls:
        if call["environment"] == "":
            yield f"S12: {_told(call)} belongs to no environment: {call['parameters']}"
        elif pid_of(call["owner"]) != pids.get(call["who"]):
            yield f"S9: {_told(call)} by {call['who']}, while {call['owner']} held the lease"
        elif call["left"] is None or call["left"] <= 0:
            yield f"S9: {_told(call)} with {call['left']} s of the lease left"


def _one_owner_an_epoch(calls: Sequence[Row]) -> Iterator[str]:
    """S9: epochs only grow, and each belongs to one process."""
    last: dict[str, tuple[int, str]] = {}
    for call in calls:
        epoch, who = last.get(call["environment"], (0, call["who"]))
        if call["epoch"] is not None and (call["epoch"] < epoch or (call["epoch"] == epoch and who != call["who"])):
            yield f"S9: {_told(call)} by {call['who']} in epoch {call['epoch']}, after {who} in epoch {epoch}"
        last[call["environment"]] = (call["epoch"] or 0, call["who"])


def _intents(calls: Sequence[Row]) -> Iterator[str]:
    """S13: the audit says what will be done before it is done."""
    for call in calls:
        entry = call["audit"] or {"event": "nothing", "facts": {}}
        action = entry["facts"].get("action", "")
        if entry["event"] != "action.intended" or call["call"] not in EXPLAINS.get(action, frozenset()):
            yield f"S13: {_told(call)}: the audit's last entry is {entry['event']} {action}"


def _shares(calls: Sequence[Row]) -> Iterator[str]:
    """S4: the share of the new version is never above the recorded step, and never rises on the way home."""
    last: dict[tuple[str, str], int] = {}
    for call in calls:
        for deployment in call["deployments"]:
            if deployment["phase"] not in IN_FLIGHT:
                continue
            for service, slot in deployment["idle"].items():
                name = group_name(f"captioncraft-{call['environment']}", service, Slot(slot))
                share = call["groups"].get(name, [0])[0]
                before = last.get((deployment["id"], service), 0)
                last[deployment["id"], service] = share
                allowed = before if deployment["phase"] == "rolling_back" else deployment["share"]
                if share > allowed:
                    yield f"S4: {_told(call)}: {share} % of {service} on the new version, recorded were {allowed} %"


def _capacity(calls: Sequence[Row]) -> Iterator[str]:
    """S5: what has traffic has healthy targets, and is not emptied."""
    for call in calls:
        for name, (weight, healthy, targets) in call["groups"].items():
            if weight and not healthy:
                yield f"S5: {_told(call)}: {name} has weight {weight} and none of {targets} targets healthy"
        service = call["parameters"].get("service", "")
        weight = call["groups"].get(service, [0])[0]
        if call["call"] == "UpdateService" and call["parameters"].get("desiredCount") == 0 and weight:
            yield f"S5: {_told(call)}: {service} is emptied with weight {weight}"


def _made_once(calls: Sequence[Row]) -> Iterator[str]:
    """S2: one task definition for each content, one ECS service for each slot."""
    made: Counter[str] = Counter()
    for call in calls:
        if call["outcome"] != "ok":
            continue
        if call["call"] == "RegisterTaskDefinition":
            tags = {tag["key"]: tag["value"] for tag in call["parameters"].get("tags", [])}
            made[f"{call['parameters']['family']} {tags.get('tidegate:content')}"] += 1
        elif call["call"] == "CreateService":
            made[call["parameters"]["serviceName"]] += 1
    for name, times in made.items():
        if times > 1:
            yield f"S2: {name} was made {times} times"


def _successes(found: Evidence) -> Iterator[str]:
    """S13: what the audit calls done was done, between the intent and the word."""
    for intent, outcome in _pairs(found.audit):
        action = intent["facts"]["action"]
        if outcome is None or outcome["event"] != "action.succeeded" or action not in ALWAYS:
            continue
        if action == "EmptySlot" and not _both_slots_made(found.calls, intent):
            continue
        since, until = moment(intent["at"]) - SLACK_SECONDS, moment(outcome["at"]) + SLACK_SECONDS
        is_done = any(
            call["environment"] == intent["environment"]
            and since <= call["time"] <= until
            and call["call"] in EXPLAINS[action]
            and call["outcome"] == "ok"
            for call in found.calls
        )
        if not is_done:
            yield f"S13: audit {outcome['seq']} says that {action} was done, and AWS saw no such call"


def _both_slots_made(calls: Sequence[Row], intent: Row) -> bool:
    """A slot that was never filled needs no call to be empty."""
    names = {
        call["parameters"]["serviceName"]
        for call in calls
        if call["call"] == "CreateService" and call["environment"] == intent["environment"]
        if call["time"] < moment(intent["at"])
    }
    return len({name for name in names if f"-{intent['facts'].get('service')}-" in name}) == len(Slot)


def _outcomes(found: Evidence) -> Iterator[str]:
    """S13: an intent without an outcome has a strike to blame."""
    for intent, outcome in _pairs(found.audit):
        if outcome is not None:
            continue
        at = moment(intent["at"]) - SLACK_SECONDS
        if not any(0 <= strike.at - at <= 20 for strike in found.strikes):
            yield f"S13: audit {intent['seq']} intends {intent['facts']['action']}, and nobody wrote what came of it"


def _pairs(audit: Sequence[Row]) -> Iterator[tuple[Row, Row | None]]:
    """Each intent with the outcome that follows it in its environment, if one does before the next intent."""
    waiting: dict[str, Row] = {}
    for entry in audit:
        if not entry["event"].startswith("action."):
            continue
        before = waiting.pop(entry["environment"], None)
        is_intent = entry["event"] == "action.intended"
        if before is not None:
            yield before, None if is_intent else entry
        if is_intent:
            waiting[entry["environment"]] = entry
    yield from ((intent, None) for intent in waiting.values())


def _writers(found: Evidence) -> Iterator[str]:
    """S9: only the lease's holder wrote about actions, steps and phases."""
    seats = {launch.pid: launch.seat.lower() for launch in found.launches}
    for entry in found.writers:
        if entry["event"].startswith(FENCED) and seats.get(pid_of(entry["owner"]) or 0) != entry["writer"]:
            yield f"S9: audit {entry['seq']} {entry['event']} by {entry['writer']}, lease of {entry['owner']}"


def _deliveries(found: Evidence) -> Iterator[str]:
    """S1: what was accepted is there, once, in an end state."""
    states = Counter(row["id"] for row in found.deliveries)
    for row in found.deliveries:
        if row["state"] not in SETTLED_DELIVERIES:
            yield f"S1: delivery {row['id']} is still {row['state']}"
    for guid in found.accepted:
        if states[guid] != 1:
            yield f"S1: delivery {guid} was answered with 2xx and has {states[guid]} rows"


IN_LOG = ">log"
"""How the key of a message ends that the log is told; the notice itself becomes one to each addressee."""


def _notices(found: Evidence) -> Iterator[str]:
    """Each move has its notice, and each notice was sent."""
    rows = {row["key"]: row for row in found.outbox}
    for entry in found.audit:
        if entry["event"].startswith("deployment.") and entry["event"] != "deployment.created":
            key = f"{entry['deployment']}:{entry['facts'].get('phase')}"
            if entry["facts"].get("phase") and key not in rows:
                yield f"notices: {entry['event']} of {entry['deployment']} has none"
    for key, row in rows.items():
        if row["sent_at"] is None:
            yield f"notices: {key} was never sent: {row['detail']}"
        elif key.endswith(IN_LOG) and not found.notices[key.removesuffix(IN_LOG)]:
            yield f"notices: {key} is called sent, and no log has it"


def _ends(deployments: Sequence[Row]) -> Iterator[str]:
    for row in deployments:
        left = [step["kind"] for step in document(row["steps"]) if step["state"] in {"pending", "running"}]
        if row["phase"] in {"waiting", "running", "rolling_back"} or left:
            yield f"liveness: {row['id']} is {row['phase']} with {left} left"


def _told(call: Row) -> str:
    return f"{call['call']} in {call['environment']} at {call['time']:.2f}"


@dataclass(frozen=True)
class Takeover:
    """Of one environment from one struck process. Seconds since the strike: until another process passed over it with
    leave to act, and until its first changing call, if it needed one before it was struck itself."""

    environment: str
    strike: int
    passed: float
    changed: float | None


def takeovers(strikes: Sequence[Strike], passed: Sequence[Passed], calls: Sequence[Row]) -> list[Takeover]:
    """One for each environment that a struck process held; left out where the next holder was struck before it could
    act, because the clock then starts anew with that strike."""
    found = []
    for strike in strikes:
        for name in strike.held:
            ended = _next_strike(name, strike, strikes)
            acts = [
                each.at
                for each in passed
                if each.environment == name and each.who != strike.who and each.code not in QUIET
            ]
            changes = [call["time"] for call in calls if call["environment"] == name and call["who"] != strike.who]
            first = _first(acts, strike.at, ended)
            changed = _first(changes, strike.at, ended)
            times = [each for each in (first, changed) if each is not None]
            if times:
                found.append(Takeover(name, strike.number, min(times) - strike.at, changed and changed - strike.at))
    return found


def _next_strike(name: str, strike: Strike, strikes: Sequence[Strike]) -> float:
    later = [each.at for each in strikes if each.at > strike.at and name in each.held]
    return min(later, default=float("inf"))


def _first(times: Iterable[float], after: float, before: float) -> float | None:
    return min((at for at in times if after < at < before), default=None)
