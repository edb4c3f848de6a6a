"""Who or what can clear a state of things, by the code of its reason. Pure; a test walks every code there is."""

from collections.abc import Mapping

ITSELF = "Tidegate, by itself"
NOBODY = "nobody: it is over"
AUTHOR = "the author: push a commit that mends it"
OPERATOR = "an operator: the repository, its branch, or the right to read it"
PERSON = "a person: `tidegate unhold {environment}`"
ENDED = "a person: `tidegate abort {environment}` ends it with the traffic where it is"
STUCK = f"an operator: Tidegate tries again by itself; or {ENDED}"
AGAIN = "a person: `tidegate deploy {environment}` takes the branch as it is"
RELEASE = "the next release of the branch"
AGAIN_BY_NAME = "a person: `tidegate deploy {environment} --ref TAG` takes it as it is"
PATIENT = "an operator, if it stays: Tidegate tries again by itself"
INSTALLED = "an operator: how the controller is set up"
BOTH_SIDES = f"{ITSELF}, as soon as enough targets are healthy; or {AUTHOR}"

CLEARED_BY: Mapping[str, str] = {
    "alarm.missing": "whoever makes the alarm, or the author, by taking it out of `watch.alarms`",
    "alarm.rang": f"the alarms, by being well; or {AUTHOR}",
    "alarm.rang_late": f"the alarms, by being well; or {AUTHOR}",
    "alarm.unknown": "an operator: CloudWatch must answer `cloudwatch:DescribeAlarms`; Tidegate asks again by itself",
    "alarms": "an operator: CloudWatch must answer, and the environment's role needs the rights of docs/alarms.md",
    "alarm.red": "the alarms, by being well; or a person: `tidegate resume {deployment}`",
    "analysis.error": "an operator: CloudWatch must answer `cloudwatch:GetMetricData`; Tidegate asks again by itself",
    "analysis.failed": AUTHOR,
    "analysis.failed_late": AUTHOR,
    "analysis.waiting": ITSELF,
    "approval": "a person who may: `tidegate approve {deployment}`",
    "approval.expired": AGAIN,
    "approval.rejected": AGAIN,
    "approval.stale": "a person who may: look at the plan as it is now, and answer that",
    "approval.too_few": (
        "an operator: give more people a right to the repository, or name more in tidegate.yaml; or the author, in"
        " `gates.approval`"
    ),
    "approval.unknown": (
        "an operator: GitHub must answer, and the token or the app needs the rights of docs/operations.md; Tidegate"
        " asks again by itself; or whoever may break the glass"
    ),
    "approval.waiting": "people who may: `tidegate approve {deployment}`, or its page",
    "audit": INSTALLED,
    "aws": PATIENT,
    "aws.credentials": "an operator: the controller's credentials, or the trust policy of the environment's role",
    "aws.denied": "an operator: the environment's role needs the rights of docs/reference/iam-policy.md",
    "aws.foreign": "an operator: it has a name of Tidegate's and is somebody else's",
    "aws.quota": "an operator: raise the quota in Service Quotas, or remove what is not used",
    "aws.refused": "an operator, or the author: correct what AWS names",
    "backup": INSTALLED,
    "bake": ITSELF,
    "before": f"a person, who looks at what the command did; or {AUTHOR}",
    "branch": OPERATOR,
    "branch.missing": OPERATOR,
    "checks.failed": f"whoever runs the check on GitHub once more, so that it passes; or {AUTHOR}",
    "checks.pending": "the checks on GitHub, by passing",
    "checks.unknown": (
        "an operator: GitHub must answer, and the token or the app needs the rights of docs/operations.md; Tidegate"
        " asks again by itself"
    ),
    "config": INSTALLED,
    "confirm.expired": AGAIN,
    "confirm.waiting": "a person: `tidegate promote {deployment}` goes on, `tidegate abort {deployment}` turns it back",
    "conflict": ITSELF,
    "content.quarantined": f"a fix or a revert, or {PERSON}",
    "database": "an operator: the controller's database",
    "delivery": ITSELF,
    "deploy.ordered": ITSELF,
    "deployment": ITSELF,
    "deployment.paused": "a person: `tidegate resume {deployment}` goes on, `tidegate abort {deployment}` turns back",
    "deployment.succeeded": NOBODY,
    "deployment.superseded": "nobody: the newer one goes on in its place",
    "drift": "whoever set it otherwise; or a person: `tidegate deploy {environment} --correct`",
    "drift.fought": (
        "whoever sets it otherwise, by leaving it; then a person: `tidegate deploy {environment} --correct`"
    ),
    "drift.ordered": ITSELF,
    "environment": ITSELF,
    "environment.at_rest": "the next push",
    "environment.empty": "the first push to its branch",
    "environment.held": PERSON,
    "evidence": ITSELF,
    "file": AUTHOR,
    "foundation": "an operator: the stack, or what tidegate.yaml says of it",
    "gate.not_built": "the author, by taking these keys out of the file, or a Tidegate that knows them",
    "github": OPERATOR,
    "group": ITSELF,
    "home.no_healthy_target": f"{ITSELF}, as soon as the slot has a healthy target; or {ENDED}",
    "image": f"{AUTHOR}, or build the image anew",
    "image.missing": "the build that pushes the image, or the deployment that it is promoted from",
    "image.repository_missing": "an operator: create the repository; or the author: correct `image.repository`",
    "lease": f"{ITSELF}, or another controller that looks after it",
    "limit": "time: a minute at most",
    "metrics": "an operator: CloudWatch must answer `cloudwatch:GetMetricData`; Tidegate asks again by itself",
    "notify": PATIENT,
    "order": AGAIN,
    "order.answered": ITSELF,
    "pause.expired": AGAIN,
    "plan": "the next push",
    "person": "a person: `tidegate explain {environment}` says what there is to decide",
    "prune": "a person: `tidegate prune {environment} SERVICE`, once more",
    "prune.draining": ITSELF,
    "queue": INSTALLED,
    "queue.behind": "the end of the deployment before it",
    "ref": "a person: name a commit that the branch contains",
    "release.moved": RELEASE,
    "release.none": "whoever publishes a release of the branch",
    "release.not_asked": f"whoever publishes a later release; or {AGAIN_BY_NAME}",
    "release.older": f"{AGAIN_BY_NAME}; or {RELEASE}",
    "release.tag": f"whoever publishes it under a tag that an image can have; or {AUTHOR}",
    "release.unnamed": "a person: name a release; or publish one of this commit",
    "release.withdrawn": RELEASE,
    "restart.ordered": ITSELF,
    "restore": PERSON,
    "revision": ITSELF,
    "role": "an operator: the role in tidegate.yaml, or the right to the repository on GitHub",
    "rollback.ordered": PERSON,
    "rule": "an operator: the listener rule must be as Tidegate left it, or nobody's",
    "rule.not_yet": ITSELF,
    "scan.blocked": AUTHOR,
    "scan.failed": f"an operator: let ECR scan the image again; or {AUTHOR}",
    "scan.pending": "ECR, by ending its scan",
    "scan.unknown": (
        "an operator: ECR must answer `ecr:DescribeImageScanFindings`, and the environment's role needs the rights of "
        "docs/reference/iam-policy.md; Tidegate asks again by itself"
    ),
    "scan.unsupported": f"an operator: let ECR scan the repository; or {AUTHOR}",
    "settings": INSTALLED,
    "slack": PATIENT,
    "slack.refused": "an operator: the app's token, its scopes, and the channels that it is in",
    "slot": ITSELF,
    "slot.has_traffic": "an operator: take the traffic that Tidegate didn't give it away",
    "smoke": AUTHOR,
    "soak.absent": "the deployment that brings this version there, and then time",
    "soak.cut_short": "whoever deploys this version there again, and then time",
    "soak.moving": "the end of what moves there",
    "soak.running": "time",
    "soak.turned_back": AUTHOR,
    "source.history_rewritten": (
        "the author: let the branch descend from what was recorded; or a person: `tidegate deploy {environment}`"
    ),
    "step": ITSELF,
    "step.deadline": f"{AUTHOR}; or {AGAIN}",
    "switch": "an operator: EventBridge Scheduler must answer, and the stack needs its output `SwitchRole`",
    "switch.fired": AGAIN,
    "switch.too_late": ITSELF,
    "targets": BOTH_SIDES,
    "task": "AWS, by having room for a task; or an operator: Tidegate tries again by itself",
    "task.sought": ITSELF,
    "task.stopping": ITSELF,
    "tasks.crash_loop": AUTHOR,
    "tasks.failed": AUTHOR,
    "tasks.no_capacity": f"AWS, by having room for tasks, or an operator: quotas and addresses; then {AGAIN}",
    "tasks.short": "ECS, by starting tasks; or whoever finds out why it can't",
    "test": AUTHOR,
    "token": "a person: write it otherwise",
    "topic": INSTALLED,
    "traffic.adopted": PERSON,
    "traffic.behind_orphan": "an operator: put the service's own listener rule first again",
    "traffic.elsewhere": "an operator: give the listener rule's whole weight to the slot that has tasks",
    "traffic.foreign_change": "whoever changed it: put it back",
    "traffic.rule_missing": "an operator: put the listener rule back, or empty the slots",
    "traffic.split": "an operator: give the listener rule's whole weight to one slot",
    "traffic.unclear": "an operator: give the listener rule's whole weight to one slot",
    "tracing": PATIENT,
    "transient": PATIENT,
    "verify": AUTHOR,
    "window.apart": "the author: a window that is open sometimes while that of the live file is",
    "window.shut": "time; or the author, by another window in the file",
    "watch.inconclusive": "a person: `tidegate resume {deployment}` takes it, `tidegate abort {deployment}` turns back",
}
"""By code, or by what stands before its point."""


def known(code: str) -> str | None:
    """None for a code that nobody has thought of."""
    return CLEARED_BY.get(code) or CLEARED_BY.get(code.partition(".")[0])


def cleared_by(code: str, environment: str, deployment: str = "") -> str:
    return (known(code) or PATIENT).format(environment=environment, deployment=deployment or environment)
