"""The audit as a chain: each entry carries a link, which is made with a key from itself and the link before it.

    link = HMAC-SHA256(key, previous link ‖ canonical JSON of the entry with its position and the key's id)

Whoever has no key can change, drop, move or add nothing that would not be found, but for one thing: to go back as a
whole to an earlier state that was once true. That is what anchors are for: positions and links that were told outside.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from controller.domain.anchor import Anchor
from controller.domain.canonical import canonical
from controller.domain.events import Event
from controller.domain.secret import Secret

START = "0" * 64
"""The link before the first."""

MOST_FINDINGS = 50
"""So many are told one by one; neighbours of a kind are one."""


# ------------------------------------------------------------------- keys


@dataclass(frozen=True)
class Key:
    """`id` is told with everything that the key has made; nobody learns the key from it."""

    id: str
    secret: Secret


class Keyring:
    """Keys, newest first: the newest one seals, the others still verify."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        assert secrets, "a ring without a key"
        self._keys = {key.id: key for key in map(_key, reversed(secrets))}
        self.newest = _key(secrets[0])

    def find(self, key_id: str | None) -> Key | None:
        return self._keys.get(key_id or "")


def _key(secret: Secret) -> Key:
    return Key(_sealed(secret, b"id")[:12], secret)


def _sealed(secret: Secret, told: bytes) -> str:
    return hmac.digest(secret.reveal().encode(), told, "sha256").hex()


UNKEYED = Keyring([Secret("")])
"""The key that everybody has: such a chain is a checksum, and no proof."""


# ---------------------------------------------------------------- entries


@dataclass(frozen=True)
class Line:
    """A row of the audit as it is stored. `at` is RFC 3339, UTC, with microseconds; `facts` what JSON makes of them.

    Without `position`, `key` and `link` it was written before the chain began, or by a stranger.
    """

    seq: int
    event: str
    environment: str | None
    deployment: str | None
    actor: str
    at: str
    text: str
    facts: object
    position: int | None = None
    key: str | None = None
    link: str | None = None


def told(line: Line) -> bytes:
    """All of it but the link, which is made of this. `ValueError` for what JSON can't say."""
    return canonical({name: value for name, value in vars(line).items() if name != "link"}).encode()


def link(key: Key, previous: str, line: Line) -> str:
    """64 hex digits. `line.key` is this key's id."""
    return _sealed(key.secret, previous.encode() + told(line))


@dataclass(frozen=True)
class Head:
    """Where the chain ends: how many entries it has, and the last one's link. `seal` is made of the rest by the key."""

    position: int
    link: str
    key: str
    seal: str

    @classmethod
    def sealed(cls, position: int, link: str, key: Key) -> "Head":
        return cls(position, link, key.id, _sealed(key.secret, _head(position, link, key.id)))

    def is_genuine(self, keys: Keyring) -> bool:
        key = keys.find(self.key)
        return key is not None and hmac.compare_digest(
            _sealed(key.secret, _head(self.position, self.link, self.key)).encode(), str(self.seal).encode()
        )


def _head(position: int, link: str, key_id: str) -> bytes:
    """Begins with a brace, and what links are made of with a digit: one never passes for the other."""
    return canonical({"head": position, "link": link, "key": key_id}).encode()


class Earlier:
    """The digest of entries that were there before the chain began, which its first entry keeps."""

    def __init__(self) -> None:
        self.entries, self.last_seq, self.digest = 0, 0, START

    def add(self, line: Line) -> None:
        self.entries += 1
        self.last_seq = line.seq
        self.digest = _sealed(Secret(""), self.digest.encode() + told(line))

    @property
    def facts(self) -> Mapping[str, object]:
        return {"entries": self.entries, "last_seq": self.last_seq, "digest": self.digest}


# ----------------------------------------------------------- verification


class What(StrEnum):
    """What is wrong at a position."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    INSERTED = "inserted"
    CUT = "cut"
    FORKED = "forked"
    UNKNOWN_KEY = "unknown_key"
    HEAD = "head"
    DOUBTED = "doubted"


@dataclass(frozen=True)
class Finding:
    """Positions from `first` to `last`; None where there is none: the row has no place in the chain."""

    what: What
    first: int | None
    last: int | None
    text: str


@dataclass(frozen=True)
class Restore:
    """A backup was restored, as the entry at `position` says, and the chain went on after `after`. Up to `lost` there
    were entries that the backup doesn't have; None: nobody knows of any."""

    position: int
    at: datetime
    after: int
    taken_at: str
    lost: int | None = None


@dataclass(frozen=True)
class Report:
    """`earlier` counts entries from before the chain, `anchors` those that were compared; `more` findings are left
    out."""

    entries: int
    first: int | None
    last: int
    head: Head | None
    earlier: int
    anchors: int
    restores: tuple[Restore, ...]
    findings: tuple[Finding, ...]
    more: int

    @property
    def is_unbroken(self) -> bool:
        return not self.findings


def verify(
    lines: Iterable[Line],
    head: Head | None,
    keys: Keyring,
    anchors: Iterable[Anchor] = (),
    earlier: Iterable[Line] = (),
) -> Report:
    """`lines` are those with a position, by position and then seq; `earlier` those without, by seq."""
    verification: Verification | None = None
    for line in lines:
        if verification is None:
            verification = Verification(keys, anchors, line)
            verification.before(earlier)
        verification.add(line)
    if verification is None:
        verification = Verification(keys, anchors, None)
        verification.before(earlier)
    return verification.end(head)


class Verification:
    """A walk along the chain that holds one entry at a time: `before`, then `add` each, then `end`.

    Each tampering is found, and the first bad position is right. Its kind is the likeliest one: who drops an entry and
    numbers the rest anew has changed them.
    """

    def __init__(self, keys: Keyring, anchors: Iterable[Anchor], first: Line | None) -> None:
        """`first` is the first line of the chain, which may speak for those before it."""
        self._keys = keys
        self._anchors: dict[int, list[Anchor]] = defaultdict(list)
        for anchor in sorted(set(anchors), key=lambda one: (one.position, one.at)):
            self._anchors[anchor.position].append(anchor)
        self._compared = sum(map(len, self._anchors.values()))
        self._apart: list[Anchor] = []
        self._genesis = _genesis(first)
        self._first: int | None = None
        self._last, self._previous, self._entries = 0, START, 0
        self._suspect: tuple[Line, str] | None = None
        self._earlier = 0
        self._restores: list[Restore] = []
        self._findings: list[Finding] = []
        self._more = 0

    def before(self, lines: Iterable[Line]) -> None:
        """Those without a position, by seq."""
        covered, last_seq = Earlier(), self._genesis.get("last_seq", 0)
        for line in lines:
            if not isinstance(last_seq, int) or line.seq > last_seq:
                told = f"the row with seq {line.seq} was never put into the chain"
                self._find(What.INSERTED, None, None, told)
                continue
            try:
                covered.add(line)
            except ValueError:
                covered.digest = f"row {line.seq} can't be read"
        self._earlier = covered.entries
        if self._genesis and self._genesis != covered.facts:
            told = "entries from before the chain began are not as they were then"
            self._find(What.CHANGED, 1, 1, told)

    def add(self, line: Line) -> None:
        position = line.position
        assert position is not None, f"row {line.seq} is not in the chain"
        self._entries += 1
        self._first = position if self._first is None else self._first
        suspect, self._suspect = self._suspect, None
        if suspect is not None:
            self._judge(*suspect, following=line)
        if position <= self._last:
            self._find(What.FORKED, position, position, "there are two entries at the same position")
            return
        if position > self._last + 1:
            # Nobody knows the link that this one follows: it is taken as it stands, and says nothing of the chain.
            self._find(What.MISSING, self._last + 1, position - 1, "there is no such entry")
        elif self._fits(line, self._previous):
            self._note(line)
        elif self._keys.find(line.key) is None:
            self._find(What.UNKNOWN_KEY, position, position, f"sealed with the key {line.key!s:.40}, not given")
        else:
            self._suspect = (line, self._previous)
        self._last, self._previous = position, str(line.link)
        self._apart += [anchor for anchor in self._anchors.pop(position, ()) if anchor.link != line.link]

    def end(self, head: Head | None) -> Report:
        if self._suspect is not None:
            self._judge(*self._suspect, following=None)
        self._compare_with_head(head)
        self._compare_with_anchors()
        return Report(
            entries=self._entries,
            first=self._first,
            last=self._last,
            head=head,
            earlier=self._earlier,
            anchors=self._compared,
            restores=tuple(self._restores),
            findings=tuple(self._findings),
            more=self._more,
        )

    # ------------------------------------------------------------- entries

    def _fits(self, line: Line, previous: str) -> bool:
        key = self._keys.find(line.key)
        if key is None:
            return False
        try:
            wanted = link(key, previous, line)
        except (ValueError, RecursionError):
            return False
        return hmac.compare_digest(wanted.encode(), str(line.link).encode())

    def _judge(self, line: Line, previous: str, following: Line | None) -> None:
        """What became of a line that doesn't follow `previous`; `following` is the one after it."""
        place, what, text = line.position, What.CHANGED, "it is not as it was written"
        assert place is not None
        if following is not None:
            for came_first in (replace(following, position=place), replace(following, position=place, seq=line.seq)):
                if not self._fits(came_first, previous):
                    continue
                went = replace(line, position=following.position)
                seconds = (went, replace(went, seq=following.seq))
                is_swap = any(self._fits(second, str(following.link)) for second in seconds)
                what = What.REORDERED if is_swap else What.INSERTED
                text = "it and the next one changed places" if is_swap else "it was put before the one that was here"
        self._find(what, place, place, text)

    def _note(self, line: Line) -> None:
        """What a genuine entry says of the chain itself."""
        assert line.position is not None
        facts = line.facts if isinstance(line.facts, dict) else {}
        if line.event == Event.DATABASE_RESTORED and isinstance(facts.get("after"), int):
            at, taken_at = datetime.fromisoformat(line.at), str(facts.get("taken_at"))
            self._restores.append(Restore(line.position, at, facts["after"], taken_at, facts.get("lost")))
        if line.event == Event.AUDIT_DOUBTED and not self._is_explained(line.position, facts):
            self._find(What.DOUBTED, line.position, line.position, line.text)

    def _is_explained(self, position: int, facts: Mapping[str, object]) -> bool:
        """A key that was missing then, and is given now."""
        try:
            head = Head(**facts)  # type: ignore[arg-type]
        except TypeError:
            return False
        return head.is_genuine(self._keys) and (head.position, head.link) == (position - 1, self._previous)

    # ----------------------------------------------------------------- end

    def _compare_with_head(self, head: Head | None) -> None:
        if head is None:
            if self._entries:
                self._find(What.HEAD, self._last, self._last, "what says where the chain ends is gone")
            return
        if self._keys.find(head.key) is None:
            told = f"where the chain ends is sealed with the key {head.key!s:.40}, not given"
            self._find(What.UNKNOWN_KEY, head.position, head.position, told)
        elif not head.is_genuine(self._keys):
            told = "what says where the chain ends was changed"
            self._find(What.HEAD, head.position, head.position, told)
        if head.position > self._last:
            told = "the chain went on to here, and the entries are gone"
            self._find(What.CUT, self._last + 1, head.position, told)
        elif head.position < self._last:
            told = "entries come after what says where the chain ends"
            self._find(What.INSERTED, head.position + 1, self._last, told)
        elif head.link != self._previous:
            self._find(What.HEAD, head.position, head.position, "the chain ends with another link than was written")

    def _compare_with_anchors(self) -> None:
        self._apart += [anchor for anchors in self._anchors.values() for anchor in anchors]
        apart: list[Anchor] = []
        for anchor in sorted(self._apart, key=lambda one: one.position):
            lost_by = [each for each in self._restores if each.after < anchor.position and anchor.at <= each.at]
            if not lost_by:
                apart.append(anchor)
                continue
            place = self._restores.index(lost_by[0])
            known = lost_by[0].lost or 0
            self._restores[place] = replace(lost_by[0], lost=max(known, anchor.position))
        for anchor in apart:
            is_gone = anchor.position > self._last
            told = f"anchored at {anchor.at:%Y-%m-%d %H:%M:%S} UTC, and "
            told += "gone" if is_gone else "another entry is here: history was rewritten, or went on from an old state"
            first = min(self._last + 1, anchor.position)
            self._find(What.CUT if is_gone else What.FORKED, first, anchor.position, told)

    def _find(self, what: What, first: int | None, last: int | None, text: str) -> None:
        """Neighbours of a kind are one finding."""
        newest = self._findings[-1] if self._findings and not self._more else None
        if newest and newest.what is what and newest.last is not None and last and first and first <= newest.last + 1:
            self._findings[-1] = replace(newest, last=max(last, newest.last))
        elif len(self._findings) < MOST_FINDINGS:
            self._findings.append(Finding(what, first, last, text))
        else:
            self._more += 1


def _genesis(first: Line | None) -> Mapping[str, object]:
    """What the first entry says of those before the chain; nothing when there were none."""
    if first is None or first.event != Event.AUDIT_BEGUN or not isinstance(first.facts, dict):
        return {}
    return first.facts
