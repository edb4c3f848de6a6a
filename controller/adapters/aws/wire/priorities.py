"""Which number a listener rule gets: lower numbers are asked first.

The first half of a place's numbers is for test rules, the other for public ones: a service has one of each. Within each
part a longer path comes before a shorter one, and a rule for certain hosts before one for any host.
"""

from collections.abc import Collection, Mapping

PATH_LIMIT = 128
"""Characters of a path: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html"""

Specificity = int


def specificity(paths: Collection[str], hosts: Collection[str]) -> Specificity:
    """How narrow a rule is, by its shortest path: the widest of its patterns is what could swallow another rule's
    requests.

    >>> specificity(["/api/*"], []), specificity(["/*"], ["captions.example.com"])
    (6, 131)
    """
    return min((len(path) for path in paths), default=0) + (PATH_LIMIT + 1 if hosts else 0)


def parts(numbers: range) -> tuple[range, range]:
    """(for test rules, for public rules)

    >>> parts(range(1000, 2000))
    (range(1000, 1500), range(1500, 2000))
    """
    border = len(numbers) // 2
    return numbers[:border], numbers[border:]


def room(part: range, wanted: Specificity, ours: Mapping[int, Specificity], rivals: Collection[int] = ()) -> range:
    """The numbers between our narrower and our wider rules, and before `rivals`: those of ours for the same requests.

    `ours` maps the numbers of our rules to how narrow they are.

    >>> room(range(1500, 2000), 6, {1510: 20, 1700: 2}, rivals=[1600])
    range(1511, 1600)
    """
    after = max(
        (number for number, narrow in ours.items() if number in part and narrow > wanted), default=part.start - 1
    )
    before = min((number for number, narrow in ours.items() if number in part and narrow < wanted), default=part.stop)
    return range(after + 1, min(before, *rivals) if rivals else before)


def choose(
    part: range,
    wanted: Specificity,
    ours: Mapping[int, Specificity],
    taken: Collection[int],
    rivals: Collection[int] = (),
) -> int | None:
    """A free number with room for such a rule, near to where it would be in an empty part; None when there is none."""
    most = 2 * PATH_LIMIT + 1
    ideal = part.start + (most - wanted) * (len(part) - 1) // most
    free = [number for number in room(part, wanted, ours, rivals) if number not in taken]
    return min(free, key=lambda number: (abs(number - ideal), number), default=None)
