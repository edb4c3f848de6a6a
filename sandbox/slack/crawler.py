"""The crawler that looks at every link in a message, before any person does.

https://docs.slack.dev/messaging/unfurling-links-in-messages and https://api.slack.com/robots
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sandbox.slack.blocks.filled import elements, texts
from sandbox.slack.mrkdwn import links
from sandbox.slack.records import Message
from sandbox.slack.sending import Send, is_loopback

USER_AGENT = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
HEADERS = {"User-Agent": USER_AGENT, "Range": "bytes=0-32768", "Accept": "*/*"}


@dataclass
class Crawler:
    """GETs each link of a message once and follows nothing; links that leave this machine are left alone.

    Slack looks at the links of the text; this one is more curious, and looks at those behind buttons too.
    """

    send: Send
    fetched: list[tuple[str, int]] = field(default_factory=list)
    """Address and status, in the order in which the answers came."""
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def hear(self, message: Message) -> None:
        for url in found_in(message):
            if is_loopback(url):
                task = asyncio.get_running_loop().create_task(self._fetch(url))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _fetch(self, url: str) -> None:
        answer = await self.send("GET", url, b"", HEADERS)
        self.fetched.append((url, answer.status))

    async def idle(self) -> None:
        await asyncio.gather(*self._running)

    async def close(self) -> None:
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def found_in(message: Message) -> list[str]:
    """Every link, once, in the order in which they stand; the fallback text counts only where there are no blocks."""
    found = [] if message.blocks else links(message.text)
    for block in message.blocks:
        found += [url for text in texts(block) for url in links(text)]
        found += [part["url"] for part in elements(block) if part.get("url")]
    return list(dict.fromkeys(found))
