"""Who is right where an oracle answers otherwise than the sandbox, and which AWS document decides it.

The first ruling that fits a difference decides. Each must decide at least one, and none may be left undecided:
`tests/oracles/test_recorded.py` looks. Where the oracle was right the sandbox was mended, so there is no such verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from tests.oracles.compare import Difference


class Verdict(StrEnum):
    OURS = "ours is right"
    OPEN = "AWS's document leaves it open"
    UNKNOWN = "no document decides"
    BLIND = "not an oracle for this"
    FOLLOWS = "follows from an earlier difference"


@dataclass(frozen=True)
class Ruling:
    """Patterns as in `fnmatch`. `field` is a path into the answer, or `(outcome) OURS → THEIRS`."""

    oracle: str
    operation: str
    field: str
    verdict: Verdict
    because: str
    source: str
    """The deciding document's address, `{operation}` for the call's own; for UNKNOWN the probe that would tell, if any;
    for FOLLOWS nothing."""

    def fits(self, oracle: str, difference: Difference) -> bool:
        return (
            self.oracle in ("*", oracle)
            and any(fnmatchcase(difference.operation, one) for one in self.operation.split(" | "))
            and any(fnmatchcase(label(difference), one) for one in self.field.split(" | "))
        )

    def source_for(self, difference: Difference) -> str:
        return self.source.replace("{operation}", difference.operation.split()[1])


def label(difference: Difference) -> str:
    if difference.field == "(outcome)":
        return f"(outcome) {difference.ours} → {difference.theirs}"
    return difference.field


def ruling(oracle: str, difference: Difference, rulings: Iterable[Ruling] = ()) -> Ruling | None:
    return next((one for one in rulings or RULINGS if one.fits(oracle, difference)), None)


_API = {
    "application-autoscaling": "autoscaling/application",
    "cloudformation": "AWSCloudFormation",
    "cloudwatch": "AmazonCloudWatch",
    "ecr": "AmazonECR",
    "ecs": "AmazonECS",
    "elbv2": "elasticloadbalancing",
    "logs": "AmazonCloudWatchLogs",
    "scheduler": "scheduler",
    "sts": "STS",
}


def api(service: str, page: str) -> str:
    """A page of a service's API reference: an operation or a type."""
    latest = "" if service == "application-autoscaling" else "latest/"
    return f"https://docs.aws.amazon.com/{_API[service]}/{latest}APIReference/API_{page}.html"


def guide(page: str) -> str:
    """A page of the Amazon ECS Developer Guide."""
    return f"https://docs.aws.amazon.com/AmazonECS/latest/developerguide/{page}.html"


def balancing(page: str) -> str:
    """A page of the guide for Application Load Balancers."""
    return f"https://docs.aws.amazon.com/elasticloadbalancing/latest/application/{page}.html"


def cloudwatch(page: str) -> str:
    """A page of the CloudWatch User Guide."""
    return f"https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/{page}.html"


_SERVICE_CALLS = "ecs *Service | ecs DescribeServices"
_DEFINITION_CALLS = "ecs *TaskDefinition | ecs DeleteTaskDefinitions"
_TASK_CALLS = "ecs RunTask | ecs StopTask | ecs DescribeTasks"
_RULE_CALLS = "elbv2 *Rule | elbv2 *Rules | elbv2 SetRulePriorities"
_GROUP_CALLS = "elbv2 *TargetGroup | elbv2 DescribeTargetGroups"

RULINGS: tuple[Ruling, ...] = (
    Ruling(
        "ministack",
        "application-autoscaling *",
        "*",
        Verdict.BLIND,
        "It does not answer calls of Application Auto Scaling.",
        "https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html",
    ),
    Ruling(
        "moto",
        "application-autoscaling *TagsForResource | application-autoscaling TagResource"
        " | application-autoscaling DescribeScalingActivities",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto has neither tags nor activities of scalable targets.",
        api("application-autoscaling", "{operation}"),
    ),
    Ruling(
        "moto",
        "application-autoscaling Deregister* | application-autoscaling Put* | application-autoscaling Delete*",
        "(outcome) ObjectNotFoundException (400) → *",
        Verdict.OURS,
        "What is not there is not found, and nothing can be put on a target that was never registered.",
        api("application-autoscaling", "{operation}"),
    ),
    Ruling(
        "moto",
        "application-autoscaling RegisterScalableTarget | application-autoscaling PutScalingPolicy"
        " | application-autoscaling PutScheduledAction",
        "(outcome) ValidationException (400) → ok",
        Verdict.OURS,
        "A target needs bounds, one below the other; requests are counted of what a resource label names; schedules "
        "and time zones have a form.",
        api("application-autoscaling", "{operation}"),
    ),
    Ruling(
        "moto",
        "application-autoscaling DescribeScalingPolicies | application-autoscaling DescribeScheduledActions",
        "ScalingPolicies.0 | ScheduledActions.0",
        Verdict.OURS,
        "With a scalable target its policies and scheduled actions are gone.",
        api("application-autoscaling", "DeregisterScalableTarget"),
    ),
    Ruling(
        "moto",
        "application-autoscaling Describe*",
        "*RoleARN | *ScheduledActionARN",
        Verdict.OURS,
        "The service-linked role is shown; the ARN of a scheduled action has an id of its own.",
        api("application-autoscaling", "{operation}"),
    ),
    Ruling(
        "*",
        "ecs UpdateService",
        "(outcome) InvalidParameterException (400) → ok",
        Verdict.OURS,
        "Another capacity provider strategy needs forceNewDeployment, as users are told who leave it out.",
        api("ecs", "UpdateService"),
    ),
    Ruling(
        "moto",
        "cloudwatch PutCompositeAlarm | cloudwatch DescribeAlarmHistory",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto has neither composite alarms nor histories.",
        api("cloudwatch", "{operation}"),
    ),
    Ruling(
        "moto",
        "cloudwatch DescribeAlarms",
        "(outcome) ok → never | CompositeAlarms.0",
        Verdict.FOLLOWS,
        "There is no composite alarm to be shown.",
        "",
    ),
    Ruling(
        "*",
        "cloudwatch Put* | cloudwatch GetMetricData | cloudwatch DescribeAlarms | cloudwatch DeleteAlarms | "
        "cloudwatch SetAlarmState",
        "(outcome) ValidationError (400) → ok | (outcome) InvalidParameter* (400) → * | "
        "(outcome) MissingParameter (400) → ok | (outcome) InvalidFormat (400) → ok",
        Verdict.OURS,
        "Values that do not go together are refused: periods, ids and times that do not fit, an alarm in use, a datum "
        "without a value, JSON that is none.",
        api("cloudwatch", "{operation}"),
    ),
    Ruling(
        "*",
        "cloudwatch SetAlarmState | cloudwatch *Resource",
        "(outcome) ResourceNotFound* (404) → ok",
        Verdict.OURS,
        "What is not there has neither a state nor tags.",
        api("cloudwatch", "{operation}"),
    ),
    Ruling(
        "ministack",
        "cloudwatch ListTagsForResource",
        "(outcome) ok → ResourceNotFound (404)",
        Verdict.OURS,
        "Dashboards can have tags.",
        api("cloudwatch", "TagResource"),
    ),
    Ruling(
        "moto",
        "cloudwatch DescribeAlarms",
        "*.StateValue | *.StateReason",
        Verdict.BLIND,
        "moto evaluates an alarm whenever it is shown, and takes no data for good data.",
        cloudwatch("alarm-evaluation"),
    ),
    Ruling(
        "ministack",
        "cloudwatch DescribeAlarms",
        "MetricAlarms.0.Metrics | MetricAlarms.0.Period | MetricAlarms.0.Statistic",
        Verdict.OURS,
        "An alarm on metric maths has its queries, and no period or statistic beside them.",
        api("cloudwatch", "MetricAlarm"),
    ),
    Ruling(
        "*",
        "cloudwatch DescribeAlarms",
        "*.Metrics | *.Dimensions | *.AlarmDescription | *.TreatMissingData | *.StateReason | *.StateReasonData | "
        "*.StateTransitionedTimestamp",
        Verdict.OPEN,
        "Optional members: which are shown though they are empty is not said, nor how a reason reads.",
        api("cloudwatch", "MetricAlarm"),
    ),
    Ruling(
        "ministack",
        "cloudwatch DescribeAlarmHistory",
        "AlarmHistoryItems.*",
        Verdict.BLIND,
        "ministack also writes down a change of INSUFFICIENT_DATA to itself, and no old reason.",
        api("cloudwatch", "AlarmHistoryItem"),
    ),
    Ruling(
        "*",
        "cloudwatch GetMetricData",
        "Messages | MetricDataResults.0.*",
        Verdict.BLIND,
        "Expressions, and messages where there is nothing to say, are not the oracle's.",
        api("cloudwatch", "GetMetricData"),
    ),
    Ruling(
        "*",
        "cloudwatch ListDashboards",
        "DashboardEntries.0",
        Verdict.FOLLOWS,
        "The oracle had taken a name that is none.",
        "",
    ),
    # What an oracle does not do at all.
    Ruling(
        "*",
        "*",
        "(outcome) * → not asked",
        Verdict.FOLLOWS,
        "The oracle did not give an earlier step what this one needs.",
        "",
    ),
    Ruling(
        "moto",
        "ecs *ServiceDeployment* | ecs DescribeServiceRevisions",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto has no service deployments.",
        api("ecs", "ListServiceDeployments"),
    ),
    Ruling(
        "ministack",
        "ecs *ServiceDeployment*",
        "*",
        Verdict.BLIND,
        "ministack keeps no service deployments: the list is always empty, StopServiceDeployment is not there.",
        api("ecs", "ListServiceDeployments"),
    ),
    Ruling(
        "moto",
        "cloudformation DescribeStacks",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto's CloudFormation needs a hundred megabytes of other packages for this one call; ministack answers it.",
        api("cloudformation", "DescribeStacks"),
    ),
    Ruling(
        "moto",
        "ecs RunTask",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto crashes for a task definition with memory on the task and none on the container, which Fargate allows.",
        api("ecs", "RegisterTaskDefinition"),
    ),
    Ruling(
        "moto",
        "*",
        "(outcome) * → broken*",
        Verdict.BLIND,
        "moto lets a Python exception out where AWS answers with an error.",
        "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html",
    ),
    Ruling(
        "moto",
        "ecs *",
        "(outcome) ok → never | *runningCount | *pendingCount | *desiredCount | *.events | *rolloutState* "
        "| *deployments.* | taskArns.* | *TasksCount | service.status | services.web.status",
        Verdict.BLIND,
        "moto's services have no tasks: nothing starts, rolls, completes, drains or says so in an event.",
        guide("deployment-type-ecs"),
    ),
    Ruling(
        "ministack",
        "ecs *",
        "(outcome) ok → never | *runningCount | *pendingCount | *desiredCount | *.events | *rolloutState* "
        "| *.deployments.* | service.status | services.web.status | *lastStatus | *exitCode | tasks.0.stop* "
        "| task.stop* | *.version | *startedAt | *stoppedAt | *executionStoppedAt | taskArns.* | *.reason",
        Verdict.BLIND,
        "Without a container engine ministack's tasks run at once and for ever: nothing is pulled, fails or drains.",
        guide("task-lifecycle-explanation"),
    ),
    Ruling(
        "*",
        "elbv2 DescribeTargetHealth",
        "TargetHealthDescriptions.*",
        Verdict.BLIND,
        "Both oracles check no target: it is healthy at once, gone without draining, and never unused.",
        balancing("target-group-health-checks"),
    ),
    Ruling(
        "moto",
        "ecr *",
        "*imageDigest | imageIds.* | failures.* | images.*",
        Verdict.BLIND,
        "moto makes digests of the layers; a registry makes them of the manifest's bytes, and pulls go by them.",
        api("ecr", "ImageIdentifier"),
    ),
    Ruling(
        "ministack",
        "ecr *Scan | ecr DescribeImageScanFindings | ecr BatchGetRepositoryScanningConfiguration",
        "(outcome) * → InvalidAction (400)",
        Verdict.BLIND,
        "ministack scans no images.",
        api("ecr", "{operation}"),
    ),
    Ruling(
        "moto",
        "ecr DescribeImageScanFindings",
        "imageScanFindings.*",
        Verdict.BLIND,
        "moto finds the same made-up thing in every image.",
        api("ecr", "{operation}"),
    ),
    # Refusals that AWS documents and an oracle does not make.
    Ruling(
        "*",
        "ecs RegisterTaskDefinition",
        "(outcome) *Exception (400) → ok",
        Verdict.OURS,
        "Fargate takes only certain pairs of CPU and memory, needs network mode awsvpc and an execution role for its "
        "log driver; a container needs a name and an image; 50 tags are the limit.",
        guide("task_definition_parameters"),
    ),
    Ruling(
        "*",
        "ecs CreateService",
        "(outcome) InvalidParameterException (400) → ok",
        Verdict.OURS,
        "A target group without a load balancer, a container or port that the task definition lacks, no network for "
        "awsvpc, launch type beside a strategy, a provider that the cluster lacks, and a name in use are refused.",
        api("ecs", "CreateService"),
    ),
    Ruling(
        "ministack",
        "ecs CreateService",
        "(outcome) * → ClientException (400)",
        Verdict.OURS,
        "A repeat with the same client token and parameters is answered as the first time; ministack refuses it, with "
        "a code of its own. Later steps of the script meet the service that it should not have made.",
        api("ecs", "CreateService"),
    ),
    Ruling(
        "*",
        "ecs *",
        "(outcome) ClusterNotFoundException (400) → *",
        Verdict.OURS,
        "A call that names a cluster which is not there is refused.",
        api("ecs", "{operation}"),
    ),
    Ruling(
        "*",
        "ecs *",
        "(outcome) Service*Exception (400) → *",
        Verdict.OURS,
        "A service that was deleted is not active and cannot be changed; one that was never there is not found.",
        api("ecs", "{operation}"),
    ),
    Ruling(
        "*",
        "ecs DeleteCluster",
        "(outcome) ClusterContainsServicesException (400) → ok",
        Verdict.OURS,
        "A cluster with services cannot be deleted.",
        api("ecs", "DeleteCluster"),
    ),
    Ruling(
        "*",
        "ecs UpdateService | ecs DescribeTaskDefinition",
        "(outcome) ClientException (400) → ok",
        Verdict.OURS,
        "A task definition that is not there cannot be described, nor one used that is not active.",
        api("ecs", "DeregisterTaskDefinition"),
    ),
    Ruling(
        "*",
        "ecs TagResource | ecs DescribeServices | ecs RunTask | ecs ListTasks",
        "(outcome) InvalidParameterException (400) → ok",
        Verdict.OURS,
        "More than 50 tags, more than 10 services, more than 10 tasks, `startedBy` beside another filter, an override "
        "for a container that is not there are over what the API takes.",
        api("ecs", "{operation}"),
    ),
    Ruling(
        "ministack",
        "ecs RunTask",
        "(outcome) ConflictException (400) → ok | tasks.0*.taskArn",
        Verdict.OURS,
        "The same client token starts nothing a second time; with other parameters it is a conflict.",
        guide("ECS_Idempotency"),
    ),
    Ruling(
        "moto",
        "ecs DescribeTasks",
        "failures.0",
        Verdict.OURS,
        "A task that is not there is listed as missing.",
        guide("api_failures_messages"),
    ),
    Ruling(
        "*",
        "elbv2 CreateRule",
        "(outcome) TooMany* (400) → ok | (outcome) TargetGroupAssociationLimit (400) → ok",
        Verdict.OURS,
        "An action has at most 5 target groups, a balancer 100 rules, a resource 50 tags, a target group one balancer. "
        "Which code tells of the sixth group is not said: to the controller all of them are a quota.",
        balancing("load-balancer-limits"),
    ),
    Ruling(
        "*",
        "elbv2 Create* | elbv2 Modify* | elbv2 AddTags | elbv2 SetRulePriorities",
        "(outcome) * → ok",
        Verdict.OURS,
        "Names, ranges, missing things and duplicates are refused.",
        api("elbv2", "{operation}"),
    ),
    Ruling(
        "ministack",
        "elbv2 CreateLoadBalancer",
        "*.State.Code",
        Verdict.OURS,
        "The initial state is provisioning.",
        api("elbv2", "LoadBalancerState"),
    ),
    Ruling(
        "*",
        "elbv2 D*",
        "(outcome) *NotFound (400) → ok | (outcome) *NotFound (400) → *NotFound (400)",
        Verdict.OURS,
        "Rules, listeners, balancers and target groups that are not there are not found.",
        api("elbv2", "{operation}"),
    ),
    Ruling(
        "*",
        "elbv2 DeleteRule",
        "(outcome) OperationNotPermitted (400) → ok",
        Verdict.OURS,
        "The default rule cannot be deleted.",
        api("elbv2", "DeleteRule"),
    ),
    Ruling(
        "ministack",
        "elbv2 DeleteTargetGroup",
        "(outcome) ResourceInUse (400) → ok",
        Verdict.OURS,
        "A target group that an action names cannot be deleted.",
        api("elbv2", "DeleteTargetGroup"),
    ),
    Ruling(
        "ministack",
        "elbv2 DeleteTargetGroup",
        "(outcome) ok → TargetGroupNotFound (400)",
        Verdict.FOLLOWS,
        "ministack had deleted it before, while a rule used it.",
        "",
    ),
    Ruling(
        "*",
        "elbv2 CreateTargetGroup",
        "(outcome) ok → DuplicateTargetGroupName (400)",
        Verdict.OURS,
        "Creating a target group again with the same settings succeeds.",
        api("elbv2", "CreateTargetGroup"),
    ),
    Ruling(
        "*",
        "ecr PutImage | ecr DescribeImages",
        "(outcome) *Exception (400) → *",
        Verdict.OURS,
        "An index needs its manifests, an immutable tag stays, the same image with the same tag exists already, and an "
        "image that is not there is not found.",
        api("ecr", "{operation}"),
    ),
    Ruling(
        "moto",
        "ecr StartImageScan",
        "(outcome) UnsupportedImageTypeException (400) → ok",
        Verdict.OURS,
        "An index has a type that cannot be scanned; the images that it lists can.",
        api("ecr", "{operation}"),
    ),
    Ruling(
        "moto",
        "ecr BatchGetRepositoryScanningConfiguration",
        "scanningConfigurations.*.scanFrequency | scanningConfigurations.*.scanOnPush",
        Verdict.OURS,
        "It is said of a repository whether it is scanned on push, also where that was set for it alone.",
        api("ecr", "RepositoryScanningConfiguration"),
    ),
    Ruling(
        "moto",
        "logs *",
        "(outcome) *Exception (400) → ok",
        Verdict.OURS,
        "Retention takes certain numbers of days only, and a log group that is not there has no tags to list.",
        api("logs", "{operation}"),
    ),
    Ruling(
        "moto",
        "sts AssumeRole",
        "(outcome) ValidationError (400) → ok",
        Verdict.OURS,
        "A role's ARN has a form.",
        api("sts", "AssumeRole"),
    ),
    # Answers that differ in a member.
    Ruling(
        "*",
        _SERVICE_CALLS,
        "*.currentServiceDeployment | *.currentServiceRevisions | *.createdAt | *.createdBy | *.roleArn | *.platform* "
        "| *.availabilityZoneRebalancing | *.deploymentConfiguration* | *.enable* | *.healthCheckGracePeriodSeconds "
        "| *.placement* | *.capacityProviderStrategy | *.launchType | *.networkConfiguration* | *.taskDefinition",
        Verdict.OURS,
        "The oracle leaves out or loses what a service has; the type lists it.",
        api("ecs", "Service"),
    ),
    Ruling(
        "moto",
        _SERVICE_CALLS,
        "*.taskSets",
        Verdict.OURS,
        "Task sets belong to services with an external or CodeDeploy controller.",
        api("ecs", "Service"),
    ),
    Ruling(
        "ministack",
        "ecs DescribeServices | ecs DescribeTaskDefinition | ecs DescribeTasks",
        "tags | *.tags | *.tags.*",
        Verdict.OURS,
        "Tags are shown only when `include` asks for them.",
        api("ecs", "DescribeServices"),
    ),
    Ruling(
        "moto",
        "ecs DescribeServices",
        "failures.0.arn",
        Verdict.UNKNOWN,
        "Whether the ARN of a missing service names its cluster is not said. The controller reads its last part only.",
        "missing-service",
    ),
    Ruling(
        "*",
        "ecs *Cluster* | ecs ListClusters",
        "cluster.* | clusters.* | clusterArns.* | failures.*",
        Verdict.OURS,
        "A deleted cluster may still be described as INACTIVE, is not listed, and settings and tags are shown when "
        "`include` asks for them.",
        api("ecs", "DescribeClusters"),
    ),
    Ruling(
        "moto",
        "ecs ListServices",
        "serviceArns.0",
        Verdict.OURS,
        "The launch type filters the list.",
        api("ecs", "ListServices"),
    ),
    Ruling(
        "moto",
        "ecs RegisterTaskDefinition | ecs ListTaskDefinitions",
        "tags | taskDefinitionArns.* | nextToken | taskDefinition.revision | taskDefinition.taskDefinitionArn",
        Verdict.OURS,
        "Registering answers with the tags; the list knows `sort` and `maxResults`.",
        api("ecs", "RegisterTaskDefinition"),
    ),
    Ruling(
        "ministack",
        "ecs ListTaskDefinitions",
        "taskDefinitionArns.*",
        Verdict.OURS,
        "`familyPrefix` is a full family name.",
        api("ecs", "ListTaskDefinitions"),
    ),
    Ruling(
        "*",
        "ecs DescribeTaskDefinition",
        "taskDefinition.revision | taskDefinition.status | taskDefinition.taskDefinitionArn "
        "| taskDefinition.containerDefinitions.web.image | taskDefinition.deregisteredAt",
        Verdict.OURS,
        "A family alone means its newest ACTIVE revision.",
        api("ecs", "DescribeTaskDefinition"),
    ),
    Ruling(
        "*",
        "ecs DeleteTaskDefinitions",
        "failures.0* | taskDefinitions.0",
        Verdict.UNKNOWN,
        "An active revision must be deregistered first; how the failure reads is not said. Tidegate deletes none.",
        "delete-active-definition",
    ),
    Ruling(
        "*",
        _DEFINITION_CALLS,
        "*.registeredAt | *.registeredBy | *.deregisteredAt | *.hostPort | *.protocol | *.environment | *.mountPoints "
        "| *.volumesFrom | *.portMappings | *.systemControls | *.ipcMode | *.pidMode | *.taskRoleArn",
        Verdict.OPEN,
        "Members that are optional in the type: AWS shows empty lists for what a container was not given, the host "
        "port of awsvpc, and who registered it when; an empty text for a role or mode is no valid value.",
        api("ecs", "TaskDefinition"),
    ),
    Ruling(
        "ministack",
        "ecs StopTask",
        "task.tags.*",
        Verdict.OURS,
        "A task that is stopped by hand loses its tags.",
        api("ecs", "StopTask"),
    ),
    Ruling(
        "ministack",
        _TASK_CALLS,
        "*.attachments.0 | *.imageDigest | *.networkInterfaces.0 | *.group | *.startedBy | *.containerArn | *.image "
        "| *.taskDefinitionArn | *.runtimeId | *.inferenceAcceleratorOverrides",
        Verdict.OURS,
        "A task on Fargate has a network interface, image digests, a group and the deployment that started it.",
        api("ecs", "Task"),
    ),
    Ruling(
        "ministack",
        _TASK_CALLS,
        "*.connectivity* | *.containerInstanceArn | *.memory | *.pull*At",
        Verdict.OPEN,
        "Optional members of a task; on Fargate there is no container instance.",
        api("ecs", "Task"),
    ),
    Ruling(
        "*",
        "elbv2 *Listener*",
        "*.AlpnPolicy | *.SslPolicy",
        Verdict.OURS,
        "Policies of TLS belong to HTTPS and TLS listeners.",
        api("elbv2", "Listener"),
    ),
    Ruling(
        "*",
        f"{_RULE_CALLS} | elbv2 *Listener*",
        "*.ForwardConfig | *.ForwardConfig.* | *.TargetGroupArn",
        Verdict.OURS,
        "An action that forwards is shown with its groups and weights; with one group also by `TargetGroupArn`.",
        api("elbv2", "ForwardActionConfig"),
    ),
    Ruling(
        "moto",
        _RULE_CALLS,
        "*.Conditions.*",
        Verdict.OURS,
        "Paths and hosts are shown both ways, as `Values` and in their own configuration.",
        api("elbv2", "RuleCondition"),
    ),
    Ruling(
        "ministack",
        _RULE_CALLS,
        "*.Conditions.http-header.Values",
        Verdict.OPEN,
        "`Values` is for hosts and paths; an empty list says as much as none.",
        api("elbv2", "RuleCondition"),
    ),
    Ruling(
        "ministack",
        f"{_RULE_CALLS} | elbv2 *Listener*",
        "*.Order | *.Transforms",
        Verdict.UNKNOWN,
        "Whether `Order` and empty `Transforms` are shown where none were given is not said. The controller puts back "
        "whatever it was shown.",
        "rule-as-shown",
    ),
    Ruling(
        "ministack",
        f"{_RULE_CALLS} | elbv2 *Listener*",
        "*.RedirectConfig.* | *.FixedResponseConfig.*",
        Verdict.OPEN,
        "Defaults of a redirect and of a fixed response may be shown or not.",
        api("elbv2", "RedirectActionConfig"),
    ),
    Ruling(
        "ministack",
        "elbv2 DescribeRules",
        "Rules.*",
        Verdict.FOLLOWS,
        "The rules are the same; they are in another order since an earlier call changed priorities or made one that "
        "should have been refused.",
        "",
    ),
    Ruling(
        "*",
        "elbv2 DescribeRules | elbv2 *Listener | elbv2 CreateRule | elbv2 *TargetGroup | elbv2 DescribeTargetGroups",
        "*Arn",
        Verdict.OURS,
        "ARNs end in 16 hexadecimal digits.",
        balancing("load-balancer-listeners"),
    ),
    Ruling(
        "*",
        "elbv2 *LoadBalancer | elbv2 DescribeLoadBalancers",
        "*.CanonicalHostedZoneId | *.DNSName | *.LoadBalancerAddresses | *.ZoneName | *.Scheme",
        Verdict.OURS,
        "The hosted zone is the region's own, the zones are those of the subnets, internet-facing is the default.",
        api("elbv2", "CreateLoadBalancer"),
    ),
    Ruling(
        "moto",
        "elbv2 DescribeTargetGroups",
        "(outcome) ok → TargetGroupNotFound (400)",
        Verdict.UNKNOWN,
        "What a load balancer without target groups is answered is not said. The controller does not ask.",
        "groups-of-idle-balancer",
    ),
    Ruling(
        "*",
        "elbv2 *Attributes",
        "Attributes.*",
        Verdict.OURS,
        "All attributes that the kind of thing supports are shown, with their defaults, also after a change.",
        api("elbv2", "TargetGroupAttribute"),
    ),
    Ruling(
        "ministack",
        _GROUP_CALLS,
        "*.IpAddressType | *.ProtocolVersion | TargetGroups.0 | TargetGroups.1",
        Verdict.OURS,
        "A target group has an address type and a protocol version, and is found by its load balancer.",
        api("elbv2", "TargetGroup"),
    ),
    Ruling(
        "moto",
        _GROUP_CALLS,
        "*.LoadBalancerArns",
        Verdict.OPEN,
        "An empty list says as much as none.",
        api("elbv2", "TargetGroup"),
    ),
    Ruling(
        "*",
        "elbv2 DescribeTags",
        "TagDescriptions.0.Tags.*",
        Verdict.FOLLOWS,
        "The oracle had taken the 51 tags that are too many.",
        "",
    ),
    Ruling(
        "ministack",
        "ecr *",
        "*MediaType | *.imageTag | imageIds.*",
        Verdict.OURS,
        "The media type is the manifest's own, a tag moves from one image to another and leaves it untagged, an image "
        "asked for by digest is named by it.",
        api("ecr", "BatchGetImage"),
    ),
    Ruling(
        "moto",
        "ecr *",
        "*imageSizeInBytes",
        Verdict.OPEN,
        "The size is that of layers, which nobody has pushed here.",
        api("ecr", "ImageDetail"),
    ),
    Ruling(
        "moto",
        "logs FilterLogEvents",
        "searchedLogStreams.0",
        Verdict.OURS,
        "It is an empty list since May 2020.",
        api("logs", "FilterLogEvents"),
    ),
    Ruling(
        "*",
        "logs *",
        "*",
        Verdict.OPEN,
        "Optional members of streams, and a sequence token that is not used any more.",
        api("logs", "LogStream"),
    ),
    Ruling(
        "*",
        "scheduler CreateSchedule",
        "(outcome) ok → ConflictException *",
        Verdict.OURS,
        "A repeat with the same client token and parameters is answered as the first time.",
        api("scheduler", "CreateSchedule"),
    ),
    Ruling(
        "ministack",
        "scheduler CreateScheduleGroup",
        "(outcome) ok → ConflictException *",
        Verdict.OURS,
        "A repeat with the same client token and parameters is answered as the first time.",
        api("scheduler", "CreateScheduleGroup"),
    ),
    Ruling(
        "moto",
        "scheduler CreateSchedule | scheduler CreateScheduleGroup",
        "(outcome) ConflictException (409) → *",
        Verdict.OURS,
        "A name in use is a conflict, with status 409.",
        api("scheduler", "{operation}"),
    ),
    Ruling(
        "*",
        "scheduler CreateSchedule | scheduler UpdateSchedule",
        "(outcome) ValidationException (400) → ok",
        Verdict.OPEN,
        "Values are validated, and it is not said how. A moment that has passed is refused, as users tell; so is here "
        "a day, a time zone or an input that cannot be.",
        api("scheduler", "CreateSchedule"),
    ),
    Ruling(
        "*",
        "scheduler ListSchedules | scheduler ListTagsForResource | scheduler TagResource",
        "(outcome) ResourceNotFoundException (404) → ok",
        Verdict.OURS,
        "A group that is not there is not found.",
        api("scheduler", "{operation}"),
    ),
    Ruling(
        "moto",
        "scheduler DeleteScheduleGroup",
        "(outcome) ValidationException (400) → ok",
        Verdict.OURS,
        "The default group belongs to the account.",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html",
    ),
    Ruling(
        "moto",
        "scheduler GetSchedule",
        "ActionAfterCompletion | State",
        Verdict.OURS,
        "An update overwrites the whole schedule: what it is not given gets its default again.",
        api("scheduler", "UpdateSchedule"),
    ),
    Ruling(
        "ministack",
        "scheduler GetSchedule | scheduler GetScheduleGroup",
        "Description | *Date",
        Verdict.OPEN,
        "An empty description says as much as none; when the default group was made is nobody's affair.",
        api("scheduler", "GetSchedule"),
    ),
    Ruling(
        "ministack",
        "scheduler ListSchedules",
        "NextToken | Schedules.*",
        Verdict.OURS,
        "A page has a token while there is more; in which order schedules are listed is not said.",
        api("scheduler", "ListSchedules"),
    ),
    Ruling(
        "*",
        "cloudformation DescribeStacks",
        "Stacks.0.*",
        Verdict.OPEN,
        "Optional members of a stack; the controller reads its outputs.",
        api("cloudformation", "Stack"),
    ),
    Ruling(
        "*",
        "sts *",
        "*",
        Verdict.OPEN,
        "Who asks is somebody else on each side; the packed size is about session policies.",
        api("sts", "GetCallerIdentity"),
    ),
)
