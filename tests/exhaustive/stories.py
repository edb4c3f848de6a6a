"""The stories that faults happen in. To add one: a row in `STORIES`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.people import Person
from controller.domain.revision import Commit
from controller.domain.step import StepKind, StepState
from sandbox.runtime.scripted import Script, never_healthy
from tests.exhaustive.play import Cue, Play
from tests.support import alarms
from tests.support.builders import FILE, NOON, a_deployment, a_revision
from tests.support.outside import PLACE, REPOSITORIES
from tests.support.town import GRACE, LINUS, caller

When = Callable[[Play], bool]
What = Callable[[Play], None]

GOOD = Script()
CRASHES = Script(ends_after_seconds=1.0, log_lines=("Traceback: no such table",))
SICK = Script(health=never_healthy())
RED = Script(status=503)
ENDS = Script(ends_after_seconds=10.0, exit_code=0)
FAILS = Script(ends_after_seconds=10.0, exit_code=3, log_lines=("no lock on the table",))
LASTS = Script()


Place = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Story:
    """`first` is the file of the version that is live when the story begins; None: nothing was ever deployed.

    `place` is what the environment's binding says of its place on AWS: with a `role`, calls to AWS go through botocore;
    with a `switch_role`, traffic that is shared has dead-man's switches. `covers`: it is in every sample, because only
    these together pass every site.
    """

    name: str
    first: str | None
    cues: tuple[Cue, ...]
    place: Place = ()
    covers: bool = False


def at_once(play: Play) -> bool:
    return True


def propose(play: Play) -> None:
    """Somebody opens a pull request: nothing of the environment changes."""
    play.propose(7)


def in_step(number: int, kind: StepKind, percent: int | None = None) -> When:
    """The deployment is in the middle of a step of this kind."""

    def holds(play: Play) -> bool:
        found = play.find(number)
        step = found.step if found else None
        return bool(step and step.kind is kind and step.state is StepState.RUNNING and percent in {None, step.percent})

    return holds


def is_live(number: int) -> When:
    return lambda play: play.environment.live == number


def ended_as(number: int, phase: Phase) -> When:
    return lambda play: play.phase(number) is phase


def push(text: str, script: Script = GOOD, content: str = "second") -> What:
    return lambda play: play.push(text, script, content=content)


def order(kind: OrderKind, deployment: str | None = None, **wish: object) -> What:
    return lambda play: play.order(kind, deployment, **wish)


def is_paused(number: int) -> When:
    return lambda play: bool((found := play.find(number)) and found.pause)


def is_waiting(number: int) -> When:
    return lambda play: play.phase(number) is Phase.WAITING


def is_started(command: tuple[str, ...]) -> When:
    """A task of this command runs."""
    return lambda play: any(launch.containers[0].command == command for launch in play.outside.runtime.running)


def commands(command: tuple[str, ...], script: Script = ENDS) -> What:
    return lambda play: play.outside.runtime.script_command(command, script)


def mend(play: Play) -> None:
    """What its tasks missed is there again."""
    play.outside.runtime._scripts.clear()


def push_to_visitors(play: Play) -> None:
    """A version that is watched while people ask for it."""
    play.outside.traffic(backend=1.0, frontend=1.0)
    play.push(ANALYSED)


def make_alarm(play: Play) -> None:
    alarms.make_alarm(play.outside)


def set_alarm(state: str) -> Callable[[Play], None]:
    return lambda play: alarms.set_alarm(play.outside, state)


def ring_for_a_moment(play: Play) -> None:
    """Whoever only looks at states does not see it."""
    set_alarm("ALARM")(play)
    set_alarm("OK")(play)


def publish(tag: str) -> What:
    return lambda play: play.publish(tag)


def follows_releases(play: Play) -> bool:
    return play.environment.follows_releases


def push_without_images(play: Play) -> None:
    play.push(CALM, images=False)


def build(play: Play) -> None:
    play.outside.build(play.outside.repository.commits[-1][0])


def file(strategy: str, rollback: str = "{hold: next_commit}") -> str:
    """What a late call leaves behind is drift, and put right."""
    text = FILE.replace("{type: rolling}", strategy).replace("{hold: next_commit}", rollback)
    return text.replace("strategy:", "drift: correct\nstrategy:", 1)


STRATEGIES = {
    "rolling": file("{type: rolling}"),
    "rolling_150": file("{type: rolling, max: 150}"),
    "blue_green": file("{type: blue_green, bake: 20s}", "{hold: next_commit, keep_warm: 5m}"),
    "canary": file(
        "{type: canary, steps: [{weight: 10, bake: 10s}, {weight: 50, bake: 10s}, {weight: 100, bake: 10s}]}",
        "{hold: person, keep_warm: 5m}",
    ),
}
CALM, BAKED = STRATEGIES["rolling"], STRATEGIES["blue_green"]
RELEASED = CALM.replace("branch: develop\n", "branch: develop\non: release\n")
HELD = CALM.replace("hold: next_commit", "hold: person")
BACKEND_ONLY = CALM.split("  frontend:")[0]
FRONTEND = CALM[CALM.index("  frontend:") :]
RENAMED = CALM.replace("  frontend:", "  pages:")
LOGGED = CALM.replace("    port: 8000\n", "    port: 8000\n    logs: {retention: 30d}\n")
IGNORING = CALM.replace("strategy:", 'paths: {ignore: ["*.md"]}\nstrategy:')
PROMOTED = CALM.replace('tag: "{branch}-{sha}"', "promote: staging")
ALARMED = (
    file("{type: blue_green, bake: 20s}", "{hold: person, keep_warm: 5m}") + f"watch: {{alarms: [{alarms.NAME}]}}\n"
)
ANALYSED = (
    file("{type: canary, steps: [{weight: 100}]}", "{hold: person, keep_warm: 5m}")
    + "watch: {metrics: {errors: {max: 1%}, latency_p95: {max: 800ms}}}\n"
)
GATED = CALM + (
    "gates: {checks: {required: [test]}, image_scan: {block: [CRITICAL]}, soak: {environment: staging, for: 1m}}\n"
)
CONFIRMED = STRATEGIES["canary"].replace("{weight: 50, bake: 10s}", "{weight: 50, bake: 10s, confirm: true}")
STANDS = "alarms: {errors: {max: 1%}, cpu: {max: 85%}}\n"
STANDING, STANDING_ALONE = CALM + STANDS, BACKEND_ONLY + STANDS
APPROVED = CALM + (
    'gates: {approval: {count: 2, reviewers: [linus, "@acme/release"], exclude_author: all, expires: 30d}}\n'
)
MIGRATES, TRIES = ("migrate",), ("try",)
MIGRATED = CALM.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate], timeout: 2m}\n")
TRIED = CALM.replace("within: 5s}]\nservices", "within: 5s}, {task: backend, command: [try], timeout: 2m}]\nservices")
WORKER = BACKEND_ONLY.replace("verify: [{path: /ready, within: 5s}]\n", "") + (
    "  worker:\n"
    '    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}\n'
    "    task: {cpu: 256, memory: 512}\n"
    "    count: 2\n"
)


BLUE, GREEN = f"{PLACE}-backend-blue", f"{PLACE}-backend-green"
SCALED = BAKED.replace(
    "    count: 2\n    health: {path: /health, interval: 10s, timeout: 5s, grace: 30s}\n",
    "    count: {min: 2, max: 6, cpu: 50%, requests: 600}\n"
    "    health: {path: /health, interval: 10s, timeout: 5s, grace: 30s}\n",
    1,
).replace("services:\n", 'schedule: [{at: "23:00", count: 1}, {at: "06:00", count: 2}]\nservices:\n', 1)
LESS_SCALED = SCALED.replace(", requests: 600", "").replace('{at: "23:00", count: 1}, ', "")


ROLE = "arn:aws:iam::123456789012:role/tidegate-dev"
SWITCH = "arn:aws:iam::123456789012:role/captioncraft-dev-switch"


def push_to_be_promoted(play: Play) -> None:
    """Its images have to run well in another environment first, which has run an older version."""
    first, _ = play.outside.repository.commits[-1]
    commit = play.outside.commit(PROMOTED, content="second")
    with play.store.write() as unit:
        unit.environments.ensure(["staging"])
    run_well_in_staging(play, 1, first)
    play.tell_of(commit)


def promote(play: Play) -> None:
    commit, _ = play.outside.repository.commits[-1]
    run_well_in_staging(play, 2, commit)


def run_well_in_staging(play: Play, number: int, commit: Commit) -> None:
    revision = replace(a_revision(text=PROMOTED, commit=commit, environment="staging"), images=images(play, commit))
    succeeded = replace(a_deployment(number, revision), id=f"staging-{number}", environment="staging")
    with play.store.write() as unit:
        unit.revisions.add(revision)
        unit.deployments.add(replace(succeeded, phase=Phase.SUCCEEDED, finished_at=NOON - timedelta(days=10)))


def push_gated(play: Play) -> None:
    """Its test still runs, nobody scans its images, and it was never anywhere else."""
    with play.store.write() as unit:
        unit.environments.ensure(["staging"])
    play.push(GATED)
    play.outside.repository.hold("test")


def open_gates(play: Play) -> None:
    """The test has passed, and the version has been live in staging for long."""
    commit, _ = play.outside.repository.commits[-1]
    play.outside.repository.succeed("test", commit.sha)
    run_well_in_staging(play, 1, commit)
    with play.store.write() as unit:
        unit.environments.save(replace(unit.environments.get("staging"), live=1))


def is_held_by(gate: str) -> When:
    """The second deployment was judged by this gate last."""

    def holds(play: Play) -> bool:
        found = play.find(2)
        return bool(found and found.phase is Phase.WAITING and found.gates and found.gates[-1].gate == gate)

    return holds


def is_approved_by(*people: Person) -> When:
    """People are asked about the second deployment, and these have let it start."""

    def holds(play: Play) -> bool:
        found = play.find(2)
        return bool(found and found.asked and [vote.by for vote in found.votes] == list(people))

    return holds


def answer(kind: OrderKind, by: Person) -> What:
    """To the plan that waits."""

    def cue(play: Play) -> None:
        found = play.find(2)
        assert found is not None and found.asked is not None, "people answer when they are asked"
        play.order(kind, found.id, caller(by), plan=found.asked.plan.digest)

    return cue


def scan(play: Play) -> None:
    """Somebody has the images scanned by hand."""
    commit, _ = play.outside.repository.commits[-1]
    for image in images(play, commit).values():
        repository, _, digest = image.partition("@")
        play.outside.call("ecr", "StartImageScan", repositoryName=repository, imageId={"imageDigest": digest})


def tune(play: Play) -> None:
    """Somebody edits the live ECS service and its target group: nothing rolls because of either."""
    play.outside.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, healthCheckGracePeriodSeconds=5)
    group = play.outside.look("elbv2", "DescribeTargetGroups", Names=[BLUE])["TargetGroups"][0]["TargetGroupArn"]
    play.outside.call("elbv2", "ModifyTargetGroup", TargetGroupArn=group, HealthCheckPath="/other")


def grow(slot: str) -> Callable[[Play], None]:
    """As the load of its tasks would have it."""

    def cue(play: Play) -> None:
        play.outside.call("ecs", "UpdateService", cluster=PLACE, service=slot, desiredCount=5)

    return cue


def revise(play: Play) -> None:
    """Somebody runs a new revision of the live task definition, with the tags of the old one."""
    service = play.outside.look("ecs", "DescribeServices", cluster=PLACE, services=[BLUE])["services"][0]
    asked = {"taskDefinition": service["taskDefinition"], "include": ["TAGS"]}
    old = play.outside.look("ecs", "DescribeTaskDefinition", **asked)
    kept = ("family", "networkMode", "requiresCompatibilities", "runtimePlatform", "executionRoleArn", "cpu", "memory")
    new = {key: old["taskDefinition"][key] for key in kept}
    container = {**old["taskDefinition"]["containerDefinitions"][0], "stopTimeout": 90}
    made = play.outside.call(
        "ecs", "RegisterTaskDefinition", **new, containerDefinitions=[container], tags=old["tags"]
    )["taskDefinition"]["taskDefinitionArn"]
    play.outside.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, taskDefinition=made)


def delete_rule(play: Play) -> None:
    rules = play.outside.aws.traffic.rules(play.outside.listener)
    arn = next(rule.arn for rule in rules if any("/api/*" in condition.values for condition in rule.conditions))
    play.outside.call("elbv2", "DeleteRule", RuleArn=arn)


def wait(play: Play) -> None:
    """Nothing more: the story is not over before."""


def push_ignored(play: Play) -> None:
    """Two commits, one after the other, that change nothing which is deployed."""
    play.tell_of(play.outside.repository.push({"README.md": "hello"}))


def images(play: Play, commit: Commit) -> dict[str, str]:
    found = {}
    for service, repository in zip(("backend", "frontend"), REPOSITORIES, strict=True):
        tag = [{"imageTag": f"develop-{commit.sha}"}]
        shown = play.outside.look("ecr", "BatchGetImage", repositoryName=repository, imageIds=tag)["images"]
        found[service] = f"{repository}@{shown[0]['imageId']['imageDigest']}"
    return found


def story(name: str, text: str | None, *cues: Cue, **place: str) -> Story:
    return Story(name, text, cues, tuple(sorted(place.items())))


def outcomes(name: str, text: str) -> list[Story]:
    """What can become of a second version, whatever the strategy."""
    moving = in_step(2, StepKind.BAKE, None) if "bake" in text else in_step(2, StepKind.SHIFT)
    return [
        story(f"{name}.success", text, Cue(at_once, push(text))),
        story(f"{name}.crash_loop", text, Cue(at_once, push(text, CRASHES))),
        story(f"{name}.unhealthy", text, Cue(at_once, push(text, SICK))),
        story(f"{name}.smoke_red", text, Cue(at_once, push(text, RED))),
        story(
            f"{name}.superseded",
            text,
            Cue(at_once, push(text)),
            Cue(in_step(2, StepKind.WARM), push(text, content="third")),
            Cue(in_step(2, StepKind.WARM), push(text, content="fourth")),
        ),
        story(f"{name}.aborted", text, Cue(at_once, push(text)), Cue(moving, order(OrderKind.ABORT, "dev-2"))),
        story(f"{name}.rolled_back", text, Cue(at_once, push(text)), Cue(is_live(2), order(OrderKind.ROLLBACK))),
    ]


OTHERS = [
    story("first_version", None, Cue(at_once, push(CALM))),
    story("first_version_red", None, Cue(at_once, push(CALM, RED))),
    story("assumed_role", None, Cue(at_once, push(CALM)), role=ROLE),
    story(
        "paused",
        BAKED,
        Cue(at_once, push(BAKED)),
        Cue(in_step(2, StepKind.BAKE), order(OrderKind.PAUSE, "dev-2")),
        Cue(is_paused(2), order(OrderKind.RESUME, "dev-2")),
    ),
    story(
        "promoted",
        STRATEGIES["canary"],
        Cue(at_once, push(STRATEGIES["canary"])),
        Cue(in_step(2, StepKind.BAKE), order(OrderKind.PROMOTE, "dev-2")),
    ),
    story("restarted", CALM, Cue(at_once, order(OrderKind.DEPLOY, restart=True))),
    story(
        "an_older_commit",
        CALM,
        Cue(at_once, push(CALM)),
        Cue(is_live(2), order(OrderKind.DEPLOY, ref=f"{1:040x}")),
    ),
    story(
        "unheld",
        HELD,
        Cue(at_once, push(HELD, RED)),
        Cue(ended_as(2, Phase.ROLLED_BACK), mend),
        Cue(at_once, order(OrderKind.UNHOLD)),
    ),
    story(
        "pruned",
        CALM,
        Cue(at_once, push(BACKEND_ONLY)),
        Cue(is_live(2), order(OrderKind.PRUNE, service="frontend")),
    ),
    story("new_service", BACKEND_ONLY, Cue(at_once, push(CALM))),
    story("renamed_service", CALM, Cue(at_once, push(RENAMED))),
    story(
        "renamed_back",
        CALM,
        Cue(at_once, push(RENAMED, content="first")),
        Cue(is_live(2), order(OrderKind.ROLLBACK)),
    ),
    story("count", CALM, Cue(at_once, push(CALM.replace("count: 2", "count: 3"), content="first"))),
    story("route", CALM, Cue(at_once, push(CALM.replace("path: /api/*", "path: /v2/*"), content="first"))),
    story(
        "route_before_another",
        CALM,
        Cue(at_once, push(CALM.replace("path: /*", "path: /api/v2/*"), content="first")),
    ),
    story("log_retention", LOGGED, Cue(at_once, push(LOGGED.replace("30d", "60d")))),
    story(
        "rolled_back_to",
        CALM,
        Cue(at_once, push(CALM)),
        Cue(is_live(2), push(CALM, content="third")),
        Cue(is_live(3), order(OrderKind.ROLLBACK, to="dev-1")),
    ),
    story("promoted_image", CALM, Cue(at_once, push_to_be_promoted), Cue(is_waiting(2), promote)),
    story("ignored", IGNORING, Cue(at_once, push_ignored), Cue(is_live(1), push_ignored)),
    story("health_settings", CALM, Cue(at_once, push(CALM.replace("interval: 10s", "interval: 15s")))),
    story("worker", WORKER, Cue(at_once, push(WORKER))),
    story("strategy_changed", STRATEGIES["rolling_150"], Cue(at_once, push(STRATEGIES["canary"]))),
    story("analysed", CALM, Cue(at_once, push_to_visitors)),
    story(
        "guarded.success", STRATEGIES["blue_green"], Cue(at_once, push(STRATEGIES["blue_green"])), switch_role=SWITCH
    ),
    story(
        "guarded.aborted",
        STRATEGIES["canary"],
        Cue(at_once, push(STRATEGIES["canary"])),
        Cue(in_step(2, StepKind.BAKE), order(OrderKind.ABORT, "dev-2")),
        switch_role=SWITCH,
    ),
    story("alarmed.quiet", CALM, Cue(at_once, make_alarm), Cue(at_once, push(ALARMED))),
    story(
        "alarmed.rang_and_is_well",
        CALM,
        Cue(at_once, make_alarm),
        Cue(at_once, push(ALARMED)),
        Cue(in_step(2, StepKind.BAKE), ring_for_a_moment),
    ),
    story(
        "alarmed.late",
        CALM,
        Cue(at_once, make_alarm),
        Cue(at_once, push(ALARMED)),
        Cue(is_live(2), set_alarm("ALARM")),
    ),
    story("standing.declared", CALM, Cue(at_once, push(STANDING))),
    story(
        "standing.changed_and_dropped",
        STANDING,
        Cue(at_once, push(STANDING.replace("max: 1%", "max: 2%"), content="first")),
        Cue(is_live(2), push(CALM, content="first")),
    ),
    story(
        "standing.pruned",
        STANDING,
        Cue(at_once, push(STANDING_ALONE)),
        Cue(is_live(2), order(OrderKind.PRUNE, service="frontend")),
    ),
    story(
        "standing.aborted",
        CALM,
        Cue(at_once, push(STANDING)),
        Cue(in_step(2, StepKind.ALARMS), order(OrderKind.ABORT, "dev-2")),
    ),
    story("before.success", CALM, Cue(at_once, commands(MIGRATES)), Cue(at_once, push(MIGRATED))),
    story("before.fails", CALM, Cue(at_once, commands(MIGRATES, FAILS)), Cue(at_once, push(MIGRATED))),
    story(
        "before.aborted",
        CALM,
        Cue(at_once, commands(MIGRATES, LASTS)),
        Cue(at_once, push(MIGRATED)),
        Cue(is_started(MIGRATES), order(OrderKind.ABORT, "dev-2")),
    ),
    story(
        "before.ran_already",
        CALM,
        Cue(at_once, commands(MIGRATES)),
        Cue(at_once, push(MIGRATED)),
        Cue(is_live(2), push(MIGRATED.replace("memory: 512", "memory: 1024"))),
    ),
    story("verify.success", CALM, Cue(at_once, commands(TRIES)), Cue(at_once, push(TRIED))),
    story("verify.fails", CALM, Cue(at_once, commands(TRIES, FAILS)), Cue(at_once, push(TRIED))),
    story("drifted.tuned", CALM, Cue(at_once, tune), Cue(ended_as(2, Phase.SUCCEEDED), wait)),
    story("drifted.rule", CALM, Cue(at_once, delete_rule), Cue(ended_as(2, Phase.SUCCEEDED), wait)),
    story("drifted.rolls", CALM, Cue(at_once, revise), Cue(ended_as(2, Phase.SUCCEEDED), wait)),
    story(
        "drifted.aborted",
        CALM,
        Cue(at_once, revise),
        Cue(in_step(2, StepKind.SHIFT), order(OrderKind.ABORT, "dev-2")),
    ),
    story("scaled.success", SCALED, Cue(at_once, push(SCALED))),
    story(
        "scaled.aborted",
        SCALED,
        Cue(at_once, push(SCALED)),
        Cue(in_step(2, StepKind.BAKE), order(OrderKind.ABORT, "dev-2")),
    ),
    story("scaled.grown", SCALED, Cue(at_once, push(SCALED)), Cue(in_step(2, StepKind.WARM), grow(BLUE))),
    story(
        "scaled.rolled_back",
        SCALED,
        Cue(at_once, push(SCALED)),
        Cue(is_live(2), grow(GREEN)),
        Cue(is_live(2), order(OrderKind.ROLLBACK)),
    ),
    story(
        "scaled.followed",
        SCALED,
        Cue(at_once, push(SCALED)),
        Cue(in_step(2, StepKind.BAKE), push(SCALED, SICK, content="third")),
    ),
    story("scaled.otherwise", SCALED, Cue(at_once, push(LESS_SCALED, content="first"))),
    story("scaled.no_more", SCALED, Cue(at_once, push(BAKED, content="first"))),
    story("nothing_rolls", CALM, Cue(at_once, push(CALM, content="first"))),
    story(
        "gated",
        CALM,
        Cue(at_once, propose),
        Cue(at_once, push_gated),
        Cue(is_waiting(2), open_gates),
        Cue(is_held_by("image_scan"), scan),
    ),
    story(
        "approved",
        CALM,
        Cue(at_once, push(APPROVED)),
        Cue(is_approved_by(), answer(OrderKind.APPROVE, LINUS)),
        Cue(is_approved_by(LINUS), answer(OrderKind.REVOKE, LINUS)),
        Cue(is_approved_by(), answer(OrderKind.APPROVE, LINUS)),
        Cue(is_approved_by(LINUS), answer(OrderKind.APPROVE, GRACE)),
    ),
    story(
        "confirmed",
        CONFIRMED,
        Cue(at_once, push(CONFIRMED)),
        Cue(in_step(2, StepKind.CONFIRM), order(OrderKind.PROMOTE, "dev-2")),
    ),
    story(
        "released",
        CALM,
        Cue(at_once, push(RELEASED)),
        Cue(follows_releases, publish("v1.0.0")),
        Cue(is_live(2), order(OrderKind.DEPLOY, ref="v1.0.0")),
    ),
    story("late_images", CALM, Cue(at_once, push_without_images), Cue(is_waiting(2), build)),
]

COVERING = frozenset(
    {
        "an_older_commit",
        "alarmed.late",
        "alarmed.rang_and_is_well",
        "analysed",
        "approved",
        "assumed_role",
        "before.aborted",
        "before.fails",
        "before.ran_already",
        "first_version_red",
        "gated",
        "guarded.aborted",
        "health_settings",
        "ignored",
        "log_retention",
        "promoted_image",
        "pruned",
        "released",
        "rolled_back_to",
        "rolling.crash_loop",
        "scaled.aborted",
        "scaled.no_more",
        "scaled.otherwise",
        "route",
        "route_before_another",
        "standing.changed_and_dropped",
        "standing.pruned",
        "unheld",
    }
)
ALL = [*(one for pair in STRATEGIES.items() for one in outcomes(*pair)), *OTHERS]
STORIES: dict[str, Story] = {each.name: replace(each, covers=each.name in COVERING) for each in ALL}
