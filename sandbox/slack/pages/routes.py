"""The addresses of the pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from html import escape
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.slack.interactions import Interactions, part_of
from sandbox.slack.pages import showing
from sandbox.slack.pages.frame import HEADERS, PERSON, Frame, Problem, onward
from sandbox.slack.people import APP_NAME, BOT, BOT_USER_ID, TEAM_NAME, Members, User
from sandbox.slack.posting import Draft, post
from sandbox.slack.records import Channel, Interaction, Json, Message, View

STATIC = Path(__file__).with_name("static")
COLOURS = ("#7b3f8c", "#2b6a99", "#9c4a1a", "#2d7250", "#8a2f4f", "#52606d")
Page = Callable[[Request], Awaitable[Response]]
Pressing = Coroutine[None, None, Interaction]


class Pages:
    def __init__(self, frame: Frame, interactions: Interactions) -> None:
        self._frame = frame
        self._state = frame.state
        self._interactions = interactions
        self._opening: set[asyncio.Task[Interaction]] = set()

    def routes(self) -> list[BaseRoute]:
        pages: list[tuple[str, str, Page]] = [
            ("GET", "/", self.home),
            ("POST", "/me", self.become),
            ("GET", "/archives/{channel}", self.channel),
            ("POST", "/archives/{channel}", self.say),
            ("GET", "/archives/{channel}/thread/{thread}", self.channel),
            ("GET", "/archives/{channel}/p{digits:int}", self.permalink),
            ("POST", "/archives/{channel}/{ts}/press", self.press),
            ("GET", "/views/{view}", self.view),
            ("POST", "/views/{view}", self.answer),
        ]
        made: list[BaseRoute] = [Route(path, self._guarded(page), methods=[method]) for method, path, page in pages]
        picture = Route("/avatars/{name}.svg", avatar, methods=["GET"])
        return [*made, picture, Mount("/static", app=StaticFiles(directory=STATIC))]

    async def close(self) -> None:
        for task in list(self._opening):
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _guarded(self, page: Page) -> Page:
        async def endpoint(request: Request) -> Response:
            try:
                return await page(request)
            except Problem as problem:
                return self._frame.problem(request, problem)

        return endpoint

    # Who.

    async def home(self, request: Request) -> Response:
        if self._frame.visitor(request).user is None:
            return self._who(request)
        return onward(showing.path_of(next(iter(self._state.channels.values()))))

    def _who(self, request: Request) -> Response:
        back = request.url.path
        return self._frame.page(request, self._frame.visitor(request), "people.html", back=back)

    async def become(self, request: Request) -> Response:
        """Somebody sits down at this browser."""
        _, form = await self._frame.form(request)
        user = self._state.members.with_id(_text(form, "person"))
        if user is None or user.is_bot:
            raise Problem(HTTPStatus.NOT_FOUND, "Nobody here is called that.")
        back = _text(form, "back")
        answer = onward("/" if back.startswith(("/archives/D", "/views")) else back)
        answer.set_cookie(PERSON, user.id, httponly=True, samesite="lax")
        return answer

    # Channels.

    async def channel(self, request: Request) -> Response:
        visitor = self._frame.visitor(request)
        if visitor.user is None:
            return self._who(request)
        user, found, guard = visitor.user, self._channel(request, visitor.user), self._frame.guard(visitor)
        thread, modal = request.path_params.get("thread"), self._state.open_view(user)
        if thread is not None:
            self._message(found, thread, user)
        shown = showing.thread_messages(self._state, user, found, thread, guard) if thread else []
        return self._frame.page(
            request,
            visitor,
            "workspace.html",
            me=user,
            app=APP_NAME,
            title=APP_NAME if found.is_direct else f"#{found.name}",
            purpose="Direct messages" if found.is_direct else found.purpose,
            here=showing.path_of(found),
            back=request.url.path,
            places=showing.places(self._state, user, found),
            days=showing.timeline(self._state, user, found, guard, thread),
            thread={"ts": thread, "messages": shown} if thread else None,
            modal={"href": f"/views/{modal.id}", "title": modal.view["title"]["text"]} if modal else None,
            reader=self._frame.reader(),
        )

    async def permalink(self, request: Request) -> Response:
        """To the message, in its thread when it is in one."""
        visitor = self._frame.visitor(request)
        if visitor.user is None:
            return self._who(request)
        found, digits = self._channel(request, visitor.user), str(request.path_params["digits"])
        message = self._message(found, f"{digits[:-6]}.{digits[-6:]}", visitor.user)
        place = "" if message.thread_ts is None else "t"
        return onward(f"{showing.path_of(found, message.thread_ts)}#{place}{showing.anchor(message.ts)}")

    async def say(self, request: Request) -> Response:
        """A person writes something."""
        user, form = await self._person(request)
        found, thread = self._channel(request, user), _text(form, "thread_ts") or None
        if thread is not None:
            self._message(found, thread, user)
        text = escape(_text(form, "text"), quote=False).strip()
        if text:
            post(self._state, found, user, Draft(text[:4000], thread_ts=thread, is_unfurled=True))
        return onward(showing.path_of(found, thread))

    async def press(self, request: Request) -> Response:
        """A button, or options: the app has heard of it, or was given up, when this returns."""
        user, form = await self._person(request)
        found = self._channel(request, user)
        message = self._message(found, request.path_params["ts"], user)
        try:
            part, block_id = part_of(message.blocks, _text(form, "action_id"), _text(form, "block_id"))
        except LookupError:
            raise Problem(HTTPStatus.NOT_FOUND, "The message has changed: that button is gone.") from None
        pressing = self._interactions.press(user, found, message, part, block_id, _texts(form, "chosen"))
        if part.get("url"):
            return self._leave(request, pressing, part["url"])
        interaction = await pressing
        opened = self._state.triggers[interaction.payload["trigger_id"]].opened
        return onward(f"/views/{opened}" if opened in self._state.views else self._back(form, message))

    def _leave(self, request: Request, pressing: Pressing, url: str) -> Response:
        """The link opens at once, whatever the app makes of the press."""
        task = asyncio.get_running_loop().create_task(pressing)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return self._frame.page(request, self._frame.visitor(request), "leaving.html", url=url)

    def _back(self, form: FormData, message: Message) -> str:
        back = _text(form, "back")
        place = "t" if "/thread/" in back else ""
        return f"{back}#{place}{showing.anchor(message.ts)}"

    # Modals.

    async def view(self, request: Request) -> Response:
        visitor = self._frame.visitor(request)
        if visitor.user is None:
            return self._who(request)
        found, guard = self._view(request, visitor.user), self._frame.guard(visitor)
        values = showing.modal(found, guard)
        return self._frame.page(request, visitor, "view.html", reader=self._frame.reader(), bot=BOT_USER_ID, **values)

    async def answer(self, request: Request) -> Response:
        """Submitted, closed, or something inside it was pressed."""
        user, form = await self._person(request)
        found = self._view(request, user)
        values = {
            block["block_id"]: _texts(form, f"value-{block['block_id']}")
            if (block.get("element") or block.get("accessory") or {}).get("type") == "checkboxes"
            else _text(form, f"value-{block['block_id']}")
            for block in found.view["blocks"]
        }
        if "close" in form:
            await self._interactions.close(user, found)
        elif "press" in form:
            part, pressing = self._pressed_in_view(user, found, _text(form, "press"))
            if part.get("url"):
                return self._leave(request, pressing, part["url"])
            await pressing
        else:
            await self._interactions.submit(user, found, values)
        left = self._state.open_view(user)
        return onward("/" if left is None else f"/views/{left.id}")

    def _pressed_in_view(self, user: User, found: View, pressed: str) -> tuple[Json, Pressing]:
        try:
            block_id, action_id = json.loads(pressed)
            part, block_id = part_of(found.view["blocks"], action_id, block_id)
        except (ValueError, TypeError, LookupError):
            raise Problem(HTTPStatus.NOT_FOUND, "The form has changed: that button is gone.") from None
        return part, self._interactions.press_in_view(user, found, part, block_id)

    # Finding.

    async def _person(self, request: Request) -> tuple[User, FormData]:
        visitor, form = await self._frame.form(request)
        if visitor.user is None:
            raise Problem(HTTPStatus.FORBIDDEN, "Say first who you are.")
        return visitor.user, form

    def _channel(self, request: Request, user: User) -> Channel:
        found = self._state.channels.get(request.path_params["channel"])
        if found is None or user.id not in found.members:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such channel, or you are not in it.")
        return found

    def _message(self, channel: Channel, ts: str, user: User) -> Message:
        found = channel.message(ts)
        if found is None or found.only_for not in (None, user):
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such message; it may have been deleted.")
        return found

    def _view(self, request: Request, user: User) -> View:
        found = self._state.views.get(request.path_params["view"])
        if found is None or found.user != user:
            raise Problem(HTTPStatus.NOT_FOUND, "This form is closed.")
        return found


async def avatar(request: Request) -> Response:
    """A square with initials, in a colour of its own."""
    name = request.path_params["name"]
    everyone = {user.id: user.initials for user in Members().everyone} | {"team": TEAM_NAME[0]}
    if name not in everyone:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    colour = "#0f6b63" if name == BOT.id else COLOURS[list(everyone).index(name) % len(COLOURS)]
    letters = everyone[name]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="{colour}"/>'
        '<text x="24" y="25" dominant-baseline="central" text-anchor="middle" font-family="system-ui, sans-serif" '
        f'font-size="20" font-weight="600" fill="#fff">{letters}</text></svg>'
    )
    return Response(svg, headers={**HEADERS, "Cache-Control": "max-age=3600"}, media_type="image/svg+xml")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str) and value]
