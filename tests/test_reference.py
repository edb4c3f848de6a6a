"""Pages that are made from the code are what the code makes now."""

from pathlib import Path

import pytest

from controller.adapters.aws.policy import policy_json, policy_page

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


@pytest.mark.parametrize(("name", "made"), [("iam-policy.md", policy_page), ("iam-policy.json", policy_json)])
def test_the_iam_policy_is_made_from_the_calls(name: str, made: object) -> None:
    how = "from controller.adapters.aws.policy import policy_json, policy_page"
    assert (REFERENCE / name).read_text() == made(), f"docs/reference/{name} is old: write it again ({how})"
