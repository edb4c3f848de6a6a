"""Heads of all branches."""

from collections.abc import Mapping, Sequence

from github.Requester import Requester

from controller.adapters.github.pages import PER_PAGE, Pages

HEADS = "refs/heads/"
PAGES_KEPT = 2000
"""Of all repositories together: 200,000 branches."""


class Branches:
    def __init__(self) -> None:
        self._pages = Pages(_heads, PAGES_KEPT)

    def heads(self, requester: Requester, repository: str) -> dict[str, str]:
        """https://docs.github.com/en/rest/git/refs#list-matching-references: branch → sha."""
        address = f"/repos/{repository}/git/matching-refs/heads/?per_page={PER_PAGE}"
        return dict(self._pages.entries(requester, address))


def _heads(refs: list[Mapping[str, Mapping[str, str]]]) -> Sequence[tuple[str, str]]:
    return [(str(ref["ref"]).removeprefix(HEADS), ref["object"]["sha"]) for ref in refs]
