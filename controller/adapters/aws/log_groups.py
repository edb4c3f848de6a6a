"""Log groups: made before the first task that writes into them, unless the stack has made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    CREATE_LOG_GROUP,
    DESCRIBE_LOG_GROUPS,
    LIST_LOG_GROUP_TAGS,
    PUT_RETENTION_POLICY,
)
from controller.adapters.aws.ownership import Owner
from controller.domain.content import Content
from controller.domain.ports import Permit

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import LogGroupTypeDef


class LogGroups:
    def __init__(self, caller: Caller, owner: Owner) -> None:
        self._caller = caller
        self._owner = owner

    def prepare(self, content: Content, permit: Permit) -> None:
        """The group exists, and forgets after as many days as the file says.

        A shorter memory deletes lines, so the days of a group without our tags are never changed.
        """
        group, days = self._found(content.log_group), content.log_retention_days
        if group is None:
            self._create(content, permit)
        elif days is None or group.get("retentionInDays") == days or not self._is_ours(group):
            return
        if days is not None:
            request = PUT_RETENTION_POLICY({"logGroupName": content.log_group, "retentionInDays": days})
            self._caller.change(request, f"log group {content.log_group}", permit)

    def _found(self, name: str) -> LogGroupTypeDef | None:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html"""
        pages = self._caller.pages(DESCRIBE_LOG_GROUPS({"logGroupNamePrefix": name}), f"log group {name}")
        return next((group for page in pages for group in page["logGroups"] if group["logGroupName"] == name), None)

    def _create(self, content: Content, permit: Permit) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""
        request = CREATE_LOG_GROUP({"logGroupName": content.log_group, "tags": self._owner.common(content.service)})
        self._caller.change(request, f"log group {content.log_group}", permit)

    def _is_ours(self, group: LogGroupTypeDef) -> bool:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html

        It wants the ARN without the `:*` that the older of the two ARNs of a log group ends with.
        """
        asked = LIST_LOG_GROUP_TAGS({"resourceArn": group["arn"].removesuffix(":*")})
        return self._owner.owns(self._caller.read(asked, f"log group {group['logGroupName']}")["tags"])
