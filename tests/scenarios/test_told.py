"""A deployment as a Slack channel shows it: the controller's own rooms, and a whole Slack over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from controller.adapters.slack.client import SlackChat
from controller.adapters.slack.verifier import SlackSignatures
from controller.domain.approval import Glass
from controller.domain.deployment import Phase
from controller.domain.orders import OrderKind
from controller.domain.people import Person
from controller.domain.secret import Secret
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.inbox.slack import SlackAnswers
from controller.links import Links
from controller.loop.outbox import Tell, send_due
from controller.loop.telling import Tellings
from controller.notifiers.slack import SlackNotifier
from sandbox.runtime.scripted import Script
from sandbox.slack.misbehaviour import CallFault, InteractionFault
from sandbox.slack.people import APP_ID, IDS, TEAM_ID
from sandbox.slack.records import Message
from sandbox.slack.sending import Answer
from tests.adapters.slack.api import torn  # noqa: F401
from tests.sandbox.slack.served import Asked, Served, SlackHost
from tests.support.builders import FILE
from tests.support.stage import Stage
from tests.support.town import GRACE, LINUS, MARGARET, caller
from webhooks.routes import slack_route

PUBLIC = "https://tidegate.example"
TOLD = FILE + 'notify: {slack: "#deploys"}\n'
ASKING = TOLD + "gates: {approval: {count: 2}}\n"


@dataclass
class Team:
    """A controller that talks, and the Slack that it talks to."""

    stage: Stage
    served: Served

    def __post_init__(self) -> None:
        stage, slack = self.stage, self.served.slack
        self.chat = SlackChat(slack.api, Secret(slack.state.app.token))
        links = Links(stage.store, stage.time, [Secret("what links are signed with")])
        bindings = {"dev": stage.binding}
        tellings = Tellings(stage.store, bindings, stage.world.polls, links, stage.time, PUBLIC, TEAM_ID)
        self.tells: Mapping[str, Tell] = {"slack": SlackNotifier(self.chat, tellings).send}
        rights = Rights(stage.world.polls, bindings, stage.time)
        orders = Orders(stage.store, stage.time, rights, lambda _: stage.wake())
        self.answers = SlackAnswers(stage.store, stage.time, orders, self.chat, TEAM_ID, PUBLIC)
        signatures = SlackSignatures([slack.state.app.signing_secret], stage.time)
        self.app = Starlette(routes=[slack_route(signatures, self.answers, TEAM_ID, APP_ID)])
        self.served.app = self.answer

    async def answer(self, asked: Asked) -> Answer:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://tidegate") as client:
            told = await client.post("/webhooks/slack", content=asked.body, headers=dict(asked.headers))
        return Answer(told.status_code, told.content)

    def tie(self, *people: Person) -> None:
        for person in people:
            with self.stage.store.write() as unit:
                unit.identities.put(TEAM_ID, IDS[person.login], person, self.stage.time.now())

    def tell(self) -> int:
        return send_due(self.stage.store, self.tells, self.stage.time)

    def run(self, until: Callable[[], bool]) -> None:
        """Until then, and told of it all on the way."""

        def told() -> bool:
            self.tell()
            return until()

        self.stage.run(told)

    def settle(self) -> None:
        self.stage.settle()
        self.tell()

    def asked(self, text: str = ASKING, **how: Any) -> str:
        """A push that waits for two approvals; the message's ts."""
        self.stage.push(text, **how)
        self.run(lambda: bool(self.messages) and self.state.startswith("*waits for approval*"))
        return self.messages[-1].ts

    def press(self, person: Person, action: str, ts: str | None = None) -> int:
        pressed = self.served.press(person.login, ts or self.messages[-1].ts, action)
        return int(pressed.status)

    @property
    def messages(self) -> list[Message]:
        """Of the channel, without what its threads said aloud."""
        return [
            each for each in self.served.slack.control.messages("#deploys") if not each.thread_ts and each.user.is_bot
        ]

    @property
    def lines(self) -> list[str]:
        return [each.text for each in self.served.slack.control.thread("#deploys", self.messages[-1].ts)]

    def whispers(self, person: Person) -> list[str]:
        return [each.text for each in self.served.slack.control.whispers("#deploys", person.login)]

    def texts(self, number: int = -1) -> list[str]:
        """What the message's blocks say."""
        found = []
        for block in self.messages[number].blocks:
            parts = [block.get("text"), *block.get("elements", [])]
            found += [part["text"] for part in parts if part and isinstance(part.get("text"), str)]
        return found

    @property
    def state(self) -> str:
        return self.texts()[1]

    @property
    def buttons(self) -> list[str]:
        return [
            part["action_id"]
            for block in self.messages[-1].blocks
            if block["type"] == "actions"
            for part in block["elements"]
        ]

    @property
    def calls(self) -> list[CallFault]:
        return self.served.slack.misbehaviour.calls


@pytest.fixture(scope="module")
def host() -> Iterator[SlackHost]:
    made = SlackHost()
    yield made
    made.close()


@pytest.fixture
def team(stage: Stage, host: SlackHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with host.serving_slack(stage.clock) as served:
        yield Team(stage, served)


def test_an_approval_s_life_is_one_message_that_is_edited_in_place(team: Team) -> None:
    team.stage.push(content="first")
    team.settle()
    team.tie(LINUS, MARGARET)
    ts = team.asked(content="second")
    assert "0 of 2 approvals" in team.state
    assert team.buttons == ["review", "approve", "reject"]
    assert team.press(LINUS, "approve") == 200
    team.run(lambda: "1 of 2 approvals" in team.state)
    assert "(linus)" in team.state
    team.press(MARGARET, "approve")
    team.run(lambda: team.stage.phase(2) is Phase.RUNNING)
    assert team.state.startswith("*rolling out*")
    assert team.buttons == ["look"]
    assert any("*Approved*  by linus, margaret" in text for text in team.texts())
    shares = set[str]()

    def over() -> bool:
        shares.update(text.rpartition("▶ ")[2] for text in team.texts() if "▰" in text)
        return team.stage.phase(2) is Phase.SUCCEEDED

    team.run(over)
    assert {"shift 50", "shift 100"} <= shares
    team.settle()
    assert [each.ts for each in team.messages] == [ts]
    assert team.texts()[-1].startswith("all clear; it took ")
    assert any(line.startswith("linus approved: ") for line in team.lines)
    assert team.lines[-1].startswith("✓ ")


def test_whoever_may_answer_is_asked_once_with_a_link_of_their_own(team: Team) -> None:
    team.tie(LINUS, MARGARET)
    team.asked()
    team.press(LINUS, "approve")
    team.run(lambda: "1 of 2 approvals" in team.state)
    addresses = []
    for person in (LINUS, MARGARET):
        [message] = [each for each in team.served.slack.control.messages(person.login) if each.user.is_bot]
        addresses.append(message.blocks[1]["elements"][0]["url"])
    assert all(each.startswith(f"{PUBLIC}/approvals/dev-1?link=") for each in addresses)
    assert len(set(addresses)) == 2


def test_whom_nobody_knows_types_a_code_and_answers_then(team: Team) -> None:
    ts = team.asked()
    team.press(LINUS, "approve")
    [whisper] = team.served.slack.control.whispers("#deploys", "linus")
    assert "Nobody knows yet who you are" in whisper.text
    team.press(LINUS, "code", whisper.ts)
    view = team.served.slack.control.view("linus")
    assert view is not None
    code = team.answers.make_code(LINUS)
    team.served.run(team.served.slack.control.submit("linus", view.id, {"reason": code}))
    assert team.whispers(LINUS)[-1] == "You are linus on GitHub. Answer now."
    team.press(LINUS, "approve", ts)
    team.run(lambda: "1 of 2 approvals" in team.state)


def test_a_rejection_asks_why_and_the_message_says_it(team: Team) -> None:
    team.tie(LINUS)
    team.asked()
    team.press(LINUS, "reject")
    view = team.served.slack.control.view("linus")
    assert view is not None
    typed = "not on a Friday <!channel>\n*Approved*  by ada"
    team.served.run(team.served.slack.control.submit("linus", view.id, {"reason": typed}))
    team.run(lambda: team.stage.phase(1) is Phase.REJECTED)
    team.settle()
    assert team.state.startswith("*rejected*")
    assert "not on a Friday &lt;!channel&gt; *Approved* by ada" in team.state
    assert team.buttons == ["look"]


def test_who_pressed_twice_is_counted_once(team: Team) -> None:
    team.tie(LINUS)
    team.asked()
    team.press(LINUS, "approve")
    team.press(LINUS, "approve")
    team.run(lambda: "1 of 2 approvals" in team.state)
    team.stage.clock.advance(60)
    team.stage.run(lambda: True)
    assert len(team.stage.deployment(1).votes) == 1


@pytest.mark.parametrize(("kind", "status"), [("double", 200), ("wrong-secret", 401), ("stale", 401)])
def test_what_slack_doubles_counts_once_and_what_is_not_slacks_not_at_all(team: Team, kind: Any, status: int) -> None:
    team.tie(LINUS)
    team.asked()
    seconds = 400 if kind == "stale" else 0
    team.served.slack.control.break_interactions(InteractionFault(kind, seconds=seconds))
    assert team.press(LINUS, "approve") == status
    with team.stage.store.read() as unit:
        assert len(unit.orders.waiting("dev")) == (1 if status == 200 else 0)


def test_a_replay_is_answered_and_does_nothing(team: Team) -> None:
    team.tie(LINUS)
    team.asked()
    team.press(LINUS, "approve")
    again = team.served.run(team.served.slack.control.replay(-1))
    assert again.status == 200
    with team.stage.store.read() as unit:
        assert len(unit.orders.waiting("dev")) == 1
    team.stage.clock.advance(400)
    assert team.served.run(team.served.slack.control.replay(-1)).status == 401


def test_the_author_s_own_approval_is_refused_in_a_whisper(team: Team) -> None:
    ada = Person(1, "ada")
    team.tie(ada)
    team.asked()
    team.press(ada, "approve")
    [told] = team.whispers(ada)
    assert told.startswith("That does not count: ada ")
    assert team.stage.deployment(1).votes == ()


def test_a_rollout_is_as_fast_while_slack_is_away_and_told_of_afterwards(team: Team, tmp_path: Path) -> None:
    (tmp_path / "quiet").mkdir()
    quiet = Stage(tmp_path / "quiet")
    quiet.push(TOLD, content="first")
    quiet.settle()
    team.calls.append(CallFault("fail", count=1000, error="service_unavailable", status=503))
    team.stage.push(TOLD, content="first")
    team.run(lambda: team.stage.phase(1) is Phase.SUCCEEDED)
    team.settle()
    told, silent = team.stage.deployment(1), quiet.deployment(1)
    assert told.started_at is not None
    assert silent.started_at is not None
    assert told.finished_at is not None
    assert silent.finished_at is not None
    assert told.finished_at - told.started_at == silent.finished_at - silent.started_at
    quiet.store.close()
    assert team.messages == []
    team.served.slack.control.behave()
    team.stage.clock.advance(timedelta(hours=2).total_seconds())
    team.tell()
    assert len(team.messages) == 1
    assert team.state.startswith("*succeeded*")
    assert team.texts()[-1].startswith("all clear")


def test_a_throttled_slack_is_left_alone_and_told_later(team: Team) -> None:
    team.calls.append(CallFault("throttle", count=1, method="chat.postMessage", seconds=30))
    team.stage.push(TOLD, content="first")
    team.stage.settle()
    team.tell()
    assert len(team.messages) <= 1
    team.stage.clock.advance(3600)
    team.tell()
    assert len(team.messages) == 1
    assert team.state.startswith("*succeeded*")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("torn")
def test_an_answer_of_slack_s_that_is_lost_makes_no_second_message(team: Team) -> None:
    team.calls.append(CallFault("lose-after", count=1, method="chat.postMessage"))
    team.stage.push(TOLD, content="first")
    team.settle()
    team.stage.clock.advance(3600)
    team.tell()
    assert len(team.messages) == 1


def test_what_was_superseded_before_anybody_was_asked_says_nothing(team: Team) -> None:
    shut = TOLD + 'gates: {window: {allow: ["Mon 12:00-13:00"]}}\n'
    team.stage.push(shut, content="first")
    team.run(lambda: team.stage.phase(1) is Phase.WAITING)
    team.stage.push(shut, content="second")
    team.run(lambda: team.stage.phase(1) is Phase.SUPERSEDED)
    team.tell()
    assert team.messages == []


def test_a_version_that_turns_back_is_said_aloud_once(team: Team) -> None:
    team.stage.push(TOLD, content="first")
    team.settle()
    team.stage.push(TOLD, content="second", script=Script(ends_after_seconds=1))
    team.run(lambda: team.stage.phase(2) is Phase.ROLLED_BACK)
    team.settle()
    assert team.state.startswith("*rolled back*")
    assert team.texts()[-1].startswith("what was live before is live again; it took ")
    everything = team.served.slack.control.messages("#deploys")
    aloud = [each.text for each in everything if each.thread_ts]
    assert [text.split(":")[0] for text in aloud] == ["◀ turning back"]


def test_a_broken_glass_is_a_red_line(team: Team) -> None:
    team.stage.binding = replace(team.stage.binding, glass=Glass((GRACE,), 1))
    team.stage.start_over()
    team = Team(team.stage, team.served)
    team.asked()
    asked = team.stage.deployment(1).asked
    assert asked is not None
    team.stage.order(OrderKind.BREAK_GLASS, "dev-1", "production burns", caller(GRACE), plan=asked.plan.digest)
    team.run(lambda: team.stage.phase(1) is Phase.RUNNING)
    assert "🔴 *grace BROKE THE GLASS: production burns*" in team.texts()
