"""How many rows one transaction takes, so that whoever else wants to write hardly waits."""

AIM_SECONDS = 0.05
"""So long a transaction lasts, about: half of what somebody may notice, since a disk is not always as quick."""

FIRST = 20
LEAST = 5
"""Of fewer most of the time is the transaction's own."""


class Pace:
    """`size` follows how long the last ones took; each time it is doubled at most, and halved at most. For one
    thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = FIRST

    def took(self, rows: int, seconds: float) -> None:
        """
        >>> pace = Pace(500)
        >>> pace.took(20, 0.01), pace.size
        (None, 40)
        >>> pace.took(40, 0.4), pace.size
        (None, 20)
        """
        fits = int(rows * AIM_SECONDS / seconds) if seconds > 0 else self._most
        self.size = min(max(fits, self.size // 2, LEAST), 2 * self.size, self._most)
