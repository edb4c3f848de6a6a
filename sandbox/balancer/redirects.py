"""Where a redirect action points. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
"""

from __future__ import annotations

from sandbox.balancer.heads import RequestHead
from sandbox.world.view import ListenerView, Redirect


def location(action: Redirect, head: RequestHead, listener: ListenerView) -> str:
    """The Location header; a port that is the protocol's own is left out."""
    path, _, query = head.target.decode("latin-1").partition("?")
    known = {
        "#{protocol}": "http",
        "#{host}": head.host,
        "#{port}": str(listener.port),
        "#{path}": path.removeprefix("/"),
        "#{query}": query,
    }
    protocol, host, port = (_filled(part, known) for part in (action.protocol, action.host, action.port))
    protocol = protocol.lower()
    is_usual = port == {"http": "80", "https": "443"}.get(protocol)
    asked = _filled(action.query, known)
    return (
        f"{protocol}://{host}{'' if is_usual else f':{port}'}{_filled(action.path, known)}"
        f"{f'?{asked}' if asked else ''}"
    )


def _filled(template: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        template = template.replace(name, value)
    return template
