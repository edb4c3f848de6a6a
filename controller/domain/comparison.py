"""Two deployments side by side: what their files say, what they brought, and how they went. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.bindings import Binding
from controller.domain.costs import Cost, file_cost
from controller.domain.deployment import Deployment
from controller.domain.differing import MOST_CHANGES, changes
from controller.domain.overview import Spans, spans
from controller.domain.prices import ON_DEMAND
from controller.domain.proposal import Change
from controller.domain.rendering import image_digest


class Section(StrEnum):
    """What a field of the environment file is about, in the order in which they are shown."""

    COUNTS = "counts"
    GATES = "gates"
    STRATEGY = "strategy"
    SERVICES = "services"
    ENVIRONMENT = "environment"


@dataclass(frozen=True)
class Side:
    """One of the two. `cost` is None where no list price of its region is known."""

    deployment: Deployment
    spans: Spans
    cost: Cost | None


@dataclass(frozen=True)
class ImagePair:
    """The digest that each brought of a service; empty where it brought none, or none is pinned yet."""

    service: str
    first: str
    second: str

    @property
    def is_same(self) -> bool:
        return self.first == self.second


@dataclass(frozen=True)
class Comparison:
    """`old` of a change is what the first one's file says, `new` what the second one's does."""

    first: Side
    second: Side
    sections: Mapping[Section, tuple[Change, ...]]
    images: tuple[ImagePair, ...]
    is_cut: bool

    @property
    def is_identical(self) -> bool:
        return not self.sections and all(image.is_same for image in self.images)


def compared(first: Deployment, second: Deployment, bindings: Mapping[str, Binding], now: datetime) -> Comparison:
    """`now` is aware UTC: what is not over lasts until then."""
    found = changes(first.revision.file, second.revision.file)
    return Comparison(
        first=_side(first, bindings, now),
        second=_side(second, bindings, now),
        sections=_sections(found),
        images=_images(first, second),
        is_cut=len(found) == MOST_CHANGES,
    )


def _side(deployment: Deployment, bindings: Mapping[str, Binding], now: datetime) -> Side:
    binding = bindings.get(deployment.environment)
    is_priced = binding is not None and binding.aws.region in ON_DEMAND
    cost = file_cost(deployment.revision.file, binding.aws.region) if binding is not None and is_priced else None
    return Side(deployment, spans(deployment, now), cost)


def _sections(found: tuple[Change, ...]) -> Mapping[Section, tuple[Change, ...]]:
    of = {section: tuple(change for change in found if section_of(change.key) is section) for section in Section}
    return {section: changes for section, changes in of.items() if changes}


def section_of(key: str) -> Section:
    """
    >>> section_of("services.backend.count.min").value, section_of("gates.approval.count").value
    ('counts', 'gates')
    """
    first, *others = key.split(".")
    if first == "services":
        return Section.COUNTS if others[1:2] == ["count"] else Section.SERVICES
    return {"gates": Section.GATES, "strategy": Section.STRATEGY, "schedule": Section.COUNTS}.get(
        first, Section.ENVIRONMENT
    )


def _images(first: Deployment, second: Deployment) -> tuple[ImagePair, ...]:
    one, other = first.revision.images or {}, second.revision.images or {}
    names = dict.fromkeys((*first.revision.file.services, *second.revision.file.services))
    return tuple(ImagePair(name, image_digest(one.get(name, "")), image_digest(other.get(name, ""))) for name in names)
