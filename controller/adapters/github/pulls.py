"""`ports.Pulls` by GitHub's REST API.

https://docs.github.com/en/rest/pulls/pulls, https://docs.github.com/en/rest/issues/comments,
https://docs.github.com/en/rest/checks/runs. A check run takes a GitHub App; with a token the commit gets a status.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from controller.adapters.github import opinion as words
from controller.adapters.github.board import marking
from controller.adapters.github.calls import Calls
from controller.adapters.github.errors import CHECKS_WRITTEN, CONTENTS, PULLS, STATUSES_WRITTEN
from controller.adapters.github.pages import PER_PAGE, Pages
from controller.domain.board import Colour, Flag, short
from controller.domain.errors import Blocked
from controller.domain.proposal import Opinion, Pull, Written
from controller.domain.revision import Commit

GONE = frozenset({"github.repository_missing"})
OPEN_KEPT = 2000
"""One for each branch that is followed: all of them are asked for again and again."""

PAGES_KEPT = 500
READS = "Pull requests: read"


class GitHubPulls:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._open = Pages(_listed, OPEN_KEPT)
        self._comments = Pages(_commented, PAGES_KEPT)
        self._me: dict[str, str] = {}

    def opened(self, repository: str, base: str) -> Sequence[Pull]:
        """One request that is free while nothing has changed."""
        asked = urlencode({"state": "open", "base": base, "sort": "created", "direction": "asc", "per_page": PER_PAGE})
        attempted = f"Reading the pull requests of {repository} to {base}"
        found = self._calls.entries(self._open, repository, f"pulls?{asked}", attempted, READS)
        return [_pull(repository, shown) for shown in found]

    def look(self, repository: str, number: int) -> Pull | None:
        attempted = f"Reading pull request #{number} of {repository}"
        try:
            shown = self._calls.send("GET", repository, f"pulls/{number}", attempted, READS)
        except Blocked as error:
            if error.code in GONE:
                return None
            raise
        pull = _pull(repository, shown)
        merge = shown.get("merge_commit_sha")
        if not pull.is_open or shown.get("mergeable") is False:
            return pull
        made = self._merge(pull, merge, attempted) if isinstance(merge, str) else None
        return replace(pull, merge=made, is_unsure=made is None)

    def comment(self, opinion: Opinion, known: Written | None) -> Written:
        """Edited in place; where the number isn't known, found by what it begins with and who wrote it."""
        body, pull = words.comment(opinion), opinion.pull
        attempted = f"Commenting on pull request #{pull.number} of {pull.repository}"
        digest = _digest(body)
        if known is not None and known.digest == digest:
            return known
        id_ = known.id if known is not None else self._mine(opinion, attempted)
        if id_ is not None and self._edited(pull, id_, body, attempted):
            return Written(id_, digest)
        made = self._calls.make(pull.repository, f"issues/{pull.number}/comments", attempted, PULLS, {"body": body})
        return Written(made, digest)

    def check(self, opinion: Opinion, known: Written | None) -> Written:
        """`known` is of the same commit. A run is made anew for each opinion: annotations can only be added."""
        digest = _digest("\n".join([words.summary(opinion), opinion.link, *map(str, opinion.findings)]))
        if known is not None and known.digest == digest:
            return known
        made = self._run(opinion, digest) if self._calls.is_app else self._status(opinion)
        return Written(made, digest)

    def _merge(self, pull: Pull, sha: str, attempted: str) -> Commit | None:
        """GitHub's trial merge, if it is of this head and of the base as it is now."""
        tip = self._calls.send("GET", pull.repository, f"git/ref/heads/{pull.base}", attempted, CONTENTS)
        shown = self._calls.send("GET", pull.repository, f"git/commits/{sha}", attempted, CONTENTS)
        parents = [str(parent["sha"]) for parent in shown["parents"]]
        if parents != [tip["object"]["sha"], pull.head]:
            return None
        at = datetime.fromisoformat(shown["committer"]["date"]).astimezone(UTC)
        return Commit(shown["sha"], shown["tree"]["sha"], shown["message"], (), at)

    def _mine(self, opinion: Opinion, attempted: str) -> int | None:
        pull, mark = opinion.pull, words.marker(opinion)
        path = f"issues/{pull.number}/comments?per_page={PER_PAGE}"
        found = self._calls.entries(self._comments, pull.repository, path, attempted, PULLS)
        ours = (id_ for id_, body, login, kind in found if body.startswith(mark) and self._is_me(login, kind, pull))
        return min(ours, default=None)

    def _is_me(self, login: str, kind: str, pull: Pull) -> bool:
        """An installation can't ask who it is: then it is a bot, which no person can be."""
        if "" not in self._me:
            self._me[""] = self._who(pull)
        me = self._me[""]
        return login.lower() == me.lower() if me else kind == "Bot"

    def _who(self, pull: Pull) -> str:
        if self._calls.is_app:
            return ""
        try:
            return str(self._calls.send("GET", pull.repository, "/user", "Asking GitHub who this is")["login"])
        except Blocked:
            return ""

    def _edited(self, pull: Pull, id_: int, body: str, attempted: str) -> bool:
        """False where somebody has deleted it."""
        try:
            self._calls.send("PATCH", pull.repository, f"issues/comments/{id_}", attempted, PULLS, {"body": body})
        except Blocked as error:
            if error.code in GONE:
                return False
            raise
        return True

    def _run(self, opinion: Opinion, digest: str) -> int:
        pull = opinion.pull
        attempted = f"Checking {pull.head[:7]} of {pull.repository}"
        known = self._made(pull, digest, attempted)
        notes = words.notes(opinion)
        if known is None:
            first = {**_check(opinion, digest), "output": _output(opinion, notes[: words.ANNOTATIONS_AT_ONCE])}
            made = self._calls.make(pull.repository, "check-runs", attempted, CHECKS_WRITTEN, first)
            there = min(len(notes), words.ANNOTATIONS_AT_ONCE)
        else:
            made, there = known
        for begin in range(there, len(notes), words.ANNOTATIONS_AT_ONCE):
            more = {"output": _output(opinion, notes[begin : begin + words.ANNOTATIONS_AT_ONCE])}
            self._calls.send("PATCH", pull.repository, f"check-runs/{made}", attempted, CHECKS_WRITTEN, more)
        return made

    def _made(self, pull: Pull, digest: str, attempted: str) -> tuple[int, int] | None:
        """The run that says just this, and how many annotations it has: a crash may have come before the last."""
        path = f"commits/{pull.head}/check-runs?check_name={words.CHECK}&filter=all&per_page={PER_PAGE}"
        found = self._calls.send("GET", pull.repository, path, attempted, CHECKS_WRITTEN)
        for run in found["check_runs"]:
            if run.get("external_id") == digest:
                return int(run["id"]), int(run["output"]["annotations_count"])
        return None

    def _status(self, opinion: Opinion) -> int:
        pull = opinion.pull
        colour = Colour.FAILURE if opinion.has_errors else Colour.SUCCESS
        flag = Flag(pull.repository, pull.head, words.CHECK, colour, short(words.title(opinion)), opinion.link)
        attempted = f"Marking {pull.head[:7]} of {pull.repository} as {words.CHECK}: {colour}"
        return self._calls.make(pull.repository, f"statuses/{pull.head}", attempted, STATUSES_WRITTEN, marking(flag))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _check(opinion: Opinion, digest: str) -> dict[str, Any]:
    said = {
        "name": words.CHECK,
        "head_sha": opinion.pull.head,
        "status": "completed",
        "conclusion": "failure" if opinion.has_errors else "success",
        "external_id": digest,
        "details_url": opinion.link,
    }
    return {name: value for name, value in said.items() if value != ""}


def _output(opinion: Opinion, notes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": words.title(opinion), "summary": words.summary(opinion), "annotations": notes}


Shown = Mapping[str, Any]


def _pull(repository: str, shown: Shown) -> Pull:
    head, base = str(shown["head"]["sha"]), str(shown["base"]["ref"])
    return Pull(repository, int(shown["number"]), head, base, is_open=shown["state"] == "open")


def _listed(body: Any) -> list[Shown]:
    return [
        {
            "number": int(shown["number"]),
            "state": str(shown["state"]),
            "head": {"sha": str(shown["head"]["sha"])},
            "base": {"ref": str(shown["base"]["ref"])},
        }
        for shown in body
    ]


def _commented(body: Any) -> list[tuple[int, str, str, str]]:
    return [
        (int(shown["id"]), str(shown["body"] or ""), str(shown["user"]["login"]), str(shown["user"]["type"]))
        for shown in body
        if shown.get("user")
    ]
