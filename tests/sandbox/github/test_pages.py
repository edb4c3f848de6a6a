"""The pages behind `html_url`."""

from __future__ import annotations

import httpx

from tests.sandbox.github.served import NAME, Clone, Served


def test_a_commit_and_its_pull_request_have_pages(served: Served, clone: Clone) -> None:
    sha = clone.commit({"page.txt": "<script>alert(1)</script>\n"}, "Add <b>page</b>")
    clone.git("push", "-q", "origin", "develop:feature")
    pull = served.repository().create_pull(base="develop", head="feature", title="A <i>page</i>")
    for address in (served.repository().get_commit(sha).html_url, pull.html_url, f"{served.github.origin}/{NAME}"):
        reply = httpx.get(address, trust_env=False)
        assert reply.status_code == 200
        assert not any(tag in reply.text for tag in ("<script>", "<b>page", "<i>page"))
        assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_a_page_that_is_not_there_is_not_found(served: Served) -> None:
    for path in ("/acme/nothing", f"/{NAME}/commit/{'0' * 40}", f"/{NAME}/pull/99"):
        assert httpx.get(served.github.origin + path, trust_env=False).status_code == 404
