"""Notices as log lines: for development, and for whoever collects logs anyway."""

from collections.abc import Mapping

import structlog

log = structlog.get_logger()


class LogNotifier:
    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        log.info("notice", kind=kind, key=key, **{f"notice_{name}": value for name, value in body.items()})
