"""ECR, Logs and CloudFormation: as much of each as is needed."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.scripted import Script
from sandbox.world.small import cloudformation
from tests.support.sandbox_aws import NETWORK, REGION, Sandbox

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def test_an_image_is_the_digest_of_its_manifest(sandbox: Sandbox) -> None:
    sandbox.ecr.create_repository(repositoryName="web")
    for text in ('{"a": 1}', '{"a": 2}'):
        put = sandbox.ecr.put_image(repositoryName="web", imageManifest=text, imageTag="v1")["image"]
        assert put["imageId"]["imageDigest"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    [tagged] = sandbox.ecr.describe_images(repositoryName="web", filter={"tagStatus": "TAGGED"})["imageDetails"]
    assert (tagged["imageDigest"], tagged["imageTags"]) == (put["imageId"]["imageDigest"], ["v1"])
    assert len(sandbox.ecr.describe_images(repositoryName="web")["imageDetails"]) == 2
    assert len(sandbox.ecr.list_images(repositoryName="web")["imageIds"]) == 2


def test_an_immutable_tag_is_never_moved(sandbox: Sandbox) -> None:
    sandbox.ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    sandbox.ecr.put_image(repositoryName="web", imageManifest="{}", imageTag="v1")
    with pytest.raises(sandbox.ecr.exceptions.ImageTagAlreadyExistsException):
        sandbox.ecr.put_image(repositoryName="web", imageManifest='{"b": 1}', imageTag="v1")
    with pytest.raises(sandbox.ecr.exceptions.ImageAlreadyExistsException):
        sandbox.ecr.put_image(repositoryName="web", imageManifest="{}", imageTag="v1")


def test_missing_images_and_repositories_are_told_apart(sandbox: Sandbox) -> None:
    with pytest.raises(sandbox.ecr.exceptions.RepositoryNotFoundException):
        sandbox.ecr.describe_images(repositoryName="none")
    sandbox.ecr.create_repository(repositoryName="web")
    with pytest.raises(sandbox.ecr.exceptions.RepositoryAlreadyExistsException):
        sandbox.ecr.create_repository(repositoryName="web")
    with pytest.raises(sandbox.ecr.exceptions.ImageNotFoundException, match="imageTag:'v1'"):
        sandbox.ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    answer = sandbox.ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert (answer["images"], answer["failures"][0]["failureCode"]) == ([], "ImageNotFound")


def test_an_index_leads_to_its_platforms_manifests(sandbox: Sandbox) -> None:
    pinned = sandbox.push("web", "v1")
    entry = {"digest": pinned.partition("@")[2], "platform": {"architecture": "amd64", "os": "linux"}}
    index = json.dumps({"manifests": [entry]})
    sandbox.ecr.put_image(repositoryName="web", imageManifest=index, imageManifestMediaType=INDEX, imageTag="multi")
    answer = sandbox.ecr.batch_get_image(
        repositoryName="web", imageIds=[{"imageTag": "multi"}], acceptedMediaTypes=[INDEX]
    )
    [image] = answer["images"]
    assert image["imageManifestMediaType"] == INDEX
    assert json.loads(image["imageManifest"])["manifests"] == [entry]
    missing = json.dumps({"manifests": [{**entry, "digest": "sha256:" + "0" * 64}]})
    with pytest.raises(sandbox.ecr.exceptions.ReferencedImagesNotFoundException):
        sandbox.ecr.put_image(repositoryName="web", imageManifest=missing, imageManifestMediaType=INDEX)


def test_a_deleted_image_is_gone_with_its_last_tag(sandbox: Sandbox) -> None:
    sandbox.push("web", "v1")
    sandbox.ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert sandbox.ecr.describe_images(repositoryName="web")["imageDetails"] == []


def test_the_output_of_tasks_arrives_in_its_log_group(sandbox: Sandbox) -> None:
    sandbox.foundation()
    sandbox.logs.create_log_group(logGroupName="/dev/web")
    sandbox.logs.put_retention_policy(logGroupName="/dev/web", retentionInDays=30)
    options = {"awslogs-group": "/dev/web", "awslogs-region": REGION, "awslogs-stream-prefix": "web"}
    script = Script(log_lines=("starting", "listening on 8000", "ready"))
    container = {
        "name": "app",
        "image": sandbox.push("web", "v1", script),
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    definition = sandbox.define("", containerDefinitions=[container])
    sandbox.ecs.run_task(cluster="dev", taskDefinition=definition, networkConfiguration=NETWORK)
    sandbox.clock.advance(5)
    [group] = sandbox.logs.describe_log_groups(logGroupNamePrefix="/dev")["logGroups"]
    assert group["retentionInDays"] == 30
    [stream] = sandbox.logs.describe_log_streams(logGroupName="/dev/web")["logStreams"]
    name = stream["logStreamName"]
    assert name.startswith("web/app/")
    found = sandbox.logs.filter_log_events(logGroupName="/dev/web", filterPattern="listening")["events"]
    assert [event["message"] for event in found] == ["listening on 8000"]
    last = sandbox.logs.get_log_events(logGroupName="/dev/web", logStreamName=name, limit=2)
    assert [event["message"] for event in last["events"]] == ["listening on 8000", "ready"]
    more = sandbox.logs.get_log_events(
        logGroupName="/dev/web", logStreamName=name, nextToken=last["nextBackwardToken"], limit=2
    )
    assert [event["message"] for event in more["events"]] == ["starting"]
    end = sandbox.logs.get_log_events(logGroupName="/dev/web", logStreamName=name, nextToken=last["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], last["nextForwardToken"])


def test_log_groups_exist_once_or_not_at_all(sandbox: Sandbox) -> None:
    sandbox.logs.create_log_group(logGroupName="/web")
    with pytest.raises(sandbox.logs.exceptions.ResourceAlreadyExistsException):
        sandbox.logs.create_log_group(logGroupName="/web")
    sandbox.logs.delete_log_group(logGroupName="/web")
    with pytest.raises(sandbox.logs.exceptions.ResourceNotFoundException):
        sandbox.logs.put_retention_policy(logGroupName="/web", retentionInDays=1)


def test_a_seeded_stack_shows_its_outputs(sandbox: Sandbox) -> None:
    cloudformation.seed(sandbox.world.place(), "captioncraft-dev", {"cluster": "dev"})
    [stack] = sandbox.cloudformation.describe_stacks(StackName="captioncraft-dev")["Stacks"]
    assert stack["Outputs"] == [{"OutputKey": "cluster", "OutputValue": "dev"}]
    with pytest.raises(ClientError, match="Stack with id none does not exist"):
        sandbox.cloudformation.describe_stacks(StackName="none")
