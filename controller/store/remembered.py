"""Values that were read once: rows of one version never change, and reading one again costs a hundred times its row."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

MOST = 512
"""Half of them deployments, for 250 environments at rest: of more, whoever looks at all of them reads them again."""


class Remembered:
    """Only what was committed may go in: a version that is taken back is given out again, for something else."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._found: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable) -> object | None:
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key]

    def put(self, key: Hashable, value: object) -> None:
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
