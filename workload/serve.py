"""The life of one process: start, listen, and stop without a client noticing."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from workload import log, problems, rehearsal
from workload.envelope import Envelope
from workload.misbehave import Misbehave
from workload.probes import Life
from workload.version import Identity

logger = logging.getLogger("workload")

# Below the 30 s that ECS waits by default between SIGTERM and SIGKILL.
FINISH_SECONDS = 25

# Above the 60 s idle timeout of an Application Load Balancer: whoever reuses connections must be the one that
# closes them, or a request meets a socket that we have just closed (the balancer then answers 502).
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
KEEP_ALIVE_SECONDS = 75

# How long a stopping process still takes connections, asking on each for its end; and how long it then waits for
# a request on those that it has, because closing a socket with an unread request in it is a reset.
FAREWELL_SECONDS = 0.4
LAST_CALL_SECONDS = 0.1


def assembled(life: Life, routes: Sequence[BaseRoute]) -> ASGIApp:
    """The whole application: routes, problem details, rehearsals, and the envelope outside of everything."""
    handlers = dict.fromkeys((Exception, HTTPException), problems.as_answer)
    return Envelope(Misbehave(Starlette(routes=routes, exception_handlers=handlers)), life)


def run(name: str, port: int, build: Callable[[Life], ASGIApp]) -> NoReturn:
    """Serve `build(life)` until SIGTERM or SIGINT and exit: 0 stopped, 1 could not start, 2 wrong settings.

    HOST, PORT and LOG_LEVEL come from the environment; `port` is the default, 0 takes a free one.
    """
    # uvicorn raises the signal again when it has finished; then this handler makes it an ordinary end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    life = Life(Identity.of(name))
    host, port = _address(port)
    log.configure(life.identity, _log_level())
    if rehearsal.CRASH:
        _give_up("cannot start", "workload/rehearsal.py says CRASH")
    listener = _listen(host, port)
    _announce(life, listener)
    config = uvicorn.Config(
        build(life),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    _Server(config, life).run(sockets=[listener])
    sys.exit(0)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, life: Life) -> None:
        super().__init__(config)
        self._life = life

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer a moment longer with `Connection: close`, stop listening, close what is idle, wait for the rest."""
        logger.info("stopping", extra={"fields": {"requests_in_flight": len(self.server_state.tasks)}})
        self._life.is_stopping = True
        await asyncio.sleep(FAREWELL_SECONDS)
        for server in self.servers:
            server.close()
        await asyncio.sleep(LAST_CALL_SECONDS)
        await super().shutdown(sockets)
        logger.info("stopped", extra={"fields": {"requests_answered": self.server_state.total_requests}})


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _address(default_port: int) -> tuple[str, int]:
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or str(default_port)
    if not port.isdecimal() or int(port) > 65535:
        _refuse(f"PORT is {port!r}; wanted a number from 0 (any free port) to 65535")
    return host, int(port)


def _log_level() -> str:
    level = (os.environ.get("LOG_LEVEL") or "info").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        _refuse(f"LOG_LEVEL is {level.lower()!r}; wanted debug, info, warning or error")
    return level


def _refuse(complaint: str) -> NoReturn:
    sys.stderr.write(f"{complaint}\n")
    sys.exit(2)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        _give_up("cannot listen", f"{host}:{port}: {error.strerror or error}; choose another HOST or PORT")
    # Accepted sockets inherit it. asyncio sets it itself, but only on sockets made with the protocol's number, which
    # create_server leaves at 0; without it every answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _announce(life: Life, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    known = {key: value for key, value in life.identity.as_json().items() if key not in ("name", "version")}
    logger.info("listening", extra={"fields": {"host": host, "port": port, "pid": os.getpid(), **known}})


def _give_up(event: str, reason: str) -> NoReturn:
    logger.error(event, extra={"fields": {"reason": reason}})
    sys.exit(1)
