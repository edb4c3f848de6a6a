"""The page of everything that waits for people: what each environment asks, of whom, and whether whoever looks may
answer."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.approvals import TallyView, tally_view
from controller.dashboard.doors import Doors, here
from controller.dashboard.views import DeploymentView, deployment_view
from controller.dashboard.visiting import Visitor
from controller.domain.approval import Ballot, decide_approval
from controller.domain.deployment import Deployment
from controller.domain.errors import TidegateError
from controller.domain.glance import Ask, asks_of
from controller.domain.orders import OrderKind
from controller.domain.overview import Overview
from controller.domain.people import Caller, Role
from controller.domain.reason import Reason


@dataclass(frozen=True)
class WaitingView:
    """`ask` is what the first page says of it. `tallies` are empty where nobody was looked up. `may`: whoever looks may
    answer; `why_not` says why they may not, and is empty where nobody was looked up."""

    deployment: DeploymentView
    ask: Ask
    tallies: tuple[TallyView, ...]
    may: bool
    why_not: str
    trouble: str


class WaitingPage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Nobody is looked up on GitHub for somebody who has not signed in."""
        now = self._context.clock.now()
        with self._context.store.read() as unit:
            is_open, bindings = unit.deployments.all_open(), self._context.bindings
            names = [name for name in bindings if any(one.waits_for_people for one in is_open.get(name, ()))]
            overviews = [unit.overviews.of(name) for name in names]
        asked = [
            (overview, ask) for overview in overviews for ask in asks_of(overview, bindings[overview.environment.name])
        ]
        waiting = [self._view(overview, ask, visitor.caller, now) for overview, ask in asked]
        waiting.sort(key=lambda each: (not each.may, each.ask.since or now))
        return self._pages.page(
            "waiting.html",
            now,
            visitor=visitor,
            here=here(request),
            mine=[each for each in waiting if each.may],
            others=[each for each in waiting if not each.may],
            trouble=next((each.trouble for each in waiting if each.trouble), ""),
        )

    def _view(self, overview: Overview, ask: Ask, caller: Caller | None, now: datetime) -> WaitingView:
        deployment = next(one for one in overview.open if one.id == ask.deployment)
        view = deployment_view(deployment, self._context, now)
        if ask.is_confirmation:
            return WaitingView(view, ask, (), *self._may_confirm(deployment, caller))
        if caller is None:
            return WaitingView(view, ask, (), may=False, why_not="", trouble="")
        binding = self._context.bindings[deployment.environment]
        return _question(view, ask, self._context.rights.polls.ballot(deployment, binding), caller)

    def _may_confirm(self, deployment: Deployment, caller: Caller | None) -> tuple[bool, str, str]:
        """Whether, why not, and what keeps anybody from telling."""
        if caller is None:
            return False, "", ""
        try:
            role = self._context.rights.role(caller, deployment.environment)
        except TidegateError as error:
            return False, "", f"who may confirm can't be read: {error}"
        told = f"{caller.name} is {role.words} in {deployment.environment}, and to confirm takes an operator"
        return (True, "", "") if role >= Role.OPERATOR else (False, told, "")


def _question(view: DeploymentView, ask: Ask, ballot: Ballot, caller: Caller) -> WaitingView:
    if isinstance(ballot.electorate, Reason):
        return WaitingView(view, ask, (), may=False, why_not="", trouble=ballot.electorate.text)
    ruling = decide_approval(ballot, OrderKind.APPROVE, caller.person, ballot.digest)
    tallies = tuple(tally_view(tally, ballot) for tally in ballot.tallies())
    why_not = "" if ruling.accepted else ruling.reason.text
    return WaitingView(view, ask, tallies, may=ruling.accepted, why_not=why_not, trouble="")
