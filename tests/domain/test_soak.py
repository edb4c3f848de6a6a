"""How long another environment has run a version: from what was live there, the newest first."""

from dataclasses import replace
from datetime import datetime, timedelta

from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.soak import FAR_BACK, Soaked, same_version, soaked
from controller.domain.step import Step, StepKind
from tests.support.builders import NEW_IMAGE, NOON, OLD_IMAGE, a_commit, a_deployment, a_revision

HOUR = timedelta(hours=1)
OURS, OTHER = a_revision(), a_revision(OLD_IMAGE, commit=a_commit("2" * 40, tree="u" * 40))


def was_live(number: int, at: datetime, is_ours: bool = True, kind: Kind = Kind.DEPLOY) -> Deployment:
    revision = OURS if is_ours else OTHER
    return a_deployment(number, revision, phase=Phase.SUCCEEDED, finished_at=at, kind=kind)


def of(*line: Deployment) -> Soaked | None:
    return soaked(line, same_version(OURS, [OURS.commit.tree]))


def test_what_is_live_soaks_since_it_had_succeeded() -> None:
    found = of(was_live(2, NOON), was_live(1, NOON - HOUR, is_ours=False))
    assert found == Soaked("dev-2", NOON)
    assert found.lasted(NOON + HOUR) == HOUR


def test_it_ends_when_another_version_takes_its_place() -> None:
    found = of(was_live(3, NOON + HOUR, is_ours=False), was_live(2, NOON))
    assert found == Soaked("dev-2", NOON, NOON + HOUR)
    assert found.lasted(NOON + 5 * HOUR) == HOUR


def test_what_was_rolled_back_has_not_soaked() -> None:
    found = of(was_live(3, NOON + HOUR, is_ours=False, kind=Kind.ROLLBACK), was_live(2, NOON))
    assert found is not None and found.turned_back


def moves(number: int, kind: Kind = Kind.DEPLOY, is_ours: bool = False, raised: bool = True) -> Deployment:
    """It has some of the traffic since two hours after noon."""
    shift = Step(StepKind.SHIFT, ("backend",), percent=50, number=1, started_at=NOON + 2 * HOUR if raised else None)
    running = was_live(number, NOON, is_ours, kind)
    return replace(running, phase=Phase.RUNNING, finished_at=None, steps=(shift,))


def soaking(moving: Deployment, live: Deployment | None = None) -> Soaked | None:
    return soaked([live or was_live(2, NOON)], same_version(OURS, [OURS.commit.tree]), moving)


def test_what_shares_its_traffic_does_not_soak_meanwhile() -> None:
    assert soaking(moves(3)) == Soaked("dev-2", NOON, NOON + 2 * HOUR, beside="dev-3")
    before = soaking(moves(3, raised=False))
    assert before is not None and before.until is None
    assert soaking(moves(3, is_ours=True)) == Soaked("dev-2", NOON)


def test_what_somebody_is_about_to_roll_back_has_not_soaked() -> None:
    leaving = soaking(moves(3, Kind.ROLLBACK, raised=False))
    assert leaving is not None and leaving.turned_back
    rang = soaking(moves(3, is_ours=True), replace(was_live(2, NOON), sent_home=True))
    assert rang is not None and rang.turned_back


def test_what_a_rollback_brought_back_soaks_again() -> None:
    back = was_live(4, NOON + 2 * HOUR, kind=Kind.ROLLBACK)
    assert of(back, was_live(3, NOON + HOUR, is_ours=False), was_live(2, NOON)) == Soaked("dev-4", NOON + 2 * HOUR)


def test_a_correction_and_a_restart_go_on_with_it() -> None:
    again = was_live(3, NOON + HOUR, kind=Kind.CORRECT), was_live(2, NOON)
    assert of(*again) == Soaked("dev-2", NOON)


def test_a_version_is_its_files_or_its_images() -> None:
    same_images = replace(OURS, commit=a_commit("3" * 40, tree="v" * 40))
    same_files = a_revision(OLD_IMAGE)
    is_same = same_version(OURS, [OURS.commit.tree])
    assert is_same(same_images) and is_same(same_files) and not is_same(OTHER)
    assert OTHER.images is not None and NEW_IMAGE not in OTHER.images["backend"]
    half = replace(OTHER, images={**OTHER.images, "backend": (OURS.images or {})["backend"]})
    assert not is_same(half)
    elsewhere = replace(OTHER, images={"worker": "captioncraft-worker@sha256:1"})
    assert not is_same(elsewhere)


def test_a_version_that_was_never_live_has_not_soaked() -> None:
    assert of() is None
    line = [was_live(number, NOON, is_ours=False) for number in range(FAR_BACK + 1, 1, -1)]
    assert of(*line, was_live(1, NOON)) is None
