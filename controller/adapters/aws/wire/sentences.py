"""Sentences of AWS's, as people read them."""

import re

from controller.domain.strangers import harmless

LONG_NAMES = re.compile(r"arn:aws[\w-]*:elasticloadbalancing:[\w-]*:\d*:targetgroup/([\w-]+)/\w+")
"""A target group's ARN: its name is enough for people."""


def said(sentence: str) -> str:
    """What AWS says, with names instead of ARNs.

    >>> said("failed in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/dev-web-blue/f9ea)")
    'failed in (target-group dev-web-blue)'
    """
    return harmless(LONG_NAMES.sub(r"\1", sentence))
