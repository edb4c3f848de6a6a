"""What runs that were killed have left behind: found by name and tag, and removed."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.oracles.probe.stage import PREFIX, TAG, Stage


def sweep(stage: Stage) -> list[str]:
    """Remove everything that any run has left in this account and region; what was removed."""
    removed: list[str] = []
    for arn in _clusters(stage):
        _empty(stage, arn)
        stage.ecs.delete_cluster(cluster=arn)
        removed.append(arn)
    for arn in _tagged(stage, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"):
        stage.elbv2.delete_load_balancer(LoadBalancerArn=arn)
        removed.append(arn)
    for arn in _tagged(stage, "describe_target_groups", "TargetGroups", "TargetGroupArn"):
        stage.until(partial(_is_deleted, stage, arn))
        removed.append(arn)
    return removed + _definitions(stage)


def _clusters(stage: Stage) -> list[str]:
    listed = stage.ecs.get_paginator("list_clusters").paginate().build_full_result()["clusterArns"]
    return [arn for arn in listed if arn.rpartition("/")[2].startswith(f"{PREFIX}-")]


def _empty(stage: Stage, cluster: str) -> None:
    stage.kept["cluster"] = cluster
    for arn in stage.ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]:
        stage.delete_service(arn)
    for arn in stage.ecs.list_tasks(cluster=cluster)["taskArns"]:
        stage.ecs.stop_task(cluster=cluster, task=arn)
    stage.until(lambda: not stage.ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"])
    stage.until(lambda: _has_no_tasks(stage, cluster))
    stage.kept.clear()


def _has_no_tasks(stage: Stage, cluster: str) -> bool:
    shown = stage.ecs.describe_clusters(clusters=[cluster])["clusters"][0]
    return bool(shown["runningTasksCount"] + shown["pendingTasksCount"] == 0)


def _tagged(stage: Stage, operation: str, members: str, key: str) -> list[str]:
    """Those whose name begins like ours, and that have our tag."""
    every = stage.elbv2.get_paginator(operation).paginate().build_full_result()[members]
    arns = [each[key] for each in every if f"/{PREFIX}-" in each[key]]
    return [arn for arn in arns if TAG in _tags(stage, arn)]


def _tags(stage: Stage, arn: str) -> set[str]:
    tags: Any = stage.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    return {each["Key"] for each in tags}


def _is_deleted(stage: Stage, arn: str) -> bool:
    try:
        stage.elbv2.delete_target_group(TargetGroupArn=arn)
    except stage.elbv2.exceptions.ResourceInUseException:
        return False
    return True


def _definitions(stage: Stage) -> list[str]:
    families = stage.ecs.list_task_definition_families(familyPrefix=f"{PREFIX}-", status="ACTIVE")["families"]
    removed = []
    for family in families:
        for arn in stage.ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]:
            stage.ecs.deregister_task_definition(taskDefinition=arn)
            stage.ecs.delete_task_definitions(taskDefinitions=[arn])
            removed.append(arn)
    return removed
