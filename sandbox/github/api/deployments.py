"""Deployments, their statuses, and releases."""

from __future__ import annotations

from typing import Any

from sandbox.github import payloads, releases
from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.errors import ApiError
from sandbox.github.git.store import NotFoundError
from sandbox.github.records import Deployment, DeploymentStatus, Release
from sandbox.github.shapes import deployments as shapes

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")


def deployments(call: Call) -> Any:
    """Newest first, narrowed by sha, ref, task, environment."""
    wanted = {name: call.query[name] for name in ("sha", "ref", "task", "environment") if call.query.get(name)}
    found = [
        deployment
        for deployment in reversed(call.repository.records.deployments.values())
        if all(getattr(deployment, name) == value for name, value in wanted.items())
    ]
    return Page(found, lambda deployment: shapes.deployment(call.links, call.repository, deployment))


def make_deployment(call: Call) -> Any:
    (ref,) = call.needs("ref")
    found, now = call.repository, call.state.now()
    try:
        sha = found.git.resolve(ref)
    except NotFoundError:
        raise ApiError(422, f"No ref found for: {ref}") from None
    environment = call.body.get("environment") or "production"
    made = Deployment(
        id=call.state.next_id(),
        sha=sha,
        ref=ref,
        task=call.body.get("task") or "deploy",
        environment=environment,
        description=call.body.get("description"),
        payload=call.body.get("payload") or {},
        transient=bool(call.body.get("transient_environment")),
        production=bool(call.body.get("production_environment", environment == "production")),
        creator=call.by,
        created_at=now,
        updated_at=now,
    )
    found.records.deployments[made.id] = made
    call.state.emit(found, "deployment", payloads.deployment(call.state, found, made), call.by)
    return Reply(201, shapes.deployment(call.links, found, made))


def _deployment(call: Call) -> Deployment:
    found = call.repository.records.deployments.get(call.path["id"])
    if found is None:
        raise ApiError.not_found()
    return found


def deployment(call: Call) -> Any:
    return shapes.deployment(call.links, call.repository, _deployment(call))


def statuses(call: Call) -> Any:
    of = _deployment(call)
    return Page(of.statuses[::-1], lambda given: shapes.deployment_status(call.links, call.repository, of, given))


def status(call: Call) -> Any:
    of = _deployment(call)
    for given in of.statuses:
        if given.id == call.path["status"]:
            return shapes.deployment_status(call.links, call.repository, of, given)
    raise ApiError.not_found()


def make_status(call: Call) -> Any:
    """A success makes earlier successes of the same environment inactive, as `auto_inactive` says by default."""
    of, (state,), found = _deployment(call), call.needs("state"), call.repository
    if state not in STATES:
        raise ApiError.invalid("DeploymentStatus", "state", f"must be one of {', '.join(STATES)}", "invalid")
    given = _add_status(call, of, state, call.body)
    if state == "success" and call.body.get("auto_inactive", True) and not of.transient:
        for other in found.records.deployments.values():
            is_live = other.statuses and other.statuses[-1].state == "success"
            if other is not of and other.environment == of.environment and is_live and not other.production:
                _add_status(call, other, "inactive", {})
    return Reply(201, shapes.deployment_status(call.links, found, of, given))


def _add_status(call: Call, of: Deployment, state: str, fields: dict[str, Any]) -> DeploymentStatus:
    given = DeploymentStatus(
        id=call.state.next_id(),
        state=state,
        description=fields.get("description") or "",
        environment=fields.get("environment") or of.environment,
        environment_url=fields.get("environment_url") or "",
        log_url=fields.get("log_url") or fields.get("target_url") or "",
        creator=call.by,
        created_at=call.state.now(),
    )
    of.statuses.append(given)
    of.updated_at = given.created_at
    payload = payloads.deployment_status(call.state, call.repository, of, given)
    call.state.emit(call.repository, "deployment_status", payload, call.by)
    return given


# releases


def _shape(call: Call, release: Release) -> Any:
    return shapes.release(call.links, call.repository, release)


def listed(call: Call) -> Any:
    return Page(list(call.repository.records.releases.values())[::-1], lambda release: _shape(call, release))


def _release(call: Call) -> Release:
    found = call.repository.records.releases.get(call.path["id"])
    if found is None:
        raise ApiError.not_found()
    return found


def release(call: Call) -> Any:
    return _shape(call, _release(call))


def latest_release(call: Call) -> Any:
    for found in reversed(call.repository.records.releases.values()):
        if not found.draft and not found.prerelease:
            return _shape(call, found)
    raise ApiError.not_found()


def release_of_tag(call: Call) -> Any:
    for found in call.repository.records.releases.values():
        if found.tag == call.path["tag"] and not found.draft:
            return _shape(call, found)
    raise ApiError.not_found()


def make_release(call: Call) -> Any:
    (tag,) = call.needs("tag_name")
    made = releases.add(
        call.state,
        call.repository,
        tag,
        call.by,
        target=call.body.get("target_commitish"),
        name=call.body.get("name"),
        body=call.body.get("body"),
        draft=bool(call.body.get("draft")),
        prerelease=bool(call.body.get("prerelease")),
    )
    return Reply(201, _shape(call, made))


def edit_release(call: Call) -> Any:
    found, body = _release(call), call.body
    found.name, found.body = body.get("name", found.name), body.get("body", found.body)
    found.prerelease = bool(body.get("prerelease", found.prerelease))
    found.tag = body.get("tag_name") or found.tag
    if found.draft and body.get("draft") is False:
        releases.publish(call.state, call.repository, found, call.by)
    else:
        releases.edit(call.state, call.repository, found, call.by)
    return _shape(call, found)


def delete_release(call: Call) -> Any:
    releases.delete(call.state, call.repository, _release(call), call.by)
    return Reply(204)


_BASE = "/repos/{owner}/{repo}"
_ONE = _BASE + "/deployments/{id:int}"

ROUTES: list[Rest] = [
    ("GET", _BASE + "/deployments", deployments),
    ("POST", _BASE + "/deployments", make_deployment),
    ("GET", _ONE, deployment),
    ("GET", _ONE + "/statuses", statuses),
    ("POST", _ONE + "/statuses", make_status),
    ("GET", _ONE + "/statuses/{status:int}", status),
    ("GET", _BASE + "/releases", listed),
    ("POST", _BASE + "/releases", make_release),
    ("GET", _BASE + "/releases/latest", latest_release),
    ("GET", _BASE + "/releases/tags/{tag:path}", release_of_tag),
    ("GET", _BASE + "/releases/{id:int}", release),
    ("PATCH", _BASE + "/releases/{id:int}", edit_release),
    ("DELETE", _BASE + "/releases/{id:int}", delete_release),
]
