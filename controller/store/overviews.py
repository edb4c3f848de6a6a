"""What people look at, put together from several tables in one picture."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from controller.domain.deployment import Deployment
from controller.domain.environment import Environment
from controller.domain.history import version_before
from controller.domain.orders import Order, OrderKind
from controller.domain.overview import Overview
from controller.obey import Known
from controller.store.deployments import Deployments
from controller.store.distances import Distances
from controller.store.environments import Environments
from controller.store.evidence import EvidenceKept
from controller.store.runs import Runs
from controller.store.sightings import Sightings
from controller.store.timers import Timers
from controller.store.transaction import Transaction


class Overviews:
    def __init__(self, transaction: Transaction) -> None:
        self._environments = Environments(transaction)
        self._deployments = Deployments(transaction)
        self._sightings = Sightings(transaction)
        self._timers = Timers(transaction)
        self._evidence = EvidenceKept(transaction)
        self._runs = Runs(transaction)
        self._distances = Distances(transaction)

    def of(self, name: str) -> Overview:
        """`LookupError` for an environment that was never ensured."""
        return self._overview(self._environments.get(name), self._due().get(name))

    def about(self, deployment: Deployment) -> Overview:
        """That of its environment, with what was written down of this deployment."""
        return self._with_evidence(self.of(deployment.environment), [deployment.id])

    def all(self, order: Iterable[str] = ()) -> tuple[Overview, ...]:
        """Those named in `order` first, and in that order; then the others by name."""
        place = {name: number for number, name in enumerate(order)}
        environments = sorted(self._environments.all(), key=lambda each: (place.get(each.name, len(place)), each.name))
        due, live, sightings = self._due(), self._deployments.all_live(), self._sightings.all()
        is_open, distances = self._deployments.all_open(), self._distances.of_all()
        found = [
            Overview(
                environment=environment,
                live=live.get(environment.name),
                open=is_open.get(environment.name, ()),
                sighting=sightings.get(environment.name),
                due_at=due.get(environment.name),
                wanted=self._wanted(environment, live.get(environment.name)),
                distance=distances.get(environment.name),
            )
            for environment in environments
        ]
        evidence = self._evidence.of_all(one for overview in found for one in _spoken_of(overview))
        return tuple(
            replace(overview, evidence={one: evidence.get(one, ()) for one in _spoken_of(overview)})
            for overview in found
        )

    def known(self, name: str, orders: Sequence[Order]) -> Known:
        """What these orders of an environment may refer to, as far as rows tell."""
        live = self._deployments.live(name)
        goes_back = live is not None and any(order.kind is OrderKind.ROLLBACK for order in orders)
        named = [self._deployments.get(order.wish.to) for order in orders if order.wish.to]
        before = version_before(live, self._deployments.earlier(live)) if live and goes_back else None
        targets = [deployment for deployment in (before, *named) if deployment]
        return Known(
            live=live,
            before=before,
            named={deployment.id: deployment for deployment in named if deployment},
            crossing={one.id: self._runs.since(name, self._deployments.origin(one)) for one in targets},
        )

    def _due(self) -> dict[str, datetime]:
        return {timer.environment: timer.due_at for timer in self._timers.all()}

    def _overview(self, environment: Environment, due_at: datetime | None) -> Overview:
        name, live = environment.name, self._deployments.live(environment.name)
        overview = Overview(
            environment=environment,
            live=live,
            open=self._deployments.open(name),
            sighting=self._sightings.get(name),
            due_at=due_at,
            wanted=self._wanted(environment, live),
            distance=self._distances.of(name),
        )
        return self._with_evidence(overview, _spoken_of(overview))

    def _with_evidence(self, overview: Overview, ids: Iterable[str]) -> Overview:
        found = {each: self._evidence.of(each) for each in ids}
        return replace(overview, evidence={**overview.evidence, **found})

    def _wanted(self, environment: Environment, live: Deployment | None) -> Deployment | None:
        if environment.wanted is None or live is None or environment.wanted == live.revision.commit.sha:
            return None
        return self._deployments.newest_of_commit(environment.name, environment.wanted)


def _spoken_of(overview: Overview) -> list[str]:
    """The ids of those whose evidence is told of: they move, were wanted, or hold."""
    environment, hold = overview.environment, overview.environment.hold
    ids = [one.id for one in (overview.moving, overview.wanted) if one]
    return ids + ([f"{environment.name}-{hold.deployment}"] if hold else [])
