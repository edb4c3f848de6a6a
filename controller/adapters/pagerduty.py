"""`ports.Pager` by the Events API v2, which others speak too: https://developer.pagerduty.com/docs/events-api-v2"""

import json
from collections.abc import Mapping
from typing import Any

from controller.adapters.outgoing import Outgoing
from controller.domain.alerting import Alert
from controller.domain.secret import Secret

LONGEST_SUMMARY = 1024
ATTEMPTED = "paging"


class PagerDuty:
    """`url` is where events go; `key` is the integration's routing key."""

    def __init__(self, url: str, key: Secret, outgoing: Outgoing) -> None:
        self._url, self._key, self._outgoing = Secret(url), key, outgoing

    def trigger(self, alert: Alert) -> None:
        """An alert that is open already takes this one's words."""
        payload = {
            "summary": alert.summary[:LONGEST_SUMMARY],
            "source": alert.environment,
            "severity": str(alert.severity),
            "component": alert.environment,
            "class": "deployment",
        }
        links = [{"href": alert.link, "text": "The deployment"}] if alert.link else []
        self._enqueue("trigger", alert.name, {"payload": payload, "client": "Tidegate", "links": links})

    def resolve(self, name: str) -> None:
        """Of what is not open nobody hears."""
        self._enqueue("resolve", name, {})

    def _enqueue(self, action: str, name: str, more: Mapping[str, Any]) -> None:
        event = {"routing_key": self._key.reveal(), "event_action": action, "dedup_key": name, **more}
        self._outgoing.post(ATTEMPTED, self._url, json.dumps(event).encode(), {})
