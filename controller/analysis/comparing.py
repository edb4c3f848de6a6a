"""Two versions side by side: is what differs more than chance?

scipy takes some seventy megabytes and a second to load, so it is loaded at the first comparison: a controller at rest,
and one whose files compare nothing, never pay for it.
"""

from collections.abc import Sequence
from statistics import median

CHANCE = 0.01
"""Of 100 versions that are as good as the old one, one may look worse by chance, in each comparison."""

CLEARLY_MORE = 1.5
"""A share of errors that is less than half as many again as the old version's is not worse, however sure it is."""

CLEARLY_SLOWER = 1.2
"""Neither is a latency that is less than a fifth longer."""

LEAST_MINUTES = 5
"""Five against five is the least with which ranks can reach `CHANCE`: 1 of 252 orders has all new ones last, while
four against four have 1 of 70."""


def errs_more(new_errors: int, new_requests: int, old_errors: int, old_requests: int) -> float | None:
    """The probability of such a difference by chance, where the new version errs clearly more often; else None.

    Fisher's exact test, one-sided: of as many errors, dealt out to the requests by lot, so many or more fall to the new
    version. Good versions have few errors, often none; tests by the normal distribution, chi-square among them, are
    wrong about those, and too ready to see a difference, where this one errs on the side of seeing none. Barnard's and
    Boschloo's see a little more, but take the square of the requests, of which there are many here.
    """
    if new_errors * old_requests <= CLEARLY_MORE * old_errors * new_requests:
        return None
    from scipy.stats import hypergeom  # see above

    requests, errors = new_requests + old_requests, new_errors + old_errors
    chance = float(hypergeom.sf(new_errors - 1, requests, errors, new_requests))
    return chance if chance < CHANCE else None


def is_slower(new: Sequence[float], old: Sequence[float]) -> float | None:
    """The probability of such an order by chance, where the new latencies are clearly longer; else None.

    Mann-Whitney's rank test, one-sided, over one percentile for each minute: exact where minutes are few and none are
    equal. Each minute counts once, whatever came in it, and the requests themselves are not known: so it says whether
    minutes of the new version rank above minutes of the old one, and nothing about single requests. Both sides saw the
    same minutes, so what makes all of them slow at once makes neither look worse.
    """
    if median(new) <= CLEARLY_SLOWER * median(old):
        return None
    from scipy.stats import mannwhitneyu  # see above

    chance = float(mannwhitneyu(new, old, alternative="greater").pvalue)
    return chance if chance < CHANCE else None
