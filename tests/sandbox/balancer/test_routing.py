"""Routing is a function of rules and request; only whose turn it is has memory."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.balancer.routing import (
    NO_RULE,
    Ask,
    RoundRobin,
    WeightedChoice,
    candidates,
    first_rule,
)
from sandbox.world.ports import Endpoint, Target
from sandbox.world.view import Condition, FixedResponse, GroupView, RuleView, TargetView, WeightedGroup


def a_rule(arn: str, *conditions: Condition) -> RuleView:
    return RuleView(arn=arn, priority=1, conditions=conditions, action=FixedResponse(status=200))


def holds(condition: Condition, **ask: object) -> bool:
    asked = Ask(**{"method": "GET", "path": "/", **ask})  # type: ignore[arg-type]
    return first_rule((a_rule("it", condition),), asked) is not NO_RULE


def a_target(number: int, state: str = "healthy") -> TargetView:
    target = Target(group_arn="group", id=f"10.0.0.{number}", port=80)
    return TargetView(target=target, state=state, endpoint=Endpoint("127.0.0.1", number))  # type: ignore[arg-type]


def a_group(*targets: TargetView) -> GroupView:
    return GroupView(arn="group", name="group", load_balancer_arn="alb", targets=targets)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/api/*", "/api/captions", True),
        ("/api/*", "/api/a/b", True),
        ("/api/*", "/api/", True),
        ("/api/*", "/api", False),
        ("/api/*", "/API/captions", False),
        ("/?", "/a", True),
        ("/?", "/", False),
        ("/?", "/ab", False),
        ("/*", "/", True),
        ("*.png", "/a/b.png", True),
        ("*.png", "/a/bxpng", False),
        ("/[a]", "/a", False),
        ("/[a]", "/[a]", True),
        (r"/a\*", "/a*", True),
        (r"/a\*", "/ab", False),
    ],
)
def test_path_patterns_match_as_albs_do(pattern: str, path: str, matches: bool) -> None:
    assert holds(Condition("path", (pattern,)), path=path) is matches


def test_a_path_pattern_does_not_see_the_query() -> None:
    assert not holds(Condition("path", ("*secret*",)), path="/", query="secret")


def test_hosts_ignore_case() -> None:
    assert holds(Condition("host", ("*.Example.com",)), host="API.example.COM")
    assert not holds(Condition("host", ("*.example.com",)), host="example.com")


def test_headers_ignore_case_and_any_repetition_may_match() -> None:
    condition = Condition("header", ("Gre*",), name="X-Slot")
    assert holds(condition, headers=(("x-slot", "blue"), ("x-slot", "GREEN")))
    assert not holds(condition, headers=(("x-slot", "blue"), ("x-other", "green")))


def test_methods_are_exact() -> None:
    assert holds(Condition("method", ("GET", "HEAD")), method="HEAD")
    assert not holds(Condition("method", ("GET",)), method="get")


def test_a_query_value_matches_under_its_key_or_under_any() -> None:
    assert holds(Condition("query", pairs=(("version", "V*"),)), query="a=1&Version=v2")
    assert not holds(Condition("query", pairs=(("version", "v*"),)), query="other=v2")
    assert holds(Condition("query", pairs=((None, "v2"),)), query="other=v2")


def test_sources_match_by_block() -> None:
    assert holds(Condition("source", ("10.0.0.0/8", "127.0.0.0/8")), source="127.1.2.3")
    assert not holds(Condition("source", ("10.0.0.0/8",)), source="127.1.2.3")


def test_all_conditions_of_a_rule_must_hold_and_the_first_rule_wins() -> None:
    api, get = Condition("path", ("/api/*",)), Condition("method", ("GET",))
    rules = (a_rule("both", api, get), a_rule("api", api), a_rule("default"))
    chosen = [first_rule(rules, Ask(method, path)).arn for method, path in
              (("GET", "/api/x"), ("POST", "/api/x"), ("GET", "/"))]  # fmt: skip
    assert chosen == ["both", "api", "default"]


def test_without_any_rule_the_answer_is_404() -> None:
    action = first_rule((), Ask("GET", "/")).action
    assert isinstance(action, FixedResponse)
    assert action.status == 404


@given(
    weights=st.lists(st.integers(0, 999), min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
    rounds=st.integers(1, 2000),
)
def test_the_split_follows_the_weights_and_weight_0_gets_nothing(weights: list[int], seed: int, rounds: int) -> None:
    groups = tuple(WeightedGroup(f"group-{n}", weight) for n, weight in enumerate(weights))
    choice = WeightedChoice(Random(seed))
    dealt = Counter(choice.choose("rule", groups) for _ in range(rounds))
    total = sum(weights)
    if total == 0:
        assert dealt == {None: rounds}
        return
    for group in groups:
        # Never off by more than one deck's share, which is at most the weight itself.
        assert abs(dealt[group.group_arn] - rounds * group.weight / total) <= group.weight
        assert group.weight > 0 or group.group_arn not in dealt


def test_ten_to_ninety_is_exact_after_every_tenth_request() -> None:
    choice = WeightedChoice(Random(7))
    groups = (WeightedGroup("green", 10), WeightedGroup("blue", 90))
    for _ in range(20):
        assert Counter(choice.choose("rule", groups) for _ in range(10)) == {"green": 1, "blue": 9}


def test_new_weights_hold_from_the_next_request_on() -> None:
    choice = WeightedChoice(Random(7))
    choice.choose("rule", (WeightedGroup("green", 1), WeightedGroup("blue", 99)))
    after = {choice.choose("rule", (WeightedGroup("green", 0), WeightedGroup("blue", 1))) for _ in range(200)}
    assert after == {"blue"}


def test_an_alternating_client_still_meets_both_groups() -> None:
    choice = WeightedChoice(Random(7))
    groups = (WeightedGroup("green", 50), WeightedGroup("blue", 50))
    dealt = [choice.choose("rule", groups) for _ in range(100)]
    assert set(dealt[::2]) == set(dealt[1::2]) == {"green", "blue"}


def test_only_healthy_targets_are_candidates() -> None:
    group = a_group(a_target(1), a_target(2, "unhealthy"), a_target(3, "initial"), a_target(4, "draining"))
    assert [view.target.id for view in candidates(group)] == ["10.0.0.1"]


def test_a_group_without_healthy_targets_fails_open_but_never_to_a_draining_one() -> None:
    group = a_group(a_target(1, "unhealthy"), a_target(2, "initial"), a_target(3, "draining"))
    assert [view.target.id for view in candidates(group)] == ["10.0.0.1", "10.0.0.2"]


def test_targets_take_turns() -> None:
    turns = RoundRobin()
    group = a_group(a_target(1), a_target(2), a_target(3))
    taken = Counter(turns.choose(group) for _ in range(9))
    assert set(taken.values()) == {3}
    assert len(taken) == 3


def test_a_target_that_failed_for_this_request_is_not_chosen_again() -> None:
    turns = RoundRobin()
    bad, good = a_target(1), a_target(2)
    group = a_group(bad, good)
    assert {turns.choose(group, but={bad.target}) for _ in range(5)} == {good}
    assert turns.choose(group, but={bad.target, good.target}) is None


def test_a_changed_group_is_seen_at_once() -> None:
    turns = RoundRobin()
    turns.choose(a_group(a_target(1)))
    assert turns.choose(a_group(a_target(2))) == a_target(2)
    assert turns.choose(a_group()) is None
