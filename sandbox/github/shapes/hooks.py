"""Webhooks and what was delivered to them."""

from __future__ import annotations

from sandbox.github.links import Links
from sandbox.github.records import Answer, Delivery, Hook
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.repositories import address
from sandbox.github.state import Repository


def hook(links: Links, repository: Repository, found: Hook) -> Json:
    """The secret is shown as stars, as GitHub does."""
    here = address(links, repository, "hooks", found.id)
    last = found.deliveries[-1].answer if found.deliveries else None
    return {
        "type": "Repository",
        "id": found.id,
        "name": "web",
        "active": found.active,
        "events": list(found.events),
        "config": {
            "url": found.url,
            "content_type": found.content_type,
            "insecure_ssl": "0",
            **({"secret": "********"} if found.secret else {}),
        },
        "updated_at": time(found.updated_at),
        "created_at": time(found.created_at),
        "url": here,
        "test_url": here + "/test",
        "ping_url": here + "/pings",
        "deliveries_url": here + "/deliveries",
        "last_response": {
            "code": last.status if last else None,
            "status": "active" if last else "unused",
            "message": last.reason if last else None,
        },
    }


def delivery_in_list(repository: Repository, found: Delivery) -> Json:
    answer = found.answer or Answer(0, "pending", {}, "", 0.0)
    return {
        "id": found.id,
        "guid": found.guid,
        "delivered_at": time(found.created_at),
        "redelivery": found.is_redelivery,
        "duration": round(answer.seconds, 2),
        "status": _status(answer),
        "status_code": answer.status,
        "event": found.event,
        "action": found.action,
        "installation_id": None,
        "repository_id": repository.id,
        "throttled_at": None,
    }


def delivery(repository: Repository, hook_url: str, found: Delivery) -> Json:
    answer = found.answer or Answer(0, "pending", {}, "", 0.0)
    return {
        **delivery_in_list(repository, found),
        "url": hook_url,
        "request": {"headers": found.headers, "payload": found.payload},
        "response": {"headers": answer.headers, "payload": answer.body},
    }


def _status(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return "OK"
    if answer.status:
        return f"Invalid HTTP Response: {answer.status}"
    return answer.reason
