"""What AWS says has happened becomes a Delivery, or is refused as malformed. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
What is read is only what it is about, as an ARN, and a word for what it is like now. Which way it came makes no
difference: as an event of EventBridge's, in an SNS message, or as what a CloudWatch alarm itself sends to SNS.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import Headers

from controller.domain.delivery import ALARM, AWS, SUBSCRIBED, Delivery
from webhooks.payloads import Payload, fitting, parsed
from webhooks.refusals import Outcome, Refused
from webhooks.sns import ID, NOTIFICATION, TOPIC, Envelope

JSON, TEXT = "application/json", "text/plain"
SECRET_HEADER = "x-tidegate-secret"  # noqa: S105 - the header's name

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
_EVENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/()-]{0,127}")
_ACTION = re.compile(r"[A-Za-z][A-Za-z_]{0,63}")
_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:[0-9]{{12}}:{}"
_ALARM = re.compile(_ARN.format("cloudwatch", r"alarm:[^\x00-\x1f\x7f\ud800-\udfff]{1,255}"))
_CLUSTER = re.compile(_ARN.format("ecs", r"cluster/[A-Za-z0-9_-]{1,255}"))
_SERVICE = re.compile(_ARN.format("ecs", r"service/(?:[A-Za-z0-9_-]{1,255}/)?[A-Za-z0-9_-]{1,255}"))
_REPOSITORY = re.compile(_ARN.format("ecr", r"repository/[a-z0-9._/-]{1,256}"))
_REPOSITORY_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,255}")


@dataclass(frozen=True)
class _What:
    """What an event is about: an ARN where it must have one, and what that is like now."""

    event: str
    action: str | None
    ref: str | None


def media_type(headers: Headers) -> str:
    """TEXT, which SNS sends, or JSON, which EventBridge sends; else refused as unsupported."""
    given = headers.getlist("content-type")
    kind = given[0].partition(";")[0].strip().lower() if len(given) == 1 else ""
    if kind not in (JSON, TEXT):
        raise Refused(Outcome.UNSUPPORTED, f"Content-Type must be {TEXT} or {JSON}, and be given once.")
    return kind


def secret(headers: Headers) -> bytes:
    """The secret header as sent, empty when it is missing or given twice; for `SharedSecrets.match`."""
    given = headers.getlist(SECRET_HEADER)
    return given[0].encode("latin-1") if len(given) == 1 else b""


def from_event_bridge(body: bytes, now: datetime) -> Delivery:
    """An API destination's request; `now` is aware UTC."""
    event = _payload(body)
    return _delivery(_id(event), _of_event(event), body, now)


def from_topic(envelope: Envelope, body: bytes, now: datetime) -> Delivery:
    """A genuine envelope."""
    if envelope.kind == NOTIFICATION:
        return _delivery(envelope.id, _of_message(envelope.message, envelope.topic), body, now)
    if envelope.kind == SUBSCRIBED and envelope.confirms is None:
        raise _malformed("SubscribeURL must be AWS's own address that confirms a subscription to this topic.")
    return _delivery(envelope.id, _What(envelope.kind, None, envelope.topic), body, now)


def from_queue(text: str, number: str, now: datetime) -> Delivery:
    """A message of the queue: an event, an alarm's message, or either in the envelope of SNS. Its signature is not
    looked at: who may send to the queue is said by the queue's own policy. `number` is the queue's id of it."""
    body = text.encode(errors="surrogatepass")
    given = _payload(text)
    if given.get("Type") == NOTIFICATION and "TopicArn" in given:
        sent, topic, message = fitting(ID, given, "MessageId"), fitting(TOPIC, given, "TopicArn"), given.get("Message")
        if sent is None or topic is None or not isinstance(message, str):
            raise _malformed("A notification must have MessageId, TopicArn and Message.")
        return _delivery(sent.lower(), _of_message(message, topic), body, now)
    if "AlarmArn" in given:
        return _delivery(number, _of_alarm(given), body, now)
    return _delivery(_id(given), _of_event(given), body, now)


def _delivery(number: str, what: _What, body: bytes, now: datetime) -> Delivery:
    return Delivery(
        id=number,
        source=AWS,
        event=what.event,
        action=what.action,
        repository=None,
        ref=what.ref,
        branch=None,
        commit=None,
        body_sha256=hashlib.sha256(body).hexdigest(),
        received_at=now,
    )


def _of_message(message: str, topic: str) -> _What:
    """What was published to the topic. People publish all sorts of things: what is no event is about nothing."""
    try:
        given = parsed(message)
    except (ValueError, RecursionError):
        return _What(NOTIFICATION, None, topic)
    if "AlarmArn" in given:
        return _of_alarm(given)
    if "detail-type" in given:
        return _of_event(given)
    return _What(NOTIFICATION, None, topic)


def _of_alarm(given: Payload) -> _What:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    arn = fitting(_ALARM, given, "AlarmArn")
    if arn is None:
        raise _malformed("An alarm's message must have its AlarmArn.")
    return _What(ALARM, fitting(_ACTION, given, "NewStateValue"), arn)


def _of_event(event: Payload) -> _What:
    name = fitting(_EVENT, event, "detail-type")
    if name is None:
        raise _malformed("An event must have a detail-type.")
    if name not in _ABOUT:
        return _What(name, None, None)
    ref, *path = _ABOUT[name]
    arn = ref(event)
    if arn is None:
        raise _malformed(f"A {name} event must say what it is about.")
    return _What(name, fitting(_ACTION, event, "detail", *path), arn)


def _resource(form: re.Pattern[str]) -> Callable[[Payload], str | None]:
    def found(event: Payload) -> str | None:
        resources = event.get("resources")
        first = resources[0] if isinstance(resources, list) and resources else None
        return first if isinstance(first, str) and form.fullmatch(first) else None

    return found


def _cluster(event: Payload) -> str | None:
    return fitting(_CLUSTER, event, "detail", "clusterArn")


def _cluster_or_service(event: Payload) -> str | None:
    """Younger events say which cluster; older ones only name the service."""
    return _cluster(event) or _resource(_SERVICE)(event)


def _repository(event: Payload) -> str | None:
    """Amazon ECR gives a name, Amazon Inspector an ARN."""
    name = fitting(_REPOSITORY_NAME, event, "detail", "repository-name")
    account, region = fitting(_ACCOUNT, event, "account"), fitting(_REGION, event, "region")
    if name is None or account is None or region is None:
        return fitting(_REPOSITORY, event, "detail", "repository-name")
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:ecr:{region}:{account}:repository/{name}"


_About = tuple[Callable[[Payload], str | None], *tuple[str, ...]]

_ABOUT: Mapping[str, _About] = {
    ALARM: (_resource(_ALARM), "state", "value"),
    "ECS Task State Change": (_cluster, "lastStatus"),
    "ECS Deployment State Change": (_cluster_or_service, "eventName"),
    "ECR Image Action": (_repository, "action-type"),
    "ECR Image Scan": (_repository, "scan-status"),
    "Inspector2 Scan": (_repository, "scan-status"),
}
"""For each event of `HINTS`: the ARN of what it is about, and where in its detail it says what that is like now."""


def _payload(body: bytes | str) -> Payload:
    try:
        return parsed(body.decode() if isinstance(body, bytes) else body)
    except (ValueError, RecursionError) as error:
        raise _malformed(
            "The body must be one JSON object in UTF-8, of modest depth, without repeated keys."
        ) from error


def _id(event: Payload) -> str:
    found = fitting(ID, event, "id")
    if found is None:
        raise _malformed("An event's id must be a GUID.")
    return found.lower()


def _malformed(detail: str) -> Refused:
    return Refused(Outcome.MALFORMED, detail)
