"""Pull requests: one comment that says what merging would do, kept up to date; a check that names the line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.deployment import Phase
from controller.loop.proposals import HOLD
from tests.sandbox.github.conftest import host, served
from tests.sandbox.github.served import NAME, Served
from tests.support.builders import FILE
from tests.support.hosted import Hosted, an_app

__all__ = ["host", "served"]

MORE = FILE.replace("count: 2", "count: 4").replace("cpu: 256", "cpu: 512").replace("memory: 512", "memory: 1024")
BROKEN = FILE.replace("    count: 2\n", "    count: none\n", 1)
LINE = BROKEN.splitlines().index("    count: none") + 1


@pytest.fixture
def hosted(tmp_path: Path, served: Served) -> Iterator[Hosted]:
    made = Hosted(tmp_path, served, an_app(served))
    yield made
    made.store.close()


@pytest.fixture
def by_token(tmp_path: Path, served: Served) -> Iterator[Hosted]:
    made = Hosted(tmp_path, served)
    yield made
    made.store.close()


def test_a_pull_request_gets_one_comment_that_a_push_to_it_edits(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    hosted.propose()
    (comment,) = hosted.comments(pull)
    for wanted in (
        "| `backend` | rolls |",
        "`services.backend.count.max` | `2` | `4`",
        "`services.backend.task.cpu` | `256` | `512`",
        "built from this pull request when it is merged",
        "`register` → `warm`",
        "$36.04 → $144.16, +$108.12",
        "merged into `develop` as it is now",
    ):
        assert wanted in comment.body
    number = comment.id
    hosted.write(FILE.replace("count: 2", "count: 3"), "feature")
    hosted.ask(pull)
    hosted.propose()
    (comment,) = hosted.comments(pull)
    assert comment.id == number
    assert "`2` | `3`" in comment.body and "`256` | `512`" not in comment.body


def test_a_broken_file_fails_the_check_at_its_line_and_mending_it_passes(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(BROKEN)
    hosted.ask(pull)
    hosted.propose()
    (run,) = hosted.runs(pull.head_sha)
    assert (run.conclusion, run.annotations[0]["path"]) == ("failure", "environments/dev.yaml")
    assert (run.annotations[0]["start_line"], run.annotations[0]["annotation_level"]) == (LINE, "failure")
    assert "not valid" in hosted.comments(pull)[0].body
    hosted.write(FILE, "feature")
    hosted.ask(pull)
    hosted.propose()
    (run,) = hosted.runs(pull.head_sha)
    assert (run.conclusion, run.annotations) == ("success", [])


def test_with_a_token_the_commit_gets_a_status_instead(by_token: Hosted) -> None:
    by_token.deploy()
    pull = by_token.open(BROKEN)
    by_token.ask(pull)
    by_token.propose()
    assert by_token.statuses(pull.head_sha) == ["failure"]
    assert by_token.runs(pull.head_sha) == []


def test_looking_again_at_what_has_not_changed_writes_nothing(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    for _ in range(3):
        hosted.ask(pull)
        hosted.propose()
    assert len(hosted.comments(pull)) == len(hosted.runs(pull.head_sha)) == 1
    assert hosted.comments(pull)[0].updated_at == hosted.comments(pull)[0].created_at


def test_a_controller_that_died_before_it_wrote_down_what_it_wrote_finds_it_again(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    hosted.propose()
    with hosted.store.write() as unit:
        unit.proposals.forget_what_was_written(hosted.time.now())
    hosted.write(FILE.replace("count: 2", "count: 3"), "feature")
    hosted.propose()
    (comment,) = hosted.comments(pull)
    assert "`2` | `3`" in comment.body
    assert len(hosted.runs(pull.head_sha)) == 1


def test_somebodys_copy_of_the_comment_is_not_taken_for_ours(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    marker = "<!-- tidegate: what merging would do: dev -->\nmine"
    theirs = hosted.served.repository("linus").get_pull(pull.number).create_issue_comment(marker)
    hosted.ask(pull)
    hosted.propose()
    assert {comment.id: comment.body for comment in hosted.comments(pull)}[theirs.id] == marker
    assert len(hosted.comments(pull)) == 2


def test_a_comment_that_somebody_deleted_is_written_again_when_there_is_news(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    hosted.propose()
    hosted.records.comments.clear()
    hosted.write(FILE.replace("count: 2", "count: 3"), "feature")
    hosted.ask(pull)
    hosted.propose()
    assert len(hosted.comments(pull)) == 1


def test_a_lost_webhook_is_found_by_one_sweep_and_at_rest_nothing_is_asked_twice(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    assert hosted.proposals.compare(NAME.lower())
    hosted.propose()
    assert len(hosted.comments(pull)) == 1
    assert not hosted.proposals.compare(NAME.lower())
    before = sum(hosted.served.github.frame.limits.used.values())
    assert not hosted.proposals.compare(NAME.lower())
    assert sum(hosted.served.github.frame.limits.used.values()) == before, "an answer of 304 is free"
    hosted.write(FILE.replace("count: 2", "count: 3"), "feature")
    assert hosted.proposals.compare(NAME.lower())
    hosted.propose()
    hosted.served.repository().get_pull(pull.number).edit(state="closed")
    assert hosted.proposals.compare(NAME.lower())
    hosted.propose()
    assert not hosted.proposals.compare(NAME.lower())


def test_what_is_live_changes_what_merging_would_do(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    hosted.propose()
    hosted.deploy(FILE.replace("cpu: 256", "cpu: 1024").replace("memory: 512", "memory: 2048"))
    assert hosted.proposals.compare(NAME.lower())
    hosted.propose()
    (comment,) = hosted.comments(pull)
    assert "dev-2" in comment.body


def test_what_is_merged_is_closed_and_its_commit_shows_what_becomes_of_it(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    hosted.propose()
    sha = hosted.merge(pull)
    hosted.wake()
    hosted.run(lambda: hosted.phase(2) is Phase.RUNNING)
    hosted.tell()
    hosted.settle()
    hosted.tell()
    hosted.ask(pull)
    hosted.propose()
    with hosted.store.read() as unit:
        proposal = unit.proposals.get(NAME, pull.number)
    assert proposal is not None and not proposal.is_open
    (made,) = [each for each in hosted.records.deployments.values() if each.sha == sha]
    assert [given.state for given in made.statuses] == ["in_progress", "success"]
    assert made.statuses[-1].log_url == "https://tidegate.example/deployments/dev-2"
    assert hosted.statuses(sha, "tidegate/dev") == ["pending", "success"]
    assert len(hosted.comments(pull)) == 1


def test_a_pull_request_to_a_branch_that_nobody_follows_is_left_alone(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE, base="staging")
    hosted.ask(pull)
    hosted.propose()
    assert hosted.comments(pull) == []
    hosted.served.repository().get_pull(pull.number).edit(base="develop")
    assert hosted.proposals.compare(NAME.lower())
    hosted.propose()
    assert len(hosted.comments(pull)) == 1
    hosted.served.repository().get_pull(pull.number).edit(base="staging")
    hosted.ask(pull)
    hosted.propose()
    (comment,) = hosted.comments(pull)
    assert "no environment follows the branch" in comment.body


def test_nothing_on_aws_is_asked_because_of_a_pull_request(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.aws.calls.clear()
    hosted.ask(pull)
    hosted.propose()
    assert list(hosted.aws.calls) == []
    assert len(hosted.comments(pull)) == 1


@pytest.mark.parametrize("where", ["/comments", "/check-runs", f"/pulls/{1}"])
@pytest.mark.parametrize("status", [403, 500, 429])
def test_a_github_that_refuses_once_ends_with_one_of_each(hosted: Hosted, where: str, status: int) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    misbehaviour = hosted.served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count, misbehaviour.where = status, 1, where
    hosted.ask(pull)
    hosted.calls._not_before.clear()
    hosted.proposals.work()
    hosted.calls._not_before.clear()
    hosted.clock.advance(600)
    hosted.ask(pull)
    hosted.propose()
    assert len(hosted.comments(pull)) == len(hosted.runs(pull.head_sha)) == 1


def test_two_controllers_look_at_one_pull_request_once(hosted: Hosted) -> None:
    hosted.deploy()
    pull = hosted.open(MORE)
    hosted.ask(pull)
    with hosted.store.write() as unit:
        mine = unit.proposals.claim(hosted.time.now(), HOLD)
    assert mine is not None
    assert not hosted.proposals.work(), "somebody else looks"
    assert hosted.comments(pull) == []
    hosted.clock.advance(HOLD.total_seconds() + 1)
    hosted.proposals.work()
    assert len(hosted.comments(pull)) == 1


def test_whoever_may_not_read_pull_requests_asks_once_an_hour(hosted: Hosted) -> None:
    misbehaviour = hosted.served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count, misbehaviour.where = 403, 100, "/pulls"
    for _ in range(5):
        assert not hosted.proposals.compare(NAME.lower())
    assert misbehaviour.count == 99


def test_a_hostile_file_is_only_ever_text(hosted: Hosted) -> None:
    hosted.deploy()
    hostile = FILE.replace("branch: develop", 'branch: "@everyone `<script>` | [x](https://evil.example)"')
    pull = hosted.open(hostile)
    hosted.ask(pull)
    hosted.propose()
    (comment,) = hosted.comments(pull)
    lines = [line for line in comment.body.splitlines() if "@everyone" in line]
    assert lines and all(line.startswith("- `environments/dev.yaml:2` ``") and line.endswith("``") for line in lines)


def test_what_only_changes_ignored_paths_deploys_nothing(hosted: Hosted) -> None:
    text = FILE + 'paths: {ignore: ["README.md"]}\n'
    hosted.deploy(text)
    hosted.served.repository().create_git_ref(
        "refs/heads/words", hosted.served.repository().get_branch("develop").commit.sha
    )
    hosted.write("# Better\n", "words", "README.md")
    number = hosted.served.repository().create_pull("develop", "words", title="Words").number
    pull = hosted.records.pulls[number]
    hosted.wake()
    hosted.settle()
    hosted.ask(pull)
    hosted.propose()
    (comment,) = hosted.comments(pull)
    assert "merging deploys nothing here" in comment.body and "Nothing is to be done there." in comment.body
