"""Rules of one listener that ask for the same requests: which there may be.

ELBv2 takes any number of them; the one with the lowest number gets the requests, and the others wait for it to go.
Which one of ours that is, a plan decides (`RuleView.behind`, the step `route`); nobody else's is ever overtaken.
"""

from controller.adapters.aws.rules import RuleBook
from controller.adapters.aws.wire import rules as wire
from controller.adapters.aws.wire.rules import Condition, ListenerRule
from controller.domain.actions import PutTestRule, SetWeights
from controller.domain.errors import Blocked


def insist_on_no_double(book: RuleBook, action: PutTestRule) -> None:
    """A header's value leads to one slot of one service."""
    for twin in book.twins(wire.compared(wire.conditions(action.header))):
        raise _refused(book, twin, action.service)


def insist_on_no_twin(book: RuleBook, action: SetWeights) -> None:
    """For a rule that is to be made. An orphan's may ask for the same: the new rule is asked before it, and when that
    one is removed, the orphan's is again."""
    for twin in book.twins(wire.compared(wire.conditions(action.route))):
        if not _is_orphan(book, twin, action):
            raise _refused(book, twin, action.service)


def insist_on_no_stranger(book: RuleBook, rule: ListenerRule, asks: frozenset[Condition], service: str) -> None:
    """For a rule that is to ask for this. Those of our other services may still do so: two services that exchange their
    routes do that one after the other."""
    for twin in book.twins(asks, but=rule.arn):
        if book.public_of(twin) is None:
            raise _refused(book, twin, service)


def _is_orphan(book: RuleBook, rule: ListenerRule, action: SetWeights) -> bool:
    """Whether it is the public rule of a service of ours that the file does not name. To a caller who does not say what
    the file names, nobody is an orphan."""
    service = book.public_of(rule)
    return service is not None and bool(action.beside) and service not in action.beside


def _refused(book: RuleBook, twin: ListenerRule, service: str) -> Blocked:
    owner = book.public_of(twin)
    whose = "is not this service's. Remove it" if owner is None else f"is {owner}'s. Give that another route first"
    return Blocked(
        f"Route of {service}: rule {twin.priority} ({twin.arn}) of the same listener matches the same requests and"
        f" {whose}, or change the route of {service} in the environment file.",
        code="rule.foreign_twin",
    )
