"""`python -m sandbox`: run the sandbox until it is told to stop.

Exit codes: 0 stopped, 1 could not start (one sentence says why), 2 wrong use.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from sandbox.options import options_of


def main(arguments: list[str]) -> int:
    options = options_of(arguments)
    from sandbox.run import run  # a second's worth of imports, for a command line that is right

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        asyncio.run(run(options))
    except OSError as error:
        sys.stderr.write(f"the sandbox could not start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
