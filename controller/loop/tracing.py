"""What deployments bring, how far environments are apart, and how well it is all delivered: written beside the path.

It has a thread of its own and a bounded share of GitHub's requests: no deployment ever waits for it, and at rest it
asks nobody. What a deployment brings is asked about once, as soon as it is there; what could not be told is tried again
for about a day. The figures of a deployment are counted when it is over, and again when more is known of it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from controller.domain import dora
from controller.domain.contents import (
    MOST_ASKED,
    MOST_COMMITS,
    MOST_PULLS,
    Change,
    Contents,
    Traced,
    brings_commits,
    traced,
    unexplained,
)
from controller.domain.deployment import Deployment, Phase
from controller.domain.errors import Blocked, Conflict, TidegateError, Transient
from controller.domain.manifest import EnvironmentFile
from controller.domain.ports import Clock, History
from controller.loop.pace import Pace
from controller.loop.world import World
from controller.store import LONGEST_WAIT, Unit, Unreadable
from controller.store.distances import Live, Measured

log = structlog.get_logger()

A_ROUND = 3
"""So many deployments at most before others have their turn."""

MOST_COUNTED, MOST_SUMMED = 500, 100
"""So many deployments are counted, and weeks summed up, in one transaction at most, however quick it is."""

SUMMED_EVERY = timedelta(seconds=5)
"""While figures are being counted: each of a week's deployments would have all of it summed up again."""

AN_HOUR = 1000
"""So many requests an hour at most, of the 5,000 that GitHub grants a token
(https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""

HOLD = timedelta(minutes=8)
"""So long one that is being looked at is left to whoever does."""

FIRST_WAIT = timedelta(seconds=30)
ATTEMPTS = 150
"""About a day: the waits double up to ten minutes."""

ATTEMPTS_AT_A_LOST_COMMIT = 3
"""History that was rewritten does not come back."""


class Spent(Transient):
    """This hour's requests are used up."""


class Budget:
    """`most` requests in any hour; for one thread."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most, self._clock = most, clock
        self._spent: deque[tuple[float, int]] = deque()

    def spend(self, requests: int) -> None:
        """`Spent` where there are not so many left; `retry_after` says when there may be."""
        now, hour = self._clock.monotonic(), timedelta(hours=1).total_seconds()
        while self._spent and self._spent[0][0] <= now - hour:
            self._spent.popleft()
        if sum(cost for _, cost in self._spent) + requests > self._most:
            left = timedelta(seconds=self._spent[0][0] + hour - now)
            raise Spent("this hour's requests to GitHub are used up", code="tracing.spent", retry_after=left)
        self._spent.append((now, requests))


class Tracing:
    """For one thread at a time."""

    def __init__(self, world: World, history: History) -> None:
        self._world, self._history = world, history
        self._budget = Budget(AN_HOUR, world.clock)
        self._sources: dict[str, tuple[object, str | None]] = {}
        self._counting, self._summing = Pace(MOST_COUNTED), Pace(MOST_SUMMED)
        self._summed_at: float | None = None

    def work(self) -> bool:
        """A round of what others are asked; whether there is more to do soon."""
        more = self._trace()
        self.measure()
        return more

    # What deployments bring.

    def _trace(self) -> bool:
        clock, store = self._world.clock, self._world.store
        for _ in range(A_ROUND):
            with store.read() as unit:
                if not unit.contents.is_due(clock.now()):
                    return False
            with store.write() as unit:
                claimed = unit.contents.claim(clock.now(), HOLD)
            if claimed is None:
                return False
            self._handle(claimed)
        with store.read() as unit:
            return unit.contents.is_due(clock.now())

    def _handle(self, deployment_id: str) -> None:
        try:
            with self._world.store.read() as unit:
                claimed, deployment = unit.contents.of(deployment_id), unit.deployments.get(deployment_id)
        except Unreadable as error:
            self._set_aside(deployment_id, error)
            return
        assert claimed is not None, f"{deployment_id} was claimed"
        if deployment is None or not brings_commits(deployment):
            self._settle(claimed, is_news=False)
            return
        try:
            with self._world.store.read() as unit:
                base = unit.deployments.before(deployment)
            found = self._looked_at(deployment, base)
        except Spent as error:
            self._put_off(claimed, min(error.retry_after, LONGEST_WAIT))
        except TidegateError as error:
            self._try_again(claimed, error)
        except Exception as error:
            log.exception("contents broke", deployment=claimed.deployment)
            self._try_again(claimed, Transient(f"looking for what it brings broke: {error}", code="tracing.broke"))
        else:
            self._settle(replace(found, asked=claimed.asked), is_news=True)

    def _settle(self, contents: Contents, is_news: bool) -> None:
        with self._world.store.write() as unit:
            unit.contents.settle(contents, is_news)

    def _put_off(self, contents: Contents, wait: timedelta) -> None:
        with self._world.store.write() as unit:
            unit.contents.put_off(contents, self._world.clock.now() + wait)

    def _try_again(self, claimed: Contents, error: TidegateError) -> None:
        failed = replace(claimed, trouble=str(error), attempts=claimed.attempts + 1)
        most = ATTEMPTS_AT_A_LOST_COMMIT if isinstance(error, Conflict) else ATTEMPTS
        if claimed.attempts == 0:
            log.info("contents not known yet", deployment=claimed.deployment, code=error.code, error=str(error))
        if failed.attempts >= most:
            self._settle(failed, is_news=True)
            return
        asked = error.retry_after if isinstance(error, Transient) else FIRST_WAIT
        self._put_off(failed, min(max(asked, FIRST_WAIT * 2 ** min(claimed.attempts, 5)), LONGEST_WAIT))

    def _looked_at(self, deployment: Deployment, base: Deployment | None) -> Contents:
        empty = Contents(deployment.id, deployment.environment, base.id if base else None, is_known=True)
        head, was = deployment.revision.commit.sha, base.revision.commit.sha if base else None
        if head == was:
            return empty
        repository = self._repository(deployment.environment)
        self._budget.spend(MOST_COMMITS // 100 + 1)
        if deployment.is_way_back and was is not None:
            back = self._history.between(repository, head, was, MOST_COMMITS)
            found = replace(empty, changes=back.ahead, total=back.total, is_taken_back=True, lacks=0)
        else:
            between = self._history.between(repository, was, head, MOST_COMMITS)
            found = replace(empty, changes=between.ahead, total=between.total, lacks=between.behind)
        return self._with_pulls(found, repository)

    def _with_pulls(self, found: Contents, repository: str) -> Contents:
        known: dict[int, Traced] = {}
        asked: set[str] = set()
        while len(known) < MOST_PULLS and len(asked) < MOST_ASKED:
            change = unexplained(found.changes, known, asked)
            if change is None:
                break
            asked.add(change.sha)
            for number in self._pulls_with(repository, change):
                if number not in known and len(known) < MOST_PULLS:
                    self._budget.spend(3)
                    known[number] = self._history.pull(repository, number)
        changes = traced(found.changes, known, asked)
        brought = {change.pull for change in changes}
        pulls = tuple(known[number].pull for number in sorted(known, reverse=True) if number in brought)
        return replace(found, changes=changes, pulls=pulls)

    def _pulls_with(self, repository: str, change: Change) -> tuple[int, ...]:
        self._budget.spend(1)
        return tuple(self._history.pulls_with(repository, change.sha))

    def _repository(self, environment: str) -> str:
        binding = self._world.bindings.get(environment)
        if binding is None:
            raise Blocked(
                f"{environment} isn't bound any more: nobody knows its repository", code="environment.unbound"
            )
        return binding.repository

    # How far environments are apart.

    def measure(self) -> None:
        """Of each whose versions come from another one, once for each pair of commits."""
        with self._world.store.read() as unit:
            live, known = unit.distances.live(), unit.distances.all()
            sources = {name: self._source(name, live.get(name), unit) for name in self._world.bindings}
        now = self._world.clock.now()
        for name, source in sources.items():
            measured = known.get(name)
            if source is None:
                if measured is not None:
                    with self._world.store.write() as unit:
                        unit.distances.drop(name)
                continue
            found = self._measured(name, source, live, measured, now)
            if found is not None:
                with self._world.store.write() as unit:
                    unit.distances.put(found)

    def _measured(
        self, name: str, source: str, live: Mapping[str, Live], known: Measured | None, now: datetime
    ) -> Measured | None:
        """What is to be written down, if anything is. What could not be told is asked again after a while."""
        here, there = (live[each].sha if each in live else None for each in (name, source))
        is_same = known is not None and (known.before, known.sha, known.before_sha) == (source, here, there)
        if is_same and known is not None:
            unknown = known.ahead is None and here is not None and there is not None
            if not unknown or timedelta(0) <= now - known.asked_at < LONGEST_WAIT:
                return None
        ahead, behind = self._apart(name, source, here, there)
        return Measured(name, source, here, there, ahead, behind, now)

    def _apart(self, name: str, source: str, here: str | None, there: str | None) -> tuple[int | None, int | None]:
        if here is None or there is None:
            return None, None
        if here == there:
            return 0, 0
        repository = self._repository(name)
        if source not in self._world.bindings or self._repository(source).lower() != repository.lower():
            return None, None
        try:
            self._budget.spend(1)
            between = self._history.between(repository, here, there, 1)
        except TidegateError as error:
            log.info("distance not known", environment=name, code=error.code, error=str(error))
            return None, None
        return between.total, between.behind

    def _source(self, name: str, live: Live | None, unit: Unit) -> str | None:
        """Where the versions of an environment come from, by its live file, else by its newest; read once of each. None
        where it can't be read, too."""
        recorded = unit.environments.get(name).recorded if live is None or live.number is None else None
        key = live.number if live is not None and live.number is not None else recorded
        known = self._sources.get(name)
        if known is None or known[0] != key:
            try:
                found = self._read_source(name, recorded, unit) if key is not None else None
            except Unreadable as error:
                log.warning("source not known", environment=name, code=error.code, error=str(error))
                found = None
            known = self._sources[name] = (key, found)
        return known[1]

    def _read_source(self, name: str, recorded: str | None, unit: Unit) -> str | None:
        if recorded is not None:
            revision = unit.revisions.by_commit(name, recorded)
        else:
            deployment = unit.deployments.live(name)
            revision = deployment.revision if deployment else None
        return next(promoted_from(revision.file), None) if revision else None

    # How well they are delivered.

    def count(self) -> bool:
        """Write down figures of finished deployments that have none yet, the newest first, in one short transaction;
        whether there may be more: what one says can change what others say."""
        clock = self._world.clock
        with self._world.store.read() as unit:
            ids = unit.contents.uncounted(self._counting.size)
        began = clock.monotonic()
        is_ours = not ids or self._count_all(ids)
        if ids and is_ours:
            self._counting.took(len(ids), clock.monotonic() - began)
        is_time = self._summed_at is None or clock.monotonic() - self._summed_at >= SUMMED_EVERY.total_seconds()
        more = self._sum_up() if is_time or not ids else False
        return more or (bool(ids) and is_ours)

    def _count_all(self, ids: Sequence[str]) -> bool:
        """In one transaction; whether it was our turn. One that breaks is set aside, and the others are counted."""
        try:
            with self._world.store.write() as unit:
                if not unit.contents.takes_turn():
                    return False
                counted = [self._count(deployment_id, unit) for deployment_id in ids]
                for environment, at in _last_successes(counted).items():
                    unit.contents.count_unrestored_again(environment, at)
                return True
        except Exception as error:
            if isinstance(error, TidegateError) and not isinstance(error, Unreadable):
                raise
            if len(ids) == 1:
                self._set_aside(ids[0], error)
                return True
        turns = [self._count_all([each]) for each in ids]
        return all(turns)

    def _set_aside(self, deployment_id: str, error: Exception) -> None:
        """It is tried again when a controller starts."""
        if isinstance(error, TidegateError):
            log.error("contents set aside", deployment=deployment_id, code=error.code, error=str(error))
        else:
            log.error("figures broke", deployment=deployment_id, exc_info=error)
        with self._world.store.write() as unit:
            unit.contents.set_aside(deployment_id)

    def _sum_up(self) -> bool:
        """Some weeks; whether there may be more."""
        clock = self._world.clock
        with self._world.store.read() as unit:
            if not unit.delivery_facts.is_stale():
                return False
        began = clock.monotonic()
        with self._world.store.write() as unit:
            weeks = unit.delivery_facts.sum_up(self._summing.size)
        if weeks:
            self._summing.took(weeks, clock.monotonic() - began)
        self._summed_at = clock.monotonic()
        return weeks > 0

    def _count(self, deployment_id: str, unit: Unit) -> Deployment:
        deployment, contents = unit.deployments.get(deployment_id), unit.contents.of(deployment_id)
        assert deployment is not None and contents is not None, f"{deployment_id} has both"
        left = self._left(deployment, unit)
        unit.contents.counted(deployment.id, left.id if left else None)
        if left is not None:
            unit.contents.count_again([left.id])
        self._compare_again(deployment, contents, unit)
        by = unit.contents.left_by(deployment.id)
        rollback = unit.deployments.get(by) if by else None
        well = unit.deployments.next_success(deployment) if dora.has_harmed(deployment, rollback) else None
        unit.delivery_facts.put(dora.facts_of(deployment, contents, rollback, well))
        return deployment

    def _compare_again(self, deployment: Deployment, contents: Contents, unit: Unit) -> None:
        """What was live changed between its first moment and its start."""
        if not contents.is_known or not brings_commits(deployment):
            return
        base = unit.deployments.before(deployment)
        if contents.base != (base.id if base else None):
            unit.contents.ask(deployment.id, self._world.clock.now())

    def _left(self, deployment: Deployment, unit: Unit) -> Deployment | None:
        """Of a rollback that started: the deployment that brought the version from which it took the traffic."""
        if not deployment.is_way_back or deployment.started_at is None:
            return None
        found = unit.deployments.before(deployment)
        while found is not None and not dora.counts(found):
            earlier = found.back_to if found.is_way_back else found.replaced
            found = unit.deployments.get(earlier) if earlier else None
        return found


def _last_successes(counted: Iterable[Deployment]) -> Mapping[str, datetime]:
    """When the last one ended that succeeded, by environment."""
    found: dict[str, datetime] = {}
    for deployment in counted:
        if deployment.phase is Phase.SUCCEEDED and deployment.finished_at is not None:
            last = found.get(deployment.environment, deployment.finished_at)
            found[deployment.environment] = max(last, deployment.finished_at)
    return found


def promoted_from(file: EnvironmentFile) -> Iterator[str]:
    """The environments that its services' images come from, in the order of the file."""
    yield from (service.image.promote for service in file.services.values() if service.image.promote is not None)
