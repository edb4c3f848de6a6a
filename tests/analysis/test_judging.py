"""All metrics of a file together."""

import subprocess
import sys

from controller.analysis import judge, percents, samples, unreadable
from controller.domain.metrics import Readings, Result
from controller.domain.slot import Slot
from tests.analysis.counted import counted, timed
from tests.progress.steps import BAKED
from tests.support.builders import NOON, a_file

WANTED = a_file(
    BAKED + "watch: {metrics: {errors: {max: 1%, min_requests: 50}, latency_p95: {max: 800ms}, latency_p99: {max: 2s}}}"
).watch.metrics
NOTHING = a_file().watch.metrics


def test_every_metric_of_the_file_is_judged_and_no_other() -> None:
    found = judge("backend", counted((100, 0)), None, WANTED)
    assert [(finding.metric, finding.result) for finding in found] == [
        ("errors", Result.PASSED),
        ("latency_p95", Result.INCONCLUSIVE),
        ("latency_p99", Result.INCONCLUSIVE),
    ]
    assert percents(WANTED) == (95, 99)
    assert judge("backend", counted((100, 0)), None, NOTHING) == ()


def test_latencies_need_as_many_requests_as_errors_do() -> None:
    sixty = timed([100], requests=60)
    assert judge("backend", sixty, None, WANTED)[1].result is Result.PASSED
    alone = WANTED.model_copy(update={"errors": None})
    assert judge("backend", sixty, None, alone)[0].result is Result.INCONCLUSIVE


def test_what_could_not_be_read_is_an_error_of_every_metric() -> None:
    found = unreadable("backend", "throttled", WANTED)
    assert {(finding.result, finding.text, finding.value) for finding in found} == {(Result.ERROR, "throttled", None)}
    assert [finding.metric for finding in found] == ["errors", "latency_p95", "latency_p99"]


def test_samples_are_of_both_slots_and_of_the_window_only() -> None:
    minutes = counted((100, 1), (100, 1), (100, 1))
    readings = Readings({"backend": {Slot.BLUE: minutes, Slot.GREEN: minutes}})
    found = list(samples(readings, minutes[1].at, WANTED))
    assert len(found) == 4 and {sample.at for sample in found} == {minutes[1].at, minutes[2].at}
    assert min(sample.at for sample in found) > NOON


def test_scipy_is_not_loaded_before_something_is_compared() -> None:
    code = "import sys, controller.app, controller.decide; print('scipy' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False", "False"]
