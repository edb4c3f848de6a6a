"""What a sweep finds, and what it leaves alone: on both databases, with the time standing still."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.errors import Blocked, Transient
from controller.domain.orders import Order, OrderKind
from controller.domain.release import Release, sight_of
from controller.loop.sweep import ASK_AGAIN_SECONDS, RATE_LIMIT, Heads, WakeUp, wake_ups
from controller.store import Standing, Store
from tests.support.builders import NOON, a_binding, a_deployment, a_revision
from tests.support.database import MovedClock

NAMES = ("dev", "staging", "prod")
EVERY = timedelta(minutes=1)
BINDINGS = {
    "dev": a_binding("dev", "develop"),
    "staging": a_binding("staging", "staging"),
    "prod": replace(a_binding("prod", "main"), repository="acme/other"),
}
SHAS = {"develop": "d" * 40, "staging": "e" * 40, "main": "f" * 40}


@dataclass
class Branches:
    shas: dict[str, str] = field(default_factory=lambda: dict(SHAS))
    trouble: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    releases: dict[str, tuple[Release, ...]] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)

    def heads(self, repository: str) -> dict[str, str]:
        self.asked.append(repository)
        if repository in self.trouble:
            raise self.trouble[repository]
        return self.shas

    def released(self, repository: str) -> tuple[Release, ...]:
        self.listed.append(repository)
        return self.releases.get(repository, ())


def at_rest(store: Store) -> None:
    """Every branch is where it was recorded."""
    with store.write() as unit:
        for binding in BINDINGS.values():
            environment = unit.environments.get(binding.name)
            unit.environments.save(replace(environment, recorded=SHAS[binding.branch]))


def found(store: Store, clock: MovedClock) -> list[WakeUp]:
    with store.read() as unit:
        return list(wake_ups(unit.standings.all(), BINDINGS, clock.now(), EVERY))


def an_open_deployment(store: Store, phase: Phase = Phase.WAITING) -> None:
    with store.write() as unit:
        unit.revisions.add(a_revision())
        unit.deployments.add(a_deployment(1, phase=phase))


def at_once(name: str) -> WakeUp:
    return WakeUp(name, timedelta(0))


def test_at_rest_nothing_is_found(store: Store, clock: MovedClock) -> None:
    at_rest(store)
    assert found(store, clock) == []


def test_a_request_for_a_look_is_found_until_it_is_answered(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.environments.request_look(["prod"])
    assert found(store, clock) == [at_once("prod")]
    with store.write() as unit:
        environment = unit.environments.get("prod")
        unit.environments.save(replace(environment, head_seen=environment.head_requested))
    assert found(store, clock) == []


def test_an_unanswered_order_is_found_whatever_the_timer_says(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.timers.set("staging", clock.now() + timedelta(minutes=5))
        unit.orders.leave(Order(0, OrderKind.UNHOLD, "staging", None, "because", "ada", clock.now()))
    assert found(store, clock) == [at_once("staging")]


@pytest.mark.parametrize(
    ("due_in", "wanted"),
    [
        (None, [at_once("dev")]),
        (timedelta(seconds=-1), [at_once("dev")]),
        (timedelta(seconds=40), [WakeUp("dev", timedelta(seconds=40))]),
        (timedelta(minutes=5), []),
    ],
    ids=["lost", "overdue", "before the next sweep", "later"],
)
def test_an_open_deployment_is_found_by_its_due_time(
    store: Store, clock: MovedClock, due_in: timedelta | None, wanted: list[WakeUp]
) -> None:
    an_open_deployment(store)
    with store.write() as unit:
        unit.timers.set("dev", None if due_in is None else clock.now() + due_in)
    assert found(store, clock) == wanted


def test_a_due_time_of_a_clock_that_was_set_back_since_is_overdue(store: Store, clock: MovedClock) -> None:
    at_rest(store)
    an_open_deployment(store)
    with store.write() as unit:
        unit.timers.set("dev", clock.now() + timedelta(days=1))
    assert found(store, clock) == [at_once("dev")]


def test_the_timer_of_an_environment_at_rest_wakes_nobody(store: Store, clock: MovedClock) -> None:
    with store.write() as unit:
        unit.timers.set("dev", clock.now() - timedelta(hours=1))
    assert found(store, clock) == []


def test_a_row_that_is_no_longer_bound_wakes_nobody(clock: MovedClock) -> None:
    assert list(wake_ups([Standing("gone", is_asked=True, due_at=None)], BINDINGS, clock.now(), EVERY)) == []


def test_each_repository_is_asked_once_for_all_its_environments(store: Store) -> None:
    at_rest(store)
    branches = Branches()
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    assert sorted(heads.repositories) == ["acme/captioncraft", "acme/other"]
    assert [heads.compare(repository, 0.0) for repository in heads.repositories] == [(), ()]
    assert sorted(branches.asked) == ["acme/captioncraft", "acme/other"]


def test_only_the_environment_whose_branch_has_moved_is_asked_to_look(store: Store, clock: MovedClock) -> None:
    at_rest(store)
    heads = Heads(store, Branches({**SHAS, "staging": "0" * 40}), BINDINGS)  # type: ignore[arg-type]
    assert heads.compare("acme/captioncraft", 0.0) == ("staging",)
    assert found(store, clock) == [at_once("staging")]


def test_heads_that_were_recorded_and_stay_are_not_compared_with_the_rows_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_rest(store)
    branches = Branches()
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    assert heads.compare("acme/captioncraft", 0.0) == ()
    with monkeypatch.context() as silent:
        silent.setattr(store, "read", None)
        assert heads.compare("acme/captioncraft", 60.0) == ()
    branches.shas["staging"] = "0" * 40
    assert heads.compare("acme/captioncraft", 120.0) == ("staging",)


def test_a_branch_that_was_deleted_differs_from_what_is_recorded(store: Store) -> None:
    at_rest(store)
    gone = {name: sha for name, sha in SHAS.items() if name != "develop"}
    assert Heads(store, Branches(gone), BINDINGS).compare("acme/captioncraft", 0.0) == ("dev",)  # type: ignore[arg-type]


def test_a_look_that_waits_already_is_not_asked_for_again(store: Store) -> None:
    heads = Heads(store, Branches(), BINDINGS)  # type: ignore[arg-type]
    with store.write() as unit:
        unit.environments.request_look(["dev", "staging"])
    assert heads.compare("acme/captioncraft", 0.0) == ()
    with store.read() as unit:
        assert unit.environments.get("dev").head_requested == 1


def answered(store: Store, name: str) -> None:
    with store.write() as unit:
        environment = unit.environments.get(name)
        unit.environments.save(replace(environment, head_seen=environment.head_requested))


def test_a_head_that_cannot_be_recorded_is_looked_at_again_after_a_while_only(store: Store) -> None:
    at_rest(store)
    branches = Branches({**SHAS, "develop": "0" * 40})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    assert heads.compare("acme/captioncraft", 0.0) == ("dev",)
    answered(store, "dev")
    assert heads.compare("acme/captioncraft", 60.0) == (), "looked at, and not recorded: its file is broken"
    assert heads.compare("acme/captioncraft", ASK_AGAIN_SECONDS) == ("dev",), "it may have been mended without a push"
    answered(store, "dev")
    branches.shas["develop"] = "1" * 40
    assert heads.compare("acme/captioncraft", ASK_AGAIN_SECONDS + 1) == ("dev",), "another commit"


def test_a_repository_that_does_not_answer_costs_only_itself(store: Store) -> None:
    at_rest(store)
    away = Transient("no answer", retry_after=timedelta(seconds=90))
    branches = Branches(trouble={"acme/captioncraft": away})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    with pytest.raises(Transient):
        heads.compare("acme/captioncraft", 0.0)
    assert heads.compare("acme/captioncraft", 89.0) == ()
    heads.compare("acme/other", 89.0)
    assert branches.asked == ["acme/captioncraft", "acme/other"], "it is not asked before it said it may be"


def test_a_share_of_requests_that_is_used_up_rests_all_of_that_owner(store: Store) -> None:
    spent = Transient("too many", code=RATE_LIMIT, retry_after=timedelta(minutes=30))
    branches = Branches(trouble={"acme/captioncraft": spent})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    with pytest.raises(Transient):
        heads.compare("acme/captioncraft", 0.0)
    heads.compare("acme/other", 1799.0)
    assert branches.asked == ["acme/captioncraft"]
    heads.compare("acme/other", 1800.0)
    assert branches.asked == ["acme/captioncraft", "acme/other"]


V1 = Release("v1.0.0", "One", "https://github.example/v1.0.0", NOON, "d" * 40)
V2 = replace(V1, tag="v2.0.0", published_at=NOON + timedelta(hours=1), points_at="e" * 40)


def on_releases(store: Store, *releases: Release) -> None:
    """`prod` has taken what these releases and its branch's head stand for."""
    at_rest(store)
    with store.write() as unit:
        environment = unit.environments.get("prod")
        sight = sight_of(SHAS["main"], releases)
        unit.environments.save(replace(environment, recorded="9" * 40, sight=sight))


def test_releases_are_asked_for_only_where_they_count(store: Store) -> None:
    on_releases(store, V1)
    branches = Branches(releases={"acme/other": (V1,)})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    for now in (0.0, 60.0):
        assert [heads.compare(repository, now) for repository in heads.repositories] == [(), ()]
    assert branches.listed == ["acme/other", "acme/other"]


def changes() -> dict[str, tuple[Release, ...]]:
    moved, unpublished = replace(V1, points_at="0" * 40), ()
    return {"published": (V2, V1), "moved": (moved,), "withdrawn": unpublished}


@pytest.mark.parametrize("now_there", changes().values(), ids=changes())
def test_a_release_that_nobody_told_of_is_found_by_the_next_sweep(
    store: Store, clock: MovedClock, now_there: tuple[Release, ...]
) -> None:
    on_releases(store, V1)
    branches = Branches(releases={"acme/other": (V1,)})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    assert heads.compare("acme/other", 0.0) == ()
    branches.releases["acme/other"] = now_there
    assert heads.compare("acme/other", 60.0) == ("prod",)
    assert found(store, clock) == [at_once("prod")]


def test_a_push_to_a_branch_with_releases_is_found(store: Store) -> None:
    """Its file may say that pushes count from now on."""
    on_releases(store, V1)
    branches = Branches(releases={"acme/other": (V1,)})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    heads.compare("acme/other", 0.0)
    branches.shas["main"] = "0" * 40
    assert heads.compare("acme/other", 60.0) == ("prod",)


def test_a_look_that_waits_does_not_hide_that_releases_count(store: Store) -> None:
    on_releases(store, V1)
    branches = Branches(releases={"acme/other": (V1,)})
    heads = Heads(store, branches, BINDINGS)  # type: ignore[arg-type]
    heads.compare("acme/other", 0.0)
    branches.releases["acme/other"] = (V2, V1)
    heads.compare("acme/other", 60.0)
    branches.asked.clear()
    assert heads.compare("acme/other", 120.0) == ()
    assert branches.asked == ["acme/other"], "once"


def test_a_release_that_can_t_be_taken_is_looked_at_again_after_a_while_only(store: Store) -> None:
    on_releases(store, V1)
    with store.write() as unit:
        unit.environments.save(unit.environments.get("prod").unseen())
    heads = Heads(store, Branches(releases={"acme/other": (V1,)}), BINDINGS)  # type: ignore[arg-type]
    assert heads.compare("acme/other", 0.0) == ("prod",)
    answered(store, "prod")
    assert heads.compare("acme/other", 60.0) == ()
    assert heads.compare("acme/other", ASK_AGAIN_SECONDS) == ("prod",)


def test_a_repository_that_may_not_be_read_asks_for_nothing(store: Store, clock: MovedClock) -> None:
    at_rest(store)
    branches = Branches(trouble={"acme/captioncraft": Blocked("denied", code="github.denied")})
    with pytest.raises(Blocked):
        Heads(store, branches, BINDINGS).compare("acme/captioncraft", 0.0)  # type: ignore[arg-type]
    assert found(store, clock) == []
