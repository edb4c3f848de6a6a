"""A whole run: strike as often as planned while teams and users go on, then judge, and say it in figures."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kills import seats
from benchmarks.kills.breath import LONG_SECONDS, Breath
from benchmarks.kills.judge import Takeover, takeovers, violations
from benchmarks.kills.rows import Row
from benchmarks.kills.seats import Launch
from benchmarks.kills.stage import Stage, Wanted, a_stage
from benchmarks.kills.strikes import Strike, Striker, coverage
from benchmarks.kills.teams import Team
from benchmarks.table import Figure, Result, amount, at_most, none_of, percentile
from tests.support.load import Report

TAKEOVER_SECONDS = 75.0
STOPPED_SECONDS = (65.0, 80.0)
AFTERWARDS_SECONDS = 5.0
DELIVERIES_EVERY = 4
HOW = (
    "SIGKILL and SIGSTOP of real `tidegate serve` processes while each environment rolls out one version after the\n"
    "other, good, bad, aborted, and users ask through the load balancer from processes of their own. Failed: no\n"
    "answer, or one that isn't 2xx, whatever was going on. Hit: under way in the hands of the struck process."
)


@dataclass(frozen=True)
class Plan:
    """How many signals of each kind; fewer when the time for them is over."""

    kills: int
    stops: int
    minutes: float = float("inf")


@dataclass(frozen=True)
class Outcome:
    """What a run left to be judged."""

    strikes: Sequence[Strike]
    launches: Sequence[Launch]
    teams: Sequence[Team]
    reports: Mapping[str, Report]
    violations: Sequence[str]
    takeovers: Sequence[Takeover]
    calls: Sequence[Row]
    passes: Sequence[seats.Passed]
    seconds: float
    breath: Breath


def run(wanted: Wanted, plan: Plan) -> Result:
    outcome = rehearse(wanted, plan)
    return Result(_title(wanted, plan), HOW, tuple(_figures(outcome, wanted)))


def rehearse(wanted: Wanted, plan: Plan) -> Outcome:
    """Everything; what was written down stays in `wanted.directory`."""
    with a_stage(wanted) as stage:
        striker = stage.striker()
        stage.begin()
        with suppress(KeyboardInterrupt):  # enough: what was done until now is judged
            _strike_all(stage, striker, plan)
        striker.start_all()
        stage.end()
        outcome = judged(stage, striker)
        _keep(wanted.directory, outcome)
    return outcome


def _strike_all(stage: Stage, striker: Striker, plan: Plan) -> None:
    """Stops are spread among the kills."""
    every = plan.kills // (plan.stops + 1) + 1
    killed = stopped = 0
    until = time.time() + plan.minutes * 60
    while (killed < plan.kills or stopped < plan.stops) and time.time() < until:
        if any(team.broken for team in stage.teams):
            return
        if stopped < plan.stops and killed >= min(plan.kills, (stopped + 1) * every):
            stopped += 1
            _stop_past_the_lease(stage, striker)
        else:
            killed += 1
            _kill(striker)
        if len(striker.struck) % DELIVERIES_EVERY == 0:
            stage.look_at_deliveries()


def _kill(striker: Striker) -> None:
    strike = striker.kill()
    _say(strike)
    striker.start_again(strike)


def _stop_past_the_lease(stage: Stage, striker: Striker) -> None:
    strike = striker.stop()
    _say(strike)
    time.sleep(stage.chance.uniform(*STOPPED_SECONDS))
    striker.go_on(strike)
    time.sleep(AFTERWARDS_SECONDS)


def _say(strike: Strike) -> None:
    hits = ", ".join(f"{hit.deployment} {hit.phase} {hit.step}" for hit in strike.hits)
    print(f"{time.strftime('%H:%M:%S')} {strike.number}: {strike.signal} {strike.who} {strike.how}: {hits}", flush=True)


def judged(stage: Stage, striker: Striker) -> Outcome:
    """After the end of the stage's work: users go, and what was written down is looked at."""
    reports = {name: load.end() for name, load in stage.loads.items()}
    evidence = stage.evidence(striker.struck)
    found = violations(evidence)
    for team in stage.teams:
        found += [f"stuck: {sentence}" for sentence in team.broken]
        found += [f"end: {told.deployment} ({told.story}): {wrong}" for told in team.told for wrong in told.wrong]
        met = sorted(team.bad_versions & set(reports[team.place.name].by_version))
        found += [f"S4: users of {team.place.name} met the bad version {version}" for version in met]
    passed = seats.passes(stage.launches)
    return Outcome(
        strikes=striker.struck,
        launches=stage.launches,
        teams=stage.teams,
        reports=reports,
        violations=found,
        takeovers=takeovers(striker.struck, passed, evidence.calls),
        calls=evidence.calls,
        passes=passed,
        seconds=time.time() - stage.began,
        breath=stage.breath,
    )


def _keep(directory: Path, outcome: Outcome) -> None:
    kept = {
        "strikes": [strike.as_json() for strike in outcome.strikes],
        "launches": [seats.told(launch) for launch in outcome.launches],
        "stories": [asdict(told) for team in outcome.teams for told in team.told],
        "reports": {name: vars(report) for name, report in outcome.reports.items()},
        "takeovers": [asdict(each) for each in outcome.takeovers],
        "violations": list(outcome.violations),
        "seconds": outcome.seconds,
    }
    (directory / "outcome.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _title(wanted: Wanted, plan: Plan) -> str:
    who = "two controllers on PostgreSQL" if wanted.seats > 1 else "one controller on SQLite"
    return f"{plan.kills} kills and {plan.stops} stops past the lease, {who}"


def _figures(outcome: Outcome, wanted: Wanted) -> list[Figure]:
    killed = [strike for strike in outcome.strikes if strike.signal == "SIGKILL"]
    stopped = [strike for strike in outcome.strikes if strike.signal == "SIGSTOP"]
    told = [each for team in outcome.teams for each in team.told]
    return [
        none_of("violations", len(outcome.violations)),
        *(Figure("violation", each) for each in outcome.violations[:20]),
        Figure("kills, stops", f"{len(killed)}, {len(stopped)}"),
        Figure("rollouts hit by kills, by stops", f"{_hits(killed)}, {_hits(stopped)}"),
        Figure("hit in", _counted(coverage(outcome.strikes))),
        Figure("aimed at", _counted(Counter(_aim(strike) for strike in outcome.strikes))),
        Figure("rollouts told", f"{len(told)}: {_counted(Counter(f'{each.story} {each.phase}' for each in told))}"),
        Figure("changing calls on AWS", f"{len(outcome.calls):,}"),
        *_requests(outcome),
        *_starts(outcome),
        *_takeovers(outcome, wanted),
        Figure("whole run", amount(outcome.seconds / 60, "min")),
        _breath(outcome.breath),
    ]


def _breath(breath: Breath) -> Figure:
    """Where this is not next to nothing, the machine was too busy for the other figures to mean much."""
    times = f"{breath.long} times later than {LONG_SECONDS:g} s"
    return Figure("this program itself woke up late by", f"{amount(breath.longest, 's')} at most, {times}")


def _hits(strikes: Sequence[Strike]) -> str:
    distinct = {hit.deployment for strike in strikes for hit in strike.hits}
    return f"{sum(len(strike.hits) for strike in strikes)} ({len(distinct)} different)"


def _aim(strike: Strike) -> str:
    """What was aimed at, without the moment."""
    words = strike.how.split()
    return "start" if "start" in strike.how else " ".join(words[:1]) if words[0] in {"before", "after"} else words[0]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda each: -each[1]))


def _requests(outcome: Outcome) -> list[Figure]:
    sent = sum(report.sent for report in outcome.reports.values())
    failed = sum(report.failed for report in outcome.reports.values())
    why = [Figure(f"{name}: failed", each) for name, report in outcome.reports.items() for each in report.failures]
    worst = max((report.p99 for report in outcome.reports.values()), default=0.0)
    return [none_of(f"failed of {sent:,} requests", failed), *why, Figure("latency p99, worst", f"{worst:g} ms")]


def _starts(outcome: Outcome) -> list[Figure]:
    ready = [launch.ready_at - launch.at for launch in outcome.launches if launch.ready_at]
    first = []
    for launch in outcome.launches:
        mine = [each.at for each in outcome.passes if each.who == launch.who]
        first += [min(mine) - launch.at] if mine else []
    return [Figure("start to ready: min, median, max", _three(ready)), Figure("start to first pass", _three(first))]


def _takeovers(outcome: Outcome, wanted: Wanted) -> list[Figure]:
    kills = {strike.number for strike in outcome.strikes if strike.signal == "SIGKILL"}
    passed = [each.passed for each in outcome.takeovers if each.strike in kills]
    changed = [each.changed for each in outcome.takeovers if each.strike in kills and each.changed is not None]
    found = [Figure(f"kill to the first change by another: min, median, max of {len(changed)}", _three(changed))]
    if passed:
        limited = at_most(f"kill to a pass that may act: max of {len(passed)}", max(passed), TAKEOVER_SECONDS, "s")
        found += [limited, Figure("kill to a pass that may act: min, median, max", _three(passed))]
    return found


def _three(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return ", ".join(amount(each, "s") for each in (min(values), percentile(values, 50), max(values)))
