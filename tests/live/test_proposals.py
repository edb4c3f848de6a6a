"""A pull request and its merge, with real processes: what people see on GitHub."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.live import Pair
from tests.support.processes import until

REPOSITORY = "/repos/acme/captioncraft"
FILE = f"{REPOSITORY}/contents/environments/dev.yaml"


@pytest.fixture
def github(pair: Pair) -> Iterator[httpx.Client]:
    given = pair.sandbox.endpoints["github"]
    headers = {"Authorization": f"Bearer {given['token']}"}
    with httpx.Client(base_url=given["api"], headers=headers, trust_env=False, timeout=30) as client:
        yield client


def answered(response: httpx.Response) -> Any:
    return response.raise_for_status().json()


def write(github: httpx.Client, branch: str, old: str, new: str) -> None:
    known = answered(github.get(FILE, params={"ref": branch}))
    text = base64.b64decode(known["content"]).decode().replace(old, new)
    content = base64.b64encode(text.encode()).decode()
    answered(github.put(FILE, json={"message": "Change it", "content": content, "sha": known["sha"], "branch": branch}))


def test_a_pull_request_gets_its_comment_and_the_merge_its_deployment(pair: Pair, github: httpx.Client) -> None:
    tip = answered(github.get(f"{REPOSITORY}/git/ref/heads/develop"))["object"]["sha"]
    answered(github.post(f"{REPOSITORY}/git/refs", json={"ref": "refs/heads/more", "sha": tip}))
    write(github, "more", "count: 2", "count: 4")
    body = {"title": "More", "head": "more", "base": "develop"}
    number = answered(github.post(f"{REPOSITORY}/pulls", json=body))["number"]

    def comments() -> list[str]:
        return [each["body"] for each in answered(github.get(f"{REPOSITORY}/issues/{number}/comments"))]

    until("the pull request is commented on", comments, [pair.controller.child], 30.0)
    write(github, "more", "count: 4", "count: 3")
    until("the comment is edited", lambda: "`2` | `3`" in comments()[0], [pair.controller.child], 30.0)
    assert len(comments()) == 1
    merged = answered(github.put(f"{REPOSITORY}/pulls/{number}/merge", json={}))["sha"]
    pair.controller.settled(merged)

    def states() -> list[str]:
        made = answered(github.get(f"{REPOSITORY}/deployments", params={"sha": merged}))
        found = [answered(github.get(f"{REPOSITORY}/deployments/{one['id']}/statuses")) for one in made]
        return [status["state"] for statuses in found for status in statuses]

    until("GitHub shows it as live", lambda: states()[:1] == ["success"], [pair.controller.child], 30.0)

    def marks() -> list[tuple[str, str]]:
        found = answered(github.get(f"{REPOSITORY}/commits/{merged}/status"))["statuses"]
        return [(each["context"], each["state"]) for each in found]

    until("the commit is marked", lambda: ("tidegate/dev", "success") in marks(), [pair.controller.child], 30.0)
