"""How a repository on a served GitHub is set up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.calls import Calls
from controller.adapters.github.examiner import GitHubExaminer, _by_rules
from controller.adapters.github.sign_in import Credentials
from controller.domain.diagnosis import Protection
from controller.domain.secret import Secret
from tests.sandbox.github.served import HOOK_URL, NAME, Served
from tests.support.hosted import an_app

HERE = HOOK_URL.removesuffix("/webhooks/github")


def examiner(served: Served, credentials: Credentials | None = None, public_url: str = HERE) -> GitHubExaminer:
    ada = Secret(served.github.person_token("ada"))
    return GitHubExaminer(Calls(served.github.api, credentials or ada, SystemClock()), SystemClock(), public_url)


def test_a_token_says_whether_it_may_write_and_what_time_it_is(served: Served) -> None:
    access = examiner(served).access(NAME)
    assert (access.permissions, access.may_write) == (None, True)
    assert access.said_at is not None and abs(access.said_at - access.asked_at) < timedelta(seconds=5)
    assert not examiner(served, Secret(served.github.person_token("barbara"))).access(NAME).may_write


def test_an_app_says_which_permissions_it_has(served: Served) -> None:
    permissions = examiner(served, an_app(served)).access(NAME).permissions
    assert permissions is not None and (permissions["checks"], permissions["contents"]) == ("write", "read")


def test_a_branch_is_protected_as_its_rules_say(served: Served) -> None:
    bare = examiner(served).protection(NAME, "develop")
    assert bare == Protection()
    served.repository().get_branch("develop").edit_protection(
        contexts=["tidegate", "test"], strict=True, required_approving_review_count=2, enforce_admins=True
    )
    found = examiner(served).protection(NAME, "develop")
    assert found == Protection(2, frozenset({"tidegate", "test"}), allows_force_pushes=False, allows_deletion=False)


@pytest.mark.parametrize("who", ["person", "app"])
def test_whoever_may_not_see_it_says_so(served: Served, who: str) -> None:
    credentials = an_app(served) if who == "app" else Secret(served.github.machine_token())
    assert examiner(served, credentials).protection(NAME, "develop").unread


def test_rulesets_count_as_well() -> None:
    rules = [
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "tidegate"}]}},
        {"type": "non_fast_forward"},
    ]
    assert _by_rules(rules) == Protection(1, frozenset({"tidegate"}), allows_force_pushes=False, allows_deletion=True)


def test_the_webhook_that_leads_here_is_told_and_no_other(served: Served) -> None:
    (hook,) = examiner(served).hooks(NAME).found
    assert (hook.address, hook.is_active, hook.events) == (HOOK_URL, True, frozenset({"*"}))
    assert examiner(served, public_url="https://elsewhere.example").hooks(NAME).found == ()
    assert len(examiner(served, public_url="").hooks(NAME).found) == 1
    assert examiner(served, an_app(served)).hooks(NAME).found == ()
