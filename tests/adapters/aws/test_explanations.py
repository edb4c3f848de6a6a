"""Why tasks stopped, in AWS's words and in ours."""

from __future__ import annotations

import pytest

from controller.adapters.aws.explanations import NO_IDEA, PATTERNS, explain

PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
INIT = "ResourceInitializationError: "


@pytest.mark.parametrize(
    ("stop_code", "reason", "exit_code", "log", "says", "counts"),
    [
        ("TaskFailedToStart", PULL + "Manifest does not contain descriptor matching platform 'linux/amd64'", None, "",
         "another processor", True),
        ("EssentialContainerExited", "Essential container in task exited", 255, "exec /app: exec format error",
         "says otherwise", True),
        ("TaskFailedToStart", PULL + "toomanyrequests: rate limit", None, "", "limits pulls", False),
        ("TaskFailedToStart", PULL + "not authorized to perform: ecr:GetAuthorizationToken", None, "",
         "does not allow pulling", True),
        ("TaskFailedToStart", PULL + "captioncraft:v1: not found", None, "", "no such image", True),
        ("TaskFailedToStart", PULL + "manifest unknown", None, "", "no such image", True),
        ("TaskFailedToStart", PULL + "dial tcp: i/o timeout", None, "", "no way from the task to the registry", True),
        ("TaskFailedToStart", INIT + "unable to pull secrets or registry auth: AccessDeniedException: not authorized",
         None, "", "may not read a secret", True),
        ("TaskFailedToStart", INIT + "Secrets Manager can't find the specified secret", None, "",
         "does not exist", True),
        ("TaskFailedToStart", INIT + "failed to validate logger args: The specified log group does not exist", None, "",
         "log group is missing", True),
        ("TaskFailedToStart", INIT + "failed to configure ENI", None, "", "network interface or file system", True),
        ("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete.", None, "",
         "no free addresses", False),
        ("TaskFailedToStart", "Capacity is unavailable at this time.", None, "", "no Fargate capacity", False),
        ("TaskFailedToStart", "You've reached the limit on the number of vCPUs you can run concurrently", None, "",
         "quota", False),
        ("TaskFailedToStart", "ECS was unable to assume the role 'x'", None, "", "may not assume", True),
        ("EssentialContainerExited", "Essential container in task exited", 1, "KeyError: 'X'", "last log lines", True),
        ("EssentialContainerExited", "Essential container in task exited", 0, "", "by itself", True),
        ("TaskFailedToStart", "CannotStartContainerError: executable file not found in $PATH", 127, "",
         "command", True),
        ("EssentialContainerExited", "Essential container in task exited", 127, "", "command", True),
        ("EssentialContainerExited", "Essential container in task exited: OutOfMemoryError: killed", 137, "",
         "Out of memory: raise", True),
        ("EssentialContainerExited", "Essential container in task exited", 137, "", "stop_timeout", True),
        ("EssentialContainerExited", "Essential container in task exited", 139, "", "crashed", True),
        ("EssentialContainerExited", "Essential container in task exited", 143, "", "SIGTERM", False),
        ("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group x)", 143, "",
         "balancer's health check", True),
        ("ServiceSchedulerInitiated", "Task failed container health checks", 143, "", "container's own", True),
        ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", 137, "",
         "Replaced", False),
        ("SpotInterruption", "Your Spot Task was interrupted.", 143, "", "Spot", False),
        ("TerminationNotice", "", None, "", "machine", False),
        ("UserInitiated", "Task stopped by user", 143, "", "by hand", False),
    ],
)  # fmt: skip
def test_a_stop_is_explained(
    stop_code: str, reason: str, exit_code: int | None, log: str, says: str, counts: bool
) -> None:
    found = explain(stop_code, reason, exit_code, [log])
    assert says in found.text
    assert found.counts is counts


def test_what_nobody_knows_counts_and_says_so() -> None:
    assert explain("", "the moon was full", None, []) == NO_IDEA
    assert NO_IDEA.counts


def test_no_pattern_fits_everything() -> None:
    assert all(not pattern.fits("", "", None, []) for pattern in PATTERNS)
