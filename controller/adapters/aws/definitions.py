"""Task definitions, found by their content before another one is registered: registering is never idempotent."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS, REGISTER_TASK_DEFINITION
from controller.adapters.aws.log_groups import LogGroups
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.wire import definitions as wire
from controller.adapters.aws.wire.tags import read_ecs_tags
from controller.domain.content import Content
from controller.domain.declared import definition_differences
from controller.domain.names import CONTENT_TAG, SERVICE_TAG
from controller.domain.ports import Permit
from controller.domain.rendering import definition_of
from controller.domain.snapshot import DefinitionView

NEWEST = 10
"""How many revisions of a family are looked at: an older one is registered again, which costs one call and no harm."""


@dataclass(frozen=True)
class Known:
    """The content digest that a task definition is tagged with, None when it is not one of ours; and what it says."""

    content: str | None
    view: DefinitionView


class TaskDefinitions:
    """The families of one place."""

    def __init__(self, caller: Caller, owner: Owner) -> None:
        self._caller = caller
        self._owner = owner
        self._log_groups = LogGroups(caller, owner)
        # For ever: a revision never changes, and its tags are written once, when it is registered. That it has none may
        # be an old answer, and is not remembered.
        self._known: dict[str, Known] = {}

    def look(self, arn: str) -> Known:
        if arn not in self._known:
            asked = DESCRIBE_TASK_DEFINITION({"taskDefinition": arn, "include": ["TAGS"]})
            reply = self._caller.read(asked, f"task definition {arn}")
            tags = read_ecs_tags(reply.get("tags", []))
            content = tags.get(CONTENT_TAG) if self._owner.owns(tags) else None
            known = Known(content, wire.view(reply["taskDefinition"], tags.get(SERVICE_TAG)))
            if not tags:
                return known
            self._known[arn] = known
        return self._known[arn]

    def find(self, contents: Sequence[Content]) -> dict[str, str]:
        """Content digest → ARN."""
        looked = {content.digest: self._newest(content) for content in contents}
        return {digest: arn for digest, arn in looked.items() if arn is not None}

    def register(self, content: Content, permit: Permit) -> str:
        found = self._newest(content)
        if found is not None:
            return found
        self._log_groups.prepare(content, permit)
        tags = self._owner.definition(content.service, content.digest, permit.deployment)
        request = wire.register(content, tags)
        reply = self._caller.change(REGISTER_TASK_DEFINITION(request), f"task definition {content.family}", permit)
        return reply["taskDefinition"]["taskDefinitionArn"]

    def _newest(self, content: Content) -> str | None:
        asked = wire.newest_first(content.family, NEWEST)
        listed = self._caller.read(LIST_TASK_DEFINITIONS(asked), f"task definitions of {content.family}")
        arns = listed["taskDefinitionArns"][:NEWEST]
        return next((arn for arn in arns if self._is_of(arn, content)), None)

    def _is_of(self, arn: str, content: Content) -> bool:
        """Its tags say so, and what it says is that: whoever makes a new revision by hand copies the tags."""
        known = self.look(arn)
        return known.content == content.digest and not any(definition_differences(definition_of(content), known.view))
