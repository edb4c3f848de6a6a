"""Rows for tests of this room."""

from dataclasses import replace

from controller.domain.deployment import Deployment
from controller.domain.revision import Commit
from controller.store import Store
from tests.support.builders import a_commit, a_deployment, a_revision


def commit(number: int, tree: str | None = None) -> Commit:
    return a_commit(sha=f"{number:040x}", tree=tree or f"{number:040x}")


def deployment(number: int, environment: str = "dev", tree: str | None = None, **changes: object) -> Deployment:
    """One of a revision of its own."""
    revision = replace(a_revision(commit=commit(number, tree)), environment=environment)
    made = a_deployment(number, revision, environment=environment, id=f"{environment}-{number}")
    return replace(made, **changes)  # type: ignore[arg-type]


def record(store: Store, *deployments: Deployment) -> None:
    """Each with its revision, in this order."""
    with store.write() as unit:
        for one in deployments:
            unit.revisions.add(one.revision)
            unit.deployments.add(one)
