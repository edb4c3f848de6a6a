"""The controller dies, at every changing call and at commits, and whoever comes after it ends where it would have."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from controller.domain.deployment import Phase
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.cuts import AFTER, BEFORE, Cuts
from tests.support.stage import Stage

BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 20s}").replace(
    "{hold: next_commit}", "{hold: next_commit, keep_warm: 30s}"
)
STORIES = {
    "rolling": (FILE, Script()),
    "blue_green": (BAKED, Script()),
    "smoke_red": (FILE, Script(status=503)),
    "crash": (FILE, Script(ends_after_seconds=1.0)),
}
CALLS_SAMPLED = {"rolling": 100, "blue_green": 4, "smoke_red": 4, "crash": 4}
"""Every changing call of the first story, some of the others'; fewer where a story has fewer."""
COMMITS_SAMPLED = 4
SEED = 20261121


@dataclass(frozen=True)
class End:
    """What is compared: everything that lasts."""

    phase: Phase
    live: int | None
    is_held: bool
    quarantines: int
    weights: dict[str, dict[str, int]]
    tasks: int
    definitions: int
    services_with_tasks: int
    test_rules: int


def told(directory: Path, story: str, cut: tuple[int, str] | None = None) -> tuple[End, list[str]]:
    """The second deployment of a story, cut at one site; the end, and the sites that it passed."""
    text, script = STORIES[story]
    stage = Stage(directory)
    stage.push(text, content="first")
    stage.settle()
    stage.cuts = stage.store.cuts = Cuts(cut)
    stage.start_over()
    stage.push(text, script, content="second")
    stage.settle()
    end = ended(stage)
    stage.store.close()
    return end, stage.cuts.sites


def ended(stage: Stage) -> End:
    rules = stage.aws.traffic.rules(stage.listener)
    names = stage.call("ecs", "ListServices", cluster="captioncraft-dev", maxResults=100)["serviceArns"]
    services = stage.call("ecs", "DescribeServices", cluster="captioncraft-dev", services=names)["services"]
    definitions = stage.call("ecs", "ListTaskDefinitions", maxResults=100)["taskDefinitionArns"]
    return End(
        stage.deployment(2).phase,
        stage.environment.live,
        stage.environment.hold is not None,
        len(stage.environment.quarantines),
        stage.weights(),
        stage.tasks(),
        len(definitions),
        sum(1 for service in services if service["desiredCount"]),
        sum(1 for rule in rules if any(condition.field == "header" for condition in rule.conditions)),
    )


@pytest.mark.parametrize("story", STORIES)
def test_a_controller_that_dies_anywhere_is_taken_over_without_a_trace(story: str, tmp_path: Path) -> None:
    (tmp_path / "undisturbed").mkdir()
    undisturbed, sites = told(tmp_path / "undisturbed", story)
    every = [number for number, site in enumerate(sites) if site != "commit"]
    chance = Random(SEED)
    calls = chance.sample(every, min(len(every), CALLS_SAMPLED[story]))
    commits = [number for number, site in enumerate(sites) if site == "commit"]
    chosen = [*calls, *chance.sample(commits, COMMITS_SAMPLED)]
    print(f"seed {SEED}; {len(sites)} sites, {len(every)} changing calls, cut at {chosen}")
    assert every, "a story without a changing call tells nothing"
    for number in chosen:
        for when in (BEFORE, AFTER):
            directory = tmp_path / f"{number}-{when}"
            directory.mkdir()
            end, _ = told(directory, story, (number, when))
            assert end == undisturbed, f"{story}: died {when} site {number}, {sites[number]}"
