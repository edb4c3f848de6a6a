"""What a look finds where releases count: which of them is deployed, and what is said of the others."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.environment import REWRITTEN, Environment
from controller.domain.reason import Reason
from controller.domain.revision import Commit, Revision
from controller.loop.heads import Look, look_at_head, named_revision
from tests.support.builders import FILE, NOON, a_binding
from tests.support.outside import Repository

BINDING = a_binding()
RELEASED = FILE.replace("branch: develop\n", "branch: develop\non: release\n")
VERSIONED = RELEASED.replace('"{branch}-{sha}"', '"{version}"')
PATH = "environments/dev.yaml"
HOUR = timedelta(hours=1)


def pushed(repository: Repository, text: str = RELEASED, **how: Any) -> Commit:
    return repository.push({PATH: text}, **how)


def look(repository: Repository, environment: Environment) -> Look:
    return look_at_head(environment, BINDING, repository, NOON)


def after(repository: Repository, environment: Environment | None = None) -> Environment:
    return look(repository, environment or Environment("dev")).environment


def a_released(tag: str = "v1.4.0", text: str = RELEASED) -> tuple[Repository, Environment]:
    """A repository whose first commit is released, and what a look at it has recorded."""
    repository = Repository()
    pushed(repository, text)
    repository.publish(tag)
    return repository, after(repository)


def code(reason: Reason | None) -> str | None:
    return reason.code if reason else None


def test_the_newest_release_of_the_branch_is_recorded_with_its_own_file() -> None:
    repository = Repository()
    released = pushed(repository, RELEASED.replace("count: 2", "count: 3"))
    pushed(repository)
    repository.publish("v1.4.0", released)
    found = look(repository, Environment("dev"))
    assert found.revision is not None and found.revision.commit == released
    assert found.revision.version == "v1.4.0" and "count: 3" in found.revision.text
    assert (found.environment.recorded, found.environment.problem) == (released.sha, None)
    assert found.environment.release is not None and found.environment.release.tag == "v1.4.0"


def test_without_a_release_the_environment_waits_and_nothing_is_wrong() -> None:
    repository = Repository()
    pushed(repository)
    found = look(repository, Environment("dev"))
    assert found.revision is None and found.environment.problem is None
    assert found.environment.remark == Reason(
        "release.none", "no published release of acme/captioncraft is on develop yet"
    )
    assert found.environment.follows_releases
    assert look(repository, found.environment).entry is None, "it is said once"


def test_a_push_between_two_releases_deploys_nothing() -> None:
    repository, environment = a_released()
    pushed(repository)
    found = look(repository, environment)
    assert found.revision is None and found.environment.recorded == environment.recorded


def test_the_next_release_is_taken() -> None:
    repository, environment = a_released()
    newest = pushed(repository)
    repository.publish("v1.5.0", after=HOUR)
    found = look(repository, environment)
    assert found.revision is not None and found.revision.commit == newest and found.revision.version == "v1.5.0"


def test_a_release_of_an_older_commit_is_not_deployed_by_itself_and_no_alarm() -> None:
    repository = Repository()
    older, _ = pushed(repository), pushed(repository)
    repository.publish("v1.4.0")
    environment = after(repository)
    repository.publish("v1.3.9", older, after=HOUR)
    found = look(repository, environment)
    assert found.revision is None and found.environment.problem is None
    assert code(found.environment.remark) == "release.older"
    assert found.environment.remark is not None
    assert f"v1.3.9 is {older.short}, which doesn't descend from" in found.environment.remark.text
    assert found.entry is not None and found.entry.text == found.environment.remark.text


def test_a_newer_release_is_found_behind_an_older_one_that_was_published_after_it() -> None:
    repository = Repository()
    older, _ = pushed(repository), pushed(repository)
    repository.publish("v1.4.0")
    environment = after(repository)
    newest = pushed(repository)
    repository.publish("v1.5.0", after=HOUR)
    repository.publish("v1.3.9", older, after=2 * HOUR)
    found = look(repository, environment)
    assert found.revision is not None and found.revision.commit == newest


def test_releases_of_other_branches_are_passed_over() -> None:
    repository = Repository()
    released = pushed(repository)
    repository.publish("v1.4.0")
    for number in range(120):
        repository.publish(f"preview-{number}", repository.push_aside({PATH: RELEASED}))
    assert code(after(repository).remark) == "release.none"
    repository.releases = dict(list(repository.releases.items())[:90])
    assert after(repository).recorded == released.sha


def test_of_several_releases_of_one_commit_the_newest_gives_the_name_and_it_is_deployed_once() -> None:
    repository, environment = a_released()
    repository.publish("v1.4.1", after=HOUR)
    assert look(repository, environment).revision is None
    first = look(repository, Environment("dev")).revision
    assert first is not None and first.version == "v1.4.1"


def test_a_release_that_is_withdrawn_undoes_nothing_and_is_spoken_of() -> None:
    repository, environment = a_released()
    repository.releases.clear()
    found = look(repository, environment)
    assert found.revision is None and found.environment.recorded == environment.recorded
    assert code(found.environment.remark) == "release.withdrawn" and found.environment.problem is None


def test_a_withdrawn_release_does_not_bring_the_one_before_it_back() -> None:
    repository = Repository()
    pushed(repository)
    repository.publish("v1.3.0")
    newest = pushed(repository)
    repository.publish("v1.4.0", after=HOUR)
    environment = after(repository)
    del repository.releases["v1.4.0"]
    found = look(repository, environment)
    assert found.revision is None and found.environment.recorded == newest.sha
    assert code(found.environment.remark) == "release.withdrawn"


def test_a_prerelease_that_becomes_a_release_late_is_taken() -> None:
    """It keeps the moment at which it was published as a prerelease."""
    repository = Repository()
    fixed, later = pushed(repository), pushed(repository)
    repository.publish("v1.4.1", fixed, after=HOUR)
    environment = after(repository)
    repository.publish("v1.5.0", later, after=-HOUR)
    found = look(repository, environment)
    assert found.revision is not None and found.revision.commit == later


def test_two_releases_end_the_same_whether_or_not_anybody_looked_between_them() -> None:
    repository = Repository()
    older, newer = pushed(repository), pushed(repository)
    repository.publish("v2.0.0", newer)
    between = after(repository)
    repository.publish("v1.9.1", older, after=HOUR)
    assert after(repository, between).recorded == after(repository).recorded == newer.sha


def test_releases_long_ago_are_not_looked_at() -> None:
    repository = Repository()
    for number in range(50):
        pushed(repository)
        repository.publish(f"v1.{number}.0")
    asked: list[str] = []
    tagged = repository.tagged
    repository.tagged = lambda name, tag: asked.append(tag) or tagged(name, tag)  # type: ignore[method-assign, func-returns-value]
    environment = after(repository)
    after(repository, environment)
    assert asked == ["v1.49.0", "v1.48.0"] * 2


def test_a_tag_that_moves_on_is_a_new_deployment() -> None:
    repository, environment = a_released()
    moved = pushed(repository)
    repository.tags["v1.4.0"] = moved.sha
    found = look(repository, environment)
    assert found.revision is not None and found.revision.commit == moved


def test_a_tag_that_moves_to_another_branch_is_spoken_of_and_what_it_was_stays() -> None:
    repository, environment = a_released()
    repository.tags["v1.4.0"] = repository.push_aside({PATH: RELEASED}).sha
    found = look(repository, environment)
    assert found.revision is None and found.environment.recorded == environment.recorded
    assert code(found.environment.remark) == "release.moved"


def test_a_branch_that_no_longer_contains_the_release_is_rewritten() -> None:
    repository, environment = a_released()
    pushed(repository, rewrite=True)
    assert code(after(repository, environment).problem) == REWRITTEN


def test_a_released_file_that_asks_for_pushes_is_named_with_both_places() -> None:
    repository = Repository()
    released = pushed(repository, FILE)
    repository.publish("v1.4.0")
    pushed(repository)
    environment = after(repository)
    assert code(environment.problem) == "release.not_asked"
    assert environment.problem is not None and f"says on: push at {released.short}" in environment.problem.text
    assert environment.sight == "", "it is asked for again"


def test_a_broken_file_at_the_head_takes_no_release() -> None:
    repository, environment = a_released()
    pushed(repository, RELEASED.replace("count: 2", "count: none"))
    repository.publish("v1.5.0", after=HOUR)
    found = look(repository, environment)
    assert found.revision is None and code(found.environment.problem) == "file.invalid"
    assert found.environment.follows_releases


def test_a_file_that_turns_releases_on_keeps_what_is_live_until_the_first_of_them() -> None:
    repository = Repository()
    pushed(repository, FILE)
    repository.publish("v1.0.0")
    before = after(repository)
    turned = pushed(repository)
    waits = after(repository, before)
    assert (waits.recorded, waits.problem, code(waits.remark)) == (before.recorded, None, None)
    repository.publish("v2.0.0", after=HOUR)
    assert after(repository, waits).recorded == turned.sha


def test_a_file_that_turns_releases_off_deploys_the_head() -> None:
    repository, environment = a_released()
    head = pushed(repository, FILE)
    found = look(repository, environment)
    assert found.revision is not None and found.revision.commit == head and found.revision.release is None
    assert not found.environment.follows_releases and found.environment.release is None


def test_a_release_is_deployed_also_where_it_changes_only_what_pushes_may_ignore() -> None:
    text = f"{RELEASED}paths: {{ignore: ['docs/**']}}\n"
    repository, environment = a_released(text=text)
    repository.push({"docs/a.md": "a"})
    repository.publish("v1.5.0", after=HOUR)
    assert look(repository, environment).revision is not None


@pytest.mark.parametrize("tag", ["release/1.4.0", "v1.4.0+build.5", "v" + "1" * 130])
def test_a_release_that_no_image_can_be_named_for_is_a_finding(tag: str) -> None:
    _, environment = a_released(tag, VERSIONED)
    assert code(environment.problem) == "release.tag" and environment.recorded is None


def test_a_tag_with_a_slash_is_a_release_where_images_are_named_otherwise() -> None:
    repository, environment = a_released("release/1.4.0")
    assert environment.problem is None and environment.recorded == repository.commits[0][0].sha


# What a person names.


def named(repository: Repository, environment: Environment, ref: str | None = None) -> Any:
    return named_revision(environment, BINDING, repository, ref, NOON)


def test_a_release_may_be_named_and_the_version_is_its_tag() -> None:
    repository, _ = a_released()
    pushed(repository)
    repository.publish("v1.5.0", after=HOUR)
    found = named(repository, after(repository), "v1.4.0")
    assert isinstance(found.revision, Revision) and found.revision.version == "v1.4.0"
    assert found.recorded is None, "v1.5.0 is not deployed again by the next look"


def test_a_commit_that_was_not_released_may_be_named() -> None:
    repository, environment = a_released()
    head = pushed(repository)
    found = named(repository, environment, head.sha)
    assert isinstance(found.revision, Revision) and found.revision.version == f"develop-{head.short}"
    assert found.recorded is None


def test_a_commit_that_was_not_released_has_no_images_by_version() -> None:
    repository, environment = a_released(text=VERSIONED)
    head = pushed(repository, VERSIONED)
    assert code(named(repository, environment, head.sha).revision) == "release.unnamed"


def test_what_is_not_named_is_the_newest_release() -> None:
    repository, environment = a_released()
    pushed(repository)
    found = named(repository, environment)
    assert isinstance(found.revision, Revision) and found.revision.version == "v1.4.0"


def test_without_a_release_nothing_is_deployed_unless_it_is_named() -> None:
    repository = Repository()
    pushed(repository)
    assert code(named(repository, after(repository)).revision) == "release.none"


def test_an_older_release_that_a_person_takes_leaves_open_what_comes_next() -> None:
    repository = Repository()
    older, _ = pushed(repository), pushed(repository)
    repository.publish("v1.4.0")
    environment = after(repository)
    repository.publish("v1.3.9", older, after=HOUR)
    found = named(repository, environment, "v1.3.9")
    assert isinstance(found.revision, Revision) and found.revision.version == "v1.3.9" and found.recorded is None
    unnamed = named(repository, environment)
    assert isinstance(unnamed.revision, Revision) and unnamed.revision.version == "v1.4.0"


def test_a_newest_release_that_is_named_is_not_deployed_twice() -> None:
    repository, environment = a_released()
    newest = pushed(repository)
    repository.publish("v1.5.0", after=HOUR)
    found = named(repository, environment, "v1.5.0")
    assert found.recorded == newest.sha
    taken = replace(environment, recorded=found.recorded, release=found.release)
    assert look(repository, taken).revision is None


def test_an_order_takes_a_branch_whose_history_was_rewritten() -> None:
    repository, environment = a_released()
    head = pushed(repository, rewrite=True)
    repository.publish("v2.0.0", after=HOUR)
    rewritten = after(repository, environment)
    assert named(repository, rewritten).recorded == head.sha
