"""Stands where PyGithub's requester does, for the exact requests and for answers that no server here gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Requester:
    """Answers in turn, and what was asked; a body of None is 304."""

    answers: list[tuple[dict[str, str], Any]]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def requestJsonAndCheck(self, verb: str, url: str, headers: dict[str, str]) -> tuple[dict[str, str], Any]:  # noqa: N802  (PyGithub's name)
        assert verb == "GET"
        self.asked.append((url, headers))
        return self.answers.pop(0)
