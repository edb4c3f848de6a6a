"""Believing what is seen: one look may be old, an answer may be incomplete, an error is never «there is nothing»."""

from tests.teeth.mistake import Mistake

DECIDE = "controller/decide.py"
STARTING = "controller/starting.py"
PATIENCE = "controller/progress/patience.py"
HOME = "controller/progress/home.py"
RETIRE = "controller/progress/retire.py"
ATTACK = "tests/scenarios/test_under_attack.py"
OF_DECIDE = "tests/test_decide.py"

MISTAKES = (
    Mistake(
        "one stale look is believed",
        "controller/domain/step.py",
        "PATIENCE = 3",
        "PATIENCE = 1",
        f"{OF_DECIDE}::test_one_old_picture_of_the_weights_is_not_believed",
    ),
    Mistake(
        "three looks in one breath are three proofs",
        PATIENCE,
        "(0 if _in_one_breath(step, reason, terms) else 1)",
        "1",
        f"{ATTACK}::test_three_looks_within_a_second_are_no_three_proofs",
    ),
    Mistake(
        "bad looks add up though good ones came between",
        DECIDE,
        "replace(step, detail=reason.text, trouble=None)",
        "replace(step, detail=reason.text)",
        f"{OF_DECIDE}::test_bad_looks_count_only_in_a_row",
    ),
    Mistake(
        "something is decided without the evidence for it",
        "controller/progress/__init__.py",
        "    if wanted - snapshot.has:\n",
        "    if wanted - snapshot.has and not snapshot.services:\n",
        f"{OF_DECIDE}::test_nothing_is_decided_without_the_evidence_for_it",
    ),
    Mistake(
        "traffic is home because one look shows it there",
        HOME,
        'if step.did("RestoreRule", name) and is_as_it_was(view, entry):',
        "if is_as_it_was(view, entry):",
        f"{ATTACK}::test_an_old_picture_of_the_rules_does_not_end_the_way_home",
    ),
    Mistake(
        "a new rule is gone because one look does not show it",
        HOME,
        'if is_ours or not step.did("RemoveRule", name):',
        "if is_ours:",
        "tests/progress/test_home.py::test_a_rule_that_one_picture_does_not_show_is_removed_all_the_same",
    ),
    Mistake(
        "a slot is empty because one look shows it so",
        RETIRE,
        'if view.slots[slot].desired or not step.did("EmptySlot", name):',
        "if view.slots[slot].desired:",
        f"{ATTACK}::test_a_slot_that_one_look_does_not_show_is_not_taken_for_empty",
    ),
    Mistake(
        "a test rule is closed because one look does not show it",
        RETIRE,
        'snapshot.services[name].test_rule is not None or not step.did("RemoveTestRule", name)',
        "snapshot.services[name].test_rule is not None",
        "tests/progress/test_retire.py::test_a_test_rule_that_one_picture_does_not_show_is_closed_all_the_same",
    ),
    Mistake(
        "a service whose rule is not shown is taken for new",
        STARTING,
        "if view.is_cut_off and (terms.live is None or name in terms.live.services)",
        "if view.is_cut_off and terms.live is not None and name in terms.live.services",
        f"{OF_DECIDE}::test_tasks_that_no_rule_leads_to_are_not_taken_for_a_new_service",
    ),
    Mistake(
        "split traffic is no reason to ask",
        STARTING,
        "if view.is_split]",
        "if view.is_split and not view.routed]",
        f"{OF_DECIDE}::test_split_traffic_without_a_deployment_asks_for_a_person",
    ),
    Mistake(
        "what AWS could not tell is absent",
        "controller/adapters/aws/tasks.py",
        'if failure["reason"] == "MISSING"',
        'if failure["reason"]',
        "tests/adapters/aws/test_looks.py::test_an_answer_that_leaves_a_service_out_is_not_its_absence",
    ),
    Mistake(
        "tags that have not arrived are remembered as none",
        "controller/adapters/aws/tagging.py",
        "            if tags:\n",
        "            if tags is not None:\n",
        "tests/adapters/aws/test_looks.py::test_tags_that_arrive_late_are_asked_for_again",
    ),
    Mistake(
        "a definition whose tags have not arrived is never ours",
        "controller/adapters/aws/definitions.py",
        "            if not tags:\n                return known\n",
        "",
        "tests/adapters/aws/test_definitions.py::test_tags_that_arrive_late_are_asked_for_again",
    ),
    Mistake(
        "images that could not be looked up are all there",
        "controller/loop/wanted.py",
        'return Resolved(missing={"": str(error)})',
        "return Resolved()",
        "tests/scenarios/test_first_light.py::test_a_registry_that_is_away_holds_only_what_needs_it",
    ),
    Mistake(
        "time that nobody watched counts",
        "controller/loop/reconcile.py",
        "return min(passed, max(last.meant, self._pace) * 2)",
        "return passed",
        "tests/loop/test_reconcile.py::test_a_night_in_which_nobody_looked_bakes_nothing",
    ),
    Mistake(
        "a bake is measured by the wall clock",
        "controller/progress/traffic.py",
        "    if step.active >= wait:\n",
        "    if step.started_at and snapshot.taken_at - step.started_at >= wait:\n",
        f"{ATTACK}::test_wall_clock_jumps_neither_shorten_nor_end_a_bake",
    ),
    Mistake(
        "a wall clock that is set back silences the alarms",
        "controller/loop/schedule.py",
        "        if abs(offset - self._offset) < JUMP_SECONDS:\n",
        "        if offset - self._offset < JUMP_SECONDS:\n",
        "tests/loop/test_schedule.py::test_a_wall_clock_that_is_set_back_silences_nothing[sqlite]",
    ),
)
