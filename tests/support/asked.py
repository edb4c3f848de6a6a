"""A deployment that waits for people, in each state that its gate can be in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from controller.domain.approval import Vote
from controller.domain.deployment import Asked, Deployment, Phase
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.store import Store
from tests.support.builders import FILE, NOON, a_commit, a_deployment, a_revision, a_running_deployment

GATED = FILE.replace("verify:", "gates: {approval: {count: 2}}\nverify:")
PLAN = a_running_deployment().plan
assert PLAN is not None
DIGEST = PLAN.digest
OTHER_DIGEST = "sha256:" + "f" * 64
COULD = (Person(103, "abel"), Person(101, "ann"))
WAITS = Reason("approval.waiting", "0 of 2 approvals that the file asks for")


def asked_deployment(
    environment: str = "prod",
    number: int = 1,
    *,
    votes: Sequence[Vote] = (),
    digest: str = DIGEST,
    since: datetime = NOON,
    could: Sequence[Person] | None = COULD,
    **changes: object,
) -> Deployment:
    """People are asked about the plan with this digest; its author is ada. `could`: who was found to have a say."""
    commit = a_commit(sha=f"{number:x}7" * 20)
    revision = replace(a_revision(text=GATED, commit=commit), environment=environment)
    assert PLAN is not None
    waiting = a_deployment(
        number,
        revision,
        id=f"{environment}-{number}",
        environment=environment,
        reason=WAITS,
        asked=Asked(replace(PLAN, digest=digest), since, None if could is None else tuple(could)),
        votes=tuple(votes),
    )
    return replace(waiting, **changes)


def a_vote(by: Person, *, digest: str = DIGEST, breaks_glass: bool = False, at: datetime = NOON) -> Vote:
    return Vote(by, digest, at, Via.WEB, "looked at the plan", breaks_glass)


def over(deployment: Deployment, phase: Phase, code: str) -> Deployment:
    """It came to this end."""
    return replace(deployment, asked=None).moved(phase, Reason(code, "it is over"), NOON)


def put(store: Store, deployment: Deployment) -> Deployment:
    with store.write() as unit:
        unit.revisions.add(deployment.revision)
        unit.deployments.add(deployment)
        return unit.deployments.get(deployment.id) or deployment
