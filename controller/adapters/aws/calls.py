"""Every AWS call that Tidegate makes, with the IAM actions it needs. What is not in this list cannot be sent.

`docs/reference/iam-policy.md` is generated from it. In resources, `${Account}`, `${Region}`, `${Cluster}` and
`${Place}`
stand for an environment's own; the actions and their resource types are those of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from controller.domain.names import OWNER, OWNER_TAG

if TYPE_CHECKING:
    # The stubs are a development tool: at run time there are no such modules.
    from mypy_boto3_application_autoscaling import type_defs as autoscaling
    from mypy_boto3_cloudformation import type_defs as cloudformation
    from mypy_boto3_cloudwatch import type_defs as cloudwatch
    from mypy_boto3_ecr import type_defs as ecr
    from mypy_boto3_ecs import type_defs as ecs
    from mypy_boto3_elbv2 import type_defs as elbv2
    from mypy_boto3_logs import type_defs as logs
    from mypy_boto3_sns import type_defs as sns
    from mypy_boto3_sqs import type_defs as sqs
    from mypy_boto3_sts import type_defs as sts

Parameters = TypeVar("Parameters", bound=Mapping[str, Any])
Reply = TypeVar("Reply")


@dataclass(frozen=True)
class Grant:
    """One IAM action on one kind of resource; `when` is the statement's Condition block."""

    action: str
    resource: str = "*"
    when: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Call(Generic[Parameters, Reply]):
    """One operation of one service. `pages` names the request's and the reply's token, where there are pages."""

    service: str
    operation: str
    changes: bool
    grants: tuple[Grant, ...]
    pages: tuple[str, str] | None = None

    def __call__(self, parameters: Parameters) -> Request[Reply]:
        return Request(self, parameters)


@dataclass(frozen=True)
class Request(Generic[Reply]):
    """A call with its parameters, ready to be sent."""

    call: Call[Any, Reply]
    parameters: Mapping[str, Any] = field(repr=False)


SERVICE = "arn:aws:ecs:${Region}:${Account}:service/${Cluster}/${Place}-*"
TASK_DEFINITION = "arn:aws:ecs:${Region}:${Account}:task-definition/${Place}-*:*"
TARGET_GROUP = "arn:aws:elasticloadbalancing:${Region}:${Account}:targetgroup/*"
TASK = "arn:aws:ecs:${Region}:${Account}:task/${Cluster}/*"
CLUSTER = "arn:aws:ecs:${Region}:${Account}:cluster/${Cluster}"
LISTENER = "arn:aws:elasticloadbalancing:${Region}:${Account}:listener/app/*"
LISTENER_RULE = "arn:aws:elasticloadbalancing:${Region}:${Account}:listener-rule/app/*"
LOG_GROUP = "arn:aws:logs:${Region}:${Account}:log-group:/ecs/${Place}/*"
REPOSITORY = "arn:aws:ecr:${Region}:${Account}:repository/*"
STACK = "arn:aws:cloudformation:${Region}:${Account}:stack/${Place}/*"
SCHEDULE = "arn:aws:scheduler:${Region}:${Account}:schedule/${Place}/*"
SCHEDULE_GROUP = "arn:aws:scheduler:${Region}:${Account}:schedule-group/${Place}"
ALARM = "arn:aws:cloudwatch:${Region}:${Account}:alarm:tidegate-${Place}-*"
DASHBOARD = "arn:aws:cloudwatch::${Account}:dashboard/tidegate-${Place}-${Region}"
QUEUE = "arn:aws:sqs:${Region}:${Account}:*"
TOPIC = "arn:aws:sns:${Region}:${Account}:*"
SCALABLE_TARGET = "arn:aws:application-autoscaling:${Region}:${Account}:scalable-target/*"
TRACKING_ALARM = "arn:aws:cloudwatch:${Region}:${Account}:alarm:TargetTracking-service/${Cluster}/${Place}-*"
SCALING_ROLE = (
    "arn:aws:iam::${Account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
ROLES = "arn:aws:iam::${Account}:role/*"

OURS = {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": OWNER}}
IN_CLUSTER = {"ArnEquals": {"ecs:cluster": CLUSTER}}
BECOMES_OURS = {"StringEquals": {f"aws:RequestTag/{OWNER_TAG}": OWNER}}
TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
TO_SCHEDULER = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
OF_ECS = {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}}
FOR_SCALING = {"StringEquals": {"iam:AWSServiceName": "ecs.application-autoscaling.amazonaws.com"}}


def _tagging(action: str, resource: str, key: str, creating: str) -> Grant:
    """Leave to tag while creating, and at no other time."""
    return Grant(action, resource, {"StringEquals": {key: creating}})


_ECS_PAGES = ("nextToken", "nextToken")
_ELB_PAGES = ("Marker", "NextMarker")

# --- sts, cloudformation -------------------------------------------------------------------------------------------

ASSUME_ROLE: Call[sts.AssumeRoleRequestTypeDef, sts.AssumeRoleResponseTypeDef] = Call(
    "sts", "AssumeRole", False, (Grant("sts:AssumeRole", "arn:aws:iam::${Account}:role/*"),)
)
DESCRIBE_STACKS: Call[cloudformation.DescribeStacksInputTypeDef, cloudformation.DescribeStacksOutputTypeDef] = Call(
    "cloudformation", "DescribeStacks", False, (Grant("cloudformation:DescribeStacks", STACK),)
)

# --- cloudwatch ----------------------------------------------------------------------------------------------------

DESCRIBE_ALARMS: Call[cloudwatch.DescribeAlarmsInputTypeDef, cloudwatch.DescribeAlarmsOutputTypeDef] = Call(
    "cloudwatch", "DescribeAlarms", False, (Grant("cloudwatch:DescribeAlarms"),), ("NextToken", "NextToken")
)
"""Composite alarms are told of only to those who may ask about all."""

DESCRIBE_ALARM_HISTORY: Call[
    cloudwatch.DescribeAlarmHistoryInputTypeDef, cloudwatch.DescribeAlarmHistoryOutputTypeDef
] = Call(
    "cloudwatch",
    "DescribeAlarmHistory",
    False,
    (Grant("cloudwatch:DescribeAlarmHistory"),),
    ("NextToken", "NextToken"),
)

GET_METRIC_DATA: Call[cloudwatch.GetMetricDataInputTypeDef, cloudwatch.GetMetricDataOutputTypeDef] = Call(
    "cloudwatch", "GetMetricData", False, (Grant("cloudwatch:GetMetricData"),), ("NextToken", "NextToken")
)

PUT_METRIC_ALARM: Call[cloudwatch.PutMetricAlarmInputTypeDef, Mapping[str, Any]] = Call(
    "cloudwatch",
    "PutMetricAlarm",
    True,
    (Grant("cloudwatch:PutMetricAlarm", ALARM), Grant("cloudwatch:TagResource", ALARM, BECOMES_OURS)),
)
DELETE_ALARMS: Call[cloudwatch.DeleteAlarmsInputTypeDef, Mapping[str, Any]] = Call(
    "cloudwatch", "DeleteAlarms", True, (Grant("cloudwatch:DeleteAlarms", ALARM, OURS),)
)
LIST_ALARM_TAGS: Call[cloudwatch.ListTagsForResourceInputTypeDef, cloudwatch.ListTagsForResourceOutputTypeDef] = Call(
    "cloudwatch", "ListTagsForResource", False, (Grant("cloudwatch:ListTagsForResource", ALARM),)
)
GET_DASHBOARD: Call[cloudwatch.GetDashboardInputTypeDef, cloudwatch.GetDashboardOutputTypeDef] = Call(
    "cloudwatch", "GetDashboard", False, (Grant("cloudwatch:GetDashboard", DASHBOARD),)
)
PUT_DASHBOARD: Call[cloudwatch.PutDashboardInputTypeDef, cloudwatch.PutDashboardOutputTypeDef] = Call(
    "cloudwatch", "PutDashboard", True, (Grant("cloudwatch:PutDashboard", DASHBOARD),)
)
DELETE_DASHBOARDS: Call[cloudwatch.DeleteDashboardsInputTypeDef, Mapping[str, Any]] = Call(
    "cloudwatch", "DeleteDashboards", True, (Grant("cloudwatch:DeleteDashboards", DASHBOARD),)
)

# --- ecs -----------------------------------------------------------------------------------------------------------

DESCRIBE_SERVICES: Call[ecs.DescribeServicesRequestTypeDef, ecs.DescribeServicesResponseTypeDef] = Call(
    "ecs", "DescribeServices", False, (Grant("ecs:DescribeServices", SERVICE),)
)
LIST_SERVICES: Call[ecs.ListServicesRequestTypeDef, ecs.ListServicesResponseTypeDef] = Call(
    "ecs", "ListServices", False, (Grant("ecs:ListServices", "*", IN_CLUSTER),), _ECS_PAGES
)
LIST_TASK_DEFINITIONS: Call[ecs.ListTaskDefinitionsRequestTypeDef, ecs.ListTaskDefinitionsResponseTypeDef] = Call(
    "ecs", "ListTaskDefinitions", False, (Grant("ecs:ListTaskDefinitions"),), _ECS_PAGES
)
DESCRIBE_TASK_DEFINITION: Call[ecs.DescribeTaskDefinitionRequestTypeDef, ecs.DescribeTaskDefinitionResponseTypeDef] = (
    Call("ecs", "DescribeTaskDefinition", False, (Grant("ecs:DescribeTaskDefinition"),))
)
LIST_TASKS: Call[ecs.ListTasksRequestTypeDef, ecs.ListTasksResponseTypeDef] = Call(
    "ecs", "ListTasks", False, (Grant("ecs:ListTasks"),), _ECS_PAGES
)
DESCRIBE_TASKS: Call[ecs.DescribeTasksRequestTypeDef, ecs.DescribeTasksResponseTypeDef] = Call(
    "ecs",
    "DescribeTasks",
    False,
    (Grant("ecs:DescribeTasks", TASK),),
)
RUN_TASK: Call[ecs.RunTaskRequestTypeDef, ecs.RunTaskResponseTypeDef] = Call(
    "ecs",
    "RunTask",
    True,
    (
        Grant("ecs:RunTask", TASK_DEFINITION, {**IN_CLUSTER, **BECOMES_OURS}),
        _tagging("ecs:TagResource", TASK, "ecs:CreateAction", "RunTask"),
        Grant("iam:PassRole", ROLES, TO_TASKS),
    ),
)
STOP_TASK: Call[ecs.StopTaskRequestTypeDef, ecs.StopTaskResponseTypeDef] = Call(
    "ecs", "StopTask", True, (Grant("ecs:StopTask", TASK, OURS),)
)
REGISTER_TASK_DEFINITION: Call[ecs.RegisterTaskDefinitionRequestTypeDef, ecs.RegisterTaskDefinitionResponseTypeDef] = (
    Call(
        "ecs",
        "RegisterTaskDefinition",
        True,
        (
            Grant("ecs:RegisterTaskDefinition", "*", BECOMES_OURS),
            _tagging("ecs:TagResource", TASK_DEFINITION, "ecs:CreateAction", "RegisterTaskDefinition"),
            Grant("iam:PassRole", ROLES, TO_TASKS),
        ),
    )
)
CREATE_SERVICE: Call[ecs.CreateServiceRequestTypeDef, ecs.CreateServiceResponseTypeDef] = Call(
    "ecs",
    "CreateService",
    True,
    (
        Grant("ecs:CreateService", SERVICE, BECOMES_OURS),
        _tagging("ecs:TagResource", SERVICE, "ecs:CreateAction", "CreateService"),
    ),
)
UPDATE_SERVICE: Call[ecs.UpdateServiceRequestTypeDef, ecs.UpdateServiceResponseTypeDef] = Call(
    "ecs", "UpdateService", True, (Grant("ecs:UpdateService", SERVICE, OURS),)
)
DELETE_SERVICE: Call[ecs.DeleteServiceRequestTypeDef, ecs.DeleteServiceResponseTypeDef] = Call(
    "ecs", "DeleteService", True, (Grant("ecs:DeleteService", SERVICE, OURS),)
)

# --- elbv2 ---------------------------------------------------------------------------------------------------------

DESCRIBE_LISTENERS: Call[elbv2.DescribeListenersInputTypeDef, elbv2.DescribeListenersOutputTypeDef] = Call(
    "elbv2", "DescribeListeners", False, (Grant("elasticloadbalancing:DescribeListeners"),)
)
DESCRIBE_LOAD_BALANCERS: Call[elbv2.DescribeLoadBalancersInputTypeDef, elbv2.DescribeLoadBalancersOutputTypeDef] = Call(
    "elbv2", "DescribeLoadBalancers", False, (Grant("elasticloadbalancing:DescribeLoadBalancers"),)
)
DESCRIBE_RULES: Call[elbv2.DescribeRulesInputTypeDef, elbv2.DescribeRulesOutputTypeDef] = Call(
    "elbv2", "DescribeRules", False, (Grant("elasticloadbalancing:DescribeRules"),), _ELB_PAGES
)
DESCRIBE_TAGS: Call[elbv2.DescribeTagsInputTypeDef, elbv2.DescribeTagsOutputTypeDef] = Call(
    "elbv2", "DescribeTags", False, (Grant("elasticloadbalancing:DescribeTags"),)
)
DESCRIBE_TARGET_GROUPS: Call[elbv2.DescribeTargetGroupsInputTypeDef, elbv2.DescribeTargetGroupsOutputTypeDef] = Call(
    "elbv2", "DescribeTargetGroups", False, (Grant("elasticloadbalancing:DescribeTargetGroups"),), _ELB_PAGES
)
DESCRIBE_TARGET_GROUP_ATTRIBUTES: Call[
    elbv2.DescribeTargetGroupAttributesInputTypeDef, elbv2.DescribeTargetGroupAttributesOutputTypeDef
] = Call(
    "elbv2", "DescribeTargetGroupAttributes", False, (Grant("elasticloadbalancing:DescribeTargetGroupAttributes"),)
)
DESCRIBE_TARGET_HEALTH: Call[elbv2.DescribeTargetHealthInputTypeDef, elbv2.DescribeTargetHealthOutputTypeDef] = Call(
    "elbv2", "DescribeTargetHealth", False, (Grant("elasticloadbalancing:DescribeTargetHealth"),)
)
CREATE_TARGET_GROUP: Call[elbv2.CreateTargetGroupInputTypeDef, elbv2.CreateTargetGroupOutputTypeDef] = Call(
    "elbv2",
    "CreateTargetGroup",
    True,
    (
        Grant("elasticloadbalancing:CreateTargetGroup", TARGET_GROUP, BECOMES_OURS),
        _tagging(
            "elasticloadbalancing:AddTags", TARGET_GROUP, "elasticloadbalancing:CreateAction", "CreateTargetGroup"
        ),
    ),
)
MODIFY_TARGET_GROUP: Call[elbv2.ModifyTargetGroupInputTypeDef, elbv2.ModifyTargetGroupOutputTypeDef] = Call(
    "elbv2", "ModifyTargetGroup", True, (Grant("elasticloadbalancing:ModifyTargetGroup", TARGET_GROUP, OURS),)
)
MODIFY_TARGET_GROUP_ATTRIBUTES: Call[
    elbv2.ModifyTargetGroupAttributesInputTypeDef, elbv2.ModifyTargetGroupAttributesOutputTypeDef
] = Call(
    "elbv2",
    "ModifyTargetGroupAttributes",
    True,
    (Grant("elasticloadbalancing:ModifyTargetGroupAttributes", TARGET_GROUP, OURS),),
)
DELETE_TARGET_GROUP: Call[elbv2.DeleteTargetGroupInputTypeDef, Mapping[str, Any]] = Call(
    "elbv2", "DeleteTargetGroup", True, (Grant("elasticloadbalancing:DeleteTargetGroup", TARGET_GROUP, OURS),)
)
CREATE_RULE: Call[elbv2.CreateRuleInputTypeDef, elbv2.CreateRuleOutputTypeDef] = Call(
    "elbv2",
    "CreateRule",
    True,
    (
        Grant("elasticloadbalancing:CreateRule", LISTENER, BECOMES_OURS),
        _tagging("elasticloadbalancing:AddTags", LISTENER_RULE, "elasticloadbalancing:CreateAction", "CreateRule"),
    ),
)
MODIFY_RULE: Call[elbv2.ModifyRuleInputTypeDef, elbv2.ModifyRuleOutputTypeDef] = Call(
    "elbv2", "ModifyRule", True, (Grant("elasticloadbalancing:ModifyRule", LISTENER_RULE, OURS),)
)
SET_RULE_PRIORITIES: Call[elbv2.SetRulePrioritiesInputTypeDef, elbv2.SetRulePrioritiesOutputTypeDef] = Call(
    "elbv2", "SetRulePriorities", True, (Grant("elasticloadbalancing:SetRulePriorities", LISTENER_RULE, OURS),)
)
DELETE_RULE: Call[elbv2.DeleteRuleInputTypeDef, Mapping[str, Any]] = Call(
    "elbv2", "DeleteRule", True, (Grant("elasticloadbalancing:DeleteRule", LISTENER_RULE, OURS),)
)

# --- ecr, logs -----------------------------------------------------------------------------------------------------

BATCH_GET_IMAGE: Call[ecr.BatchGetImageRequestTypeDef, ecr.BatchGetImageResponseTypeDef] = Call(
    "ecr", "BatchGetImage", False, (Grant("ecr:BatchGetImage", REPOSITORY),)
)
DESCRIBE_IMAGE_SCAN_FINDINGS: Call[
    ecr.DescribeImageScanFindingsRequestTypeDef, ecr.DescribeImageScanFindingsResponseTypeDef
] = Call(
    "ecr",
    "DescribeImageScanFindings",
    False,
    (
        Grant("ecr:DescribeImageScanFindings", REPOSITORY),
        Grant("inspector2:ListCoverage"),
        Grant("inspector2:ListFindings"),
    ),
    ("nextToken", "nextToken"),
)
"""With enhanced scanning ECR asks Amazon Inspector, in the caller's name.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html"""

BATCH_GET_REPOSITORY_SCANNING_CONFIGURATION: Call[
    ecr.BatchGetRepositoryScanningConfigurationRequestTypeDef,
    ecr.BatchGetRepositoryScanningConfigurationResponseTypeDef,
] = Call(
    "ecr",
    "BatchGetRepositoryScanningConfiguration",
    False,
    (Grant("ecr:BatchGetRepositoryScanningConfiguration", REPOSITORY),),
)
GET_LOG_EVENTS: Call[logs.GetLogEventsRequestTypeDef, logs.GetLogEventsResponseTypeDef] = Call(
    "logs", "GetLogEvents", False, (Grant("logs:GetLogEvents", f"{LOG_GROUP}:log-stream:*"),)
)
DESCRIBE_LOG_GROUPS: Call[logs.DescribeLogGroupsRequestTypeDef, logs.DescribeLogGroupsResponseTypeDef] = Call(
    "logs", "DescribeLogGroups", False, (Grant("logs:DescribeLogGroups"),), ("nextToken", "nextToken")
)
LIST_LOG_GROUP_TAGS: Call[logs.ListTagsForResourceRequestTypeDef, logs.ListTagsForResourceResponseTypeDef] = Call(
    "logs", "ListTagsForResource", False, (Grant("logs:ListTagsForResource", LOG_GROUP),)
)
CREATE_LOG_GROUP: Call[logs.CreateLogGroupRequestTypeDef, Mapping[str, Any]] = Call(
    "logs",
    "CreateLogGroup",
    True,
    (Grant("logs:CreateLogGroup", LOG_GROUP), Grant("logs:TagResource", LOG_GROUP, BECOMES_OURS)),
)
PUT_RETENTION_POLICY: Call[logs.PutRetentionPolicyRequestTypeDef, Mapping[str, Any]] = Call(
    "logs", "PutRetentionPolicy", True, (Grant("logs:PutRetentionPolicy", LOG_GROUP, OURS),)
)

# --- scheduler -----------------------------------------------------------------------------------------------------

LIST_SCHEDULE_GROUP_TAGS: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler", "ListTagsForResource", False, (Grant("scheduler:ListTagsForResource", SCHEDULE_GROUP),)
)
CREATE_SCHEDULE_GROUP: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler",
    "CreateScheduleGroup",
    True,
    (
        Grant("scheduler:CreateScheduleGroup", SCHEDULE_GROUP, BECOMES_OURS),
        Grant("scheduler:TagResource", SCHEDULE_GROUP, BECOMES_OURS),
    ),
)
GET_SCHEDULE: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler", "GetSchedule", False, (Grant("scheduler:GetSchedule", SCHEDULE),)
)
CREATE_SCHEDULE: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler",
    "CreateSchedule",
    True,
    (Grant("scheduler:CreateSchedule", SCHEDULE), Grant("iam:PassRole", ROLES, TO_SCHEDULER)),
)
UPDATE_SCHEDULE: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler",
    "UpdateSchedule",
    True,
    (Grant("scheduler:UpdateSchedule", SCHEDULE), Grant("iam:PassRole", ROLES, TO_SCHEDULER)),
)
DELETE_SCHEDULE: Call[Mapping[str, Any], Mapping[str, Any]] = Call(
    "scheduler", "DeleteSchedule", True, (Grant("scheduler:DeleteSchedule", SCHEDULE),)
)

# --- application-autoscaling -----------------------------------------------------------------------------------------

_SCALING_PAGES = ("NextToken", "NextToken")

DESCRIBE_SCALABLE_TARGETS: Call[
    autoscaling.DescribeScalableTargetsRequestTypeDef, autoscaling.DescribeScalableTargetsResponseTypeDef
] = Call(
    "application-autoscaling",
    "DescribeScalableTargets",
    False,
    (Grant("application-autoscaling:DescribeScalableTargets"),),
    _SCALING_PAGES,
)
DESCRIBE_SCALING_POLICIES: Call[
    autoscaling.DescribeScalingPoliciesRequestTypeDef, autoscaling.DescribeScalingPoliciesResponseTypeDef
] = Call(
    "application-autoscaling",
    "DescribeScalingPolicies",
    False,
    (Grant("application-autoscaling:DescribeScalingPolicies"),),
    _SCALING_PAGES,
)
DESCRIBE_SCHEDULED_ACTIONS: Call[
    autoscaling.DescribeScheduledActionsRequestTypeDef, autoscaling.DescribeScheduledActionsResponseTypeDef
] = Call(
    "application-autoscaling",
    "DescribeScheduledActions",
    False,
    (Grant("application-autoscaling:DescribeScheduledActions"),),
    _SCALING_PAGES,
)
LIST_SCALING_TAGS: Call[
    autoscaling.ListTagsForResourceRequestTypeDef, autoscaling.ListTagsForResourceResponseTypeDef
] = Call(
    "application-autoscaling",
    "ListTagsForResource",
    False,
    (Grant("application-autoscaling:ListTagsForResource", SCALABLE_TARGET),),
)
REGISTER_SCALABLE_TARGET: Call[
    autoscaling.RegisterScalableTargetRequestTypeDef, autoscaling.RegisterScalableTargetResponseTypeDef
] = Call(
    "application-autoscaling",
    "RegisterScalableTarget",
    True,
    (
        Grant("application-autoscaling:RegisterScalableTarget", SCALABLE_TARGET, OF_ECS),
        Grant("application-autoscaling:TagResource", SCALABLE_TARGET, BECOMES_OURS),
        Grant("iam:CreateServiceLinkedRole", SCALING_ROLE, FOR_SCALING),
    ),
)
"""It makes a target and changes one; the role is made by the first one of an account."""

DEREGISTER_SCALABLE_TARGET: Call[autoscaling.DeregisterScalableTargetRequestTypeDef, Mapping[str, Any]] = Call(
    "application-autoscaling",
    "DeregisterScalableTarget",
    True,
    (
        Grant("application-autoscaling:DeregisterScalableTarget", SCALABLE_TARGET, OURS),
        Grant("cloudwatch:DeleteAlarms", TRACKING_ALARM),
    ),
)
PUT_SCALING_POLICY: Call[autoscaling.PutScalingPolicyRequestTypeDef, autoscaling.PutScalingPolicyResponseTypeDef] = (
    Call(
        "application-autoscaling",
        "PutScalingPolicy",
        True,
        (
            Grant("application-autoscaling:PutScalingPolicy", SCALABLE_TARGET, OURS),
            Grant("cloudwatch:PutMetricAlarm", TRACKING_ALARM),
        ),
    )
)
DELETE_SCALING_POLICY: Call[autoscaling.DeleteScalingPolicyRequestTypeDef, Mapping[str, Any]] = Call(
    "application-autoscaling",
    "DeleteScalingPolicy",
    True,
    (
        Grant("application-autoscaling:DeleteScalingPolicy", SCALABLE_TARGET, OURS),
        Grant("cloudwatch:DeleteAlarms", TRACKING_ALARM),
    ),
)
PUT_SCHEDULED_ACTION: Call[autoscaling.PutScheduledActionRequestTypeDef, Mapping[str, Any]] = Call(
    "application-autoscaling",
    "PutScheduledAction",
    True,
    (Grant("application-autoscaling:PutScheduledAction", SCALABLE_TARGET, OURS),),
)
DELETE_SCHEDULED_ACTION: Call[autoscaling.DeleteScheduledActionRequestTypeDef, Mapping[str, Any]] = Call(
    "application-autoscaling",
    "DeleteScheduledAction",
    True,
    (Grant("application-autoscaling:DeleteScheduledAction", SCALABLE_TARGET, OURS),),
)

# --- sqs -----------------------------------------------------------------------------------------------------------

RECEIVE_MESSAGE: Call[sqs.ReceiveMessageRequestTypeDef, sqs.ReceiveMessageResultTypeDef] = Call(
    "sqs", "ReceiveMessage", True, (Grant("sqs:ReceiveMessage", QUEUE),)
)
"""It hides what it gives from all others for a while, so it is never sent twice by itself."""

DELETE_MESSAGES: Call[sqs.DeleteMessageBatchRequestTypeDef, sqs.DeleteMessageBatchResultTypeDef] = Call(
    "sqs", "DeleteMessageBatch", True, (Grant("sqs:DeleteMessage", QUEUE),)
)

# --- sns -----------------------------------------------------------------------------------------------------------

PUBLISH: Call[sns.PublishInputTypeDef, sns.PublishResponseTypeDef] = Call(
    "sns", "Publish", True, (Grant("sns:Publish", TOPIC),)
)

OWN_SERVICES = frozenset({"sts", "sqs", "sns"})
"""What the controller calls as itself, and not as the role of an environment."""

CALLS: tuple[Call[Any, Any], ...] = tuple(value for value in tuple(globals().values()) if isinstance(value, Call))
