"""Is this from somebody who knows a secret? Pure; every comparison is of bytes and in constant time.

GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
"""

import hashlib
import hmac
from collections.abc import Sequence


class GitHubSignatures:
    """HMAC-SHA256 over the raw body, under any of the accepted secrets: two overlap while a secret is exchanged.

    `ValueError` when there is no secret or an empty one: verification can't be left out by mistake.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = _checked(secrets)

    def match(self, body: bytes, header: bytes) -> int | None:
        """Which secret (from 1) signs `body` as `header` says: `sha256=` and 64 lower-case hex digits. Else None."""
        matches = [hmac.compare_digest(_signature(secret, body), header) for secret in self._secrets]
        return matches.index(True) + 1 if True in matches else None


class SharedSecrets:
    """The value of a header that only the sender and we know, among those accepted; built as `GitHubSignatures` is.

    Digests are compared, because a comparison of texts of different lengths tells the length.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._digests = tuple(hashlib.sha256(secret).digest() for secret in _checked(secrets))

    def match(self, header: bytes) -> int | None:
        """Which secret (from 1) it is. Else None."""
        given = hashlib.sha256(header).digest()
        matches = [hmac.compare_digest(digest, given) for digest in self._digests]
        return matches.index(True) + 1 if True in matches else None


def _checked(secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    if not secrets:
        raise ValueError("webhook secrets: none given; set at least one, or no delivery could be verified")
    for number, secret in enumerate(secrets, start=1):
        if not isinstance(secret, bytes) or not secret.strip():
            raise ValueError(f"webhook secrets: number {number} of {len(secrets)} is empty or not bytes; remove it")
    return tuple(secrets)


def _signature(secret: bytes, body: bytes) -> bytes:
    return b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
