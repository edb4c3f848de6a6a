"""Where a commit can be looked at."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from controller.domain.bindings import Binding

PUBLIC_API = "https://api.github.com"
ENTERPRISE_SUFFIX = "/api/v3"
"""https://docs.github.com/en/enterprise-server/rest/quickstart: the API is beside the pages."""


def web_address(api: str) -> str | None:
    """The address of GitHub's pages, from that of its API; None for anything but http and https.

    >>> web_address("https://api.github.com")
    'https://github.com'
    >>> web_address("http://127.0.0.1:8081/api/v3")
    'http://127.0.0.1:8081'
    """
    trimmed = api.rstrip("/")
    try:
        parts = urlsplit(trimmed)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    return "https://github.com" if trimmed == PUBLIC_API else trimmed.removesuffix(ENTERPRISE_SUFFIX)


def commit_link(api: str, bindings: Mapping[str, Binding], environment: str, sha: str) -> str | None:
    """None where it isn't known which repository the environment is bound to."""
    base, binding = web_address(api), bindings.get(environment)
    if base is None or binding is None:
        return None
    return f"{base}/{quote(binding.repository)}/commit/{quote(sha, safe='')}"
