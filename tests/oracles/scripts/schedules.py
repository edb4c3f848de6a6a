"""EventBridge Scheduler: groups with tags, and schedules that happen once."""

from __future__ import annotations

import json
from typing import Any

from tests.oracles.script import Script, Step, opening, scheduler
from tests.oracles.scripts.foundation import ACCOUNT, NO_GROUP, NO_RULE, REGION

GROUP = "captioncraft-dev"
ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{GROUP}"
TAGS = [{"Key": "managed-by", "Value": "tidegate"}, {"Key": "tidegate:place", "Value": GROUP}]
ACTION = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": NO_GROUP, "Weight": 100}]}}
TARGET = {
    "Arn": "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyRule",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/switch",
    "Input": json.dumps({"RuleArn": NO_RULE, "Actions": [ACTION]}),
    "RetryPolicy": {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 20},
}
LATER, LATEST, PAST = (f"at({year}-01-01T12:00:00)" for year in (2098, 2099, 2001))


def schedule(operation: str, name: str = "dev-web", **changes: Any) -> Step:
    """As the controller makes one; a member that is None is left out."""
    given = {
        "Name": name,
        "GroupName": GROUP,
        "ScheduleExpression": LATER,
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "ActionAfterCompletion": "DELETE",
        "Target": TARGET,
        **changes,
    }
    return scheduler(operation, **{key: value for key, value in given.items() if value is not None})


MAKE_GROUP = scheduler("CreateScheduleGroup", Name=GROUP, Tags=TAGS, ClientToken="one")
GET = scheduler("GetSchedule", Name="dev-web", GroupName=GROUP)
GONE = ("ResourceNotFoundException", "aws.gone")
TAKEN = ("ConflictException", "aws.taken")
REFUSED = ("ValidationException", "aws.refused")
TOO_LATE = ("ValidationException", "switch.too_late")

SCRIPTS = (
    Script(
        "a group of schedules",
        (
            MAKE_GROUP,
            MAKE_GROUP,
            scheduler("CreateScheduleGroup", Name=GROUP, ClientToken="two").fails(*TAKEN),
            scheduler("GetScheduleGroup", Name=GROUP),
            scheduler("ListTagsForResource", ResourceArn=ARN),
            scheduler("TagResource", ResourceArn=ARN, Tags=[{"Key": "who", "Value": "ada"}, TAGS[0]]),
            scheduler("UntagResource", ResourceArn=ARN, TagKeys=["tidegate:place", "none"]),
            scheduler("ListTagsForResource", ResourceArn=ARN),
            scheduler("DeleteScheduleGroup", Name=GROUP),
        ),
    ),
    Script(
        "a group of schedules that is not there",
        (
            scheduler("GetScheduleGroup", Name=GROUP).fails("ResourceNotFoundException"),
            scheduler("DeleteScheduleGroup", Name=GROUP).fails("ResourceNotFoundException"),
            scheduler("ListTagsForResource", ResourceArn=ARN).fails(*GONE),
            scheduler("TagResource", ResourceArn=ARN, Tags=TAGS).fails("ResourceNotFoundException"),
            scheduler("ListSchedules", GroupName=GROUP).fails("ResourceNotFoundException"),
            schedule("CreateSchedule").fails(*GONE),
            schedule("UpdateSchedule").fails(*GONE),
            scheduler("GetScheduleGroup", Name="default"),
            scheduler("DeleteScheduleGroup", Name="default").fails("ValidationException"),
        ),
    ),
    Script(
        "a schedule from its making to its end",
        (
            *opening(MAKE_GROUP),
            schedule("CreateSchedule", ClientToken="one"),
            schedule("CreateSchedule", ClientToken="one"),
            schedule("CreateSchedule", ClientToken="two").fails(*TAKEN),
            GET,
            schedule("UpdateSchedule", ScheduleExpression=LATEST, ClientToken="three"),
            GET,
            schedule("UpdateSchedule", State=None, ActionAfterCompletion=None, ScheduleExpressionTimezone=None),
            GET,
            scheduler("DeleteSchedule", Name="dev-web", GroupName=GROUP),
            GET.fails(*GONE),
            scheduler("DeleteSchedule", Name="dev-web", GroupName=GROUP).fails(*GONE),
            schedule("UpdateSchedule").fails(*GONE),
        ),
    ),
    Script(
        "a schedule that nobody can keep",
        (
            *opening(MAKE_GROUP),
            schedule("CreateSchedule", "past", ScheduleExpression=PAST).fails(*TOO_LATE),
            schedule("CreateSchedule", "no-day", ScheduleExpression="at(2098-02-30T12:00:00)").fails(*TOO_LATE),
            schedule("CreateSchedule", "no-time", ScheduleExpression="at(noon)").fails(*TOO_LATE),
            schedule("CreateSchedule", "no-zone", ScheduleExpressionTimezone="Europe/Nowhere").fails(*REFUSED),
            schedule("CreateSchedule", "no-input", Target={**TARGET, "Input": "put it back"}).fails(*REFUSED),
            *opening(schedule("CreateSchedule")),
            schedule("UpdateSchedule", ScheduleExpression=PAST).fails(*TOO_LATE),
        ),
    ),
    Script(
        "schedules in lists",
        (
            *opening(
                MAKE_GROUP,
                schedule("CreateSchedule", "dev-web"),
                schedule("CreateSchedule", "dev-api", State="DISABLED"),
                schedule("CreateSchedule", "dev-other", GroupName=None),
            ),
            scheduler("ListSchedules"),
            scheduler("ListSchedules", GroupName=GROUP),
            scheduler("ListSchedules", NamePrefix="dev-w"),
            scheduler("ListSchedules", State="DISABLED"),
            scheduler("ListSchedules", GroupName=GROUP, MaxResults=1),
            scheduler("DeleteScheduleGroup", Name=GROUP),
            GET.fails(*GONE),
        ),
    ),
)
