"""The plan: what rolls, the steps, and what its digest stands for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller import plan as planning
from controller.domain.deployment import Kind
from controller.domain.rendering import definition_of, service_settings
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView, Snapshot
from controller.domain.step import StepKind
from tests.support.builders import (
    FILE,
    NEW_IMAGE,
    NOON,
    OLD_IMAGE,
    a_binding,
    a_commit,
    a_content,
    a_file,
    a_foundation,
    a_new_view,
    a_place,
    a_plan,
    a_revision,
    a_rule,
    a_slot,
    a_snapshot,
    a_view,
    an_empty_slot,
)

BLUE_GREEN = FILE.replace("strategy: {type: rolling}", "strategy: {type: blue_green, bake: 5m}").replace(
    "rollback: {hold: next_commit}", "rollback: {hold: next_commit, keep_warm: 30m}"
)


def titles(plan: planning.Plan) -> list[str]:
    return [step.title for step in plan.steps]


def test_rolling_moves_half_then_all() -> None:
    assert titles(a_plan()) == ["register", "warm", "smoke", "shift 50", "shift 100", "verify", "settle", "retire"]


def test_blue_green_moves_all_at_once_and_bakes() -> None:
    plan = a_plan(a_revision(text=BLUE_GREEN))
    assert titles(plan) == ["register", "warm", "smoke", "shift 100", "bake 5m", "verify", "settle", "retire"]
    assert plan.steps[-1].wait == timedelta(minutes=30)


def test_equal_content_leaves_nothing_to_roll() -> None:
    plan = a_plan(a_revision(image=OLD_IMAGE))
    assert plan.rolling == () and plan.steps == ()


def test_only_the_service_that_changed_rolls_and_only_it_is_in_the_steps() -> None:
    revision = a_revision(image=OLD_IMAGE)
    changed = replace(revision, images={**revision.images, "frontend": f"captioncraft-frontend@{NEW_IMAGE}"})
    plan = a_plan(changed)
    assert [rolling.service for rolling in plan.rolling] == ["frontend"]
    assert {step.services for step in plan.steps} == {("frontend",)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("task: {cpu: 256, memory: 512}", "task: {cpu: 512, memory: 1024}"),
        ("count: 2\n", "count: 2\n    env: {LOG_LEVEL: debug}\n"),
        ("count: 2\n", 'count: 2\n    parameters: {FEATURES: "/captioncraft/features"}\n'),
    ],
)
def test_a_change_of_size_environment_or_reference_rolls_like_a_new_image(old: str, new: str) -> None:
    plan = a_plan(a_revision(image=OLD_IMAGE, text=FILE.replace(old, new)))
    assert [rolling.service for rolling in plan.rolling] == ["backend", "frontend"]
    assert "smoke" in titles(plan)


def test_the_slot_keeps_what_autoscaling_made_of_it() -> None:
    scaled = FILE.replace("count: 2", "count: {min: 2, max: 10, cpu: 70%}")
    grown = a_snapshot({"backend": a_view(blue=a_slot(count=7)), "frontend": a_view("frontend")})
    counts = {rolling.service: rolling.count for rolling in a_plan(a_revision(text=scaled), grown).rolling}
    assert counts == {"backend": 7, "frontend": 2}


@pytest.mark.parametrize(("live", "count"), [(1, 2), (2, 2), (4, 2)])
def test_a_plain_count_is_what_rolls(live: int, count: int) -> None:
    picture = a_snapshot({"backend": a_view(blue=a_slot(count=live)), "frontend": a_view("frontend")})
    assert a_plan(snapshot=picture).of("backend").count == count


def test_another_count_alone_adjusts_the_live_slots_and_nothing_else() -> None:
    plan = a_plan(a_revision(image=OLD_IMAGE, text=FILE.replace("count: 2", "count: 3", 1)))
    assert titles(plan) == ["adjust", "settle"] and plan.counts == {"backend": 3}


def test_a_service_that_does_not_roll_is_adjusted_beside_one_that_does() -> None:
    revision = a_revision(image=OLD_IMAGE, text=FILE.replace("count: 2", "count: 3", 1))
    changed = replace(revision, images={**revision.images, "frontend": f"captioncraft-frontend@{NEW_IMAGE}"})
    plan = a_plan(changed)
    assert titles(plan)[-3:] == ["adjust", "settle", "retire"]
    assert [step.services for step in plan.steps if step.title == "adjust"] == [("backend",)]


def test_a_new_service_is_in_the_plan_without_a_past() -> None:
    picture = a_snapshot({"backend": a_new_view(), "frontend": a_view("frontend")})
    assert a_plan(snapshot=picture).of("backend").was is None


def test_the_digest_does_not_know_colours() -> None:
    mirrored = {
        name: a_view(name, blue=an_empty_slot(name), green=a_slot(name), rule=a_rule(0, 100, name))
        for name in ("backend", "frontend")
    }
    assert mirrored["backend"].live is Slot.GREEN
    assert a_plan(snapshot=a_snapshot(mirrored)).digest == a_plan().digest


def test_the_digest_does_not_know_live_counts() -> None:
    grown = a_snapshot({"backend": a_view(blue=a_slot(count=7)), "frontend": a_view("frontend")})
    assert a_plan(snapshot=grown).digest == a_plan().digest


def test_the_digest_does_not_know_how_far_a_service_has_scaled() -> None:
    scaled = a_revision(text=FILE.replace("count: 2", "count: {min: 2, max: 10, cpu: 70%}"))
    grown = a_snapshot({"backend": a_view(blue=a_slot(count=7)), "frontend": a_view("frontend")})
    assert a_plan(scaled, grown).of("backend").count == 7
    assert a_plan(scaled, grown).digest == a_plan(scaled).digest


@pytest.mark.parametrize(
    "revision",
    [
        a_revision(commit=a_commit(sha="2" * 40)),
        a_revision(image="sha256:" + "c" * 64),
        a_revision(text=FILE.replace("count: 2", "count: 3")),
        a_revision(text=BLUE_GREEN),
        a_revision(text=FILE.replace("{hold: next_commit}", "{hold: person}")),
    ],
    ids=["commit", "image", "count", "strategy", "hold"],
)
def test_the_digest_changes_with_everything_that_will_be_done(revision: object) -> None:
    assert a_plan(revision).digest != a_plan().digest  # type: ignore[arg-type]


def test_the_digest_changes_with_the_place() -> None:
    elsewhere = a_binding(aws=a_place(account="210987654321"))
    views = a_snapshot().services
    assert planning.draw(a_revision(), elsewhere, a_foundation(), views, now=NOON).digest != a_plan().digest


def unasked(*names: str) -> Snapshot:
    """The public rules of these come behind that of `web`, which the file does not name."""
    views = {name: a_view(name) for name in ("backend", "frontend")}
    behind = {name: replace(a_rule(service=name), behind=frozenset({"web"})) for name in names}
    return a_snapshot({name: replace(view, rule=behind.get(name, view.rule)) for name, view in views.items()})


def test_who_gets_no_requests_takes_them_over_although_nothing_rolls() -> None:
    plan = a_plan(a_revision(image=OLD_IMAGE), unasked("frontend"))
    assert [(step.title, step.services) for step in plan.steps] == [("route", ("frontend",)), ("settle", ())]


def test_a_rollback_takes_them_over_before_it_settles() -> None:
    views = unasked("frontend").services
    plan = planning.draw(a_revision(image=OLD_IMAGE), a_binding(), a_foundation(), views, Kind.ROLLBACK, now=NOON)
    assert titles(plan) == ["route", "settle"]


def test_who_comes_behind_a_service_of_the_file_takes_nothing_over() -> None:
    """Two services that exchange their routes do so in steps of their own."""
    view = a_view(rule=replace(a_rule(), behind=frozenset({"frontend"})))
    assert a_plan(a_revision(image=OLD_IMAGE), a_snapshot({**a_snapshot().services, "backend": view})).steps == ()


def test_requests_are_taken_over_between_the_last_shift_and_its_bake() -> None:
    plan = a_plan(a_revision(text=BLUE_GREEN), unasked("frontend"))
    assert titles(plan)[2:6] == ["smoke", "shift 100", "route", "bake 5m"]


@pytest.mark.parametrize(("names", "shifts"), [(("frontend",), 2), (("backend", "frontend"), 1)])
def test_where_nobody_is_asked_there_is_nothing_to_share(names: tuple[str, ...], shifts: int) -> None:
    moves = [title for title in titles(a_plan(snapshot=unasked(*names))) if title.startswith(("shift", "route"))]
    assert moves == ["shift 50", "shift 100", "route"][2 - shifts :]


def test_who_takes_requests_over_has_its_tasks_before() -> None:
    text = FILE.replace("count: 2", "count: 3")
    plan = a_plan(a_revision(image=OLD_IMAGE, text=text), unasked("frontend"))
    assert [(step.title, step.services) for step in plan.steps] == [
        ("adjust", ("frontend",)),
        ("route", ("frontend",)),
        ("adjust", ("backend",)),
        ("settle", ()),
    ]


def test_a_worker_takes_no_part_in_the_traffic_steps() -> None:
    worker = FILE + "  worker:\n    image: {repository: captioncraft-worker, tag: x}\n    count: 1\n"
    views = {**a_snapshot().services, "worker": replace(a_new_view(), routed=False)}
    plan = planning.draw(a_revision(text=worker), a_binding(), a_foundation(), views, now=NOON)
    by_title = {step.title: step.services for step in plan.steps}
    assert by_title["shift 50"] == by_title["smoke"] == ("backend", "frontend")
    assert by_title["warm"] == by_title["retire"] == ("backend", "frontend", "worker")


@pytest.mark.parametrize(
    ("old", "new"), [("deregistration_delay: 10s", "deregistration_delay: 60s"), ("path: /health", "path: /healthz")]
)
def test_another_health_check_or_drain_time_arrives_with_a_shift(old: str, new: str) -> None:
    plan = a_plan(a_revision(image=OLD_IMAGE, text=FILE.replace(old, new)))
    assert [rolling.service for rolling in plan.rolling] == ["backend", "frontend"] and "shift 100" in titles(plan)
    assert plan.digest != a_plan(a_revision(image=OLD_IMAGE)).digest


HOOKED = FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate], timeout: 1m}\n").replace(
    "within: 5s}]\nservices", "within: 5s}, {task: frontend, command: [try]}]\nservices"
)


def test_commands_run_before_anything_of_the_new_version_and_after_all_of_the_traffic() -> None:
    plan = a_plan(a_revision(text=HOOKED))
    assert titles(plan)[:3] == ["register", "before backend", "warm"]
    assert titles(plan)[-4:] == ["verify", "test frontend", "settle", "retire"]


def test_what_does_not_roll_runs_no_command_before() -> None:
    views = {"backend": a_view(blue=a_slot(image=NEW_IMAGE)), "frontend": a_view("frontend")}
    assert "before backend" not in titles(a_plan(a_revision(text=HOOKED), a_snapshot(views)))


@pytest.mark.parametrize("change", [("[migrate]", "[migrate, all]"), ("1m}", "2m}"), ("1m}", "1m, compatible: false}")])
def test_another_command_is_another_plan(change: tuple[str, str]) -> None:
    one, other = (a_plan(a_revision(text=text)) for text in (HOOKED, HOOKED.replace(*change)))
    assert one.digest != other.digest


def a_live_slot(service: str = "backend", **settings: object) -> SlotView:
    """It runs the old version, as it was declared but for `settings`."""
    slot, content = a_slot(service), a_content(service)
    assert slot.group is not None
    wanted = service_settings(a_file().services[service], content, slot.group.arn)
    return replace(slot, runs=definition_of(content), settings=replace(wanted, **settings))


def corrected(backend: ServiceView, kind: Kind = Kind.CORRECT) -> planning.Plan:
    views = {"backend": backend, "frontend": a_view("frontend", blue=a_live_slot("frontend"))}
    return planning.draw(a_revision(OLD_IMAGE), a_binding(), a_foundation(), views, kind, now=NOON)


@pytest.mark.parametrize("kind", [Kind.DEPLOY, Kind.CORRECT, Kind.ROLLBACK])
def test_what_is_as_it_was_declared_needs_no_plan(kind: Kind) -> None:
    assert corrected(a_view(blue=a_live_slot()), kind).steps == ()


@pytest.mark.parametrize("kind", [Kind.DEPLOY, Kind.CORRECT, Kind.ROLLBACK])
def test_what_can_be_set_in_place_is_mended_by_whatever_comes_next(kind: Kind) -> None:
    plan = corrected(a_view(blue=a_live_slot(grace_seconds=5)), kind)
    assert titles(plan) == ["mend", "settle"] and plan.steps[0].services == ("backend",)


@pytest.mark.parametrize(("kind", "rolls"), [(Kind.DEPLOY, True), (Kind.CORRECT, True), (Kind.ROLLBACK, False)])
def test_what_only_another_slot_can_put_right_rolls(kind: Kind, rolls: bool) -> None:
    plan = corrected(a_view(blue=a_live_slot(subnets=("subnet-9",), grace_seconds=5)), kind)
    assert [rolling.service for rolling in plan.rolling] == ["backend"] * rolls
    assert titles(plan)[-3:] == (["verify", "settle", "retire"] if rolls else ["mend", "settle"])


def test_a_target_group_that_somebody_changed_is_mended_and_a_new_file_s_arrives_with_a_shift() -> None:
    slot = a_live_slot()
    assert slot.group is not None and slot.group.settings is not None
    other = replace(slot, group=replace(slot.group, settings=replace(slot.group.settings, path="/other")))
    assert titles(corrected(a_view(blue=other))) == ["mend", "settle"]
    assert [rolling.service for rolling in corrected(a_view(blue=other), Kind.DEPLOY).rolling] == ["backend"]


def test_a_correction_keeps_nothing_warm_and_rolls_nothing_that_an_older_tidegate_rendered() -> None:
    older = replace(a_live_slot(), content="sha256:of another rendering")
    assert corrected(a_view(blue=older)).steps == ()
    moved = planning.draw(
        a_revision(OLD_IMAGE, BLUE_GREEN),
        a_binding(),
        a_foundation(),
        {"backend": a_view(blue=a_slot(exists=False, content=None)), "frontend": a_view("frontend")},
        Kind.CORRECT,
        now=NOON,
    )
    assert moved.steps[-1].kind is StepKind.RETIRE and moved.steps[-1].wait == timedelta(0)


@pytest.mark.parametrize(("kind", "asks"), [(Kind.DEPLOY, True), (Kind.CORRECT, False)])
def test_nobody_confirms_a_correction(kind: Kind, asks: bool) -> None:
    canary = "{type: canary, steps: [{weight: 50, confirm: true}, {weight: 100}]}"
    revision = a_revision(OLD_IMAGE, FILE.replace("{type: rolling}", canary))
    by_hand = {
        "backend": a_view(blue=a_slot(runs=replace(a_live_slot().runs, cpu=4096))),
        "frontend": a_view("frontend"),
    }
    plan = planning.draw(revision, a_binding(), a_foundation(), by_hand, kind, now=NOON)
    kinds = [step.kind for step in plan.steps]
    assert StepKind.SHIFT in kinds and (StepKind.CONFIRM in kinds) is asks


def test_a_rule_that_is_gone_is_made_again_before_anything_else() -> None:
    plan = corrected(a_view(blue=a_live_slot(subnets=("subnet-9",)), rule=None))
    assert titles(plan) == ["mend", "settle"] and plan.rolling == ()
