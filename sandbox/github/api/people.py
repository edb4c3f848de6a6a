"""Users, organizations, teams, rate limit."""

from __future__ import annotations

from typing import Any

from sandbox.github.api.call import Call, Page, Rest
from sandbox.github.errors import ApiError
from sandbox.github.people import ORGANIZATION, ORGANIZATION_ID, Person, Team
from sandbox.github.shapes import people as shapes


def root(call: Call) -> Any:
    return {"current_user_url": call.links.api("user"), "rate_limit_url": call.links.api("rate_limit")}


def rate_limit(call: Call) -> Any:
    """The numbers of this answer are GitHub's defaults; the counted ones are in every answer's headers."""
    now = int(call.state.now().timestamp())
    core = {"limit": 5000, "used": 0, "remaining": 5000, "reset": now - now % 3600 + 3600, "resource": "core"}
    search = {**core, "limit": 30, "remaining": 30, "resource": "search"}
    return {"resources": {"core": core, "search": search, "graphql": {**core, "resource": "graphql"}}, "rate": core}


def me(call: Call) -> Any:
    """An installation is nobody: GitHub answers 403 to it."""
    if call.by.type == "Bot":
        raise ApiError(403, "Resource not accessible by integration")
    return shapes.full_user(call.links, call.by)


def user(call: Call) -> Any:
    return shapes.full_user(call.links, _person(call, call.path["login"]))


def user_by_id(call: Call) -> Any:
    found = call.state.people.with_id(call.path["id"])
    if found is None:
        raise ApiError.not_found()
    return shapes.full_user(call.links, found)


def _person(call: Call, login: str) -> Person:
    found = call.state.people.named(login)
    if found is None:
        raise ApiError.not_found()
    return found


def organization(call: Call) -> Any:
    _check_organization(call)
    return shapes.organization(call.links)


def members(call: Call) -> Any:
    _check_organization(call)
    found = [person for person in call.state.people.everyone if person.type == "User"]
    return Page(found, lambda person: shapes.user(call.links, person))


def teams(call: Call) -> Any:
    _check_organization(call)
    return Page(call.state.people.teams, lambda team: shapes.team(call.links, team))


def team(call: Call) -> Any:
    return shapes.team(call.links, _team(call))


def team_members(call: Call) -> Any:
    found = [_person(call, login) for login in _team(call).members]
    return Page(found, lambda person: shapes.user(call.links, person))


def membership(call: Call) -> Any:
    found, person = _team(call), _person(call, call.path["login"])
    if person.login not in found.members:
        raise ApiError.not_found()
    return shapes.membership(call.links, found, person.login)


def _check_organization(call: Call) -> None:
    if call.path["organization"] not in (ORGANIZATION, ORGANIZATION_ID):
        raise ApiError.not_found()


def _team(call: Call) -> Team:
    """Addressed by slug below the organization's name, or by id below its id."""
    _check_organization(call)
    wanted = call.path["team"]
    for found in call.state.people.teams:
        if wanted in (found.slug, found.id):
            return found
    raise ApiError.not_found()


def collaborators(call: Call) -> Any:
    call.require_repository()
    found = [person for person in call.state.people.everyone if person.type == "User"]
    return Page(found, lambda person: shapes.collaborator_permission(call.links, person)["user"])


def permission(call: Call) -> Any:
    call.require_repository()
    return shapes.collaborator_permission(call.links, _person(call, call.path["login"]))


_BY_ID = "/organizations/{organization:int}/team/{team:int}"
_BY_SLUG = "/orgs/{organization}/teams/{team}"

ROUTES: list[Rest] = [
    ("GET", "/", root),
    ("GET", "/rate_limit", rate_limit),
    ("GET", "/user", me),
    ("GET", "/user/{id:int}", user_by_id),
    ("GET", "/users/{login}", user),
    ("GET", "/orgs/{organization}", organization),
    ("GET", "/orgs/{organization}/members", members),
    ("GET", "/orgs/{organization}/teams", teams),
    *(("GET", base, team) for base in (_BY_SLUG, _BY_ID)),
    *(("GET", base + "/members", team_members) for base in (_BY_SLUG, _BY_ID)),
    *(("GET", base + "/memberships/{login}", membership) for base in (_BY_SLUG, _BY_ID)),
    ("GET", "/repos/{owner}/{repo}/collaborators", collaborators),
    ("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", permission),
]
