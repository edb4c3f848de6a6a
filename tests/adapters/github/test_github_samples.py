"""Check runs and statuses as GitHub really writes them: in webhooks they look as in the lists that are asked for."""

from typing import Any

from controller.adapters.github.commit_checks import CommitChecks
from controller.domain.commit_checks import CheckState, CommitCheck
from tests.adapters.github.answering import Requester
from tests.webhooks import samples

NAME = "acme/captioncraft"


def of_event(event: str) -> list[dict[str, Any]]:
    return [sample.payload for sample in samples.every() if sample.event == event]


def test_every_sample_run_is_read() -> None:
    for payload in of_event("check_run"):
        shown = payload["check_run"]
        requester: Any = Requester([({}, {"total_count": 1, "check_runs": [shown]})])
        [check] = CommitChecks().runs(requester, NAME, shown["head_sha"])
        assert (check.name, check.said) == (shown["name"], shown["conclusion"] or shown["status"])
        assert (check.state is CheckState.PASSED) == (shown["conclusion"] in {"success", "neutral", "skipped"})
        assert check.url == (shown.get("html_url") or "")


def test_every_sample_status_is_read() -> None:
    for payload in of_event("status"):
        requester: Any = Requester([({}, {"sha": payload["sha"], "statuses": [payload]})])
        [check] = CommitChecks().statuses(requester, NAME, payload["sha"])
        passed = CheckState.PASSED if payload["state"] == "success" else CheckState.PENDING
        assert payload["state"] in {"success", "pending"}
        assert check == CommitCheck(payload["context"], passed, payload["state"], payload["target_url"] or "")


def test_there_are_samples_of_both() -> None:
    assert len(of_event("check_run")) > 10 and of_event("status")
