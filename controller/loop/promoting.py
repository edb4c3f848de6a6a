"""Why an image isn't promoted yet: what its source would have to run, and what comes nearest to it there."""

from collections.abc import Sequence

from controller.domain.deployment import Phase
from controller.domain.errors import TidegateError
from controller.domain.ports import Comparison
from controller.domain.revision import Commit, Revision
from controller.loop.world import World

KEPT = 100
"""Comparisons that are not asked for again: two commits always differ in the same files."""
SHOWN = 3


class Promoting:
    def __init__(self, world: World) -> None:
        self._world = world
        self._compared: dict[tuple[str, str], Comparison] = {}

    def told(self, services: Sequence[str], source: str, revision: Revision) -> str:
        """Why `services` of this revision find no image in the environment `source`, and how they get one."""
        missing = f"{', '.join(services)}: no deployment of this tree of files has succeeded in {source} yet"
        known = self._world.bindings.get(source)
        branch = f"{known.branch}, which {source} follows" if known else f"the branch that {source} follows"
        way = f"bring this commit's files to {branch}; if they are there, `tidegate deploy {source}` deploys its head"
        return f"{missing}{self._nearest(source, revision)}; all files count except those that {source} ignores: {way}"

    def _nearest(self, source: str, revision: Revision) -> str:
        with self._world.store.read() as unit:
            newest = next(iter(unit.deployments.page(source, Phase.SUCCEEDED, limit=1).items), None)
        if newest is None:
            return ""
        paths = self._differs(revision.environment, newest.revision.commit, revision.commit)
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        differs = f", and differs in {', '.join(paths[:SHOWN])}{more}" if paths else ""
        return f" ({newest.id} of {newest.revision.commit.short} was the last one{differs})"

    def _differs(self, environment: str, base: Commit, head: Commit) -> tuple[str, ...]:
        """Files; none where nobody can tell: GitHub compares with the common ancestor, and cuts long lists off."""
        key = base.sha, head.sha
        if key not in self._compared:
            try:
                compared = self._world.source.compare(self._world.bindings[environment].repository, *key)
            except TidegateError:
                return ()
            self._compared[key] = compared
            if len(self._compared) > KEPT:
                del self._compared[next(iter(self._compared))]
        found = self._compared[key]
        return (found.paths or ()) if found.descends else ()
