"""What an environment's services looked like on AWS when a pass saw them last: for people, never to decide on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.snapshot import ServiceView


@dataclass(frozen=True)
class Sighting:
    """`services` may be those of several files: what no deployment looks at now is as it was seen last. `orphans` are
    services that the live file no longer names and of which something is still there."""

    environment: str
    services: Mapping[str, ServiceView]
    seen_at: datetime
    orphans: tuple[str, ...] = field(default=())
