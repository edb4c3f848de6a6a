"""Text of strangers, fit to be kept and shown: what programs print, and what they answer."""

import re
from collections.abc import Collection

LONGEST = 4_000
"""Characters of a line that are looked at: an event of CloudWatch Logs may have 256 KiB."""

REDACTED = "[redacted]"

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a cursor, colours a terminal, or turns the reading order round."""

NAME = (
    r"(?:passw(?:or)?d|passphrase|pwd|(?<![a-z])pass(?!\w)|(?<!\d:)secret(?!smanager)|token|credential|(?:api|access|private)[_-]?key)"
    r"[\w-]{0,40}"
)
TELLING = rf"{NAME}\\{{0,3}}[\"']?\s{{0,5}}[=:]\s{{0,5}}\\{{0,3}}"
"""A telling name and what stands between it and its value, also inside of a quoted text."""

SECRETS = (
    # https://user:password@host, where the password may hold `/` and `@`; what begins like a port is none.
    (re.compile(r"(\w://[^\s:/@\"']{0,64}:)(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"'<>]{1,500}(@)"), rf"\1{REDACTED}\2"),
    # https://token@host
    (re.compile(r"(?i)(https?://)[^\s:/?#@\"'<>]{1,500}(@)"), rf"\1{REDACTED}\2"),
    (
        re.compile(
            r"(?i)(authorization\\{0,3}[\"']?\s{0,5}[=:]\s{0,5}\\{0,3}[\"']?(?:[a-z][\w-]{0,30}\s{1,5})?)[^\s\"',;]+"
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(?i)(\bbearer\s{1,5})[\w.~+/=-]{16,}"), rf"\1{REDACTED}"),
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?"), REDACTED),
    (re.compile(rf"(?i)({TELLING})([\"'])(?:(?!\2)[^\\]|\\.)+"), rf"\1\2{REDACTED}"),
    (re.compile(rf"(?i)({TELLING})[\[({{][^\])}}]*[\])}}]?"), rf"\1{REDACTED}"),
    # Up to where another name begins, or the sentence goes on.
    (
        re.compile(rf"(?i)({TELLING})[^\s\"',;&\\\[({{](?:[^\s\"',;&]|[,;&](?![\w-]{{1,40}}[=:])(?=[^\s\"',;&]))*"),
        rf"\1{REDACTED}",
    ),
    (re.compile(rf"(?i)(--(?:[\w-]{{0,40}}-)?{NAME}\s{{1,5}})[^\s-]\S*"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)(\bcookie\\{0,3}[\"']?\s{0,5}[=:]\s{0,5})(?:\"[^\"]*\"?|'[^']*'?|.+)"), rf"\1{REDACTED}"),
)
"""What programs print of their settings when they fail. Before its value every pattern is bounded, so that a line of
nothing but beginnings costs no more than its length."""


def harmless(line: str) -> str:
    """
    >>> harmless("\\x1b[31mcannot reach postgresql://app:hunter2@db/captions\\n")
    'cannot reach postgresql://app:[redacted]@db/captions'
    """
    line = UNPRINTABLE.sub("", re.sub(r"\x1b\[[0-9;?]{0,20}[a-zA-Z]", "", line[:LONGEST])).rstrip()
    for pattern, shown in SECRETS:
        line = pattern.sub(shown, line)
    return line


def without(text: str, hidden: Collection[str]) -> str:
    """`text` with none of these in it.

    >>> without("said hunter2", ["hunter2"])
    'said [redacted]'
    """
    for each in sorted(hidden, key=len, reverse=True):
        text = text.replace(each, REDACTED)
    return text
