"""What would happen, without doing it: the plan of what moves, else that which the newest commit would lead to."""

from collections.abc import Mapping
from datetime import timedelta

from controller import plan as planning
from controller.domain.capacity import capacity_of
from controller.domain.deployment import Deployment, Kind, Plan
from controller.domain.errors import Blocked, Conflict
from controller.domain.explaining import Explanation, explain
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.snapshot import Evidence
from controller.domain.step import Step, spoken
from controller.loop.heads import waiting_deployment
from controller.loop.observe import observe, resolve
from controller.loop.promoting import Promoting
from controller.loop.releases import NONE
from controller.loop.world import World
from controller.progress import standing


class Preview:
    """Reads only: no lease, no row, no changing call."""

    def __init__(self, world: World, pace: timedelta) -> None:
        self._world, self._pace, self._promoting = world, pace, Promoting(world)

    def __call__(self, environment: str) -> Mapping[str, object]:
        """JSON of the plan; a running deployment's is the one it follows. `Blocked` while images are missing."""
        with self._world.store.read() as unit:
            overview = unit.overviews.of(environment)
            recorded = overview.environment.recorded
            newest = unit.revisions.by_commit(environment, recorded) if recorded else None
        told, deployment = explain(overview), overview.moving
        if deployment is None:
            deployment = self._imagined(newest or (overview.live.revision if overview.live else None), told)
        plan = deployment.plan or self._drawn(deployment)
        return shown(deployment, plan, Reason(told.code, told.text), is_made=overview.moving is not None)

    def _imagined(self, revision: Revision | None, told: Explanation) -> Deployment:
        """Of the newest commit that was recorded, whatever became of it: what would come of it now."""
        if revision is None:
            push = f"push to {self._world.bindings[told.environment].branch}"
            known = {"environment.empty": push, NONE: told.text}.get(told.code, f"{push}; {told.text}")
            raise Blocked(f"{told.environment} has no revision yet: {known}", code="plan.no_revision")
        return waiting_deployment(revision, 0, self._world.clock.now(), str)

    def _drawn(self, deployment: Deployment) -> Plan:
        binding = self._world.bindings[deployment.environment]
        cloud = self._world.clouds.of(binding)
        revision = deployment.revision
        if not revision.is_sealed:
            resolved = resolve(revision, cloud.images, self._world.store, self._promoting)
            if resolved.missing:
                raise Blocked("; ".join(resolved.missing.values()), code="image.missing")
            revision = revision.sealed(resolved.images)
        seen = frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.SCALING})
        live, now, world = self._live(deployment), self._world.clock.now(), self._world
        evidence = seen | standing.asked(deployment, live)
        snapshot = observe(deployment, evidence, cloud, world.probe, world.store, now, timedelta(0), live=live)
        split = [name for name, view in snapshot.services.items() if view.is_split]
        if split:
            raise Conflict(f"the traffic of {', '.join(split)} is split: a plan starts from one live slot")
        stands = snapshot.standing
        if isinstance(stands, Reason):
            raise Blocked(stands.text, code=stands.code)
        if deployment.pruned is not None:
            left = bool(standing.of(deployment.pruned, stands))
            return planning.removal(deployment, binding, snapshot.services[deployment.pruned], has_alarms=left)
        plan = planning.draw(
            revision,
            binding,
            cloud.looks.foundation(),
            snapshot.services,
            deployment.kind,
            deployment.restart,
            self._kept(deployment.environment),
            stands,
            now=now,
        )
        return plan.beside(revision.file, self._live(deployment)) if deployment.kind is Kind.DEPLOY else plan

    def _live(self, deployment: Deployment) -> EnvironmentFile | None:
        with self._world.store.read() as unit:
            live = unit.deployments.live(deployment.environment)
        return live.revision.file if live else None

    def _kept(self, environment: str) -> frozenset[str]:
        with self._world.store.read() as unit:
            return frozenset[str]().union(*(one.keeps for one in unit.deployments.open(environment)))


def shown(deployment: Deployment, plan: Plan, standing: Reason, *, is_made: bool = True) -> Mapping[str, object]:
    """A plan as JSON values; `is_made`: there is such a deployment."""
    return {
        "deployment": deployment.id if is_made else None,
        "standing": {"code": standing.code, "text": standing.text},
        "commit": deployment.revision.commit.sha,
        "digest": plan.digest,
        "services": {
            rolling.service: {
                "from": rolling.was,
                "to": rolling.content.digest,
                "image": rolling.content.image,
                "count": rolling.count,
                "capacity": str(capacity_of(deployment.service(rolling.service))),
            }
            for rolling in plan.rolling
        },
        "steps": [_step(step, deployment) for step in plan.steps],
        "unrun": list(plan.unrun),
    }


def _step(step: Step, deployment: Deployment) -> Mapping[str, object]:
    return {
        "number": step.number,
        "kind": str(step.kind),
        "title": step.title,
        "services": list(step.services),
        "percent": step.percent,
        "wait": spoken(step.wait) if step.wait is not None else None,
        "command": list(step.hook.command) if step.hook else None,
        "scaling": dict(deployment.scaled_by(step)),
    }
