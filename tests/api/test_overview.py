"""GET /api/v1/overview: what the first page says, for programs."""

from datetime import timedelta

from tests.api.conftest import Door
from tests.support.asked import DIGEST, asked_deployment, put


def test_it_says_who_looks_what_needs_somebody_and_whom_it_waits_for(door: Door) -> None:
    put(door.store, asked_deployment("prod", 1))
    with door.store.write() as unit:
        unit.leases.claim("dev", "web-1:42:0a1b2c3d", 55)
    door.clock.sleep(timedelta(hours=1).total_seconds())
    answer = door.get("/api/v1/overview").json()
    assert answer["controllers"] == [{"name": "web-1:42:0a1b2c3d", "environments": 1}]
    assert (answer["looked_at"], answer["webhook_at"], answer["recovered"]) == ("2026-11-21T12:00:00Z", None, 0)
    held, broken = answer["needs"]
    assert (held["urgency"], held["environment"], held["order"]) == ("held", "staging", "unhold")
    assert held["clears"] == "a person: `tidegate unhold staging`" and held["since"] == "2026-11-21T12:00:00Z"
    assert (broken["urgency"], broken["reason"]["code"], broken["order"]) == ("untaken", "file.invalid", None)
    (ask,) = answer["asks"]
    assert (ask["deployment"], ask["given"], ask["count"], ask["confirmation"]) == ("prod-1", 0, 2, False)
    assert ask["digest"] == DIGEST.removeprefix("sha256:")[:12] and ask["until"] == "2026-11-22T12:00:00Z"
    assert (answer["failing"], answer["freezes"], answer["throttled"]) == (["staging"], [], [])
