"""What somebody did in Slack, as it was heard. Who it is, is not known yet: a Slack account is no person."""

from dataclasses import dataclass
from enum import StrEnum


class Did(StrEnum):
    APPROVE = "approve"  # the button
    REJECT = "reject"  # the button that opens the form for why
    REJECTED = "rejected"  # that form, filled in
    CODE = "code"  # the button that opens the form for the code
    CODED = "coded"  # that form, filled in
    NOTHING = "nothing"  # a link was followed, or something that nobody waits for


@dataclass(frozen=True)
class Interaction:
    """`account` is Slack's name for somebody, `place` where they are answered, empty where nobody knows. `deployment`
    and `plan` are what a button or a form was about; `typed` is what was filled in. `trigger` opens a form for three
    seconds. `digest` is of the whole request: the same one twice is one."""

    account: str
    did: Did
    place: str
    deployment: str
    plan: str
    typed: str
    trigger: str
    digest: str
