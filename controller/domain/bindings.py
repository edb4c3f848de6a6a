"""The operator's word: which repository, branch and place on AWS each environment is (`tidegate.yaml`)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from controller.domain.approval import Glass
from controller.domain.errors import Rejected
from controller.domain.manifest import EnvironmentFile, Minimum, Problem
from controller.domain.manifest.agreement import Finding
from controller.domain.manifest.problem import quoted
from controller.domain.manifest.read import read
from controller.domain.manifest.service import Part
from controller.domain.manifest.tree import plant
from controller.domain.manifest.values import (
    ACCOUNT,
    REGION,
    Account,
    BranchName,
    EnvironmentName,
    Region,
    RepositoryName,
    Reviewer,
    RoleArn,
    Table,
    Unique,
)
from controller.domain.manifest.wanted import Number, Text, wanted
from controller.domain.people import Person, Rules

_PRIORITIES = range(1000, 2000)

ClusterName = Annotated[
    str,
    Text("a cluster's name or ARN", rf"(?:arn:aws[a-z-]*:ecs:{REGION}:{ACCOUNT}:cluster/)?[A-Za-z][A-Za-z0-9_-]*", 320),
]
ListenerArn = Annotated[
    str,
    Text(
        "an application load balancer's listener ARN",
        rf"arn:aws[a-z-]*:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/[A-Za-z0-9/-]+",
    ),
]
StackName = Annotated[str, Text("a CloudFormation stack's name", r"[A-Za-z][A-Za-z0-9-]*", 128)]
SubnetId = Annotated[str, Text("a subnet, as in subnet-0a1b2c3d", r"subnet-[0-9a-f]+")]
SecurityGroupId = Annotated[str, Text("a security group, as in sg-0a1b2c3d", r"sg-[0-9a-f]+")]
TopicArn = Annotated[
    str, Text("an SNS topic's ARN", rf"arn:aws[a-z-]*:sns:{REGION}:{ACCOUNT}:[A-Za-z0-9_-]{{1,256}}(?:\.fifo)?", 320)
]
VpcId = Annotated[str, Text("a VPC, as in vpc-0a1b2c3d", r"vpc-[0-9a-f]+")]


class Place(Part):
    """Where on AWS an environment is. What is None here is an output of the stack.

    The bounds of `subnets` and `security_groups` are those of ECS's AwsVpcConfiguration.
    """

    account: Account = Field(description="The AWS account, in quotes.")
    region: Region = Field(description="The AWS region.")
    role: RoleArn | None = Field(
        None, description="Assumed for every call. Left out: the controller's own credentials."
    )
    stack: StackName | None = Field(
        None, description="The CloudFormation stack whose outputs name what is left out below."
    )
    cluster: ClusterName | None = Field(None, description="The ECS cluster.")
    listener: ListenerArn | None = Field(None, description="The load balancer's listener that gets the rules.")
    subnets: Annotated[Unique[SubnetId], Field(min_length=1, max_length=16)] | None = Field(
        None, description="Where tasks run."
    )
    security_groups: Annotated[Unique[SecurityGroupId], Field(min_length=1, max_length=5)] | None = Field(
        None, description="What tasks belong to."
    )
    execution_role: RoleArn | None = Field(None, description="What pulls images and reads secrets for the tasks.")
    vpc: VpcId | None = Field(None, description="Where target groups are.")
    switch_role: RoleArn | None = Field(
        None, description="What EventBridge Scheduler becomes for a dead-man's switch. Without it there is none."
    )
    alarm_topic: TopicArn | None = Field(
        None, description="The SNS topic that hears of the alarms which the file declares. Without it nobody does."
    )


FOUNDATION = ("cluster", "listener", "subnets", "security_groups", "execution_role", "vpc")
"""What every place has, by its own word or as an output of its stack."""


def _parse_priorities(value: object) -> range:
    match = re.fullmatch(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})", value) if isinstance(value, str) else None
    found = range(int(match[1]), int(match[2]) + 1) if match else range(0)
    # "Listener rules for your Application Load Balancer": priorities 1 to 50,000. A service needs two.
    if len(found) < 10 or found[-1] > 50_000:
        raise wanted("the first and last of at least 10 rule priorities up to 50000, as in 1000-1999")
    return found


Priorities = Annotated[
    range,
    PlainValidator(_parse_priorities),
    PlainSerializer(lambda value: f"{value[0]}-{value[-1]}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$"}),
]


class Roles(Part):
    """Names as in `approval.reviewers`. Somebody who is named twice has the higher role."""

    admin: Unique[Reviewer] = Field((), description="They also make tokens for programs.")
    operator: Unique[Reviewer] = Field((), description="They also pause, promote, abort, roll back, deploy.")
    approver: Unique[Reviewer] = Field((), description="They also answer approvals, where a gate means them.")
    viewer: Unique[Reviewer] = Field((), description="They read everything.")

    @property
    def rules(self) -> Rules:
        return Rules(self.admin, self.operator, self.approver, self.viewer)


Login = Annotated[str, Text("a GitHub login, as in ada", r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}", 39)]


class BreakGlass(Part):
    """Who may let a deployment start without its approvals, and how many of them it takes. By number, so that it works
    while GitHub doesn't, and whoever takes over a login gets nothing."""

    people: Table[Login, Annotated[int, Number(1, 10**12, "the number of a GitHub account")]] = Field(
        min_length=1, description="GitHub logins, with the numbers of their accounts: `gh api users/ada --jq .id`."
    )
    count: Annotated[int, Number(1, 10, "a number of people")] = Field(2, description="How many different people.")

    @property
    def glass(self) -> Glass:
        return Glass(tuple(Person(number, login) for login, number in self.people.items()), self.count)


class _Entry(Part):
    repository: RepositoryName = Field(description="The GitHub repository.")
    branch: BranchName = Field(description="The branch whose pushes are looked at.")
    aws: Place = Field(description="The place.")
    minimum: Minimum = Field(Minimum(), description="What no file can ask less than.")
    people: Roles | None = Field(None, description="Who may what here, instead of what `people` above says.")
    break_glass: BreakGlass | None = Field(None, description="Who may break the glass here, instead of those above.")
    priorities: Priorities = Field(
        default_factory=lambda: _PRIORITIES, description="Rule priorities on the listener that are this environment's."
    )


class _OperatorFile(Part):
    environments: Table[EnvironmentName, _Entry] = Field(min_length=1, description="The bindings, by environment.")
    people: Roles = Field(
        Roles(), description="Who may what. Without any name: what their rights to the repository let them."
    )
    break_glass: BreakGlass | None = Field(
        None, description="Who may let a deployment start without its approvals. Left out: nobody."
    )


@dataclass(frozen=True)
class Binding:
    """One environment, as the operator binds it. `priorities` are the listener rules' that Tidegate may use; `people`
    says who may what, `glass` who may let a deployment start without its approvals."""

    name: str
    repository: str
    branch: str
    aws: Place
    minimum: Minimum = field(default_factory=Minimum)
    priorities: range = _PRIORITIES
    people: Rules = field(default_factory=Rules)
    glass: Glass | None = None


def read_bindings(text: str, file: str) -> dict[str, Binding]:
    """The bindings of `tidegate.yaml` by environment, in its order. Raises `Rejected` with all problems at once."""
    whole = read(text, file, _OperatorFile, _findings_in, {})
    return {name: _bound(name, entry, whole) for name, entry in whole.environments.items()}


def _bound(name: str, entry: _Entry, whole: _OperatorFile) -> Binding:
    breaks = entry.break_glass or whole.break_glass
    return Binding(
        name,
        entry.repository,
        entry.branch,
        entry.aws,
        entry.minimum,
        entry.priorities,
        people=(entry.people or whole.people).rules,
        glass=breaks.glass if breaks else None,
    )


def check_belongs(environment_file: EnvironmentFile, binding: Binding, file: str = "", text: str = "") -> None:
    """Raise `Rejected` when the file names another environment or branch than its binding.

    `file` is its name in messages; with its `text` they also name the line.
    """
    file = file or f"environments/{binding.name}.yaml"
    tree = plant(text, file) if text else None
    pairs = {"environment": binding.name, "branch": binding.branch}
    problems = [
        Problem(file, *(tree.place((key,)) if tree else (0, 0)), key, quoted(found), f"{quoted(bound)}, as it is bound")
        for key, bound in pairs.items()
        if (found := getattr(environment_file, key)) != bound
    ]
    if problems:
        raise Rejected(problems)


# ---------------------------------------------------------------- what must hold between the fields


def _findings_in(operator_file: _OperatorFile) -> Iterator[Finding]:
    for name, entry in operator_file.environments.items():
        yield from _missing_without_a_stack(name, entry.aws)
        yield from _elsewhere(name, entry.aws)
    yield from _shared_priorities(operator_file.environments)
    yield from _unbroken_glass(("break_glass",), operator_file.break_glass)
    for name, entry in operator_file.environments.items():
        yield from _unbroken_glass(("environments", name, "break_glass"), entry.break_glass)


def _unbroken_glass(at: tuple[str, ...], found: BreakGlass | None) -> Iterator[Finding]:
    people = len(set(found.people.values())) if found else 0
    if found is not None and found.count > people:
        words = f"at most the number of people, {people}"
        yield Finding((*at, "count"), str(found.count), words, (at,))


def _missing_without_a_stack(name: str, place: Place) -> Iterator[Finding]:
    for key in FOUNDATION:
        if place.stack is None and getattr(place, key) is None:
            at = ("environments", name, "aws", key)
            yield Finding(at, "nothing", "this key, or a stack that has it as an output", (at, (*at[:-1], "stack")))


def _elsewhere(name: str, place: Place) -> Iterator[Finding]:
    """ARNs that name another account or region than the place itself."""
    for key in ("role", "cluster", "listener", "execution_role"):
        parts = (getattr(place, key) or "").split(":")
        path = ("environments", name, "aws")
        for of, number in (("account", 4), ("region", 3)):
            if len(parts) > 5 and parts[number] not in ("", getattr(place, of)):
                words = f"the {of} {getattr(place, of)}"
                yield Finding((*path, key), f"the {of} {parts[number]}", words, ((*path, key), (*path, of)))


def _shared_priorities(entries: Mapping[str, _Entry]) -> Iterator[Finding]:
    for (first, one), (second, other) in combinations(entries.items(), 2):
        overlap = max(one.priorities[0], other.priorities[0]) <= min(one.priorities[-1], other.priorities[-1])
        if overlap and _same_listener(one.aws, other.aws):
            at = ("environments", second, "priorities")
            keys = ("account", "region", "stack", "listener")
            about = tuple(("environments", name, "aws", key) for name in (first, second) for key in keys)
            found = f"{other.priorities[0]}-{other.priorities[-1]}"
            words = f"priorities that {first} on the same listener does not have"
            yield Finding(at, found, words, (at, ("environments", first, "priorities"), *about))


def _same_listener(one: Place, other: Place) -> bool:
    if one.listener or other.listener:
        return one.listener == other.listener
    return (one.account, one.region, one.stack) == (other.account, other.region, other.stack)
