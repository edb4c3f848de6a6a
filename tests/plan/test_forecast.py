"""What would come of a file that nobody has merged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.deployment import Phase
from controller.domain.manifest import Minimum, MinimumApproval
from controller.domain.proposal import Asked, Forecast
from controller.domain.step import StepKind, StepState
from controller.plan.forecast import IF_BUILT, IN_ANY_CASE, NEW, UNCHANGED, UNNAMED, Prospect, forecast
from tests.support.builders import FILE, NOON, OLD_IMAGE, a_binding, a_deployment, a_plan, a_revision

PROMOTING = FILE.replace('tag: "{branch}-{sha}"', "promote: staging")
SCALED = FILE.replace("count: 2", "count: {min: 2, max: 6, cpu: 70%}") + "alarms: {errors: {max: 1%}}\n"


def expected(new: str, live: str | None = FILE, **changes: Any) -> Forecast:
    deployment = replace(a_deployment(1, a_revision(OLD_IMAGE, live)), phase=Phase.SUCCEEDED) if live else None
    prospect = Prospect(a_revision(None, new), a_binding(), deployment, NOON)
    return forecast(replace(prospect, **changes))


@pytest.mark.parametrize("text", [FILE, SCALED])
def test_the_file_that_is_live_rolls_for_new_images_and_for_nothing_else(text: str) -> None:
    found = expected(text, text)
    assert set(found.rolls.values()) == {IF_BUILT}
    assert found.changes == ()


def test_promoted_images_that_run_already_leave_nothing_to_do() -> None:
    live = a_deployment(1, a_revision(OLD_IMAGE, PROMOTING))
    assert live.revision.images is not None
    found = expected(PROMOTING, PROMOTING, promoted=dict(live.revision.images))
    assert (set(found.rolls.values()), found.steps) == ({UNCHANGED}, ())
    assert [change.then for change in found.images] == [f"{OLD_IMAGE}, promoted from staging"] * 2
    unknown = expected(PROMOTING, PROMOTING)
    assert unknown.images[0].then == "what staging has run well with the same files"


def test_a_first_file_is_all_new_and_a_service_that_goes_stays_until_it_is_pruned() -> None:
    assert set(expected(FILE, None).rolls.values()) == {NEW}
    without = FILE[: FILE.index("  frontend:")]
    assert expected(without).rolls == {"backend": IF_BUILT, "frontend": UNNAMED}
    assert expected(FILE, without).rolls == {"backend": IF_BUILT, "frontend": NEW}


def test_a_changed_field_is_told_with_its_default_and_rolls_its_service() -> None:
    found = expected(FILE.replace("task: {cpu: 256, memory: 512}", "task: {stop_timeout: 60s}", 1))
    assert [(change.key, change.old, change.new) for change in found.changes] == [
        ("services.backend.task.stop_timeout", "30s", "1m")
    ]
    assert found.rolls == {"backend": IN_ANY_CASE, "frontend": IF_BUILT}


def test_values_of_variables_are_never_told_and_references_are() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:captioncraft-AbCdEf"
    new = FILE.replace(
        "    port: 8000\n", f"    port: 8000\n    env: {{KEY: hunter2}}\n    secrets: {{PASSWORD: '{arn}'}}\n"
    )
    found = expected(new)
    assert "hunter2" not in str(found)
    assert {change.key: change.new for change in found.changes} == {
        "services.backend.env.KEY": "a value",
        "services.backend.secrets.PASSWORD": arn,
    }
    changed = expected(new.replace("hunter2", "hunter3"), new)
    assert [(change.old, change.new) for change in changed.changes] == [("a value", "another value")]


def test_steps_are_those_of_the_files_strategy() -> None:
    canary = FILE.replace(
        "{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 5m, confirm: true}, {weight: 100, bake: 15m}]}"
    )
    found = expected(canary)
    moves = [step for step in found.steps if step.split()[0] in {"shift", "bake", "confirm"}]
    assert moves == ["shift 10", "bake 5m", "confirm", "shift 100", "bake 15m"]
    assert found.expected is not None and found.expected.bakes == timedelta(minutes=20)
    assert "a person has to confirm on the way" in found.notes
    assert not any(step.startswith("arm") for step in found.steps)
    armed = replace(a_binding(), aws=a_binding().aws.model_copy(update={"switch_role": "arn:aws:iam::1:role/switch"}))
    assert any(step.startswith("arm") for step in expected(canary, binding=armed).steps)


def test_every_gate_of_both_files_and_the_operators_is_told() -> None:
    old, new = FILE + "gates: {checks: {required: [test]}}\n", FILE + "gates: {soak: {environment: staging, for: 1h}}\n"
    binding = replace(a_binding(), minimum=Minimum(approval=MinimumApproval(count=2)))
    assert expected(new, old, binding=binding).gates == (
        Asked("soak", "1h healthy in staging", "the new file"),
        Asked("checks", "test", "the live file"),
        Asked("approval", "at least 2", "the operator"),
    )
    assert expected(old, old).gates == (Asked("checks", "test", "both files"),)


def test_the_work_to_expect_is_the_median_of_what_it_took_without_what_it_waited() -> None:
    def past(minutes: int) -> Any:
        plan = a_plan()
        bake = replace(plan.steps[0], kind=StepKind.BAKE, observed=timedelta(minutes=10), state=StepState.DONE)
        end = NOON + timedelta(minutes=10 + minutes)
        return replace(a_deployment(), plan=plan, steps=(bake,), started_at=NOON, finished_at=end)

    found = expected(FILE, past=[past(1), past(3), past(8)])
    assert found.expected is not None
    assert (found.expected.work, found.expected.samples) == (timedelta(minutes=3), 3)
