"""The routes of this room: pages that read, forms that leave something in the inbox, and what they are drawn with."""

from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from controller.dashboard.answering import ApprovalPage
from controller.dashboard.audit import AuditPage
from controller.dashboard.compare import ComparePage
from controller.dashboard.context import DashboardContext
from controller.dashboard.delivery import DeliveryPage
from controller.dashboard.deployment import DeploymentPage
from controller.dashboard.doors import SIGN_IN, Act, Doors, Page
from controller.dashboard.entrance import BACK, Entrance
from controller.dashboard.environment import EnvironmentPage
from controller.dashboard.events import Events
from controller.dashboard.feed import Feed
from controller.dashboard.history import PATH, HistoryPage
from controller.dashboard.home import HomePage
from controller.dashboard.ordering import OrderPage
from controller.dashboard.own_page import OwnPage
from controller.dashboard.waiting import WaitingPage

STATIC = Path(__file__).parent / "static"


def routes(context: DashboardContext) -> list[BaseRoute]:
    doors = Doors(context)
    entrance, me, approval = Entrance(doors), OwnPage(doors), ApprovalPage(doors)
    history, environment, order, audit = HistoryPage(doors), EnvironmentPage(doors), OrderPage(doors), AuditPage(doors)

    def page(path: str, name: str, show: Page) -> Route:
        return Route(path, doors.shown(show), methods=["GET"], name=name)

    def form(path: str, name: str, act: Act) -> Route:
        return Route(path, doors.done(act), methods=["POST"], name=name)

    return [
        Route("/events", Events(doors).endpoint, methods=["GET"], name="events"),
        page("/", "dashboard", HomePage(doors).show),
        page(PATH, "history", history.show),
        page(f"{PATH}.csv", "history-csv", history.csv),
        page(f"{PATH}.json", "history-json", history.json),
        page("/compare", "compare", ComparePage(doors).show),
        page("/delivery", "delivery", DeliveryPage(doors).show),
        page("/deployments/{id}", "deployment", DeploymentPage(doors).show),
        page("/environments/{name}", "environment", environment.show),
        page("/environments/{name}/plan", "environment-plan", environment.plan),
        page("/orders/new", "new-order", order.new),
        form("/orders", "order", doors.mine(order.leave)),
        page("/approvals", "approvals", WaitingPage(doors).show),
        page("/approvals/{id}", "approval", approval.show),
        form("/approvals/{id}", "answer", approval.answer),
        page("/audit", "audit", audit.show),
        page("/audit/export", "audit-export", audit.export),
        form("/audit/verification", "verify-audit", doors.mine(audit.verify)),
        Route("/feed.atom", doors.open_to_all(Feed(doors).show), methods=["GET"], name="feed"),
        Route(SIGN_IN, doors.open_to_all(entrance.begin), methods=["GET"], name="sign-in"),
        Route(BACK, doors.open_to_all(entrance.finish), methods=["GET"], name="signed-in"),
        form("/sign-out", "sign-out", lambda request, *_: entrance.leave(request)),
        page("/me", "me", me.show),
        form("/me/tokens", "make-token", doors.mine(me.make_token)),
        form("/me/slack", "make-code", doors.mine(me.make_code)),
        form("/me/slack/untie", "untie", doors.mine(me.untie)),
        form("/me/tokens/{token}", "revoke-token", doors.mine(me.revoke_token)),
        Mount("/static", Files(directory=STATIC), name="static"),
    ]


class Files(StaticFiles):
    """Style sheet, script and icon: never taken for anything else by a browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response
