"""What children see: nothing that leads to a real account."""

import socket
import sys
from pathlib import Path

import pytest

from controller.cli.surroundings import for_controller, for_sandbox, free_port, taken

REAL = {
    "PATH": "/usr/bin",
    "HOME": "/home/ada",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_ECS": "https://ecs.example.com",
    "HTTP_PROXY": "http://proxy:3128",
    "https_proxy": "http://proxy:3128",
    "PYTHONPATH": "/home/ada/lib",
    "PYTHONSTARTUP": "/home/ada/.pythonrc",
    "TIDEGATE_GITHUB_TOKEN": "ghp_real",
    "TIDEGATE_DATABASE_URL": "postgresql://production",
}
ENDPOINTS = {
    "aws": {
        "endpoint": "http://127.0.0.1:1",
        "region": "eu-west-1",
        "account": "123456789012",
        "webhook_secret": "e",
        "speed": 10.0,
    },
    "github": {
        "api": "http://127.0.0.1:2/api/v3",
        "token": "t",
        "webhook_secret": "s",
        "git": "g",
        "oauth_id": "i",
        "oauth_secret": "o",
    },
    "slack": {
        "url": "http://127.0.0.1:5",
        "api": "http://127.0.0.1:5/api/",
        "token": "xoxb",
        "signing_secret": "signed",
        "team": "T1",
        "app": "A1",
    },
    "connect_to": ["dev:80=127.0.0.1:3", "prod:80=127.0.0.1:4"],
    "config": "/state/tidegate.yaml",
}


def test_nothing_of_the_users_own_reaches_a_child() -> None:
    for seen in (
        for_sandbox(REAL, Path("/state"), "token"),
        for_controller(REAL, Path("/state"), "token", 8080, ENDPOINTS),
    ):
        inherited = {name for name, value in seen.items() if REAL.get(name) == value}
        assert inherited == {"PATH"}
        assert "AWS_PROFILE" not in seen
        assert not {name for name in seen if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}}
        assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
        assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_the_controller_is_told_where_the_sandbox_is() -> None:
    seen = for_controller({}, Path("/state"), "token", 8080, ENDPOINTS)
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert seen["TIDEGATE_PORT"] == "8080"
    assert seen["TIDEGATE_CONNECT_TO"] == "dev:80=127.0.0.1:3,prod:80=127.0.0.1:4"
    assert seen["TIDEGATE_GITHUB_WEBHOOK_SECRETS"] == "s"
    assert seen["TIDEGATE_AWS_WEBHOOK_SECRETS"] == "e"


def test_the_controller_is_told_how_it_talks_to_slack() -> None:
    seen = for_controller({}, Path("/state"), "token", 8080, ENDPOINTS)
    told = {name.removeprefix("TIDEGATE_SLACK_"): value for name, value in seen.items() if "_SLACK_" in name}
    assert told == {
        "URL": "http://127.0.0.1:5/api/",
        "TOKEN": "xoxb",
        "SIGNING_SECRET": "signed",
        "TEAM": "T1",
        "APP": "A1",
    }
    assert seen["TIDEGATE_PUBLIC_URL"] == "http://127.0.0.1:8080"


def test_the_controller_is_told_how_long_a_minute_of_the_sandbox_lasts() -> None:
    seen = for_controller({}, Path("/state"), "token", 8080, ENDPOINTS)
    assert seen["TIDEGATE_METRICS_MINUTE_SECONDS"] == "6"


def test_taken_ports_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert taken(range(port, port + 1)) == [port]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port that is bound can't be listened on by another")
def test_a_free_port_is_nobody_else_s_until_its_server_listens_and_again_when_that_ended() -> None:
    with free_port() as port:
        for _ in range(2):
            with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
                stranger.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
                pass
    with socket.socket() as anybody:
        anybody.bind(("127.0.0.1", 0))
