"""Whose a thing is: our tags on what we make, and the refusal to touch anything without them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.domain import names
from controller.domain.errors import Blocked
from controller.domain.slot import Slot

Tags = Mapping[str, str]


class Role(StrEnum):
    """What a listener rule is for."""

    PUBLIC = "public"
    TEST = "test"


@dataclass(frozen=True)
class Owner:
    """Tidegate, as far as it looks after one place."""

    place: str

    def owns(self, tags: Tags) -> bool:
        return tags.get(names.OWNER_TAG) == names.OWNER and tags.get(names.PLACE_TAG) == self.place

    def insist(self, tags: Tags, what: str) -> None:
        """Raise `Blocked` unless the tags say that the thing is ours; a name says nothing."""
        if not self.owns(tags):
            raise Blocked(
                f"{what} exists, but without the tags {names.OWNER_TAG}={names.OWNER} and"
                f" {names.PLACE_TAG}={self.place}: Tidegate does not touch what it did not make."
                " Remove it, or add the tags to hand it over.",
                code="aws.foreign",
            )

    def is_rule(self, tags: Tags, service: str, role: Role) -> bool:
        return self.owns(tags) and tags.get(names.SERVICE_TAG) == service and tags.get(names.ROLE_TAG) == role

    def everywhere(self) -> dict[str, str]:
        """For what belongs to the whole place; all else has these too."""
        return {names.OWNER_TAG: names.OWNER, names.PLACE_TAG: self.place}

    def common(self, service: str) -> dict[str, str]:
        return {**self.everywhere(), names.SERVICE_TAG: service}

    def slot(self, service: str, slot: Slot, deployment: str) -> dict[str, str]:
        """For target groups and ECS services; `deployment` is the one that made it."""
        return {**self.common(service), names.SLOT_TAG: str(slot), names.DEPLOYMENT_TAG: deployment}

    def rule(self, service: str, role: Role, deployment: str) -> dict[str, str]:
        return {**self.common(service), names.ROLE_TAG: str(role), names.DEPLOYMENT_TAG: deployment}

    def one_off(self, service: str, deployment: str) -> dict[str, str]:
        """For tasks that run one command and end."""
        return {**self.common(service), names.DEPLOYMENT_TAG: deployment}

    def definition(self, service: str, content: str, deployment: str) -> dict[str, str]:
        """`content` is the content digest: it is how a definition is found again before another one is registered."""
        return {**self.common(service), names.CONTENT_TAG: content, names.DEPLOYMENT_TAG: deployment}
