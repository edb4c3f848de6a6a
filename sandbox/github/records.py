"""What GitHub remembers beside git: pull requests, checks, statuses, deployments, releases, hooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.github.people import Person

ActivityKind = Literal["push", "force_push", "branch_creation", "branch_deletion", "pr_merge"]
CheckStatus = Literal["queued", "in_progress", "completed"]


@dataclass(frozen=True)
class Activity:
    """A branch moved; of a new or deleted one, `before` or `after` is forty zeros."""

    id: int
    ref: str
    before: str
    after: str
    kind: ActivityKind
    actor: Person
    at: datetime


@dataclass
class Comment:
    id: int
    number: int
    author: Person
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Review:
    id: int
    author: Person
    state: str
    body: str
    commit: str
    submitted_at: datetime


@dataclass
class Pull:
    """A pull request. The shas follow the branches until it is closed; `merged_at` decides whether it was merged.

    `trial` is the commit that GitHub makes of both sides while it is open and they don't conflict.
    """

    id: int
    number: int
    title: str
    body: str
    author: Person
    head: str
    base: str
    head_sha: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: Person | None = None
    merge_commit: str | None = None
    trial: str | None = None
    reviews: list[Review] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass
class CheckSuite:
    """What one App checks at one commit of a branch."""

    id: int
    app_id: int
    head_branch: str | None
    head_sha: str
    before: str
    status: CheckStatus
    conclusion: str | None
    created_at: datetime
    updated_at: datetime


@dataclass
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    status: CheckStatus
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None = None
    external_id: str = ""
    details_url: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class WorkflowRun:
    """One run of the stand-in for Actions; its checks are the suite's."""

    id: int
    number: int
    suite: CheckSuite
    actor: Person
    event: str


@dataclass(frozen=True)
class CommitStatus:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Person
    created_at: datetime


@dataclass(frozen=True)
class DeploymentStatus:
    id: int
    state: str
    description: str
    environment: str
    environment_url: str
    log_url: str
    creator: Person
    created_at: datetime


@dataclass
class Deployment:
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    description: str | None
    payload: Any
    transient: bool
    production: bool
    creator: Person
    created_at: datetime
    updated_at: datetime
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass
class Release:
    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    draft: bool
    prerelease: bool
    author: Person
    created_at: datetime
    published_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """What the receiver of a webhook said; status 0 means that nothing came back, `reason` says why."""

    status: int
    reason: str
    headers: dict[str, str]
    body: str
    seconds: float


@dataclass
class Delivery:
    """One attempt to hand over one event. A redelivery is a new record with the same `guid`."""

    id: int
    guid: str
    event: str
    action: str | None
    headers: dict[str, str]
    body: bytes = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    created_at: datetime
    is_redelivery: bool = False
    answer: Answer | None = None


@dataclass
class Hook:
    id: int
    url: str
    secret: str = field(repr=False)
    content_type: Literal["json", "form"]
    events: tuple[str, ...]
    active: bool
    created_at: datetime
    updated_at: datetime
    deliveries: list[Delivery] = field(default_factory=list, repr=False)

    def wants(self, event: str) -> bool:
        return self.active and (event in self.events or "*" in self.events)


@dataclass
class Records:
    """Everything of one repository that is not in git."""

    activities: list[Activity] = field(default_factory=list)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    check_suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[CommitStatus] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    protections: dict[str, dict[str, Any]] = field(default_factory=dict)
    workflow_runs: dict[int, WorkflowRun] = field(default_factory=dict)
