"""The IAM policy of an environment's role, made from the calls that are declared."""

import json
from typing import Any

from controller.adapters.aws.calls import CALLS, OWN_SERVICES, Call, Grant

INTRODUCTION = """\
# IAM policy of an environment's role

Made from the calls in `controller/adapters/aws/calls.py`; a test compares it with them. Replace `${Account}`,
`${Region}`, `${Cluster}` and `${Place}` (the stack's name, or the environment's where there is no stack), and narrow
`role/*` to the task and execution roles and the one of the dead-man's switches. `sts:AssumeRole`, and the two of `sqs`
where events come by a queue ([events](../events.md)), belong to the controller's own identity, everything else to the
role that it assumes. The same as JSON: [iam-policy.json](iam-policy.json).

The role of the dead-man's switches (the stack's output `SwitchRole`) is EventBridge Scheduler's: it trusts
`scheduler.amazonaws.com`, with `aws:SourceArn` the schedule group below, and may do `elasticloadbalancing:ModifyRule`
on listener rules with our tag, nothing else.

| action | resource | condition | needed for |
|---|---|---|---|
"""


def policy_json() -> str:
    """A policy document (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html)."""
    document = {"Version": "2012-10-17", "Statement": [_statement(*each) for each in _grouped(_role_calls())]}
    return json.dumps(document, indent=2) + "\n"


def policy_page() -> str:
    rows = {
        (grant.action, grant.resource, _condition(grant), f"{call.service} {call.operation}")
        for call in CALLS
        for grant in call.grants
    }
    return INTRODUCTION + "".join(f"| {' | '.join(cells)} |\n" for cells in sorted(rows))


def _role_calls() -> list[Call[Any, Any]]:
    return [call for call in CALLS if call.service not in OWN_SERVICES]


def _grouped(calls: list[Call[Any, Any]]) -> list[tuple[str, str, list[str]]]:
    """(resource, condition as JSON, actions), so that one statement says all about one kind of thing."""
    actions: dict[tuple[str, str], set[str]] = {}
    for call in calls:
        for grant in call.grants:
            actions.setdefault((grant.resource, json.dumps(grant.when, sort_keys=True)), set()).add(grant.action)
    return [(resource, when, sorted(listed)) for (resource, when), listed in sorted(actions.items())]


def _statement(resource: str, when: str, actions: list[str]) -> dict[str, object]:
    condition = json.loads(when)
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def _condition(grant: Grant) -> str:
    return "; ".join(
        f"{key} {operator} {value}" for operator, keys in grant.when.items() for key, value in keys.items()
    )
