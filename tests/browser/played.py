"""States that were played: real deployments through the loop, on the sandbox's AWS and a virtual clock.

`PLAYS` is the list: a state's name and what happened there. When it is over the clock stands still, so that whatever
was looked up once stays as it was told.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copyfile

from controller.domain.deployment import Phase
from controller.domain.step import StepKind
from controller.loop.reconcile import Reconciler
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.outside import PLACE, Repository
from tests.support.scaled import load
from tests.support.stage import Stage

GATES, ALARMS = "gates: {checks: {required: [test, build]}}\n", "alarms: {errors: {max: 1%}, tasks: {min: 2}}\n"
GUARDED = FILE.replace("services:\n", f"{GATES}{ALARMS}services:\n")
"""Every version rolls, and alarms stand beside it."""

MIGRATES = GUARDED.replace(
    "    port: 8000\n", "    port: 8000\n    before: {command: [python, -m, workload.migrate], compatible: false}\n"
)
MIGRATION = ("python", "-m", "workload.migrate")

CANARY = "{type: canary, steps: [{weight: 10, bake: 5m}, {weight: 50, bake: 3m}, {weight: 100, bake: 3m}]}"
OWN = ("captioncraft-dev-5xx", "captioncraft-dev-queue")
"""Alarms of the team's own."""
METRICS = "errors: {max: 1%, min_requests: 100}, latency_p95: {max: 800ms}"
WATCH = f"watch: {{alarms: [{', '.join(OWN)}], metrics: {{{METRICS}}}, on_inconclusive: continue}}\n"
CAREFUL = (
    GUARDED.replace("{type: rolling}", CANARY)
    .replace("{hold: next_commit}", "{hold: person, keep_warm: 30m}")
    .replace("services:\n", f"{WATCH}services:\n")
    .replace("count: 2", "count: {min: 2, max: 10, cpu: 50%}", 1)
)
"""A canary that alarms and metrics watch."""

COOLED = CAREFUL.replace("keep_warm: 30m", "keep_warm: 3m")
"""One that is soon at rest."""

LARGER = (
    CAREFUL.replace("cpu: 256, memory: 512", "cpu: 512, memory: 1024", 1)
    .replace("max: 10", "max: 6")
    .replace("[test, build]", "[test, build, scan]")
)
"""With larger tasks and fewer of them, and one more check before."""

WELL, BETTER = Script(latency_seconds=0.14, error_rate=0.0004), Script(latency_seconds=0.11, error_rate=0.0005)
WORSE = Script(latency_seconds=0.19, error_rate=0.008)

BUSY = {"backend": 40.0, "frontend": 20.0}
MINUTE, HOUR = 60.0, 3600.0
PACE = timedelta(seconds=15)
"""Fewer looks, the same pages."""


class Commits(Repository):
    """Their names look as those of commits do."""

    def name(self, number: int) -> str:
        return f"{number * 0x1D3F7A9:07x}{sha256(str(number).encode()).hexdigest()[:33]}"


class Played(Stage):
    """`file` is its database, a copy of `migrated`."""

    def __init__(self, directory: Path, migrated: Path) -> None:
        directory.mkdir()
        self.file = directory / "tidegate.db"
        copyfile(migrated, self.file)
        super().__init__(directory, url=f"sqlite:///{self.file}")
        self.repository = Commits()
        self.start_over()
        self.runtime.script_command(MIGRATION, Script(ends_after_seconds=20.0, exit_code=0))
        load(self, 48)

    def start(self, owner: str = "one") -> None:
        super().start(owner)
        self.reconciler = Reconciler(self.world, owner, PACE)

    def bring(self, text: str, title: str, script: Script | None = None, hours: float = 0.0) -> None:
        """A commit, and whatever comes of it; then nothing for so many hours."""
        self.push(text, script, message=title)
        self.settle()
        self.clock.advance(hours * HOUR)

    def begin(self, text: str, title: str, script: Script | None = None, minutes: float = 0.0) -> None:
        """A commit, until its canary has had a tenth of the traffic for so long."""
        number = len(self.repository.commits) + 1
        self.push(text, script, message=title)
        self.run(lambda: self.phase(number) is Phase.RUNNING and self.deployment(number).began(StepKind.BAKE))
        self.let(minutes)

    def let(self, minutes: float) -> None:
        """The controller goes on, so long."""
        end = self.clock.monotonic() + minutes * MINUTE
        self.run(lambda: self.clock.monotonic() >= end)

    def put_alarm(self, name: str) -> None:
        self.call(
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName=name,
            Namespace="captioncraft",
            MetricName=name.rpartition("-")[2],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=20.0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        self.set_alarm(name, "OK", "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (20.0).")

    def set_alarm(self, name: str, state: str, reason: str) -> None:
        self.call("cloudwatch", "SetAlarmState", AlarmName=name, StateValue=state, StateReason=reason)

    def ring(self, name: str) -> None:
        self.set_alarm(name, "ALARM", "Threshold Crossed: 1 datapoint [31.0] was greater than the threshold (20.0).")


# ----------------------------------------------------------------------------------------------------------- the plays


def at_rest(stage: Played) -> None:
    """Six versions came. Since then the image of one is gone, a definition of another, an alarm rings, one is deleted,
    and somebody has changed two settings by hand."""
    for name in OWN:
        stage.put_alarm(name)
    stage.bring(GUARDED, "Cut subtitles at sentences (#36)", hours=5)
    stage.bring(GUARDED, "Ask for the language once (#37)", hours=3)
    stage.bring(MIGRATES, "Keep one row for each caption (#38)", hours=2)
    stage.bring(GUARDED, "Warm the model before it is asked (#40)", hours=2)
    stage.bring(GUARDED, "Count what is refused (#41)", WELL, hours=1)
    asked = stage.traffic(**BUSY)
    stage.clock.advance(10 * MINUTE)
    stage.bring(COOLED, "Retry what the queue refuses (#42)", BETTER, hours=1)
    asked.stop()
    _forget_image(stage, 4)
    _forget_definition(stage, 5)
    stage.call("cloudwatch", "DeleteAlarms", AlarmNames=[OWN[1]])
    stage.ring(OWN[0])
    _edit_in_the_console(stage)
    stage.let(1)
    stage.clock.advance(2 * HOUR)
    stage.let(1)


def baking(stage: Played) -> None:
    """A canary has had a tenth of the traffic for four minutes, and is well."""
    _first(stage)
    stage.begin(CAREFUL, "Retry what the queue refuses (#42)", BETTER, minutes=4.3)


def fresh(stage: Played) -> None:
    """A canary went all the way; what was live before it is still warm."""
    baking(stage)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.let(2)


def turned_back(stage: Played) -> None:
    """A canary failed requests until an alarm rang, and is home again."""
    _first(stage)
    stage.begin(LARGER, "Stream captions while they are written (#43)", WORSE, minutes=7.5)
    stage.ring(OWN[0])
    stage.settle()
    stage.clock.advance(40 * MINUTE)
    stage.set_alarm(OWN[0], "OK", "Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (20.0).")
    stage.clock.advance(20 * MINUTE)
    stage.let(1)


PLAYS: Mapping[str, Callable[[Played], None]] = {
    "at-rest": at_rest,
    "baking": baking,
    "fresh": fresh,
    "turned-back": turned_back,
}


# ------------------------------------------------------------------------------------------------- what happens in them


def _first(stage: Played) -> None:
    for name in OWN:
        stage.put_alarm(name)
    stage.bring(CAREFUL, "Count what is refused (#41)", WELL, hours=3)
    stage.traffic(**BUSY)
    stage.clock.advance(10 * MINUTE)


def _forget_image(stage: Played, number: int) -> None:
    """As the registry's own rules do with old ones."""
    repository, _, digest = (stage.deployment(number).revision.images or {})["backend"].partition("@")
    gone = {"repositoryName": repository.rpartition("/")[2], "imageIds": [{"imageDigest": digest}]}
    stage.call("ecr", "BatchDeleteImage", **gone)


def _forget_definition(stage: Played, number: int) -> None:
    arn = next(arn for arn in stage.deployment(number).definitions.values() if "backend" in arn)
    stage.call("ecs", "DeregisterTaskDefinition", taskDefinition=arn)


def _edit_in_the_console(stage: Played) -> None:
    """Where the health of backend is looked for, how long its targets drain, and how many tasks frontend has."""
    backend, frontend = (_live_slot(stage, path) for path in ("/api/*", "/*"))
    group = stage.look("elbv2", "DescribeTargetGroups", Names=[backend])["TargetGroups"][0]["TargetGroupArn"]
    longer = [{"Key": "deregistration_delay.timeout_seconds", "Value": "300"}]
    stage.call("elbv2", "ModifyTargetGroup", TargetGroupArn=group, HealthCheckPath="/")
    stage.call("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=longer)
    stage.call("ecs", "UpdateService", cluster=PLACE, service=frontend, desiredCount=5)


def _live_slot(stage: Played, path: str) -> str:
    """The slot that has all of the traffic to a path, by the name that its target group and its ECS service share."""
    return next(name for name, weight in stage.weights()[path].items() if weight)
