"""What is written down, and when: intent before action, outcome after it, never over somebody else's change."""

from tests.teeth.mistake import Mistake

RECONCILE = "controller/loop/reconcile.py"
RECORD = "controller/loop/record.py"
ORDERED = "tests/scenarios/test_ordered.py"

MISTAKES = (
    Mistake(
        "an action is carried out before it is recorded",
        RECONCILE,
        "            decision = decide(picked, snapshot, now, terms)\n",
        "            decision = decide(picked, snapshot, now, terms)\n"
        "            if decision.action is not None:\n"
        '                apply(decision.action, cloud, Permit(picked.id, "early", tenure.check))\n',
        f"{ORDERED}::test_promote_ends_a_bake_and_no_other",
    ),
    Mistake(
        "an intent is not audited",
        RECORD,
        "    if action is None:\n        return []\n",
        "    if action is None or deployment.is_final:\n        return []\n",
        f"{ORDERED}::test_promote_ends_a_bake_and_no_other",
    ),
    Mistake(
        "an outcome is not audited",
        RECORD,
        "        unit.audit.append([_entry(Event.ACTION_SUCCEEDED, deployment, now, text, facts)])\n",
        "",
        "tests/scenarios/test_first_light.py::test_every_step_of_a_good_deployment_is_done_and_every_action_audited",
    ),
    Mistake(
        "what an action did is forgotten",
        RECORD,
        "    after = _acted(deployment, action)\n",
        "    after = deployment\n",
        "tests/loop/test_reconcile.py::test_a_step_knows_what_took_effect_in_it",
    ),
    Mistake(
        "a deployment is saved over somebody else's change",
        "controller/store/deployments.py",
        ".where(col(DeploymentRow.id) == deployment.id, col(DeploymentRow.version) == deployment.version)",
        ".where(col(DeploymentRow.id) == deployment.id)",
        "tests/store/test_deployments.py::test_of_two_who_save_the_same_version_one_gets_a_conflict[sqlite]",
    ),
    Mistake(
        "an environment is saved over somebody else's change",
        "controller/store/environments.py",
        ", col(EnvironmentRow.version) == environment.version)",
        ")",
        "tests/store/test_environments.py::test_a_save_from_an_old_version_is_a_conflict_and_changes_nothing[sqlite]",
    ),
    Mistake(
        "the database lets two deployments run at once",
        "migrations/versions/0001_first_tables.py",
        "        unique=True,\n        sqlite_where=IN_FLIGHT",
        "        unique=False,\n        sqlite_where=IN_FLIGHT",
        "tests/store/test_deployments.py::test_the_database_itself_refuses_a_second_one_in_flight[sqlite]",
    ),
    Mistake(
        "a notice is told once for each attempt to write it",
        "controller/store/outbox.py",
        'values = {"kind": kind, "key": key,',
        'values = {"kind": kind, "key": f"{key} {now}",',
        "tests/store/test_outbox.py::test_a_message_is_due_at_once_and_told_under_one_key_only_once[sqlite]",
    ),
    Mistake(
        "a notice that could not be sent counts as sent",
        "controller/loop/outbox.py",
        "unit.outbox.failed(message.id, clock.now() + wait, str(error))",
        "unit.outbox.sent(message.id)",
        "tests/loop/test_outbox.py::test_one_that_fails_comes_again_later_and_holds_up_no_other[sqlite]",
    ),
    Mistake(
        "links are made without the link before",
        "controller/domain/chain.py",
        "return _sealed(key.secret, previous.encode() + told(line))",
        "return _sealed(key.secret, told(line))",
        "tests/domain/test_chain.py::test_an_entry_of_another_history_does_not_fit_between_others[2]",
    ),
    Mistake(
        "where the chain ends is believed without its seal",
        "controller/domain/chain.py",
        "        elif not head.is_genuine(self._keys):\n",
        "        elif not head.seal:\n",
        "tests/domain/test_chain.py::test_a_head_that_was_set_back_without_the_key_is_found",
    ),
    Mistake(
        "the chain goes on from whatever it finds, and says nothing",
        "controller/store/chain.py",
        'if not head.is_genuine(self._keys) or head.position < (held["newest"] or 0):',
        'if head.position < (held["newest"] or 0):',
        "tests/store/test_chain.py::test_the_chain_goes_on_after_tampering_and_says_so_for_ever[sqlite]",
    ),
    Mistake(
        "two controllers append without waiting for each other",
        "controller/store/chain.py",
        ".with_for_update(of=AuditHeadRow)",
        "",
        "tests/store/test_chain.py::test_two_controllers_append_at_once_without_a_fork[postgresql]",
    ),
    Mistake(
        "an anchor is told to nobody but the log",
        "controller/loop/anchoring.py",
        '        unit.outbox.put(ANCHOR, f"{anchor.position}:{anchor.link}", {"line": anchor.line})\n',
        "",
        "tests/loop/test_anchoring.py::test_an_anchor_is_a_notice_for_who_keeps_it_outside_and_fits_there[sqlite]",
    ),
    Mistake(
        "a wall clock that is set back silences anchors",
        "controller/loop/anchoring.py",
        "is_recent = timedelta(0) <= now - newest.at < PERIOD",
        "is_recent = now - newest.at < PERIOD",
        "tests/loop/test_anchoring.py::test_a_wall_clock_that_was_set_back_silences_nobody[sqlite]",
    ),
    Mistake(
        "a restore that nobody made excuses what is missing",
        "controller/domain/chain.py",
        "        elif self._fits(line, self._previous):\n            self._note(line)\n",
        "        elif self._note(line) or self._fits(line, self._previous):\n            pass\n",
        "tests/domain/test_chain.py::test_a_restore_that_nobody_made_excuses_nothing",
    ),
    Mistake(
        "a restore leaves the epochs where they were",
        "controller/store/restored_rows.py",
        "place.epoch + EPOCHS + jump",
        "place.epoch",
        "tests/store/test_backup.py::test_leases_of_the_past_are_fenced_off_and_taken_over[sqlite]",
    ),
)
