"""What people order: pauses, promotions, rollbacks, removals."""

from tests.teeth.mistake import Mistake

STARTING = "controller/starting.py"
PATIENCE = "controller/progress/patience.py"
OBEY = "controller/obey.py"
ORDERED = "tests/scenarios/test_ordered.py"
NO_ABORT = '        return case.not_running("abort")'
PAUSED = '        return case.refused(f"{deployment.id} is paused, by'
OF_DECIDE = "tests/test_decide.py"
OF_HEADS = "tests/loop/test_heads.py"

MISTAKES = (
    Mistake(
        "traffic rises while it is paused",
        "controller/progress/__init__.py",
        "    UNSTOPPABLE\n    | PATIENT\n",
        "    frozenset(StepKind)\n    | PATIENT\n",
        f"{OF_DECIDE}::test_nothing_rises_while_it_is_paused_in_the_middle_of_a_shift",
    ),
    Mistake(
        "a pause lasts for ever",
        PATIENCE,
        "    if pause.observed >= pause.limit:\n",
        "    if pause.observed >= pause.limit * 1000:\n",
        f"{OF_DECIDE}::test_a_pause_that_nobody_ends_turns_back_without_blaming_the_content",
    ),
    Mistake(
        "what fails while it is paused is overlooked",
        PATIENCE,
        "if isinstance(outcome, Stumble) or step.kind in FREE_WHILE_PAUSED:",
        "if step.kind in FREE_WHILE_PAUSED:",
        f"{OF_DECIDE}::test_what_fails_while_it_is_paused_turns_back",
    ),
    Mistake(
        "the time of a pause counts as baked",
        "controller/progress/traffic.py",
        "    if step.active >= wait:\n",
        "    if step.observed >= wait:\n",
        "tests/progress/test_traffic.py::test_the_time_of_a_pause_is_not_baked",
    ),
    Mistake(
        "the time of a pause counts for the deadline",
        PATIENCE,
        "    if deadline and step.active > deadline:\n",
        "    if deadline and step.observed > deadline:\n",
        f"{OF_DECIDE}::test_a_pause_that_nobody_ends_turns_back_without_blaming_the_content",
    ),
    Mistake(
        "promote skips health",
        "controller/progress/traffic.py",
        "    if ailing:\n        return ailing\n    wait = ",
        "    if ailing and not step.promoted:\n        return ailing\n    wait = ",
        "tests/progress/test_traffic.py::test_a_promoted_bake_still_looks_at_health_first",
    ),
    Mistake(
        "who confirms skips health",
        "controller/progress/traffic.py",
        "    if ailing:\n        return ailing\n    if step.promoted:\n",
        "    if ailing and not step.promoted:\n        return ailing\n    if step.promoted:\n",
        "tests/progress/test_traffic.py::test_a_confirmation_still_looks_at_health_first",
    ),
    Mistake(
        "the bake before it is taken for the confirmation",
        "controller/progress/traffic.py",
        '    if step.promoted:\n        return Done(f"confirmed by',
        '    if any(each.promoted for each in deployment.steps):\n        return Done(f"confirmed by',
        "tests/scenarios/test_confirmed.py::test_a_promotion_in_the_bake_before_it_confirms_nothing",
    ),
    Mistake(
        "what is paused can be promoted",
        OBEY,
        f"    if deployment.pause is not None:\n{PAUSED}",
        f"    if deployment.pause and deployment.undo is None:\n{PAUSED}",
        f"{ORDERED}::test_what_is_paused_is_neither_promoted_nor_paused_again",
    ),
    Mistake(
        "an abort is done twice",
        OBEY,
        f"    if deployment is None or deployment.phase is not Phase.RUNNING:\n{NO_ABORT}",
        f"    if deployment is None:\n{NO_ABORT}",
        "tests/test_choose.py::test_a_second_abort_of_the_same_deployment_is_refused_not_doubled",
    ),
    Mistake(
        "a rollback asks the gates",
        STARTING,
        "    gated = deployment.kind is Kind.DEPLOY\n",
        "    gated = deployment.kind is not Kind.PRUNE\n",
        f"{ORDERED}::test_rolling_back_twice_goes_further_back",
    ),
    Mistake(
        "what was rolled back is not held",
        "controller/choose.py",
        "live=deployment.number, live_since=now, hold=hold, drift=drift)",
        "live=deployment.number, live_since=now, drift=drift)",
        f"{ORDERED}::test_a_rollback_while_the_old_version_is_warm_moves_the_traffic_at_once",
    ),
    Mistake(
        "a service that came back into the file is removed",
        STARTING,
        "if terms.live is not None and name in terms.live.services:",
        "if terms.live is None:",
        f"{ORDERED}::test_a_service_that_came_back_before_it_was_pruned_stays",
    ),
    Mistake(
        "a removal of a service that is in use is accepted",
        "controller/inbox/orders.py",
        "if live is not None and service in live.revision.file.services:",
        "if live is None:",
        f"{ORDERED}::test_a_service_that_the_live_file_names_is_not_pruned",
    ),
    Mistake(
        "a removal does not let the last requests end",
        "controller/progress/prune.py",
        "    if step.observed < wait:\n",
        "    if step.observed < wait and step.paused:\n",
        "tests/progress/test_prune.py::test_the_last_requests_end_before_the_tasks",
    ),
    Mistake(
        "any commit may be deployed by name",
        "controller/loop/heads.py",
        "if commit.sha != head.sha and not source.compare(",
        "if commit.sha == head.sha and not source.compare(",
        f"{OF_HEADS}::test_a_commit_that_the_branch_does_not_contain_may_not_be_named",
    ),
    Mistake(
        "a restart finds that nothing has changed",
        "controller/plan/__init__.py",
        "        if restart or rolls(",
        "        if rolls(",
        f"{ORDERED}::test_a_restart_rolls_every_service_of_what_is_live",
    ),
)
