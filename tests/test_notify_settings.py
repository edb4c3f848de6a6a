"""Who else is told, as an operator sets it: what can't be right is said at the start, and no secret is repeated."""

import shutil
from pathlib import Path

import pytest

from controller.app import build
from controller.domain.errors import Blocked
from controller.settings import Settings, read_settings
from tests.support.stage import migrated_file
from tests.test_events_settings import BINDINGS, SECRET

TOPIC = "arn:aws:sns:eu-west-1:123456789012:deployments"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIDEGATE_NOTIFY_WEBHOOKS", "http://hooks.example/very-secret"),
        ("TIDEGATE_NOTIFY_WEBHOOKS", "https://hooks.example/a,ftp://hooks.example/very-secret"),
        ("TIDEGATE_NOTIFY_WEBHOOKS", "hooks.example/very-secret"),
        ("TIDEGATE_NOTIFY_WEBHOOKS", "https:///very-secret"),
        ("TIDEGATE_NOTIFY_WEBHOOKS", "https://[very-secret"),
        ("TIDEGATE_NOTIFY_TOPIC", "deployments"),
        ("TIDEGATE_NOTIFY_TOPIC", TOPIC.replace("sns", "sqs")),
        ("TIDEGATE_PAGERDUTY_URL", "http://events.pagerduty.com/v2/enqueue"),
    ],
)
def test_what_can_t_be_right_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Blocked, match=name) as caught:
        read_settings()
    assert "very-secret" not in str(caught.value)


def test_lists_are_separated_by_commas_and_print_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_NOTIFY_WEBHOOKS", "https://a.example/very-secret, http://127.0.0.1:9/very-secret")
    monkeypatch.setenv("TIDEGATE_PAGERDUTY_ENVIRONMENTS", "prod,staging")
    monkeypatch.setenv("TIDEGATE_PAGERDUTY_KEY", "very-secret")
    found = read_settings()
    assert len(found.notify_webhooks) == 2
    assert found.pagerduty_environments == ("prod", "staging")
    assert "very-secret" not in repr(found)


def settings(directory: Path, **more: object) -> Settings:
    (directory / "tidegate.yaml").write_text(BINDINGS, encoding="utf-8")
    given = {
        "config": directory / "tidegate.yaml",
        "state_dir": directory,
        "github_webhook_secrets": (SECRET,),
        "github_token": SECRET,
        "api_token": SECRET,
    }
    return read_settings(**{**given, **more})


def test_a_short_secret_signs_nothing(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="TIDEGATE_NOTIFY_SECRET"):
        settings(tmp_path, notify_secret=("short",)).must_serve()


def test_everybody_is_told_by_a_name_that_says_nothing_of_the_address(tmp_path: Path) -> None:
    shutil.copy(migrated_file(), tmp_path / "tidegate.db")
    controller = build(
        settings(
            tmp_path,
            notify_webhooks=("https://a.example/very-secret", "https://b.example/very-secret"),
            notify_topic=TOPIC,
            pagerduty_key="R" * 32,
            slack_token="xoxb-1",
            slack_signing_secret=(SECRET,),
            slack_team="T1",
            slack_app="A1",
        )
    )
    names = set(controller.loop._tells)
    controller.store.close()
    named = {"log", "slack", "mail", "pager", "github_deployments", "github_statuses", "github_audit"}
    assert names >= named
    webhooks = names - named
    assert len(webhooks) == 2
    assert all(name.startswith("webhook-") and "secret" not in name for name in webhooks)
