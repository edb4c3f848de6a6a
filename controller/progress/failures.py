"""Why tasks stopped, as people read it."""

from controller.domain.evidence import STOPPED_BY_ECS
from controller.domain.log_lines import gist
from controller.domain.snapshot import TaskFailure


def told(failure: TaskFailure) -> str:
    ended_by_itself = failure.exit_code not in {None, *STOPPED_BY_ECS}
    last = f"; its last words: {gist(failure.log_lines[-1])}" if failure.log_lines and ended_by_itself else ""
    return f"{failure.explanation}{last}"
