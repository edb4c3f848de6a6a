"""A served Slack for each test, with an app that answers what the test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.slack.served import Served, SlackHost


@pytest.fixture(scope="session")
def slack_host() -> Iterator[SlackHost]:
    host = SlackHost()
    yield host
    host.close()


@pytest.fixture
def served(slack_host: SlackHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_host.serving_slack() as made:
        yield made
