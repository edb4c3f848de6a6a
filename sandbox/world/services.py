"""Every AWS service that the world answers, by the name that boto3 gives it."""

from __future__ import annotations

from sandbox.world.autoscaling import capacity, policies
from sandbox.world.autoscaling import schedules as scaling_schedules
from sandbox.world.autoscaling import targets as scaling_targets
from sandbox.world.cloudwatch import alarms, composites, dashboards, history, metrics, queries
from sandbox.world.cloudwatch import tags as cloudwatch_tags
from sandbox.world.ecs import clusters, deployments, services, task_definitions, tasks
from sandbox.world.ecs import tags as ecs_tags
from sandbox.world.elbv2 import listeners, load_balancers, rules, target_groups
from sandbox.world.elbv2 import tags as elbv2_tags
from sandbox.world.operation import Operation
from sandbox.world.small import cloudformation, ecr, logs, scheduler, sts

SERVICES: dict[str, dict[str, Operation]] = {
    "application-autoscaling": {
        **capacity.operations.table,
        **policies.operations.table,
        **scaling_schedules.operations.table,
        **scaling_targets.operations.table,
    },
    "cloudformation": cloudformation.operations.table,
    "cloudwatch": {
        **alarms.operations.table,
        **composites.operations.table,
        **dashboards.operations.table,
        **history.operations.table,
        **metrics.operations.table,
        **queries.operations.table,
        **cloudwatch_tags.operations.table,
    },
    "ecr": ecr.operations.table,
    "ecs": {
        **clusters.operations.table,
        **deployments.operations.table,
        **services.operations.table,
        **ecs_tags.operations.table,
        **task_definitions.operations.table,
        **tasks.operations.table,
    },
    "elbv2": {
        **listeners.operations.table,
        **load_balancers.operations.table,
        **rules.operations.table,
        **elbv2_tags.operations.table,
        **target_groups.operations.table,
    },
    "logs": logs.operations.table,
    "scheduler": scheduler.operations.table,
    "sts": sts.operations.table,
}
