"""What nobody touched shows no difference: AWS's defaults are filled in, and lists without an order have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from controller.adapters.aws.wire import definitions as definitions_wire
from controller.adapters.aws.wire import services as services_wire
from controller.domain.actions import PrepareGroup, PutScaling, SetWeights, TuneSlot
from controller.domain.capacity import capacity_of
from controller.domain.content import Content
from controller.domain.declared import definition_differences, differences
from controller.domain.drift import Difference
from controller.domain.manifest import EnvironmentFile, read_environment
from controller.domain.rendering import definition_of, group_settings, render
from controller.domain.revision import Revision
from controller.domain.scaling import scaling_of
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView
from controller.loop.observe import with_scaling
from tests.adapters.aws.rig import CLUSTER, Rig, a_content, a_run
from tests.support.builders import FILE, NOON, a_commit

ENVIRONMENTS = Path(__file__).parents[3] / "environments"
WORKER = FILE.split("  frontend:")[0].replace("verify: [{path: /ready, within: 5s}]\n", "") + (
    "  worker:\n"
    '    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}\n'
    "    env: {MODE: fast, COLOUR: none}\n"
    "    task: {cpu: 256, memory: 512, stop_timeout: 90s, architecture: ARM64}\n"
)
FILES: Mapping[str, str] = {
    **{path.stem: path.read_text(encoding="utf-8") for path in sorted(ENVIRONMENTS.glob("*.yaml"))},
    "a worker": WORKER,
}
IMAGE = "sha256:" + "a" * 64


def a_revision(text: str) -> Revision:
    file = read_environment(text, "environments/some.yaml")
    images = {name: f"{service.image.repository}@{IMAGE}" for name, service in file.services.items()}
    return Revision(file.environment, file.branch, a_commit(), text, NOON, images)


def contents(rig: Rig, revision: Revision) -> dict[str, Content]:
    foundation, images = rig.cloud.looks.foundation(), revision.images or {}
    return {name: render(name, service, images[name], foundation) for name, service in revision.file.services.items()}


def deploy(rig: Rig, revision: Revision) -> None:
    """As a rollout does it, through the ports: everything in blue."""
    for repository in ("captioncraft-backend", "captioncraft-frontend"):
        rig.sandbox.push(repository, "v1")
    associate_spot(rig)
    named = frozenset(revision.file.services)
    for name, content in contents(rig, revision).items():
        service = revision.file.services[name]
        wanted, route = group_settings(service), service.route
        definition = rig.cloud.definitions.register(content, rig.permit())
        if wanted is not None and route is not None:
            for slot in Slot:
                rig.cloud.traffic.prepare_group(PrepareGroup(name, slot, wanted), rig.permit())
            blue = SetWeights(name, route, {Slot.BLUE: 100, Slot.GREEN: 0}, named)
            rig.cloud.traffic.set_weights(blue, rig.permit())
        grace = int(service.health.grace.total_seconds()) if service.health else 0
        run = a_run(content, Slot.BLUE, definition, max(1, service.count.min))
        action = replace(run, grace_seconds=grace, capacity=capacity_of(service))
        rig.cloud.tasks.run_slot(action, rig.permit(name))
        scaling = scaling_of(service, revision.file.schedule)
        if scaling is not None:
            rig.cloud.scaling.put(PutScaling(name, Slot.BLUE, scaling, scaling.at(NOON)), rig.permit())


def associate_spot(rig: Rig) -> None:
    rig.sandbox.ecs.put_cluster_capacity_providers(
        cluster=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )


def looked(rig: Rig, file: EnvironmentFile) -> Mapping[str, ServiceView]:
    """By somebody who remembers nothing."""
    routed = {name: service.route is not None for name, service in file.services.items()}
    cloud = rig.stranger()
    services = cloud.looks.services(routed, targets=True)
    return with_scaling(services, cloud.scaling.look(services))


def found(rig: Rig, revision: Revision) -> tuple[Difference, ...]:
    """But for the alarms, of which nothing was made here."""
    return differences(revision, rig.cloud.looks.foundation(), looked(rig, revision.file), None, NOON)


@pytest.mark.parametrize("name", FILES)
def test_what_was_deployed_and_not_touched_shows_no_difference(rig: Rig, name: str) -> None:
    revision = a_revision(FILES[name])
    deploy(rig, revision)
    views = looked(rig, revision.file)
    assert all(view.slots[Slot.BLUE].runs and view.slots[Slot.BLUE].settings for view in views.values())
    assert found(rig, revision) == ()


def test_a_look_at_what_is_declared_costs_no_call_more(rig: Rig) -> None:
    """Two services: what is compared is in the answers that are asked for anyway."""
    revision = a_revision(FILE)
    deploy(rig, revision)
    rig.world.calls.clear()
    found(rig, revision)
    asked = rig.operations()
    assert asked.count("DescribeServices") == 1 and asked.count("DescribeTaskDefinition") == 2
    assert asked.count("DescribeRules") == 1 and rig.changes() == []


NAMES = some.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
TEXTS = some.text(some.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=12)
ARNS = some.from_regex(r"arn:aws:secretsmanager:eu-west-1:123456789012:secret:[a-z]{1,8}", fullmatch=True)


@some.composite
def some_contents(draw: some.DrawFn) -> Content:
    cpu, memory = draw(some.sampled_from([(256, 512), (512, 1024), (1024, 8192)]))
    return replace(
        a_content(),
        cpu=cpu,
        memory=memory,
        architecture=draw(some.sampled_from(["X86_64", "ARM64"])),
        port=draw(some.none() | some.integers(1, 65535)),
        task_role=draw(some.none() | some.just("arn:aws:iam::123456789012:role/task")),
        stop_timeout_seconds=draw(some.integers(2, 120)),
        environment=draw(some.dictionaries(NAMES, TEXTS, max_size=4)),
        secrets=draw(some.dictionaries(NAMES, ARNS, max_size=3)),
        parameters=draw(some.dictionaries(NAMES, some.just("/captions/features"), max_size=2)),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=some_contents(), dice=some.randoms(use_true_random=False))
def test_any_content_is_found_again_in_whatever_order_aws_shows_it(rig: Rig, content: Content, dice: Any) -> None:
    arn = rig.cloud.definitions.register(content, rig.permit())
    shown: Any = rig.sandbox.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    for container in shown["containerDefinitions"]:
        for key in ("environment", "secrets", "portMappings"):
            dice.shuffle(container.get(key, []))
    wanted = definition_of(content)
    assert list(definition_differences(wanted, definitions_wire.view(shown, content.service))) == []


def test_lists_of_a_service_have_no_order(rig: Rig) -> None:
    deploy(rig, a_revision(FILE))
    shown = rig.service()
    network = shown["networkConfiguration"]["awsvpcConfiguration"]
    turned = {**network, "subnets": network["subnets"][::-1], "securityGroups": network["securityGroups"][::-1]}
    other = {**shown, "networkConfiguration": {"awsvpcConfiguration": turned}}
    assert network["subnets"] != turned["subnets"]
    assert services_wire.settings(other) == services_wire.settings(shown)


@pytest.mark.parametrize("left_out", ["platformVersion", "healthCheckGracePeriodSeconds", "launchType"])
def test_what_aws_leaves_out_has_its_default(rig: Rig, left_out: str) -> None:
    deploy(rig, a_revision(FILE))
    shown = {**rig.service(), "healthCheckGracePeriodSeconds": 0}
    without: Any = {key: value for key, value in shown.items() if key != left_out}
    assert services_wire.settings(without) == services_wire.settings(shown)


def test_fargate_is_the_same_as_launch_type_and_as_provider(rig: Rig) -> None:
    deploy(rig, a_revision(FILE))
    provider = {"capacityProvider": "FARGATE", "weight": 1, "base": 0}
    shown: Any = {**rig.service(), "capacityProviderStrategy": [provider]}
    del shown["launchType"]
    assert services_wire.settings(shown).capacity == "on demand"
    mixed = [provider, {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0}, {**provider, "base": 2}]
    told = services_wire.settings({**shown, "capacityProviderStrategy": mixed[:2]}).capacity
    assert told == "75% on Spot"


def test_a_revision_made_by_hand_with_our_tags_is_seen_and_never_run_again(rig: Rig) -> None:
    content = rig.content()
    ours = rig.cloud.definitions.register(content, rig.permit())
    asked: Any = rig.sandbox.ecs.describe_task_definition(taskDefinition=ours, include=["TAGS"])
    container = {**asked["taskDefinition"]["containerDefinitions"][0], "stopTimeout": 99}
    kept = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "runtimePlatform", "executionRoleArn")
    rig.sandbox.ecs.register_task_definition(
        **{key: asked["taskDefinition"][key] for key in kept}, containerDefinitions=[container], tags=asked["tags"]
    )
    assert rig.stranger().looks.definitions([content]) == {content.digest: ours}
    assert rig.stranger().definitions.register(content, rig.permit()) == ours


def test_tuning_starts_no_deployment_and_leaves_everything_else(rig: Rig) -> None:
    deploy(rig, a_revision(FILE))
    before = rig.service()
    rig.sandbox.ecs.update_service(
        cluster=CLUSTER,
        service=before["serviceName"],
        desiredCount=5,
        healthCheckGracePeriodSeconds=1,
        deploymentConfiguration={"maximumPercent": 150},
    )
    rig.world.calls.clear()
    rig.cloud.tasks.tune_slot(TuneSlot("backend", Slot.BLUE, 30), rig.permit())
    after = rig.service()
    assert services_wire.settings(after) == services_wire.settings(before) and after["desiredCount"] == 5
    assert [each["id"] for each in after["deployments"]] == [each["id"] for each in before["deployments"]]
    assert rig.changes() == ["UpdateService"]


def test_a_slot_that_is_not_there_is_not_tuned(rig: Rig) -> None:
    rig.world.calls.clear()
    rig.cloud.tasks.tune_slot(TuneSlot("backend", Slot.BLUE, None), rig.permit())
    assert rig.changes() == []


def test_a_slot_that_somebody_put_elsewhere_comes_back_with_its_next_version(rig: Rig) -> None:
    """Platform and capacity are sent where they differ, in the one call that starts the deployment."""
    deploy(rig, a_revision(FILE))
    name = rig.service()["serviceName"]
    spot: Any = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    rig.sandbox.ecs.update_service(
        cluster=CLUSTER,
        service=name,
        capacityProviderStrategy=spot,
        platformVersion="1.3.0",
        forceNewDeployment=True,
        desiredCount=0,
    )
    content = contents(rig, a_revision(FILE))["backend"]
    definition = rig.cloud.definitions.register(content, rig.permit())
    rig.cloud.tasks.run_slot(a_run(content, Slot.BLUE, definition), rig.permit())
    shown = services_wire.settings(rig.service())
    assert (shown.capacity, shown.platform) == ("on demand", "LATEST")
