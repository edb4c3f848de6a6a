"""What an environment's services looked like on AWS when a pass saw them last: for people, never to decide on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.domain.snapshot import ServiceView


@dataclass(frozen=True)
class Sighting:
    environment: str
    services: Mapping[str, ServiceView]
    seen_at: datetime
