"""Commands that run once beside a deployment: once, judged by their exit codes, and never crossed by itself."""

from tests.teeth.mistake import Mistake

HOOKS = "controller/progress/hooks.py"
ONE_OFFS = "controller/adapters/aws/one_offs.py"
WIRE = "controller/adapters/aws/wire/one_offs.py"
OF_HOOKS = "tests/scenarios/test_hooks.py"
OF_ONE_OFFS = "tests/adapters/aws/test_one_offs.py"

MISTAKES = (
    Mistake(
        "before does not run for another image",
        "controller/store/runs.py",
        "        col(RunRow.image) == image,\n",
        "",
        f"{OF_HOOKS}::test_another_image_or_another_command_runs_it_anew",
    ),
    Mistake(
        "before runs twice: what it did is not kept",
        "controller/loop/record.py",
        "            unit.runs.put(step.run)\n",
        "            unit.runs.of(after.environment)\n",
        f"{OF_HOOKS}::test_a_second_deployment_of_the_same_image_and_command_does_not_run_it_again",
    ),
    Mistake(
        "before runs twice: the rows let it",
        "migrations/versions/0006_runs.py",
        "ONCE = sa.text(\"state IN ('started', 'succeeded')\")",
        "ONCE = sa.text(\"state IN ('started')\")",
        "tests/store/test_runs.py::test_the_database_itself_refuses_a_second_one[sqlite]",
    ),
    Mistake(
        "before runs twice: a task is asked for again when AWS has forgotten it",
        HOOKS,
        "    if not timedelta(0) <= snapshot.taken_at - run.asked_at <= TOKEN_LASTS:\n",
        "    if not timedelta(0) <= snapshot.taken_at - run.asked_at:\n",
        f"{OF_HOOKS}::test_a_lost_answer_and_a_long_absence_run_nothing_twice",
    ),
    Mistake(
        "the exit code is ignored",
        "controller/domain/snapshot.py",
        "        return self.is_stopped and bool(self.exit_codes) and all(code == 0 for code in self.exit_codes)\n",
        "        return self.is_stopped and bool(self.exit_codes)\n",
        f"{OF_HOOKS}::test_one_that_fails_ends_the_deployment_with_its_last_words_and_moves_nothing",
    ),
    Mistake(
        "a container that never ran has exit code 0",
        WIRE,
        'exit_codes=tuple(each.get("exitCode") for each in containers)',
        'exit_codes=tuple(each.get("exitCode", 0) for each in containers)',
        f"{OF_ONE_OFFS}::test_one_that_never_ran_has_no_exit_code",
    ),
    Mistake(
        "the token changes at a retry",
        HOOKS,
        "        token=token_of(deployment.id, deployment.plan.digest, step.number, name),\n",
        '        token=token_of(f"{deployment.id} {step.observed}", deployment.plan.digest, step.number, name),\n',
        f"{OF_HOOKS}::test_a_list_that_does_not_show_the_task_starts_no_second_one[ListTasks]",
    ),
    Mistake(
        "a one-off task is asked for without its token",
        WIRE,
        '        "clientToken": action.token,\n',
        "",
        f"{OF_ONE_OFFS}::test_a_list_that_shows_nothing_yet_leads_to_the_same_task_by_its_token",
    ),
    Mistake(
        "an answer without a task is a success",
        ONE_OFFS,
        '            raise _refused(action.service, reply["failures"])\n',
        '            return ""\n',
        f"{OF_ONE_OFFS}::test_without_capacity_nothing_was_started",
    ),
    Mistake(
        "a task that nobody waits for any more goes on",
        "controller/homeward.py",
        "        *([Step(StepKind.STOP, deployment.unsettled.services)] if deployment.unsettled else []),\n",
        "",
        f"{OF_HOOKS}::test_abort_stops_the_task_and_says_that_it_may_have_run",
    ),
    Mistake(
        "it turns back by itself to a version that does not work with what ran",
        "controller/decide.py",
        "    return bool(deployment.one_way) or not deployment.revision.file.rollback.automatic\n",
        "    return not deployment.revision.file.rollback.automatic\n",
        f"{OF_HOOKS}::test_after_an_incompatible_run_nothing_turns_back_by_itself",
    ),
    Mistake(
        "any word is enough to go back across what ran",
        "controller/inbox/orders.py",
        "    if target and crossed and order.wish.across != crossed[-1].deployment:\n",
        "    if target and crossed and order.wish.across is None:\n",
        f"{OF_HOOKS}::test_going_back_across_an_incompatible_run_must_be_typed",
    ),
    Mistake(
        "what nobody follows any more keeps its place for ever",
        "controller/loop/record.py",
        "            _keep_runs(unit, before[deployment.id], deployment)\n",
        "",
        f"{OF_HOOKS}::test_a_command_that_nobody_could_stop_keeps_no_later_deployment_from_running_it",
    ),
    Mistake(
        "a command that nobody runs is not told of",
        "controller/starting.py",
        "    plan = plan.beside(deployment.revision.file, terms.live) if gated else plan\n",
        "",
        "tests/scenarios/test_hooks.py::test_a_new_command_for_an_image_that_is_live_is_not_run_and_says_so",
    ),
)
