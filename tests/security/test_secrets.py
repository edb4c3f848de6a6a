"""A whole approval, with a secret planted wherever one is kept: none of them is ever seen again."""

import json
import re
import traceback
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from controller.adapters.github.directory import GitHubDirectory
from controller.domain.deployment import Phase
from controller.domain.errors import Blocked
from controller.domain.people import Person
from controller.domain.secret import Secret
from controller.loop.outbox import send_due
from controller.loop.telling import Tellings
from controller.notifiers.log import LogNotifier
from controller.notifiers.slack import SlackNotifier
from controller.settings import read_settings
from tests.security.world import COOKIE, GITHUB_TOKEN, PLANTED, PUBLIC, ROOT, Doors, Reply, filled_in, pressed
from tests.support.builders import FILE
from tests.support.rows import NoonClock
from tests.support.stage import Stage
from tests.support.town import BARBARA, GRACE, LINUS

GATED = FILE.replace("verify:", "gates: {approval: {count: 2}}\nnotify: {slack: '#deploys'}\nverify:")
SMOKE = "planted-smoke-secret"
PAGES = ("/", "/deployments/dev-1", "/approvals/dev-1", "/me", "/deployments/dev-99", "/approvals/dev-1?link=x&order=1")
ENDPOINTS = (
    *("/environments", "/environments/dev", "/environments/dev/plan", "/environments/dev/explain", "/deployments"),
    *("/deployments/dev-1", "/deployments/dev-1/plan", "/deployments/dev-1/samples", "/audit?limit=200", "/tokens"),
    *("/orders/1", "/audit/verification", "/nothing", "/deployments/dev-99"),
)


class PlantedStage(Stage):
    """Smoke tests carry a secret of ours."""

    def _token(self) -> str:
        self._tokens += 1
        return f"{SMOKE}-{self._tokens}"


class Seen:
    """Everything that anybody was shown."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self.texts: list[tuple[str, str]] = []

    def look_around(self, when: str, sessions: list[str], tokens: list[str]) -> None:
        for path in PAGES:
            for session in (None, *sessions):
                self.keep(f"{when}: {path}", self._doors.look(path, session))
        for path in (*ENDPOINTS, "/openapi.json"):
            for token in (None, "wrong", ROOT, *tokens):
                self.keep(f"{when}: {path}", self._doors.api("GET", path, token))
        for path in ("/health", "/ready", "/version", "/metrics", "/sign-in", "/sign-in/callback?code=c&state=s"):
            self.keep(f"{when}: {path}", self._doors.look(path), cookies=False)

    def keep(self, where: str, reply: Reply, cookies: bool = True) -> Reply:
        """Without cookies where one is set: that is how it is given."""
        shown = [pair for pair in reply.headers if cookies or pair[0] != "set-cookie"]
        self.texts.append((where, json.dumps(shown) + reply.text))
        return reply


def test_no_secret_is_ever_shown_logged_audited_or_posted(tmp_path: Path) -> None:
    stage = PlantedStage(tmp_path)
    doors = Doors(tmp_path / "tidegate.db", stage=stage)
    stage.store._keys = doors.settings.keyring()
    seen = Seen(doors)
    where = (doors.settings.public_url, doors.settings.slack_team)
    tellings = Tellings(doors.store, doors.bindings, doors.polls, doors.links, doors.clock, *where)
    tells = {"log": LogNotifier().send, "slack": SlackNotifier(doors.chat, tellings).send}

    with capture_logs() as logs:
        sessions = {person.login: signed_in(doors, person) for person in (GRACE, LINUS, BARBARA)}
        tokens = {person.login: made_token(doors, sessions[person.login], seen) for person in (GRACE, LINUS, BARBARA)}
        codes = [tied(doors, person, sessions[person.login], seen) for person in (GRACE, LINUS)]
        around = [*sessions.values()], [*tokens.values()]

        stage.push(GATED, content="first")
        stage.run(lambda: bool(stage.phase(1)) and stage.deployment(1).asked is not None)
        send_due(stage.store, tells, stage.time)
        seen.look_around("asked", *around)

        plan = stage.deployment(1).asked
        assert plan is not None
        answer = {"answer": "approve", "plan": plan.plan.digest, "reason": "we looked"}
        for broken in ({**answer, "plan": "x"}, {**answer, "answer": "reject", "reason": ""}, {"answer": "x" * 99}):
            seen.keep("a form", doors.post("/approvals/dev-1", sessions["linus"], broken))
            seen.keep("a body", doors.api("POST", "/deployments/dev-1/approvals", tokens["linus"], broken))
        seen.keep("a viewer", doors.post("/approvals/dev-1", sessions["barbara"], answer))
        seen.keep("a forged form", doors.post("/approvals/dev-1", sessions["linus"], {**answer, "form": "x"}))
        link = link_in(doors, "linus")
        seen.keep("the link", doors.look(f"/approvals/dev-1?link={link}", sessions["linus"]))
        taken = doors.post("/approvals/dev-1", sessions["linus"], {**answer, "link": link})
        assert seen.keep("linus", taken).status == 303
        assert doors.slack(pressed("U0GRACE", "approve", f"dev-1|{plan.plan.digest}")).status == 200
        seen.keep("not Slack", doors.slack(pressed("U0GRACE", "approve", "x"), signature="v0=x"))
        stage._due = stage.time.now()
        stage.run(lambda: stage.phase(1) is Phase.RUNNING)
        seen.look_around("running", *around)
        send_due(stage.store, tells, stage.time)
        stage.settle()
        assert stage.phase(1) is Phase.SUCCEEDED
        send_due(stage.store, tells, stage.time)
        seen.look_around("over", *around)

    rows = {name: json.dumps(found, default=repr) for name, found in doors.dump.everything().items()}
    assert SMOKE in rows["deployments"], "it is kept there, as long as its smoke test may run"
    everything = [
        *seen.texts,
        *(("a log line", json.dumps(line, default=repr)) for line in logs),
        *(("Slack", json.dumps(said)) for said in doors.chat.said),
        *((f"the table {name}", text.replace(SMOKE, "")) for name, text in rows.items() if name == "deployments"),
        *((f"the table {name}", text) for name, text in rows.items() if name != "deployments"),
    ]
    given = [*PLANTED, SMOKE, *sessions.values(), *tokens.values(), *codes]
    assert [(secret, where) for where, text in everything for secret in given if secret in text] == []
    assert len(everything) > 300 and len(logs) > 10 and len(doors.chat.said) > 8
    assert stage.store.verify_audit().is_unbroken
    doors.close()


def signed_in(doors: Doors, person: Person) -> str:
    cookie, begun = doors.begin("/me")
    reply = doors.come_back(cookie, f"code={doors.porter.code(person, begun.verifier)}&state={begun.state}")
    (given,) = (value for value in reply.all("set-cookie") if value.startswith(f"{COOKIE}="))
    return given.partition(";")[0].partition("=")[2]


def made_token(doors: Doors, session: str, seen: Seen) -> str:
    """The one page that shows it is not kept."""
    page = doors.post("/me/tokens", session, {"name": "mine", "role": "admin", "days": "9"})
    (text,) = re.findall(r"tidegate_[\w-]{43}", page.text)
    seen.keep("made", doors.look("/me", session))
    return str(text)


def tied(doors: Doors, person: Person, session: str, seen: Seen) -> str:
    page = doors.post("/me/slack", session).text
    (code,) = re.findall(r"<code>((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})</code>", page)
    doors.slack(filled_in(f"U0{person.login.upper()}", "code", "||C0", code))
    seen.keep("tied", doors.look("/me", session))
    return str(code)


def link_in(doors: Doors, login: str) -> str:
    """Of the direct message that somebody got."""
    (address,) = (said[-1] for said in doors.chat.said if said[:2] == ("direct", f"U0{login.upper()}"))
    assert address.startswith(f"{PUBLIC}/approvals/dev-1?link=")
    return address.partition("link=")[2]


@pytest.mark.parametrize("around", ["{}\n", "{}\r\nX-Other: 1", "\r{}", "{}\u2026"])
def test_a_token_that_no_header_can_have_is_repeated_nowhere(around: str) -> None:
    """V13.3.1: the sentence is shown with the environment, to everybody who may look; the traceback is logged."""
    directory = GitHubDirectory("http://127.0.0.1:9", Secret(around.format(GITHUB_TOKEN)), NoonClock())
    with pytest.raises(Blocked) as caught:
        directory.collaborators("acme/captioncraft")
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.code == "github.credentials"
    assert GITHUB_TOKEN not in told


@pytest.mark.parametrize("name", ["TIDEGATE_GITHUB_TOKEN", "TIDEGATE_SLACK_TOKEN"])
def test_the_end_of_the_file_that_a_token_was_kept_in_is_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, " planted-token\n")
    found = getattr(read_settings(), name.removeprefix("TIDEGATE_").lower())
    assert found.get_secret_value() == "planted-token"
