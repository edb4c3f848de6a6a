"""Webhooks in every order, each of them twice, any of them lost: the branch is where it is, whatever was told of it.

Each history goes through the real door, the inbox and the intake, on a virtual clock. Nothing has images, so that what
is looked at is which revision is desired, and not how it is rolled out.
"""

import asyncio
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from starlette.applications import Starlette

from controller.domain.delivery import Delivery, Receipt
from tests.exhaustive.exhausting import room
from tests.exhaustive.play import Play
from tests.support.builders import FILE
from tests.support.sites import Gate
from tests.webhooks.door import SECRET, a_push, headers_of
from webhooks.routes import github_route

WITHIN = timedelta(seconds=150)
"""A sweep comes every minute, and a head that it finds is looked at in the next pass."""

CHECKED = {
    "action": "completed",
    "check_suite": {"head_branch": "develop", "head_sha": f"{1:040x}"},
    "repository": {"full_name": "acme/captioncraft"},
}


@dataclass(frozen=True)
class Sent:
    """One thing that GitHub tells. `commit`: the push that it tells of, by its turn on `develop`."""

    event: str
    ends_as: str
    commit: int = 0
    payload: Mapping[str, object] | None = None


SENT: tuple[Sent, ...] = (
    Sent("push", "done", commit=1),
    Sent("push", "done", commit=2),
    Sent("push", "ignored", payload=a_push(ref="refs/heads/feature")),
    Sent("push", "done", commit=3),
    Sent("check_suite", "done", payload=CHECKED),
    Sent("push", "ignored", payload=a_push(repository={"full_name": "acme/other", "fork": False})),
)


@dataclass(frozen=True)
class History:
    """Which of `SENT` arrive, one after the other; a number that comes twice is GitHub sending it again."""

    arrivals: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"webhooks/{'-'.join(map(str, self.arrivals)) or 'none'}"


def every_order() -> Iterator[History]:
    """Of the first one, two, … six."""
    for number in range(1, len(SENT) + 1):
        yield from map(History, itertools.permutations(range(number)))


def every_duplicate() -> Iterator[History]:
    """Each of the six once more, at every later place."""
    whole = tuple(range(len(SENT)))
    for again in whole:
        for place in range(again + 1, len(whole) + 1):
            yield History((*whole[:place], again, *whole[place:]))


def every_loss() -> Iterator[History]:
    whole = range(len(SENT))
    for number in range(len(SENT)):
        yield from map(History, itertools.combinations(whole, number))


HISTORIES: dict[str, History] = {
    each.name: each for each in itertools.chain(every_order(), every_duplicate(), every_loss())
}


def sampled(number: int, seed: int) -> list[History]:
    return random.Random(seed).sample(list(HISTORIES.values()), min(number, len(HISTORIES)))


def told(histories: Sequence[History]) -> dict[str, list[str]]:
    """What is wrong after each, where something is."""
    with asyncio.Runner() as runner:
        found = {history.name: runner.run(_told(history)) for history in histories}
    return {name: broken for name, broken in found.items() if broken}


async def _told(history: History) -> list[str]:
    with room() as directory:
        play = _rested(directory)
        process = play.processes[0]

        def accept(delivery: Delivery) -> Receipt:
            return process.inbox.accept(delivery)

        door = Starlette(routes=[github_route([SECRET], accept, play.time)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://tidegate") as client:
            broken = [wrong for arrival in history.arrivals for wrong in await _arrives(play, client, arrival)]
        _push_up_to(play, max(one.commit for one in SENT))
        desired = play.outside.repository.commits[-1][0].sha
        end = play.now() + WITHIN
        while play.now() < end and not (play.environment.recorded == desired and _is_taken_in(play)):
            play.step()
        broken += list(_wrong(play, history, desired))
        play.store.close()
        return broken


def _rested(directory: Path) -> Play:
    play = Play(directory)
    play.start(Gate("one"))
    play.settle()
    return play


async def _arrives(play: Play, client: httpx.AsyncClient, number: int) -> list[str]:
    """GitHub tells it, not sooner than it happened; the loop does what there is to do about it."""
    sent = SENT[number]
    _push_up_to(play, sent.commit)
    payload = sent.payload or a_push(after=f"{sent.commit:040x}")
    body = httpx.Request("POST", "http://tidegate", json=payload).content
    guid = f"72d3162e-cc78-11e3-81ab-{number:012d}"
    answer = await client.post("/webhooks/github", content=body, headers=headers_of(body, event=sent.event, guid=guid))
    while play.processes[0].pool.waiting:
        play.step()
    return [] if answer.status_code == 202 else [f"S1: {sent} was answered {answer.status_code}"]


def _push_up_to(play: Play, number: int) -> None:
    """Without images: nothing rolls."""
    while len(play.outside.repository.commits) < number:
        play.outside.commit(FILE, images=False, content=str(len(play.outside.repository.commits)))


def _is_taken_in(play: Play) -> bool:
    return not play.rows("SELECT id FROM deliveries WHERE state = 'received'")


def _wrong(play: Play, history: History, desired: str) -> Iterator[str]:
    if play.environment.recorded != desired:
        yield f"S3: recorded is {play.environment.recorded}, the branch is at {desired}"
    newest = play.rows("SELECT sha, phase FROM deployments ORDER BY number DESC LIMIT 1")
    if newest != [(desired, "waiting")]:
        yield f"S3: the newest deployment is {newest}, the branch is at {desired}"
    recorded = [sha for (sha,) in play.rows("SELECT sha FROM deployments ORDER BY number")]
    if recorded != sorted(set(recorded)):
        yield f"S3: deployments of {recorded}, which is not the order of the branch"
    ends = play.rows("SELECT id, state FROM deliveries ORDER BY id")
    wanted = [(f"72d3162e-cc78-11e3-81ab-{one:012d}", SENT[one].ends_as) for one in sorted(set(history.arrivals))]
    if ends != wanted:
        yield f"S1: deliveries ended as {ends}, wanted {wanted}"
