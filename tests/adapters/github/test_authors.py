"""Who wrote a commit."""

from __future__ import annotations

import pytest

from controller.adapters.github.authors import all_authors, co_authors
from controller.domain.revision import Author

ADA = Author(1001, "ada", "Ada Lovelace")
GRACE = Author(1002, "grace", "Grace Hopper")


@pytest.mark.parametrize(
    ("message", "authors"),
    [
        ("Fix", ()),
        ("Fix\n\nCo-authored-by: Grace Hopper <1002+grace@users.noreply.github.com>", (GRACE,)),
        ("Fix\r\n\r\nco-authored-by:Grace Hopper<1002+grace@users.noreply.github.com>\r\n", (GRACE,)),
        ("Fix\n\nCo-authored-by: grace <grace@users.noreply.github.com>", (Author(None, "grace", "grace"),)),
        ("Fix\n\nCo-authored-by: Grace <grace@example.com>", (Author(None, None, "Grace"),)),
        ("Fix\n\nCo-authored-by: <7+x@users.noreply.github.com>", (Author(7, "x", "x"),)),
        ("Fix\n\nThe line Co-authored-by: X <x@example.com> in a sentence", ()),
        ("Fix\n\nCo-authored-by: nobody", ()),
        ("Fix\n\nCo-authored-by: G <2+g@users.noreply.github.example.com>", (Author(2, "g", "G"),)),
    ],
)
def test_trailers_name_authors(message: str, authors: tuple[Author, ...]) -> None:
    assert co_authors(message) == authors


def test_the_author_comes_first_and_nobody_comes_twice() -> None:
    message = (
        "Fix\n\n"
        "Co-authored-by: Grace Hopper <1002+grace@users.noreply.github.com>\n"
        "Co-authored-by: Ada <1001+ada@users.noreply.github.com>\n"
        "Co-authored-by: Grace <GRACE@users.noreply.github.com>"
    )
    assert all_authors(ADA, message) == (ADA, GRACE)


def test_people_that_github_does_not_know_are_told_apart_by_name() -> None:
    message = "Fix\n\nCo-authored-by: Barbara <b@example.com>\nCo-authored-by: Dennis <d@example.com>"
    assert [author.name for author in all_authors(ADA, message)] == ["Ada Lovelace", "Barbara", "Dennis"]
