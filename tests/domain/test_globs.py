"""Paths by patterns of `.gitignore`."""

import pytest

from controller.domain.globs import globs

DEEP = "a/b/c.md"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.md", "README.md", True),
        ("*.md", DEEP, True),
        ("*.md", "README.mdx", False),
        ("*.md", "notes.md/x.txt", True),
        ("README", "docs/README", True),
        ("docs/", "docs/x", True),
        ("docs/", "a/docs/x", True),
        ("docs/", "docs", False),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "docs", False),
        ("docs/**", "a/docs/b", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("docs/*/", "docs/a/b", True),
        ("docs/a", "docs/a/b", True),
        ("docs/a", "x/docs/a", False),
        ("**/docs", "x/y/docs", True),
        ("a/**/c.md", DEEP, True),
        ("a/**/c.md", "a/c.md", True),
        ("a/**/b/**/d", "a/b/c/b/x/d", True),
        ("a/**/b/**/d", "a/d/b", False),
        ("**/a/*.md", "x/a/y/a/z.md", True),
        ("**/*", "anything", True),
        ("**", "anything", True),
        ("*", DEEP, True),
        ("**/", "top", False),
        ("**/", "top/x", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab]x", "bx", True),
        ("[!ab]x", "cx", True),
        ("[^ab]x", "ax", False),
        ("*a*b", "xaxxb", True),
        ("*a*b", "xbxxa", False),
        ("docs ", "docs", True),
        ("# docs", "# docs", False),
        ("DOCS", "docs", False),
    ],
)
def test_a_pattern_means_what_gitignores_page_says(pattern: str, path: str, matches: bool) -> None:
    assert any(glob.matches(path) for glob in globs([pattern])) is matches
