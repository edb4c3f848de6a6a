"""CloudWatch Logs, CloudFormation and STS."""

from __future__ import annotations

from tests.oracles.script import Script, cloudformation, logs, opening, sts
from tests.oracles.scripts.foundation import ACCOUNT, REGION, STACK

GROUP = "/ecs/captioncraft-dev/backend"
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
STREAM = "backend/backend/0123456789abcdef0123456789abcdef"

SCRIPTS = (
    Script(
        "a log group",
        (
            logs("CreateLogGroup", logGroupName=GROUP, tags={"managed-by": "tidegate"}),
            logs("CreateLogGroup", logGroupName=GROUP).fails("ResourceAlreadyExistsException", "aws.taken"),
            logs("DescribeLogGroups", logGroupNamePrefix=GROUP),
            logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=30),
            logs("DescribeLogGroups", logGroupNamePrefix="/ecs/"),
            logs("DescribeLogGroups", logGroupNamePrefix="/none/"),
            logs("ListTagsForResource", resourceArn=f"{ARN}:{GROUP}"),
            logs("DeleteLogGroup", logGroupName=GROUP),
            logs("DescribeLogGroups", logGroupNamePrefix=GROUP),
        ),
    ),
    Script(
        "a log group that is not there, or not possible",
        (
            logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=30).fails(
                "ResourceNotFoundException", "aws.gone"
            ),
            logs("ListTagsForResource", resourceArn=f"{ARN}:{GROUP}").fails("ResourceNotFoundException", "aws.gone"),
            logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM).fails(
                "ResourceNotFoundException", "aws.gone"
            ),
            logs("DescribeLogStreams", logGroupName=GROUP).fails("ResourceNotFoundException", "aws.gone"),
            logs("FilterLogEvents", logGroupName=GROUP).fails("ResourceNotFoundException", "aws.gone"),
            logs("DeleteLogGroup", logGroupName=GROUP).fails("ResourceNotFoundException", "aws.gone"),
            *opening(logs("CreateLogGroup", logGroupName=GROUP)),
            logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=31).fails(
                "InvalidParameterException", "aws.refused"
            ),
            logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM).fails(
                "ResourceNotFoundException", "aws.gone"
            ),
        ),
    ),
    Script(
        "lines of a log",
        (
            *opening(logs("CreateLogGroup", logGroupName=GROUP)),
            logs("CreateLogStream", logGroupName=GROUP, logStreamName=STREAM),
            logs("CreateLogStream", logGroupName=GROUP, logStreamName=STREAM).fails("ResourceAlreadyExistsException"),
            logs("DescribeLogStreams", logGroupName=GROUP, logStreamNamePrefix="backend/"),
            logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM),
            logs(
                "PutLogEvents",
                logGroupName=GROUP,
                logStreamName=STREAM,
                logEvents=[{"timestamp": "${now}", "message": text} for text in ("one", "two", "three")],
            ),
            logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, limit=2, startFromHead=False),
            logs("GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, startFromHead=True),
            logs("FilterLogEvents", logGroupName=GROUP, filterPattern="two"),
        ),
    ),
    Script(
        "a stack's outputs",
        (
            cloudformation("DescribeStacks", StackName=STACK),
            cloudformation("DescribeStacks", StackName="none").fails("ValidationError", "foundation.stack_missing"),
        ),
    ),
    Script(
        "who is asking",
        (
            sts("GetCallerIdentity"),
            sts("AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/tidegate-dev", RoleSessionName="tidegate"),
            sts("AssumeRole", RoleArn="arn:aws:iam::not-an-account", RoleSessionName="tidegate").fails(
                "ValidationError", "aws.refused"
            ),
        ),
    ),
)
