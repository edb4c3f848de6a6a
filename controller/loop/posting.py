"""What a board is to show of a deployment now: read from the rows at the moment of writing, never from a notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.domain.bindings import Binding
from controller.domain.board import Flag, Posting, anchoring, flag, posting
from controller.domain.deployment import Deployment
from controller.store import Store, Unit


@dataclass(frozen=True)
class Posted:
    """A deployment and, once it is live, the one whose place it took; and what its commit is marked with."""

    postings: tuple[Posting, ...]
    flag: Flag


class Postings:
    """`public_url` is how people reach the dashboard, empty where nobody knows."""

    def __init__(self, store: Store, bindings: Mapping[str, Binding], public_url: str) -> None:
        self._store, self._bindings, self._public_url = store, bindings, public_url.rstrip("/")

    def __call__(self, deployment_id: str) -> Posted | None:
        """None for one that isn't there, or whose environment is no longer bound."""
        with self._store.read() as unit:
            deployment = unit.deployments.get(deployment_id)
            if deployment is None or deployment.environment not in self._bindings:
                return None
            before = unit.deployments.get(deployment.replaced) if deployment.replaced else None
            newest = unit.deployments.newest_of(deployment.revision) or deployment
            shown = [deployment, *([before] if before is not None else [])]
            return Posted(tuple(self._posting(each, unit) for each in shown), self._flag(newest))

    def anchorings(self, notice: Mapping[str, object]) -> Sequence[Posting]:
        """The end of the audit that a notice tells, in each repository: beside the commit that went live last there.
        None where nothing is live yet."""
        with self._store.read() as unit:
            live = unit.distances.live()
        found = [
            (each.created_at, each.sha, self._bindings[name].repository)
            for name, each in live.items()
            if name in self._bindings and each.created_at is not None and each.sha is not None
        ]
        newest = {repository: (sha, since) for since, sha, repository in sorted(found)}
        return [anchoring(repository, *at, str(notice["line"])) for repository, at in newest.items()]

    def link(self, deployment_id: str) -> str:
        return f"{self._public_url}/deployments/{deployment_id}" if self._public_url else ""

    def _posting(self, deployment: Deployment, unit: Unit) -> Posting:
        is_live = unit.environments.get(deployment.environment).live == deployment.number
        return posting(deployment, self._repository(deployment), self.link(deployment.id), is_live=is_live)

    def _flag(self, deployment: Deployment) -> Flag:
        return flag(deployment, self._repository(deployment), self.link(deployment.id))

    def _repository(self, deployment: Deployment) -> str:
        return self._bindings[deployment.environment].repository
