"""How ready an environment's earlier versions are, by rows and by what AWS shows. Reads only."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice

from controller.domain.candidates import MOST, Candidates, Looked, candidate
from controller.domain.content import Content
from controller.domain.deployment import Deployment
from controller.domain.errors import Blocked, TidegateError
from controller.domain.foundation import Foundation
from controller.domain.history import versions_before, why_none
from controller.domain.ports import Cloud
from controller.domain.rendering import image_digest, render
from controller.domain.snapshot import ServiceView, SlotView
from controller.loop.unhurried import Unhurried
from controller.loop.world import World

LASTS, PATIENCE = timedelta(minutes=1), timedelta(seconds=3)


class WaysBack:
    def __init__(self, world: World) -> None:
        self._world = world
        self._looked = Unhurried(self._look, world.clock, LASTS, PATIENCE)

    def __call__(self, environment: str, *, asks: bool = True) -> Candidates:
        """The last versions that were live and well there. Without `asks` AWS is asked nothing because of it: what
        others had looked up a minute ago is shown."""
        found = self._earlier(environment)
        if not found:
            return Candidates(why_none=self._why_none(environment))
        heard = self._looked(environment, asks=asks)
        with self._world.store.read() as unit:
            crossed = {one.id: unit.runs.since(environment, unit.deployments.origin(one)) for one in found}
        looked = heard.value or {}
        items = tuple(candidate(one, crossed[one.id], looked.get(one.id), heard.trouble) for one in found)
        return Candidates(items, heard.at, heard.trouble)

    def _earlier(self, environment: str) -> Sequence[Deployment]:
        with self._world.store.read() as unit:
            live = unit.deployments.live(environment)
            return list(islice(versions_before(live, unit.deployments.earlier(live)), MOST)) if live else []

    def _why_none(self, environment: str) -> str:
        with self._world.store.read() as unit:
            live = unit.deployments.live(environment)
            return why_none(live, unit.deployments.earlier(live) if live else ())

    def _look(self, environment: str) -> Mapping[str, Looked]:
        """By the deployment's id."""
        binding = self._world.bindings.get(environment)
        if binding is None:
            raise Blocked(f"{environment} isn't bound any more", code="environment.unbound")
        cloud, earlier = self._world.clouds.of(binding), self._earlier(environment)
        foundation = cloud.looks.foundation()
        contents = {one.id: _contents(one, foundation) for one in earlier}
        active = cloud.looks.definitions([content for each in contents.values() for content in each.values()])
        files = [one.revision.file for one in earlier]
        routed = {name: service.route is not None for file in files for name, service in file.services.items()}
        services = cloud.looks.services(routed, targets=True)
        return {
            one.id: Looked(
                images=_images(one, cloud),
                definitions={name: content.digest in active for name, content in contents[one.id].items()},
                warm={name: _is_warm(content, services[name]) for name, content in contents[one.id].items()},
            )
            for one in earlier
        }


def _contents(deployment: Deployment, foundation: Foundation) -> Mapping[str, Content]:
    images = deployment.revision.images or {}
    services = deployment.revision.file.services
    return {name: render(name, services[name], image, foundation) for name, image in images.items()}


def _images(deployment: Deployment, cloud: Cloud) -> Mapping[str, bool]:
    """Without those of a registry that can't be asked."""
    found: dict[str, bool] = {}
    for name, image in (deployment.revision.images or {}).items():
        with contextlib.suppress(TidegateError):
            found[name] = cloud.images.exists(image.partition("@")[0], image_digest(image))
    return found


def _is_warm(content: Content, view: ServiceView) -> bool:
    return any(slot.content == content.digest and _answers(slot) for slot in view.slots.values())


def _answers(slot: SlotView) -> bool:
    return bool(slot.group.healthy if slot.group is not None else slot.running)
