"""A telling as Block Kit. Pure; within what Slack takes: https://docs.slack.dev/reference/block-kit/blocks

Text of people stays text: https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from collections.abc import Sequence
from typing import Any

from controller.domain.telling import Telling

Block = dict[str, Any]

LONGEST_HEADER, LONGEST_TEXT, LONGEST_STATE = 150, 3000, 1200
APPROVE, REJECT, CODE = "approve", "reject", "code"
"""Action ids."""

REASON, TYPED = "reason", "typed"
"""The block of a form that holds what is typed, and the field in it."""

SEPARATOR = "|"
CUT = "…"


def escaped(text: str) -> str:
    """Nobody is mentioned, and no channel called, by what somebody wrote."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def plain(text: str, longest: int) -> Block:
    return {"type": "plain_text", "text": cut(text, longest) or " ", "emoji": False}


def marked(text: str, longest: int = LONGEST_TEXT) -> Block:
    """`text` is escaped already; Slack makes no links of it by itself."""
    return {"type": "mrkdwn", "text": shortened(text, longest) or " ", "verbatim": True}


def shortened(text: str, longest: int) -> str:
    """`text` is escaped already: it is cut where that tears no entity apart.

    >>> shortened("a &amp; b", 9), shortened("a &amp; b", 8), shortened("a &amp; b", 7)
    ('a &amp; b', 'a &amp;…', 'a …')
    """
    short = cut(text, longest)
    torn = short.rfind("&")
    return short[:torn] + CUT if short != text and torn >= 0 and ";" not in short[torn:] else short


def shown(telling: Telling) -> list[Block]:
    """The one message of a deployment."""
    state = f"*{escaped(telling.state)}*\n{escaped(telling.text)}"
    facts = "\n".join(f"*{escaped(name)}*  {escaped(text)}" for name, text in telling.facts)
    said = [
        {"type": "header", "text": plain(telling.title, LONGEST_HEADER)},
        _section(state, LONGEST_STATE),
        *([_section(f"🔴 *{escaped(telling.warning)}*", LONGEST_STATE)] if telling.warning else []),
        *([_section(facts)] if facts else []),
    ]
    ending = {"type": "context", "elements": [marked(escaped(telling.ending))]}
    return [*said, *([ending] if telling.ending else []), *_buttons(telling)]


def _section(text: str, longest: int = LONGEST_TEXT) -> Block:
    return {"type": "section", "text": marked(text, longest)}


def linked(telling: Telling) -> list[Block]:
    """The same where nobody hears of buttons, as with Slack's incoming webhooks: the way there is a link."""
    said = [block for block in shown(telling) if block["type"] != "actions"]
    address, label = (telling.review, "Review and answer") if telling.review else (telling.link, "Look")
    way = {"type": "mrkdwn", "text": f"<{escaped(address)}|{label}>"}
    return [*said, *([{"type": "section", "text": way}] if address else [])]


def _buttons(telling: Telling) -> list[Block]:
    """The values are names, and give nobody anything."""
    found: list[Block] = []
    if telling.asks is not None:
        value = f"{telling.asks.deployment}{SEPARATOR}{telling.asks.plan}"
        if telling.review:
            found.append({**_button("review", "Review"), "url": telling.review})
        found.append({**_button(APPROVE, "Approve"), "style": "primary", "value": value})
        found.append({**_button(REJECT, "Reject"), "style": "danger", "value": value})
    elif telling.link:
        found.append({**_button("look", "Look"), "url": telling.link})
    return [{"type": "actions", "block_id": "answer", "elements": found}] if found else []


def _button(action: str, label: str) -> Block:
    return {"type": "button", "action_id": action, "text": plain(label, 75)}


def fallback(telling: Telling) -> str:
    """What a notification shows. Slack reads mark-up in it too."""
    return shortened(escaped(f"{telling.title}: {telling.state}"), LONGEST_TEXT)


def said(text: str, buttons: Sequence[tuple[str, str, str]] = (), links: Sequence[tuple[str, str]] = ()) -> list[Block]:
    """Words, with buttons (action, label, value) and links (label, address)."""
    elements = [
        *({**_button(f"open-{number}", label), "url": address} for number, (label, address) in enumerate(links)),
        *({**_button(action, label), "value": value} for action, label, value in buttons),
    ]
    return [_section(escaped(text)), *([{"type": "actions", "elements": elements}] if elements else [])]


def form(callback: str, title: str, label: str, private: str, told: str = "") -> Block:
    """A modal with one field that must be filled in."""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": private,
        "title": plain(title, 24),
        "submit": plain("Send", 24),
        "close": plain("Cancel", 24),
        "blocks": [
            *([_section(escaped(told))] if told else []),
            {
                "type": "input",
                "block_id": REASON,
                "label": plain(label, 2000),
                "element": {
                    "type": "plain_text_input",
                    "action_id": TYPED,
                    "max_length": 1000,
                    "multiline": callback == REJECT,
                },
            },
        ],
    }
