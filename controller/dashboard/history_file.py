"""What the history has of a deployment when it is taken along as a file."""

from typing import Any

from controller.domain.overview import spans
from controller.domain.summary import HistoryLine

MOST_ROWS = 100_000
"""So many a file has at most; its end says when there would be more."""

COLUMNS = (
    *("id", "environment", "kind", "trigger", "result", "version", "version_before", "commit", "title", "actor"),
    *("authors", "requester", "strategy", "services", "created_at", "started_at", "finished_at"),
    *("waited_seconds", "moved_seconds", "reason_code", "reason"),
)


def fields(line: HistoryLine) -> dict[str, Any]:
    """The values of the columns, in their order; times are RFC 3339 UTC, None where there is none."""
    found = line.summary
    lasted = spans(line, line.finished_at) if line.finished_at else None
    moved = lasted.active if lasted else None
    return {
        "id": line.id,
        "environment": line.environment,
        "kind": str(line.kind),
        "trigger": str(found.trigger),
        "result": str(line.phase),
        "version": found.version,
        "version_before": found.before.version if found.before else None,
        "commit": found.sha,
        "title": found.title,
        "actor": line.actor,
        "authors": list(found.authors),
        "requester": found.requester,
        "strategy": found.strategy,
        "services": list(found.services),
        "created_at": line.created_at.isoformat(),
        "started_at": line.started_at.isoformat() if line.started_at else None,
        "finished_at": line.finished_at.isoformat() if line.finished_at else None,
        "waited_seconds": round(lasted.waiting.total_seconds(), 3) if lasted else None,
        "moved_seconds": round(moved.total_seconds(), 3) if moved is not None else None,
        "reason_code": found.reason.code,
        "reason": found.reason.text,
    }
