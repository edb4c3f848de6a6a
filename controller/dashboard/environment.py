"""The page of one environment: what is live, what it should be, what is wrong, and every way from here."""

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.charts import charts
from controller.dashboard.doors import NAME, Doors, Missing, here
from controller.dashboard.environment_views import (
    alarm_lines,
    desired_view,
    plan_view,
    quarantine_views,
    way_back_views,
)
from controller.dashboard.offers import in_environment, seat
from controller.dashboard.ordering import given_order
from controller.dashboard.planned import meaning
from controller.dashboard.slots import of_environment
from controller.dashboard.views import deployment_view, environment_view
from controller.dashboard.visiting import Visitor
from controller.domain.candidates import Candidates
from controller.store import Unit

RECENT = 10
MOST_SAMPLES = 1000


class EnvironmentPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages = doors, doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """One environment in full. 404: no such environment. AWS is asked, for a moment, only because of somebody who
        has signed in."""
        context, now, name = self._context, self._context.clock.now(), self._named(request)
        can_sign_in = context.sign_in is not None
        sits = seat(visitor.caller, name, context.rights, can_sign_in=can_sign_in)
        asks = visitor.caller is not None
        ways_back = context.ways_back(name, asks=asks) if context.ways_back else Candidates()
        alarms = context.alarms(name, asks=asks) if context.alarms else None
        with context.store.read() as unit:
            overview = unit.overviews.of(name)
            offers = in_environment(unit, overview, sits, now)
            recent = unit.deployments.page(environment=name, limit=RECENT).items
            order, recorded = given_order(unit, request, visitor), overview.environment.recorded
            newest = unit.revisions.by_commit(name, recorded) if recorded else None
            samples = unit.samples.page(overview.live.id, MOST_SAMPLES).items if overview.live else ()
        return self._pages.page(
            "environment.html",
            now,
            visitor=visitor,
            here=here(request),
            environment=environment_view(overview, context, now),
            desired=desired_view(overview, newest, context),
            pictures=of_environment(overview),
            quarantines=quarantine_views(overview),
            alarms=alarm_lines(alarms.value or {}, overview, now) if alarms else (),
            deaf=alarms.trouble if alarms else "",
            declared=overview.live.revision.file.watch.alarms if overview.live else (),
            charts=charts(overview.live, samples) if overview.live else (),
            ways_back=way_back_views(ways_back, now, context),
            looked_at=ways_back.looked_at,
            unlooked=ways_back.unlooked,
            why_none=ways_back.why_none,
            offers=offers,
            order=order,
            recent=[deployment_view(deployment, context, now) for deployment in recent],
        )

    def plan(self, request: Request, visitor: Visitor) -> Response:
        """What would run now, as the API tells it, and what that means. 404: no such environment."""
        name, now, context = self._named(request), self._context.clock.now(), self._context
        heard = context.plan(name, asks=visitor.caller is not None) if context.plan else None
        drawn = heard.value if heard is not None else None
        with context.store.read() as unit:
            means = meaning(name, drawn, unit, context) if drawn is not None else None
        return self._pages.page(
            "environment_plan.html",
            now,
            visitor=visitor,
            here=here(request),
            name=name,
            plan=plan_view(drawn) if drawn is not None else None,
            means=means,
            drawn_at=heard.at if heard is not None else None,
            trouble=heard.trouble if heard is not None else "nothing is looked up here",
            code=heard.code if heard is not None else "",
        )

    def _named(self, request: Request) -> str:
        given = str(request.path_params["name"])
        with self._context.store.read() as unit:
            if NAME.fullmatch(given) and _is_known(unit, given):
                return given
        raise Missing(f"No environment is called {given[:80]!r}.")


def _is_known(unit: Unit, name: str) -> bool:
    return any(environment.name == name for environment in unit.environments.all())
