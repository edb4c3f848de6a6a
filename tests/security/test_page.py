"""docs/security.md tells today's figures."""

import re
from pathlib import Path

from tests.security.matrix import ACTS, State, ways
from tests.security.world import Doors

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ATTACKS = (Path(__file__).parent / "test_attacks.py").read_text(encoding="utf-8")


def test_the_page_counts_the_matrix_as_it_is(doors: Doors) -> None:
    number = len(ways(doors))
    assert f"{len(ACTS) * number * len(State)} cells" in PAGE
    assert f"{len(ACTS)} requests" in PAGE and f"by {number} ways" in PAGE and f"in {len(State)} states" in PAGE


def test_the_page_counts_the_attacks_and_each_says_where_it_comes_from() -> None:
    names = re.findall(r"^def (test_\w+)", ATTACKS, re.MULTILINE)
    assert f"holds {len(names)} named attacks" in PAGE and len(names) >= 60
    assert len(names) == len(set(names))
    bodies = re.split(r"^def test_", ATTACKS, flags=re.MULTILINE)[1:]
    assert [body.partition("(")[0] for body in bodies if '"""' not in body.split(":\n", 1)[1][:8]] == []
