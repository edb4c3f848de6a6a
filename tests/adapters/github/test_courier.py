"""Webhooks that a served GitHub could not deliver."""

from __future__ import annotations

from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.calls import Calls
from controller.adapters.github.courier import GitHubCourier
from controller.domain.errors import Blocked
from controller.domain.secret import Secret
from tests.sandbox.github.served import HOOK_URL, NAME, Clone, Served
from tests.support.hosted import an_app


@pytest.fixture
def courier(served: Served) -> GitHubCourier:
    calls = Calls(served.github.api, Secret(served.github.machine_token()), SystemClock())
    return GitHubCourier(calls, HOOK_URL.removesuffix("/webhooks/github"))


def push(served: Served, clone: Clone, status: int, text: str) -> str:
    """The GUID of a push that was answered so."""
    served.status = status
    sha = clone.commit({"a.txt": text})
    clone.git("push", "-q", "origin", "HEAD:develop")
    served.wait_for("push", lambda payload: payload["after"] == sha)

    def answered() -> bool:
        return all(delivery.answer is not None for delivery in served.hook.deliveries)

    for _ in range(100):
        if served.run(served.github.do(answered)):
            break
    return next(each.guid for each in served.hook.deliveries if each.payload.get("after") == sha)


def test_what_failed_is_told_once_and_comes_again_under_the_same_id(
    served: Served, clone: Clone, courier: GitHubCourier
) -> None:
    push(served, clone, 202, "one")
    guid = push(served, clone, 503, "two")
    lost = next(one for one in courier.failed(NAME) if one.guid == guid)
    served.received.clear()
    courier.again(lost)
    served.wait(lambda: any(delivery.guid == guid for _, delivery in served.received))
    assert guid not in [one.guid for one in courier.failed(NAME)], "it was tried again, and failed: that is all"


def test_events_that_ask_for_no_look_and_other_hooks_are_left_alone(
    served: Served, clone: Clone, courier: GitHubCourier
) -> None:
    served.status = 503
    served.repository().create_git_ref("refs/heads/other", clone.git("rev-parse", "HEAD"))
    served.wait_for("push")
    assert {each.event for each in served.hook.deliveries} > {"create"}
    assert len({one.guid for one in courier.failed(NAME)}) == 1, "the push, not the branch's creation"
    served.hook.url = "https://elsewhere.example/hook"
    assert courier.failed(NAME) == ()


def test_whoever_may_not_ask_is_told_which_permission_it_takes(served: Served, courier: GitHubCourier) -> None:
    served.github.frame.misbehaviour.status, served.github.frame.misbehaviour.count = 404, 1
    with pytest.raises(Blocked, match="Webhooks: write"):
        courier.failed(NAME)


def test_an_app_asks_for_its_own_deliveries_in_its_own_name(served: Served) -> None:
    courier = GitHubCourier(Calls(served.github.api, an_app(served), SystemClock()), "")
    assert courier.places([NAME, "acme/other"]) == ("",)
    failures: list[Any] = [
        {"id": 3, "guid": "b" * 8, "event": "push", "redelivery": False, "status_code": 502},
        {"id": 2, "guid": "a" * 8, "event": "push", "redelivery": False, "status_code": 200},
        {"id": 1, "guid": "c" * 8, "event": "star", "redelivery": False, "status_code": 500},
    ]
    served.github.apps.deliveries[7] = failures
    (lost,) = courier.failed("")
    assert (lost.address, lost.guid) == ("/app/hook/deliveries/3", "b" * 8)
    courier.again(lost)
    assert served.github.apps.attempts == [3]
