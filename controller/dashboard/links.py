"""Where a version can be looked at."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from controller.domain.bindings import Binding
from controller.domain.revision import Revision

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


def version_link(api: str, bindings: Mapping[str, Binding], revision: Revision) -> str | None:
    """The release, else the commit; None where it isn't known which repository the environment is bound to."""
    tag = revision.release.tag if revision.release else None
    return link_to(api, bindings, revision.environment, tag, revision.commit.sha)


def link_to(api: str, bindings: Mapping[str, Binding], environment: str, tag: str | None, sha: str) -> str | None:
    """The same, where no more than this is known of the revision."""
    base, binding = web_address(api), bindings.get(environment)
    if base is None or binding is None:
        return None
    place = f"releases/tag/{quote(tag)}" if tag is not None else f"commit/{quote(sha, safe='')}"
    return f"{base}/{quote(binding.repository)}/{place}"


def comparison_link(api: str, bindings: Mapping[str, Binding], environment: str, before: str) -> str | None:
    """Where the pull request is opened that brings to `environment` what is in `before`; None where they aren't two
    branches of one repository. https://docs.github.com/en/pull-requests: what it goes into comes first."""
    base, into, of = web_address(api), bindings.get(environment), bindings.get(before)
    if base is None or into is None or of is None or into.repository != of.repository or into.branch == of.branch:
        return None
    return f"{base}/{quote(into.repository)}/compare/{quote(into.branch)}...{quote(of.branch)}?expand=1"
