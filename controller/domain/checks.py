"""Questions asked over HTTP, and their answers."""

from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.secret import Secret


@dataclass(frozen=True)
class HttpCheck:
    """One request: to `url`, optionally with a header, expecting `status` within `within`.

    `header` is (name, value); its value is a secret, because it opens the idle slot. `hidden` are texts that are
    never repeated of what comes back.
    """

    service: str | None
    url: str
    status: int
    within: timedelta
    header: tuple[str, Secret] | None = field(default=None)
    hidden: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class CheckAnswer:
    """`found` says in words what came back; `passed` compares it with what the check expects."""

    check: HttpCheck
    passed: bool
    found: str
