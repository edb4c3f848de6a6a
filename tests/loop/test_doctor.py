"""Everything is looked at, whatever can't be."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from controller.domain.diagnosis import WANTED, Access, Hooks, Protection, State
from controller.domain.errors import Blocked
from controller.loop.doctor import attempted, examine_aws, examine_github
from tests.support.builders import NOON, a_binding, a_foundation

BINDINGS = {"dev": a_binding(), "staging": a_binding("staging", "staging"), "shadow": a_binding("shadow")}


@dataclass
class Examiner:
    denied: str = ""
    asked: list[str] = field(default_factory=list)

    def access(self, repository: str) -> Access:
        return self._told("access", Access({name: level for name, (level, _) in WANTED.items()}, True, NOON, NOON))

    def protection(self, repository: str, branch: str) -> Protection:
        return self._told(f"protection {branch}", Protection(1, frozenset({"tidegate"}), False, False))

    def hooks(self, repository: str) -> Hooks:
        return self._told("hooks", Hooks())

    def _told(self, what: str, answer: Any) -> Any:
        self.asked.append(what)
        if what == self.denied:
            raise Blocked("denied")
        return answer


def test_a_repository_is_looked_at_once_and_each_of_its_branches() -> None:
    examiner = Examiner()
    assert State.BROKEN not in [line.state for line in examine_github(examiner, BINDINGS)]
    assert examiner.asked == ["access", "hooks", "protection develop", "protection staging"]


def test_what_can_not_be_looked_at_keeps_nothing_else_from_it() -> None:
    examiner = Examiner(denied="protection develop")
    broken = [line.subject for line in examine_github(examiner, BINDINGS) if line.state is State.BROKEN]
    assert broken == ["branch develop of acme/captioncraft"]
    assert examiner.asked[-1] == "protection staging"
    unreachable = list(examine_github(Examiner(denied="access"), BINDINGS))
    assert [line.state for line in unreachable] == [State.BROKEN]


def test_each_place_on_aws_says_whether_it_can_be_entered() -> None:
    def of(binding: Any) -> Any:
        def foundation() -> Any:
            if binding.name == "staging":
                raise Blocked("AccessDenied")
            return a_foundation(switch_role="arn:role")

        return SimpleNamespace(looks=SimpleNamespace(foundation=foundation))

    lines = list(examine_aws(SimpleNamespace(of=of), BINDINGS))
    assert [(line.subject, line.state) for line in lines] == [
        ("aws dev", State.OK),
        ("aws staging", State.BROKEN),
        ("aws shadow", State.OK),
    ]


def test_a_bug_in_a_look_is_no_finding() -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    try:
        list(attempted("x", broken))
    except ZeroDivisionError:
        return
    raise AssertionError("it was hidden")
