"""What the children of `tidegate up` see of the world: nothing that leads to a real account."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
INHERITED = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
SANDBOX_PORTS = 6
PACE_SECONDS = "0.5"
SWEEP_SECONDS = "15"


def bare(variables: Mapping[str, str], home: Path) -> dict[str, str]:
    """An environment of our own making: a few harmless variables, and a home without credentials."""
    kept = {name: variables[name] for name in INHERITED if name in variables}
    return kept | {
        "HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "NO_PROXY": "*",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def for_sandbox(variables: Mapping[str, str], home: Path, token: str) -> dict[str, str]:
    return bare(variables, home) | {"TIDEGATE_API_TOKEN": token}


def for_controller(
    variables: Mapping[str, str], home: Path, token: str, port: int, endpoints: Mapping[str, Any]
) -> dict[str, str]:
    """`endpoints` is what the sandbox wrote down about itself."""
    aws, github, slack = endpoints["aws"], endpoints["github"], endpoints["slack"]
    return bare(variables, home) | {
        "AWS_ENDPOINT_URL": aws["endpoint"],
        "AWS_REGION": aws["region"],
        "AWS_DEFAULT_REGION": aws["region"],
        "TIDEGATE_CONFIG": endpoints["config"],
        "TIDEGATE_STATE_DIR": str(home),
        "TIDEGATE_HOST": LOOPBACK,
        "TIDEGATE_PORT": str(port),
        "TIDEGATE_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "TIDEGATE_GITHUB_URL": github["api"],
        "TIDEGATE_GITHUB_TOKEN": github["token"],
        "TIDEGATE_GITHUB_WEBHOOK_SECRETS": github["webhook_secret"],
        "TIDEGATE_GITHUB_OAUTH_ID": github["oauth_id"],
        "TIDEGATE_GITHUB_OAUTH_SECRET": github["oauth_secret"],
        "TIDEGATE_AWS_WEBHOOK_SECRETS": aws["webhook_secret"],
        "TIDEGATE_SLACK_URL": slack["api"],
        "TIDEGATE_SLACK_TOKEN": slack["token"],
        "TIDEGATE_SLACK_SIGNING_SECRET": slack["signing_secret"],
        "TIDEGATE_SLACK_TEAM": slack["team"],
        "TIDEGATE_SLACK_APP": slack["app"],
        "TIDEGATE_API_TOKEN": token,
        "TIDEGATE_CONNECT_TO": ",".join(endpoints["connect_to"]),
        "TIDEGATE_PACE_SECONDS": PACE_SECONDS,
        "TIDEGATE_SWEEP_SECONDS": SWEEP_SECONDS,
        "TIDEGATE_METRICS_MINUTE_SECONDS": f"{60 / aws['speed']:g}",
    }


def taken(ports: range) -> list[int]:
    """Those that somebody else listens on."""
    return [port for port in ports if not _can_listen(port)]


@contextmanager
def free_port() -> Iterator[int]:
    """A port for a child to listen on, that nobody else is given before it does, nor while it starts again: it stays
    bound meanwhile, without listening. Linux lets a server bind it all the same, if that sets SO_REUSEADDR as servers
    do (https://man7.org/linux/man-pages/man7/socket.7.html). Other systems don't: there it may be taken meanwhile."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        port = int(holder.getsockname()[1])
        if sys.platform != "linux":
            holder.close()
        yield port


def _can_listen(port: int) -> bool:
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False
