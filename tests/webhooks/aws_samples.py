"""What AWS sends, as its pages show it, with our account and names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-west-1"
EVENT_ID = "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c"
ALARM_ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:dev 5xx"
CLUSTER_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/dev"
SERVICE_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/dev/backend"
REPOSITORY_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme/backend"


def an_event(kind: str, detail: Mapping[str, Any], *resources: str, **changes: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": EVENT_ID,
        "detail-type": kind,
        "source": "aws.somewhere",
        "account": ACCOUNT,
        "time": "2026-03-01T11:59:59Z",
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
        **changes,
    }


def an_alarm_event(value: str = "ALARM", **changes: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    state = {"value": value, "reason": "Threshold Crossed", "timestamp": "2026-03-01T11:59:58.000+0000"}
    detail = {"alarmName": "dev 5xx", "configuration": {"metrics": []}, "state": state, "previousState": {}}
    return an_event("CloudWatch Alarm State Change", detail, ALARM_ARN, **changes)


def a_task_event(status: str = "STOPPED") -> dict[str, Any]:
    task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/dev/0"
    return an_event("ECS Task State Change", {"clusterArn": CLUSTER_ARN, "lastStatus": status}, task)


def a_deployment_event(**detail: Any) -> dict[str, Any]:
    return an_event("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED", **detail}, SERVICE_ARN)


def an_image_event(**changes: Any) -> dict[str, Any]:
    detail = {"result": "SUCCESS", "repository-name": "acme/backend", "action-type": "PUSH", "image-tag": "latest"}
    return an_event("ECR Image Action", detail, **changes)


def an_alarm_message(**changes: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    return {
        "AlarmName": "dev 5xx",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "Region": "EU (Ireland)",
        "AlarmArn": ALARM_ARN,
        "Trigger": {"MetricName": "HTTPCode_Target_5XX_Count"},
        **changes,
    }


def as_text(given: Mapping[str, Any]) -> str:
    return json.dumps(given)
