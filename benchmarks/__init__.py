"""What Tidegate costs and how fast it is, measured on real processes over real sockets; `make bench` prints it.

Never here: a check that only passes on a quick machine, other than the limits that the documentation publishes; load on
anything but loopback. To add one: a module with `run(given) -> Result`, and a row in `__main__.py`.
"""

import sys
from importlib.util import find_spec

NEEDED = ("psutil", "pytest")
"""What measuring needs and running doesn't."""

if missing := [name for name in NEEDED if find_spec(name) is None]:
    told = f"measuring needs {' and '.join(missing)}, which `make up` has no use for"
    sys.exit(f"{told}: `make bench` installs what it needs and measures, `make .venv/dev.stamp` only installs")
