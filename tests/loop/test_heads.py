"""What a look at a branch finds, and which commits a person may name."""

from dataclasses import replace

from controller.domain.environment import Environment
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.loop.heads import look_at_head, named_revision
from tests.support.builders import FILE, NOON, a_binding
from tests.support.outside import Repository

BINDING = a_binding()


def a_repository(*files: str) -> Repository:
    repository = Repository()
    for text in files:
        repository.push({"environments/dev.yaml": text})
    return repository


def test_a_look_answers_as_many_requests_as_there_were_when_it_began() -> None:
    asked = Environment("dev", head_requested=3, head_seen=1)
    look = look_at_head(asked, BINDING, a_repository(FILE), NOON)
    assert (look.environment.head_requested, look.environment.head_seen) == (3, 3)
    assert look.revision is not None and look.environment.recorded == look.revision.commit.sha


def test_a_commit_of_the_branch_may_be_named() -> None:
    repository = a_repository(FILE, FILE)
    first, head = (commit for commit, _ in repository.commits)
    environment = Environment("dev", recorded=head.sha)
    named = named_revision(environment, BINDING, repository, first.sha, NOON)
    assert isinstance(named.revision, Revision) and named.revision.commit == first and named.recorded is None


def test_a_commit_that_the_branch_does_not_contain_may_not_be_named() -> None:
    """A fork's commit has a sha in the repository that it was forked from."""
    repository = a_repository(FILE)
    lost = repository.commits[0][0]
    repository.push({}, rewrite=True)
    named = named_revision(Environment("dev", recorded=lost.sha), BINDING, repository, lost.sha, NOON)
    assert isinstance(named.revision, Reason) and named.revision.code == "ref.unreachable"


def test_a_file_of_another_branch_is_refused_by_name_as_well() -> None:
    repository = a_repository(FILE.replace("branch: develop", "branch: main"))
    named = named_revision(replace(Environment("dev"), head_requested=1), BINDING, repository, None, NOON)
    assert isinstance(named.revision, Reason) and "branch" in named.revision.text


def test_a_commit_that_can_t_be_taken_is_named() -> None:
    repository = a_repository(FILE.replace("count: 2", "count: none"))
    head = repository.commits[-1][0]
    look = look_at_head(Environment("dev"), BINDING, repository, NOON)
    assert look.environment.problem is not None
    assert look.environment.problem.text.startswith(f"{head.short} ({head.title}): environments/dev.yaml:")
