"""Webhook bodies have the fields that GitHub documents.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.github.served import Clone, Served

COMMON = "repository sender organization"
TOP = {
    "push": "ref before after created deleted forced base_ref compare commits head_commit pusher",
    "create": "ref ref_type master_branch description pusher_type",
    "delete": "ref ref_type pusher_type",
    "pull_request": "action number pull_request",
    "check_run": "action check_run",
    "check_suite": "action check_suite",
    "workflow_run": "action workflow workflow_run",
    "release": "action release",
    "status": "id sha name target_url context description state commit branches created_at updated_at",
    "deployment": "action deployment workflow workflow_run",
    "deployment_status": "action deployment_status deployment",
    "ping": "zen hook_id hook",
}
SUBJECTS = {
    ("push", "head_commit"): "id tree_id distinct message timestamp url author committer added removed modified",
    ("push", "pusher"): "name email",
    (
        "push",
        "repository",
    ): "id node_id name full_name private owner html_url url default_branch clone_url",
    ("push", "sender"): "login id node_id avatar_url url html_url type site_admin",
    ("pull_request", "pull_request"): "id number state title user body created_at updated_at closed_at merged_at "
    "merge_commit_sha head base merged mergeable mergeable_state merged_by comments commits additions deletions "
    "changed_files html_url issue_url draft _links",
    ("check_run", "check_run"): "id name head_sha external_id url html_url details_url status conclusion started_at "
    "completed_at output check_suite app pull_requests",
    ("check_suite", "check_suite"): "id head_branch head_sha status conclusion url before after pull_requests app "
    "created_at updated_at latest_check_runs_count check_runs_url head_commit",
    ("workflow_run", "workflow_run"): "id name head_branch head_sha path run_number run_attempt event status "
    "conclusion workflow_id check_suite_id url html_url actor triggering_actor jobs_url logs_url head_commit "
    "repository head_repository created_at updated_at run_started_at display_title",
    ("release", "release"): "id tag_name target_commitish name body draft prerelease created_at published_at author "
    "assets url html_url upload_url",
    ("deployment", "deployment"): "id sha ref task payload environment description creator created_at updated_at "
    "statuses_url repository_url",
    ("deployment_status", "deployment_status"): "id state creator description environment target_url created_at "
    "updated_at deployment_url repository_url",
    ("ping", "hook"): "type id name active events config updated_at created_at url test_url ping_url deliveries_url "
    "last_response",
}
ACTIONS = {
    "pull_request": {"opened", "synchronize", "edited", "closed"},
    "check_run": {"created", "completed"},
    "check_suite": {"completed"},
    "workflow_run": {"requested", "in_progress", "completed"},
    "release": {"created", "published", "released", "deleted"},
}


@pytest.fixture
def told(served: Served, clone: Clone) -> Served:
    """Everything has happened once."""
    repository = served.repository()
    clone.git("checkout", "-q", "-b", "feature")
    for name in ("one", "two"):
        clone.commit({f"{name}.txt": "x\n"})
        clone.git("push", "-q", "origin", "feature")
        if name == "one":
            pull = repository.create_pull(base="develop", head="feature", title="A feature", body="why")
    pull.edit(title="A better title")
    pull.merge()
    clone.git("push", "-q", "origin", "--delete", "feature")
    repository.create_git_release("v1", "v1", "notes", target_commitish="develop").delete_release()
    repository.get_commit("develop").create_status("success", context="lint")
    repository.create_deployment("develop", required_contexts=[], environment="dev").create_status("success")
    served.wait(lambda: bool(served.published))
    served.wait_for("deployment_status")
    return served


def missing(found: dict[str, Any], names: str) -> set[str]:
    return set(names.split()) - found.keys()


def test_every_event_has_its_documented_fields(told: Served) -> None:
    for event, names in TOP.items():
        assert told.events(event), event
        for payload in told.events(event):
            assert not missing(payload, f"{names} {COMMON}"), event


def test_every_subject_has_its_documented_fields(told: Served) -> None:
    for (event, subject), names in SUBJECTS.items():
        for payload in told.events(event):
            if payload[subject] is not None:
                assert not missing(payload[subject], names), (event, subject)


def test_every_documented_action_is_told(told: Served) -> None:
    for event, actions in ACTIONS.items():
        assert {payload["action"] for payload in told.events(event)} == actions, event


def test_every_address_in_a_payload_is_the_servers_own(told: Served) -> None:
    for _, delivery in told.received:
        for path, text in addresses(delivery.payload):
            assert text.startswith(told.github.origin) or path in ("config/url", "target_url"), (delivery.event, path)


def addresses(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from addresses(inner, f"{path.rpartition('/')[2]}/{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from addresses(inner, path)
    elif isinstance(value, str) and value.startswith("http"):
        yield path, value


def test_the_merged_pull_request_names_who_merged_it(told: Served) -> None:
    closed = told.wait_for("pull_request", lambda payload: payload["action"] == "closed")["pull_request"]
    assert (closed["merged"], closed["merged_by"]["login"], closed["state"]) == (True, "ada", "closed")
    assert closed["merge_commit_sha"] == told.repository().get_branch("develop").commit.sha
