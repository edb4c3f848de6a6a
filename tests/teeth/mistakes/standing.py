"""What stands at all times: whose it is, what it waits for, and what it never does to traffic."""

from tests.teeth.mistake import Mistake

KEEPER = "controller/adapters/aws/standing.py"
DECLARED = "controller/domain/standing.py"
OF_KEEPER = "tests/adapters/aws/test_standing.py"
OF_DECLARED = "tests/domain/test_standing.py"
SCENARIOS = "tests/scenarios/test_standing.py"
UNREADABLE = f"{SCENARIOS}::test_what_cannot_be_read_in_the_middle_is_waited_for_while_the_switches_are_renewed"

MISTAKES = (
    Mistake(
        "an alarm of our kind of name is ours",
        KEEPER,
        '            self._owner.insist(self._tags_now(shown["AlarmArn"]), f"Alarm {name}")\n',
        "            assert name and shown\n",
        f"{OF_KEEPER}::test_an_alarm_without_our_tags_is_never_overwritten_nor_any_other_with_it",
    ),
    Mistake(
        "whatever begins with our prefix is deleted",
        KEEPER,
        'if self._owner.owns(self._tags_now(shown["AlarmArn"]))]',
        "if shown]",
        f"{OF_KEEPER}::test_an_alarm_of_another_place_is_neither_shown_nor_deleted",
    ),
    Mistake(
        "a dashboard of that name is ours",
        KEEPER,
        "if there is not None and not there.is_ours:",
        "if there is not None and not there.body:",
        f"{OF_KEEPER}::test_a_dashboard_without_our_note_is_neither_overwritten_nor_deleted",
    ),
    Mistake(
        "alarms of a service that the file drops go before it does",
        DECLARED,
        "(not self.alarms or alarm.service in self.services)",
        "alarm.service",
        f"{OF_DECLARED}::test_what_nobody_declares_any_more_is_a_stray_but_not_that_of_a_dropped_service",
    ),
    Mistake(
        "a service that has lost all of its tasks is asleep",
        DECLARED,
        "Silence.BAD if all(allowed) else Silence.GOOD",
        "Silence.GOOD",
        f"{SCENARIOS}::test_tasks_that_are_gone_ring",
    ),
    Mistake(
        "one error at night is an alarm",
        DECLARED,
        "LEAST_ERRORS = 3",
        "LEAST_ERRORS = 1",
        f"{SCENARIOS}::test_one_error_in_a_quiet_minute_rings_nothing",
    ),
    Mistake(
        "a missing right to keep alarms sends traffic home",
        "controller/progress/__init__.py",
        "PATIENT = frozenset({StepKind.ALARMS, StepKind.DISARM})",
        "PATIENT = frozenset({StepKind.DISARM})",
        f"{SCENARIOS}::test_a_missing_right_is_named_and_waited_for_and_sends_no_traffic_home[PutMetricAlarm]",
    ),
    Mistake(
        "switches run out while alarms are waited for",
        "controller/progress/switches.py",
        "ENDS = frozenset({StepKind.ARM, StepKind.SETTLE})",
        "ENDS = frozenset({StepKind.ARM, StepKind.ALARMS, StepKind.SETTLE})",
        UNREADABLE,
    ),
    Mistake(
        "alarms that can't be read end the pass",
        "controller/loop/observe.py",
        '        return Reason("alarms.unknown", f"the alarms that the file declares can\'t be read: {error}")\n',
        "        raise error\n",
        UNREADABLE,
    ),
    Mistake(
        "an alarm that the deployment itself makes is waited for",
        "controller/domain/alarms.py",
        "return {name: view for name, view in alarms.items() if name not in new}",
        "return {name: view for name, view in alarms.items() if name not in new or view is None}",
        f"{SCENARIOS}::test_a_declared_alarm_may_watch_and_is_not_waited_for_before_it_is_made",
    ),
    Mistake(
        "what the live file declares is forgotten with it",
        "controller/progress/standing.py",
        "declares(deployment.revision.file) or declares(live)",
        "declares(deployment.revision.file)",
        f"{SCENARIOS}::test_what_is_no_longer_declared_is_deleted",
    ),
    Mistake(
        "a pruned service's tasks end while its alarm still listens",
        "controller/plan/__init__.py",
        "            *([Step(StepKind.ALARMS, services)] if has_alarms else []),\n",
        "",
        f"{SCENARIOS}::test_a_service_that_the_file_drops_keeps_its_alarms_until_it_is_pruned",
    ),
)
