"""One HTTP request to something that was just deployed, and what came back in words."""

from collections.abc import Mapping
from types import MappingProxyType

import httpx

from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.ports import Clock
from controller.domain.strangers import harmless, without

BODY_LIMIT = 64 * 1024
QUOTE_LIMIT = 200
NOWHERE_ELSE: Mapping[str, str] = MappingProxyType({})


class HttpProbe:
    """Asks as a stranger would: no proxy, no redirect followed, no cookie kept, no more of the body than needed.

    `connect_to` maps `host:port` to the `host:port` that is really connected to, for a balancer whose name does not
    resolve from here; the Host header and the name in the TLS handshake stay those of the URL.
    """

    def __init__(self, clock: Clock, connect_to: Mapping[str, str] = NOWHERE_ELSE) -> None:
        self._clock = clock
        self._connect_to = dict(connect_to)
        # Reading the certificate authorities costs more than a request, so it is done once.
        self._trust = httpx.create_ssl_context()

    def ask(self, check: HttpCheck) -> CheckAnswer:
        started = self._clock.monotonic()
        within = check.within.total_seconds()
        try:
            with httpx.Client(verify=self._trust, trust_env=False, follow_redirects=False, timeout=within) as client:
                response = client.send(self._request(client, check), stream=True)
                try:
                    body = self._body(response, started + within)
                finally:
                    response.close()
        except httpx.TimeoutException:
            return CheckAnswer(check, passed=False, found=f"no answer within {within:g}s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return CheckAnswer(check, passed=False, found=f"{_named(error)}: {_shown(str(error), check)}")
        return _judged(check, response.status_code, body, took=self._clock.monotonic() - started)

    def _request(self, client: httpx.Client, check: HttpCheck) -> httpx.Request:
        url = httpx.URL(check.url)
        headers = {"User-Agent": "tidegate", "Host": url.netloc.decode()}
        if check.header is not None:
            name, value = check.header
            headers[name] = value.reveal()
        request = client.build_request("GET", self._connected(url), headers=headers)
        request.extensions["sni_hostname"] = url.host
        return request

    def _connected(self, url: httpx.URL) -> httpx.URL:
        port = url.port or (443 if url.scheme == "https" else 80)
        target = self._connect_to.get(f"{url.host}:{port}")
        if target is None:
            return url
        host, _, target_port = target.rpartition(":")
        return url.copy_with(host=host.strip("[]"), port=int(target_port))

    def _body(self, response: httpx.Response, until: float) -> str:
        """The first part of the body; a body that drips past the deadline is left where it is."""
        read = b""
        for chunk in response.iter_bytes():
            read += chunk
            if len(read) >= BODY_LIMIT or self._clock.monotonic() > until:
                break
        return read[:BODY_LIMIT].decode(errors="replace")


def _judged(check: HttpCheck, status: int, body: str, took: float) -> CheckAnswer:
    within = check.within.total_seconds()
    if status != check.status:
        return CheckAnswer(check, passed=False, found=f"status {status}{_quoted(body, check)}; wanted {check.status}")
    if took > within:
        return CheckAnswer(check, passed=False, found=f"status {status} after {took:.1f}s; wanted within {within:g}s")
    return CheckAnswer(check, passed=True, found=f"status {status} in {took * 1000:.0f} ms")


def _quoted(body: str, check: HttpCheck) -> str:
    line = _shown(body, check)
    return f' "{line}"' if line else ""


def _shown(text: str, check: HttpCheck) -> str:
    """Its beginning on one line, so that a page of error text stays one sentence. A page may repeat the request, and
    settings: it is cut after they are taken out, so that no part of them is left."""
    line = without(harmless(" ".join(text.split())), check.hidden)
    return line if len(line) <= QUOTE_LIMIT else f"{line[:QUOTE_LIMIT]}…"


def _named(error: Exception) -> str:
    """`ConnectError` reads as "connect error"."""
    name = type(error).__name__
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
