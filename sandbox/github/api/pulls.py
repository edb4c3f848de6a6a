"""Pull requests, their reviews, and comments on them."""

from __future__ import annotations

from typing import Any

from sandbox.github import merges, pulls
from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.errors import ApiError
from sandbox.github.git.history import distance
from sandbox.github.records import Comment, Pull, Review
from sandbox.github.shapes import commits as commit_shapes
from sandbox.github.shapes import pulls as shapes

VERDICTS = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", "": "PENDING"}


def _pull(call: Call) -> Pull:
    found = call.repository.records.pulls.get(call.path["number"])
    if found is None:
        raise ApiError.not_found()
    return found


def _shape(call: Call, pull: Pull) -> Any:
    return shapes.pull(call.links, call.repository, pull, pulls.totals(call.repository, pull))


def listed(call: Call) -> Any:
    """Newest first; `head` is `owner:branch`."""
    state, head, base = (call.query.get(name) for name in ("state", "head", "base"))
    branch = head.partition(":")[2] if head and ":" in head else head
    found = [
        pull
        for pull in call.repository.records.pulls.values()
        if (state == "all" or pull.is_open == (state != "closed"))
        and branch in (None, "", pull.head)
        and base in (None, "", pull.base)
    ]
    key = {"updated": lambda pull: pull.updated_at}.get(call.query.get("sort", ""), lambda pull: pull.number)
    found.sort(key=key, reverse=call.query.get("direction", "desc") == "desc")
    return Page(found, lambda pull: shapes.pull_in_list(call.links, call.repository, pull))


def create(call: Call) -> Any:
    head, base, title = call.needs("head", "base", "title")
    pull = pulls.open_pull(
        call.state,
        call.repository,
        head.removeprefix(f"{call.repository.owner}:"),
        base,
        title,
        call.body.get("body") or "",
        call.by,
        draft=bool(call.body.get("draft")),
    )
    return Reply(201, _shape(call, pull))


def get(call: Call) -> Any:
    return _shape(call, _pull(call))


def edit(call: Call) -> Any:
    pull, wanted = _pull(call), call.body.get("state")
    edits = {name: {"from": getattr(pull, name)} for name in ("title", "body") if name in call.body}
    pull.title = call.body.get("title", pull.title)
    pull.body = call.body.get("body", pull.body)
    if wanted == "closed" and pull.is_open:
        pulls.close(call.state, call.repository, pull, call.by)
    elif wanted == "open" and not pull.is_open:
        pulls.reopen(call.state, call.repository, pull, call.by)
    if call.body.get("base") not in (None, pull.base) and pull.is_open:
        pulls.rebase_onto(call.state, call.repository, pull, call.body["base"], call.by)
    if edits:
        pulls.tell(call.state, call.repository, "edited", pull, call.by, changes=edits)
    return _shape(call, pull)


def files(call: Call) -> Any:
    found, pull = call.repository, _pull(call)
    changed = pulls.changed_files(found, pull)
    return Page(changed, lambda change: commit_shapes.file(call.links, found, change, pull.head_sha))


def commits(call: Call) -> Any:
    """Oldest first."""
    found, pull = call.repository, _pull(call)
    ahead = distance(found.git, pull.base_sha, pull.head_sha).ahead[::-1]
    return Page(ahead, lambda sha: commit_shapes.commit(call.links, found, call.state.people, sha))


def is_merged(call: Call) -> Any:
    if _pull(call).merged_at is None:
        raise ApiError.not_found()
    return Reply(204)


def merge(call: Call) -> Any:
    """405 when it can't be merged, 409 when the head is not the expected one."""
    pull, method = _pull(call), _method(call.body.get("merge_method") or "merge")
    if call.body.get("sha") not in (None, pull.head_sha):
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    lines = (call.body.get("commit_title"), call.body.get("commit_message"))
    message = "\n\n".join(line for line in lines if line)
    commit = merges.merge_pull(call.state, call.repository, pull, call.by, method=method, message=message)
    return shapes.merged(commit)


def _method(name: object) -> merges.Method:
    if name == "merge":
        return "merge"
    if name == "squash":
        return "squash"
    raise ApiError(405, f"{str(name).capitalize()} merges are not allowed on this repository.")


def reviews(call: Call) -> Any:
    pull = _pull(call)
    return Page(pull.reviews, lambda given: shapes.review(call.links, call.repository, pull, given))


def make_review(call: Call) -> Any:
    pull, verdict = _pull(call), call.body.get("event") or ""
    if verdict not in VERDICTS:
        raise ApiError.invalid("PullRequestReview", "event", f"must be one of {', '.join(filter(None, VERDICTS))}")
    if verdict in ("APPROVE", "REQUEST_CHANGES") and call.by == pull.author:
        raise ApiError(422, "Can not approve your own pull request")
    given = Review(
        call.state.next_id(), call.by, VERDICTS[verdict], call.body.get("body") or "", pull.head_sha, call.state.now()
    )
    pull.reviews.append(given)
    return shapes.review(call.links, call.repository, pull, given)


def issue(call: Call) -> Any:
    return shapes.issue(call.links, call.repository, _pull(call))


# comments


def comments(call: Call) -> Any:
    pull = _pull(call)
    written = [comment for comment in call.repository.records.comments.values() if comment.number == pull.number]
    return Page(written, lambda comment: shapes.comment(call.links, call.repository, comment))


def _comment(call: Call) -> Comment:
    found = call.repository.records.comments.get(call.path["id"])
    if found is None:
        raise ApiError.not_found()
    return found


def comment(call: Call) -> Any:
    return shapes.comment(call.links, call.repository, _comment(call))


def make_comment(call: Call) -> Any:
    pull, (body,), now = _pull(call), call.needs("body"), call.state.now()
    made = Comment(call.state.next_id(), pull.number, call.by, body, now, now)
    call.repository.records.comments[made.id] = made
    return Reply(201, shapes.comment(call.links, call.repository, made))


def edit_comment(call: Call) -> Any:
    found, (body,) = _comment(call), call.needs("body")
    found.body, found.updated_at = body, call.state.now()
    return shapes.comment(call.links, call.repository, found)


def delete_comment(call: Call) -> Any:
    del call.repository.records.comments[_comment(call).id]
    return Reply(204)


_BASE = "/repos/{owner}/{repo}"
_PULL = _BASE + "/pulls/{number:int}"
_ISSUE = _BASE + "/issues/{number:int}"

ROUTES: list[Rest] = [
    ("GET", _BASE + "/pulls", listed),
    ("POST", _BASE + "/pulls", create),
    ("GET", _PULL, get),
    ("PATCH", _PULL, edit),
    ("GET", _PULL + "/files", files),
    ("GET", _PULL + "/commits", commits),
    ("GET", _PULL + "/merge", is_merged),
    ("PUT", _PULL + "/merge", merge),
    ("GET", _PULL + "/reviews", reviews),
    ("POST", _PULL + "/reviews", make_review),
    ("GET", _ISSUE, issue),
    ("GET", _ISSUE + "/comments", comments),
    ("POST", _ISSUE + "/comments", make_comment),
    ("GET", _BASE + "/issues/comments/{id:int}", comment),
    ("PATCH", _BASE + "/issues/comments/{id:int}", edit_comment),
    ("DELETE", _BASE + "/issues/comments/{id:int}", delete_comment),
]
