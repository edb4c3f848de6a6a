"""What an approval of a plan binds to."""

from controller.domain.bindings import Binding
from controller.domain.canonical import digest
from controller.domain.deployment import Rolling
from controller.domain.manifest import normal_form
from controller.domain.revision import Revision
from controller.domain.step import Step


def place_of(binding: Binding) -> dict[str, object]:
    return {
        "name": binding.name,
        "repository": binding.repository,
        "branch": binding.branch,
        "account": binding.aws.account,
        "region": binding.aws.region,
        "stack": binding.aws.stack,
    }


def plan_digest(
    revision: Revision, binding: Binding, rolling: tuple[Rolling, ...], steps: tuple[Step, ...], restart: bool
) -> str:
    """Everything that will be done, in terms of live and idle: no colours, no ARNs made at run time, no times."""
    normal = normal_form(revision.file)
    touched = [name for step in steps for name in step.services]
    counts = {name: normal["services"][name]["count"] for name in touched}
    return digest(
        {
            "binding": place_of(binding),
            "restart": restart,
            "commit": revision.commit.sha,
            "from": {entry.service: entry.was for entry in rolling},
            "to": {entry.service: entry.content.canonical() for entry in rolling},
            "counts": counts,
            "capacity": {name: normal["services"][name]["capacity"] for name in touched},
            "schedule": normal["schedule"],
            "health": {
                name: [normal["services"][name]["health"], normal["services"][name]["deregistration_delay"]]
                for name in touched
            },
            "routes": {name: normal["services"][name]["route"] for name in touched},
            "steps": [
                [
                    *(step.kind, list(step.services), step.percent),
                    int(step.wait.total_seconds()) if step.wait else None,
                    *([step.hook.canonical()] if step.hook else []),
                ]
                for step in steps
            ],
            "gates": normal["gates"],
            "watch": normal["watch"],
            "alarms": normal["alarms"],
            "rollback": normal["rollback"],
        }
    )
