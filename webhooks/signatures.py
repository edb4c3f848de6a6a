"""Is this body from somebody who knows a secret? Pure; every comparison is of bytes and in constant time.

GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
from collections.abc import Sequence


class GitHubSignatures:
    """HMAC-SHA256 over the raw body, under any of the accepted secrets: two overlap while a secret is exchanged.

    `ValueError` when there is no secret or an empty one: verification can't be left out by mistake.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("webhook secrets: none given; set at least one, or no delivery could be verified")
        for number, secret in enumerate(secrets, start=1):
            if not isinstance(secret, bytes) or not secret.strip():
                raise ValueError(f"webhook secrets: number {number} of {len(secrets)} is empty or not bytes; remove it")
        self._secrets = tuple(secrets)

    def match(self, body: bytes, header: bytes) -> int | None:
        """Which secret (from 1) signs `body` as `header` says: `sha256=` and 64 lower-case hex digits. Else None."""
        matches = [hmac.compare_digest(_signature(secret, body), header) for secret in self._secrets]
        return matches.index(True) + 1 if True in matches else None


def _signature(secret: bytes, body: bytes) -> bytes:
    return b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
