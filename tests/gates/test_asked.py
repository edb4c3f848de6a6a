"""Gates are asked one after the other, and none without what it has to see."""

from datetime import datetime

from controller.domain.environment import Environment
from controller.domain.snapshot import Evidence, Resolved
from controller.domain.verdict import Answer, Verdict, held, opened
from controller.gates import Gate, ask, sees
from controller.gates.base import Case
from tests.support.builders import NOON, a_binding, a_deployment

CASE = Case(a_deployment(), Environment("dev"), a_binding(), None, Resolved())
CHECKS = frozenset({Evidence.CHECKS})
NOTHING: frozenset[Evidence] = frozenset()


def is_open(case: Case, now: datetime) -> Verdict:
    return opened("first.open", "it is open")


def is_shut(case: Case, now: datetime) -> Verdict:
    return held("second.shut", "it is shut")


def never(case: Case, now: datetime) -> Verdict:
    raise AssertionError("it must not be asked")


def test_all_are_asked_until_one_is_shut() -> None:
    asked = ask({"first": Gate(is_open), "second": Gate(is_shut), "third": Gate(never)}, CASE, NOTHING, NOON)
    assert [(each.gate, each.answer) for each in asked.judged] == [("first", Answer.OPEN), ("second", Answer.HELD)]
    assert asked.shut == is_shut(CASE, NOON) and not asked.lacks


def test_a_gate_without_its_evidence_is_not_asked() -> None:
    has = frozenset({Evidence.SERVICES})
    asked = ask({"first": Gate(is_open), "second": Gate(never, CHECKS), "third": Gate(never)}, CASE, has, NOON)
    assert (asked.lacks, asked.shut, len(asked.judged)) == (CHECKS, None, 1)
    seen = ask({"second": Gate(is_shut, CHECKS)}, CASE, has | CHECKS, NOON)
    assert not seen.lacks and seen.shut is not None


def test_what_no_file_wants_is_neither_asked_nor_looked_at() -> None:
    gates = {"first": Gate(never, CHECKS, lambda case: False), "second": Gate(is_open)}
    assert sees(gates, CASE) == NOTHING
    assert [each.gate for each in ask(gates, CASE, NOTHING, NOON).judged] == ["second"]
    assert sees({"first": Gate(never, CHECKS)}, CASE) == CHECKS
