"""What a team has beside its services: an alarm on the server errors of each slot's target group."""

from collections.abc import Mapping
from typing import Any

import boto3

from sandbox.foundation import SERVICES

NAME = "{environment}-{service}-{slot}-5xx"
"""As an environment file names them, and as they are made."""
PERIOD_SECONDS = 60
"""AWS's; load balancers tell CloudWatch of minutes only."""


def put_error_alarms(endpoints: Mapping[str, Any], environment: str = "dev") -> None:
    """For every slot of the environment that has been warmed once: before, there is no target group."""
    watching = client(endpoints, "cloudwatch")
    for group in client(endpoints, "elbv2").describe_target_groups()["TargetGroups"]:
        service = next(name for name in SERVICES if f"-{name}-" in group["TargetGroupName"])
        slot = group["TargetGroupName"].rpartition("-")[2]
        watching.put_metric_alarm(
            AlarmName=NAME.format(environment=environment, service=service, slot=slot),
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=[
                {"Name": "LoadBalancer", "Value": group["LoadBalancerArns"][0].partition(":loadbalancer/")[2]},
                {"Name": "TargetGroup", "Value": group["TargetGroupArn"].rpartition(":")[2]},
            ],
            Statistic="Sum",
            Period=PERIOD_SECONDS,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )


def client(endpoints: Mapping[str, Any], service: Any) -> Any:
    """Of the sandbox's AWS, with nobody's own settings."""
    aws = endpoints["aws"]
    return boto3.client(
        service,
        endpoint_url=aws["endpoint"],
        region_name=aws["region"],
        aws_access_key_id=aws["account"],
        aws_secret_access_key="sandbox",
    )
