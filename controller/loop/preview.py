"""What would happen, without doing it: the plan that the newest revision of an environment leads to right now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from controller import plan as planning
from controller.domain.deployment import Deployment, Kind, Plan
from controller.domain.errors import Blocked, Conflict
from controller.domain.snapshot import Evidence
from controller.domain.step import Step, spoken
from controller.loop.observe import observe, resolve
from controller.loop.promoting import Promoting
from controller.loop.world import World


class Preview:
    """Reads only: no lease, no row, no changing call."""

    def __init__(self, world: World, pace: timedelta) -> None:
        self._world, self._pace, self._promoting = world, pace, Promoting(world)

    def __call__(self, environment: str) -> Mapping[str, object]:
        """JSON of the plan; a running deployment's is the one it follows. `Blocked` while images are missing."""
        deployment = self._newest(environment)
        if deployment.plan is not None and not deployment.is_final:
            return shown(deployment, deployment.plan)
        return shown(deployment, self._drawn(deployment))

    def _newest(self, environment: str) -> Deployment:
        """What is over stands for its revision: what would come of that now."""
        with self._world.store.read() as unit:
            newest = unit.deployments.page(environment=environment, limit=1).items
        if not newest:
            told = f"{environment} has no revision yet: push to {self._world.bindings[environment].branch}"
            raise Blocked(told, code="plan.no_revision")
        return newest[0] if not newest[0].is_final else replace(newest[0], kind=Kind.DEPLOY, restart=False, pruned=None)

    def _drawn(self, deployment: Deployment) -> Plan:
        binding = self._world.bindings[deployment.environment]
        cloud = self._world.clouds.of(binding)
        revision = deployment.revision
        if not revision.is_sealed:
            resolved = resolve(revision, cloud.images, self._world.store, self._promoting)
            if resolved.missing:
                raise Blocked("; ".join(resolved.missing.values()), code="image.missing")
            revision = revision.sealed(resolved.images)
        evidence = frozenset({Evidence.SERVICES, Evidence.TARGETS})
        snapshot = observe(deployment, evidence, cloud, self._world.probe, self._world.clock.now(), timedelta(0))
        split = [name for name, view in snapshot.services.items() if view.is_split]
        if split:
            raise Conflict(f"the traffic of {', '.join(split)} is split: a plan starts from one live slot")
        if deployment.pruned is not None:
            return planning.removal(deployment, binding, snapshot.services[deployment.pruned])
        return planning.draw(
            revision,
            binding,
            cloud.looks.foundation(),
            snapshot.services,
            deployment.kind,
            deployment.restart,
            self._kept(deployment.environment),
        )

    def _kept(self, environment: str) -> frozenset[str]:
        with self._world.store.read() as unit:
            return frozenset[str]().union(*(one.keeps for one in unit.deployments.open(environment)))


def shown(deployment: Deployment, plan: Plan) -> Mapping[str, object]:
    """A plan as JSON values."""
    return {
        "deployment": deployment.id,
        "commit": deployment.revision.commit.sha,
        "digest": plan.digest,
        "services": {
            rolling.service: {
                "from": rolling.was,
                "to": rolling.content.digest,
                "image": rolling.content.image,
                "count": rolling.count,
            }
            for rolling in plan.rolling
        },
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Step) -> Mapping[str, object]:
    return {
        "number": step.number,
        "kind": str(step.kind),
        "title": step.title,
        "services": list(step.services),
        "percent": step.percent,
        "wait": spoken(step.wait) if step.wait is not None else None,
    }
