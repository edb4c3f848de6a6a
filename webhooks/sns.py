"""A message of Amazon SNS over HTTPS: what must hold before its signature is worth a look, and the signature. Pure.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
A good signature only says that it came through *some* topic, and anybody may own one: a topic that is not pinned is as
good as no signature. Version 1 is SHA-1; a message whose envelope was left out (raw delivery) has no signature at all.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from controller.domain.delivery import SUBSCRIBED
from webhooks.payloads import Payload, fitting, parsed
from webhooks.refusals import Outcome, Refused

NOTIFICATION = "Notification"
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIBED: _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""The members that are signed, in the order of their bytes. That somebody has unsubscribed is written down, and never
acted upon."""

OLDEST = timedelta(hours=1, minutes=5)
"""A topic's own delivery policy ends after an hour at most:
https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html"""
AHEAD = timedelta(minutes=5)
"""How wrong the clocks may be."""
LEAST_BITS = 2048

ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_CERTIFICATE = re.compile(r"[A-Za-z0-9._/-]{1,200}\.pem")
_SUBSCRIBE = re.compile(r"\?([A-Za-z0-9&=%:._~+-]{1,4000})")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_TYPE = re.compile("|".join(SIGNED))
_ANY = re.compile(r"[^\ud800-\udfff]*", re.DOTALL)


@dataclass(frozen=True)
class Envelope:
    """An envelope whose signature has not been looked at. `id` is equal for what SNS sends again, `signed` the bytes
    that `signature` is over, by the key in the certificate at `certificate`. `confirms` is what a subscription is
    confirmed by."""

    kind: str
    id: str
    topic: str
    message: str
    sent_at: datetime
    signed: bytes
    signature: bytes
    certificate: str
    confirms: str | None = None


def opened(body: bytes) -> Envelope:
    """Refused as unsigned when it is not an envelope with a signature of version 2 whose certificate is at AWS."""
    try:
        given = parsed(body.decode())
        signature = base64.b64decode(_text(given, "Signature"), validate=True)
    except (ValueError, RecursionError):
        _unsigned("The body is no message of Amazon SNS in its envelope; raw message delivery has no signature.")
    if given.get("SignatureVersion") != "2":
        _unsigned("SignatureVersion must be 2: set the topic's attribute SignatureVersion.")
    kind = fitting(_TYPE, given, "Type")
    sent = fitting(_TIME, given, "Timestamp")
    number, topic = fitting(ID, given, "MessageId"), fitting(TOPIC, given, "TopicArn")
    certificate = _at_sns(given, "SigningCertURL", topic, _CERTIFICATE) if topic else None
    if kind is None or certificate is None or sent is None or number is None or topic is None:
        _unsigned("Type, MessageId, TopicArn, Timestamp or SigningCertURL is not as Amazon SNS sends it.")
    try:
        at = datetime.fromisoformat(sent)
        signed = _signed(given, kind)
    except ValueError:
        _unsigned("A member that is signed is missing, or not of its form.")
    confirms = _confirms(given, topic) if kind == SUBSCRIBED else None
    return Envelope(kind, number.lower(), topic, given["Message"], at, signed, signature, certificate, confirms)


def check_age(envelope: Envelope, now: datetime) -> None:
    """Refused as unsigned when it is too old to be a retry, or from the future."""
    if not now - OLDEST <= envelope.sent_at <= now + AHEAD:
        _unsigned("The message is too old to be taken, or a clock is wrong.")


@dataclass(frozen=True)
class SigningKey:
    """What a certificate of Amazon's holds. That it is Amazon's is vouched for by the host that it was read from."""

    key: RSAPublicKey
    since: datetime
    until: datetime

    def check(self, envelope: Envelope, now: datetime) -> None:
        """Refused as unsigned unless it signs the envelope, now."""
        if not self.since <= now <= self.until:
            _unsigned("The certificate at SigningCertURL is not valid now.")
        try:
            self.key.verify(envelope.signature, envelope.signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            _unsigned("The signature is not over this message, or by another key.")


def signing_key(pem: bytes) -> SigningKey:
    """Refused as unsigned when it is no certificate, or one of a key that could be forged."""
    try:
        certificate = load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except Exception:  # noqa: BLE001 - cryptography raises a dozen kinds for bytes that are no certificate
        _unsigned("There is no certificate at SigningCertURL.")
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        _unsigned(f"The certificate at SigningCertURL has no RSA key of at least {LEAST_BITS} bits.")
    return SigningKey(key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _signed(given: Payload, kind: str) -> bytes:
    names = [name for name in SIGNED[kind] if name != "Subject" or given.get(name) is not None]
    return "".join(f"{name}\n{_text(given, name)}\n" for name in names).encode()


def _text(given: Payload, name: str) -> str:
    found = fitting(_ANY, given, name)
    if found is None:
        raise ValueError(f"{name} is no text")
    return found


def _confirms(given: Payload, topic: str) -> str | None:
    """The address that confirms the subscription to this very topic, at AWS; else None."""
    address = _at_sns(given, "SubscribeURL", topic, _SUBSCRIBE)
    asked = parse_qs(address.partition("?")[2]) if address else {}
    is_ours = asked.get("Action") == ["ConfirmSubscription"] and asked.get("TopicArn") == [topic]
    return address if is_ours else None


def _at_sns(given: Payload, name: str, topic: str, form: re.Pattern[str]) -> str | None:
    """The address that stands there, if it is one of Amazon SNS in the topic's own region: elsewhere below
    amazonaws.com anybody may have a host, as that of a bucket called `sns` is sns.s3-eu-west-1.amazonaws.com."""
    _, partition, _, region, *_ = topic.split(":")
    place = f"https://sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}/"
    address = given.get(name)
    if not isinstance(address, str) or not address.startswith(place):
        return None
    return address if form.fullmatch(address.removeprefix(place)) else None


def _unsigned(detail: str) -> NoReturn:
    raise Refused(Outcome.UNSIGNED, detail)
