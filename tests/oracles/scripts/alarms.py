"""CloudWatch: metrics, alarms, dashboards."""

from __future__ import annotations

from tests.oracles.script import Script, cloudwatch, opening
from tests.oracles.scripts.foundation import ACCOUNT, REGION

NAME = "captioncraft-dev-backend-5xx"
ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:tidegate"
METRIC = {
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "HTTPCode_Target_5XX_Count",
    "Dimensions": [{"Name": "LoadBalancer", "Value": "app/dev/0123456789abcdef"}],
}
ALARM = {
    **METRIC,
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "ignore",
    "AlarmActions": [TOPIC],
}
PLAIN = {name: value for name, value in ALARM.items() if name not in ("DatapointsToAlarm", "AlarmActions")}
RATE = [
    {"Id": "e", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
    {
        "Id": "r",
        "MetricStat": {"Metric": {**METRIC, "MetricName": "RequestCount"}, "Period": 60, "Stat": "Sum"},
        "ReturnData": False,
    },
    {"Id": "share", "Expression": "100 * FILL(e, 0) / r", "ReturnData": True},
]
OF_RATE = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
STATES = {"AlarmName": NAME, "HistoryItemType": "StateUpdate"}
LONG_AGO = {"StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-01T00:10:00Z"}
DASHBOARD = '{"widgets": []}'
OF_DASHBOARD = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/captioncraft-dev"


SCRIPTS = (
    Script(
        "an alarm from its making to its end",
        (
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **ALARM, Tags=[{"Key": "managed-by", "Value": "tidegate"}]),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME, "none"]),
            cloudwatch("SetAlarmState", AlarmName=NAME, StateValue="ALARM", StateReason="a rehearsal"),
            cloudwatch("DescribeAlarms", AlarmNamePrefix="captioncraft-dev", StateValue="ALARM"),
            cloudwatch("DescribeAlarmHistory", **STATES),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **PLAIN),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME], AlarmTypes=["MetricAlarm"]),
            cloudwatch("DisableAlarmActions", AlarmNames=[NAME]),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME]),
            cloudwatch("EnableAlarmActions", AlarmNames=[NAME]),
            cloudwatch("TagResource", ResourceARN=f"{ARN}:{NAME}", Tags=[{"Key": "who", "Value": "ada"}]),
            cloudwatch("ListTagsForResource", ResourceARN=f"{ARN}:{NAME}"),
            cloudwatch("UntagResource", ResourceARN=f"{ARN}:{NAME}", TagKeys=["managed-by"]),
            cloudwatch("ListTagsForResource", ResourceARN=f"{ARN}:{NAME}"),
            cloudwatch("DeleteAlarms", AlarmNames=[NAME, "none"]),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME]),
        ),
    ),
    Script(
        "an alarm on a share",
        (
            cloudwatch("PutMetricAlarm", AlarmName=NAME, Metrics=RATE, **OF_RATE),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME]),
        ),
    ),
    Script(
        "an alarm that CloudWatch refuses",
        (
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **{**PLAIN, "Period": 45}).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **{**PLAIN, "EvaluationPeriods": 1500}).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **PLAIN, DatapointsToAlarm=4).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **PLAIN, ExtendedStatistic="p95").fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, **{**PLAIN, "TreatMissingData": "bad"}).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, Metrics=RATE, **OF_RATE, Period=60).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("PutMetricAlarm", AlarmName=NAME, Metrics=RATE[:2], **OF_RATE).fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("DescribeAlarms", AlarmNames=[NAME], AlarmNamePrefix="a").fails(
                "ValidationError", "aws.refused"
            ),
            cloudwatch("SetAlarmState", AlarmName=NAME, StateValue="OK", StateReason="none").fails("ResourceNotFound"),
            cloudwatch("TagResource", ResourceARN=f"{ARN}:{NAME}", Tags=[]).fails("ResourceNotFoundException"),
            cloudwatch("UntagResource", ResourceARN=f"{ARN}:{NAME}", TagKeys=["a"]).fails("ResourceNotFoundException"),
            cloudwatch("ListTagsForResource", ResourceARN=f"{ARN}:{NAME}").fails(
                "ResourceNotFoundException", "aws.gone"
            ),
            *opening(cloudwatch("PutMetricAlarm", AlarmName=NAME, **PLAIN)),
            cloudwatch(
                "SetAlarmState", AlarmName=NAME, StateValue="OK", StateReason="none", StateReasonData="not JSON"
            ).fails("InvalidFormat"),
        ),
    ),
    Script(
        "an alarm over other alarms",
        (
            *opening(
                cloudwatch("PutMetricAlarm", AlarmName="a", **PLAIN),
                cloudwatch("PutMetricAlarm", AlarmName="b", **PLAIN),
            ),
            cloudwatch("PutCompositeAlarm", AlarmName="any", AlarmRule='ALARM(a) OR ALARM("b")', AlarmActions=[TOPIC]),
            cloudwatch("DescribeAlarms"),
            cloudwatch("DescribeAlarms", AlarmTypes=["CompositeAlarm"]).until({"CompositeAlarms.0.StateValue": "OK"}),
            cloudwatch("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="a rehearsal"),
            cloudwatch("DescribeAlarms", AlarmTypes=["CompositeAlarm"]).until(
                {"CompositeAlarms.0.StateValue": "ALARM"}
            ),
            cloudwatch("DescribeAlarms", AlarmNames=["a", "any"], AlarmTypes=["CompositeAlarm", "MetricAlarm"]),
            cloudwatch("PutCompositeAlarm", AlarmName="other", AlarmRule="ALARM(none)").fails("ValidationError"),
            cloudwatch("PutCompositeAlarm", AlarmName="other", AlarmRule="ALARM(a) XOR OK(b)").fails("ValidationError"),
            cloudwatch("DeleteAlarms", AlarmNames=["a"]).fails("ValidationError", "aws.refused"),
            cloudwatch("DeleteAlarms", AlarmNames=["any"]),
            cloudwatch("DeleteAlarms", AlarmNames=["a", "b"]),
        ),
    ),
    Script(
        "samples of an application",
        (
            cloudwatch("PutMetricData", Namespace="captioncraft", MetricData=[{"MetricName": "words", "Value": 3.0}]),
            cloudwatch("ListMetrics", Namespace="captioncraft"),
            cloudwatch("ListMetrics", Namespace="none"),
            cloudwatch("GetMetricData", MetricDataQueries=RATE, **LONG_AGO),
            cloudwatch("PutMetricData", Namespace="captioncraft", MetricData=[{"MetricName": "words"}]).fails(
                "MissingParameter"
            ),
            cloudwatch("PutMetricData", Namespace="AWS/mine", MetricData=[{"MetricName": "a", "Value": 1.0}]).fails(
                "InvalidParameterValue"
            ),
            cloudwatch(
                "PutMetricData", Namespace="mine", MetricData=[{"MetricName": "a", "Value": 1.0, "Values": [1.0]}]
            ).fails("InvalidParameterCombination"),
            cloudwatch("GetMetricData", MetricDataQueries=[*RATE, RATE[0]], **LONG_AGO).fails("ValidationError"),
            cloudwatch("GetMetricData", MetricDataQueries=[{"Id": "x", "Expression": "1 +"}], **LONG_AGO).fails(
                "ValidationError"
            ),
            cloudwatch(
                "GetMetricData",
                MetricDataQueries=RATE[:1],
                StartTime=LONG_AGO["EndTime"],
                EndTime=LONG_AGO["StartTime"],
            ).fails("ValidationError"),
        ),
    ),
    Script(
        "a dashboard",
        (
            cloudwatch("PutDashboard", DashboardName="captioncraft-dev", DashboardBody=DASHBOARD),
            cloudwatch("GetDashboard", DashboardName="captioncraft-dev"),
            cloudwatch("ListDashboards", DashboardNamePrefix="captioncraft"),
            cloudwatch("ListTagsForResource", ResourceARN=OF_DASHBOARD),
            cloudwatch("PutDashboard", DashboardName="captioncraft-dev", DashboardBody="none").fails(
                "InvalidParameterInput", "aws.refused"
            ),
            cloudwatch("PutDashboard", DashboardName="two words", DashboardBody=DASHBOARD).fails(
                "InvalidParameterInput", "aws.refused"
            ),
            cloudwatch("DeleteDashboards", DashboardNames=["captioncraft-dev"]),
            cloudwatch("GetDashboard", DashboardName="captioncraft-dev").fails("ResourceNotFound", "aws.gone"),
            cloudwatch("ListDashboards"),
        ),
    ),
)
