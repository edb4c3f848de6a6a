"""Merges on a served GitHub: what each deployment brought is written down, and what it says of delivery."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller.adapters.github.history import GitHubHistory
from controller.domain.contents import Contents
from controller.domain.dora import Four
from controller.loop.tracing import Tracing
from tests.sandbox.github.conftest import host, served
from tests.sandbox.github.served import Served
from tests.support.builders import FILE
from tests.support.hosted import Hosted

__all__ = ["host", "served"]

MORE = FILE.replace("count: 2", "count: 3").replace("cpu: 256", "cpu: 512").replace("memory: 512", "memory: 1024")


@pytest.fixture
def hosted(tmp_path: Path, served: Served) -> Iterator[Hosted]:
    made = Hosted(tmp_path, served)
    yield made
    made.store.close()


def trace(hosted: Hosted) -> None:
    tracing = Tracing(hosted.world, GitHubHistory(hosted.calls))
    while any([tracing.work(), tracing.count()]):
        pass


def contents(hosted: Hosted, number: int) -> Contents:
    with hosted.store.read() as unit:
        found = unit.contents.of(f"dev-{number}")
    assert found is not None
    return found


def four(hosted: Hosted) -> Four:
    now = hosted.time.now() + timedelta(days=1)
    with hosted.store.read() as unit:
        return unit.delivery_facts.report("dev", "", now, 2).four


def test_a_merged_pull_request_is_found_in_the_deployment_that_brought_it(hosted: Hosted, served: Served) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.merge(pull)
    hosted.wake()
    hosted.settle()
    trace(hosted)
    first, found = contents(hosted, 1), contents(hosted, 2)
    assert (first.base, first.total, first.pulls) == (None, 1, ())
    assert (found.base, found.total) == ("dev-1", 2)
    assert {change.pull for change in found.changes} == {pull.number}
    assert [(one.number, one.merged_by) for one in found.pulls] == [(pull.number, "ada")]
    told = four(hosted)
    assert (told.frequency.deployments, told.failures.failed, told.lead.total.number) == (2, 0, 2)
    assert told.lead.review.number == 1, "the first one came without a pull request"


def test_what_is_written_down_costs_no_request_any_more(hosted: Hosted, served: Served) -> None:
    hosted.deploy()
    trace(hosted)
    before = sum(served.github.frame.limits.used.values())
    trace(hosted)
    assert sum(served.github.frame.limits.used.values()) == before
