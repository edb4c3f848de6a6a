"""Every route, by every way in, in every state of the gate: nothing changes but what was promised, and nothing starts.

`pytest tests/security/test_matrix.py -rP` prints how many cells there are.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route

from tests.security.matrix import ACTS, Act, State, Wanted, Way, go_away, lay, wanted, ways
from tests.security.world import GLASS, PLANTED, Doors, Reply, changed, opened
from tests.support.rows import PLANTED as SMOKE

BETWEEN_SECONDS = 61.0
"""From one cell to the next: nobody's rights are remembered, and nobody asks too often."""

UNTOLD = {("sessions", "seen_at"), ("tokens", "used_at")}
"""When somebody was seen last may be written down at any time."""


def routes(found: list[BaseRoute], before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of everything that the app serves, through all that is mounted."""
    for route in found:
        if isinstance(route, Route):
            for method in route.methods or ():
                yield method, before + route.path
        else:
            assert isinstance(route, Mount), f"{route!r}: how is this walked?"
            inner: Any = route.app
            while not hasattr(inner, "routes") and hasattr(inner, "_app"):
                inner = inner._app
            if hasattr(inner, "routes"):
                yield from routes(inner.routes, before + route.path)
            else:
                yield from (("GET", before + route.path), ("HEAD", before + route.path))


def test_every_route_of_the_app_is_in_the_matrix_and_nothing_else(doors: Doors) -> None:
    assert set(routes(doors.app.routes)) == {(act.method, act.route) for act in ACTS}


def plain(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{name: value for name, value in row.items() if (table, name) not in UNTOLD} for row in found]
        for table, found in rows.items()
    }


def unprotected(route: str, reply: Reply) -> Iterator[str]:
    """What an answer lacks that every answer has. Only what pages are drawn with may be kept."""
    policy = reply.get("content-security-policy") or ""
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        yield f"its policy {policy!r}"
    for name, text in HARDENED.items():
        if reply.all(name) != [text] and not (name == "cache-control" and route in KEPT):
            yield f"{name}: {reply.all(name)}"
    for cookie in reply.all("set-cookie"):
        if not cookie.startswith("__Host-") or not {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; ")):
            yield f"the cookie {cookie}"
        if "SameSite=lax" not in cookie or "Domain" in cookie:
            yield f"the cookie {cookie}"


KEPT = {"/static", "/feed.atom"}
"""A browser may keep the one, and a reader of feeds asks whether the other has changed."""

HARDENED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


class Asker:
    """Asks each cell against the same rows."""

    def __init__(self, doors: Doors, state: State) -> None:
        self.doors, self.state = doors, state
        lay(doors, state)
        self.ways = ways(doors)
        for way in self.ways:
            doors.doorkeeper.by_token(way.token.encode())  # when one was used first is written down, once
        _leave_an_order(doors)
        go_away(doors, state)
        self.pristine, self.before = doors.dump.copy(), plain(doors.dump.everything())
        self.version = doors.dump.version
        self.secrets = [*PLANTED, SMOKE, *(text for way in self.ways for text in (way.token, way.session) if text)]
        self.cells = self.taken = 0
        self.wrong: list[str] = []

    async def ask_all(self) -> None:
        for way in self.ways:
            for act in ACTS:
                await self.ask(act, way)

    async def ask(self, act: Act, way: Way) -> None:
        doors, promised = self.doors, wanted(act, way, self.state)
        doors.clock._monotonic += BETWEEN_SECONDS
        doors.bell.woken.clear()
        headers, body = way.request(act, doors)
        reply = await doors.asked(act.method, act.path, headers, body)
        tables = self._changed()
        self.cells += 1
        self.taken += bool(promised.changes - {"interactions"})
        careless = list(unprotected(act.route, reply)) + [secret for secret in self.secrets if secret in reply.text]
        is_as_promised = reply.status in promised.statuses and tables == promised.changes and self._is_quiet(promised)
        if not is_as_promised or careless:
            found = f"{reply.status} and {sorted(tables)}, woken {doors.bell.woken}, careless with {careless}"
            hoped = f"{promised.statuses} and {sorted(promised.changes)}"
            self.wrong.append(f"{self.state}: {act} by {way}: wanted {hoped}, found {found}: {reply.text[:160]}")

    def _changed(self) -> frozenset[str]:
        """What differs now; it is as before when this returns."""
        if self.doors.dump.version == self.version:
            return frozenset()
        found = changed(self.before, plain(self.doors.dump.everything()))
        self.doors.dump.restore(self.pristine)
        self.version = self.doors.dump.version
        return found

    def _is_quiet(self, promised: Wanted) -> bool:
        """The loop is woken by an order, and by nothing else; what moves is its own."""
        return bool(self.doors.bell.woken) is ("orders" in promised.changes)


def _leave_an_order(doors: Doors) -> None:
    """The one that `orders/1` is."""
    assert doors.api("POST", "/environments/dev/orders", body={"order": "unhold", "reason": "x"}).status == 202


@pytest.mark.parametrize("state", State)
def test_whoever_comes_in_whatever_state_gets_what_was_promised_and_no_more(
    state: State, tmp_path: Path, migrated_file: Path, cells: list[tuple[State, int, int]]
) -> None:
    doors = opened(tmp_path, migrated_file, glass=GLASS)
    asker = Asker(doors, state)
    asyncio.run(asker.ask_all())
    doors.close()
    cells.append((state, asker.cells, asker.taken))
    print(
        f"{state}: {asker.cells} cells ({len(ACTS)} requests by {len(asker.ways)} ways), {asker.taken} change something"
    )
    assert asker.wrong == [], f"{len(asker.wrong)} cells"


@pytest.fixture(scope="module")
def cells() -> Iterator[list[tuple[State, int, int]]]:
    """What was asked in all."""
    found: list[tuple[State, int, int]] = []
    yield found
    print(f"\n{sum(each[1] for each in found)} cells, {sum(each[2] for each in found)} of them may change something")
