"""What ECS accepts, refuses and shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.scripted import Script, exec_format_error
from tests.support.sandbox_aws import ACCOUNT, NETWORK, REGION, Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.foundation()
    return made


def run(sandbox: Sandbox, definition: str, **settings: Any) -> Any:
    answer = sandbox.ecs.run_task(cluster="dev", taskDefinition=definition, networkConfiguration=NETWORK, **settings)
    return answer["tasks"][0]


def ended(sandbox: Sandbox, arn: str) -> Any:
    def task() -> Any:
        return sandbox.ecs.describe_tasks(cluster="dev", tasks=[arn])["tasks"][0]

    sandbox.clock.run_until(lambda: task()["lastStatus"] == "STOPPED", 300)
    return task()


def test_a_service_with_an_unknown_target_group_is_refused(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    missing = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/none/0123456789abcdef"
    with pytest.raises(sandbox.ecs.exceptions.InvalidParameterException, match="does not exist"):
        sandbox.serve("web", definition, missing)
    with pytest.raises(ClientError, match="does not have an associated load balancer"):
        sandbox.serve("web", definition, sandbox.group("unused"))


def test_a_service_must_name_a_container_and_port_of_its_definition(sandbox: Sandbox) -> None:
    definition, group = sandbox.define(sandbox.push("web", "v1")), sandbox.group("blue")
    sandbox.rule(1, {group: 1})
    for name, port, message in (("api", 8000, "container api"), ("web", 9, "container port 9")):
        attached = [{"targetGroupArn": group, "containerName": name, "containerPort": port}]
        with pytest.raises(ClientError, match=message):
            sandbox.serve("web", definition, None, loadBalancers=attached)


def test_creating_again_is_answered_for_the_same_token_and_refused_for_others(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    first = sandbox.serve("web", definition, None, clientToken="t1")
    again = sandbox.serve("web", definition, None, clientToken="t1")
    assert again["createdAt"] == first["createdAt"]
    with pytest.raises(ClientError, match=r"Creation of service was not idempotent\."):
        sandbox.serve("web", definition, None, count=3, clientToken="t1")
    with pytest.raises(ClientError, match="not idempotent"):
        sandbox.serve("web", definition, None)


def test_a_service_that_is_to_run_something_is_deleted_by_force_only(sandbox: Sandbox) -> None:
    sandbox.serve("web", sandbox.define(sandbox.push("web", "v1")), None, count=1)
    with pytest.raises(sandbox.ecs.exceptions.InvalidParameterException, match="while it is scaled above 0"):
        sandbox.ecs.delete_service(cluster="dev", service="web")
    sandbox.ecs.update_service(cluster="dev", service="web", desiredCount=0)
    sandbox.ecs.delete_service(cluster="dev", service="web")
    sandbox.clock.advance(60)
    with pytest.raises(sandbox.ecs.exceptions.ServiceNotFoundException):
        sandbox.ecs.delete_service(cluster="dev", service="web")


def test_a_draining_service_is_described_but_not_listed(sandbox: Sandbox) -> None:
    for name in ("web", "api"):
        sandbox.serve(name, sandbox.define(sandbox.push(name, "v1"), family=name), None, count=1)
    sandbox.clock.advance(30)
    sandbox.ecs.delete_service(cluster="dev", service="web", force=True)
    shown = sandbox.ecs.describe_services(cluster="dev", services=["web"])["services"][0]
    assert (shown["status"], shown["runningCount"]) == ("DRAINING", 1)
    assert [arn.rsplit("/", 1)[-1] for arn in sandbox.ecs.list_services(cluster="dev")["serviceArns"]] == ["api"]


def test_services_are_listed_ten_at_a_time_unless_asked(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    for number in range(12):
        sandbox.serve(f"web{number}", definition, None, count=0)
    first = sandbox.ecs.list_services(cluster="dev")
    assert len(first["serviceArns"]) == 10
    assert len(sandbox.ecs.list_services(cluster="dev", nextToken=first["nextToken"])["serviceArns"]) == 2
    assert len(sandbox.ecs.list_services(cluster="dev", maxResults=100)["serviceArns"]) == 12


def test_services_are_described_ten_at_a_time_and_missing_ones_named(sandbox: Sandbox) -> None:
    found = sandbox.ecs.describe_services(cluster="dev", services=["none"])
    assert found["services"] == []
    assert found["failures"] == [{"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/dev/none", "reason": "MISSING"}]
    with pytest.raises(ClientError, match="between 1 and 10"):
        sandbox.ecs.describe_services(cluster="dev", services=[f"s{i}" for i in range(11)])
    with pytest.raises(sandbox.ecs.exceptions.ClusterNotFoundException):
        sandbox.ecs.describe_services(cluster="none", services=["web"])
    with pytest.raises(sandbox.ecs.exceptions.ServiceNotFoundException):
        sandbox.update("none", desiredCount=1)


def test_tags_are_shown_when_asked_for_and_can_be_changed(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    arn = sandbox.serve("web", definition, None, tags=[{"key": "managed-by", "value": "tidegate"}])["serviceArn"]
    sandbox.ecs.tag_resource(resourceArn=arn, tags=[{"key": "release", "value": "7"}])
    sandbox.ecs.untag_resource(resourceArn=arn, tagKeys=["managed-by"])
    assert "tags" not in sandbox.service("web")
    described = sandbox.ecs.describe_services(cluster="dev", services=["web"], include=["TAGS"])
    assert described["services"][0]["tags"] == [{"key": "release", "value": "7"}]


def test_every_registration_makes_a_revision(sandbox: Sandbox) -> None:
    image = sandbox.push("web", "v1")
    arns = [sandbox.define(image, tags=[{"key": "hash", "value": str(number)}]) for number in (1, 2, 3)]
    listed = sandbox.ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    assert listed == arns[::-1]
    described = sandbox.ecs.describe_task_definition(taskDefinition="web", include=["TAGS"])
    assert described["taskDefinition"]["taskDefinitionArn"] == arns[-1]
    assert described["tags"] == [{"key": "hash", "value": "3"}]


def test_a_deregistered_definition_cannot_be_used_any_more(sandbox: Sandbox) -> None:
    arn = sandbox.define(sandbox.push("web", "v1"))
    sandbox.ecs.deregister_task_definition(taskDefinition=arn)
    assert sandbox.ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == []
    assert sandbox.ecs.list_task_definitions(familyPrefix="web", status="INACTIVE")["taskDefinitionArns"] == [arn]
    with pytest.raises(ClientError, match="inactive"):
        sandbox.serve("web", arn, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists for given values: 256 CPU, 4096 memory"),
        ({"cpu": "300"}, "No Fargate configuration"),
        ({"networkMode": "bridge"}, "awsvpc"),
        ({"containerDefinitions": []}, "1 to 10 entries"),
    ],
)
def test_a_definition_that_fargate_cannot_run_is_refused(
    sandbox: Sandbox, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(sandbox.ecs.exceptions.ClientException, match=message):
        sandbox.define(sandbox.push("web", "v1"), **changes)


def test_a_one_off_task_runs_with_its_overrides_and_tells_its_exit_code(sandbox: Sandbox) -> None:
    image = sandbox.push("web", "v1", Script(ends_after_seconds=2, exit_code=3, log_lines=("migrating",)))
    override = {"name": "web", "command": ["migrate"], "environment": [{"name": "STEP", "value": "1"}]}
    task = run(sandbox, sandbox.define(image), startedBy="d-1", overrides={"containerOverrides": [override]})
    assert sandbox.ecs.list_tasks(cluster="dev", startedBy="d-1")["taskArns"] == [task["taskArn"]]
    done = ended(sandbox, task["taskArn"])
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    container = sandbox.runtime.launches[0].containers[0]
    assert (container.command, container.environment["STEP"]) == (("migrate",), "1")
    stopped = sandbox.ecs.list_tasks(cluster="dev", startedBy="d-1", desiredStatus="STOPPED")["taskArns"]
    assert stopped == [task["taskArn"]]


def test_a_stopped_task_can_be_described_for_an_hour(sandbox: Sandbox) -> None:
    image = sandbox.push("web", "v1", Script(ends_after_seconds=1, exit_code=0))
    arn = run(sandbox, sandbox.define(image))["taskArn"]
    ended(sandbox, arn)
    sandbox.clock.advance(3590)
    assert sandbox.ecs.describe_tasks(cluster="dev", tasks=[arn])["tasks"]
    sandbox.clock.advance(20)
    assert sandbox.ecs.describe_tasks(cluster="dev", tasks=[arn])["failures"][0]["reason"] == "MISSING"


def test_a_client_token_runs_a_task_once(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    first = run(sandbox, definition, clientToken="migrate-7")
    again = run(sandbox, definition, clientToken="migrate-7")
    assert first["taskArn"] == again["taskArn"]
    with pytest.raises(sandbox.ecs.exceptions.ConflictException):
        run(sandbox, definition, clientToken="migrate-7", startedBy="other")
    sandbox.clock.advance(5)
    assert len(sandbox.runtime.launches) == 1


@pytest.mark.parametrize(("minutes", "tasks"), [(59, 1), (61, 2)], ids=["within the hour", "after it"])
def test_a_token_outlives_its_task_by_an_hour(sandbox: Sandbox, minutes: int, tasks: int) -> None:
    definition = one_off(sandbox)
    run(sandbox, definition, clientToken="migrate-7")
    sandbox.clock.advance(10 + minutes * 60)
    run(sandbox, definition, clientToken="migrate-7")
    assert len(sandbox.runtime.launches) == tasks


def test_a_token_lasts_a_day_while_its_task_runs(sandbox: Sandbox) -> None:
    definition = one_off(sandbox, Script())
    first = run(sandbox, definition, clientToken="migrate-7")
    sandbox.clock.advance(23 * 3600)
    assert run(sandbox, definition, clientToken="migrate-7")["taskArn"] == first["taskArn"]
    sandbox.clock.advance(2 * 3600)
    assert run(sandbox, definition, clientToken="migrate-7")["taskArn"] != first["taskArn"]


def test_without_capacity_the_answer_is_200_and_holds_no_task(sandbox: Sandbox) -> None:
    definition = one_off(sandbox)
    sandbox.world.faults.capacity_is_gone = True
    answer = sandbox.ecs.run_task(
        cluster="dev", taskDefinition=definition, networkConfiguration=NETWORK, clientToken="migrate-7"
    )
    assert (answer["tasks"], sandbox.runtime.launches) == ([], [])
    assert "Capacity is unavailable" in answer["failures"][0]["reason"]
    sandbox.world.faults.capacity_is_gone = False
    run(sandbox, definition, clientToken="migrate-7")
    assert len(sandbox.runtime.launches) == 1


def test_a_task_that_was_stopped_by_hand_has_lost_its_tags(sandbox: Sandbox) -> None:
    arn = run(sandbox, one_off(sandbox, Script()), tags=[{"key": "managed-by", "value": "tidegate"}])["taskArn"]
    assert described(sandbox, arn)["tags"] == [{"key": "managed-by", "value": "tidegate"}]
    sandbox.ecs.stop_task(cluster="dev", task=arn)
    assert described(sandbox, arn)["tags"] == []


def test_a_command_has_a_script_of_its_own_whatever_the_image(sandbox: Sandbox) -> None:
    definition = one_off(sandbox, Script())
    sandbox.runtime.script_command(("migrate",), Script(ends_after_seconds=1, exit_code=4))
    override = {"containerOverrides": [{"name": "web", "command": ["migrate"]}]}
    arn, other = run(sandbox, definition, overrides=override)["taskArn"], run(sandbox, definition)["taskArn"]
    sandbox.clock.advance(5)
    assert described(sandbox, arn)["containers"][0]["exitCode"] == 4
    assert described(sandbox, other)["lastStatus"] == "RUNNING"


def one_off(sandbox: Sandbox, script: Script | None = None) -> str:
    """The definition of a task that ends after two seconds, unless its script says otherwise."""
    return sandbox.define(sandbox.push("web", "v1", script or Script(ends_after_seconds=2, exit_code=0)))


def described(sandbox: Sandbox, arn: str) -> Any:
    return sandbox.ecs.describe_tasks(cluster="dev", tasks=[arn], include=["TAGS"])["tasks"][0]


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout(sandbox: Sandbox) -> None:
    arn = run(sandbox, sandbox.define(sandbox.push("web", "v1", Script(stop_seconds=60))))["taskArn"]
    sandbox.clock.advance(5)
    sandbox.ecs.stop_task(cluster="dev", task=arn, reason="enough")
    sandbox.clock.advance(4)
    assert sandbox.ecs.describe_tasks(cluster="dev", tasks=[arn])["tasks"][0]["lastStatus"] == "STOPPING"
    done = ended(sandbox, arn)
    assert (done["stopCode"], done["stoppedReason"]) == ("UserInitiated", "enough")
    assert done["containers"][0]["exitCode"] == 137


def test_a_task_stopped_before_it_started_never_runs(sandbox: Sandbox) -> None:
    arn = run(sandbox, sandbox.define(sandbox.push("web", "v1", Script(start_seconds=10))))["taskArn"]
    sandbox.ecs.stop_task(cluster="dev", task=arn)
    done = ended(sandbox, arn)
    assert "startedAt" not in done
    assert "exitCode" not in done["containers"][0]


def test_an_image_that_is_not_there_cannot_be_pulled(sandbox: Sandbox) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web@sha256:{'0' * 64}"
    done = ended(sandbox, run(sandbox, sandbox.define(image))["taskArn"])
    assert done["stopCode"] == "TaskFailedToStart"
    assert done["stoppedReason"].startswith("CannotPullContainerError: ")
    assert done["stoppedReason"].endswith(": not found")


def an_index(sandbox: Sandbox, architecture: str) -> str:
    """An OCI index with one platform; its pinned name."""
    pinned = sandbox.push("web", architecture)
    name, _, digest = pinned.partition("@")
    entry = {"digest": digest, "platform": {"os": "linux", "architecture": architecture}}
    index = sandbox.ecr.put_image(
        repositoryName="web",
        imageManifest=json.dumps({"schemaVersion": 2, "manifests": [entry]}),
        imageManifestMediaType="application/vnd.oci.image.index.v1+json",
    )
    return f"{name}@{index['image']['imageId']['imageDigest']}"


def test_an_image_without_the_platform_cannot_be_pulled(sandbox: Sandbox) -> None:
    done = ended(sandbox, run(sandbox, sandbox.define(an_index(sandbox, "arm64")))["taskArn"])
    expected = "image Manifest does not contain descriptor matching platform 'linux/amd64'"
    assert expected in done["stoppedReason"]


def test_of_an_index_the_task_gets_its_platforms_manifest(sandbox: Sandbox) -> None:
    run(sandbox, sandbox.define(an_index(sandbox, "amd64")))
    [launch] = sandbox.runtime.launches
    assert launch.containers[0].pinned == sandbox.push("other", "amd64").replace("other", "web").partition("/")[2]


def test_a_program_for_another_processor_exits_with_a_line(sandbox: Sandbox) -> None:
    sandbox.logs.create_log_group(logGroupName="/web")
    options = {"awslogs-group": "/web", "awslogs-region": REGION, "awslogs-stream-prefix": "task"}
    container = {
        "name": "web",
        "image": sandbox.push("web", "v1", exec_format_error()),
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    arn = run(sandbox, sandbox.define("", containerDefinitions=[container]))["taskArn"]
    assert ended(sandbox, arn)["containers"][0]["exitCode"] == 255
    stream = f"task/web/{arn.rpartition('/')[2]}"
    [event] = sandbox.logs.get_log_events(logGroupName="/web", logStreamName=stream)["events"]
    assert event["message"].endswith("exec format error")


def test_a_missing_log_group_stops_the_task_before_it_starts(sandbox: Sandbox) -> None:
    options = {"awslogs-group": "/none", "awslogs-region": REGION, "awslogs-stream-prefix": "t"}
    logging = {"logDriver": "awslogs", "options": options}
    container = {"name": "web", "image": sandbox.push("web", "v1"), "logConfiguration": logging}
    done = ended(sandbox, run(sandbox, sandbox.define("", containerDefinitions=[container]))["taskArn"])
    assert "The specified log group does not exist: /none" in done["stoppedReason"]


def test_secrets_reach_the_task_and_unknown_ones_stop_it(sandbox: Sandbox) -> None:
    secret = {"name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"}
    container = {"name": "web", "image": sandbox.push("web", "v1"), "secrets": [secret]}
    definition = sandbox.define("", containerDefinitions=[container])
    refused = ended(sandbox, run(sandbox, definition)["taskArn"])
    assert refused["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")
    sandbox.world.secrets[secret["valueFrom"]] = "tide"
    run(sandbox, definition)
    launched = sandbox.runtime.launches[-1].containers[0]
    assert launched.environment["PASSWORD"] == "tide"
    assert "tide" not in repr(launched)


def test_spot_needs_a_cluster_that_has_it(sandbox: Sandbox) -> None:
    definition = sandbox.define(sandbox.push("web", "v1"))
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    spot = {
        "cluster": "dev",
        "serviceName": "web",
        "taskDefinition": definition,
        "desiredCount": 1,
        "networkConfiguration": NETWORK,
        "capacityProviderStrategy": strategy,
    }
    with pytest.raises(ClientError, match="not associated with the cluster"):
        sandbox.ecs.create_service(**spot)
    providers = ["FARGATE", "FARGATE_SPOT"]
    sandbox.ecs.put_cluster_capacity_providers(
        cluster="dev", capacityProviders=providers, defaultCapacityProviderStrategy=[]
    )
    service = sandbox.ecs.create_service(**spot)["service"]
    assert service["capacityProviderStrategy"] == strategy
    assert "launchType" not in service
    back = sandbox.ecs.update_service(
        cluster="dev", service="web", capacityProviderStrategy=[], forceNewDeployment=True
    )["service"]
    assert back["launchType"] == "FARGATE" and not back.get("capacityProviderStrategy")


def test_a_cluster_in_use_cannot_be_deleted(sandbox: Sandbox) -> None:
    sandbox.serve("web", sandbox.define(sandbox.push("web", "v1")), None)
    with pytest.raises(sandbox.ecs.exceptions.ClusterContainsServicesException):
        sandbox.ecs.delete_cluster(cluster="dev")
