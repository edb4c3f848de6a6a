"""Clusters."""

from __future__ import annotations

from sandbox.world.ecs import model
from sandbox.world.ecs.model import Cluster, refuse
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page, tag_list, tag_map

operations = Operations()


@operations.changes("CreateCluster")
def create_cluster(call: Call) -> Answer:
    place, name = call.place, call.get("clusterName", "default")
    clusters = model.store(place).clusters
    known = clusters.get(name)
    if known is None or known.status != "ACTIVE":
        known = clusters[name] = Cluster(
            name=name,
            arn=place.arn("ecs", f"cluster/{name}"),
            settings=call.get("settings", [{"name": "containerInsights", "value": "disabled"}]),
            configuration=call.get("configuration"),
            capacity_providers=call.get("capacityProviders", []),
            default_strategy=call.get("defaultCapacityProviderStrategy", []),
            tags=tag_map(call.get("tags")),
        )
    return {"cluster": shown(place, known, ["TAGS", "SETTINGS", "CONFIGURATIONS"])}


@operations.reads("DescribeClusters")
def describe_clusters(call: Call) -> Answer:
    place, found, failures = call.place, [], []
    for name in call.get("clusters", ["default"]):
        cluster = model.store(place).clusters.get(model.short(name))
        if cluster is None:
            arn = name if name.startswith("arn:") else place.arn("ecs", f"cluster/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(shown(place, cluster, call.get("include", [])))
    return {"clusters": found, "failures": failures}


@operations.reads("ListClusters")
def list_clusters(call: Call) -> Answer:
    arns = [each.arn for each in model.store(call.place).clusters.values() if each.status == "ACTIVE"]
    listed, token = page(arns, call.get("nextToken"), call.get("maxResults", 100))
    return {"clusterArns": listed, "nextToken": token}


@operations.changes("PutClusterCapacityProviders")
def put_capacity_providers(call: Call) -> Answer:
    cluster = model.cluster(call.place, call["cluster"])
    cluster.capacity_providers = call["capacityProviders"]
    cluster.default_strategy = call["defaultCapacityProviderStrategy"]
    for item in cluster.default_strategy:
        if item["capacityProvider"] not in cluster.capacity_providers:
            raise refuse("The specified capacity provider is not associated with the cluster.")
    return {"cluster": shown(call.place, cluster, [])}


@operations.changes("DeleteCluster")
def delete_cluster(call: Call) -> Answer:
    place = call.place
    cluster = model.cluster(place, call["cluster"])
    store = model.store(place)
    if any(s.cluster == cluster.name and s.status == "ACTIVE" for s in store.services.values()):
        raise AwsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(t.cluster == cluster.name and t.last_status != "STOPPED" for t in store.tasks.values()):
        raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    cluster.status = "INACTIVE"
    return {"cluster": shown(place, cluster, [])}


def shown(place: Place, cluster: Cluster, include: list[str]) -> Answer:
    store = model.store(place)
    services = [s for s in store.services.values() if s.cluster == cluster.name]
    statuses = [t.last_status for t in store.tasks.values() if t.cluster == cluster.name]
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": statuses.count("RUNNING"),
        "pendingTasksCount": sum(status in ("PROVISIONING", "PENDING") for status in statuses),
        "activeServicesCount": sum(service.status == "ACTIVE" for service in services),
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": cluster.default_strategy,
        "settings": cluster.settings if "SETTINGS" in include else None,
        "configuration": cluster.configuration if "CONFIGURATIONS" in include else None,
        "tags": tag_list(cluster.tags) if "TAGS" in include else [],
        "statistics": [],
    }
