"""How the alarms of what is live are now, for people who look. Reads only; nothing is decided by it."""

from collections.abc import Mapping
from datetime import timedelta

from controller.domain.alarms import AlarmView
from controller.domain.errors import Blocked
from controller.domain.standing import declared_names, declares
from controller.loop.gathering import watched
from controller.loop.unhurried import Heard, Unhurried
from controller.loop.world import World

LASTS, PATIENCE = timedelta(seconds=30), timedelta(seconds=2)


class AlarmStates:
    def __init__(self, world: World) -> None:
        self._world = world
        self._looked = Unhurried(self._look, world.clock, LASTS, PATIENCE)

    def __call__(self, environment: str, *, asks: bool = True) -> Heard[Mapping[str, AlarmView | None]]:
        """Those that watch what is live, and those that its file declares, by name; None: there is no such alarm."""
        return self._looked(environment, asks=asks)

    def _look(self, environment: str) -> Mapping[str, AlarmView | None]:
        with self._world.store.read() as unit:
            overview = unit.overviews.of(environment)
        binding, live = self._world.bindings.get(environment), overview.live
        if live is None:
            return {}
        if binding is None:
            raise Blocked(f"{environment} isn't bound any more", code="environment.unbound")
        cloud, file = self._world.clouds.of(binding), live.revision.file
        slots = {state.name: state.live for state in overview.services if state.live is not None}
        declared = declared_names(file, cloud.looks.foundation().stack) if declares(file) else frozenset[str]()
        names = {*watched(live, slots, cloud), *declared}
        return cloud.alarms.look(sorted(names), {}) if names else {}
