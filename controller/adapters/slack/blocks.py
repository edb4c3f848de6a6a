"""A telling as Block Kit. Pure; within what Slack takes: https://docs.slack.dev/reference/block-kit/blocks

Text of people stays text: https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from collections.abc import Sequence
from typing import Any

from controller.domain.telling import Telling

Block = dict[str, Any]

LONGEST_HEADER, LONGEST_TEXT, LONGEST_FIELD = 150, 3000, 2000
APPROVE, REJECT, CODE = "approve", "reject", "code"
"""Action ids."""

REASON, TYPED = "reason", "typed"
"""The block of a form that holds what is typed, and the field in it."""

SEPARATOR = "|"
CUT = "…"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def plain(text: str, longest: int) -> Block:
    return {"type": "plain_text", "text": cut(text, longest) or " ", "emoji": False}


def marked(text: str, longest: int) -> Block:
    """`text` is escaped already; it is cut where that tears no entity apart."""
    short = cut(text, longest)
    torn = short.rfind("&")
    if short != text and torn >= 0 and ";" not in short[torn:]:
        short = short[:torn] + CUT
    return {"type": "mrkdwn", "text": short or " "}


def shown(telling: Telling) -> list[Block]:
    """The one message of a deployment."""
    facts = [marked(f"*{escaped(name)}*\n{escaped(text)}", LONGEST_FIELD) for name, text in telling.facts]
    return [
        {"type": "header", "text": plain(telling.title, LONGEST_HEADER)},
        {"type": "section", "text": marked(f"*{escaped(telling.state)}*\n{escaped(telling.text)}", LONGEST_TEXT)},
        *({"type": "section", "text": fact} for fact in facts),
        *_buttons(telling),
    ]


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
    """What a notification shows."""
    return cut(f"{telling.title}: {telling.state}", LONGEST_TEXT)


def said(text: str, buttons: Sequence[tuple[str, str, str]] = (), links: Sequence[tuple[str, str]] = ()) -> list[Block]:
    """Words, with buttons (action, label, value) and links (label, address)."""
    elements = [
        *({**_button(f"open-{number}", label), "url": address} for number, (label, address) in enumerate(links)),
        *({**_button(action, label), "value": value} for action, label, value in buttons),
    ]
    block = {"type": "section", "text": marked(escaped(text), LONGEST_TEXT)}
    return [block, *([{"type": "actions", "elements": elements}] if elements else [])]


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
            *([{"type": "section", "text": marked(escaped(told), LONGEST_TEXT)}] if told else []),
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
