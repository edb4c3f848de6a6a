"""Which version a rollback goes to."""

from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.history import version_before
from tests.support.builders import a_deployment, a_revision


def version(number: int, image: int, **changes: object) -> Deployment:
    """A deployment that succeeded with this image."""
    return a_deployment(number, a_revision(image=f"sha256:{image:064x}"), phase=Phase.SUCCEEDED, **changes)


def a_rollback(number: int, image: int, to: str) -> Deployment:
    return version(number, image, kind=Kind.ROLLBACK, back_to=to)


def before(*history: Deployment) -> str | None:
    """Of the last one, which is live."""
    *earlier, live = history
    found = version_before(live, reversed(earlier))
    return found.id if found else None


def test_the_one_before_the_live_one() -> None:
    assert before(version(1, 1), version(2, 2), version(3, 3)) == "dev-2"


def test_there_is_none_before_the_first() -> None:
    assert before(version(1, 1)) is None


def test_deployments_that_changed_nothing_are_passed_over() -> None:
    assert before(version(1, 1), version(2, 2), version(3, 2)) == "dev-1"


def test_going_back_twice_goes_further_back() -> None:
    assert before(version(1, 1), version(2, 2), version(3, 3), a_rollback(4, 2, to="dev-2")) == "dev-1"


def test_going_back_after_a_rollback_and_a_new_version_does_not_bring_what_was_rolled_back() -> None:
    history = version(1, 1), version(2, 2), a_rollback(3, 1, to="dev-1"), version(4, 4)
    assert before(*history) == "dev-3"


def test_what_two_rollbacks_have_left_is_gone_back_to_by_none() -> None:
    history = version(1, 1), version(2, 2), version(3, 3), a_rollback(4, 2, to="dev-2"), a_rollback(5, 1, to="dev-1")
    assert before(*history) is None


def test_a_version_that_came_back_after_its_rollback_is_one_to_go_back_to() -> None:
    history = version(1, 1), version(2, 2), a_rollback(3, 1, to="dev-1"), version(4, 2), version(5, 5)
    assert before(*history) == "dev-4"


def test_numbers_say_nothing_about_what_was_live_before() -> None:
    assert before(version(1, 1), a_rollback(5, 2, to="dev-2"), version(4, 4)) == "dev-5"
