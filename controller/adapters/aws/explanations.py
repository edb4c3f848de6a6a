"""What it means when a task stopped: AWS's words on the left, ours on the right, most specific first.

AWS changes its wording, so patterns are short. After
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """`counts`: whether it is held against the new version; `counts_alone`: also when it happened to one task only."""

    text: str
    counts: bool
    counts_alone: bool = True


@dataclass(frozen=True)
class Pattern:
    """Fits when everything that is given fits: AWS's reason, one of the exit codes, one of the last log lines."""

    explanation: Explanation
    reason: str = ""
    exit_codes: tuple[int, ...] = ()
    stop_codes: tuple[str, ...] = ()
    log: str = ""

    def fits(self, stop_code: str, reason: str, exit_code: int | None, lines: Sequence[str]) -> bool:
        return (
            (not self.stop_codes or stop_code in self.stop_codes)
            and (not self.exit_codes or exit_code in self.exit_codes)
            and re.search(self.reason, reason, re.IGNORECASE | re.DOTALL) is not None
            and (not self.log or any(re.search(self.log, line, re.IGNORECASE) for line in lines))
        )


def _held(text: str) -> Explanation:
    return Explanation(text, counts=True)


def _held_against_many(text: str) -> Explanation:
    return Explanation(text, counts=True, counts_alone=False)


def _excused(text: str) -> Explanation:
    return Explanation(text, counts=False)


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        _held("The image was built for another processor: build it for `task.architecture`, or change that"),
        reason=r"CannotPullContainer.*descriptor matching platform",
    ),
    Pattern(
        _held("The program inside the image is for another processor, though the image says otherwise: build it anew"),
        log=r"exec format error",
    ),
    Pattern(_held("The program inside the image is for another processor"), reason=r"exec format error"),
    Pattern(
        _excused("The registry that the image comes from limits pulls: mirror the image into your own"),
        reason=r"CannotPullContainer.*toomanyrequests",
    ),
    Pattern(
        _held("The execution role, or the repository's policy, does not allow pulling the image"),
        reason=r"CannotPullContainer.*(not authorized|AccessDenied|GetAuthorizationToken|BatchGetImage|\b403\b)",
    ),
    Pattern(
        _held("There is no such image in the registry: the push failed, or a lifecycle policy has deleted it"),
        reason=r"CannotPullContainer.*(not found|manifest unknown)",
    ),
    Pattern(
        _held_against_many("There is no way from the task to the registry: look at NAT, endpoints and security groups"),
        reason=r"CannotPullContainer.*(timeout|deadline|connection refused|no route)",
    ),
    Pattern(
        _held("The execution role may not read a secret or parameter, or the key that encrypts it"),
        reason=r"ResourceInitializationError.*(secret|ssm|parameter).*(AccessDenied|not authorized)",
    ),
    Pattern(
        _held("A secret or parameter that the file refers to does not exist, or has no such key"),
        reason=r"ResourceInitializationError.*(can't find|ResourceNotFound|invalid parameter|json key|secret)",
    ),
    Pattern(
        _held("The log group is missing, or the execution role may not write to it"),
        reason=r"ResourceInitializationError.*(logger|log group)",
    ),
    Pattern(
        _excused("The subnets have no free addresses, or the account no free network interfaces"),
        reason=r"(waiting for network interface|insufficient free addresses|free addresses in subnet)",
    ),
    Pattern(
        _held_against_many("The task's network interface or file system could not be set up"),
        reason=r"ResourceInitializationError",
    ),
    Pattern(
        _excused("AWS has no Fargate capacity here at the moment"),
        reason=r"(capacity is unavailable|RESOURCE:FARGATE)",
    ),
    Pattern(
        _excused("The account's quota of Fargate is used up: a second slot needs room beside the first"),
        reason=r"(limit on the number of vCPUs|tasks you can run concurrently)",
    ),
    Pattern(
        _held("ECS may not assume the task's role: look at its trust policy, or wait if it was just made"),
        reason=r"unable to assume the role",
    ),
    Pattern(_excused("Spot capacity was taken back"), stop_codes=("SpotInterruption",)),
    Pattern(_excused("Spot capacity was taken back"), reason=r"spot task was interrupted"),
    Pattern(
        _excused("AWS replaced the machine below the task"), stop_codes=("TerminationNotice", "InfrastructureHealth")
    ),
    Pattern(_excused("Somebody stopped the task by hand"), stop_codes=("UserInitiated",)),
    Pattern(_held("The balancer's health check failed: look at path, port and grace"), reason=r"ELB health checks"),
    Pattern(_held("The container's own health check failed"), reason=r"container health checks"),
    Pattern(_excused("Replaced, or no longer needed"), reason=r"scaling activity initiated"),
    Pattern(_held("Out of memory: raise `task.memory`, or look for a leak"), reason=r"OutOfMemory"),
    Pattern(
        _held("The command does not exist in the image, or cannot be executed"),
        reason=r"(executable file not found|CannotStartContainer|CannotCreateContainer)",
    ),
    Pattern(_held("The command does not exist in the image, or cannot be executed"), exit_codes=(126, 127)),
    Pattern(_held("Killed: out of memory, or it did not end within `task.stop_timeout`"), exit_codes=(137,)),
    Pattern(_held("The program crashed (segmentation fault or abort)"), exit_codes=(139, 134)),
    Pattern(_excused("Ended by SIGTERM, as asked"), exit_codes=(143,)),
    Pattern(_held("The image could not be pulled"), reason=r"CannotPullContainer"),
    Pattern(_held("The program ended by itself, without an error: a service must keep running"), exit_codes=(0,)),
    Pattern(
        _held("The program ended with an error at start: the last log lines say more"), reason=r"essential container"
    ),
)

NO_IDEA = _held("No explanation is known for this: read what AWS says")


def explain(stop_code: str, reason: str, exit_code: int | None, lines: Sequence[str]) -> Explanation:
    """`reason` is AWS's, of task and container; `exit_code` is None when the program never ran."""
    for pattern in PATTERNS:
        if pattern.fits(stop_code, reason, exit_code, lines):
            return pattern.explanation
    return NO_IDEA
