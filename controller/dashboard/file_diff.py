"""What an environment's file says otherwise than that of what is, or was, live. Pure."""

from dataclasses import dataclass

from controller.dashboard.context import DashboardContext
from controller.dashboard.views import VersionView, version_view
from controller.domain.deployment import Deployment
from controller.domain.differing import MOST_CHANGES, changes
from controller.domain.proposal import Change
from controller.domain.revision import Revision


@dataclass(frozen=True)
class FileDiff:
    """What its environment's file says otherwise than that of `before`, defaults filled in; `before` is empty where
    nothing was live. `is_cut`: there is more of it."""

    before: str
    version: VersionView | None
    changes: tuple[Change, ...]
    is_cut: bool


def file_diff(before: Deployment | None, revision: Revision, context: DashboardContext) -> FileDiff:
    if before is None:
        return FileDiff("", None, (), is_cut=False)
    found = changes(before.revision.file, revision.file)
    return FileDiff(before.id, version_view(before.revision, context), found, len(found) >= MOST_CHANGES)
