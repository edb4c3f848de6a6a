"""Slack's mark-up as HTML: `*bold*`, `_it_`, `~struck~`, code, quotes, links, mentions, dates.

https://docs.slack.dev/messaging/formatting-message-text. Everything that is not mark-up is escaped; a link leads only
to the web or to mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

PRE = re.compile(r"```(.+?)```", re.DOTALL)
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>\S|\S[^*\n]*?\S)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>\S|\S[^_\n]*?\S)_(?![\w_])"
    r"|(?<![\w~])~(?P<struck>\S|\S[^~\n]*?\S)~(?![\w~])"
    r"|(?P<url>https?://[^\s<>|`]+[^\s<>|`.,;:!?)\]}'\"*_~])"
    r"|:(?P<emoji>[a-z0-9_+-]+):"
)
LINK = re.compile(r"<(https?://[^\s<>|]+)(?:\|[^<>]*)?>|(?<![<|\w])(https?://[^\s<>|`]+[^\s<>|`.,;:!?)\]}'\"*_~])")
QUOTE = re.compile(r"(?:>|&gt;) ?")
EMOJI = {
    "arrow_right": "➡️", "bell": "🔔", "black_circle": "⚫", "boom": "💥", "bust_in_silhouette": "👤", "eyes": "👀",
    "fast_forward": "⏩", "fire": "🔥", "green_circle": "🟢", "hourglass": "⌛", "hourglass_flowing_sand": "⏳",
    "information_source": "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}",
    "large_blue_circle": "🔵", "large_green_circle": "🟢", "large_yellow_circle": "🟡",
    "lock": "🔒", "no_entry": "⛔", "octagonal_sign": "🛑", "package": "📦", "pause_button": "⏸️", "question": "❓",
    "red_circle": "🔴", "rewind": "⏪", "rocket": "🚀", "rotating_light": "🚨", "snowflake": "❄️", "tada": "🎉",
    "thumbsdown": "👎", "thumbsup": "👍", "warning": "⚠️", "wave": "👋", "white_check_mark": "✅", "x": "❌",
}  # fmt: skip
KEYWORDS = ("here", "channel", "everyone")
SAFE = ("http://", "https://", "mailto:")


@dataclass(frozen=True)
class Reader:
    """Whose eyes it is for: the names behind ids, and the time."""

    now: datetime
    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)

    def mrkdwn(self, text: str) -> Markup:
        """A whole text, with its blocks of code and its quotes."""
        return Markup("").join(self._blocks(text.replace("\r\n", "\n").replace("\r", "\n")))

    def plain(self, text: str) -> Markup:
        """Text without mark-up; emoji have names there too."""
        whole = re.sub(r":([a-z0-9_+-]+):", lambda found: EMOJI.get(found[1], found[0]), decoded(text))
        return _broken(whole)

    # Blocks.

    def _blocks(self, text: str) -> Iterator[Markup]:
        for number, part in enumerate(PRE.split(text)):
            if number % 2:
                yield Markup("<pre>{}</pre>").format(decoded(part.strip("\n")))
            elif part:
                yield from self._lines(part)

    def _lines(self, text: str) -> Iterator[Markup]:
        quoted: list[str] = []
        plain: list[str] = []
        for line in text.split("\n"):
            mark = QUOTE.match(line)
            if mark is not None:
                yield from self._paragraph(plain)
                quoted.append(line[mark.end() :])
            else:
                yield from self._quote(quoted)
                plain.append(line)
        yield from self._quote(quoted)
        yield from self._paragraph(plain)

    def _paragraph(self, lines: list[str]) -> Iterator[Markup]:
        if lines:
            yield Markup("<br>").join(self._inline(line) for line in lines)
            lines.clear()

    def _quote(self, lines: list[str]) -> Iterator[Markup]:
        if lines:
            body = Markup("<br>").join(self._inline(line) for line in lines)
            yield Markup("<blockquote>{}</blockquote>").format(body)
            lines.clear()

    # Within a line.

    def _inline(self, text: str) -> Markup:
        made, end = Markup(""), 0
        for found in INLINE.finditer(text):
            made += escape(decoded(text[end : found.start()]))
            made += self._marked(found)
            end = found.end()
        return made + escape(decoded(text[end:]))

    def _marked(self, found: re.Match[str]) -> Markup:
        kind = found.lastgroup or ""
        inner = found[kind]
        simple: dict[str, Callable[[], Markup]] = {
            "code": lambda: Markup("<code>{}</code>").format(decoded(inner)),
            "bold": lambda: Markup("<strong>{}</strong>").format(self._inline(inner)),
            "italic": lambda: Markup("<em>{}</em>").format(self._inline(inner)),
            "struck": lambda: Markup("<s>{}</s>").format(self._inline(inner)),
            "url": lambda: link(decoded(inner), decoded(inner)),
            "emoji": lambda: escape(EMOJI.get(inner, found[0])),
            "angle": lambda: self._angle(inner),
        }
        return simple[kind]()

    def _angle(self, inner: str) -> Markup:
        """What stands between `<` and `>`: `@U…`, `#C…`, `!date…`, or an address with a label."""
        target, _, label = inner.partition("|")
        shown = decoded(label)
        if target.startswith("@"):
            return _mention("@" + self.users.get(target[1:], shown or target[1:]))
        if target.startswith("#"):
            return _mention("#" + self.channels.get(target[1:], shown or target[1:]))
        if target.startswith("!date^"):
            return self._date(target, shown)
        if target.startswith("!"):
            word = target[1:].partition("^")[0]
            return _mention("@" + word if word in KEYWORDS else shown or target[1:])
        return link(decoded(target), shown or decoded(target))

    def _date(self, target: str, fallback: str) -> Markup:
        """`!date^1767225600^{date_short_pretty} {time}^https://…`: people's own time zone there, UTC here."""
        parts = target.split("^")
        if len(parts) < 3 or not re.fullmatch(r"-?\d{1,11}", parts[1]):
            return escape(fallback)
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(parts[1]))
        words = re.sub(r"\{(\w+)\}", lambda found: date_word(found[1], moment, self.now, found[0]), decoded(parts[2]))
        shown = Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
            moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S}", words
        )
        return link(decoded(parts[3]), shown) if len(parts) > 3 else shown


def date_word(word: str, moment: datetime, now: datetime, otherwise: str) -> str:
    """One of Slack's tokens for dates, in UTC.

    >>> at = datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)
    >>> [date_word(word, at, at, "?") for word in ("date_num", "date_short", "date_pretty", "time", "nothing")]
    ['2026-01-02', 'Jan 2, 2026', 'today', '15:04', '?']
    """
    near = {0: "today", 1: "yesterday", -1: "tomorrow"}.get((now.date() - moment.date()).days)
    words = {
        "date_num": f"{moment:%Y-%m-%d}",
        "date": f"{moment:%B} {moment.day}, {moment.year}",
        "date_short": f"{moment:%b} {moment.day}, {moment.year}",
        "date_long": f"{moment:%A}, {moment:%B} {moment.day}, {moment.year}",
        "time": f"{moment:%H:%M}",
        "time_secs": f"{moment:%H:%M:%S}",
        "ago": _ago(now - moment),
    }
    if word.endswith("_pretty"):
        return near or words.get(word.removesuffix("_pretty"), otherwise)
    return words.get(word, otherwise)


def _ago(past: timedelta) -> str:
    seconds = abs(int(past.total_seconds()))
    sizes = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
    size, name = next(((size, name) for size, name in sizes if seconds >= size), (1, "second"))
    count = seconds // size
    told = f"{count} {name}{'' if count == 1 else 's'}"
    return f"{told} ago" if past >= timedelta() else f"in {told}"


def link(url: str, shown: str | Markup) -> Markup:
    """To the web or to mail; anything else is shown as it is."""
    if not url.lower().startswith(SAFE):
        return escape(shown)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, shown)


def links(text: str) -> list[str]:
    """The web addresses in a text, in order."""
    return [decoded(found[1] or found[2]) for found in LINK.finditer(text)]


def decoded(text: str) -> str:
    """Slack escapes three characters, and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _mention(text: str) -> Markup:
    return Markup('<span class="mention">{}</span>').format(text)


def _broken(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.split("\n"))
