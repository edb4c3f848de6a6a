"""Traffic on its way to the new version: how much, in which order, onto what, and for how long it is watched."""

from tests.teeth.mistake import Mistake

TRAFFIC = "controller/progress/traffic.py"
WARM = "controller/progress/warm.py"
COUNTS = "controller/progress/counts.py"
OF_DECIDE = "tests/test_decide.py"
OF_SWITCHES = "tests/progress/test_switches.py"
STRATEGIES = "tests/scenarios/test_strategies.py"
RENAMED = "tests/scenarios/test_renamed.py"

MISTAKES = (
    Mistake(
        "traffic rises against the declared order",
        TRAFFIC,
        "    for rolling in deployment.rolling(step):\n        name, sides",
        "    for rolling in reversed(deployment.rolling(step)):\n        name, sides",
        f"{OF_DECIDE}::test_traffic_rises_in_the_declared_order_one_rule_at_a_time",
    ),
    Mistake(
        "more traffic rises than the step says",
        TRAFFIC,
        "weights(sides.live, sides.idle, percent)\n",
        "weights(sides.live, sides.idle, min(percent * 2, 100))\n",
        f"{OF_DECIDE}::test_traffic_rises_in_the_declared_order_one_rule_at_a_time",
    ),
    Mistake(
        "traffic rises onto too few healthy targets",
        TRAFFIC,
        "        if weak:\n",
        "        if isinstance(weak, Stumble):\n",
        f"{OF_DECIDE}::test_traffic_does_not_rise_onto_too_few_healthy_targets",
    ),
    Mistake(
        "who is renamed back is never asked",
        "controller/plan/otherwise.py",
        "and bool(view.rule.orphans_before(file.services))",
        "and bool(view.rule.orphans_before(view.rule.behind))",
        "tests/test_plan.py::test_who_gets_no_requests_takes_them_over_although_nothing_rolls",
    ),
    Mistake(
        "a deployment settles while an orphan gets the requests",
        TRAFFIC,
        "ailment(step, deployment, snapshot) or _unasked(deployment, snapshot)",
        "ailment(step, deployment, snapshot)",
        f"{RENAMED}::test_it_does_not_settle_while_another_rule_of_ours_gets_the_requests",
    ),
    Mistake(
        "going home leaves a rule before the one that had the requests",
        "controller/adapters/aws/traffic.py",
        "            return {present.arn: was.priority, rival.arn: present.priority}\n",
        "            return {present.arn: present.priority}\n",
        f"{RENAMED}::test_a_new_version_under_the_old_name_that_fails_leaves_the_requests_where_they_were",
    ),
    Mistake(
        "traffic may rise on the way home",
        "controller/decide.py",
        "assert not rises or deployment.phase is Phase.RUNNING",
        "assert not rises or deployment.phase is not Phase.WAITING",
        f"{OF_DECIDE}::test_traffic_that_would_rise_on_the_way_home_is_a_bug_that_stops_the_pass",
    ),
    Mistake(
        "a running task is a healthy one",
        WARM,
        "healthy = slot.group.healthy if slot.group else slot.running",
        "healthy = slot.running",
        "tests/progress/test_warm.py::test_tasks_that_only_run_are_not_warm",
    ),
    Mistake(
        "a slot is warm before ECS says that its deployment is complete",
        WARM,
        "slot.rollout is Rollout.COMPLETED and ",
        "",
        "tests/progress/test_warm.py::test_tasks_that_only_run_are_not_warm",
    ),
    Mistake(
        "what an earlier deployment left in the slot is rolled over",
        WARM,
        "    if not is_ours and (slot.desired or slot.running):\n",
        "    if not is_ours and slot.running:\n",
        "tests/progress/test_warm.py::test_what_an_earlier_deployment_left_goes_first",
    ),
    Mistake(
        "somebody else's hand on the weights is fought",
        TRAFFIC,
        "expected = view.rule is not None and _normal(view) in allowed",
        "expected = view.rule is not None",
        f"{OF_DECIDE}::test_a_foreign_hand_on_the_weights_pauses_a_running_deployment_and_is_not_fought",
    ),
    Mistake(
        "nobody watches the targets during a bake",
        TRAFFIC,
        "    if ailing:\n        return ailing\n    wait = step.wait or timedelta(0)\n",
        "    wait = step.wait or timedelta(0)\n",
        "tests/progress/test_traffic.py::test_a_bake_whose_time_is_over_waits_for_the_missing_targets_and_says_why_they_are",
    ),
    Mistake(
        "a bake ends well with too few healthy targets",
        TRAFFIC,
        "    if certain or not weak:\n",
        "    if certain or weak:\n",
        f"{OF_DECIDE}::test_a_bake_with_too_few_healthy_targets_lasts_longer_and_then_fails",
    ),
    Mistake(
        "a short dip turns back",
        TRAFFIC,
        "RECOVERY = timedelta(minutes=5)",
        "RECOVERY = timedelta(minutes=1)",
        f"{OF_DECIDE}::test_a_task_that_is_replaced_in_time_turns_nothing_back",
    ),
    Mistake(
        "a crash loop is waited for",
        TRAFFIC,
        "    if looping:\n",
        "    if not looping:\n",
        "tests/progress/test_traffic.py::test_more_crashes_than_tasks_since_the_first_raise_are_a_loop",
    ),
    Mistake(
        "a canary does not bake",
        "controller/strategies/canary.py",
        "if each.bake > timedelta(0):",
        "if each.bake > timedelta(hours=1):",
        f"{STRATEGIES}::test_a_canary_moves_in_its_steps_and_bakes_in_each",
    ),
    Mistake(
        "old tasks stop before the new ones have their traffic",
        "controller/strategies/rolling.py",
        "        first,\n        Step(StepKind.SHRINK, every, percent=HALF),\n",
        "        Step(StepKind.SHRINK, every, percent=HALF),\n        first,\n",
        f"{STRATEGIES}::test_a_second_version_takes_over_and_leaves_the_first_slots_empty[half]",
    ),
    Mistake(
        "old tasks stop though the new ones are not well",
        COUNTS,
        "        if doubtful:\n",
        "        if doubtful and not rolling.routed:\n",
        "tests/progress/test_counts.py::test_no_old_task_goes_while_the_new_ones_are_not_well",
    ),
    Mistake(
        "half of an odd number of tasks is rounded down",
        "controller/domain/step.py",
        "-(-count * self.percent // 100)",
        "count * self.percent // 100",
        "tests/test_doctests.py::test_the_examples_of_a_module_are_true[controller.domain.step]",
    ),
    Mistake(
        "a step may take for ever",
        "controller/progress/patience.py",
        "    if deadline and step.active > deadline:\n",
        "    if deadline and step.active > deadline * 100:\n",
        f"{OF_DECIDE}::test_a_step_that_takes_too_long_has_failed",
    ),
    Mistake(
        "a second deployment runs beside the first",
        "controller/choose.py",
        "        return () if rests else (in_flight[0],)\n",
        "        return () if rests else (in_flight[0], *sealed[-1:])\n",
        "tests/test_choose.py::test_nothing_starts_beside_what_runs",
    ),
    Mistake(
        "switches run out under a controller that watches",
        "controller/decide.py",
        "return _beside(_unfinished(deployment, step, outcome, snapshot, now, terms), chore)",
        "return _beside(_unfinished(deployment, step, outcome, snapshot, now, terms), None)",
        f"{OF_SWITCHES}::test_what_is_counted_is_counted_on_while_its_switches_are_renewed",
    ),
    Mistake(
        "renewing a switch restarts a patience",
        "controller/loop/record.py",
        "    left = step.trouble if step.trouble and not step.trouble.by_action else None\n",
        "    left = None\n",
        "tests/scenarios/test_switches.py"
        "::test_no_switch_fires_while_somebody_waits_for_tasks_to_come_back_and_the_wait_still_ends",
    ),
    Mistake(
        "a look that needs more forgets what it had, and asks for ever",
        "controller/decide.py",
        "            needs = evidence(step, deployment) | more\n",
        "            needs = more\n",
        f"{OF_SWITCHES}::test_what_a_look_needs_comes_beside_what_it_had",
    ),
    Mistake(
        "nobody watches while switches are disarmed",
        "controller/progress/switches.py",
        "if deployment.phase is Phase.RUNNING else None\n",
        "if deployment.phase is Phase.WAITING else None\n",
        f"{OF_SWITCHES}::test_a_version_is_watched_until_its_last_switch_is_gone",
    ),
)
