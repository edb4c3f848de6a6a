"""Who wrote a commit: its author, and those whom its message names. Pure."""

import re

from controller.domain.revision import Author

TRAILER = re.compile(r"co-authored-by:(?P<name>[^<]*)<(?P<email>[^>]+)>", re.IGNORECASE)
"""https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits

One line of a message, without the spaces around it. Whoever pushes writes as long a line as they like: each part ends
where the next one must begin, so that none is tried twice.
"""

NO_REPLY = re.compile(r"(?:(?P<id>[0-9]{1,18})\+)?(?P<login>[^@+]+)@users\.noreply\.[a-z0-9.-]+", re.IGNORECASE)
"""https://docs.github.com/en/account-and-profile/reference/email-addresses-reference

GitHub Enterprise hands out addresses of its own host."""

BLANK = " \t\r"


def co_authors(message: str) -> tuple[Author, ...]:
    """
    >>> co_authors("Fix\\n\\nCo-authored-by: Ada Lovelace <7+ada@users.noreply.github.com>")
    (Author(id=7, login='ada', name='Ada Lovelace'),)
    """
    trailers = (TRAILER.fullmatch(line.strip(BLANK)) for line in message.split("\n"))
    return tuple(_author(found["name"].strip(BLANK), found["email"]) for found in trailers if found)


def _author(name: str, email: str) -> Author:
    """Only an address that GitHub gave out says which account it is."""
    known = NO_REPLY.fullmatch(email)
    if known is None:
        return Author(None, None, name)
    return Author(int(known["id"]) if known["id"] else None, known["login"], name or known["login"])


def all_authors(author: Author, message: str) -> tuple[Author, ...]:
    """The author first, then the co-authors, nobody twice: by number where both have one, else by login."""
    found: list[Author] = []
    numbers, logins, numberless = set[int](), set[str](), set[str | Author]()
    for each in (author, *co_authors(message)):
        login = each.login.lower() if each.login is not None else each
        is_known = login in numberless or (each.id in numbers if each.id is not None else login in logins)
        if is_known:
            continue
        found.append(each)
        if each.id is not None:
            numbers.add(each.id)
        else:
            numberless.add(login)
        if each.login is not None:
            logins.add(each.login.lower())
    return tuple(found)
