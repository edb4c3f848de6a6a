"""People, as GitHub knows them: rights, teams, who brought a commit to its branch, and who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from github import GithubException

from controller.adapters.clock import SystemClock
from controller.adapters.github import directory as module
from controller.adapters.github.directory import GitHubDirectory
from controller.adapters.github.sign_in import App
from controller.domain.electorate import Movers
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.people import Collaborator, Permission, Person
from controller.domain.revision import Author
from controller.domain.secret import Secret
from tests.sandbox.github.served import NAME, Clone, Served
from tests.sandbox.github.test_rest import an_app_key, branch_off, change

ADA, GRACE, LINUS, MARGARET, DENNIS, BARBARA = (
    Person(number, login)
    for number, login in enumerate(("ada", "grace", "linus", "margaret", "dennis", "barbara"), start=1001)
)
SHA = "1" * 40


@pytest.fixture
def directory(served: Served) -> GitHubDirectory:
    return GitHubDirectory(served.github.api, Secret(served.github.machine_token()), SystemClock())


def cost(served: Served) -> int:
    """Requests that count, so far."""
    return sum(served.github.frame.limits.used.values())


# ---------------------------------------------------------------- of the sandbox


def test_whoever_has_a_right_is_there_with_the_highest(directory: GitHubDirectory) -> None:
    assert {one.person: one.permission for one in directory.collaborators(NAME)} == {
        ADA: Permission.ADMIN,
        GRACE: Permission.MAINTAIN,
        LINUS: Permission.WRITE,
        MARGARET: Permission.WRITE,
        DENNIS: Permission.WRITE,
        BARBARA: Permission.READ,
    }


def test_a_team_is_the_numbers_of_its_members(directory: GitHubDirectory) -> None:
    assert directory.team("@acme/release") == {ADA.id, GRACE.id, MARGARET.id}
    assert directory.team("@acme/nobody") == frozenset()


def test_what_has_not_changed_costs_nothing(served: Served, directory: GitHubDirectory) -> None:
    first = directory.collaborators(NAME), directory.team("@acme/release")
    start = cost(served)
    assert (directory.collaborators(NAME), directory.team("@acme/release")) == first
    assert cost(served) == start


def test_whoever_opened_and_merged_a_pull_request_moved_what_came_of_it(
    served: Served, directory: GitHubDirectory
) -> None:
    branch_off(served.repository("grace"), "feature")
    change(served.repository("grace"), "feature", "feature.txt", "it\n")
    pull = served.repository("linus").create_pull(base="develop", head="feature", title="A feature")
    merged = served.repository("margaret").get_pull(pull.number).merge()
    assert directory.movers(NAME, "develop", merged.sha, LONG_AGO) == Movers(openers=(LINUS,), mergers=(MARGARET,))
    start = cost(served)
    directory.movers(NAME, "develop", merged.sha, LONG_AGO)
    assert cost(served) == start, "who merged it never changes"


def test_a_pull_request_to_another_branch_brought_nothing_here(served: Served, directory: GitHubDirectory) -> None:
    branch_off(served.repository("grace"), "feature")
    change(served.repository("grace"), "feature", "feature.txt", "it\n")
    pull = served.repository("linus").create_pull(base="develop", head="feature", title="A feature")
    merged = served.repository("margaret").get_pull(pull.number).merge()
    assert directory.movers(NAME, "main", merged.sha, LONG_AGO) == Movers()


def test_whoever_pushed_a_commit_moved_it(served: Served, directory: GitHubDirectory) -> None:
    sha = change(served.repository("dennis"), "develop", "a.txt", "a\n")
    change(served.repository("linus"), "develop", "b.txt", "b\n")
    assert directory.movers(NAME, "develop", sha, LONG_AGO) == Movers(pushers=(DENNIS,))


def test_authors_of_a_range_are_those_of_its_commits_alone(
    served: Served, clone: Clone, directory: GitHubDirectory
) -> None:
    base = clone.git("rev-parse", "HEAD")
    clone.commit({"a.txt": "a\n"}, "One\n\nCo-authored-by: Linus <1003+linus@users.noreply.github.localhost>")
    clone.git("push", "-q", "origin", "HEAD:develop")
    head = change(served.repository("dennis"), "develop", "b.txt", "b\n")
    found = directory.authors(NAME, base, head)
    assert {author.login for author in found} == {"grace", "linus", "dennis"}
    assert directory.authors(NAME, head, head) == []


@pytest.mark.parametrize("branch", ["release/2", "fix#1", "a&b=c", "a+b"])
def test_a_branch_may_be_called_anything(served: Served, directory: GitHubDirectory, branch: str) -> None:
    branch_off(served.repository("linus"), branch)
    sha = change(served.repository("dennis"), branch, "a.txt", "a\n")
    assert directory.movers(NAME, branch, sha, LONG_AGO).pushers == (DENNIS,)


def test_an_app_reads_the_teams_of_its_organization(served: Served) -> None:
    key, public = an_app_key()
    served.github.install_app(77, public)
    directory = GitHubDirectory(served.github.api, App(77, Secret(key)), SystemClock())
    assert directory.team("@acme/release") == {ADA.id, GRACE.id, MARGARET.id}
    assert len(directory.collaborators(NAME)) == 6


# ---------------------------------------------------------------- of recorded bodies


def account(person: Person, kind: str = "User") -> dict[str, Any]:
    return {"id": person.id, "login": person.login, "type": kind}


def allowed(*words: str) -> dict[str, bool]:
    return {word: word in words for word in module.RIGHTS}


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (("admin", "maintain", "push", "triage", "pull"), Permission.ADMIN),
        (("maintain", "push", "triage", "pull"), Permission.MAINTAIN),
        (("push", "triage", "pull"), Permission.WRITE),
        (("triage", "pull"), Permission.TRIAGE),
        (("pull",), Permission.READ),
        ((), Permission.NONE),
    ],
)
def test_a_right_is_the_highest_word(words: tuple[str, ...], right: Permission) -> None:
    body = [{**account(ADA), "permissions": allowed(*words), "role_name": "a role of their own"}]
    assert module._collaborators(body) == [Collaborator(ADA, right)]


def test_programs_are_nobody() -> None:
    bot = {**account(Person(7, "tidegate[bot]"), "Bot"), "permissions": allowed("admin")}
    assert module._collaborators([bot]) == []


def test_pull_requests_that_were_closed_brought_nothing() -> None:
    pull = {"number": 7, "base": {"ref": "develop"}, "user": account(ADA), "merged_at": "2026-03-01T09:00:00Z"}
    assert module._pulls([pull, {**pull, "merged_at": None}]) == [(7, "develop", ADA)]
    assert module._pulls([{**pull, "user": None}]) == [(7, "develop", None)], "an account that was deleted"


@pytest.mark.parametrize("shown", [None, {}])
def test_an_author_without_an_account_is_a_name(shown: Any) -> None:
    commit = {"author": {"name": "Eve"}, "message": "Fix\n\nCo-authored-by: A <1001+ada@users.noreply.github.com>"}
    found = module._commits({"commits": [{"commit": commit, "author": shown}]})
    assert found == [(Author(None, None, "Eve"), Author(1001, "ada", "A"))]


class Requester:
    """Answers by the path that is asked for, in the order of `answers`; an exception is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def requestJsonAndCheck(self, verb: str, url: str, headers: Any = None) -> tuple[dict[str, str], Any]:  # noqa: N802  (PyGithub's name)
        assert verb == "GET"
        self.asked.append(url)
        path = url.partition("?")[0]
        word = "pulls" if path.endswith("/pulls") else "pull" if "/pulls/" in path else path.rsplit("/", 1)[-1]
        found = self.answers["compare" if "/compare/" in path else word]
        if isinstance(found, Exception):
            raise found
        if found and isinstance(found, list) and isinstance(found[0], list):
            return paged(url, found)
        return {}, found


def paged(url: str, pages: list[Any]) -> tuple[dict[str, str], Any]:
    """One page of them, and how to ask for the next one."""
    first, _, number = url.partition("&page=")
    at = int(number or 1)
    following = {"link": f'<{first}&page={at + 1}>; rel="next"'} if at < len(pages) else {}
    return following, pages[at - 1]


def asking(**answers: Any) -> tuple[GitHubDirectory, Requester]:
    made, requester = GitHubDirectory("http://github.test", Secret("x"), SystemClock()), Requester(**answers)

    class SignedIn:
        def client(self, repository: str) -> Any:
            return type("Client", (), {"requester": requester})

        of_organization = client

    made._signed_in = SignedIn()  # type: ignore[assignment]
    return made, requester


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MOVE = {"after": SHA, "activity_type": "push", "actor": account(ADA), "timestamp": "2026-03-01T09:00:00Z"}
PULL = {"number": 7, "base": {"ref": "develop"}, "user": account(GRACE), "merged_at": "2026-03-01T09:00:00Z"}
WELL: dict[str, Any] = {
    "collaborators": [{**account(ADA), "permissions": allowed("push")}],
    "members": [account(ADA)],
    "activity": [MOVE],
    "pulls": [PULL],
    "pull": {"merged_by": account(LINUS)},
    "compare": {"commits": []},
}


def test_each_question_is_asked_as_github_documents_it() -> None:
    directory, requester = asking(**WELL)
    directory.collaborators(NAME)
    directory.team("@acme/release")
    assert directory.movers(NAME, "develop", SHA, LONG_AGO) == Movers((GRACE,), (LINUS,), (ADA,))
    directory.authors(NAME, "0" * 40, SHA)
    assert requester.asked == [
        f"/repos/{NAME}/collaborators?affiliation=all&per_page=100",
        "/orgs/acme/teams/release/members?per_page=100",
        f"/repos/{NAME}/activity?ref=refs/heads/develop&per_page=100",
        f"/repos/{NAME}/commits/{SHA}/pulls?per_page=100",
        f"/repos/{NAME}/pulls/7",
        f"/repos/{NAME}/compare/{'0' * 40}...{SHA}?per_page=100",
    ]


@pytest.mark.parametrize(
    ("kind", "as_what"),
    [
        ("push", "pushers"),
        ("force_push", "pushers"),
        ("branch_creation", "pushers"),
        ("pr_merge", "mergers"),
        ("merge_queue_merge", "mergers"),
    ],
)
def test_every_way_to_move_a_branch_counts(kind: str, as_what: str) -> None:
    directory, _ = asking(**{**WELL, "pulls": [], "activity": [{**MOVE, "activity_type": kind}]})
    assert getattr(directory.movers(NAME, "develop", SHA, LONG_AGO), as_what) == (ADA,)


@pytest.mark.parametrize("other", [{"after": "2" * 40}, {"activity_type": "branch_deletion"}, {"actor": None}])
def test_moves_of_other_commits_and_of_nobody_name_nobody(other: dict[str, Any]) -> None:
    directory, _ = asking(**{**WELL, "pulls": [], "activity": [{**MOVE, **other}]})
    assert directory.movers(NAME, "develop", SHA, LONG_AGO) == Movers()


def test_whoever_moves_a_branch_often_makes_nobody_forget_who_moved_it_before() -> None:
    """Pages are asked for as far as the commit may be, and no further; where that is too far, nobody can tell."""
    later = [{**MOVE, "after": f"{number:040x}", "timestamp": "2026-03-02T09:00:00Z"} for number in range(100)]
    older = {**MOVE, "after": "3" * 40, "actor": account(DENNIS), "timestamp": "2026-02-27T09:00:00Z"}
    directory, requester = asking(**{**WELL, "pulls": [], "activity": [later, [MOVE, older], [older]]})
    assert directory.movers(NAME, "develop", SHA, datetime(2026, 2, 28, tzinfo=UTC)).pushers == (ADA,)
    assert [address.rpartition("=")[2] for address in requester.asked if "/activity" in address] == ["100", "2"]
    directory, _ = asking(**{**WELL, "pulls": [], "activity": [later] * 11})
    with pytest.raises(Blocked, match="more than 1000 times since 2026-02-28 00:00 UTC"):
        directory.movers(NAME, "develop", SHA, datetime(2026, 2, 28, tzinfo=UTC))


def test_whoever_merged_is_asked_for_again_until_github_knows() -> None:
    directory, requester = asking(**{**WELL, "pull": {"merged_by": None}})
    assert directory.movers(NAME, "develop", SHA, LONG_AGO).mergers == ()
    requester.answers["pull"] = {"merged_by": account(LINUS)}
    assert directory.movers(NAME, "develop", SHA, LONG_AGO).mergers == (LINUS,)
    requester.answers["pull"] = {}
    assert directory.movers(NAME, "develop", SHA, LONG_AGO).mergers == (LINUS,)


def test_a_way_that_is_too_long_to_read_lets_nobody_in() -> None:
    commit = {"commit": {"author": {"name": "A"}, "message": "x"}, "author": None}
    directory, _ = asking(compare={"commits": [commit] * (module.MOST_COMMITS + 1)})
    with pytest.raises(Blocked) as caught:
        directory.authors(NAME, "0" * 40, SHA)
    assert caught.value.code == "github.range_too_long"


ASKS: dict[str, Callable[[GitHubDirectory], object]] = {
    "collaborators": lambda directory: directory.collaborators(NAME),
    "members": lambda directory: directory.team("@acme/release"),
    "activity": lambda directory: directory.movers(NAME, "develop", SHA, LONG_AGO),
    "pulls": lambda directory: directory.movers(NAME, "develop", SHA, LONG_AGO),
    "pull": lambda directory: directory.movers(NAME, "develop", SHA, LONG_AGO),
    "compare": lambda directory: directory.authors(NAME, "0" * 40, SHA),
}
ERRORS: list[tuple[Any, type[TidegateError], str]] = [
    (GithubException(401, {"message": "Bad credentials"}), Blocked, "github.credentials"),
    (GithubException(403, {"message": "Resource not accessible"}), Blocked, "github.denied"),
    (GithubException(404, {"message": "Not Found"}), Blocked, "github.repository_missing"),
    (GithubException(429, {"message": "slow down"}), Transient, "github.rate_limit"),
    (GithubException(502, {"message": "Bad Gateway"}), Transient, "github.unavailable"),
    (ConnectionError("refused"), Transient, "github.unreachable"),
    (TimeoutError("too late"), Transient, "github.unreachable"),
    ({"message": "something else"}, Transient, "github.unreadable"),
    ([{"login": "ada"}], Transient, "github.unreadable"),
    (None, Transient, "github.unreadable"),
]


@pytest.mark.parametrize(("error", "becomes", "code"), ERRORS)
@pytest.mark.parametrize("asked", ASKS)
def test_what_can_not_be_read_raises(asked: str, error: Any, becomes: type[TidegateError], code: str) -> None:
    directory, _ = asking(**{**WELL, asked: error})
    if asked == "members" and code == "github.repository_missing":
        assert directory.team("@acme/release") == frozenset(), "there is no such team"
        return
    with pytest.raises(becomes) as caught:
        ASKS[asked](directory)
    assert caught.value.code == code


@pytest.mark.parametrize("number", [None, "1001", 1.5])
def test_an_account_without_a_number_is_unreadable(number: Any) -> None:
    directory, _ = asking(**{**WELL, "members": [{"id": number, "login": "ada"}]})
    with pytest.raises(Transient):
        directory.team("@acme/release")


def test_what_is_missing_is_named() -> None:
    denied = GithubException(403, {"message": "Resource not accessible by integration"})
    for asked, right in (("collaborators", "Metadata: read"), ("members", "Members: read"), ("pulls", "Pull requests")):
        directory, _ = asking(**{**WELL, asked: denied})
        with pytest.raises(Blocked, match=right):
            ASKS[asked](directory)
