"""The AWS door: each answer, and everybody who is not let in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.delivery import DeliveryState
from controller.domain.errors import Blocked, Transient
from tests.webhooks import topic as topics
from tests.webhooks.aws_door_stand import OLD_SECRET, SECRET, SNS_HEADERS, AwsStand
from tests.webhooks.aws_samples import ACCOUNT, ALARM_ARN, EVENT_ID, an_alarm_event, an_event
from tests.webhooks.door import NOW, raw
from tests.webhooks.topic import (
    CERTIFICATE,
    MESSAGE_ID,
    SUBSCRIBE,
    TOPIC,
    Network,
    a_certificate,
    a_confirmation,
    a_curve,
    a_key,
    a_notification,
    sha1,
    signed,
)
from webhooks.bodies import Bodies
from webhooks.refusals import Outcome
from webhooks.routes import AWS_LIMIT_BYTES, aws_route
from webhooks.topic_signatures import FETCH_EVERY_SECONDS, MOST_KEYS

JSON_HEADERS = {"Content-Type": "application/json"}

# --- EventBridge


def test_an_event_with_the_secret_is_stored_and_answered_202() -> None:
    stand = AwsStand()
    answer = stand.event(an_alarm_event())
    assert (answer.status_code, answer.json()) == (202, {"delivery": EVENT_ID, "receipt": "accepted"})
    row = stand.inbox.row
    assert (row.source, row.event, row.action, row.ref) == ("aws", "CloudWatch Alarm State Change", "ALARM", ALARM_ARN)
    assert (row.received_at, stand.outcomes, stand.network.read) == (NOW, [Outcome.ACCEPTED], [])


def test_a_duplicate_event_is_answered_202_and_says_so() -> None:
    stand = AwsStand()
    stand.event(an_alarm_event())
    answer = stand.event(an_alarm_event(value="OK"))
    assert (answer.status_code, answer.json()["receipt"]) == (202, "duplicate")
    assert stand.inbox.row.action == "ALARM"


def test_the_secret_before_this_one_is_still_accepted() -> None:
    assert AwsStand().event(an_alarm_event(), secret=OLD_SECRET).status_code == 202


@pytest.mark.parametrize("secret", [None, b"", b"guessed", SECRET[:-1], SECRET + b"x", b"the secret"])
def test_without_an_accepted_secret_there_is_no_row_and_no_call(secret: bytes | None) -> None:
    stand = AwsStand()
    assert (stand.event(an_alarm_event(), secret).status_code, stand.is_untouched) == (401, True)
    assert stand.outcomes == [Outcome.UNSIGNED]


def test_the_secret_given_twice_is_none() -> None:
    twice = raw(JSON_HEADERS) + [(b"X-Tidegate-Secret", SECRET)] * 2
    assert AwsStand().post(b"{}", twice).status_code == 401


def test_a_secret_in_bytes_beyond_ascii_is_refused_and_raises_nothing() -> None:
    headers = [*raw(JSON_HEADERS), (b"X-Tidegate-Secret", b"\xff\x80")]
    assert AwsStand().post(b"{}", headers).status_code == 401


def test_without_secrets_no_event_is_let_in() -> None:
    stand = AwsStand(secrets=())
    assert stand.event(an_alarm_event(), b"").status_code == 401
    assert stand.is_untouched


@pytest.mark.parametrize("secrets", [[b""], [b"good", b" "]])
def test_the_route_refuses_to_be_built_with_an_empty_secret(secrets: list[bytes]) -> None:
    stand = AwsStand()
    with pytest.raises(ValueError, match="webhook secrets"):
        aws_route(secrets, (), stand.network, stand.inbox.accept, stand.clock)


@pytest.mark.parametrize(
    "event",
    [
        [],
        "text",
        {},
        an_alarm_event(id="not a GUID"),
        an_alarm_event(id=7),
        an_alarm_event(resources=[]),
        an_alarm_event(resources=["arn:aws:s3:::bucket"]),
        an_event("ECS Task State Change", {"lastStatus": "STOPPED"}),
        an_event("ECR Image Action", {"action-type": "PUSH"}),
        an_event("", {}),
        an_event("\x00", {}),
    ],
)
def test_what_is_not_as_aws_sends_it_is_400_and_not_stored(event: Any) -> None:
    stand = AwsStand()
    assert (stand.event(event).status_code, stand.is_untouched) == (400, True)


def test_an_event_that_nobody_listens_to_is_stored_and_ignored() -> None:
    stand = AwsStand()
    assert stand.event(an_event("EC2 Instance State-change Notification", {})).status_code == 202
    assert stand.inbox.row.arrives_as is DeliveryState.IGNORED


def test_no_event_can_claim_to_be_a_subscription() -> None:
    stand = AwsStand()
    stand.event(an_event("SubscriptionConfirmation", {"SubscribeURL": SUBSCRIBE}, SubscribeURL=SUBSCRIBE))
    assert stand.network.confirmed == []


# --- the order of the checks


def test_too_much_is_413_before_anything_else_is_looked_at() -> None:
    stand = AwsStand(bodies=Bodies(limit_bytes=10))
    assert stand.post(b"x" * 11, {"Content-Type": "image/png"}).status_code == 413


def test_a_body_as_large_as_aws_sends_them_is_taken() -> None:
    stand = AwsStand()
    assert stand.event(an_alarm_event(filler="x" * (AWS_LIMIT_BYTES - 2000))).status_code == 202
    assert stand.event(an_alarm_event(filler="x" * AWS_LIMIT_BYTES)).status_code == 413


@pytest.mark.parametrize("kind", ["", "text/html", "application/x-www-form-urlencoded", "text/plain, application/json"])
def test_any_other_content_type_is_415_before_the_secret_is_looked_at(kind: str) -> None:
    assert AwsStand().post(b"{}", {"Content-Type": kind}).status_code == 415


def test_two_content_types_are_none() -> None:
    assert AwsStand().post(b"{}", raw(JSON_HEADERS) + raw(JSON_HEADERS)).status_code == 415


def test_the_secret_is_looked_at_before_the_form() -> None:
    stand = AwsStand()
    assert stand.post(b"not json", JSON_HEADERS).status_code == 401
    assert stand.post(b"not json", JSON_HEADERS | {"X-Tidegate-Secret": SECRET.decode()}).status_code == 400


def test_an_event_that_cannot_be_stored_is_503_and_may_come_again() -> None:
    stand = AwsStand()
    stand.inbox.broken = Transient("locked", retry_after=timedelta(seconds=3))
    answer = stand.event(an_alarm_event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    stand.inbox.broken = None
    assert stand.event(an_alarm_event()).json()["receipt"] == "accepted"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_posts_are_taken(method: str) -> None:
    stand = AwsStand()
    route = aws_route([SECRET], [TOPIC], stand.network, stand.inbox.accept, stand.clock)
    assert method not in (route.methods or ())


# --- SNS: what is genuine


def test_a_signed_alarm_is_stored_and_answered_202() -> None:
    stand = AwsStand()
    answer = stand.message(signed(a_notification()))
    assert (answer.status_code, answer.json()) == (202, {"delivery": MESSAGE_ID, "receipt": "accepted"})
    assert (stand.inbox.row.event, stand.inbox.row.ref) == ("CloudWatch Alarm State Change", ALARM_ARN)


def test_a_message_without_a_subject_is_signed_without_it() -> None:
    given = a_notification()
    del given["Subject"]
    assert AwsStand().message(signed(given)).status_code == 202
    assert AwsStand().message(signed(a_notification(Subject=None))).status_code == 202
    assert AwsStand().message(signed(a_notification(Subject=""))).status_code == 202


def test_an_event_that_a_rule_sends_through_a_topic_is_the_same_event() -> None:
    stand = AwsStand()
    assert stand.message(signed(a_notification(json.dumps(an_alarm_event())))).status_code == 202
    assert (stand.inbox.row.id, stand.inbox.row.ref) == (MESSAGE_ID, ALARM_ARN)


@pytest.mark.parametrize("message", ["hello", "[]", '{"a": 1}', "\n\n", "é" * 100])
def test_what_people_publish_to_the_topic_is_stored_and_ignored(message: str) -> None:
    stand = AwsStand()
    assert stand.message(signed(a_notification(message))).status_code == 202
    assert (stand.inbox.row.event, stand.inbox.row.arrives_as) == ("Notification", DeliveryState.IGNORED)


def test_a_replayed_message_is_a_duplicate_and_leaves_one_row() -> None:
    stand = AwsStand()
    given = signed(a_notification())
    receipts = [stand.message(given).json()["receipt"] for _ in range(3)]
    assert (receipts, len(stand.inbox.rows)) == (["accepted", "duplicate", "duplicate"], 1)


def test_a_genuine_message_that_is_not_as_cloudwatch_sends_it_is_400() -> None:
    assert AwsStand().message(signed(a_notification('{"AlarmArn": "elsewhere"}'))).status_code == 400


# --- SNS: what is forged

FORGED: dict[str, Any] = {
    "no signature": a_notification(),
    "a signature that is no base64": a_notification() | {"Signature": "%%%"},
    "a signature of another key": signed(a_notification(), a_key(number=1)),
    "version 1": sha1(a_notification(SignatureVersion="1")),
    "version 1 that says it is 2": sha1(a_notification()),
    "version 2 as a number": signed(a_notification(SignatureVersion=2)),
    "another topic": signed(a_notification(TopicArn="arn:aws:sns:eu-west-1:666666666666:tidegate")),
    "another region's topic of this name": signed(a_notification(TopicArn=TOPIC.replace("eu-west-1", "eu-west-2"))),
    "a topic that begins like ours": signed(a_notification(TopicArn=f"{TOPIC}2")),
    "an unknown type": signed(a_notification(Type="Notice")),
    "a message id with a newline": signed(a_notification(MessageId=f"{MESSAGE_ID}\n")),
    "a topic with a newline": signed(a_notification(TopicArn=f"{TOPIC}\n")),
    "a subject that is no text": signed(a_notification(Subject={"a": 1})),
    "a message that is no text": signed(a_notification(Message={"a": 1})),
    "a lone surrogate": signed(a_notification("\ud800")),
    "a time that is none": signed(a_notification(Timestamp="2026-02-30T00:00:00.000Z")),
    "a time without its zone": signed(a_notification(Timestamp="2026-03-01T11:59:59.123")),
    "an hour and ten minutes old": signed(a_notification(Timestamp="2026-03-01T10:50:00.000Z")),
    "from the future": signed(a_notification(Timestamp="2026-03-01T12:10:00.000Z")),
    "an envelope in a list": [signed(a_notification())],
    "raw delivery": json.loads(a_notification()["Message"]),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_message_is_401_and_leaves_no_row(name: str) -> None:
    stand = AwsStand()
    answer = stand.message(FORGED[name])
    assert (answer.status_code, stand.inbox.calls, stand.network.confirmed) == (401, 0, [])


@pytest.mark.parametrize("name", sorted(set(FORGED) - {"a signature of another key", "version 1 that says it is 2"}))
def test_what_is_forged_is_seen_before_a_certificate_is_fetched(name: str) -> None:
    stand = AwsStand()
    stand.message(FORGED[name])
    assert stand.is_untouched


ADDRESSES = [
    "https://sns.evil.amazonaws.com.attacker.io/a.pem",
    "https://attacker.io/sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com@attacker.io/a.pem",
    "https://attacker.io\\@sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
    "https://sns.eu-west-1.amazonaws.com./a.pem",
    "https://sns.eu.west.amazonaws.com/a.pem",
    "https://sns..amazonaws.com/a.pem",
    "https://sns.s3-eu-west-1.amazonaws.com/a.pem",
    "https://sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com.cn/a.pem",
    "https://sns.eu-west-1.amazonaws.com.cn.attacker.io/a.pem",
    "https://sns.eu-west-1.amazonaws.org/a.pem",
    "https://snsxeu-west-1.amazonaws.com/a.pem",
    "https://s3.eu-west-1.amazonaws.com/attacker/a.pem",
    "https://attacker.s3.amazonaws.com/a.pem",
    "http://sns.eu-west-1.amazonaws.com/a.pem",
    "HTTPS://sns.eu-west-1.amazonaws.com/a.pem",
    "ftp://sns.eu-west-1.amazonaws.com/a.pem",
    "file:///etc/passwd.pem",
    "http://169.254.169.254/latest/a.pem",
    "https://sns.eu-west-1.amazonaws.com/a.crt",
    "https://sns.eu-west-1.amazonaws.com/a.pem?then=this",
    "https://sns.eu-west-1.amazonaws.com/a.pem#fragment",
    "https://sns.eu-west-1.amazonaws.com/a.pem\n",
    "\nhttps://sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com/%2e%2e/a.pem",
    "",
    None,
    ["https://sns.eu-west-1.amazonaws.com/a.pem"],
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_certificate_that_is_not_at_awss_own_address_is_never_fetched(address: Any) -> None:
    stand = AwsStand()
    answer = stand.message(signed(a_notification(SigningCertURL=address)))
    assert (answer.status_code, stand.is_untouched) == (401, True)


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1"])
def test_awss_own_addresses_are_accepted(region: str) -> None:
    suffix = ".cn" if region.startswith("cn") else ""
    topic = f"arn:aws{'-cn' if suffix else ''}:sns:{region}:{ACCOUNT}:tidegate"
    address = f"https://sns.{region}.amazonaws.com{suffix}/SimpleNotificationService-{'0' * 32}.pem"
    stand = AwsStand(topics=(topic,), network=Network({address: a_certificate()}))
    assert stand.message(signed(a_notification(SigningCertURL=address, TopicArn=topic))).status_code == 202


@pytest.mark.parametrize("member", ["Message", "MessageId", "Subject", "Timestamp", "Type"])
def test_every_member_is_signed(member: str) -> None:
    changes = {
        "Message": "another",
        "MessageId": MESSAGE_ID.replace("2", "3"),
        "Subject": "another",
        "Timestamp": "2026-03-01T11:59:59.124Z",
        "Type": "UnsubscribeConfirmation",
    }
    given = signed(a_notification(Token="t", SubscribeURL=SUBSCRIBE)) | {member: changes[member]}
    stand = AwsStand()
    assert (stand.message(given).status_code, stand.inbox.calls) == (401, 0)


def test_a_topic_is_signed_as_well() -> None:
    other = TOPIC.replace("tidegate", "other")
    stand = AwsStand(topics=(TOPIC, other))
    assert stand.message(signed(a_notification()) | {"TopicArn": other}).status_code == 401


def test_a_subject_that_is_left_out_or_added_breaks_the_signature() -> None:
    without = {key: value for key, value in signed(a_notification()).items() if key != "Subject"}
    assert AwsStand().message(without).status_code == 401
    bare = {key: value for key, value in a_notification().items() if key != "Subject"}
    assert AwsStand().message(signed(bare) | {"Subject": "added"}).status_code == 401


@pytest.mark.parametrize("member", ["Message", "Subject"])
def test_one_newline_more_breaks_the_signature(member: str) -> None:
    given = signed(a_notification())
    assert AwsStand().message(given | {member: given[member] + "\n"}).status_code == 401


def test_a_member_that_comes_twice_is_believed_neither_time() -> None:
    body = json.dumps(signed(a_notification()))
    twice = f'{{"TopicArn": "arn:aws:sns:eu-west-1:666666666666:tidegate", {body[1:]}'
    stand = AwsStand()
    assert (stand.post(twice.encode(), SNS_HEADERS).status_code, stand.is_untouched) == (401, True)


def test_without_topics_no_message_is_let_in() -> None:
    stand = AwsStand(topics=())
    assert (stand.message(signed(a_notification())).status_code, stand.is_untouched) == (401, True)


def test_a_secret_does_not_stand_in_for_a_signature() -> None:
    headers = SNS_HEADERS | {"X-Tidegate-Secret": SECRET.decode()}
    assert AwsStand().post(json.dumps(a_notification()).encode(), headers).status_code == 401


# --- SNS: certificates


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"not a certificate",
        a_certificate()[:200],
        a_certificate(days=(-100, -1)),
        a_certificate(days=(1, 100)),
        a_certificate(a_key(1024)),
        a_certificate(a_curve()),
    ],
    ids=["empty", "text", "cut", "expired", "not yet valid", "a short key", "an elliptic curve"],
)
def test_a_certificate_that_proves_nothing_is_401(pem: bytes) -> None:
    key = a_key(1024) if pem == a_certificate(a_key(1024)) else a_key()
    stand = AwsStand(network=Network({CERTIFICATE: pem}))
    assert (stand.message(signed(a_notification(), key)).status_code, stand.inbox.calls) == (401, 0)


def test_a_short_key_is_refused_though_it_signs() -> None:
    stand = AwsStand(network=Network({CERTIFICATE: a_certificate(a_key(1024))}))
    assert stand.message(signed(a_notification(), a_key(1024))).status_code == 401


def test_a_certificate_is_fetched_once_and_remembered() -> None:
    stand = AwsStand()
    for number in range(5):
        changed = a_notification(MessageId=f"{MESSAGE_ID[:-1]}{number}")
        assert stand.message(signed(changed)).status_code == 202
    assert stand.network.read == [CERTIFICATE]


def test_messages_that_come_together_wait_for_one_certificate() -> None:
    stand = AwsStand()
    many = [signed(a_notification(MessageId=f"{MESSAGE_ID[:-1]}{number}")) for number in range(8)]
    answers = stand.post_all([json.dumps(each).encode() for each in many], SNS_HEADERS)
    assert [answer.status_code for answer in answers] == [202] * 8
    assert stand.network.read == [CERTIFICATE]


def test_a_remembered_certificate_that_has_run_out_signs_nothing() -> None:
    stand = AwsStand(network=Network({CERTIFICATE: a_certificate(days=(-1, 1))}))
    assert stand.message(signed(a_notification())).status_code == 202
    stand.clock.passed = timedelta(days=2).total_seconds()
    late = a_notification(MessageId=MESSAGE_ID.replace("2", "3"), Timestamp="2026-03-03T12:00:00.000Z")
    assert stand.message(signed(late)).status_code == 401


def test_however_many_addresses_are_made_up_one_is_fetched_in_a_while() -> None:
    stand = AwsStand()
    forged = [
        a_notification(SigningCertURL=f"https://sns.eu-west-1.amazonaws.com/{number}.pem") for number in range(200)
    ]
    answers = [stand.message(signed(each, a_key(number=1))) for each in forged]
    assert len(stand.network.read) == 1
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
    stand.clock.passed += FETCH_EVERY_SECONDS
    assert stand.message(signed(a_notification())).status_code == 202
    assert stand.inbox.calls == 1


def test_made_up_addresses_empty_nothing_that_is_remembered() -> None:
    stand = AwsStand()
    stand.message(signed(a_notification()))
    for number in range(3 * MOST_KEYS):
        stand.clock.passed += FETCH_EVERY_SECONDS
        address = f"https://sns.eu-west-1.amazonaws.com/{number}.pem"
        stand.network.certificates[address] = a_certificate(a_key(number=1))
        stand.message(signed(a_notification(SigningCertURL=address)))
    stand.network.read.clear()
    again = a_notification(MessageId=MESSAGE_ID.replace("2", "3"))
    assert (stand.message(signed(again)).status_code, stand.network.read) == (202, [])


@pytest.mark.parametrize("trouble", [Transient("a redirect", code="topic.unreachable"), Blocked("no way out")])
def test_a_certificate_that_cannot_be_had_is_503_and_sns_comes_again(trouble: Exception) -> None:
    stand = AwsStand(network=Network(broken=trouble))
    answer = stand.message(signed(a_notification()))
    assert (answer.status_code, answer.headers["Retry-After"], stand.inbox.calls) == (503, "5", 0)
    stand.network.broken = None
    stand.clock.passed += FETCH_EVERY_SECONDS
    assert stand.message(signed(a_notification())).status_code == 202


# --- SNS: subscriptions


def test_a_subscription_to_a_pinned_topic_is_stored_and_then_confirmed() -> None:
    stand = AwsStand()
    answer = stand.message(signed(a_confirmation()))
    assert (answer.status_code, stand.network.confirmed) == (202, [SUBSCRIBE])
    row = stand.inbox.row
    assert (row.event, row.ref, row.arrives_as) == ("SubscriptionConfirmation", TOPIC, DeliveryState.DONE)


def test_a_subscription_that_comes_again_is_confirmed_once() -> None:
    stand = AwsStand()
    for _ in range(3):
        assert stand.message(signed(a_confirmation())).status_code == 202
    assert stand.network.confirmed == [SUBSCRIBE]


def test_a_subscription_that_is_not_stored_is_not_confirmed() -> None:
    stand = AwsStand()
    stand.inbox.broken = Transient("locked")
    assert (stand.message(signed(a_confirmation())).status_code, stand.network.confirmed) == (503, [])


def test_a_confirmation_that_fails_changes_no_answer() -> None:
    stand = AwsStand()
    stand.message(signed(a_notification()))
    stand.network.broken = Transient("no answer")
    confirmation = a_confirmation(MessageId=MESSAGE_ID.replace("2", "3"))
    assert stand.message(signed(confirmation)).status_code == 202


@pytest.mark.parametrize(
    "address",
    [
        SUBSCRIBE.replace("https", "http"),
        SUBSCRIBE.replace("sns.eu-west-1", "sns.s3-eu-west-1"),
        SUBSCRIBE.replace("amazonaws.com", "amazonaws.com.attacker.io"),
        SUBSCRIBE.replace("ConfirmSubscription", "Unsubscribe"),
        SUBSCRIBE.replace(ACCOUNT, "666666666666"),
        SUBSCRIBE + f"&TopicArn={TOPIC}2",
        SUBSCRIBE.replace("/?", "/elsewhere?"),
        SUBSCRIBE + "#",
        SUBSCRIBE + "\n",
        "https://user@sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_only_awss_own_address_for_this_topic_is_ever_asked_for(address: str) -> None:
    stand = AwsStand()
    answer = stand.message(signed(a_confirmation(SubscribeURL=address)))
    assert (answer.status_code, stand.inbox.calls, stand.network.confirmed) == (400, 0, [])


@pytest.mark.parametrize(
    "forged",
    [
        signed(a_confirmation(TopicArn=TOPIC.replace(ACCOUNT, "666666666666"))),
        signed(a_confirmation(), a_key(number=1)),
        signed(a_confirmation()) | {"Token": "another"},
        signed(a_confirmation()) | {"SubscribeURL": SUBSCRIBE.replace("2336412f37fb", "another")},
        sha1(a_confirmation(SignatureVersion="1")),
    ],
)
def test_a_forged_subscription_is_401_and_confirms_nothing(forged: dict[str, Any]) -> None:
    stand = AwsStand()
    assert (stand.message(forged).status_code, stand.inbox.calls, stand.network.confirmed) == (401, 0, [])


def test_that_somebody_unsubscribed_is_written_down_and_never_acted_upon() -> None:
    stand = AwsStand()
    assert stand.message(signed(a_confirmation("UnsubscribeConfirmation"))).status_code == 202
    assert (stand.network.confirmed, stand.inbox.row.arrives_as) == ([], DeliveryState.IGNORED)


# --- whatever else may come


def test_no_answer_repeats_a_secret_or_what_was_sent() -> None:
    stand = AwsStand()
    answers = [stand.event(an_alarm_event(id="<b>")), stand.message(a_notification("<b>")), stand.event("<b>", b"<b>")]
    for answer in answers:
        assert answer.status_code in (400, 401)
        assert not any(text in answer.text for text in ("<b>", "secret in use", "secret before"))


@given(
    body=st.binary(max_size=300),
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"Content-Type", b"X-Tidegate-Secret", b"X-Amz-Sns-Message-Type", b"Content-Length"]),
            st.binary(max_size=60) | st.sampled_from([b"text/plain", b"application/json"]),
        ),
        max_size=6,
    ),
)
def test_no_bytes_of_a_stranger_raise_or_are_stored(body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    stand = AwsStand()
    assert 400 <= stand.post(body, headers).status_code < 500
    assert stand.is_untouched


MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(member=st.sampled_from(sorted(signed(a_notification()))), value=MEMBERS)
def test_no_member_of_whatever_kind_raises_or_is_believed(member: str, value: Any) -> None:
    genuine = signed(a_notification())
    stand = AwsStand()
    status = stand.message(genuine | {member: value}).status_code
    unsigned = {"UnsubscribeURL"}
    assert status in (401, 503) or value == genuine[member] or member in unsigned
    assert not stand.network.confirmed


@given(key=st.sampled_from(["id", "detail-type", "account", "region", "resources", "detail"]), value=MEMBERS)
def test_no_event_whatever_raises(key: str, value: Any) -> None:
    for event in (an_alarm_event(), an_event("ECR Image Action", {"repository-name": "a"})):
        assert AwsStand().event(event | {key: value}).status_code in (202, 400)


def test_the_keys_of_these_tests_are_real() -> None:
    """As long as Amazon's, and different from each other."""
    assert a_key().key_size == 2048
    assert a_key().public_key() != a_key(number=1).public_key()
    assert topics.CERTIFICATE.endswith(".pem")
