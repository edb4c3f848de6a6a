"""Drift: believed too soon, told too loudly, or fought for."""

from tests.teeth.mistake import Mistake

CHOOSE = "controller/choose.py"
DECLARED = "controller/domain/declared.py"
DRIFT = "controller/domain/drift.py"
OF_CHOOSE = "tests/test_choose.py"
OF_DRIFT = "tests/domain/test_drift.py"
STORIES = "tests/scenarios/test_drift.py"

MISTAKES = (
    Mistake(
        "one look is drift",
        DRIFT,
        "if doubt.times >= PATIENCE}",
        "if doubt.times >= 1}",
        f"{OF_DRIFT}::test_one_look_is_believed_by_nobody",
    ),
    Mistake(
        "somebody's tool is fought for ever",
        DRIFT,
        "recent[place].times >= TRIES]",
        "recent[place].times >= 1000]",
        f"{OF_DRIFT}::test_after_so_many_corrections_somebody_elses_tool_is_left_to_a_person",
    ),
    Mistake(
        "the value of a variable is told",
        DECLARED,
        '"unset" if name not in found else "another value"',
        'found.get(name, "unset")',
        "tests/domain/test_declared.py::test_what_may_be_a_secret_is_never_told",
    ),
    Mistake(
        "what somebody put into a task definition is stored",
        "controller/store/sightings.py",
        "replace(shown, runs=None, settings=None)",
        "replace(shown, settings=None)",
        "tests/store/test_sightings.py::test_a_sighting_keeps_nothing_of_what_task_definitions_say",
    ),
    Mistake(
        "a definition is believed by its tags",
        "controller/adapters/aws/definitions.py",
        "return known.content == content.digest and not any(",
        "return known.content == content.digest or not any(",
        "tests/adapters/aws/test_declared.py::test_a_revision_made_by_hand_with_our_tags_is_seen_and_never_run_again",
    ),
    Mistake(
        "what is held is corrected",
        CHOOSE,
        "return environment.hold is None and all(",
        "return all(",
        f"{OF_CHOOSE}::test_what_is_held_runs_or_is_kept_warm_does_not_drift",
    ),
    Mistake(
        "a correction that failed keeps everybody from deploying",
        CHOOSE,
        "return turned.reason.code != CLEARED and not is_left",
        "return turned.reason.code != CLEARED",
        f"{OF_CHOOSE}::test_a_correction_that_failed_holds_nobody_and_blames_nothing",
    ),
    Mistake(
        "a correction is what is live",
        CHOOSE,
        "case Phase.SUCCEEDED if after.kind is Kind.DEPLOY:",
        "case Phase.SUCCEEDED if after.kind in {Kind.DEPLOY, Kind.CORRECT}:",
        f"{OF_CHOOSE}::test_a_correction_that_succeeded_leaves_no_drift_and_is_not_what_is_live",
    ),
    Mistake(
        "somebody's hand on the traffic is drift",
        "controller/loop/reconcile.py",
        " or any(view.is_moved_by_hand for view in found.services.values())",
        "",
        f"{STORIES}::test_weights_are_never_corrected",
    ),
    Mistake(
        "an upgrade rolls everything that an older Tidegate rendered",
        "controller/plan/otherwise.py",
        "        return must_roll(service, content, live)\n",
        "        return must_roll(service, content, live) or live.content != content.digest\n",
        "tests/test_plan.py::test_a_correction_keeps_nothing_warm_and_rolls_nothing_that_an_older_tidegate_rendered",
    ),
)
