"""Task definitions, found by their content before another one is registered: registering is never idempotent."""

from collections.abc import Sequence

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS, REGISTER_TASK_DEFINITION
from controller.adapters.aws.log_groups import LogGroups
from controller.adapters.aws.ownership import Owner, Tags
from controller.adapters.aws.wire import definitions as wire
from controller.adapters.aws.wire.tags import read_ecs_tags
from controller.domain.content import Content
from controller.domain.names import CONTENT_TAG
from controller.domain.ports import Permit

NEWEST = 10
"""How many revisions of a family are looked at: an older one is registered again, which costs one call and no harm."""


class TaskDefinitions:
    """The families of one place."""

    def __init__(self, caller: Caller, owner: Owner) -> None:
        self._caller = caller
        self._owner = owner
        self._log_groups = LogGroups(caller, owner)
        # For ever: a revision never changes, and its tags are written once, when it is registered. That it has none may
        # be an old answer, and is not remembered.
        self._tags: dict[str, Tags] = {}

    def content_of(self, arn: str) -> str | None:
        """The content digest that a task definition is tagged with, None when it is not one of ours."""
        tags = self._tags_of(arn)
        return tags.get(CONTENT_TAG) if self._owner.owns(tags) else None

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
        return next((arn for arn in arns if self.content_of(arn) == content.digest), None)

    def _tags_of(self, arn: str) -> Tags:
        if arn not in self._tags:
            asked = DESCRIBE_TASK_DEFINITION({"taskDefinition": arn, "include": ["TAGS"]})
            reply = self._caller.read(asked, f"task definition {arn}")
            tags = read_ecs_tags(reply.get("tags", []))
            if not tags:
                return tags
            self._tags[arn] = tags
        return self._tags[arn]
