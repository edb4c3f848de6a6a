"""Judging by numbers: nothing passes on no data, limits come first, and a part is never the whole."""

from tests.teeth.mistake import Mistake

ERRORS = "controller/analysis/errors.py"
LATENCY = "controller/analysis/latency.py"
WATCH = "controller/progress/watch.py"
OF_ERRORS, OF_LATENCY = "tests/analysis/test_errors.py", "tests/analysis/test_latency.py"
OF_WATCH = "tests/progress/test_analysed.py"

MISTAKES = (
    Mistake(
        "a version that nobody asked anything passes",
        ERRORS,
        "    if requests(new) < wanted.min_requests:",
        "    if 0 < requests(new) < wanted.min_requests:",
        f"{OF_ERRORS}::test_the_limit_is_for_the_share_of_all_requests_when_there_are_enough",
    ),
    Mistake(
        "errors are judged by too few requests",
        ERRORS,
        "requests(stretch) >= wanted.min_requests and _share",
        "requests(stretch) and _share",
        f"{OF_ERRORS}::test_the_limit_is_for_the_share_of_all_requests_when_there_are_enough",
    ),
    Mistake(
        "an hour of good numbers hides bad ones",
        "controller/analysis/minutes.py",
        "(minutes, minutes[-RECENT:]) if len(minutes) > RECENT else (minutes,)",
        "(minutes,)",
        f"{OF_ERRORS}::test_what_was_good_for_long_hides_nothing_new",
    ),
    Mistake(
        "one slow minute is as good as many",
        LATENCY,
        "        if seen >= half:",
        "        if seen >= 2 * half:",
        f"{OF_LATENCY}::test_a_limit_is_broken_by_minutes_that_have_more_than_half_of_the_requests",
    ),
    Mistake(
        "ranks are compared without a difference that matters",
        "controller/analysis/comparing.py",
        "    if median(new) <= CLEARLY_SLOWER * median(old):",
        "    if median(new) <= median(old):",
        f"{OF_LATENCY}::test_ranks_need_minutes_and_a_difference_that_matters",
    ),
    Mistake(
        "part of the numbers is taken for all of them",
        "controller/adapters/aws/wire/metrics.py",
        """ for name in ids} - {"Complete"}""",
        """ for name in ids} - {"Complete", "PartialData"}""",
        "tests/adapters/aws/test_metrics.py::test_a_part_is_never_taken_for_the_whole",
    ),
    Mistake(
        "smoke tests count as traffic",
        "controller/domain/metrics.py",
        "if minute.at >= since)",
        "if since)",
        f"{OF_WATCH}::test_numbers_of_an_earlier_share_are_not_judged_with_this_one",
    ),
    Mistake(
        "numbers that cannot be read condemn the content",
        WATCH,
        'Stumble(Reason("analysis.error", unread.text), quarantines=False)',
        'Stumble(Reason("analysis.error", unread.text))',
        f"{OF_WATCH}::test_numbers_that_cannot_be_read_are_believed_after_three_looks_and_are_nobodys_fault",
    ),
    Mistake(
        "a bake is over before its numbers have come",
        WATCH,
        "if not silent and step.active < (step.wait or timedelta(0)) + late:",
        "if not silent and step.active < (step.wait or timedelta(0)):",
        f"{OF_WATCH}::test_numbers_that_are_on_their_way_are_waited_for_first",
    ),
    Mistake(
        "a sample is written anew at every look",
        "controller/store/samples.py",
        """ONCE = ("deployment", "service", "metric", "slot", "at")""",
        """ONCE = ("seq",)""",
        "tests/store/test_samples.py::test_a_sample_is_stored_once_and_stays_as_it_was_first",
    ),
)
