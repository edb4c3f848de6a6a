"""Coming home, and what follows: the undo record, the old slots, holds and quarantines."""

from tests.teeth.mistake import Mistake

HOME = "controller/progress/home.py"
RETIRE = "controller/progress/retire.py"
HOMEWARD = "controller/homeward.py"
DECIDE = "controller/decide.py"
STARTING = "controller/starting.py"
CHOOSE = "controller/choose.py"
OF_DECIDE = "tests/test_decide.py"
OF_CHOOSE = "tests/test_choose.py"
SUCCESSION = "tests/scenarios/test_succession.py"
ORDERED = "tests/scenarios/test_ordered.py"
HOMECOMING = "tests/scenarios/test_homecoming.py"

MISTAKES = (
    Mistake(
        "nothing says how to turn back before the first change",
        STARTING,
        "replace(deployment, steps=deployment.plan.steps, undo=undo)",
        "replace(deployment, steps=deployment.plan.steps)",
        f"{OF_DECIDE}::test_the_undo_record_is_written_before_the_first_action",
    ),
    Mistake(
        "the undo record forgets what the rule asked for",
        STARTING,
        "rule.actions, rule.conditions, rule.priority)",
        'rule.actions, "", rule.priority)',
        f"{ORDERED}::test_a_changed_route_comes_home_with_the_rule",
    ),
    Mistake(
        "traffic goes home in the order in which it rose",
        HOME,
        "order = list(reversed(entries))",
        "order = list(entries)",
        f"{OF_DECIDE}::test_a_failed_verification_brings_all_rules_home_in_reverse_order",
    ),
    Mistake(
        "traffic goes home to a slot without a healthy target",
        HOME,
        "if group is None or not group.healthy:",
        "if group is None:",
        f"{OF_DECIDE}::test_it_never_goes_home_to_a_slot_without_a_healthy_target",
    ),
    Mistake(
        "the way home touches rules that were not moved",
        HOME,
        "        if entry.service in moved:\n",
        "        if moved:\n",
        "tests/progress/test_home.py::test_only_the_rules_of_what_had_begun_to_move_are_touched",
    ),
    Mistake(
        "the way home removes a rule that was there before",
        HOME,
        "view.rule is not None and view.rule.made_by == deployment.id",
        "view.rule is not None",
        "tests/progress/test_home.py::test_a_rule_of_somebody_else_stays",
    ),
    Mistake(
        "tasks go before their traffic is home",
        HOMEWARD,
        "        Step(StepKind.HOME, touched),\n"
        "        *([Step(StepKind.RESCALE, scaled)] if scaled else []),\n"
        "        *([Step(StepKind.STOP, deployment.unsettled.services)] if deployment.unsettled else []),\n"
        "        Step(StepKind.EVIDENCE, touched),\n"
        "        *(Step(StepKind.DISARM, services) for services in armed),\n"
        "        *([Step(StepKind.REGROW, regrown)] if regrown else []),\n"
        "        *(Step(StepKind.RETIRE, services) for services in retired),\n",
        "        *(Step(StepKind.RETIRE, services) for services in retired),\n"
        "        Step(StepKind.HOME, touched),\n"
        "        *([Step(StepKind.RESCALE, scaled)] if scaled else []),\n"
        "        *([Step(StepKind.STOP, deployment.unsettled.services)] if deployment.unsettled else []),\n"
        "        *(Step(StepKind.DISARM, services) for services in armed),\n"
        "        *([Step(StepKind.REGROW, regrown)] if regrown else []),\n",
        f"{OF_DECIDE}::test_turning_back_moves_traffic_before_tasks",
    ),
    Mistake(
        "old slots that gave up tasks don't get them back",
        HOMEWARD,
        "        *([Step(StepKind.REGROW, regrown)] if regrown else []),\n",
        "",
        "tests/scenarios/test_strategies.py::test_an_abort_in_every_step_brings_the_traffic_home[half]",
    ),
    Mistake(
        "counts that a step had changed stay changed",
        STARTING,
        "*(StepKind.ADJUST, StepKind.MEND, StepKind.RETIRE),",
        "*(StepKind.MEND, StepKind.RETIRE),",
        f"{HOMECOMING}::test_counts_that_were_changed_are_changed_back",
    ),
    Mistake(
        "one service that can't go home keeps the others",
        HOME,
        "        case Wait():\n            return 4\n",
        "        case Wait():\n            return -1\n",
        "tests/progress/test_home.py::test_who_can_go_home_does_not_wait_for_who_can_t",
    ),
    Mistake(
        "a way home that is stuck can't be ended",
        "controller/domain/step.py",
        "        is_certain = self.permanent or not self.by_action\n",
        "        is_certain = self.permanent\n",
        "tests/domain/test_trouble.py::test_what_is_seen_or_refused_is_believed_soon_and_what_fails_late",
    ),
    Mistake(
        "the old version is not kept warm",
        RETIRE,
        "    wait = max(step.wait or timedelta(0), PROPAGATION)\n",
        "    wait = PROPAGATION\n",
        f"{OF_DECIDE}::test_the_old_slot_stays_warm_as_long_as_the_file_says",
    ),
    Mistake(
        "a slot is emptied though the picture shows it with traffic",
        RETIRE,
        "    if view.routed and slot in view.serving:\n",
        "    if not view.routed and slot in view.serving:\n",
        "tests/progress/test_retire.py::test_an_old_slot_that_has_some_traffic_again_is_not_emptied",
    ),
    Mistake(
        "whoever starts does not close what was kept warm",
        CHOOSE,
        "for deployment in deployments if deployment.is_retiring)",
        "for deployment in deployments if deployment.is_retiring and deployment.number > starting.number)",
        f"{OF_CHOOSE}::test_who_starts_closes_what_was_still_kept_warm",
    ),
    Mistake(
        "what a rollback keeps warm stays open for an older merge that starts after it",
        CHOOSE,
        "for deployment in deployments if deployment.is_retiring)",
        "for deployment in deployments if deployment.is_retiring and deployment.number < starting.number)",
        f"{SUCCESSION}::test_a_merge_that_starts_after_a_rollback_is_not_taken_for_somebodys_hand",
    ),
    Mistake(
        "a restart brings what was live when it was ordered",
        CHOOSE,
        "    _follow_what_is_live(table, known.live)\n",
        "",
        f"{SUCCESSION}::test_a_restart_restarts_what_is_live_when_it_starts",
    ),
    Mistake(
        "a rollback goes back to what a rollback has left",
        "controller/domain/history.py",
        "        if follower.is_way_back:\n            passed.add(_contents(one))\n",
        "",
        "tests/domain/test_history.py::test_what_two_rollbacks_have_left_is_gone_back_to_by_none",
    ),
    Mistake(
        "traffic sent back past what moved last is adopted",
        "controller/progress/retire.py",
        "is_last = deployment.number == terms.moved_last and not deployment.is_way_back",
        "is_last = not deployment.is_way_back",
        f"{SUCCESSION}::test_a_flip_of_one_service_past_what_moved_last_moves_no_other",
    ),
    Mistake(
        "what the branch has dropped starts all the same",
        "controller/gates/branch.py",
        "not environment.is_rewritten or",
        "environment.is_rewritten or",
        f"{SUCCESSION}::test_what_waits_and_was_dropped_from_the_branch_does_not_start",
    ),
    Mistake(
        "a rollback turns back by itself",
        DECIDE,
        "(deployment.is_way_back and deployment.began(*TAKEN_BACK[StepKind.HOME]))",
        "(deployment.is_way_back and deployment.pause is not None)",
        f"{ORDERED}::test_a_way_back_that_finds_no_healthy_task_waits_and_keeps_what_it_has",
    ),
    Mistake(
        "a rollback that cannot start puts the good version in quarantine",
        HOMEWARD,
        "quarantines and not deployment.brings_what_was_live",
        "quarantines",
        f"{ORDERED}::test_a_rollback_that_cannot_start_is_cleaned_up_and_what_is_live_stays",
    ),
    Mistake(
        "a deployment that turns back may turn back again",
        HOMEWARD,
        "assert deployment.phase is Phase.RUNNING, ",
        "assert deployment.phase is not Phase.WAITING, ",
        f"{OF_DECIDE}::test_a_deployment_that_turns_back_can_not_turn_back_again",
    ),
    Mistake(
        "nothing is held after turning back",
        CHOOSE,
        "    held = replace(environment, hold=hold)\n",
        "    held = environment\n",
        f"{OF_CHOOSE}::test_turning_back_holds_and_quarantines_the_culprit_alone",
    ),
    Mistake(
        "any commit lifts a hold that is for a person",
        "controller/gates/hold.py",
        "hold.until is HoldUntil.NEXT_COMMIT and ",
        "",
        f"{OF_DECIDE}::test_a_hold_for_a_person_holds_later_commits_too",
    ),
    Mistake(
        "everything that rolled is blamed for one service",
        CHOOSE,
        "deployment.turning.culprits or tuple(deployment.brings)",
        "tuple(deployment.brings)",
        f"{OF_CHOOSE}::test_turning_back_holds_and_quarantines_the_culprit_alone",
    ),
    Mistake(
        "a quarantine is of the service and not of its content",
        "controller/domain/environment.py",
        "contents.get(service) == digest for service, digest in",
        "service in contents for service, digest in",
        f"{ORDERED}::test_what_was_rolled_back_does_not_come_again_with_the_next_commit",
    ),
    Mistake(
        "what turned back comes again with the next commit",
        "controller/gates/quarantine.py",
        "if entry.catches(contents)]",
        "if entry.deployment == case.deployment.number]",
        f"{ORDERED}::test_what_was_rolled_back_does_not_come_again_with_the_next_commit",
    ),
    Mistake(
        "missing capacity is blamed on the content",
        "controller/progress/warm.py",
        'return Fail(Reason("tasks.no_capacity", text), (name,), quarantines=False)',
        'return Fail(Reason("tasks.no_capacity", text), (name,))',
        f"{OF_DECIDE}::test_capacity_that_is_missing_does_not_blame_the_content",
    ),
    Mistake(
        "an abort blames the content",
        "controller/obey.py",
        "turned_back(deployment, because, case.now, quarantines=False, aborted=True)",
        "turned_back(deployment, because, case.now, aborted=True)",
        f"{OF_CHOOSE}::test_aborting_a_running_one_sends_it_home_and_does_not_blame_its_content",
    ),
    Mistake(
        "what waits for a person looks like what runs",
        "controller/domain/deployment.py",
        "        return is_told and self.step is not None",
        "        return not is_told and self.step is not None",
        "tests/domain/test_explaining.py::test_what_only_a_person_can_end_says_so",
    ),
)
