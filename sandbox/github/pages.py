"""Plain pages behind the `html_url` of commits, pull requests and releases, so that links lead somewhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.github import pulls
from sandbox.github.desk import Desk
from sandbox.github.git.changes import Change, commit_changes
from sandbox.github.git.history import log
from sandbox.github.git.store import NotFoundError
from sandbox.github.shapes.commits import message, split_identity
from sandbox.github.state import Repository

MAX_COMMITS = 50
STYLE = (
    "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "pre{overflow:auto;padding:.75rem;border:1px solid #8884}code{font-size:.9em}"
)
SECURITY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Frame-Options": "DENY"}
Page = Callable[[Repository, dict[str, Any]], tuple[str, str]]


def routes(desk: Desk) -> list[Route]:
    base = "/{owner}/{repo}"
    pages: dict[str, Page] = {
        base: overview,
        base + "/tree/{ref:path}": overview,
        base + "/commit/{sha}": commit,
        base + "/pull/{number:int}": pull,
        base + "/runs/{number:int}": check,
        base + "/releases/tag/{ref:path}": overview,
    }
    return [Route(path, _endpoint(desk, page), methods=["GET"]) for path, page in pages.items()]


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        path = dict(request.path_params)
        try:
            found = _repository(desk, path)
            title, body = await desk.do(lambda: page(found, path))
        except NotFoundError as error:
            return HTMLResponse(html("Not found", f"<p>{escape(str(error))}</p>"), 404, SECURITY)
        return HTMLResponse(html(title, body), headers=SECURITY)

    return endpoint


def _repository(desk: Desk, path: dict[str, Any]) -> Repository:
    found = desk.state.repository(f"{path['owner']}/{path['repo']}")
    if found is None:
        raise NotFoundError(f"no repository {path['owner']}/{path['repo']}")
    return found


def html(title: str, body: str) -> str:
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en>{head}<h1>{escape(title)}</h1>{body}</html>"


def overview(repository: Repository, path: dict[str, Any]) -> tuple[str, str]:
    revision = path.get("ref") or repository.default_branch
    commits = log(repository.git, repository.git.resolve(revision))[:MAX_COMMITS]
    branches = " · ".join(
        f'<a href="/{repository.full_name}/tree/{escape(name)}">{escape(name)}</a>'
        for name in repository.git.branches()
    )
    lines = "".join(f"<li>{_line(repository, sha)}</li>" for sha in commits)
    return f"{repository.full_name} at {revision}", f"<p>{branches}</p><ul>{lines}</ul>"


def _line(repository: Repository, sha: str) -> str:
    title = message(repository.git.commit(sha)).split("\n")[0]
    return f'<a href="/{repository.full_name}/commit/{sha}"><code>{sha[:8]}</code></a> {escape(title)}'


def commit(repository: Repository, path: dict[str, Any]) -> tuple[str, str]:
    sha = repository.git.resolve(path["sha"])
    found = repository.git.commit(sha)
    title, _, rest = message(found).partition("\n")
    author = split_identity(found.author)[0]
    head = f"<p>{escape(author)} · <code>{sha}</code></p><p>{escape(rest.strip())}</p>"
    return title, head + _files(commit_changes(repository.git, sha))


def pull(repository: Repository, path: dict[str, Any]) -> tuple[str, str]:
    found = repository.records.pulls.get(path["number"])
    if found is None:
        raise NotFoundError(f"no pull request #{path['number']}")
    state = "merged" if found.merged_at else "open" if found.is_open else "closed"
    head = f"<p>{state} · {escape(found.head)} → {escape(found.base)} · by {escape(found.author.login)}</p>"
    comments = "".join(
        f"<h2>{escape(comment.author.login)}</h2><pre>{escape(comment.body)}</pre>"
        for comment in repository.records.comments.values()
        if comment.number == found.number
    )
    text = f"<p>{escape(found.body)}</p>{_checks(repository, found.head_sha)}{comments}"
    return f"{found.title} #{found.number}", head + text + _files(pulls.changed_files(repository, found))


def _checks(repository: Repository, sha: str) -> str:
    """What was said of a commit: the newest check run of each name, and the newest status of each context."""
    runs = {run.name: run for run in repository.records.check_runs.values() if run.suite.head_sha == sha}
    statuses = {given.context: given for given in repository.records.statuses if given.sha == sha}
    lines = [
        f'<li><a href="/{repository.full_name}/runs/{run.id}">{escape(run.name)}</a>: '
        f"{escape(run.conclusion or run.status)} {escape(str(run.output.get('title') or ''))}</li>"
        for run in runs.values()
    ]
    lines += [
        f"<li>{escape(given.context)}: {given.state} {escape(given.description or '')}</li>"
        for given in statuses.values()
    ]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def check(repository: Repository, path: dict[str, Any]) -> tuple[str, str]:
    found = repository.records.check_runs.get(path["number"])
    if found is None:
        raise NotFoundError(f"no check run {path['number']}")
    head = f"<p>{escape(found.conclusion or found.status)} · <code>{found.suite.head_sha[:8]}</code></p>"
    notes = "".join(
        f"<li><code>{escape(str(note['path']))}:{note['start_line']}</code> {escape(str(note['annotation_level']))}: "
        f"{escape(str(note['message']))}</li>"
        for note in found.annotations
    )
    text = f"<pre>{escape(str(found.output.get('summary') or ''))}</pre><ul>{notes}</ul>"
    return f"{found.name}: {found.output.get('title') or found.conclusion}", head + text


def _files(changed: list[Change]) -> str:
    return "".join(
        f"<h2>{escape(change.path)} <small>{change.kind}</small></h2><pre>{escape(change.patch or '')}</pre>"
        for change in changed
    )
