"""A topic of Amazon SNS, with a key and a certificate of our own making, and every way to forge its messages."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from controller.domain.errors import Transient
from tests.webhooks.aws_samples import an_alarm_message
from tests.webhooks.door import NOW

TOPIC = "arn:aws:sns:eu-west-1:123456789012:tidegate"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
SUBSCRIBE = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb"
_CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html"""
MESSAGE_ID = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


@cache
def a_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def a_curve() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def a_certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None, days: tuple[int, int] = (-100, 100)
) -> bytes:
    """As PEM, valid from so many days after NOW until so many days after it."""
    key = key or a_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    since, until = (NOW + timedelta(days=each) for each in days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, since, until).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM)


def a_notification(message: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": MESSAGE_ID,
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "dev 5xx" in EU (Ireland)',
        "Message": json.dumps(an_alarm_message()) if message is None else message,
        "Timestamp": "2026-03-01T11:59:59.123Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1",
        **changes,
    }


def a_confirmation(kind: str = "SubscriptionConfirmation", **changes: Any) -> dict[str, Any]:
    given = {"Type": kind, "Token": "2336412f37fb", "SubscribeURL": SUBSCRIBE, **changes}
    made = a_notification("You have chosen to subscribe to the topic.", **given)
    del made["Subject"], made["UnsubscribeURL"]
    return made


def signed(
    given: Mapping[str, Any], key: rsa.RSAPrivateKey | None = None, by: HashAlgorithm | None = None
) -> dict[str, Any]:
    """Signed as SNS signs what is of this type, whatever is in it; what is no text is left out."""
    names = SIGNED.get(given["Type"], ())
    told = "".join(f"{name}\n{given[name]}\n" for name in names if isinstance(given.get(name), str))
    signature = (key or a_key()).sign(told.encode("utf-8", "surrogatepass"), PKCS1v15(), by or SHA256())
    return {**given, "Signature": base64.b64encode(signature).decode()}


def sha1(given: Mapping[str, Any]) -> dict[str, Any]:
    return signed(given, by=SHA1())


@dataclass
class Network:
    """Amazon's half: certificates by address. Writes down what was asked for."""

    certificates: dict[str, bytes] = field(default_factory=lambda: {CERTIFICATE: a_certificate()})
    read: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    broken: Exception | None = None

    def certificate(self, address: str) -> bytes:
        self.read.append(address)
        if self.broken is not None:
            raise self.broken
        if address not in self.certificates:
            raise Transient(f"reading {address}: AWS answered 403", code="topic.unreachable")
        return self.certificates[address]

    def confirm(self, address: str) -> None:
        self.confirmed.append(address)
        if self.broken is not None:
            raise self.broken
