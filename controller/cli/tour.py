"""What `tidegate up` does once the first version is live: it promotes it to staging and to prod, and says who is asked.

Nothing here approves anything: people do, in Slack, on the page or with `tidegate approve`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.cli.saying import clean

Json = Mapping[str, Any]
Merge = Callable[[str], Json]
"""Merges into the branch of this name, and answers what became of it."""

WAY = (("dev", "staging", "staging"), ("staging", "prod", "main"))
"""Once a version is live in the first, it is brought to the second, by a merge into the branch."""

ENDS = {"rejected": "was rejected", "expired": "was not answered in time"}
"""What may become of a question, beside that it is answered with yes."""


@dataclass
class Tour:
    """`start` is the commit that became live first; what others bring meanwhile is theirs."""

    merge: Merge
    dashboard: str
    slack: str
    start: str
    _following: dict[str, str] = field(default_factory=dict)
    _asked: set[tuple[str, str]] = field(default_factory=set)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._following["dev"] = self.start

    def news(self, items: Iterable[Json]) -> Iterator[str]:
        """Lines to print; `items` are the newest deployments, newest first."""
        found = list(items)
        for item in reversed(found):
            yield from self._question(item)
            yield from self._end(item)
        for source, target, branch in WAY:
            yield from self._step(found, source, target, branch)

    def _question(self, item: Json) -> Iterator[str]:
        """Once for each plan that waits for people, whoever brought it."""
        known = (str(item["id"]), str(item["plan_digest"]))
        if item["phase"] != "waiting" or not item["asked_since"] or known in self._asked:
            return
        self._asked.add(known)
        name = clean(str(item["id"]))
        yield f"{name} waits for people: {clean(item['reason']['text'])}"
        yield f"  review    {self.dashboard}/approvals/{name}  (sign in as one who is asked: no password)"
        yield f"  slack     {self.slack}/  (the buttons in #deploys; the first press says how to say who you are)"

    def _end(self, item: Json) -> Iterator[str]:
        """That nobody is asked any more, where the answer was no, or none."""
        ended = (str(item["id"]), str(item["phase"]))
        is_news = ended[1] in ENDS and any(asked == ended[0] for asked, _ in self._asked) and ended not in self._told
        if is_news:
            self._told.add(ended)
            yield f"{clean(ended[0])} {ENDS[ended[1]]}: {clean(item['reason']['text'])}"

    def _step(self, items: list[Json], source: str, target: str, branch: str) -> Iterator[str]:
        commit = self._following.get(source)
        if commit is None or target in self._following or not _is_live(items, source, commit):
            return
        merged = self.merge(branch)
        self._following[target] = str(merged["commit"])
        yield f"merged {merged['commit'][:7]} to {branch}: {clean(str(merged['title']))}"


def _is_live(items: Iterable[Json], environment: str, commit: str) -> bool:
    return any(
        item["environment"] == environment and item["revision"]["commit"] == commit and item["phase"] == "succeeded"
        for item in items
    )
