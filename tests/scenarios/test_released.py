"""What is published goes live, and nothing else: on a scripted AWS with a virtual clock."""

from datetime import timedelta

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.stage import Stage

RELEASED = FILE.replace("branch: develop\n", "branch: develop\non: release\n")
VERSIONED = RELEASED.replace('"{branch}-{sha}"', '"v{version}"')
HOUR = timedelta(hours=1)


def publish(stage: Stage, tag: str, **how: timedelta) -> None:
    stage.repository.publish(tag, **how)
    stage.wake()


def test_the_first_release_goes_live_and_a_push_does_not(stage: Stage) -> None:
    stage.push(RELEASED)
    stage.settle()
    told = stage.explained()
    assert told.code == "release.none" and told.text.endswith("on develop yet")
    assert told.clears == "whoever publishes a release of the branch" and stage.phase(1) is None
    publish(stage, "v1.0.0")
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED and stage.deployment(1).revision.version == "v1.0.0"
    stage.push(RELEASED)
    stage.settle()
    told = stage.explained()
    assert stage.phase(2) is None and told.text.startswith("v1.0.0 is live")
    assert told.clears == "the next release of the branch"


def test_an_image_that_is_named_for_the_version_is_waited_for_and_taken(stage: Stage) -> None:
    commit = stage.push(VERSIONED, images=False)
    publish(stage, "v1.0.0")
    stage.run(lambda: stage.phase(1) is Phase.WAITING and stage.deployment(1).reason.code == "image.missing")
    assert "captioncraft-backend:v1.0.0" in stage.deployment(1).reason.text
    stage.build(commit, Script(), tag="v1.0.0")
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_an_older_commit_that_is_published_later_is_spoken_of_and_taken_by_name(stage: Stage) -> None:
    older = stage.push(RELEASED)
    stage.push(RELEASED)
    publish(stage, "v1.4.0")
    stage.settle()
    stage.repository.publish("v1.3.9", older, HOUR)
    stage.wake()
    stage.settle()
    assert stage.phase(2) is None and stage.environment.problem is None
    assert "only `tidegate deploy dev --ref v1.3.9` deploys it" in stage.explained().text
    stage.order(OrderKind.DEPLOY, ref="v1.3.9")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.deployment(2).revision.version == "v1.3.9"
    assert stage.environment.recorded == stage.deployment(1).revision.commit.sha and stage.phase(3) is None


def test_a_commit_that_is_published_after_it_was_ordered_gets_its_name(stage: Stage) -> None:
    stage.push(RELEASED)
    publish(stage, "v1.0.0")
    stage.settle()
    commit = stage.push(RELEASED)
    stage.order(OrderKind.DEPLOY, ref=commit.sha)
    stage.settle()
    assert stage.deployment(2).revision.version == f"develop-{commit.short}"
    publish(stage, "v1.1.0", after=HOUR)
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED and stage.deployment(3).revision.version == "v1.1.0"
    assert stage.deployment(3).steps == (), "it is live already"


def test_a_release_that_is_deleted_undoes_nothing(stage: Stage) -> None:
    stage.push(RELEASED)
    publish(stage, "v1.0.0")
    stage.settle()
    stage.repository.releases.clear()
    stage.wake()
    stage.settle()
    told = stage.explained()
    assert stage.phase(2) is None and stage.environment.live == 1
    assert "v1.0.0 isn't a published release any more" in told.text
