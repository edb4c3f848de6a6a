"""What ECR's scan says of one image. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ScanState(StrEnum):
    DONE = "done"  # what is found is all there is; with enhanced scanning it may grow
    PENDING = "pending"  # not yet, and it will be
    FAILED = "failed"  # it was tried, and told nothing; or it has run out
    UNSUPPORTED = "unsupported"  # ECR can't scan such an image, or doesn't scan this repository


@dataclass(frozen=True)
class Scan:
    """`said` is ECR's own word, and its sentence where it has one. `counts` has only severities with findings;
    `worst` names the first few, the most severe first."""

    state: ScanState
    said: str
    counts: Mapping[str, int] = field(default_factory=dict)
    worst: tuple[str, ...] = ()

    def blocked_by(self, severities: Collection[str]) -> Mapping[str, int]:
        return {severity: count for severity in severities if (count := self.counts.get(severity, 0))}
