import re

import pytest

from workload import caption_request
from workload.frontend import STATIC

PAGE = (STATIC / "index.html").read_text()
SCRIPT = (STATIC / "page.js").read_text()


def test_the_page_is_html_that_nothing_foreign_can_run_in(ask_frontend):
    answer = ask_frontend("GET", "/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_needs_nothing_that_its_own_policy_forbids():
    sources = re.findall(r'(?:src|href|action)="([^"]+)"', PAGE)
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", PAGE)


@pytest.mark.parametrize("asset", sorted(path.name for path in STATIC.iterdir() if path.name != "index.html"))
def test_every_asset_is_served_and_asked_for_anew_because_versions_run_side_by_side(ask_frontend, asset):
    first = ask_frontend("GET", f"/static/{asset}")
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    again = ask_frontend("GET", f"/static/{asset}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


@pytest.mark.parametrize("path", ["/static/../frontend.py", "/static/%2e%2e/frontend.py", "/static/", "/index.html"])
def test_nothing_but_page_and_assets_is_served(ask_frontend, path):
    assert ask_frontend("GET", path).status_code == 404


def test_every_element_that_the_script_uses_is_on_the_page():
    used = set(re.findall(r'\$\("([\w-]+)"\)', SCRIPT))
    assert len(used) > 20
    assert used <= set(re.findall(r'\sid="([\w-]+)"', PAGE))


def test_every_control_has_a_name_for_a_screen_reader():
    labelled = set(re.findall(r'<label[^>]*\sfor="([\w-]+)"', PAGE))
    for control in re.findall(r"<(?:input|textarea)\b[^>]*>", PAGE):
        if 'type="radio"' not in control:  # radio buttons stand inside their labels
            assert re.search(r'\sid="([\w-]+)"', control)[1] in labelled


def test_the_page_offers_exactly_what_the_service_accepts():
    def offered(name: str) -> list[str]:
        return re.findall(rf'name="{name}" value="(\w+)"', PAGE)

    assert offered("tone") == list(caption_request.TONES)
    assert offered("length") == list(caption_request.LENGTHS)
    assert f'max="{caption_request.MAX_HASHTAGS}"' in PAGE
    assert f'maxlength="{caption_request.MAX_DESCRIPTION}"' in PAGE
