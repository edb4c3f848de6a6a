"""A release on the sandbox's GitHub goes live; one that no webhook tells of is found by the sweep."""

from pathlib import Path

from tests.support.clone import Clone
from tests.support.live import Pair, a_pair

SWEEP_SECONDS = "2"


def test_what_is_published_goes_live_also_where_its_webhook_is_lost(tmp_path: Path) -> None:
    with a_pair(tmp_path / "pair", TIDEGATE_SWEEP_SECONDS=SWEEP_SECONDS) as pair:
        clone = Clone(pair.sandbox.endpoints["github"]["git"], tmp_path / "clone")
        clone.rewrite("environments/dev.yaml", r"^branch: develop$", "branch: develop\non: release")
        clone.rewrite("environments/dev.yaml", r'tag: "\{branch\}-\{sha\}"', 'tag: "{version}"')
        clone.rewrite("environments/dev.yaml", r'tag: "\{branch\}-\{sha\}"', 'tag: "{version}"')
        first = clone.commit("Deploy releases")
        clone.push()
        pair.controller.until("it waits", lambda: code(pair) == "release.none")
        assert pair.sandbox.publish("v1.0.0", "develop")["commit"] == first
        live = pair.controller.settled(first)
        assert (live["phase"], live["revision"]["version"]) == ("succeeded", "v1.0.0")
        assert live["revision"]["release"]["url"].endswith("/acme/captioncraft/releases/tag/v1.0.0")
        clone.rewrite("environments/dev.yaml", r"env: \{.*?\}", "env: {LOG_LEVEL: warning}")
        second = clone.commit("Say less")
        clone.push()
        pair.sandbox.lose_webhooks(20)
        pair.sandbox.publish("v1.1.0", "develop")
        assert pair.controller.settled(second)["revision"]["version"] == "v1.1.0"
        assert pair.controller.environment()["desired"] == {"commit": second, "version": "v1.1.0"}


def code(pair: Pair) -> str | None:
    return (pair.controller.environment()["remark"] or {}).get("code")
