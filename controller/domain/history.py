"""Which version was live, and well, before the one that is live."""

from collections.abc import Sequence

from controller.domain.deployment import Deployment, Kind


def version_before(live: Deployment, succeeded: Sequence[Deployment]) -> Deployment | None:
    """The deployment to go back to, None when there is none among `succeeded` (newest first).

    A rollback stands for the deployment whose revision it brought back, so that going back twice goes further back.
    Deployments that changed nothing are passed over.
    """
    table = {deployment.id: deployment for deployment in succeeded}
    stands_for = live
    while stands_for.back_to is not None and stands_for.back_to in table:
        stands_for = table[stands_for.back_to]
    versions = [one for one in succeeded if one.kind is Kind.DEPLOY and one.number < stands_for.number]
    return next((one for one in versions if _contents(one) != _contents(stands_for)), None)


def _contents(deployment: Deployment) -> tuple[object, ...]:
    return deployment.revision.images, deployment.revision.text
