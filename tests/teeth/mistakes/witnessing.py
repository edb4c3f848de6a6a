"""Evidence: gathered at the right moment, and in nobody's way."""

from tests.teeth.mistake import Mistake

HOMEWARD = "controller/homeward.py"
WITNESS = "controller/progress/witness.py"
READER = "controller/adapters/aws/witness.py"
OF_WITNESS = "tests/progress/test_witness.py"
STORIES = "tests/scenarios/test_evidence.py"

MISTAKES = (
    Mistake(
        "evidence is gathered before the traffic is home",
        HOMEWARD,
        "        Step(StepKind.HOME, touched),\n",
        "        Step(StepKind.EVIDENCE, touched),\n        Step(StepKind.HOME, touched),\n",
        f"{OF_WITNESS}::test_traffic_is_home_before_anybody_is_asked_for_evidence",
    ),
    Mistake(
        "tasks go before anybody has asked why they failed",
        HOMEWARD,
        "        Step(StepKind.EVIDENCE, touched),\n",
        "",
        f"{OF_WITNESS}::test_traffic_is_home_before_anybody_is_asked_for_evidence",
    ),
    Mistake(
        "evidence that can't be read holds the way home",
        WITNESS,
        "    if later and looked < PATIENCE - 1:\n",
        "    if later:\n",
        f"{OF_WITNESS}::test_what_may_pass_is_asked_for_three_times_and_keeps_nobody_longer",
    ),
    Mistake(
        "a right that is missing ends the look",
        READER,
        "        except TidegateError as error:\n",
        "        except Transient as error:\n",
        f"{STORIES}::test_a_denied_read_keeps_nothing_from_ending_and_names_the_right",
    ),
    Mistake(
        "a log that may not be read hides that tasks crash",
        "controller/adapters/aws/log_tail.py",
        "        except Blocked:\n            return ()\n",
        "        except Blocked:\n            raise\n",
        "tests/adapters/aws/test_forensics.py::test_a_log_that_may_not_be_read_leaves_the_explanation",
    ),
    Mistake(
        "the secret of the smoke test is kept with a log",
        "controller/loop/gathering.py",
        "    return redacted(found, hidden(deployment) | hidden(about))\n",
        "    return found\n",
        f"{STORIES}::test_no_secret_and_no_value_of_env_is_kept",
    ),
    Mistake(
        "traffic that can go home waits for evidence",
        WITNESS,
        "(is_refused or not isinstance(outcome, Ask))",
        "True",
        f"{OF_WITNESS}::test_traffic_that_can_go_home_again_goes_before_anything_is_written_down",
    ),
    Mistake(
        "a page is cut before its secrets are taken out",
        "controller/adapters/probe.py",
        '    line = without(harmless(" ".join(text.split())), check.hidden)\n',
        '    line = without(harmless(" ".join(text.split()))[:QUOTE_LIMIT], check.hidden)\n',
        "tests/adapters/test_probe.py"
        "::test_what_a_page_repeats_of_the_request_and_of_settings_is_taken_out_before_it_is_cut",
    ),
    Mistake(
        "a smoke test tells the secret that it asked with",
        "controller/loop/observe.py",
        "wanted.within, header, hidden(deployment))",
        "wanted.within, header)",
        "tests/loop/test_observe.py::test_what_opens_an_idle_slot_and_values_of_env_are_hidden_in_answers",
    ),
    Mistake(
        "who was found bad is asked about last",
        "controller/loop/gathering.py",
        "scene.service not in bad.union(culprits)\n",
        "scene.service in bad.union(culprits)\n",
        "tests/loop/test_gathering.py::test_who_is_found_bad_is_asked_about_first_and_read_first",
    ),
)
