"""Whether the audit is as it was written. It takes a minute for a million entries, so there is one at a time."""

from http import HTTPStatus

from controller.api.asking import AnchorsGiven, Asked
from controller.api.context import ApiContext
from controller.api.models import AuditFinding, HeadAnswer, RestoreAnswer, VerificationAnswer
from controller.api.problems import Refused
from controller.domain.anchor import Anchor
from controller.domain.chain import Report


def audit_verification(context: ApiContext, asked: Asked) -> VerificationAnswer:
    """409: another one runs."""
    return _verified(context, ())


def audit_comparison(context: ApiContext, asked: Asked) -> VerificationAnswer:
    """409: another one runs. 413, 422: what was given is too much, or not anchors."""
    given: AnchorsGiven = asked.body
    return _verified(context, tuple(each.anchor for each in given.anchors))


def _verified(context: ApiContext, anchors: tuple[Anchor, ...]) -> VerificationAnswer:
    """Whoever comes second is told so, and doesn't wait."""
    if not context.verification.acquire(blocking=False):
        told = "The audit is being verified already: ask again when that has ended."
        raise Refused(HTTPStatus.CONFLICT, "verification.running", told, headers={"Retry-After": "30"})
    try:
        return _shaped(context.store.verify_audit(anchors))
    finally:
        context.verification.release()


def _shaped(report: Report) -> VerificationAnswer:
    head = report.head
    return VerificationAnswer(
        unbroken=report.is_unbroken,
        entries=report.entries,
        first=report.first,
        last=report.last,
        head=HeadAnswer(position=head.position, link=head.link, key=head.key) if head else None,
        earlier=report.earlier,
        anchors=report.anchors,
        restores=tuple(RestoreAnswer(**vars(each)) for each in report.restores),
        findings=tuple(AuditFinding(**vars(each)) for each in report.findings),
        more=report.more,
    )
