"""The whole Slack in one object, for whoever assembles the sandbox."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.clock import Clock
from sandbox.slack.api import frame
from sandbox.slack.control import Control
from sandbox.slack.crawler import Crawler
from sandbox.slack.incoming import Incoming
from sandbox.slack.interactions import Interactions
from sandbox.slack.misbehaviour import Misbehaviour
from sandbox.slack.pages.frame import Frame
from sandbox.slack.pages.routes import Pages
from sandbox.slack.people import APP_ID, TEAM_ID, App
from sandbox.slack.sending import HttpSender, Send
from sandbox.slack.state import State


class Slack:
    """Made and closed inside a running event loop. `origin` must be set to the server's address
    (`http://127.0.0.1:PORT`) before it is asked anything.

    `request_url` is where interactions go; it may be set later.
    """

    def __init__(self, clock: Clock, secret: str, *, request_url: str | None = None, send: Send | None = None) -> None:
        self.state = State(clock, App(secret))
        self.misbehaviour = Misbehaviour()
        self._http = HttpSender()
        self.crawler = Crawler(send or self._http)
        self.state.unfurl = self.crawler.hear
        self.incoming = Incoming(self.state)
        self.interactions = Interactions(self.state, self.incoming, self.misbehaviour, send or self._http, request_url)
        self.control = Control(self.state, self.interactions, self.misbehaviour)
        self._pages = Pages(Frame(self.state), self.interactions)

    @property
    def origin(self) -> str:
        return self.state.origin

    @origin.setter
    def origin(self, address: str) -> None:
        self.state.origin = address.rstrip("/")

    @property
    def api(self) -> str:
        """The Web API's base address, with the slash that slack_sdk wants."""
        return f"{self.origin}/api/"

    def endpoints(self) -> dict[str, str]:
        """What an app must know: addresses, credentials, and who it talks to."""
        app, channel = self.state.app, next(iter(self.state.channels.values()))
        return {
            "url": self.origin,
            "api": self.api,
            "token": app.token,
            "signing_secret": app.signing_secret,
            "team": TEAM_ID,
            "app": APP_ID,
            "webhook": self.incoming.webhook_url(channel),
        }

    def app(self) -> Starlette:
        """One ASGI app: the Web API, incoming webhooks and response URLs, and the pages."""
        methods = frame.Frame(self.state, self.misbehaviour).routes()
        return Starlette(
            routes=[Mount("/api", routes=methods), *self.incoming.routes(), *self._pages.routes()],
            max_body_size=frame.MAX_BODY_BYTES,
        )

    async def close(self) -> None:
        """Stop what is on its way."""
        await self._pages.close()
        await self.crawler.close()
        await self._http.close()
