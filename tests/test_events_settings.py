"""Where AWS's events come in, as an operator sets it; and the whole controller with it, while AWS does not answer."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from controller.adapters.clock import SystemClock
from controller.app import Controller, build
from controller.domain.errors import Blocked
from controller.settings import Settings, read_settings
from tests.support.processes import free_port
from tests.support.stage import migrated_file
from tests.webhooks.aws_samples import an_alarm_event
from tests.webhooks.topic import TOPIC

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate"
SECRET = "a secret of some length"
BINDINGS = """\
environments:
  dev:
    repository: acme/captioncraft
    branch: develop
    aws: {account: "123456789012", region: eu-west-1, stack: captioncraft-dev}
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIDEGATE_AWS_QUEUE", "tidegate"),
        ("TIDEGATE_AWS_QUEUE", f"{QUEUE}.fifo"),
        ("TIDEGATE_AWS_QUEUE", QUEUE.replace("https", "http")),
        ("TIDEGATE_AWS_TOPICS", "tidegate"),
        ("TIDEGATE_AWS_TOPICS", f"{TOPIC},arn:aws:sqs:eu-west-1:123456789012:tidegate"),
    ],
)
def test_what_is_no_queue_or_topic_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Blocked, match=name):
        read_settings()


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_AWS_TOPICS", f" {TOPIC} , {TOPIC}2 ")
    monkeypatch.setenv("TIDEGATE_AWS_WEBHOOK_SECRETS", f"{SECRET},another of some length")
    settings = read_settings(aws_queue=QUEUE)
    assert settings.aws_topics == (TOPIC, f"{TOPIC}2")
    assert [each.get_secret_value() for each in settings.aws_webhook_secrets] == [SECRET, "another of some length"]
    assert SECRET not in repr(settings)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(Blocked, match="TIDEGATE_AWS_WEBHOOK_SECRETS: one is shorter"):
        given(Path(), aws_webhook_secrets="short").must_serve()


@pytest.mark.parametrize("key", ["", "nope", "-----BEGIN RSA PRIVATE KEY-----\\nMII\\n"], ids=["none", "other", "line"])
def test_an_apps_key_that_is_none_is_said_and_not_shown(key: str) -> None:
    with pytest.raises(Blocked, match="TIDEGATE_GITHUB_APP_KEY: the App's private key as GitHub gave it") as caught:
        given(Path(), github_app_id="7", github_app_key=key).must_serve()
    assert not key or key not in str(caught.value)


def test_an_apps_key_as_github_gave_it_is_taken() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n"
    given(Path(), github_app_id="7", github_app_key=key).must_serve()


def given(directory: Path, **changes: Any) -> Settings:
    nowhere = f"http://127.0.0.1:{free_port()}"
    settings: dict[str, Any] = {
        "config": directory / "tidegate.yaml",
        "state_dir": directory,
        "github_url": nowhere,
        "github_token": "t",
        "github_webhook_secrets": SECRET,
        "api_token": SECRET,
        **changes,
    }
    return read_settings(**settings)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database and bindings; and an AWS that nobody answers for."""
    (tmp_path / "tidegate.yaml").write_text(BINDINGS)
    shutil.copy(migrated_file(), tmp_path / "tidegate.db")
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def client_of(controller: Controller) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(controller.app), base_url="http://tidegate")


async def told(client: httpx.AsyncClient) -> int:
    """The status that an event is answered with."""
    headers = {"Content-Type": "application/json", "X-Tidegate-Secret": SECRET}
    return (await client.post("/webhooks/aws", content=json.dumps(an_alarm_event()), headers=headers)).status_code


async def counted(client: httpx.AsyncClient) -> str:
    return (await client.get("/metrics")).text


def answered(controller: Controller) -> tuple[int, str]:
    """To an event, without the loop; and what was counted then."""

    async def ask() -> tuple[int, str]:
        async with client_of(controller) as client:
            return await told(client), await counted(client)

    return asyncio.run(ask())


def test_without_a_setting_there_is_no_door(directory: Path) -> None:
    controller = build(given(directory))
    assert answered(controller)[0] == 404
    controller.store.close()


def test_with_a_secret_the_door_takes_events_and_counts_them(directory: Path) -> None:
    controller = build(given(directory, aws_webhook_secrets=SECRET))
    status, metrics = answered(controller)
    assert status == 202
    assert 'tidegate_deliveries_total{outcome="accepted",sender="aws"} 1.0' in metrics
    with controller.store.read() as unit:
        assert unit.deliveries.state("aws", an_alarm_event()["id"]) is not None
    controller.store.close()


def test_with_a_topic_alone_no_event_is_let_in_by_a_secret(directory: Path) -> None:
    controller = build(given(directory, aws_topics=TOPIC))
    assert answered(controller)[0] == 401
    controller.store.close()


def test_a_queue_that_cannot_be_read_takes_neither_the_web_nor_the_loop_down(directory: Path) -> None:
    clock = SystemClock()
    controller = build(given(directory, aws_queue=QUEUE, aws_webhook_secrets=SECRET))

    async def live() -> float:
        async with controller.app.router.lifespan_context(controller.app), client_of(controller) as client:
            until = clock.monotonic() + 20
            while "tidegate_queue_trouble 1.0" not in await counted(client):
                assert clock.monotonic() < until, await counted(client)
            for path in ("/health", "/ready"):
                assert (await client.get(path)).status_code == 200
            assert await told(client) == 202
            return clock.monotonic()

    began = asyncio.run(live())
    assert clock.monotonic() - began < 10
