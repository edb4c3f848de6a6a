"""Who wrote a commit: its author, and those whom its message names. Pure."""

import re

from controller.domain.revision import Author

TRAILER = re.compile(
    r"^co-authored-by:[ \t]*(?P<name>[^<\n]*?)[ \t]*<(?P<email>[^>\n]+)>[ \t]*$", re.IGNORECASE | re.MULTILINE
)
"""https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits"""

NO_REPLY = re.compile(r"^(?:(?P<id>\d+)\+)?(?P<login>[^@+]+)@users\.noreply\.[a-z0-9.-]+$", re.IGNORECASE)
"""https://docs.github.com/en/account-and-profile/reference/email-addresses-reference

GitHub Enterprise hands out addresses of its own host."""


def co_authors(message: str) -> tuple[Author, ...]:
    """
    >>> co_authors("Fix\\n\\nCo-authored-by: Ada Lovelace <7+ada@users.noreply.github.com>")
    (Author(id=7, login='ada', name='Ada Lovelace'),)
    """
    return tuple(_author(found["name"], found["email"]) for found in TRAILER.finditer(message))


def _author(name: str, email: str) -> Author:
    """Only an address that GitHub gave out says which account it is."""
    known = NO_REPLY.match(email)
    if known is None:
        return Author(None, None, name)
    return Author(int(known["id"]) if known["id"] else None, known["login"], name or known["login"])


def all_authors(author: Author, message: str) -> tuple[Author, ...]:
    """The author first, then the co-authors, nobody twice."""
    found: list[Author] = []
    for each in (author, *co_authors(message)):
        if not any(_same(each, earlier) for earlier in found):
            found.append(each)
    return tuple(found)


def _same(one: Author, other: Author) -> bool:
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.login is not None and other.login is not None:
        return one.login.lower() == other.login.lower()
    return one == other
