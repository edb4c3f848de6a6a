"""The first thing that a task's process does: tie its life to the sandbox's, then become the task.

Run as a file with `-I -S`, so that it starts in some ten milliseconds; standard library only.
Arguments: the sandbox's process id, then the command.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND, NOT_EXECUTABLE, WRONG_FORMAT = 127, 126, 255


def die_with(parent: int) -> None:
    """Be killed when the parent dies. Linux only; elsewhere the reaper does it (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(128 + signal.SIGKILL)


def become(command: list[str]) -> int:
    """Replace this process by the command; the exit code for a container runtime's own failure if not."""
    try:
        os.execvp(command[0], command)  # noqa: S606 - running the task is what this file is for
    except OSError as error:
        reason = "exec format error" if error.errno == errno.ENOEXEC else os.strerror(error.errno or 0).lower()
        sys.stderr.write(f"exec {command[0]}: {reason}\n")
        return {errno.ENOENT: NOT_FOUND, errno.ENOEXEC: WRONG_FORMAT}.get(error.errno or 0, NOT_EXECUTABLE)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    sys.exit(become(sys.argv[2:]))
