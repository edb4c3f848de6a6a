"""Values for tests: each builder makes something ordinary, and takes what the test is about by keyword."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller import plan as planning
from controller.decide import decide, needed
from controller.domain.bindings import Binding, Place
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.content import Content
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.environment import Environment
from controller.domain.foundation import Foundation
from controller.domain.hooks import Run
from controller.domain.manifest import EnvironmentFile, read_environment
from controller.domain.reason import Reason
from controller.domain.rendering import group_settings, render
from controller.domain.revision import Author, Commit, Revision
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, GroupView, Rollout, RuleView, ServiceView, SlotView, Snapshot
from controller.progress.outcomes import Terms

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PACE = timedelta(seconds=5)
SHA = "1" * 40
OLD_IMAGE = "sha256:" + "a" * 64
NEW_IMAGE = "sha256:" + "b" * 64

FILE = """\
environment: dev
branch: develop
strategy: {type: rolling}
rollback: {hold: next_commit}
verify: [{path: /ready, within: 5s}]
services:
  backend:
    image: {repository: captioncraft-backend, tag: "{branch}-{sha}"}
    route: {path: /api/*}
    port: 8000
    task: {cpu: 256, memory: 512}
    count: 2
    health: {path: /health, interval: 10s, timeout: 5s, grace: 30s}
    deregistration_delay: 10s
    smoke: [{path: /ready, within: 5s}]
  frontend:
    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}
    route: {path: /*}
    port: 8080
    task: {cpu: 256, memory: 512}
    count: 2
    health: {path: /health, interval: 10s, timeout: 5s, grace: 30s}
    deregistration_delay: 10s
    smoke: [{path: /ready, within: 5s}]
"""


def a_file(text: str = FILE) -> EnvironmentFile:
    return read_environment(text, "environments/dev.yaml")


def a_place(**changes: object) -> Place:
    given: dict[str, object] = {"account": "123456789012", "region": "eu-west-1", "stack": "captioncraft-dev"}
    return Place.model_validate({**given, **changes})


def a_binding(name: str = "dev", branch: str = "develop", **changes: object) -> Binding:
    return replace(Binding(name, "acme/captioncraft", branch, a_place()), **changes)


def a_foundation(**changes: object) -> Foundation:
    foundation = Foundation(
        account="123456789012",
        region="eu-west-1",
        stack="captioncraft-dev",
        cluster="arn:aws:ecs:eu-west-1:123456789012:cluster/captioncraft-dev",
        listener="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/captioncraft-dev/1/2",
        vpc="vpc-1",
        subnets=("subnet-1", "subnet-2"),
        security_groups=("sg-1",),
        execution_role="arn:aws:iam::123456789012:role/captioncraft-dev-execution",
        entrance="http://captioncraft-dev.eu-west-1.elb.amazonaws.com:80",
    )
    return replace(foundation, **changes)


def a_commit(sha: str = SHA, message: str = "Add captions", tree: str = "t" * 40) -> Commit:
    return Commit(sha, tree, message, (Author(1, "ada", "Ada Lovelace"),), NOON)


def a_revision(
    image: str | None = NEW_IMAGE, text: str = FILE, commit: Commit | None = None, environment: str = "dev"
) -> Revision:
    """Sealed with `image` for every service; not sealed when `image` is None."""
    services = a_file(text).services
    images = {name: f"{service.image.repository}@{image}" for name, service in services.items()} if image else None
    return Revision(environment, "develop", commit or a_commit(), text, NOON, images)


def a_deployment(number: int = 2, revision: Revision | None = None, **changes: object) -> Deployment:
    """One that waits; its gates have not been asked."""
    deployment = Deployment(
        id=f"dev-{number}",
        number=number,
        environment="dev",
        kind=Kind.DEPLOY,
        phase=Phase.WAITING,
        reason=Reason("deployment.new", "its gates have not been asked yet"),
        revision=revision or a_revision(),
        secret=Secret("open-sesame"),
        created_at=NOON,
    )
    return replace(deployment, **changes)


def a_run(number: int = 2, **changes: object) -> Run:
    """The `before` of backend, asked for by this deployment a moment ago."""
    run = Run(
        token=f"{number:032x}",
        environment="dev",
        deployment=f"dev-{number}",
        number=number,
        service="backend",
        image=NEW_IMAGE,
        command=("migrate",),
        compatible=True,
        asked_at=NOON,
    )
    return replace(run, **changes)


def a_content(service: str = "backend", image: str = OLD_IMAGE, text: str = FILE) -> Content:
    wanted = a_file(text).services[service]
    return render(service, wanted, f"{wanted.image.repository}@{image}", a_foundation())


def a_group(
    service: str = "backend", healthy: int = 2, unhealthy: int = 0, text: str = FILE, complaints: tuple[str, ...] = ()
) -> GroupView:
    return GroupView(
        f"arn:group/{service}", group_settings(a_file(text).services[service]), healthy, unhealthy, complaints
    )


def a_slot(service: str = "backend", image: str = OLD_IMAGE, count: int = 2, **changes: object) -> SlotView:
    """A healthy slot that runs `image`."""
    slot = SlotView(
        exists=True,
        definition=f"arn:definition/{service}",
        content=a_content(service, image).digest,
        desired=count,
        running=count,
        rollout=Rollout.COMPLETED,
        group=a_group(service, healthy=count),
    )
    return replace(slot, **changes)


def an_empty_slot(service: str = "backend") -> SlotView:
    return SlotView(exists=False, group=a_group(service, healthy=0))


PATHS = {"backend": "/api/*", "frontend": "/*"}


def a_rule(blue: int = 100, green: int = 0, service: str = "backend") -> RuleView:
    weights = {Slot.BLUE: blue, Slot.GREEN: green}
    return RuleView(
        f"arn:rule/{service}",
        500,
        weights,
        f'{{"blue": {blue}, "green": {green}}}',
        paths=frozenset({PATHS[service]}),
        conditions=PATHS[service],
    )


def a_view(
    service: str = "backend", blue: SlotView | None = None, green: SlotView | None = None, **changes: object
) -> ServiceView:
    """Blue is live with the old version, green is empty."""
    view = ServiceView(
        slots={Slot.BLUE: blue or a_slot(service), Slot.GREEN: green or an_empty_slot(service)},
        rule=a_rule(service=service),
        test_rule=None,
        routed=True,
    )
    return replace(view, **changes)


def a_new_view(service: str = "backend") -> ServiceView:
    """Nothing was ever there."""
    slots = {slot: SlotView(exists=False) for slot in Slot}
    return ServiceView(slots, rule=None, test_rule=None, routed=True)


def a_snapshot(
    services: Mapping[str, ServiceView] | None = None, elapsed: timedelta = PACE, **changes: object
) -> Snapshot:
    """Everything was looked at; both services run the old version in blue."""
    views = services if services is not None else {name: a_view(name) for name in ("backend", "frontend")}
    snapshot = Snapshot(NOON, elapsed, frozenset(Evidence), views)
    return replace(snapshot, **changes)


def terms(environment: Environment | None = None, **changes: object) -> Terms:
    given = Terms(environment or Environment("dev"), a_binding(), a_foundation(), None, PACE)
    return replace(given, **changes)


def asked_first(waiting: Deployment) -> frozenset[Evidence]:
    """What it wants to see before anything is decided, as long as nothing was looked at."""
    assert not needed(waiting)
    return decide(waiting, Snapshot(NOON), NOON, terms()).needs


def a_running_deployment(text: str = FILE, snapshot: Snapshot | None = None, **changes: object) -> Deployment:
    """One whose gates were open in a picture of two services with the old version in blue."""
    waiting = a_deployment(revision=a_revision(text=text))
    assert {Evidence.SERVICES, Evidence.TARGETS, Evidence.SCALING} <= asked_first(waiting)
    started = decide(waiting, snapshot or a_snapshot(), NOON, terms()).deployment
    assert started.phase is Phase.RUNNING
    return replace(started, **changes)


def registered(deployment: Deployment) -> dict[str, str]:
    """Every content of the deployment's plan, as it is once its definitions are registered."""
    assert deployment.plan is not None
    return {rolling.content.digest: f"arn:definition/{rolling.service}:2" for rolling in deployment.plan.rolling}


def an_answer(passed: bool, service: str | None = "backend", found: str = "200 in 12 ms") -> CheckAnswer:
    check = HttpCheck(service, "http://example.com/ready", 200, timedelta(seconds=2))
    return CheckAnswer(check, passed, found)


def a_plan(revision: Revision | None = None, snapshot: Snapshot | None = None) -> planning.Plan:
    picture = snapshot or a_snapshot()
    return planning.draw(revision or a_revision(), a_binding(), a_foundation(), picture.services, now=NOON)
