"""What strangers write costs no more than its length: each of these once held the whole process up, and its leases.

A process of its own is asked, because nothing within it could end what it is at.
"""

import subprocess
import sys

import pytest

PATIENCE_SECONDS = 20
"""Each takes less than one; without its bound it takes hours."""


def is_soon_done(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], timeout=PATIENCE_SECONDS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("filled", ['" " * 60_000', '"x " * 30_000', '"<" * 60_000', '"\\t<a@" * 15_000'])
def test_a_commits_message_keeps_nobody_busy(filled: str) -> None:
    """V15.2.2, CVE-2025-62727's kind: whoever may push, or open a pull request, writes it."""
    is_soon_done(
        "from controller.adapters.github.authors import co_authors\n"
        f"assert co_authors('Fix\\n\\nCo-authored-by:' + {filled}) == ()"
    )


def test_a_crowd_of_co_authors_keeps_nobody_busy() -> None:
    """V15.2.2: a message may have a megabyte."""
    is_soon_done(
        "from controller.adapters.github.authors import all_authors\n"
        "from controller.domain.revision import Author\n"
        "message = '\\n'.join(f'Co-authored-by: {n} <{n}+u{n}@users.noreply.github.com>' for n in range(60_000))\n"
        "assert len(all_authors(Author(0, 'u0', '0'), message)) == 60_000"
    )


def test_an_account_of_a_thousand_digits_is_nobodys() -> None:
    """V2.2.1: Python makes no number of it, and the commit could not be read for ever."""
    is_soon_done(
        "from controller.adapters.github.authors import co_authors\n"
        "(found,) = co_authors('Co-authored-by: a <' + '9' * 5000 + '+a@users.noreply.github.com>')\n"
        "assert (found.id, found.login) == (None, None)"
    )


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("'*a' * 200 + '*b'", "'a' * 4000"),
        ("'**/a/' * 200 + 'b'", "'a/' * 2000"),
        ("'**/*a*a*a*a*b/' * 20 + 'c'", "('a' * 200 + '/') * 20"),
        ("'a' + '?*' * 300 + 'b'", "'a' * 4000"),
    ],
)
def test_a_pattern_of_ignored_paths_keeps_nobody_busy(pattern: str, path: str) -> None:
    """V15.2.2: a pull request from a fork brings both, the file with the pattern and the path."""
    is_soon_done(
        "from types import SimpleNamespace\n"
        "from controller.loop.heads import ignores_all\n"
        f"file = SimpleNamespace(paths=SimpleNamespace(ignore=({pattern},)))\n"
        f"assert not ignores_all(({path},), file)"
    )


def test_a_list_of_thousands_keeps_nobody_busy() -> None:
    """V15.2.2: a file of 256 KiB has room for them, and each is compared with all others."""
    is_soon_done(
        "from controller.domain.manifest.wanted import without_repeats\n"
        "assert without_repeats(tuple(f'user-{n}' for n in range(100_000)))"
    )
