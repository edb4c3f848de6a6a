"""The step that keeps what stands: what it asks for, in which order, and what it never does."""

from dataclasses import replace

from controller.decide import decide
from controller.domain.actions import DropAlarms, DropDashboard, KeepAlarms, KeepDashboard
from controller.domain.deployment import Deployment, Kind
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.standing import Standing, wanted
from controller.domain.step import StepKind
from controller.progress import look
from controller.progress.outcomes import Ask, Done, Outcome, Wait
from controller.progress.standing import asked
from tests.progress.steps import in_step
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_file,
    a_foundation,
    a_group,
    a_revision,
    a_slot,
    a_snapshot,
    a_view,
    terms,
)

ALARMED = FILE + "alarms: {errors: {max: 1%}, cpu: {max: 85%}}\n"


def snapshot(standing: Standing | Reason) -> Snapshot:
    empty = {name: replace(a_slot(name), group=a_group(name), desired=0) for name in ("backend", "frontend")}
    return a_snapshot({name: a_view(name, green=green) for name, green in empty.items()}, standing=standing)


def in_alarms() -> Deployment:
    started = decide(a_deployment(revision=a_revision(text=ALARMED)), snapshot(Standing()), NOON, terms()).deployment
    return in_step("alarms", running=started)


def outcome(standing: Standing | Reason) -> Outcome:
    deployment = in_alarms()
    assert deployment.step is not None
    return look(deployment.step, deployment, snapshot(standing), terms())


def should() -> Standing:
    return wanted(a_file(ALARMED), a_foundation(), snapshot(Standing()).groups)


def test_it_comes_after_all_of_the_traffic_and_before_the_end() -> None:
    kinds = [step.kind for step in in_alarms().steps]
    assert kinds.index(StepKind.VERIFY) + 1 == kinds.index(StepKind.ALARMS) == kinds.index(StepKind.SETTLE) - 1


def test_what_is_missing_of_one_service_after_another_is_asked_for_then_the_dashboard() -> None:
    found = outcome(Standing())
    assert isinstance(found, Ask) and isinstance(found.action, KeepAlarms)
    assert (found.action.service, len(found.action.alarms), found.text) == ("backend", 2, "keep 2 alarms of backend")
    backends = {name: alarm for name, alarm in should().alarms.items() if alarm.service == "backend"}
    found = outcome(Standing(backends))
    assert isinstance(found, Ask) and found.action.service == "frontend"
    found = outcome(Standing(should().alarms))
    assert isinstance(found, Ask) and isinstance(found.action, KeepDashboard) and found.action.service == "dev"


def test_strays_go_and_then_it_is_done() -> None:
    all_there = should()
    [stray] = [replace(alarm, name="x") for alarm in all_there.alarms.values() if alarm.name.endswith("backend-cpu")]
    found = outcome(replace(all_there, alarms={**all_there.alarms, "x": stray}))
    assert isinstance(found, Ask) and found.action == DropAlarms("backend", ("x",))
    assert outcome(all_there) == Done("4 alarms and the dashboard are as the file says")


def test_the_dashboard_goes_with_the_last_alarm() -> None:
    deployment = in_alarms()
    plain = replace(deployment, revision=a_revision(text=FILE))
    assert plain.step is not None
    found = look(plain.step, plain, snapshot(replace(should(), alarms={})), terms())
    assert isinstance(found, Ask) and isinstance(found.action, DropDashboard)
    assert look(plain.step, plain, snapshot(Standing()), terms()) == Done(
        "the file declares no alarms, so none is kept"
    )


def test_what_was_taken_once_is_not_asked_for_again_however_it_looks() -> None:
    deployment, marks = in_alarms(), ("KeepAlarms backend", "KeepAlarms frontend", "KeepDashboard dev")
    assert deployment.step is not None
    acted = replace(deployment.step, acted=marks)
    wide = replace(should().alarms["tidegate-captioncraft-dev-backend-cpu"], others="what AWS has filled in")
    there = replace(should(), alarms={**should().alarms, wide.name: wide}, dashboard=None)
    assert isinstance(look(deployment.step, deployment, snapshot(there), terms()), Ask)
    assert isinstance(look(acted, deployment.with_step(acted), snapshot(there), terms()), Done)


def test_what_cannot_be_read_is_waited_for() -> None:
    reason = Reason("alarms.unknown", "denied")
    assert outcome(reason) == Wait(reason)


def test_nothing_is_asked_where_neither_file_declares_any() -> None:
    plain, alarmed = a_deployment(), a_deployment(revision=a_revision(text=ALARMED))
    assert asked(plain, None) == asked(plain, a_file()) == frozenset()
    assert asked(plain, a_file(ALARMED)) == asked(alarmed, None) == {Evidence.STANDING}


def test_pruning_drops_what_stands_for_the_service_and_nothing_else() -> None:
    there = should().alarms
    left = {name: replace(alarm, service="old") for name, alarm in there.items() if "frontend" in name}
    deployment = replace(in_alarms(), kind=Kind.PRUNE, pruned="old")
    assert deployment.step is not None
    found = look(deployment.step, deployment, snapshot(Standing({**there, **left})), terms())
    assert isinstance(found, Ask) and found.action == DropAlarms("old", tuple(left))
    done = look(deployment.step, deployment, snapshot(Standing(should().alarms)), terms())
    assert done == Done("nothing stands for old any more")
