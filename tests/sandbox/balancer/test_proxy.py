"""What a client and a target see of each other through the balancer."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from random import Random

import pytest

from sandbox.balancer.proxy import Balancer
from sandbox.balancer.upstream import IDLE_SECONDS
from sandbox.world.ports import Endpoint, Target
from sandbox.world.view import FixedResponse, Redirect, RuleView, TargetView
from tests.sandbox.balancer.rig import (
    Rig,
    pause,
    play,
    read_answer,
    read_head,
    read_request,
)

GET = b"GET /x?y=1 HTTP/1.1\r\nHost: shop\r\n\r\n"


def post(body: bytes = b"hello", *more: bytes) -> bytes:
    headers = b"".join(line + b"\r\n" for line in more)
    return b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), headers, body)


def free_endpoint() -> Endpoint:
    """Where nothing listens: port 1 of an address of its own."""
    return Endpoint("127.0.0.1", 1)


def a_dead_target(number: int, group: str = "blue") -> TargetView:
    return TargetView(Target(group, f"10.9.9.{number}", 80), "healthy", free_endpoint())


def test_a_request_reaches_the_target_and_its_answer_comes_back() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        answer = await rig.ask(GET)
        assert (answer.status, answer.body, answer.headers[b"x-target"]) == (200, b"hello", b"me")
        assert (target.requests[0].method, target.requests[0].target) == (b"GET", b"/x?y=1")
        assert target.requests[0].header(b"host") == b"shop"

    play(scenario)


def test_the_target_learns_who_asked_and_through_which_port() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        await rig.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Port: 9\r\n\r\n")
        seen = target.requests[0]
        assert seen.header(b"x-forwarded-for") == b"1.2.3.4, 127.0.0.1"
        assert seen.header(b"x-forwarded-port") == b"80"
        assert seen.header(b"x-forwarded-proto") == b"http"

    play(scenario)


def test_headers_of_one_hop_stay_on_that_hop() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        await rig.ask(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine, Host, X-Forwarded-For\r\n"
            b"X-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-Kept: 2\r\n\r\n"
        )
        names = {name for name, _ in target.requests[0].headers}
        assert names == {b"host", b"x-kept", b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto"}

    play(scenario)


def test_connections_are_kept_on_both_sides() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        for _ in range(5):
            writer.write(GET)
            assert (await read_answer(reader)).status == 200
        assert target.connections == 1

    play(scenario)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def scenario(rig: Rig) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while (request := await read_request(reader)) is not None:
                body = request.target + request.body
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

        await rig.target(echo)
        reader, writer = await rig.connect()
        writer.write(
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
            b"GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        bodies = [(await read_answer(reader)).body for _ in range(4)]
        assert bodies == [b"/1", b"/2abc", b"/3de", b"/4"]

    play(scenario)


def test_a_thousand_pipelined_refusals_do_not_exhaust_the_stack() -> None:
    async def scenario(rig: Rig) -> None:
        rig.traffic.rule_list = (RuleView("default", None, (), FixedResponse(404, body="no")),)
        reader, writer = await rig.connect()
        writer.write(GET * 1000)
        assert {(await read_answer(reader)).status for _ in range(1000)} == {404}

    play(scenario)


@pytest.mark.parametrize("length", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_an_answer_to_head_has_no_body_and_the_connection_lives_on(length: bytes) -> None:
    async def scenario(rig: Rig) -> None:
        async def heads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await read_request(reader):
                writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n" % length)

        await rig.target(heads)
        reader, writer = await rig.connect()
        for _ in range(3):
            writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await read_answer(reader, "HEAD")
            assert (answer.status, answer.body) == (200, b"")
        assert (answer.headers.get(b"content-length") == b"5") == (b"Length" in length)

    play(scenario)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_bodies_end_with_their_heads(status: int) -> None:
    async def scenario(rig: Rig) -> None:
        async def bare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await read_request(reader):
                writer.write(b"HTTP/1.1 %d Bare\r\nETag: x\r\n\r\n" % status)

        target = await rig.target(bare)
        reader, writer = await rig.connect()
        for _ in range(2):
            writer.write(GET)
            answer = await read_answer(reader)
            assert (answer.status, answer.body) == (status, b"")
            assert b"content-length" not in answer.headers
            assert b"transfer-encoding" not in answer.headers
        assert target.connections == 1

    play(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\n\r\nabcde",
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    ],
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_every_way_to_frame_an_answer_arrives_whole(answer: bytes, version: bytes) -> None:
    async def scenario(rig: Rig) -> None:
        async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(answer)

        await rig.target(raw)
        reader, writer = await rig.connect()
        writer.write(b"GET / HTTP/%b\r\nHost: a\r\n\r\n" % version)
        got = await read_answer(reader)
        assert (got.status, got.body) == (200, b"abcde")
        assert version == b"1.1" or b"transfer-encoding" not in got.headers

    play(scenario)


def test_a_chunked_upload_stays_chunked_and_whole() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"abc", b"d" * 100_000, b"e"):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await read_answer(reader, "POST")).status == 200
        assert target.requests[0].body == b"abc" + b"d" * 100_000 + b"e"
        assert target.requests[0].header(b"transfer-encoding") == b"chunked"

    play(scenario)


def test_events_are_passed_on_as_they_come() -> None:
    async def scenario(rig: Rig) -> None:
        more = asyncio.Event()

        async def events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            await more.wait()
            writer.write(b"data: 2\n\n")

        await rig.target(events)
        reader, writer = await rig.connect()
        writer.write(GET)
        assert b"200 OK" in await read_head(reader)
        assert await reader.readuntil(b"data: 1\n\n\r\n") == b"9\r\ndata: 1\n\n\r\n"
        more.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"

    play(scenario)


def test_a_client_that_waits_for_100_is_told_to_go_on() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert await read_head(reader) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await read_answer(reader, "POST")).status == 200
        assert target.requests[0].header(b"expect") is None
        assert target.requests[0].body == b"hello"

    play(scenario)


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"


def test_a_websocket_becomes_a_two_way_stream() -> None:
    async def scenario(rig: Rig) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await read_request(reader)
            assert request is not None
            assert request.header(b"upgrade") == b"websocket"
            writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst")
            while data := await reader.read(100):
                writer.write(data.upper())

        await rig.target(echo)
        reader, writer = await rig.connect()
        writer.write(UPGRADE + b"early")
        assert b"Upgrade: websocket" in await read_head(reader)
        assert await reader.readexactly(10) == b"firstEARLY"
        writer.write(b"later")
        assert await reader.readexactly(5) == b"LATER"
        assert rig.in_flight == 1
        writer.close()

    play(scenario)


def test_a_websocket_ends_for_the_client_when_the_target_ends_it() -> None:
    async def scenario(rig: Rig) -> None:
        async def brief(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nbye")

        await rig.target(brief)
        reader, writer = await rig.connect()
        writer.write(UPGRADE)
        assert (await reader.read()).endswith(b"\r\n\r\nbye")

    play(scenario)


def test_a_target_may_decline_to_upgrade() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.target()
        answer = await rig.ask(UPGRADE)
        assert (answer.status, answer.body) == (200, b"hello")

    play(scenario)


def test_other_upgrades_are_answered_as_plain_requests() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + GET)
        assert [(await read_answer(reader)).status for _ in range(2)] == [200, 200]
        assert target.requests[0].header(b"upgrade") is None

    play(scenario)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"NONSENSE\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nxx", 405),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 12345678\r\n" * 5_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 400_000, 431),
    ],
)  # fmt: skip
def test_what_must_not_be_passed_on_is_refused(raw: bytes, status: int) -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        writer.write(raw)
        answer = await read_answer(reader)
        assert answer.status == status
        assert answer.headers[b"connection"] == b"close"
        assert await reader.read() == b""
        assert target.requests == []

    play(scenario)


def test_rubbish_after_a_good_request_does_not_spoil_its_answer() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.target()
        reader, writer = await rig.connect()
        writer.write(GET + b"rubbish\r\n\r\n")
        assert [(await read_answer(reader)).status for _ in range(2)] == [200, 400]
        assert await reader.read() == b""

    play(scenario)


def test_an_absolute_url_names_the_host() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        await rig.ask(b"GET http://other/x?y HTTP/1.1\r\nHost: a\r\n\r\n")
        assert target.requests[0].target == b"/x?y"

    play(scenario)


def test_without_targets_or_weight_the_answer_is_503() -> None:
    async def scenario(rig: Rig) -> None:
        reader, writer = await rig.connect()
        writer.write(post())
        assert (await read_answer(reader, "POST")).status == 503
        await rig.target()
        writer.write(GET)
        assert (await read_answer(reader)).status == 200
        rig.forward(blue=0)
        writer.write(GET)
        assert (await read_answer(reader)).status == 503

    play(scenario)


def test_fixed_answers_and_redirects_need_no_target() -> None:
    async def scenario(rig: Rig) -> None:
        rig.traffic.rule_list = (RuleView("r", None, (), FixedResponse(418, "text/html", "<p>tea</p>")),)
        answer = await rig.ask(GET)
        assert (answer.status, answer.headers[b"content-type"], answer.body) == (
            418,
            b"text/html",
            b"<p>tea</p>",
        )
        rig.traffic.rule_list = (RuleView("r", None, (), Redirect(301, protocol="HTTPS", port="443")),)
        answer = await rig.ask(GET)
        assert (answer.status, answer.headers[b"location"]) == (301, b"https://shop/x?y=1")
        rig.traffic.rule_list = (RuleView("r", None, (), Redirect(302, path="/new/#{path}", query="")),)
        assert (await rig.ask(GET)).headers[b"location"] == b"http://shop/new/x"

    play(scenario)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"rubbish\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n"])
def test_a_target_that_breaks_before_its_answer_means_502(answer: bytes) -> None:
    async def scenario(rig: Rig) -> None:
        async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(answer)

        await rig.target(breaks)
        reader, writer = await rig.connect()
        for _ in range(2):
            writer.write(post())
            assert (await read_answer(reader, "POST")).status == 502

    play(scenario)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nrubbish",
    ],
)
def test_an_answer_that_breaks_off_is_seen_to_be_cut(answer: bytes) -> None:
    async def scenario(rig: Rig) -> None:
        async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(answer)

        await rig.target(breaks)
        reader, writer = await rig.connect()
        writer.write(GET)
        whole = await reader.read()
        assert b"abc" in whole
        assert not whole.endswith(b"0\r\n\r\n")

    play(scenario)


def test_a_fresh_connection_that_breaks_is_not_tried_again() -> None:
    async def scenario(rig: Rig) -> None:
        async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)

        target = await rig.target(breaks)
        assert (await rig.ask(GET)).status == 502
        assert target.connections == 1

    play(scenario)


def test_requests_that_cannot_be_answered_yet_are_not_all_read() -> None:
    async def scenario(rig: Rig) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        await rig.target(silent)
        _, writer = await rig.connect()
        writer.write(GET * 100_000)
        await rig.settle(lambda: rig.in_flight == 1)
        [client] = rig.balancer._clients
        assert client._transport is not None
        await rig.settle(lambda: not client._transport.is_reading())
        client.abort()

    play(scenario)


def test_silence_means_504_for_the_client_and_an_end_for_the_target() -> None:
    async def scenario(rig: Rig) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        target = await rig.target(silent)
        reader, writer = await rig.connect()
        writer.write(GET)
        await rig.settle(lambda: target.connections == 1)
        rig.clock.advance(55)
        assert rig.in_flight == 1
        rig.clock.advance(10)
        assert (await read_answer(reader)).status == 504

    play(scenario)


def test_a_head_that_never_ends_is_given_up() -> None:
    async def scenario(rig: Rig) -> None:
        reader, writer = await rig.connect()
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        await rig.settle(lambda: len(rig.balancer._clients) == 1)
        for _ in range(7):
            writer.write(b"trickle")
            await pause(0.002)
            rig.clock.advance(10)
        assert (await read_answer(reader)).status == 408

    play(scenario)


def test_an_idle_client_is_let_go() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.target()
        reader, writer = await rig.connect()
        writer.write(GET)
        await read_answer(reader)
        rig.clock.advance(62)
        assert await reader.read() == b""

    play(scenario)


def test_a_target_that_refuses_is_passed_over_for_another() -> None:
    async def scenario(rig: Rig) -> None:
        rig.register(a_dead_target(1))
        good = await rig.target()
        rig.register(a_dead_target(2))
        for _ in range(20):
            assert (await rig.ask(post())).status == 200
        assert {request.body for request in good.requests} == {b"hello"}

    play(scenario)


def test_when_every_target_refuses_the_answer_is_502() -> None:
    async def scenario(rig: Rig) -> None:
        for number in range(5):
            rig.register(a_dead_target(number))
        assert (await rig.ask(GET)).status == 502
        tallies = {series.group_arn: tally for _, series, tally in rig.balancer.meter.since(rig.clock.now())}
        assert tallies["blue"].connection_errors == 3

    play(scenario)


def test_a_target_without_an_endpoint_counts_as_refusing() -> None:
    async def scenario(rig: Rig) -> None:
        rig.register(TargetView(Target("blue", "10.1.1.1", 80), "healthy", None))
        assert (await rig.ask(GET)).status == 502

    play(scenario)


async def dies_while_pooled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one request, and breaks off at the next one's head without a word."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    await reader.readuntil(b"\r\n\r\n")


def test_an_idempotent_request_on_a_dying_pooled_connection_is_sent_again() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target(dies_while_pooled)
        reader, writer = await rig.connect()
        for _ in range(4):
            writer.write(GET)
            assert (await read_answer(reader)).status == 200
        assert target.connections == 4

    play(scenario)


def test_a_put_is_sent_again_with_its_body() -> None:
    async def scenario(rig: Rig) -> None:
        bodies: list[bytes] = []

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await read_request(reader)
            assert request is not None
            bodies.append(request.body)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await reader.readuntil(b"\r\n\r\n")

        await rig.target(handler)
        reader, writer = await rig.connect()
        for _ in range(2):
            writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            assert (await read_answer(reader)).status == 200
        assert bodies == [b"abc", b"abc"]

    play(scenario)


def test_a_post_is_never_sent_twice() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target(dies_while_pooled)
        reader, writer = await rig.connect()
        writer.write(post())
        assert (await read_answer(reader, "POST")).status == 200
        writer.write(post())
        assert (await read_answer(reader, "POST")).status == 502
        assert target.connections == 1

    play(scenario)


def test_a_request_is_sent_again_only_once() -> None:
    async def scenario(rig: Rig) -> None:
        served = 0

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            served += 1
            if served == 1:
                await dies_while_pooled(reader, writer)

        await rig.target(once)
        reader, writer = await rig.connect()
        writer.write(GET)
        assert (await read_answer(reader)).status == 200
        writer.write(GET)
        assert (await read_answer(reader)).status == 502
        assert served == 2

    play(scenario)


def test_pooled_connections_are_not_kept_as_long_as_a_target_would() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        await rig.ask(GET)
        rig.clock.advance(IDLE_SECONDS + 2)
        await rig.ask(GET)
        assert target.connections == 2

    play(scenario)


@pytest.mark.parametrize(
    "junk",
    [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"HTTP/1.1 204 Evil\r\n\r\n", b"evil"],
)
def test_junk_after_an_answer_never_becomes_the_next_ones(junk: bytes) -> None:
    async def scenario(rig: Rig) -> None:
        async def smuggles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await read_request(reader):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" + junk)

        target = await rig.target(smuggles)
        reader, writer = await rig.connect()
        writer.write(GET * 3)
        assert [(await read_answer(reader)).body for _ in range(3)] == [b"ok"] * 3
        assert target.connections == 3

    play(scenario)


def test_an_answer_before_the_whole_request_still_leaves_a_usable_connection() -> None:
    async def scenario(rig: Rig) -> None:
        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(b"HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno")
            await reader.read()

        target = await rig.target(hasty)
        reader, writer = await rig.connect()
        for number in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            assert (await read_answer(reader, "POST")).status == 413
            writer.write(b"x" * 100_000)
            assert target.connections == number + 1

    play(scenario)


def test_a_draining_target_finishes_its_requests_and_gets_no_new_ones() -> None:
    async def scenario(rig: Rig) -> None:
        finish = asyncio.Event()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            await finish.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow")
            await reader.read()

        old = await rig.target(slow)
        reader, writer = await rig.connect()
        writer.write(GET)
        await rig.settle(lambda: old.connections == 1)
        idle: list[str] = []
        draining = TargetView(old.view.target, "draining", old.view.endpoint)
        rig.traffic.groups.clear()
        rig.register(draining)
        rig.balancer.when_idle(old.view.target, lambda: idle.append("idle"))
        await rig.target()
        assert {(await rig.ask(GET)).body for _ in range(5)} == {b"hello"}
        assert idle == []
        finish.set()
        assert (await read_answer(reader)).body == b"slow"
        await rig.settle(lambda: idle == ["idle"])
        assert rig.balancer.pool.open_for(old.view.target) == 0

    play(scenario)


def test_idle_connections_to_a_draining_target_are_closed() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        await rig.ask(GET)
        assert rig.balancer.pool.open_for(target.view.target) == 1
        idle: list[str] = []
        rig.balancer.when_idle(target.view.target, lambda: idle.append("idle"))
        assert idle == []
        await rig.settle(lambda: idle == ["idle"] and rig.balancer.pool.open_for(target.view.target) == 0)

    play(scenario)


def test_nobody_is_told_of_a_target_that_went_first() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        rig.balancer.when_idle(target.view.target, lambda: pytest.fail("told after it was gone"))
        rig.balancer.target_gone(target.view.target)
        rig.clock.advance(0)

    play(scenario)


def test_what_follows_a_last_request_is_neither_answered_nor_counted() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        reader, writer = await rig.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET)
        assert (await read_answer(reader)).status == 200
        assert await reader.read() == b""
        await rig.settle(lambda: not rig.balancer._clients)
        tallies = {series.group_arn: tally for _, series, tally in rig.balancer.meter.since(rig.clock.now())}
        assert (len(target.requests), tallies[""].requests) == (1, 1)

    play(scenario)


def test_a_target_that_is_gone_is_cut_off_whatever_it_is_doing() -> None:
    async def scenario(rig: Rig) -> None:
        async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
            await reader.read()

        target = await rig.target(endless)
        reader, writer = await rig.connect()
        writer.write(GET)
        await read_head(reader)
        rig.balancer.when_idle(target.view.target, lambda: pytest.fail("told after it was gone"))
        rig.balancer.target_gone(target.view.target)
        assert await reader.read() == b"part"
        rig.clock.advance(0)

    play(scenario)


def test_a_slow_reader_holds_the_target_back() -> None:
    async def scenario(rig: Rig) -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
            for _ in range(1000):
                writer.write(b"x" * 100_000)
                await writer.drain()
                sent += 100_000

        await rig.target(flood)
        reader, writer = await rig.connect()
        writer.write(GET)
        await read_head(reader)
        before = -1
        while sent != before:
            before = sent
            await pause(0.05)
        assert sent < 60_000_000
        received = 0
        while received < 100_000_000:
            received += len(await reader.read(1 << 20))
        assert sent == 100_000_000

    play(scenario)


def test_a_slow_target_holds_the_client_back() -> None:
    async def scenario(rig: Rig) -> None:
        read_on = asyncio.Event()
        received = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received
            await read_head(reader)
            await read_on.wait()
            while received < 100_000_000:
                received += len(await reader.read(1 << 20))
            writer.write(b"HTTP/1.1 204 OK\r\n\r\n")

        await rig.target(slow)
        reader, writer = await rig.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        sent = 0

        async def upload() -> None:
            nonlocal sent
            for _ in range(1000):
                writer.write(b"x" * 100_000)
                await writer.drain()
                sent += 100_000

        task = asyncio.ensure_future(upload())
        before = -1
        while sent != before:
            before = sent
            await pause(0.05)
        assert sent < 60_000_000
        read_on.set()
        assert (await read_answer(reader, "POST")).status == 204
        await task
        assert received == 100_000_000

    play(scenario)


def test_the_split_is_what_the_weights_say() -> None:
    async def scenario(rig: Rig) -> None:
        rig.forward(blue=90, green=10, grey=0)
        blue, green, grey = [await rig.target(group=group) for group in ("blue", "green", "grey")]
        reader, writer = await rig.connect()
        writer.write(GET * 200)
        for _ in range(200):
            await read_answer(reader)
        assert [len(target.requests) for target in (blue, green, grey)] == [180, 20, 0]

    play(scenario)


def test_every_answer_is_counted_once_for_its_listener_and_its_group() -> None:
    async def scenario(rig: Rig) -> None:
        await rig.target()
        reader, writer = await rig.connect()
        writer.write(GET * 3)
        for _ in range(3):
            await read_answer(reader)
        rig.forward(nobody=1)
        await rig.ask(GET)
        await rig.ask(b"rubbish\r\n\r\n")
        tallies = {series.group_arn: tally for _, series, tally in rig.balancer.meter.since(rig.clock.now())}
        assert {group: tally.requests for group, tally in tallies.items()} == {"": 5, "blue": 3, "nobody": 1}
        assert tallies[""].target_answers == {2: 3}
        assert tallies[""].balancer_answers == Counter({503: 1, 400: 1})
        assert tallies["blue"].latencies.count == 3

    play(scenario)


def test_two_balancers_do_not_share_a_port() -> None:
    async def scenario(rig: Rig) -> None:
        taken = rig.balancer.ports["listener"]
        second = Balancer(rig.clock, Random(1), port_for=lambda listener: taken)
        with pytest.raises(OSError, match="in use"):
            await second.serve(rig.traffic)

    play(scenario)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (GET, b""),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome", b""),
        (GET, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart"),
        (UPGRADE, b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi"),
        (GET * 3, b""),
    ],
    ids=["waiting", "uploading", "downloading", "websocket", "pipelined"],
)
@pytest.mark.parametrize("how", ["closes", "resets"])
def test_a_client_that_leaves_ends_its_request_at_the_target_too(sent: bytes, answered: bytes, how: str) -> None:
    async def scenario(rig: Rig) -> None:
        gone = asyncio.Event()

        async def patient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(answered)
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            gone.set()

        target = await rig.target(patient)
        reader, writer = await rig.connect()
        writer.write(sent)
        if answered:
            await read_head(reader)
        await rig.settle(lambda: target.connections == 1)
        assert rig.in_flight == 1
        if how == "closes":
            writer.close()
        else:
            writer.transport.abort()
        await gone.wait()
        await rig.settle(lambda: rig.in_flight == 0)
        assert rig.balancer.pool.open_for(target.view.target) == 0

    play(scenario)


def test_a_client_that_leaves_before_the_connection_stands_leaves_nothing_behind() -> None:
    async def scenario(rig: Rig) -> None:
        target = await rig.target()
        for _ in range(20):
            _, writer = await rig.connect()
            writer.write(GET)
            await pause(0)
            writer.transport.abort()
        await rig.settle(lambda: rig.in_flight == 0 and not rig.balancer._clients)
        assert (await rig.ask(GET)).status == 200
        assert rig.balancer.pool.open_for(target.view.target) <= 21

    play(scenario)
