"""From a push that was accepted to the first call that changes something on AWS."""

import sqlite3
from datetime import datetime
from pathlib import Path

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, percentile
from benchmarks.watched import WatchedSandbox, a_watched_pair
from sandbox.foundation import SERVICES
from sandbox.world.calls import CallRecord
from tests.support.clone import Clone
from tests.support.error_alarms import client
from tests.support.live import LiveController, SandboxDoor

MEDIAN_LIMIT_SECONDS = 2.0
HOW = (
    "From `received_at` of the push's row in `deliveries` to the first changing call in AWS's own log.\n"
    "Image there before: real git pushes of commits whose image tag was made before the push (another setting rolls\n"
    "the service). Image after: `sandbox merge`, measured from the last image's PutImage. At rest before each."
)


def run(given: Given) -> Result:
    with a_watched_pair(given.directory / "pair", given.seed) as (sandbox, door, controller):
        first = door.merge()["commit"]
        controller.ended(first)
        before = _images_there_before(given, sandbox, controller, first)
        after = [_image_after(sandbox, door, controller) for _ in range(given.merges)]
    return Result(
        f"Push accepted → first changing AWS call, {given.merges} merges each way",
        HOW,
        (
            at_most("image there before: median", percentile(before, 50), MEDIAN_LIMIT_SECONDS, "s"),
            Figure("image there before: p95, most", _pair(before)),
            at_most("image after the push: median", percentile(after, 50), MEDIAN_LIMIT_SECONDS, "s"),
            Figure("image after the push: p95, most", _pair(after)),
        ),
    )


def _pair(values: list[float]) -> str:
    return f"{amount(percentile(values, 95), 's')}, {amount(max(values), 's')}"


def _images_there_before(given: Given, sandbox: WatchedSandbox, controller: LiveController, first: str) -> list[float]:
    clone = Clone(sandbox.endpoints["github"]["git"], given.directory / "clone")
    found = []
    for number in range(given.merges):
        clone.rewrite("environments/dev.yaml", r"env: \{.*?\}", f'env: {{LOG_LEVEL: debug, ROUND: "{number}"}}')
        commit = clone.commit(f"Set round {number}")
        tag_images(sandbox, f"develop-{first}", f"develop-{commit}")
        clone.push()
        controller.ended(commit)
        found.append(_between(received_at(controller, commit), sandbox))
    return found


def _image_after(sandbox: WatchedSandbox, door: SandboxDoor, controller: LiveController) -> float:
    commit = door.merge()["commit"]
    controller.ended(commit)
    tag = f"develop-{commit}"
    pushed = [
        call.time
        for call in sandbox.calls()
        if call.operation == "PutImage" and call.parameters.get("imageTag") == tag and call.outcome == "ok"
    ]
    return _between(pushed[-1], sandbox)


def _between(since: datetime, sandbox: WatchedSandbox) -> float:
    first = next(call for call in sandbox.calls() if call.time >= since and _changes(call))
    return (first.time - since).total_seconds()


def _changes(call: CallRecord) -> bool:
    """STS signs in and ECR is continuous integration's: neither changes what runs."""
    return call.mutating and call.service not in {"sts", "ecr"}


def tag_images(sandbox: WatchedSandbox, known: str, tag: str) -> None:
    """Give the images of one tag another one as well."""
    ecr = client(sandbox.endpoints, "ecr")
    for repository in SERVICES.values():
        [image] = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": known}])["images"]
        ecr.put_image(repositoryName=repository, imageManifest=image["imageManifest"], imageTag=tag)


def received_at(controller: LiveController, commit: str) -> datetime:
    file = Path(controller.database.removeprefix("sqlite:///"))
    connection = sqlite3.connect(file)
    try:
        [[text]] = connection.execute(
            "SELECT received_at FROM deliveries WHERE event = 'push' AND \"commit\" = ?", [commit]
        ).fetchall()
    finally:
        connection.close()
    return datetime.fromisoformat(text)
