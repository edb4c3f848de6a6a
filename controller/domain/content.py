"""What a service runs, with no commit inside: equal content means there is nothing to roll."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from controller.domain.canonical import digest

RENDERING = 1
"""Part of every content digest: raise it when the same file must lead to another task definition."""


@dataclass(frozen=True)
class Content:
    """The rendered task definition of one service, and its network.

    `image` is `registry/repository@sha256:…`; `cpu` is in ECS units (1024 are one core), `memory` in MiB,
    `stop_timeout_seconds` 2..120. `secrets` and `parameters` hold references, never values.
    """

    family: str
    service: str
    image: str
    cpu: int
    memory: int
    architecture: str
    port: int | None
    execution_role: str
    task_role: str | None
    stop_timeout_seconds: int
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    parameters: Mapping[str, str]
    log_group: str
    log_retention_days: int | None
    region: str
    subnets: tuple[str, ...] = field(default=())
    security_groups: tuple[str, ...] = field(default=())

    def canonical(self) -> dict[str, object]:
        """Plain data in a fixed shape: unordered lists are sorted, so that their order never makes a difference."""
        plain = asdict(self)
        plain["subnets"] = sorted(self.subnets)
        plain["security_groups"] = sorted(self.security_groups)
        return {"rendering": RENDERING, **plain}

    @property
    def digest(self) -> str:
        return digest(self.canonical())
