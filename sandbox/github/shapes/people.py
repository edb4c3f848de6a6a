"""Accounts, organizations and teams."""

from __future__ import annotations

from sandbox.github.links import Links
from sandbox.github.people import ORGANIZATION, ORGANIZATION_ID, Permission, Person, Team
from sandbox.github.shapes import Json
from sandbox.github.state import node_id

RANK: tuple[Permission, ...] = ("none", "read", "triage", "write", "maintain", "admin")
SUBPATHS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}


def user(links: Links, person: Person) -> Json:
    return _account(links, person.login, person.id, person.type)


def full_user(links: Links, person: Person) -> Json:
    return {**user(links, person), "name": person.name, "email": person.email, "company": "@acme"}


def organization_account(links: Links) -> Json:
    return _account(links, ORGANIZATION, ORGANIZATION_ID, "Organization")


def _account(links: Links, login: str, number: int, kind: str) -> Json:
    return {
        "login": login,
        "id": number,
        "node_id": node_id(kind, number),
        "avatar_url": links.html("avatars", number),
        "gravatar_id": "",
        "url": links.api("users", login),
        "html_url": links.html(login),
        **{name: links.api("users", login, path) for name, path in SUBPATHS.items()},
        "type": kind,
        "site_admin": False,
    }


def organization(links: Links) -> Json:
    return {
        "login": ORGANIZATION,
        "id": ORGANIZATION_ID,
        "node_id": node_id("Organization", ORGANIZATION_ID),
        "url": links.api("orgs", ORGANIZATION),
        "repos_url": links.api("orgs", ORGANIZATION, "repos"),
        "events_url": links.api("orgs", ORGANIZATION, "events"),
        "hooks_url": links.api("orgs", ORGANIZATION, "hooks"),
        "issues_url": links.api("orgs", ORGANIZATION, "issues"),
        "members_url": links.api("orgs", ORGANIZATION, "members{/member}"),
        "public_members_url": links.api("orgs", ORGANIZATION, "public_members{/member}"),
        "avatar_url": links.html("avatars", ORGANIZATION_ID),
        "description": "A company of the sandbox",
    }


def team(links: Links, found: Team) -> Json:
    address = links.api("organizations", ORGANIZATION_ID, "team", found.id)
    return {
        "id": found.id,
        "node_id": node_id("Team", found.id),
        "name": found.name,
        "slug": found.slug,
        "description": "",
        "privacy": "closed",
        "permission": "push",
        "url": address,
        "html_url": links.html("orgs", ORGANIZATION, "teams", found.slug),
        "members_url": address + "/members{/member}",
        "repositories_url": address + "/repos",
        "parent": None,
    }


def membership(links: Links, found: Team, login: str) -> Json:
    address = links.api("organizations", ORGANIZATION_ID, "team", found.id, "memberships", login)
    return {"url": address, "role": "member", "state": "active"}


def permissions(permission: Permission) -> dict[str, bool]:
    """What a permission includes, by the names that repositories use."""
    rank = RANK.index(permission)
    levels = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: rank >= RANK.index(level) for name, level in levels.items()}


def collaborator_permission(links: Links, person: Person) -> Json:
    """GitHub answers `permission` with four levels only: maintain reads write, triage reads read."""
    legacy = {"maintain": "write", "triage": "read"}.get(person.permission, person.permission)
    account = {**user(links, person), "permissions": permissions(person.permission), "role_name": person.permission}
    return {"permission": legacy, "role_name": person.permission, "user": account}
