"""The one file that knows every concrete class: it builds the controller out of its rooms, and runs it."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from importlib.metadata import version

import structlog
import uvicorn
from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from controller import api, dashboard
from controller.adapters.aws.cloud import Clouds
from controller.adapters.aws.mailing import Topic
from controller.adapters.aws.queue import EventQueue
from controller.adapters.aws.session import Callers
from controller.adapters.aws.topics import SnsTopics
from controller.adapters.clock import SystemClock
from controller.adapters.github.board import GitHubBoard
from controller.adapters.github.calls import Calls
from controller.adapters.github.courier import GitHubCourier
from controller.adapters.github.directory import GitHubDirectory
from controller.adapters.github.examiner import GitHubExaminer
from controller.adapters.github.history import GitHubHistory
from controller.adapters.github.pulls import GitHubPulls
from controller.adapters.github.sign_in import App, Credentials
from controller.adapters.github.source import GitHubSource
from controller.adapters.outgoing import Outgoing
from controller.adapters.pagerduty import PagerDuty
from controller.adapters.probe import HttpProbe
from controller.adapters.webhook import WebhookReceiver
from controller.api import ApiContext, metrics
from controller.dashboard import DashboardContext
from controller.dashboard.entrance import BACK
from controller.dashboard.hub import Hub
from controller.dashboard.links import web_address
from controller.domain.bindings import Binding, read_bindings
from controller.domain.changes import Marks
from controller.domain.diagnosis import Line, State
from controller.domain.errors import Blocked
from controller.domain.ports import Chat, Clock, SignIn
from controller.domain.secret import Secret
from controller.inbox.deliveries import Inbox
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.inbox.slack import SlackAnswers
from controller.links import Links
from controller.logs import set_up
from controller.loop.alarm_states import AlarmStates
from controller.loop.bulletins import Bulletins
from controller.loop.doctor import attempted, examine_aws, examine_github
from controller.loop.outbox import Tell
from controller.loop.posting import Postings
from controller.loop.preview import Preview
from controller.loop.proposals import Proposals
from controller.loop.reconcile import Reconciler
from controller.loop.redelivery import Redelivery
from controller.loop.schedule import Loop
from controller.loop.telling import Tellings
from controller.loop.tracing import Tracing
from controller.loop.unhurried import Unhurried
from controller.loop.ways_back import WaysBack
from controller.loop.world import World
from controller.notifiers.bulletins import MailNotifier, WebhookNotifier
from controller.notifiers.github import AnchorNotifier, DeploymentNotifier, StatusNotifier
from controller.notifiers.log import LogNotifier
from controller.notifiers.pager import PagerNotifier
from controller.notifiers.slack import SlackNotifier
from controller.polls import Polls
from controller.settings import Settings
from controller.store import Store
from controller.store.schema import check_schema
from webhooks.queue import QueueReader
from webhooks.refusals import Outcome
from webhooks.routes import aws_route, github_route, slack_route

log = structlog.get_logger()

GRACE_SECONDS = 8
PLAN_LASTS, PLAN_PATIENCE = timedelta(seconds=15), timedelta(seconds=5)
"""For pages: so long a plan that was drawn is shown again, and so long a new one is waited for."""


@dataclass(frozen=True)
class Controller:
    """The parts that outlive a request."""

    store: Store
    world: World
    loop: Loop
    app: Starlette
    hub: Hub


def read_bindings_file(settings: Settings) -> Mapping[str, Binding]:
    """The operator's `tidegate.yaml`; `Blocked` when it can't be read, `Rejected` with every problem in it."""
    try:
        text = settings.config.read_text(encoding="utf-8")
    except OSError as error:
        told = f"reading the bindings in {settings.config}: {error.strerror}; set TIDEGATE_CONFIG to where they are"
        raise Blocked(told, code="config.unreadable") from error
    return read_bindings(text, str(settings.config))


def build(settings: Settings) -> Controller:
    """Every room, connected. Nothing runs until the app's lifespan starts."""
    settings.must_serve()
    bindings = read_bindings_file(settings)
    check_schema(settings.database)
    clock = SystemClock()
    store = Store(settings.database, clock, keys=settings.keyring())
    store.inherit()
    with store.write() as unit:
        unit.environments.ensure(bindings)
    registry = CollectorRegistry()
    asked = metrics.asked(registry)
    callers = Callers(clock.now, count=asked)
    of_github = partial(asked, "github")
    world = World(
        store=store,
        clock=clock,
        clouds=Clouds(clock, callers),
        source=GitHubSource(settings.github_url, _credentials(settings), clock, of_github),
        probe=HttpProbe(clock, settings.connect_to),
        polls=Polls(GitHubDirectory(settings.github_url, _credentials(settings), clock, of_github), store),
        bindings=bindings,
        token=lambda: secrets.token_urlsafe(24),
        minute=settings.metrics_minute,
    )
    links = Links(store, clock, settings.links)
    calls = Calls(settings.github_url, _credentials(settings), clock, of_github)
    loop = Loop(
        Reconciler(world, _owner(), settings.pace),
        world,
        settings.sweep,
        _tells(settings, world, calls, links, callers),
        _proposals(settings, world, calls),
        Redelivery(world, GitHubCourier(calls, settings.public_url), metrics.redelivered(registry)),
        Tracing(world, GitHubHistory(calls)),
        metrics.passed(registry, clock),
    )
    edges = Edges(_chat(settings) if settings.talks else None, _sign_in(settings, clock))
    hub = watching(store)
    return Controller(store, world, loop, web(settings, world, loop, callers, links, edges, registry, hub), hub)


def watching(store: Store) -> Hub:
    """What tells open pages that rows have changed."""

    def look(before: Marks | None) -> Marks:
        with store.read() as unit:
            return unit.marks.since(before)

    hub = Hub(look)
    store.watch(hub.ring)
    return hub


def _owner() -> str:
    """This process among all that may hold leases: unlike every other, and like no earlier run of itself."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _credentials(settings: Settings) -> Credentials:
    key = settings.github_app_key.get_secret_value()
    token = Secret(settings.github_token.get_secret_value())
    return App(settings.github_app_id, Secret(key)) if settings.github_app_id and key else token


def _proposals(settings: Settings, world: World, calls: Calls) -> Proposals:
    return Proposals(world, GitHubPulls(calls), settings.public_url)


def _tells(settings: Settings, world: World, calls: Calls, links: Links, callers: Callers) -> Mapping[str, Tell]:
    """Who is told of notices, by the name that their messages keep: one that goes takes its unsent messages along."""
    board, present = GitHubBoard(calls), Postings(world.store, world.bindings, settings.public_url)
    where = (settings.public_url, settings.slack_team)
    tellings = Tellings(world.store, world.bindings, world.polls, links, world.clock, *where)
    return {
        "log": LogNotifier().send,
        "github_deployments": DeploymentNotifier(board, present).send,
        "github_statuses": StatusNotifier(board, present).send,
        "github_audit": AnchorNotifier(board, present.anchorings).send,
        **({"slack": SlackNotifier(_chat(settings), tellings).send} if settings.talks else {}),
        **_others(settings, world, tellings, callers),
    }


def _others(settings: Settings, world: World, tellings: Tellings, callers: Callers) -> Mapping[str, Tell]:
    """Who is told outside of GitHub and Slack, where anybody is. A webhook's name says nothing of its address."""
    bulletins, outgoing = Bulletins(world.store, world.bindings, settings.public_url), Outgoing()
    secrets_given = [Secret(secret.get_secret_value()) for secret in settings.notify_secret]
    found: dict[str, Tell] = {}
    for given in settings.notify_webhooks:
        address = Secret(given.get_secret_value())
        name = f"webhook-{sha256(address.reveal().encode()).hexdigest()[:12]}"
        receiver = WebhookReceiver(name, address, secrets_given, outgoing, world.clock)
        found[name] = WebhookNotifier(name, receiver, bulletins.bulletin).send
    if settings.notify_topic:
        found["mail"] = MailNotifier(Topic(settings.notify_topic, callers), bulletins.bulletin).send
    if key := settings.pagerduty_key.get_secret_value():
        pager = PagerDuty(settings.pagerduty_url, Secret(key), outgoing)
        found["pager"] = PagerNotifier(pager, bulletins, tellings, settings.pagerduty_environments).send
    return found


def _chat(settings: Settings) -> Chat:
    from controller.adapters.slack.client import SlackChat  # slack_sdk is for those who use Slack

    return SlackChat(settings.slack_url, Secret(settings.slack_token.get_secret_value()))


@dataclass(frozen=True)
class Edges:
    """What the doors ask of others: None where there is no Slack app, and where nobody can sign in."""

    chat: Chat | None
    sign_in: SignIn | None


def web(
    settings: Settings,
    world: World,
    loop: Loop,
    callers: Callers,
    links: Links,
    edges: Edges,
    registry: CollectorRegistry,
    hub: Hub,
) -> Starlette:
    """The doors. They read rows and leave notes; the loop is woken, never called."""
    rights = Rights(world.polls, world.bindings, world.clock)
    doorkeeper = Doorkeeper(world.store, world.clock, Secret(settings.api_token.get_secret_value()))
    context = ApiContext(
        store=world.store,
        orders=Orders(world.store, world.clock, rights, loop.wake),
        clock=world.clock,
        doorkeeper=doorkeeper,
        rights=rights,
        bindings=world.bindings,
        preview=Preview(world, settings.pace),
        ways_back=WaysBack(world),
        dependencies={"database": world.store.ping},
        version=version("tidegate"),
        registry=registry,
    )
    answers = None
    if edges.chat is not None:
        told = (edges.chat, settings.slack_team, settings.public_url.rstrip("/"))
        answers = SlackAnswers(world.store, world.clock, context.orders, *told)
    inbox = Inbox(world.store, loop.wake_inbox)
    received = metrics.received(context.registry)
    queue = _queue(settings, world, inbox, callers, received("queue"))
    if queue is not None:
        metrics.troubled(context.registry, lambda: queue.trouble is not None)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_sync(loop.start)
        if queue is not None:
            queue.start()
        log.info("controller started", environments=sorted(world.bindings), version=context.version)
        yield
        if queue is not None:
            queue.leave_off()
        await run_sync(loop.stop)
        if queue is not None:
            await run_sync(queue.stop)
        await run_sync(world.store.close)
        log.info("controller stopped")

    app = Starlette(
        routes=[
            github_route(
                _revealed(settings.github_webhook_secrets), inbox.accept, world.clock, count=received("github")
            ),
            *_aws_routes(settings, world, inbox, received("aws")),
            *api.routes(context),
            *_slack_routes(settings, answers, world.clock, received("slack")),
            *dashboard.routes(_pages(settings, world, context, links, hub, answers, edges.sign_in)),
        ],
        exception_handlers=api.exception_handlers(),
        middleware=api.middleware(settings.public_url),
        lifespan=lifespan,
    )
    # Starlette would send whoever adds a slash on to the host that the request names.
    app.router.redirect_slashes = False
    return app


def _pages(
    settings: Settings,
    world: World,
    api: ApiContext,
    links: Links,
    hub: Hub,
    slack: SlackAnswers | None,
    sign_in: SignIn | None,
) -> DashboardContext:
    return DashboardContext(
        store=world.store,
        clock=world.clock,
        bindings=world.bindings,
        version=api.version,
        orders=api.orders,
        doorkeeper=api.doorkeeper,
        rights=api.rights,
        links=links,
        hub=hub,
        slack=slack,
        github=settings.github_url,
        sign_in=sign_in,
        anonymous=settings.anonymous_role,
        public=settings.public_url,
        plan=Unhurried(api.preview, world.clock, PLAN_LASTS, PLAN_PATIENCE),
        ways_back=api.ways_back,
        alarms=AlarmStates(world),
        verification=api.verification,
    )


def _sign_in(settings: Settings, clock: Clock) -> SignIn | None:
    pages = web_address(settings.github_url)
    if not settings.signs_in or pages is None:
        return None
    from controller.adapters.github.oauth import GitHubSignIn  # authlib is for those who let people sign in

    secret = Secret(settings.github_oauth_secret.get_secret_value())
    back = f"{settings.public_url.rstrip('/')}{BACK}"
    return GitHubSignIn(pages, settings.github_url, settings.github_oauth_id, secret, back, clock)


def _revealed(secrets: tuple[SecretStr, ...]) -> list[bytes]:
    return [secret.get_secret_value().encode() for secret in secrets]


def _aws_routes(settings: Settings, world: World, inbox: Inbox, count: Callable[[Outcome], None]) -> list[Route]:
    """None where nobody is let in."""
    given = _revealed(settings.aws_webhook_secrets)
    if not given and not settings.aws_topics:
        return []
    topics = SnsTopics(world.clock)
    return [aws_route(given, settings.aws_topics, topics, inbox.accept, world.clock, count=count)]


def _slack_routes(
    settings: Settings, answers: SlackAnswers | None, clock: Clock, count: Callable[[Outcome], None]
) -> list[Route]:
    """None where there is no app."""
    if answers is None:
        return []
    secrets = [secret.get_secret_value() for secret in settings.slack_signing_secret]
    from controller.adapters.slack.verifier import SlackSignatures  # see above

    signatures = SlackSignatures(secrets, clock)
    return [slack_route(signatures, answers, settings.slack_team, settings.slack_app, count=count)]


def _queue(
    settings: Settings, world: World, inbox: Inbox, callers: Callers, count: Callable[[Outcome], None]
) -> QueueReader | None:
    if not settings.aws_queue:
        return None
    return QueueReader(EventQueue(settings.aws_queue, callers), inbox.accept, world.clock, count)


def examine(settings: Settings) -> list[Line]:
    """What `tidegate doctor` tells; it needs no running controller, and says why one would not start."""
    clock = SystemClock()
    lines = [*attempted("settings", lambda: _examine_settings(settings))]
    lines += attempted("database", lambda: _examine_database(settings))
    found: list[Mapping[str, Binding]] = []

    def bound() -> Iterator[Line]:
        found.append(read_bindings_file(settings))
        yield Line("bindings", State.OK, f"{settings.config} binds {', '.join(found[0])}")

    lines += attempted("bindings", bound)
    for bindings in found:
        calls = Calls(settings.github_url, _credentials(settings), clock)
        lines += examine_github(GitHubExaminer(calls, clock, settings.public_url), bindings)
        lines += examine_aws(Clouds(clock, Callers(clock.now)), bindings)
    return lines


def _examine_settings(settings: Settings) -> Iterator[Line]:
    settings.must_serve()
    yield Line("settings", State.OK, "all that serving needs is set")
    if not settings.public_url:
        told = "TIDEGATE_PUBLIC_URL is not set: what is written on GitHub links nowhere"
        yield Line("settings", State.ADVICE, told, "set it to the address that people use")


def _examine_database(settings: Settings) -> Iterator[Line]:
    check_schema(settings.database)
    yield Line("database", State.OK, "reachable, and its tables are the newest")


class Server(uvicorn.Server):
    """Open pages are let go of at once: their answers never end by themselves, and everybody else's are waited for."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT; running passes end by themselves first."""
    set_up(settings.log_level)
    controller = build(settings)
    config = uvicorn.Config(
        controller.app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    Server(config, controller.hub).run()
