"""Which version was live, and well, before the one that is live."""

from collections.abc import Iterable, Iterator, Sequence

from controller.domain.deployment import Deployment
from controller.domain.hooks import Run


def version_before(live: Deployment, earlier: Iterable[Deployment]) -> Deployment | None:
    """The deployment to go back to; `earlier` are those that were live before `live`, the last one first."""
    return next(versions_before(live, earlier), None)


def versions_before(live: Deployment, earlier: Iterable[Deployment]) -> Iterator[Deployment]:
    """Those that were live and well before, the last one first, and of each version the newest.

    A version that a rollback has left isn't gone back to, nor one that is the same as what is live: so going back twice
    goes further back.
    """
    passed = {_contents(live)}
    follower = live
    for one in earlier:
        if follower.is_way_back:
            passed.add(_contents(one))
        if _contents(one) not in passed:
            passed.add(_contents(one))
            yield one
        follower = one


def why_none(live: Deployment | None, earlier: Iterable[Deployment]) -> str:
    """Why there is no version to go back to by itself, as a part of a sentence; `earlier` as above."""
    if live is None:
        return "nothing was live here yet"
    follower, own = live, _contents(live)
    for one in earlier:
        if follower.is_way_back and _contents(one) != own:
            by_name = f"`tidegate rollback {one.environment} --to {one.id}` still brings it back"
            return f"{one.id} ({one.revision.version}) was live before, and {follower.id} rolled it back; {by_name}"
        follower = one
    return "no other version was live here before"


def across(target: Deployment, crossed: Sequence[Run]) -> str:
    """Why nobody goes back to `target` without saying so: what ran since its version was made, oldest first."""
    told = "; ".join(run.told for run in crossed)
    newest = crossed[-1].deployment
    return (
        f"{target.id} does not work with what ran since: {told}. To go back all the same, say what is crossed: "
        f'`--across {newest}`, over the API "across": "{newest}"'
    )


def _contents(deployment: Deployment) -> tuple[object, ...]:
    images = deployment.revision.images or {}
    return tuple(sorted(images.items())), deployment.revision.text
