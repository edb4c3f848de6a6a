"""Real git against the server: what it does arrives as signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import subprocess
from pathlib import Path
from typing import Any

from sandbox.github.git.smart_http import GitRequest, serve
from sandbox.github.git.store import NO_OBJECT
from tests.sandbox.github.served import NAME, SECRET, Clone, Served, run_git

EMPTY_PACK = b"PACK" + (2).to_bytes(4) + (0).to_bytes(4)
EMPTY_PACK += hashlib.sha1(EMPTY_PACK).digest()


def on(branch: str) -> Any:
    return lambda payload: payload["ref"] == f"refs/heads/{branch}"


def test_a_push_arrives_as_a_signed_webhook(served: Served, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    sha = clone.commit({"workload/VERSION": "0.1.1\n", "new.txt": "new\n"}, "Prepare 0.1.1")
    clone.git("push", "-q", "origin", "develop")
    payload = served.wait_for("push", on("develop"))
    delivery = next(delivery for _, delivery in served.received if delivery.payload is payload)
    expected = hmac.new(SECRET.encode(), delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert json.loads(delivery.body) == payload
    assert (payload["before"], payload["after"]) == (before, sha)
    assert (payload["created"], payload["deleted"], payload["forced"]) == (False, False, False)
    assert [commit["id"] for commit in payload["commits"]] == [sha]
    assert payload["head_commit"]["added"] == ["new.txt"]
    assert payload["head_commit"]["modified"] == ["workload/VERSION"]
    assert payload["head_commit"]["author"]["username"] == "grace"


def test_a_force_push_says_so_and_compares_as_diverged(served: Served, clone: Clone) -> None:
    first = clone.commit({"a.txt": "one\n"})
    clone.git("push", "-q", "origin", "develop")
    clone.git("reset", "-q", "--hard", "HEAD~1")
    second = clone.commit({"a.txt": "two\n"}, "another way")
    refused = subprocess.run(
        ["git", "push", "-q", "origin", "develop"], cwd=clone.path, capture_output=True, check=False
    )
    assert refused.returncode != 0
    clone.git("push", "-q", "--force", "origin", "develop")
    payload = served.wait_for("push", lambda payload: payload["after"] == second)
    assert (payload["before"], payload["forced"]) == (first, True)
    comparison = served.repository().compare(first, second)
    assert (comparison.status, comparison.ahead_by, comparison.behind_by) == ("diverged", 1, 1)


def test_a_branch_is_made_and_deleted_by_git(served: Served, clone: Clone) -> None:
    clone.git("checkout", "-q", "-b", "feature/one")
    sha = clone.commit({"b.txt": "b\n"})
    clone.git("push", "-q", "origin", "feature/one")
    made = served.wait_for("push", on("feature/one"))
    assert (made["created"], made["before"], len(made["commits"])) == (True, NO_OBJECT, 1)
    assert served.wait_for("create")["ref"] == "feature/one"
    clone.git("push", "-q", "origin", "--delete", "feature/one")
    gone = served.wait_for("push", lambda payload: payload["deleted"])
    assert (gone["before"], gone["after"], gone["head_commit"]) == (sha, NO_OBJECT, None)
    assert [branch.name for branch in served.repository().get_branches()] == ["develop", "main", "staging"]


def test_another_clone_fetches_what_was_pushed(served: Served, clone: Clone, tmp_path: Path) -> None:
    url = served.github.clone_url(NAME)
    run_git(tmp_path, "clone", "-q", "-b", "develop", url, "second")
    sha = clone.commit({"c.txt": "c\n"})
    clone.git("push", "-q", "origin", "develop")
    run_git(tmp_path / "second", "pull", "-q")
    assert run_git(tmp_path / "second", "rev-parse", "HEAD") == sha


def test_a_token_names_the_pusher_and_else_the_committer_does(served: Served, clone: Clone) -> None:
    basic = base64.b64encode(f"x-access-token:{served.github.person_token('linus')}".encode()).decode()
    first = clone.commit({"d.txt": "d\n"})
    clone.git("-c", f"http.extraHeader=Authorization: Basic {basic}", "push", "-q", "origin", "develop")
    second = clone.commit({"d.txt": "e\n"})
    clone.git("push", "-q", "origin", "develop")
    pushers = [
        served.wait_for("push", lambda payload, sha=sha: payload["after"] == sha)["pusher"]["name"]
        for sha in (first, second)
    ]
    assert pushers == ["linus", "grace"]


def test_a_push_of_two_hundred_files_is_listed_whole(served: Served, clone: Clone) -> None:
    clone.commit({f"many/{number:03}.txt": f"{number}\n" * 20 for number in range(200)})
    clone.git("push", "-q", "origin", "develop")
    assert len(served.wait_for("push", on("develop"))["head_commit"]["added"]) == 200


def test_a_long_push_names_only_the_twenty_newest_commits(served: Served, clone: Clone) -> None:
    shas = [clone.commit({"n.txt": f"{number}\n"}) for number in range(23)]
    clone.git("push", "-q", "origin", "develop")
    payload = served.wait_for("push", on("develop"))
    assert [commit["id"] for commit in payload["commits"]] == shas[-20:]


def test_more_than_three_tags_at_once_send_nothing(served: Served, clone: Clone) -> None:
    for name in ("one", "two", "three", "four"):
        clone.git("tag", name)
    clone.git("push", "-q", "origin", "--tags")
    clone.git("tag", "-a", "five", "-m", "annotated")
    clone.git("push", "-q", "origin", "five")
    payload = served.wait_for("push", lambda payload: payload["ref"].startswith("refs/tags/"))
    assert payload["ref"] == "refs/tags/five"
    assert {tag.name for tag in served.repository().get_tags()} == {"one", "two", "three", "four", "five"}


def test_a_big_push_in_chunks_arrives_whole(served: Served, clone: Clone, tmp_path: Path) -> None:
    """Above a megabyte git sends a push in chunks, without a length."""
    data = random.Random(1).randbytes(3 * 2**20)
    (clone.path / "big.bin").write_bytes(data)
    sha = clone.commit({})
    clone.git("push", "-q", "origin", "develop")
    served.wait_for("push", lambda payload: payload["after"] == sha)
    assert served.github.repository(NAME).git.read("develop", "big.bin") == data


def test_a_ref_that_moved_meanwhile_is_not_overwritten(served: Served, clone: Clone) -> None:
    """Both sides believe in the same old commit: the second one must hear that it lost."""
    git = served.github.repository(NAME).git
    old = clone.git("rev-parse", "HEAD")
    new = clone.commit({"a.txt": "a\n"})
    clone.git("push", "-q", "origin", "develop:feature")
    git.set_ref("refs/heads/develop", new)
    line = f"{old} {git.resolve('main')} refs/heads/develop\0report-status".encode()
    body = f"{len(line) + 4:04x}".encode() + line + b"0000" + EMPTY_PACK
    headers = {"content-type": "application/x-git-receive-pack-request"}
    reply = serve(git, GitRequest("POST", "/git-receive-pack", "", headers, body))
    assert b"ng refs/heads/develop fetch first" in reply.body
    assert git.resolve("develop") == new


def test_an_unknown_repository_is_not_found(served: Served, tmp_path: Path) -> None:
    asked = ["git", "ls-remote", f"{served.github.origin}/acme/nothing.git"]
    found = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "not found" in found.stderr
