"""What gates look at: GitHub's checks, ECR's scans, how long a version has been live elsewhere, and who may approve.

What can't be read is said so, and is never open. Within one pass each is asked once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from controller.domain.bindings import Binding
from controller.domain.commit_checks import CommitCheck, lacking
from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Phase
from controller.domain.errors import TidegateError
from controller.domain.manifest import EnvironmentFile
from controller.domain.ports import Images
from controller.domain.reason import Reason
from controller.domain.scans import Scan
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.soak import Soaked, same_version, soaked
from controller.domain.verdict import Answer, Judged
from controller.gates.checks import failure, required
from controller.loop.world import World
from controller.store import Store

GATED = frozenset({Evidence.CHECKS, Evidence.SCANS, Evidence.SOAK, Evidence.PEOPLE})


def with_gated(
    snapshot: Snapshot,
    before: Snapshot | None,
    deployment: Deployment,
    live: EnvironmentFile | None,
    binding: Binding,
    images: Images,
    world: World,
) -> Snapshot:
    """`snapshot`, with what its `has` promises of these; from the picture `before`, where that has it."""
    known = before.has if before else frozenset()
    for kind in (snapshot.has & GATED) & known:
        assert before is not None
        snapshot = replace(snapshot, **{_FIELDS[kind]: getattr(before, _FIELDS[kind])})
    for kind in (snapshot.has & GATED) - known:
        if kind is Evidence.CHECKS:
            snapshot = replace(snapshot, checks=_checks(deployment, binding, world))
        elif kind is Evidence.SCANS:
            snapshot = replace(snapshot, scans=_scans(deployment, images))
        elif kind is Evidence.PEOPLE:
            snapshot = replace(snapshot, electorate=world.polls.electorate(deployment.revision, binding))
        else:
            snapshot = replace(snapshot, soaked=_soaked(deployment, live, world.store))
    return snapshot


_FIELDS: Mapping[Evidence, str] = {
    Evidence.CHECKS: "checks",
    Evidence.SCANS: "scans",
    Evidence.SOAK: "soaked",
    Evidence.PEOPLE: "electorate",
}


def _checks(deployment: Deployment, binding: Binding, world: World) -> tuple[CommitCheck, ...] | Reason:
    commit = deployment.revision.commit
    try:
        return tuple(world.source.checks(binding.repository, commit.sha))
    except TidegateError as error:
        return Reason("checks.unknown", f"the checks of {commit.short} on GitHub can't be read: {error}")


def failed_checks(
    deployments: Sequence[Deployment], live: Deployment | None, binding: Binding, world: World
) -> Mapping[str, Judged | None]:
    """Of sealed deployments that would take the place of an older one: those that failed a required check, or may have,
    and what the gate would say. While another one moves nobody is asked, and nothing new is known of them: GitHub's
    pace must not be that of a way home."""
    waits = [one for one in deployments if one.phase is Phase.WAITING and one.kind is Kind.DEPLOY]
    is_busy = any(one.phase in IN_FLIGHT for one in deployments)
    versions = [one for one in waits if not one.restarts_what_is_live]
    files = (live.revision.file,) if live else ()
    failing: dict[str, Judged | None] = {}
    for newer in reversed([one for one in versions[1:] if one.revision.is_sealed]):
        names = required((newer.revision.file, *files))
        if is_busy and names:
            failing[newer.id] = None
            continue
        found = _checks(newer, binding, world) if names else ()
        if isinstance(found, Reason):
            failing[newer.id] = Judged("checks", Answer.UNKNOWN, found)
        elif failed := lacking(names, found).failed:
            failing[newer.id] = Judged("checks", Answer.HELD, failure(failed, newer.revision.commit.short))
        else:
            break
    return failing


def _scans(deployment: Deployment, images: Images) -> Mapping[str, Scan | Reason]:
    found: dict[str, Scan | Reason] = {}
    for image in dict.fromkeys((deployment.revision.images or {}).values()):
        repository, _, digest = image.partition("@")
        try:
            found[image] = images.scan(repository, digest)
        except TidegateError as error:
            found[image] = Reason("scan.unknown", f"the scan of {image} can't be read: {error}")
    return found


def _moving(opened: Iterable[Deployment]) -> Deployment | None:
    """What has some of the traffic, or is a way back that somebody waits for."""
    return next((one for one in opened if one.phase in IN_FLIGHT or (not one.is_final and one.is_way_back)), None)


def _soaked(deployment: Deployment, live: EnvironmentFile | None, store: Store) -> Mapping[str, Soaked]:
    """By the environment that is asked for in the new file, or in the live one."""
    revision = deployment.revision
    asked = [file.gates.soak for file in (revision.file, live) if file is not None]
    found: dict[str, Soaked] = {}
    with store.read() as unit:
        for name in {soak.environment for soak in asked if soak is not None}:
            newest = unit.deployments.live(name)
            if newest is None:
                continue
            trees = unit.deployments.same_trees(name, revision.commit.tree)
            line = chain([newest], unit.deployments.earlier(newest))
            answer = soaked(line, same_version(revision, trees), _moving(unit.deployments.open(name)))
            found.update({name: answer} if answer else {})
    return found
