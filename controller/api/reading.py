"""The endpoints that read: each opens one picture of the store and shapes it. They run in a thread."""

import re
from http import HTTPStatus

from controller.api import shapes
from controller.api.asking import Asked, AuditQuery, ComparisonQuery, DeploymentsQuery, SamplesQuery
from controller.api.comparing import ComparisonAnswer, comparison_answer
from controller.api.context import ApiContext
from controller.api.evidence import DeploymentInFull, deployment_in_full
from controller.api.models import (
    AuditPage,
    CandidatesAnswer,
    DeploymentsPage,
    EnvironmentAnswer,
    EnvironmentsPage,
    ExplanationAnswer,
    OrderAnswer,
    PlanAnswer,
    SamplesPage,
)
from controller.api.overview import OverviewAnswer, overview_answer
from controller.api.problems import Refused, missing
from controller.domain.backlog import searching
from controller.domain.comparison import compared
from controller.domain.deployment import Deployment
from controller.domain.errors import TidegateError, Transient
from controller.domain.explaining import explain
from controller.domain.glance import RECOVERED_WITHIN, glance
from controller.domain.overview import Overview
from controller.store import Unit

DEPLOYMENT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
ORDER_ID = re.compile(r"[0-9]{1,18}")


def environments(context: ApiContext, asked: Asked) -> EnvironmentsPage:
    with context.store.read() as unit:
        found = unit.overviews.all(context.bindings)
    items = tuple(shapes.environment_answer(one, context.bindings.get(one.environment.name)) for one in found)
    return EnvironmentsPage(items=items)


def overview(context: ApiContext, asked: Asked) -> OverviewAnswer:
    now = context.clock.now()
    with context.store.read() as unit:
        found = unit.overviews.all(context.bindings)
        pulse, recovered = unit.marks.pulse(), unit.deliveries.recovered(now - RECOVERED_WITHIN)
    return overview_answer(glance(found, context.bindings, now), pulse, recovered)


def environment(context: ApiContext, asked: Asked) -> EnvironmentAnswer:
    """404: no such environment."""
    found = _overview(context, asked.path["name"])
    return shapes.environment_answer(found, context.bindings.get(found.environment.name))


def explanation(context: ApiContext, asked: Asked) -> ExplanationAnswer:
    """404: no such environment."""
    return shapes.explanation_answer(explain(_overview(context, asked.path["name"])))


def plan_now(context: ApiContext, asked: Asked) -> PlanAnswer:
    """404: no such environment. 409: there is no plan to draw, and why."""
    name = asked.path["name"]
    with context.store.read() as unit:
        must_be_known(unit, name)
    if name not in context.bindings:
        raise Refused(HTTPStatus.CONFLICT, "environment.unbound", f"{name} isn't bound any more: nothing is planned.")
    try:
        return PlanAnswer.model_validate(context.preview(name))
    except Transient:
        raise
    except TidegateError as error:
        raise Refused(HTTPStatus.CONFLICT, error.code, str(error)) from error


def candidates(context: ApiContext, asked: Asked) -> CandidatesAnswer:
    """404: no such environment. What AWS doesn't tell within a moment is `unknown`."""
    name = asked.path["name"]
    with context.store.read() as unit:
        must_be_known(unit, name)
    return shapes.candidates_answer(context.ways_back(name))


def deployments(context: ApiContext, asked: Asked) -> DeploymentsPage:
    """404: no such environment. 400: a wrong query, or a cursor that this never gave out."""
    query: DeploymentsQuery = asked.query
    with context.store.read() as unit:
        if query.environment is not None:
            must_be_known(unit, query.environment)
        page = unit.history.page(query.search, query.limit, query.cursor)
        found = unit.history.full(page.items)
    read = {one.id for one in found}
    return DeploymentsPage(
        items=tuple(map(shapes.deployment_answer, found)),
        next=page.next,
        looked_back_to=page.looked_back_to,
        unreadable=tuple(line.id for line in page.items if line.id not in read),
        is_catching_up=page.backlog.left > 0,
        left=page.backlog.left,
        text=searching(page.backlog),
    )


def comparison(context: ApiContext, asked: Asked) -> ComparisonAnswer:
    """404: no such deployment. 400: a wrong query."""
    query: ComparisonQuery = asked.query
    first, second = deployment_called(context, query.first), deployment_called(context, query.second)
    return comparison_answer(compared(first, second, context.bindings, context.clock.now()))


def deployment(context: ApiContext, asked: Asked) -> DeploymentInFull:
    """404: no such deployment."""
    found = deployment_called(context, asked.path["id"])
    with context.store.read() as unit:
        return deployment_in_full(found, unit.overviews.about(found), unit.contents.of(found.id))


def plan_of(context: ApiContext, asked: Asked) -> PlanAnswer:
    """404: no such deployment, or it has no plan yet."""
    found = deployment_called(context, asked.path["id"])
    if found.shown_plan is None:
        told = f"{found.id} has no plan yet: {found.reason.text}."
        raise Refused(HTTPStatus.NOT_FOUND, "plan.none", told)
    return shapes.plan_answer(found, found.shown_plan)


def samples(context: ApiContext, asked: Asked) -> SamplesPage:
    """404: no such deployment. 400: a wrong query, or a cursor that this never gave out."""
    query: SamplesQuery = asked.query
    found = deployment_called(context, asked.path["id"])
    with context.store.read() as unit:
        page = unit.samples.page(found.id, query.limit, query.cursor)
    return SamplesPage(items=tuple(map(shapes.sample_answer, page.items)), next=page.next)


def audit(context: ApiContext, asked: Asked) -> AuditPage:
    """404: no such environment or deployment. 400: a wrong query, or a cursor that this never gave out."""
    query: AuditQuery = asked.query
    with context.store.read() as unit:
        if query.environment is not None:
            must_be_known(unit, query.environment)
        if query.deployment is not None and unit.deployments.get(query.deployment) is None:
            raise missing("deployment", query.deployment)
        page = unit.audit.page(**dict(query))
    return AuditPage(items=tuple(map(shapes.audit_line, page.items)), next=page.next)


def order(context: ApiContext, asked: Asked) -> OrderAnswer:
    """404: no such order."""
    given = asked.path["id"]
    if not ORDER_ID.fullmatch(given):
        raise missing("order", given)
    with context.store.read() as unit:
        found = unit.orders.get(int(given))
    if found is None:
        raise missing("order", given)
    return shapes.order_answer(found)


def must_be_known(unit: Unit, name: str) -> None:
    if not DEPLOYMENT_ID.fullmatch(name):
        raise missing("environment", name)
    try:
        unit.environments.get(name)
    except LookupError as error:
        raise missing("environment", name) from error


def _overview(context: ApiContext, name: str) -> Overview:
    with context.store.read() as unit:
        must_be_known(unit, name)
        return unit.overviews.of(name)


def deployment_called(context: ApiContext, given: str) -> Deployment:
    if not DEPLOYMENT_ID.fullmatch(given):
        raise missing("deployment", given)
    with context.store.read() as unit:
        found = unit.deployments.get(given)
    if found is None:
        raise missing("deployment", given)
    return found
