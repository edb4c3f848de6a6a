"""The page of everything that waits for people: what each environment asks, of whom, and whether whoever looks may
answer."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from controller.dashboard.approvals import TallyView, tally_view
from controller.dashboard.context import DashboardContext
from controller.dashboard.doors import Doors, here
from controller.dashboard.views import DeploymentView, deployment_view
from controller.dashboard.visiting import Visitor
from controller.domain.approval import Ballot, decide_approval
from controller.domain.deployment import Deployment
from controller.domain.electorate import Electorate
from controller.domain.errors import TidegateError
from controller.domain.orders import OrderKind
from controller.domain.people import Caller, Role
from controller.domain.reason import Reason


@dataclass(frozen=True)
class WaitingView:
    """`may`: whoever looks may answer; `why_not` says why they may not, and is empty where nobody was looked up.
    `confirms`: it is running, and waits for somebody to say that it goes on."""

    deployment: DeploymentView
    since: datetime | None
    until: datetime | None
    tallies: tuple[TallyView, ...]
    may: bool
    why_not: str
    trouble: str
    confirms: bool = False


class WaitingPage:
    def __init__(self, doors: Doors) -> None:
        self._context, self._pages = doors.context, doors.pages

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Nobody is looked up on GitHub for somebody who has not signed in."""
        now = self._context.clock.now()
        with self._context.store.read() as unit:
            is_open = unit.deployments.all_open()
        open_ones = (one for name in self._context.bindings for one in is_open.get(name, ()))
        found = [one for one in open_ones if one.waits_for_people]
        waiting = [self._view(one, visitor.caller, now) for one in found]
        waiting.sort(key=lambda each: (not each.may, each.since or now))
        return self._pages.page(
            "waiting.html",
            now,
            visitor=visitor,
            here=here(request),
            mine=[each for each in waiting if each.may],
            others=[each for each in waiting if not each.may],
            trouble=next((each.trouble for each in waiting if each.trouble), ""),
        )

    def _view(self, deployment: Deployment, caller: Caller | None, now: datetime) -> WaitingView:
        if deployment.is_to_be_confirmed:
            return _confirmation(deployment, *self._may_confirm(deployment, caller), self._context, now)
        binding = self._context.bindings.get(deployment.environment)
        is_looked_up = caller is not None and binding is not None
        ballot = self._context.rights.polls.ballot(deployment, binding) if is_looked_up and binding else None
        return _question(deployment, ballot, caller, self._context, now)

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


def _question(
    deployment: Deployment, ballot: Ballot | None, caller: Caller | None, context: DashboardContext, now: datetime
) -> WaitingView:
    asked = deployment.asked
    assert asked is not None, f"{deployment.id} waits for nobody"
    known = ballot is not None and isinstance(ballot.electorate, Electorate)
    ruling = None
    if ballot is not None and caller is not None:
        ruling = decide_approval(ballot, OrderKind.APPROVE, caller.person, ballot.digest)
    lasts = ballot.expires_after if ballot is not None else None
    return WaitingView(
        deployment=deployment_view(deployment, context, now),
        since=asked.since,
        until=asked.since + lasts if lasts else None,
        tallies=tuple(tally_view(tally, ballot) for tally in ballot.tallies()) if ballot is not None and known else (),
        may=ruling is not None and ruling.accepted,
        why_not=ruling.reason.text if ruling is not None and not ruling.accepted and known else "",
        trouble=ballot.electorate.text if ballot is not None and isinstance(ballot.electorate, Reason) else "",
    )


def _confirmation(
    deployment: Deployment, may: bool, why_not: str, trouble: str, context: DashboardContext, now: datetime
) -> WaitingView:
    step = deployment.step
    since = step.started_at if step is not None else None
    view = deployment_view(deployment, context, now)
    return WaitingView(view, since, None, (), may, why_not, trouble, confirms=True)
