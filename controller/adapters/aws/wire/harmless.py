"""Text of strangers, fit to be kept and shown."""

import re

LONGEST = 4_000
"""Characters of a line that are looked at: an event of CloudWatch Logs may have 256 KiB."""

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a cursor, colours a terminal, or turns the reading order round."""

SECRETS = (
    (re.compile(r"(\w://[^\s:/@]*:)[^\s@/]+(@)"), r"\1[redacted]\2"),
    (
        re.compile(r"(?i)((?:password|passwd|secret|token|api[_-]?key)\w{0,40}[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+"),
        r"\1[redacted]",
    ),
)
"""What programs print of their settings when they fail: passwords in addresses, and values with a telling name."""


LONG_NAMES = re.compile(r"arn:aws[\w-]*:elasticloadbalancing:[\w-]*:\d*:targetgroup/([\w-]+)/\w+")
"""A target group's ARN: its name is enough for people."""


def said(sentence: str) -> str:
    """What AWS says, with names instead of ARNs.

    >>> said("failed in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/dev-web-blue/f9ea)")
    'failed in (target-group dev-web-blue)'
    """
    return harmless(LONG_NAMES.sub(r"\1", sentence))


def harmless(line: str) -> str:
    """
    >>> harmless("\\x1b[31mcannot reach postgresql://app:hunter2@db/captions\\n")
    'cannot reach postgresql://app:[redacted]@db/captions'
    """
    line = UNPRINTABLE.sub("", re.sub(r"\x1b\[[0-9;?]{0,20}[a-zA-Z]", "", line[:LONGEST])).rstrip()
    for pattern, shown in SECRETS:
        line = pattern.sub(shown, line)
    return line
