"""`python -m controller.cli.leash MODULE ARGUMENTS…`: run a module that ends when its parent does.

Standard input is the leash: a pipe whose other end only the parent holds. However the parent ends, `kill -9` included,
the kernel closes that end. Parent-death signals would do the same, on Linux only.
"""

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 8.0
LET_GO = 70


def hold(grace_seconds: float = GRACE_SECONDS) -> None:
    """Watch standard input from a thread; at its end this process gets SIGTERM, and later no choice."""
    leash = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    threading.Thread(target=_wait, args=(leash, grace_seconds), name="leash", daemon=True).start()


def _wait(leash: int, grace_seconds: float) -> None:
    while os.read(leash, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace_seconds)
    os._exit(LET_GO)


def main() -> None:
    module, *arguments = sys.argv[1:]
    hold()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
