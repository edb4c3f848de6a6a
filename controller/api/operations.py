"""Every operation of the API in one table: routes and the OpenAPI page are made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from controller.api import approving, delivery, ordering, probes, reading, tokens, verifying
from controller.api.answering import as_json
from controller.api.asking import (
    LARGEST_ANCHORS,
    LARGEST_BODY,
    AnchorsGiven,
    ApprovalRequest,
    Asked,
    AuditQuery,
    ComparisonQuery,
    DeploymentsQuery,
    OrderRequest,
    SamplesQuery,
    TokenRequest,
    Wanted,
    read,
)
from controller.api.comparing import ComparisonAnswer
from controller.api.context import ApiContext
from controller.api.delivery import ContentsAnswer, DeliveryAnswer, DeliveryQuery, FactsPage, FactsQuery
from controller.api.evidence import DeploymentInFull
from controller.api.models import (
    AuditPage,
    CandidatesAnswer,
    DeploymentsPage,
    EnvironmentAnswer,
    EnvironmentsPage,
    ExplanationAnswer,
    Health,
    OrderAnswer,
    OrderLeft,
    PlanAnswer,
    Readiness,
    SamplesPage,
    TokenAnswer,
    TokenMade,
    TokensPage,
    VerificationAnswer,
    Version,
)
from controller.api.overview import OverviewAnswer
from controller.api.probes import Endpoint
from controller.api.problems import Refused

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Operation:
    """One method of one path. `problems` are the status codes that it answers beside `status`."""

    method: str
    path: str
    name: str
    summary: str
    answer: type[BaseModel] | None
    make: Callable[[ApiContext], Endpoint]
    status: HTTPStatus = HTTPStatus.OK
    query: type[Wanted] | None = None
    body: type[Wanted] | None = None
    problems: tuple[int, ...] = ()
    guarded: bool = True


Work = Callable[[ApiContext, Asked], BaseModel]


def operation(
    path: str,
    work: Work,
    summary: str,
    answer: type[BaseModel],
    problems: tuple[int, ...] = (),
    query: type[Wanted] | None = None,
    body: type[Wanted] | None = None,
    method: str = "",
    status: HTTPStatus | None = None,
    largest: int = LARGEST_BODY,
) -> Operation:
    """A guarded operation whose work is sync: it runs in a thread. Whoever may not even look is let into none; what
    else it takes, the work insists on."""
    method = method or ("POST" if body else "GET")
    status = status or (HTTPStatus.ACCEPTED if body else HTTPStatus.OK)

    def make(context: ApiContext) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            if not await run_in_threadpool(context.rights.may_look, request.state.caller):
                told = "This token's owner has no right here any more."
                raise Refused(HTTPStatus.FORBIDDEN, "role.too_low", told)
            asked = await read(request, query, body, largest)
            return as_json(await run_in_threadpool(work, context, asked), status)

        return endpoint

    slow = (408,) if body else ()
    wrong = (400, 401, 403, *slow, *problems, 503)
    return Operation(method, f"{PREFIX}{path}", work.__name__, summary, answer, make, status, query, body, wrong)


def probe(path: str, make: Callable[[ApiContext], Endpoint], summary: str, answer: type[BaseModel] | None) -> Operation:
    return Operation("GET", path, make.__name__, summary, answer, make, guarded=False)


OPERATIONS: tuple[Operation, ...] = (
    probe("/health", probes.health, "The process answers.", Health),
    probe("/ready", probes.ready, "Every dependency, with its latency; 503 when one does not answer.", Readiness),
    probe("/version", probes.version, "Which Tidegate this is.", Version),
    probe("/metrics", probes.metrics, "Prometheus' text format.", None),
    operation(
        "/overview", reading.overview, "All environments at a glance: what needs somebody, and who.", OverviewAnswer
    ),
    operation("/environments", reading.environments, "Every environment.", EnvironmentsPage),
    operation("/environments/{name}", reading.environment, "One environment.", EnvironmentAnswer, (404,)),
    operation("/environments/{name}/plan", reading.plan_now, "The plan that would run now.", PlanAnswer, (404, 409)),
    operation("/environments/{name}/explain", reading.explanation, "Why it is as it is.", ExplanationAnswer, (404,)),
    operation(
        "/environments/{name}/candidates",
        reading.candidates,
        "The versions that it can go back to, and how ready each is.",
        CandidatesAnswer,
        (404,),
    ),
    operation(
        "/environments/{name}/orders",
        ordering.leave,
        "Leave an order.",
        OrderLeft,
        (404, 413, 422),
        body=OrderRequest,
    ),
    operation(
        "/deployments",
        reading.deployments,
        "Deployments, newest first.",
        DeploymentsPage,
        (404,),
        query=DeploymentsQuery,
    ),
    operation(
        "/comparison",
        reading.comparison,
        "Two deployments, field by field.",
        ComparisonAnswer,
        (404,),
        query=ComparisonQuery,
    ),
    operation("/deployments/{id}", reading.deployment, "One deployment.", DeploymentInFull, (404,)),
    operation("/deployments/{id}/plan", reading.plan_of, "The plan that it follows.", PlanAnswer, (404,)),
    operation(
        "/deployments/{id}/samples",
        reading.samples,
        "What CloudWatch counted of it, minute by minute, newest first.",
        SamplesPage,
        (404,),
        query=SamplesQuery,
    ),
    operation(
        "/deployments/{id}/contents",
        delivery.contents,
        "The commits and pull requests that it brings.",
        ContentsAnswer,
        (404,),
    ),
    operation(
        "/delivery",
        delivery.delivery,
        "The four keys of DORA, over some weeks and week by week.",
        DeliveryAnswer,
        (404,),
        query=DeliveryQuery,
    ),
    operation(
        "/delivery/rows",
        delivery.delivery_rows,
        "The deployments that one of the four is made of, what ended last first.",
        FactsPage,
        (404,),
        query=FactsQuery,
    ),
    operation("/audit", reading.audit, "What was done, newest first.", AuditPage, (404,), query=AuditQuery),
    operation(
        "/deployments/{id}/approvals",
        approving.answer,
        "Approve, reject, take back, or break the glass.",
        OrderLeft,
        (404, 413, 422, 429),
        body=ApprovalRequest,
    ),
    operation("/tokens", tokens.tokens, "Tokens: an admin sees all of them.", TokensPage),
    operation(
        "/tokens",
        tokens.make_token,
        "Make a token.",
        TokenMade,
        (409, 413, 422),
        body=TokenRequest,
        status=HTTPStatus.CREATED,
    ),
    operation("/tokens/{id}", tokens.revoke_token, "Revoke a token.", TokenAnswer, (404,), method="DELETE"),
    operation(
        "/audit/verification",
        verifying.audit_verification,
        "Whether the audit is as it was written, from its first entry to its last.",
        VerificationAnswer,
        (409,),
    ),
    operation(
        "/audit/comparison",
        verifying.audit_comparison,
        "The same, compared with anchors that were kept outside.",
        VerificationAnswer,
        (409, 413, 422),
        body=AnchorsGiven,
        largest=LARGEST_ANCHORS,
        status=HTTPStatus.OK,
    ),
    operation("/orders/{id}", reading.order, "One order, and what came of it.", OrderAnswer, (404,)),
)
