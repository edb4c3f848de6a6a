"""GitHub Apps: the App itself, its installation, and tokens for it."""

from __future__ import annotations

from typing import Any

from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.apps import Apps
from sandbox.github.errors import ApiError
from sandbox.github.people import ORGANIZATION_ID
from sandbox.github.shapes import Json, checks, time
from sandbox.github.shapes.people import organization_account
from sandbox.github.shapes.repositories import repository_shape

PERMISSIONS = {
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}


def routes(apps: Apps) -> list[Rest]:
    """The calls that an App makes in its own name need its JWT; all others a token."""

    def app(call: Call) -> Any:
        return _app_shape(call, _app_id(call))

    def installations(call: Call) -> Any:
        number = apps.apps[_app_id(call)].installation_id
        return Page([number], lambda found: _installation(call, found))

    def installation(call: Call) -> Any:
        number = apps.apps[_app_id(call)].installation_id
        if call.path.get("id", number) != number:
            raise ApiError.not_found()
        return _installation(call, number)

    def access_token(call: Call) -> Any:
        token, expires = apps.give_token(call.path["id"], _app_id(call), call.state.now())
        body = {"token": token, "expires_at": time(expires), "permissions": PERMISSIONS, "repository_selection": "all"}
        return Reply(201, body)

    def hook_config(call: Call) -> Any:
        _app_id(call)
        return {"content_type": "json", "insecure_ssl": "0", "secret": None, "url": ""}

    def deliveries(call: Call) -> Any:
        """https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook"""
        found = apps.deliveries.get(_app_id(call), [])
        if wanted := call.query.get("status"):
            found = [each for each in found if (200 <= each["status_code"] < 400) == (wanted == "success")]
        return Page(found, dict)

    def attempt(call: Call) -> Any:
        if not any(each["id"] == call.path["delivery"] for each in apps.deliveries.get(_app_id(call), [])):
            raise ApiError.not_found()
        apps.attempts.append(call.path["delivery"])
        return Reply(202, {})

    def repositories(call: Call) -> Any:
        found = list(call.state.repositories.values())
        return Page(found, lambda item: repository_shape(call.links, item, call.by), "repositories")

    return [
        ("GET", "/app", app),
        ("GET", "/app/hook/config", hook_config),
        ("GET", "/app/hook/deliveries", deliveries),
        ("POST", "/app/hook/deliveries/{delivery:int}/attempts", attempt),
        ("GET", "/app/installations", installations),
        ("GET", "/app/installations/{id:int}", installation),
        ("POST", "/app/installations/{id:int}/access_tokens", access_token),
        ("GET", "/repos/{owner}/{repo}/installation", installation),
        ("GET", "/orgs/{organization}/installation", installation),
        ("GET", "/installation/repositories", repositories),
    ]


def _app_id(call: Call) -> int:
    if call.app_id is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return call.app_id


def _app_shape(call: Call, number: int) -> Json:
    return checks.app(call.links, number)


def _installation(call: Call, number: int) -> Json:
    here = call.links.api("app/installations", number)
    return {
        "id": number,
        "account": organization_account(call.links),
        "access_tokens_url": here + "/access_tokens",
        "repositories_url": call.links.api("installation/repositories"),
        "html_url": call.links.html("organizations/acme/settings/installations", number),
        "app_id": call.app_id,
        "app_slug": "tidegate",
        "target_id": ORGANIZATION_ID,
        "target_type": "Organization",
        "permissions": PERMISSIONS,
        "events": ["push", "pull_request", "check_run", "check_suite", "workflow_run", "release"],
        "repository_selection": "all",
        "suspended_at": None,
    }
