"""What an environment should be: the branch's head becomes a revision, and a revision's images are pinned.

GitHub or the registry being away is shown, and tried again; it never keeps a deployment from moving, least of all home.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from controller.domain.bindings import Binding
from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment
from controller.domain.errors import Blocked, Transient
from controller.domain.events import AuditEntry, Event
from controller.domain.orders import Order, OrderKind
from controller.domain.ports import Cloud
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.snapshot import Resolved
from controller.loop.announcing import announce
from controller.loop.heads import Look, Named, look_at_head, named_revision, waiting_deployment
from controller.loop.observe import resolve
from controller.loop.promoting import Promoting
from controller.loop.tenure import Tenure
from controller.loop.world import World


class Wanted:
    """Looks at heads and images. `retry_in` says when a head that could not be read is tried again, by name."""

    def __init__(self, world: World) -> None:
        self._world, self._promoting = world, Promoting(world)
        self._not_before: dict[str, float] = {}

    def look(self, environment: Environment, binding: Binding, tenure: Tenure) -> bool:
        """Answer the environment's requests for a look, unless the last one failed a moment ago. Whether it was
        looked, and the rows are others."""
        if not environment.must_look or self.retry_in(environment.name):
            return False
        now = self._world.clock.now()
        try:
            look = look_at_head(environment, binding, self._world.source, now)
        except Transient as error:
            self._not_before[environment.name] = self._world.clock.monotonic() + error.retry_after.total_seconds()
            look = Look(replace(environment, problem=Reason(error.code, str(error))))
        except Blocked as error:
            seen = replace(environment, head_seen=environment.head_requested).unseen()
            look = Look(replace(seen, problem=Reason(error.code, str(error))))
        self._keep(environment, look, tenure, now)
        return True

    def retry_in(self, name: str) -> timedelta | None:
        left = self._not_before.get(name, 0.0) - self._world.clock.monotonic()
        return timedelta(seconds=left) if left > 0 else None

    def _keep(self, before: Environment, look: Look, tenure: Tenure, now: datetime) -> None:
        with self._world.store.fenced(tenure.lease) as unit:
            if look.environment != before:
                unit.environments.save(look.environment)
            if look.entry:
                unit.audit.append([look.entry])
            if look.ignored and before.recorded:
                unit.revisions.ignore(before.name, look.ignored, before.recorded)
            if look.revision:
                number = unit.deployments.next_number(before.name)
                revision = unit.revisions.recorded(look.revision)
                waiting = waiting_deployment(revision, number, now, self._world.token)
                unit.deployments.add(waiting)
                announce(unit, waiting)
                text = f"{look.revision.commit.short} {look.revision.commit.title}"
                facts: dict[str, object] = {"commit": look.revision.commit.sha}
                unit.audit.append([_entry(Event.DEPLOYMENT_CREATED, waiting, now, text, facts)])

    def find(
        self, environment: Environment, orders: Iterable[Order], binding: Binding, tenure: Tenure
    ) -> tuple[Environment, dict[int, Revision | Reason]]:
        """What each `deploy` order stands for, by the order's number; one that GitHub can't tell now is left out."""
        found: dict[int, Revision | Reason] = {}
        for order in orders:
            if order.kind is not OrderKind.DEPLOY or order.wish.is_about_what_is_live:
                continue
            named = self._named(environment, binding, order.wish.ref)
            if named is None:
                continue
            found[order.id] = named.revision
            if named.recorded is not None:
                wanted = named.revision.commit.sha if isinstance(named.revision, Revision) else environment.wanted
                accepted = replace(
                    environment,
                    recorded=named.recorded,
                    wanted=wanted,
                    problem=None,
                    release=named.release,
                    remark=None,
                )
                with self._world.store.fenced(tenure.lease) as unit:
                    environment = unit.environments.save(accepted)
        return environment, found

    def _named(self, environment: Environment, binding: Binding, ref: str | None) -> Named | None:
        try:
            return named_revision(environment, binding, self._world.source, ref, self._world.clock.now())
        except Transient as error:
            self._not_before[environment.name] = self._world.clock.monotonic() + error.retry_after.total_seconds()
            return None
        except Blocked as error:
            return Named(Reason(error.code, str(error)))

    def seal(self, deployments: Iterable[Deployment], cloud: Cloud, tenure: Tenure) -> dict[str, Resolved]:
        """Look up the images of every waiting revision that lacks some, and seal those that are complete. The answers
        by deployment: none when there was nothing to look up."""
        waiting = [one for one in deployments if one.phase is Phase.WAITING and not one.revision.is_sealed]
        answers = {deployment.id: self._resolved(deployment, cloud) for deployment in waiting}
        for deployment in waiting:
            if not answers[deployment.id].missing:
                self._pin(deployment, answers[deployment.id], tenure)
        return answers

    def _resolved(self, deployment: Deployment, cloud: Cloud) -> Resolved:
        """An error is never an image: what could not be looked up is missing, with the error as the reason."""
        try:
            return resolve(deployment.revision, cloud.images, self._world.store, self._promoting)
        except (Transient, Blocked) as error:
            return Resolved(missing={"": str(error)})

    def _pin(self, deployment: Deployment, resolved: Resolved, tenure: Tenure) -> None:
        """A revision is sealed once: a second deployment of it takes the images that the first one got."""
        text = "every image is pinned by its digest"
        with self._world.store.fenced(tenure.lease) as unit:
            revision = unit.revisions.recorded(deployment.revision)
            if not revision.is_sealed:
                revision = deployment.revision.sealed(resolved.images)
                unit.revisions.seal(revision)
            sealed = replace(deployment, revision=revision)
            unit.deployments.save(sealed)
            facts: dict[str, object] = {"images": dict(revision.images or {})}
            unit.audit.append([_entry(Event.REVISION_SEALED, sealed, self._world.clock.now(), text, facts)])


def _entry(event: Event, deployment: Deployment, now: datetime, text: str, facts: dict[str, object]) -> AuditEntry:
    return AuditEntry(event, deployment.environment, deployment.id, "tidegate", now, text, facts)
