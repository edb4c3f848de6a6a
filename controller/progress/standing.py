"""Alarms: what stands in the environment at all times is as the file says.

It comes when all of the traffic has moved, for by then every target group is there; and nothing about it sends traffic
home. Whoever lacks the rights for it waits until they are given. A deployment that turns back leaves it as it is, for
the next plan is drawn from what is there; unless what is live again declares nothing: then nobody would look at it.
"""

from controller.domain.actions import DropAlarms, DropDashboard, KeepAlarms, KeepDashboard
from controller.domain.counting import counted
from controller.domain.dashboard import dashboard_differences
from controller.domain.deployment import Deployment, Phase
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.standing import Standing, StandingAlarm, changed, declares, wanted
from controller.domain.step import PATIENCE, Step
from controller.progress.outcomes import Ask, Done, Outcome, Stumble, Terms, Wait


def asked(deployment: Deployment, live: EnvironmentFile | None) -> frozenset[Evidence]:
    """What is to be seen before a plan is drawn: nothing, where neither file declares any alarms."""
    needs = declares(deployment.revision.file) or declares(live)
    return frozenset({Evidence.STANDING}) if needs else frozenset()


def alarms(step: Step, deployment: Deployment, snapshot: Snapshot, terms: Terms) -> Outcome:
    found, is_home = snapshot.standing, deployment.phase is Phase.ROLLING_BACK
    if is_home and declares(terms.live):
        return Done("what differs now the next deployment puts right")
    if is_home and step.trouble is not None and step.trouble.times >= PATIENCE:
        return Done(f"left as it is: {step.trouble.reason.text}")
    if isinstance(found, Reason):
        return Stumble(found) if is_home else Wait(found)
    if deployment.pruned is not None:
        dropped = _dropped(step, deployment.pruned, of(deployment.pruned, found))
        return dropped or Done(f"nothing stands for {deployment.pruned} any more")
    should = wanted(deployment.revision.file, terms.foundation, snapshot.groups)
    if is_home:
        return _taken_back(step, should, found, deployment)
    return (
        _kept(step, should, found)
        or _cleared(step, should, found)
        or _shown(step, should, found, deployment)
        or _done(should)
    )


def of(service: str, found: Standing) -> tuple[StandingAlarm, ...]:
    """The alarms of a service that no file names."""
    return tuple(alarm for alarm in found.alarms.values() if alarm.service == service)


def _kept(step: Step, should: Standing, found: Standing) -> Ask | None:
    """What CloudWatch has taken once is kept, however long it takes to show so."""
    for service in dict.fromkeys(alarm.service for alarm in should.alarms.values()):
        some = changed(should, found, service)
        if some and not step.did("KeepAlarms", service):
            return Ask(KeepAlarms(service, some), f"keep {counted(len(some), 'alarm')} of {service}")
    return None


def _cleared(step: Step, should: Standing, found: Standing) -> Ask | None:
    strays = should.strays(found)
    services = dict.fromkeys(alarm.service for alarm in strays)
    asks = (_dropped(step, name, tuple(alarm for alarm in strays if alarm.service == name)) for name in services)
    return next((ask for ask in asks if ask), None)


def _dropped(step: Step, service: str, some: tuple[StandingAlarm, ...]) -> Ask | None:
    if not some or step.did("DropAlarms", service):
        return None
    text = f"drop {counted(len(some), 'alarm')} of {service} that nothing declares any more"
    return Ask(DropAlarms(service, tuple(alarm.name for alarm in some)), text)


def _shown(step: Step, should: Standing, found: Standing, deployment: Deployment) -> Ask | None:
    name = deployment.environment
    if not any(dashboard_differences(should.dashboard, found.dashboard)):
        return None
    if should.dashboard is not None:
        is_kept = step.did("KeepDashboard", name)
        return None if is_kept else Ask(KeepDashboard(name, should.dashboard), "keep the dashboard")
    assert found.dashboard is not None, "what differs is there, or is wanted"
    is_gone = step.did("DropDashboard", name)
    return None if is_gone else Ask(DropDashboard(name, found.dashboard.name), "drop the dashboard")


def _taken_back(step: Step, made: Standing, found: Standing, deployment: Deployment) -> Ask | Done:
    """All that it may have made, once whatever is seen: a look may miss some of it."""
    for service in dict.fromkeys(alarm.service for alarm in made.alarms.values()):
        own = tuple(name for name, alarm in made.alarms.items() if alarm.service == service)
        if not step.did("DropAlarms", service) or not found.alarms.keys().isdisjoint(own):
            return Ask(DropAlarms(service, own), f"drop the alarms of {service}: what is live declares none")
    name = deployment.environment
    if made.dashboard is not None and (found.dashboard is not None or not step.did("DropDashboard", name)):
        return Ask(DropDashboard(name, made.dashboard.name), "drop the dashboard: what is live declares none")
    return Done("what is live declares no alarms, so none is kept")


def _done(should: Standing) -> Done:
    if should.dashboard is None:
        return Done("the file declares no alarms, so none is kept")
    return Done(f"{counted(len(should.alarms), 'alarm')} and the dashboard are as the file says")
