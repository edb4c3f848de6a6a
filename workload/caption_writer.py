"""The embedded engine: captions by template over a few facts. Honest demo quality, the same answer every time.

It knows the words of the description and what a picture's header says. It does not look at the picture, and its
confidence says so.
"""

import hashlib
import re
from dataclasses import dataclass

from workload.caption_request import CaptionRequest
from workload.pictures import Picture

ENGINE = "embedded"


@dataclass(frozen=True)
class Caption:
    """`confidence` is 0 to 1: how much of the text rests on what was given rather than on a template."""

    text: str
    hashtags: tuple[str, ...]
    confidence: float
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class _Phrases:
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    hashtags: tuple[str, ...]


_TONES = {
    "friendly": _Phrases(
        ("A little something to share with you.", "This one made us smile.", "Hello from our side of the day."),
        ("What do you think?", "Tell us your favourite part.", "Who would you share this with?", "Save it for later."),
        ("#goodtimes", "#sharethejoy", "#smallthings"),
    ),
    "professional": _Phrases(
        ("An update we are glad to share.", "Some work we are proud of.", "A closer look."),
        (
            "We welcome your thoughts.",
            "More to follow soon.",
            "Get in touch to learn more.",
            "Thank you for following.",
        ),
        ("#update", "#behindthework", "#craft"),
    ),
    "playful": _Phrases(
        ("Plot twist!", "Stop scrolling for a second.", "We could not keep this to ourselves."),
        ("You are welcome.", "No notes.", "Tag somebody who needs this.", "Again, please."),
        ("#moodoftheday", "#justforfun", "#cantstop"),
    ),
    "inspiring": _Phrases(
        ("Every day begins somewhere.", "Look a little closer.", "Good things take their time."),
        ("Keep going.", "What will you begin today?", "Make room for what matters.", "One step, then the next."),
        ("#inspiration", "#keepgoing", "#makeithappen"),
    ),
}

_ANY_HASHTAGS = ("#photooftheday", "#today", "#moments", "#share", "#daily", "#instagood", "#story")

_STOP_WORDS_TEXT = (
    "a about after all also an and any are around as at be because been before being but by can could did do does for"
    " from had has have he her here hers him his how i if in into is it its just like me more most my near new no not"
    " of off on one or our ours out over own she so some such than that the their them then there these they this those"
    " through to too under until up us very was we were what when where which while who whom why will with you your"
    " yours"
)
_STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())


def write(request: CaptionRequest) -> Caption:
    """A caption for the request; consecutive variations of one request differ from each other."""
    keywords = _keywords(request.description)
    return Caption(
        text=_text(request, keywords),
        hashtags=_hashtags(request, keywords),
        confidence=_confidence(request, keywords),
        keywords=keywords,
    )


def _text(request: CaptionRequest, keywords: tuple[str, ...]) -> str:
    phrases = _TONES[request.tone]
    turn = _start(request) + request.variation
    opener = phrases.openers[turn % len(phrases.openers)]
    closer = phrases.closers[turn % len(phrases.closers)]
    sentences = {
        "short": [_subject(request), closer],
        "medium": [opener, _subject(request), closer],
        "long": [opener, _subject(request), _detail(request.picture, keywords), closer],
    }
    return " ".join(filter(None, sentences[request.length]))


def _start(request: CaptionRequest) -> int:
    """Where in the phrases this request begins, so that not everybody's first caption opens alike."""
    return hashlib.sha256(f"{request.tone}\n{request.description}".encode()).digest()[0]


def _subject(request: CaptionRequest) -> str:
    """The description as one sentence; a picture without words is named by its shape."""
    words = request.description or f"a {request.picture.shape if request.picture else ''} picture"
    ended = words if words[-1] in ".!?…" else f"{words}."
    return ended[0].upper() + ended[1:]


def _detail(picture: Picture | None, keywords: tuple[str, ...]) -> str:
    if picture is not None:
        return f"Shown in {picture.shape} format, {picture.width} by {picture.height} pixels."
    if len(keywords) > 1:
        return f"It is all about {', '.join(keywords[:3][:-1])} and {keywords[:3][-1]}."
    return ""


def _keywords(description: str) -> tuple[str, ...]:
    """Words of three letters and more that carry meaning, once each, in their order.

    >>> _keywords("The espresso, the table and an Espresso cup")
    ('espresso', 'table', 'cup')
    """
    words = (word.casefold() for word in re.findall(r"[^\W\d_]{3,}", description))
    return tuple(dict.fromkeys(word for word in words if word not in _STOP_WORDS))


def _hashtags(request: CaptionRequest, keywords: tuple[str, ...]) -> tuple[str, ...]:
    """Exactly as many as asked for: the description's own words first, then the tone's, then general ones."""
    own = (f"#{word}" for word in keywords)
    return tuple(dict.fromkeys((*own, *_TONES[request.tone].hashtags, *_ANY_HASHTAGS)))[: request.hashtags]


def _confidence(request: CaptionRequest, keywords: tuple[str, ...]) -> float:
    """0.1 for a picture, 0.2 for a description and 0.04 for each of its first five keywords."""
    from_picture = 0.1 if request.picture else 0.0
    from_words = 0.2 + 0.04 * min(len(keywords), 5) if request.description else 0.0
    return round(from_picture + from_words, 2)
