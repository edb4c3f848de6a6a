"""Images that ran healthy in another environment: which trees of files count as the same there."""

from dataclasses import replace

from controller.domain.deployment import Phase
from controller.domain.revision import Commit
from tests.support.builders import FILE, a_binding, a_deployment, a_revision
from tests.support.outside import REPOSITORIES
from tests.support.stage import Stage

SOURCE = FILE.replace("environment: dev", "environment: staging").replace(
    "strategy:", 'paths: {ignore: ["*.md"]}\nstrategy:'
)
PROMOTING = FILE.replace('tag: "{branch}-{sha}"', "promote: staging")
CHANGED = PROMOTING.replace("interval: 10s", "interval: 15s")


def ran_in_staging(stage: Stage) -> Commit:
    """A commit of both files, whose images succeeded in staging."""
    commit = stage.commit(PROMOTING, content="first")
    stage.repository.commits[-1][1]["environments/staging.yaml"] = SOURCE
    revision = a_revision(text=SOURCE, commit=commit, environment="staging")
    done = a_deployment(1, replace(revision, images=images(stage, commit)), phase=Phase.SUCCEEDED)
    stage.world.bindings["staging"] = a_binding("staging")  # type: ignore[index]
    with stage.store.write() as unit:
        unit.environments.ensure(["staging"])
        unit.environments.save(replace(unit.environments.get("staging"), recorded=commit.sha))
        unit.revisions.add(done.revision)
        unit.deployments.add(replace(done, id="staging-1", environment="staging"))
    return commit


def images(stage: Stage, commit: Commit) -> dict[str, str]:
    found = {}
    for service, repository in zip(("backend", "frontend"), REPOSITORIES, strict=True):
        tags = [{"imageTag": f"develop-{commit.sha}"}]
        shown = stage.call("ecr", "BatchGetImage", repositoryName=repository, imageIds=tags)["images"]
        found[service] = f"{repository}@{shown[0]['imageId']['imageDigest']}"
    return found


def told_of(stage: Stage, files: dict[str, str]) -> None:
    """A commit that staging hears of first."""
    stage.repository.push(files)
    with stage.store.write() as unit:
        unit.environments.request_look(["staging"])
    stage.reconciler.run_pass("staging")
    stage.wake()


def test_a_commit_that_the_source_ignores_stands_for_the_one_before_it(stage: Stage) -> None:
    first = ran_in_staging(stage)
    told_of(stage, {"README.md": "one"})
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED
    assert stage.deployment(1).revision.images == images(stage, first)
    told_of(stage, {"docs.md": "and another one after that"})
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_a_commit_that_the_source_never_ran_says_what_came_nearest_and_how_to_get_on(stage: Stage) -> None:
    ran_in_staging(stage)
    stage.repository.push({"environments/dev.yaml": CHANGED})
    stage.wake()
    stage.run(lambda: stage.phase(1) is Phase.WAITING and stage.deployment(1).reason.code == "image.missing")
    told = stage.deployment(1).reason.text
    assert "backend, frontend: no deployment of this tree of files has succeeded in staging yet" in told
    assert "staging-1 of 0000000 was the last one, and differs in environments/dev.yaml" in told
    assert "bring this commit's files to develop, which staging follows" in told
    assert "`tidegate deploy staging`" in told


def test_what_differs_is_asked_for_once(stage: Stage) -> None:
    """GitHub counts requests, and such a deployment may wait for days."""
    ran_in_staging(stage)
    stage.repository.push({"environments/dev.yaml": CHANGED})
    asked: list[str] = []
    compare = stage.repository.compare
    stage.repository.compare = lambda *of: asked.append(of[1]) or compare(*of)  # type: ignore[method-assign,func-returns-value]
    stage.wake()
    looks = len(stage.passes)
    stage.run(lambda: len(stage.passes) >= looks + 10)
    assert asked.count(stage.repository.commits[0][0].sha) == 1


def test_a_source_that_never_ran_anything_says_so_without_a_nearest_one(stage: Stage) -> None:
    stage.push(PROMOTING)
    stage.run(lambda: stage.phase(1) is Phase.WAITING and stage.deployment(1).reason.code == "image.missing")
    told = stage.deployment(1).reason.text
    assert "the branch that staging follows" in told and "was the last one" not in told
