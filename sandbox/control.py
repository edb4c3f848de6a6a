"""The assembly's part of the control API: traffic, faults of AWS, and which tasks run.

Mounted under `/sandbox` behind the bearer token. Errors are `{"error": sentence}`, 422 for a wrong request.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.clock import Clock
from sandbox.traffic import Load
from sandbox.world.faults import Fault, FaultKind, Faults
from sandbox.world.small.scans import SEVERITIES

Body = dict[str, Any]
MOST_REQUESTS = 1_000_000
MOST_PER_SECOND = 2_000
MOST_IMAGES = 1_000
FAULT_FIELDS = {
    "service": str,
    "operation": str,
    "mutating": bool,
    "times": int,
    "rate": float,
    "seconds": float,
    "versions": int,
}


@dataclass(frozen=True)
class Balancer:
    """Where an environment's load balancer really listens, and how it is called."""

    dns_name: str
    port: int


@dataclass
class Control:
    """What the routes act on."""

    clock: Clock
    balancers: Mapping[str, Balancer]
    faults: Faults
    pids: Callable[[], list[int]]
    interrupt_spot: Callable[[str], int]
    """Take back what an environment runs on Spot; how many tasks that was."""
    _loads: dict[str, Load] = field(default_factory=dict)
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/traffic", _json(self.traffic), methods=["POST"]),
            Route("/traffic/{environment}", self.report, methods=["GET"]),
            Route("/traffic/{environment}", self.end, methods=["DELETE"]),
            Route("/faults/aws", _json(self.fault), methods=["POST"]),
            Route("/faults/aws", self.no_faults, methods=["DELETE"]),
            Route("/faults/spot", _json(self.spot), methods=["POST"]),
            Route("/faults/scan", _json(self.scan), methods=["POST"]),
            Route("/tasks", self.tasks, methods=["GET"]),
        ]

    async def traffic(self, body: Body) -> Body:
        """Send `rate` requests a second through an environment's balancer for `seconds`.

        Answers at once with the report as it stands, or with `wait: true` when all is answered.
        """
        environment = self._known(body.get("environment"))
        rate, seconds = _number(body, "rate", MOST_PER_SECOND), _number(body, "seconds", 86_400)
        if rate * seconds > MOST_REQUESTS:
            raise ValueError(f"{rate * seconds:.0f} requests are too many for one report: at most {MOST_REQUESTS}")
        balancer = self.balancers[environment]
        load = self._loads[environment] = Load(self.clock, balancer.port, balancer.dns_name, rate, seconds)
        task = asyncio.get_running_loop().create_task(load.run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if body.get("wait"):
            await task
        return self._told(environment)

    async def report(self, request: Request) -> Response:
        """How the last traffic of an environment went so far."""
        environment = request.path_params["environment"]
        if environment not in self._loads:
            return _error(404, f"no traffic has been sent to {environment!r}")
        return JSONResponse(self._told(environment))

    async def end(self, request: Request) -> Response:
        """Send no more to an environment; how the traffic went, once what was sent is answered."""
        environment = request.path_params["environment"]
        if environment not in self._loads:
            return _error(404, f"no traffic has been sent to {environment!r}")
        self._loads[environment].end()
        await self._loads[environment].over()
        return JSONResponse(self._told(environment))

    async def fault(self, body: Body) -> Body:
        """Let AWS misbehave: the fields of `sandbox.world.faults.Fault`."""
        kinds = get_args(FaultKind)
        if body.get("kind") not in kinds:
            raise ValueError(f"no AWS fault is called {body.get('kind')!r}: use one of {', '.join(kinds)}")
        given = {name: _typed(name, body[name]) for name in FAULT_FIELDS if body.get(name) is not None}
        self.faults.add(Fault(kind=body["kind"], **given))
        return {"kind": body["kind"], **given}

    async def no_faults(self, request: Request) -> Response:
        """Let AWS behave again."""
        del request
        self.faults.clear()
        return JSONResponse({"faults": []})

    async def spot(self, body: Body) -> Body:
        """AWS takes an environment's Spot tasks back, all at once."""
        environment = self._known(body.get("environment"))
        return {"environment": environment, "interrupted": self.interrupt_spot(environment)}

    async def scan(self, body: Body) -> Body:
        """ECR's scan finds something of this severity in each of the next `count` images that are pushed."""
        severity, count = body.get("severity"), body.get("count")
        if severity not in SEVERITIES:
            raise ValueError(f"no severity is called {severity!r}: use one of {', '.join(SEVERITIES)}")
        if type(count) is not int or not 0 < count <= MOST_IMAGES:
            raise ValueError(f"count must be a whole number from 1 to {MOST_IMAGES}, found {count!r}")
        self.faults.flaws += [(severity,)] * count
        return {"severity": severity, "count": count}

    async def tasks(self, request: Request) -> Response:
        """The process ids of all tasks that run."""
        del request
        return JSONResponse({"pids": self.pids()})

    async def close(self) -> None:
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _known(self, environment: Any) -> str:
        if environment not in self.balancers:
            raise ValueError(f"no environment is called {environment!r}: use one of {', '.join(self.balancers)}")
        return str(environment)

    def _told(self, environment: str) -> Body:
        return {"environment": environment, **self._loads[environment].report.as_json()}


def _number(body: Body, name: str, most: float) -> float:
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, found {value!r}")
    if not 0 < value <= most:
        raise ValueError(f"{name} must be above 0 and at most {most:g}, found {value:g}")
    return float(value)


def _typed(name: str, value: Any) -> Any:
    wanted = FAULT_FIELDS[name]
    fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise ValueError(f"{name} must be of type {wanted.__name__}, found {value!r}")
    return wanted(value)


def _json(action: Callable[[Body], Awaitable[Body]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                return _error(422, "the request must be a JSON object")
            return JSONResponse(await action(body))
        except ValueError as error:
            return _error(422, str(error))

    return endpoint


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
