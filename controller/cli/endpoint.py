"""Which controller is meant: the one that the environment names, else the sandbox's of this directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

STATE_DIRECTORY = ".tidegate"
SANDBOX_FILE = "sandbox.json"
URL, TOKEN, STATE = "TIDEGATE_URL", "TIDEGATE_API_TOKEN", "TIDEGATE_STATE_DIR"
API = "/api/v1"


@dataclass(frozen=True)
class Endpoint:
    """`api` has no trailing slash."""

    api: str
    token: str = field(repr=False)


class NoEndpoint(Exception):
    """The sentence says what to set or to start; `is_misuse` when something was set, and wrongly."""

    def __init__(self, sentence: str, *, is_misuse: bool = False) -> None:
        super().__init__(sentence)
        self.is_misuse = is_misuse


def find_endpoint(variables: Mapping[str, str], here: Path) -> Endpoint:
    """By TIDEGATE_URL and TIDEGATE_API_TOKEN, else by the nearest `.tidegate/sandbox.json`. Raises `NoEndpoint`."""
    url = variables.get(URL, "").strip()
    if url:
        return _named(url, variables.get(TOKEN, "").strip())
    file = sandbox_file(variables, here)
    if file is None:
        told = f"no controller is known here: set {URL} and {TOKEN}, or start one with `tidegate up`"
        raise NoEndpoint(told)
    return _of_sandbox(file)


def sandbox_file(variables: Mapping[str, str], here: Path) -> Path | None:
    """In TIDEGATE_STATE_DIR where it is set, else in `.tidegate` of this directory or the nearest above it."""
    named = variables.get(STATE)
    places = [Path(named)] if named else [place / STATE_DIRECTORY for place in (here, *here.parents)]
    return next((place / SANDBOX_FILE for place in places if (place / SANDBOX_FILE).is_file()), None)


def _named(url: str, token: str) -> Endpoint:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise NoEndpoint(f"{URL} isn't an http or https address", is_misuse=True)
    if not token:
        raise NoEndpoint(f"{URL} is set and {TOKEN} isn't: the controller wants its token", is_misuse=True)
    base = url.rstrip("/")
    return Endpoint(base if base.endswith(API) else base + API, token)


def _of_sandbox(file: Path) -> Endpoint:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Endpoint(str(found["api"]).rstrip("/"), str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        told = f"{file} can't be read ({type(error).__name__}): start the sandbox again with `tidegate up`"
        raise NoEndpoint(told) from error
