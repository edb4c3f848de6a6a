"""A scripted task shows what a real process shows: the same states, in the same order, with the same last words."""

from __future__ import annotations

import asyncio

import pytest

from tests.oracles.runtimes import STORIES, Seen, on_processes, scripted

by_story = pytest.mark.parametrize("name", STORIES)


@pytest.fixture(scope="module")
def scripts() -> dict[str, Seen]:
    return scripted()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    return asyncio.run(on_processes(tmp_path_factory.mktemp("processes")))


@by_story
def test_deployments_move_alike(name: str, scripts: dict[str, Seen], processes: dict[str, Seen]) -> None:
    assert scripts[name].deployments == processes[name].deployments


@by_story
def test_tasks_live_and_end_alike(name: str, scripts: dict[str, Seen], processes: dict[str, Seen]) -> None:
    assert scripts[name].tasks == processes[name].tasks
    assert scripts[name].tasks


@by_story
def test_targets_are_seen_alike(name: str, scripts: dict[str, Seen], processes: dict[str, Seen]) -> None:
    assert scripts[name].targets == processes[name].targets


@by_story
def test_services_say_the_same(name: str, scripts: dict[str, Seen], processes: dict[str, Seen]) -> None:
    assert scripts[name].events == processes[name].events


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("crash-at-start", "EssentialContainerExited: Essential container in task exited: 1"),
        ("exec-format", "EssentialContainerExited: Essential container in task exited: 255"),
        ("never-gets-healthy", "ServiceSchedulerInitiated: Task failed ELB health checks in: 143"),
        ("drain-at-zero", "ServiceSchedulerInitiated: Scaling activity initiated by: 143"),
        ("killed-midway", "EssentialContainerExited: Essential container in task exited: 137"),
    ],
)
def test_how_a_task_ended_is_what_ecs_says(name: str, ending: str, processes: dict[str, Seen]) -> None:
    assert processes[name].tasks[0][-1] == ending


def test_states_come_in_ecs_order(processes: dict[str, Seen]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    [life] = processes["drain-at-zero"].tasks
    assert life[:-1] == [
        "PROVISIONING",
        "PENDING",
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    ]
    assert processes["drain-at-zero"].targets == [["initial", "healthy", "draining", "gone"]]
