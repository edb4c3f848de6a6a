"""How much of what was there before is not taken in yet, in the words of pages, API and command line. Pure."""

from dataclasses import dataclass

from controller.domain.counting import counted

MOST_COUNTED = 100_000
"""Where more are left nobody waits until they are counted."""

SAID = "the controller's log says which, and what to do"


@dataclass(frozen=True)
class Backlog:
    """`left` deployments are still to be taken in, and `unreadable` are set aside: what is written down of them can't
    be read. Of each at most `MOST_COUNTED` + 1 are told."""

    left: int = 0
    unreadable: int = 0


NOTHING_LEFT = Backlog()


def counting(found: Backlog) -> str:
    """What figures don't tell of yet, as a sentence without its full stop; nothing where they tell of all.

    >>> counting(Backlog(1204))
    'counting what was before: 1,204 deployments are left'
    >>> counting(Backlog(unreadable=1))
    "1 deployment can't be read and isn't counted; the controller's log says which, and what to do"
    """
    return _told(found, "counting what was before", "isn't counted", "aren't counted")


def searching(found: Backlog) -> str:
    """The same of what is found.

    >>> searching(Backlog(1, 2)).partition("; ")[0]
    'making what was before searchable, the newest first: 1 deployment is left'
    """
    by = "found by id, environment, result, kind and time alone"
    return _told(found, "making what was before searchable, the newest first", f"is {by}", f"are {by}")


def _told(found: Backlog, doing: str, one: str, many: str) -> str:
    left, unreadable = found.left, found.unreadable
    parts = [f"{doing}: {_count(left)} {'is' if left == 1 else 'are'} left"] if left else []
    if unreadable:
        parts += [f"{_count(unreadable)} can't be read and {one if unreadable == 1 else many}", SAID]
    return "; ".join(parts)


def _count(number: int) -> str:
    """
    >>> _count(1), _count(MOST_COUNTED + 1)
    ('1 deployment', 'more than 100,000 deployments')
    """
    named = counted(min(number, MOST_COUNTED), "deployment")
    return f"more than {named}" if number > MOST_COUNTED else named
