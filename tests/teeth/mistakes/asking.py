"""Asking AWS for changes: once, under a token, read back, and only of what is ours."""

from tests.teeth.mistake import Mistake

TASKS = "controller/adapters/aws/tasks.py"
TRAFFIC = "controller/adapters/aws/traffic.py"
SERVICES = "controller/adapters/aws/wire/services.py"
OF_TASKS = "tests/adapters/aws/test_tasks.py"
OF_TRAFFIC = "tests/adapters/aws/test_traffic.py"
OF_APPLY = "tests/loop/test_apply.py"

MISTAKES = (
    Mistake(
        "boto3 tries a change again by itself",
        "controller/adapters/aws/session.py",
        '"total_max_attempts": 1}',
        '"total_max_attempts": 3}',
        "tests/adapters/aws/test_session.py::test_a_throttled_change_is_really_sent_once_over_the_wire",
    ),
    Mistake(
        "a call may take longer than the lease allows",
        "controller/adapters/aws/session.py",
        "READ_SECONDS = 7",
        "READ_SECONDS = 60",
        "tests/adapters/aws/test_session.py::test_no_attempt_takes_longer_than_ten_seconds",
    ),
    Mistake(
        "a create is sent without its token",
        SERVICES,
        '        "clientToken": client_token(token, name),\n',
        "",
        f"{OF_TASKS}::test_a_stale_look_creates_nothing_twice",
    ),
    Mistake(
        "every attempt has a token of its own",
        "controller/loop/reconcile.py",
        "parts = (deployment.id, deployment.plan.digest,",
        "parts = (deployment.id, deployment.version, deployment.plan.digest,",
        "tests/loop/test_reconcile.py::test_every_attempt_at_one_effect_has_the_same_token",
    ),
    Mistake(
        "every update starts a new deployment",
        SERVICES,
        "or _has_failed(shown, action.definition):\n",
        "or shown:\n",
        f"{OF_TASKS}::test_asking_twice_starts_no_second_deployment",
    ),
    Mistake(
        "a task definition is registered without looking for it",
        "controller/adapters/aws/definitions.py",
        "        if found is not None:\n            return found\n",
        "",
        "tests/adapters/aws/test_definitions.py::test_another_process_finds_it_too",
    ),
    Mistake(
        "new weights are not read back",
        TRAFFIC,
        "        self._insist_on_weights(self._rules.one(arn), action.service, action.weights)\n",
        "",
        f"{OF_TRAFFIC}::test_a_rule_that_does_not_show_the_weights_yet_is_looked_at_again",
    ),
    Mistake(
        "restored weights are not read back",
        TRAFFIC,
        "        self._insist_on_weights(found, service, rule.weights)\n",
        "",
        f"{OF_TRAFFIC}::test_a_rule_that_does_not_show_its_old_weights_yet_is_looked_at_again",
    ),
    Mistake(
        "a slot is emptied without another look at its weight",
        "controller/loop/apply.py",
        "    if weight > 0:\n",
        "    if weight > 100:\n",
        f"{OF_APPLY}::test_a_slot_that_has_weight_just_before_is_not_emptied",
    ),
    Mistake(
        "tasks are given up without another look at the weight",
        "controller/loop/apply.py",
        "        if weight > action.share:\n",
        "        if weight > 100:\n",
        f"{OF_APPLY}::test_tasks_that_the_traffic_needs_just_before_are_kept",
    ),
    Mistake(
        "what is not ours is changed",
        "controller/adapters/aws/ownership.py",
        "        if not self.owns(tags):\n",
        "        if not tags:\n",
        f"{OF_TASKS}::test_a_foreign_service_of_the_same_name_is_not_touched",
    ),
    Mistake(
        "what belongs to another environment is ours",
        "controller/adapters/aws/ownership.py",
        "tags.get(names.OWNER_TAG) == names.OWNER and tags.get(names.PLACE_TAG) == self.place",
        "tags.get(names.OWNER_TAG) == names.OWNER",
        f"{OF_TRAFFIC}::test_a_rule_of_another_place_is_never_removed",
    ),
    Mistake(
        "a group of the same name is deleted whoever made it",
        "controller/adapters/aws/groups.py",
        '            self._owner.insist(self._tags.now(arn), f"Target group {name}")\n',
        "",
        f"{OF_TASKS}::test_a_foreign_group_of_the_same_name_is_not_deleted",
    ),
    Mistake(
        "remembered tags are enough to change a rule",
        "controller/adapters/aws/rules.py",
        "self._tags.now(arn)",
        "self._tags.of([arn])[arn]",
        f"{OF_TRAFFIC}::test_tags_that_were_taken_away_count_at_once",
    ),
    Mistake(
        "the way home removes a rule that somebody else made",
        TRAFFIC,
        "        if rule is not None and book.maker(rule) != permit.deployment:\n",
        "        if rule is not None and book.maker(rule) is None:\n",
        f"{OF_TRAFFIC}::test_a_rule_that_another_deployment_made_is_not_removed",
    ),
    Mistake(
        "a slot is deleted by force",
        TASKS,
        'DELETE_SERVICE({"cluster": cluster, "service": name})',
        'DELETE_SERVICE({"cluster": cluster, "service": name, "force": True})',
        f"{OF_TASKS}::test_an_empty_slot_is_deleted_with_its_group_and_never_by_force",
    ),
    Mistake(
        "a change forgets what people put around the forward",
        "controller/adapters/aws/traffic.py",
        "    actions = wire.with_weights(rule.actions, arns, weights)\n",
        "    actions = wire.forward(arns, weights)\n",
        f"{OF_TRAFFIC}::test_what_people_put_around_the_forward_stays",
    ),
)
