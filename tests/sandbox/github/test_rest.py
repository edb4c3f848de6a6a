"""PyGithub end to end: the calls that a controller makes."""

from __future__ import annotations

import base64

import httpx
import pytest
from github import Auth, Github, GithubException, GithubIntegration, UnknownObjectException
from github.Repository import Repository

from sandbox.github.api.frame import MAX_BODY_BYTES
from sandbox.github.shapes.checks import ACTIONS_APP_ID
from tests.sandbox.github.served import NAME, QUIET, Clone, Served


@pytest.fixture
def repository(served: Served) -> Repository:
    return served.repository()


def change(repository: Repository, branch: str, path: str, text: str) -> str:
    made = repository.create_file(path, f"change {path}", text, branch=branch)
    return made["commit"].sha


def branch_off(repository: Repository, name: str, base: str = "develop") -> None:
    repository.create_git_ref(f"refs/heads/{name}", repository.get_branch(base).commit.sha)


def test_a_branch_head_reads_the_same_by_every_call(repository: Repository) -> None:
    sha = repository.get_branch("develop").commit.sha
    assert repository.get_git_ref("heads/develop").object.sha == sha
    assert repository.get_commit("develop").sha == sha
    assert next(iter(repository.get_git_matching_refs("heads/dev"))).object.sha == sha
    assert repository.get_commits(sha="develop")[0].sha == sha


def test_a_file_is_read_at_a_commit(repository: Repository) -> None:
    old = repository.get_branch("develop").commit.sha
    change(repository, "develop", "new.txt", "new\n")
    found = repository.get_contents("environments/dev.yaml", ref=old)
    assert not isinstance(found, list)
    assert found.decoded_content == b"environment: dev\nbranch: develop\n"
    with pytest.raises(UnknownObjectException):
        repository.get_contents("new.txt", ref=old)
    names = repository.get_contents("", ref="develop")
    assert isinstance(names, list)
    assert "new.txt" in {item.path for item in names}


def test_a_tree_lists_every_file_and_says_when_it_was_cut(served: Served, repository: Repository) -> None:
    sha = repository.get_branch("develop").commit.sha
    whole = repository.get_git_tree(sha, recursive=True)
    assert {item.path for item in whole.tree if item.type == "blob"} >= {"workload/VERSION", "README.md"}
    assert whole.raw_data["truncated"] is False
    served.github.state.tree_limit = 2
    cut = repository.get_git_tree(sha, recursive=True)
    assert (len(cut.tree), cut.raw_data["truncated"]) == (2, True)


def test_a_comparison_knows_ahead_behind_and_identical(repository: Repository) -> None:
    before = repository.get_branch("develop").commit.sha
    change(repository, "develop", "docs/other.md", "other\n")
    ahead = repository.compare(before, "develop")
    assert (ahead.status, ahead.ahead_by, ahead.behind_by) == ("ahead", 1, 0)
    assert [(file.filename, file.status, file.additions) for file in ahead.files] == [("docs/other.md", "added", 1)]
    assert (repository.compare("develop", before).status, repository.compare("develop", before).behind_by) == (
        "behind",
        1,
    )
    assert repository.compare(before, before).status == "identical"


def test_a_comparison_pages_commits_and_cuts_files_at_300(repository: Repository, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    clone.commit({f"f/{number}.txt": "x\n" for number in range(305)})
    for number in range(4):
        clone.commit({"n.txt": f"{number}\n"})
    clone.git("push", "-q", "origin", "develop")
    comparison = repository.compare(before, "develop", comparison_commits_per_page=2)
    assert len(comparison.files) == 300
    assert [commit.sha for commit in comparison.commits] == clone.git(
        "rev-list", "--reverse", f"{before}..HEAD"
    ).splitlines()


def test_a_moved_file_is_a_rename(repository: Repository, clone: Clone) -> None:
    before = clone.git("rev-parse", "HEAD")
    clone.git("mv", "workload/rehearsal.py", "workload/moved.py")
    clone.commit({})
    clone.git("push", "-q", "origin", "develop")
    (file,) = repository.compare(before, "develop").files
    assert (file.status, file.filename, file.previous_filename) == (
        "renamed",
        "workload/moved.py",
        "workload/rehearsal.py",
    )


def test_a_pull_request_is_merged_with_a_merge_commit(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    feature = change(repository, "feature", "feature.txt", "it\n")
    base = repository.get_branch("develop").commit.sha
    pull = repository.create_pull(base="develop", head="feature", title="A feature", body="why")
    assert (pull.mergeable, pull.commits, pull.changed_files, pull.is_merged()) == (True, 1, 1, False)
    assert [file.filename for file in pull.get_files()] == ["feature.txt"]
    assert [commit.sha for commit in pull.get_commits()] == [feature]
    merged = pull.merge()
    commit = repository.get_commit(merged.sha)
    assert [parent.sha for parent in commit.parents] == [base, feature]
    assert commit.commit.message.startswith(f"Merge pull request #{pull.number} from acme/feature")
    assert repository.get_branch("develop").commit.sha == merged.sha
    assert repository.get_pull(pull.number).merged
    assert [found.number for found in commit.get_pulls()] == [pull.number]
    closed = served.wait_for("pull_request", lambda payload: payload["action"] == "closed")
    assert (closed["pull_request"]["merged"], closed["pull_request"]["merge_commit_sha"]) == (True, merged.sha)
    assert served.wait_for("push", lambda payload: payload["after"] == merged.sha)["before"] == base


def activity(served: Served, **query: str) -> list[tuple[str, str, str]]:
    """Who did what to which branch, the newest first."""
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/activity"
    shown = httpx.get(url, params=query, headers=headers, trust_env=False).json()
    return [(each["actor"]["login"], each["activity_type"], each["ref"].removeprefix("refs/heads/")) for each in shown]


def test_every_move_of_a_branch_is_an_activity(served: Served) -> None:
    """https://docs.github.com/en/rest/repos/repos#list-repository-activities"""
    before = served.repository().get_branch("develop").commit.sha
    branch_off(served.repository("grace"), "feature")
    sha = change(served.repository("linus"), "feature", "feature.txt", "it\n")
    pull = served.repository("linus").create_pull(base="develop", head="feature", title="A feature")
    merged = served.repository("margaret").get_pull(pull.number).merge()
    served.repository("dennis").get_git_ref("heads/develop").edit(before, force=True)
    served.repository("grace").get_git_ref("heads/feature").delete()
    assert activity(served)[:5] == [
        ("grace", "branch_deletion", "feature"),
        ("dennis", "force_push", "develop"),
        ("margaret", "pr_merge", "develop"),
        ("linus", "push", "feature"),
        ("grace", "branch_creation", "feature"),
    ]
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/activity"
    shown = httpx.get(url, params={"ref": "refs/heads/develop"}, headers=headers, trust_env=False).json()
    assert [(each["before"], each["after"]) for each in shown[:2]] == [(merged.sha, before), (before, merged.sha)]
    (pushed,) = httpx.get(url, params={"actor": "linus"}, headers=headers, trust_env=False).json()
    assert (pushed["before"], pushed["after"]) == (before, sha)
    assert activity(served, activity_type="pr_merge") == [("margaret", "pr_merge", "develop")]
    assert {each[2] for each in activity(served, ref="feature")} == {"feature"}


def test_a_conflict_is_not_merged(repository: Repository) -> None:
    for name in ("left", "right"):
        branch_off(repository, name)
        change(repository, name, "same.txt", name)
    pulls = [repository.create_pull(base="develop", head=name, title=name) for name in ("left", "right")]
    pulls[0].merge()
    assert repository.get_pull(pulls[1].number).mergeable is False
    with pytest.raises(GithubException) as refused:
        pulls[1].merge()
    assert refused.value.status == 405


def test_a_merge_of_another_head_than_expected_is_a_conflict(repository: Repository) -> None:
    branch_off(repository, "feature")
    change(repository, "feature", "feature.txt", "it\n")
    pull = repository.create_pull(base="develop", head="feature", title="A feature")
    with pytest.raises(GithubException) as refused:
        pull.merge(sha="0" * 40)
    assert refused.value.status == 409


def test_a_second_pull_request_for_the_same_branches_is_refused(repository: Repository) -> None:
    branch_off(repository, "feature")
    with pytest.raises(GithubException, match="No commits between"):
        repository.create_pull(base="develop", head="feature", title="nothing yet")
    change(repository, "feature", "feature.txt", "it\n")
    repository.create_pull(base="develop", head="feature", title="A feature")
    with pytest.raises(GithubException, match="already exists"):
        repository.create_pull(base="develop", head="feature", title="again")


def test_new_commits_synchronize_a_pull_request(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    before = change(repository, "feature", "feature.txt", "it\n")
    pull = repository.create_pull(base="develop", head="feature", title="A feature")
    after = change(repository, "feature", "more.txt", "more\n")
    told = served.wait_for("pull_request", lambda payload: payload["action"] == "synchronize")
    assert (told["before"], told["after"], told["number"]) == (before, after, pull.number)
    pull.edit(state="closed")
    closed = served.wait_for("pull_request", lambda payload: payload["action"] == "closed")
    assert closed["pull_request"]["merged"] is False


def test_reviews_and_comments_are_kept(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    change(repository, "feature", "feature.txt", "it\n")
    pull = repository.create_pull(base="develop", head="feature", title="A feature")
    served.repository("grace").get_pull(pull.number).create_review(event="APPROVE", body="good")
    assert [(review.user.login, review.state) for review in pull.get_reviews()] == [("grace", "APPROVED")]
    with pytest.raises(GithubException, match="your own"):
        pull.create_review(event="APPROVE")
    comment = pull.create_issue_comment("the plan")
    comment.edit("the newer plan")
    assert [found.body for found in pull.get_issue_comments()] == ["the newer plan"]


def test_checks_are_made_and_read(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    sha = change(repository, "feature", "feature.txt", "it\n")
    run = as_app(served, 77).create_check_run("lint", sha, status="in_progress")
    run.edit(status="completed", conclusion="failure", output={"title": "bad", "summary": "line 1"})
    commit = repository.get_commit(sha)
    assert [(found.name, found.conclusion) for found in commit.get_check_runs()] == [("lint", "failure")]
    assert [suite.conclusion for suite in commit.get_check_suites()] == ["failure"]
    assert served.wait_for("check_run", lambda payload: payload["action"] == "completed")["check_run"]["name"] == "lint"
    assert served.wait_for("check_suite")["check_suite"]["conclusion"] == "failure"


def as_app(served: Served, number: int) -> Repository:
    """The repository, as an App sees it that is installed there."""
    key, public = an_app_key()
    installation = served.github.install_app(number, public)
    integration = GithubIntegration(auth=Auth.AppAuth(number, key), base_url=served.github.api, **QUIET)
    return integration.get_github_for_installation(installation).get_repo(NAME)


def test_only_an_app_makes_check_runs_and_only_its_own_change(served: Served, repository: Repository) -> None:
    sha = repository.get_branch("develop").commit.sha
    with pytest.raises(GithubException, match="You must authenticate via a GitHub App"):
        repository.create_check_run("test", sha, status="completed", conclusion="success")
    made = as_app(served, 77).create_check_run("test", sha, status="completed", conclusion="success")
    with pytest.raises(GithubException, match="its own app"):
        as_app(served, 78).get_check_run(made.id).edit(conclusion="failure")


def test_a_check_run_has_annotations_fifty_at_a_time_that_are_added_to(served: Served) -> None:
    theirs = as_app(served, 77)
    sha = theirs.get_branch("develop").commit.sha
    note = {"path": "a.txt", "start_line": 3, "end_line": 3, "annotation_level": "failure", "message": "no"}
    output = {"title": "two", "summary": "words", "annotations": [note]}
    made = theirs.create_check_run("test", sha, conclusion="failure", output=output)
    made.edit(output=output)
    assert [(found.path, found.start_line) for found in made.get_annotations()] == [("a.txt", 3)] * 2
    for wrong in ([note] * 51, [{"path": "a.txt"}]):
        with pytest.raises(GithubException):
            theirs.create_check_run("test", sha, conclusion="failure", output={**output, "annotations": wrong})
    page = httpx.get(f"{served.github.origin}/{NAME}/runs/{made.id}", trust_env=False).text
    assert "a.txt</code>" not in page and "a.txt:3</code> failure: no" in page


def test_github_merges_what_is_open_for_a_trial(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    head = change(repository, "feature", "feature.txt", "it\n")
    pull = repository.create_pull("develop", "feature", title="It")
    tip = repository.get_branch("develop").commit.sha
    trial = repository.get_git_commit(pull.merge_commit_sha)
    assert [parent.sha for parent in trial.parents] == [tip, head]
    assert repository.get_git_ref(f"pull/{pull.number}/merge").object.sha == trial.sha
    moved = change(repository, "develop", "other.txt", "it\n")
    again = repository.get_git_commit(repository.get_pull(pull.number).merge_commit_sha)
    assert [parent.sha for parent in again.parents] == [moved, head]
    change(repository, "develop", "feature.txt", "otherwise\n")
    found = repository.get_pull(pull.number)
    assert (found.mergeable, found.merge_commit_sha) == (False, None)
    assert not [told for told in served.events("push") if told["ref"].startswith("refs/pull/")]


def test_a_pull_request_can_go_to_another_branch(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    change(repository, "feature", "feature.txt", "it\n")
    pull = repository.create_pull("develop", "feature", title="It")
    pull.edit(base="staging")
    told = served.wait_for("pull_request", lambda payload: payload["action"] == "edited")
    assert (told["changes"]["base"]["ref"]["from"], told["pull_request"]["base"]["ref"]) == ("develop", "staging")


def test_each_app_has_a_suite_of_its_own(served: Served, repository: Repository) -> None:
    theirs, others = as_app(served, 77), as_app(served, 78)
    branch_off(repository, "feature")
    sha = change(repository, "feature", "feature.txt", "it\n")
    others.create_check_run("test", sha, status="completed", conclusion="failure")
    theirs.create_check_run("test", sha, status="completed", conclusion="success")
    found = list(repository.get_commit(sha).get_check_runs())
    assert [(run.app.id, run.conclusion) for run in found if run.app.id != ACTIONS_APP_ID] == [
        (77, "success"),
        (78, "failure"),
    ]
    suites = repository.get_commit(sha).get_check_suites()
    assert {(77, "success"), (78, "failure")} <= {(suite.app.id, suite.conclusion) for suite in suites}
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/commits/{sha}/check-runs?app_id=77"
    assert [run["app"]["id"] for run in httpx.get(url, headers=headers, trust_env=False).json()["check_runs"]] == [77]


def test_the_latest_run_of_a_name_is_shown_unless_all_are_asked_for(served: Served, repository: Repository) -> None:
    branch_off(repository, "feature")
    sha = change(repository, "feature", "feature.txt", "it\n")
    for conclusion in ("failure", "success"):
        as_app(served, 77).create_check_run("test", sha, status="completed", conclusion=conclusion)
    commit = repository.get_commit(sha)
    assert [run.conclusion for run in commit.get_check_runs()] == ["success"]
    assert [run.conclusion for run in commit.get_check_runs(filter="latest")] == ["success"]
    assert [run.conclusion for run in commit.get_check_runs(filter="all")] == ["success", "failure"]


def test_a_combined_status_has_pages(served: Served, repository: Repository) -> None:
    commit = repository.get_commit("develop")
    for number in range(5):
        commit.create_status("failure" if number == 0 else "success", context=f"status {number}")
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/commits/{commit.sha}/status?per_page=3"
    first = httpx.get(url, headers=headers, trust_env=False)
    second = httpx.get(first.links["next"]["url"], headers=headers, trust_env=False)
    pages = [first.json(), second.json()]
    assert [len(page["statuses"]) for page in pages] == [3, 2]
    assert {given["context"] for page in pages for given in page["statuses"]} == {f"status {n}" for n in range(5)}
    assert [(page["state"], page["total_count"]) for page in pages] == [("failure", 5)] * 2
    assert "next" not in second.links


def test_commit_statuses_are_combined(repository: Repository) -> None:
    commit = repository.get_commit("develop")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("pending", context="one")
    commit.create_status("success", context="one")
    assert commit.get_combined_status().state == "success"
    commit.create_status("failure", context="two")
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count) == ("failure", 2)
    assert [status.state for status in commit.get_statuses()] == ["failure", "success", "pending"]


def test_deployments_carry_statuses(served: Served, repository: Repository) -> None:
    deployment = repository.create_deployment("develop", environment="dev", auto_merge=False, required_contexts=[])
    deployment.create_status("in_progress", environment_url="http://dev.example")
    deployment.create_status("success")
    (found,) = repository.get_deployments(environment="dev")
    assert [status.state for status in found.get_statuses()] == ["success", "in_progress"]
    assert served.wait_for("deployment_status")["deployment_status"]["state"] == "in_progress"


def test_a_release_makes_its_tag_and_an_image(served: Served, repository: Repository) -> None:
    release = repository.create_git_release("v1.0.0", "One", "notes", target_commitish="develop")
    assert repository.get_git_ref("tags/v1.0.0").object.sha == repository.get_branch("develop").commit.sha
    assert repository.get_latest_release().tag_name == release.tag_name == "v1.0.0"
    told = served.wait_for("release", lambda payload: payload["action"] == "published")
    assert told["release"]["draft"] is False
    served.wait(lambda: bool(served.versions))
    assert served.versions[0][:2] == (repository.get_branch("develop").commit.sha, "v1.0.0")


def test_people_teams_and_permissions_are_seeded(served: Served) -> None:
    client = served.client("grace")
    assert (client.get_user().login, client.get_user("ada").id) == ("grace", 1001)
    team = client.get_organization("acme").get_team_by_slug("release")
    assert team.get_team_membership("ada").state == "active"
    with pytest.raises(UnknownObjectException):
        team.get_team_membership("linus")
    assert {member.login for member in team.get_members()} == {"ada", "grace", "margaret"}
    assert client.get_repo(NAME).get_collaborator_permission("barbara") == "read"


def test_a_wrong_token_and_an_unknown_address_are_refused_as_github_does(served: Served) -> None:
    with pytest.raises(GithubException) as refused:
        Github(auth=Auth.Token("wrong"), base_url=served.github.api, **QUIET).get_repo(NAME)
    assert (refused.value.status, refused.value.data["message"]) == (401, "Bad credentials")
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    for method, path in (("GET", "/nothing"), ("GET", "/repos/acme/nothing"), ("DELETE", f"/repos/{NAME}")):
        reply = httpx.request(method, served.github.api + path, headers=headers, trust_env=False)
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.json()["documentation_url"].startswith("https://docs.github.com")


def test_an_app_signs_in_with_its_key(served: Served) -> None:
    key, public = an_app_key()
    installation = served.github.install_app(77, public)
    auth = Auth.AppAuth(77, key)
    integration = GithubIntegration(auth=auth, base_url=served.github.api, **QUIET)
    assert integration.get_repo_installation("acme", "captioncraft").id == installation
    client = integration.get_github_for_installation(installation)
    assert client.get_repo(NAME).get_branch("develop").commit.sha
    repositories = integration.get_app_installation(installation).get_repos()
    assert [found.full_name for found in repositories] == [NAME]


def test_an_app_with_another_key_is_refused(served: Served) -> None:
    _, public = an_app_key()
    other, _ = an_app_key()
    served.github.install_app(77, public)
    integration = GithubIntegration(auth=Auth.AppAuth(77, other), base_url=served.github.api, **QUIET)
    with pytest.raises(GithubException) as refused:
        integration.get_access_token(4001)
    assert refused.value.status == 401


def an_app_key() -> tuple[str, bytes]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public


def test_an_unchanged_answer_is_304_and_not_counted(served: Served) -> None:
    headers = {"Authorization": f"token {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/branches/develop"
    first = httpx.get(url, headers=headers, trust_env=False)
    again = httpx.get(url, headers={**headers, "If-None-Match": first.headers["etag"]}, trust_env=False)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    change(served.repository(), "develop", "x.txt", "x")
    newer = httpx.get(url, headers={**headers, "If-None-Match": first.headers["etag"]}, trust_env=False)
    assert newer.status_code == 200


def test_lists_are_paged_by_links(served: Served, repository: Repository) -> None:
    for number in range(5):
        branch_off(repository, f"branch-{number}")
    client = served.client(per_page=3)
    assert len(list(client.get_repo(NAME).get_branches())) == 8
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    reply = httpx.get(f"{served.github.api}/repos/{NAME}/branches?per_page=3&page=2", headers=headers, trust_env=False)
    assert set(reply.links) == {"first", "prev", "next", "last"}
    assert reply.links["next"]["url"].startswith(served.github.api)


def test_content_is_replaced_only_by_who_names_its_blob(repository: Repository) -> None:
    found = repository.get_contents("README.md", ref="develop")
    assert not isinstance(found, list)
    repository.update_file("README.md", "new", "new\n", found.sha, branch="develop")
    with pytest.raises(GithubException) as refused:
        repository.update_file("README.md", "newer", "newer\n", found.sha, branch="develop")
    assert refused.value.status == 409
    blob = repository.get_git_blob(found.sha)
    assert base64.b64decode(blob.content) == b"# Captions\n"


def test_a_ref_moves_only_forward_unless_forced(repository: Repository) -> None:
    before = repository.get_branch("develop").commit.sha
    change(repository, "develop", "x.txt", "x")
    ref = repository.get_git_ref("heads/develop")
    with pytest.raises(GithubException, match="fast forward"):
        ref.edit(before)
    ref.edit(before, force=True)
    assert repository.get_branch("develop").commit.sha == before


def test_addresses_in_answers_are_those_of_the_asker(served: Served) -> None:
    port = served.github.origin.rpartition(":")[2]
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}", "Host": f"localhost:{port}"}
    reply = httpx.get(f"{served.github.api}/repos/{NAME}", headers=headers, trust_env=False)
    assert reply.json()["url"] == f"http://localhost:{port}/api/v3/repos/{NAME}"


def test_a_body_beyond_the_limit_or_not_json_is_refused(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}/pulls"
    statuses = [
        httpx.post(url, headers=headers, content=body, trust_env=False).status_code
        for body in (b"{", b"[]", b"{}", b" " * (MAX_BODY_BYTES + 1))
    ]
    assert statuses == [400, 400, 422, 413]
