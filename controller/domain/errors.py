"""Errors, sorted by what happens next, not by where they came from.

    TidegateError
    ├── Transient      look again after `retry_after`; a write may or may not have taken effect
    ├── Conflict       somebody was faster, or the lease is gone: end the pass, change nothing
    ├── Rejected       the author must change a file
    └── Blocked        an operator must act: rights, quota, a missing foundation

Anything else that escapes is a bug: it is logged with its traceback and stops only the environment it happened in.
"""

from collections.abc import Sequence
from datetime import timedelta

DEFAULT_RETRY = timedelta(seconds=5)


class TidegateError(Exception):
    """Every error that Tidegate raises on purpose; `code` is stable, the message is for people."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Transient(TidegateError):
    """Throttled, timed out, unreachable: nothing is known about the effect of a write until it is observed."""

    def __init__(self, message: str, *, code: str = "transient", retry_after: timedelta = DEFAULT_RETRY) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Conflict(TidegateError):
    """A compare-and-set failed, a lease was lost, or the world changed between the look and the act."""

    def __init__(self, message: str, *, code: str = "conflict") -> None:
        super().__init__(message, code=code)


class Rejected(TidegateError):
    """A file says something that cannot be carried out; `problems` lists every complaint at once, as printable
    values."""

    def __init__(self, problems: Sequence[object], *, code: str = "file.invalid") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), code=code)
        self.problems = tuple(problems)


class Blocked(TidegateError):
    """Retrying cannot help until a person changes something outside Tidegate."""

    def __init__(self, message: str, *, code: str = "blocked") -> None:
        super().__init__(message, code=code)
