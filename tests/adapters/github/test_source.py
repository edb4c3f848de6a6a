"""GitHubSource against the sandbox's GitHub: real git behind real HTTP."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from controller.adapters.clock import SystemClock
from controller.adapters.github.sign_in import App, Credentials, SignedIn
from controller.adapters.github.source import GitHubSource
from controller.domain.errors import Blocked, Conflict, Rejected, Transient
from controller.domain.revision import Author
from controller.domain.secret import Secret
from tests.sandbox.github.served import NAME, Clone, Served

ABSENT = "1" * 40


def a_source(served: Served, credentials: Credentials | None = None) -> GitHubSource:
    token = Secret(served.github.machine_token())
    return GitHubSource(served.github.api, credentials or token, SystemClock())


@pytest.fixture
def source(served: Served) -> GitHubSource:
    return a_source(served)


def push(clone: Clone, files: dict[str, str], message: str = "change") -> str:
    sha = clone.commit(files, message)
    clone.git("push", "-q", "--force", "origin", "HEAD:develop")
    return sha


# head


def test_the_head_of_a_branch_is_a_whole_commit(source: GitHubSource, clone: Clone) -> None:
    message = "Add captions\n\nCo-authored-by: Ada Lovelace <1001+ada@users.noreply.github.localhost>"
    sha = push(clone, {"a.txt": "a\n"}, message)
    head = source.head(NAME, "develop")
    assert head is not None
    assert (head.sha, head.tree) == (sha, clone.git("rev-parse", "HEAD^{tree}"))
    assert (head.title, head.message) == ("Add captions", message)
    assert head.authors == (Author(1002, "grace", "Grace Hopper"), Author(1001, "ada", "Ada Lovelace"))
    assert head.committed_at == datetime.fromisoformat(clone.git("log", "-1", "--format=%cI")).astimezone(UTC)


def test_a_branch_with_a_slash_is_found(source: GitHubSource, clone: Clone) -> None:
    clone.git("push", "-q", "origin", "HEAD:feature/captions")
    head = source.head(NAME, "feature/captions")
    assert head is not None
    assert head.sha == clone.git("rev-parse", "HEAD")


def test_a_branch_that_is_not_there_is_none(source: GitHubSource) -> None:
    assert source.head(NAME, "nowhere") is None


def test_an_author_that_github_does_not_know_has_only_a_name(source: GitHubSource, clone: Clone) -> None:
    (clone.path / "b.txt").write_text("b\n")
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", "b", "--author", "Some Body <some@example.com>")
    clone.git("push", "-q", "origin", "HEAD:develop")
    head = source.head(NAME, "develop")
    assert head is not None
    assert head.authors == (Author(None, None, "Some Body"),)


def test_a_repository_that_is_not_there_is_blocked(source: GitHubSource) -> None:
    with pytest.raises(Blocked, match="Reading branch develop of acme/typo") as raised:
        source.head("acme/typo", "develop")
    assert raised.value.code == "github.repository_missing"


# resolve


def test_a_sha_whole_or_short_is_its_commit(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    push(clone, {"i.txt": "i\n"})
    for ref in (before, before[:7], before[:12].upper()):
        found = source.resolve(NAME, ref)
        assert found is not None
        assert (found.sha, found.tree) == (before, clone.git("rev-parse", f"{before}^{{tree}}"))


def test_a_resolved_commit_is_the_same_as_the_head(source: GitHubSource, clone: Clone) -> None:
    push(clone, {"j.txt": "j\n"}, "Add j\n\nCo-authored-by: Ada Lovelace <1001+ada@users.noreply.github.localhost>")
    assert source.resolve(NAME, "develop") == source.head(NAME, "develop")


def test_a_tag_is_the_commit_that_it_names_annotated_or_not(source: GitHubSource, clone: Clone) -> None:
    sha = push(clone, {"k.txt": "k\n"})
    clone.git("tag", "v1.0.0")
    clone.git("tag", "-a", "v1.1.0", "-m", "a release")
    clone.git("push", "-q", "origin", "v1.0.0", "v1.1.0")
    for name in ("v1.0.0", "v1.1.0"):
        found = source.resolve(NAME, name)
        assert found is not None
        assert found.sha == sha


def test_a_tag_comes_before_a_branch_of_the_same_name(source: GitHubSource, clone: Clone) -> None:
    tagged = clone.git("rev-parse", "HEAD")
    clone.git("push", "-q", "origin", f"{tagged}:refs/tags/next")
    push(clone, {"l.txt": "l\n"})
    clone.git("push", "-q", "origin", "HEAD:refs/heads/next")
    found = source.resolve(NAME, "next")
    assert found is not None
    assert found.sha == tagged


def test_a_branch_that_looks_like_a_sha_or_has_a_slash_is_found(source: GitHubSource, clone: Clone) -> None:
    sha = push(clone, {"m.txt": "m\n"})
    for name in ("deadbeef", "beef", "feature/deadbeef"):
        clone.git("push", "-q", "origin", f"HEAD:refs/heads/{name}")
        found = source.resolve(NAME, name)
        assert found is not None
        assert found.sha == sha


def test_what_stands_for_no_commit_is_none(source: GitHubSource, clone: Clone) -> None:
    tree = clone.git("rev-parse", "HEAD^{tree}")
    for ref in ("nowhere", "v9.9.9", ABSENT, ABSENT[:7], tree, "develop~1x", ""):
        assert source.resolve(NAME, ref) is None, ref


def test_fewer_than_seven_digits_are_no_sha(source: GitHubSource, clone: Clone) -> None:
    sha = clone.git("rev-parse", "HEAD")
    assert source.resolve(NAME, sha[:6]) is None
    assert source.resolve(NAME, sha[:7]) is not None


def test_a_commit_of_a_repository_that_is_not_there_is_blocked(source: GitHubSource) -> None:
    with pytest.raises(Blocked, match="Looking for the commit develop of acme/typo") as raised:
        source.resolve("acme/typo", "develop")
    assert raised.value.code == "github.repository_missing"


@pytest.mark.parametrize("status", [422, 500, 403, 429])
def test_a_refusal_is_no_missing_commit(served: Served, source: GitHubSource, status: int) -> None:
    """422 says that there is no such commit, and other things in other words."""
    misbehaviour = served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count = status, 1
    with pytest.raises((Blocked, Transient)):
        source.resolve(NAME, "develop")


# read


def test_a_file_is_read_as_it_was_at_a_commit(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    after = push(clone, {"environments/dev.yaml": "environment: dev\nbranch: develop\n# ümläut\n"})
    assert source.read(NAME, "environments/dev.yaml", before) == "environment: dev\nbranch: develop\n"
    assert source.read(NAME, "environments/dev.yaml", after) == "environment: dev\nbranch: develop\n# ümläut\n"


def test_a_file_or_folder_that_is_no_file_is_none(source: GitHubSource, clone: Clone) -> None:
    sha = clone.git("rev-parse", "HEAD")
    assert source.read(NAME, "environments/prod.yaml", sha) is None
    assert source.read(NAME, "environments", sha) is None


def test_a_commit_that_is_not_there_is_no_missing_file(source: GitHubSource) -> None:
    with pytest.raises(Conflict, match="not in the repository any more") as raised:
        source.read(NAME, "environments/dev.yaml", ABSENT)
    assert raised.value.code == "github.commit_gone"


def test_a_repository_that_is_not_there_is_no_missing_file(source: GitHubSource) -> None:
    with pytest.raises(Blocked):
        source.read("acme/typo", "environments/dev.yaml", ABSENT)


def test_a_file_that_is_not_text_is_the_authors_affair(source: GitHubSource, clone: Clone) -> None:
    (clone.path / "environments" / "dev.yaml").write_bytes(b"environment: \xff\n")
    sha = push(clone, {})
    with pytest.raises(Rejected, match=r"environments/dev\.yaml: is not UTF-8 text"):
        source.read(NAME, "environments/dev.yaml", sha)


# compare


def test_a_commit_after_another_descends(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    after = push(clone, {"docs/guide.md": "new\n", "c.txt": "c\n"})
    found = source.compare(NAME, before, after)
    assert (found.descends, found.identical) == (True, False)
    assert found.paths == ("c.txt", "docs/guide.md")


def test_a_renamed_file_is_in_both_places(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    clone.git("mv", "docs/guide.md", "docs/manual.md")
    found = source.compare(NAME, before, push(clone, {}))
    assert found.paths == ("docs/guide.md", "docs/manual.md")


def test_a_commit_descends_from_itself_and_differs_in_nothing(source: GitHubSource, clone: Clone) -> None:
    sha = clone.git("rev-parse", "HEAD")
    found = source.compare(NAME, sha, sha)
    assert (found.descends, found.identical, found.paths) == (True, True, ())


def test_an_older_commit_does_not_descend_and_nobody_knows_what_differs(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    after = push(clone, {"d.txt": "d\n"})
    found = source.compare(NAME, after, before)
    assert (found.descends, found.identical, found.paths) == (False, False, None)


def test_a_rewritten_history_does_not_descend(source: GitHubSource, clone: Clone) -> None:
    old = push(clone, {"e.txt": "e\n"})
    clone.git("reset", "-q", "--hard", "HEAD~1")
    new = push(clone, {"f.txt": "f\n"})
    assert not source.compare(NAME, old, new).descends


def test_a_history_without_a_common_ancestor_does_not_descend(source: GitHubSource, clone: Clone) -> None:
    old = clone.git("rev-parse", "HEAD")
    clone.git("checkout", "-q", "--orphan", "anew")
    found = source.compare(NAME, old, push(clone, {"g.txt": "g\n"}))
    assert (found.descends, found.paths) == (False, None)


def test_a_base_that_is_gone_does_not_descend_but_a_head_that_is_gone_is_a_conflict(
    source: GitHubSource, clone: Clone
) -> None:
    sha = clone.git("rev-parse", "HEAD")
    assert not source.compare(NAME, ABSENT, sha).descends
    with pytest.raises(Conflict):
        source.compare(NAME, sha, ABSENT)


def test_a_list_that_may_be_cut_off_is_no_list(source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    after = push(clone, {f"many/{number}.txt": "x\n" for number in range(300)})
    found = source.compare(NAME, before, after)
    assert (found.descends, found.paths) == (True, None)


# how many requests


def asked(served: Served) -> int:
    return sum(served.github.frame.limits.used.values())


def test_each_question_is_one_request(served: Served, source: GitHubSource, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    after = push(clone, {"h.txt": "h\n"})
    start = asked(served)
    source.head(NAME, "develop")
    source.read(NAME, "environments/dev.yaml", after)
    source.compare(NAME, before, after)
    assert asked(served) - start == 3


def test_a_thread_has_a_client_of_its_own_and_keeps_it() -> None:
    """PyGithub keeps the request that is under way in its client, so two threads would get each other's answers."""
    signed_in = SignedIn("http://127.0.0.1:9/api/v3", Secret("x"))
    mine = signed_in.client(NAME)
    with ThreadPoolExecutor(1) as pool:
        theirs = [pool.submit(signed_in.client, NAME).result() for _ in range(2)]
    assert signed_in.client(NAME) is mine
    assert theirs[0] is theirs[1]
    assert theirs[0] is not mine


# signing in, and failing


def test_an_app_signs_in_where_it_is_installed(served: Served) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    served.github.install_app(7, public)
    source = a_source(served, App(7, Secret(private.decode())))
    head = source.head(NAME, "develop")
    assert head is not None
    assert source.read(NAME, "environments/dev.yaml", head.sha) is not None


def test_a_wrong_token_is_blocked_and_not_told(served: Served) -> None:
    with pytest.raises(Blocked) as raised:
        a_source(served, Secret("wrong-token")).head(NAME, "develop")
    assert raised.value.code == "github.credentials"
    assert "wrong-token" not in str(raised.value)


@pytest.mark.parametrize(("status", "becomes"), [(500, Transient), (502, Transient), (403, Blocked), (429, Transient)])
def test_a_refusal_is_asked_once_and_is_not_absence(
    served: Served, source: GitHubSource, status: int, becomes: type[Exception]
) -> None:
    misbehaviour = served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count = status, 5
    with pytest.raises(becomes):
        source.head(NAME, "develop")
    assert misbehaviour.count == 4


def test_a_refused_connection_is_tried_again_later() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    source = GitHubSource(f"http://127.0.0.1:{port}/api/v3", Secret("x"), SystemClock())
    with pytest.raises(Transient) as raised:
        source.head(NAME, "develop")
    assert raised.value.code == "github.unreachable"
