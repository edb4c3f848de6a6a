"""Which release is deployed."""

from tests.teeth.mistake import Mistake

OF_RELEASES = "tests/loop/test_releases.py"
RELEASES = "controller/loop/releases.py"

MISTAKES = (
    Mistake(
        "a release of an older commit is deployed by itself",
        RELEASES,
        "        if base is None or source.compare(binding.repository, base, sha).descends:\n",
        "        if base is None or source.compare(binding.repository, sha, head.sha).descends:\n",
        f"{OF_RELEASES}::test_a_release_of_an_older_commit_is_not_deployed_by_itself_and_no_alarm",
    ),
    Mistake(
        "a prerelease that becomes a release late is never taken",
        RELEASES,
        "        if sha == base:\n            continue\n",
        "        if sha == base:\n            break\n",
        f"{OF_RELEASES}::test_a_prerelease_that_becomes_a_release_late_is_taken",
    ),
    Mistake(
        "releases of other branches are deployed",
        RELEASES,
        "commit.sha == head.sha or source.compare(binding.repository, commit.sha, head.sha).descends",
        "commit.sha == head.sha or source.compare(binding.repository, commit.sha, commit.sha).descends",
        f"{OF_RELEASES}::test_releases_of_other_branches_are_passed_over",
    ),
    Mistake(
        "drafts and prereleases are deployed",
        "controller/adapters/github/releases.py",
        'if not each["draft"] and not each["prerelease"]',
        'if not each["draft"]',
        "tests/adapters/github/test_releases.py::test_a_release_that_is_made_a_draft_or_deleted_is_gone",
    ),
    Mistake(
        "a release that was looked at in vain counts as seen",
        "controller/loop/heads.py",
        'replace(seen, sight="", remark=None)',
        "replace(seen, sight=found.sight, remark=None)",
        f"{OF_RELEASES}::test_a_released_file_that_asks_for_pushes_is_named_with_both_places",
    ),
    Mistake(
        "a tag that was moved looks as before",
        "controller/domain/release.py",
        "[each.tag, each.points_at, each.published_at.isoformat()]",
        "[each.tag, each.published_at.isoformat()]",
        "tests/loop/test_sweep.py::test_a_release_that_nobody_told_of_is_found_by_the_next_sweep[sqlite-moved]",
    ),
)
