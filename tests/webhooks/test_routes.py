import threading
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from controller.domain.delivery import Delivery, Receipt
from controller.domain.errors import Blocked, Conflict, Transient
from tests.webhooks.door import GUID, NOW, OLD_SECRET, Door, Inbox, a_push, headers_of, raw, signed
from webhooks.refusals import Outcome, correlation_id
from webhooks.routes import github_route


def test_a_signed_push_is_stored_and_answered_202() -> None:
    door = Door()
    answer = door.deliver("push", a_push())
    assert (answer.status_code, answer.json()) == (202, {"delivery": GUID, "receipt": "accepted"})
    assert (door.inbox.row.id, door.inbox.row.received_at) == (GUID, NOW)
    assert door.outcomes == [Outcome.ACCEPTED]


def test_a_duplicate_is_answered_202_and_says_so() -> None:
    door = Door()
    door.deliver("push", a_push())
    answer = door.deliver("push", a_push(after="0" * 40))
    assert (answer.status_code, answer.json()["receipt"]) == (202, "duplicate")
    assert door.inbox.row.commit is not None


def test_a_ping_is_answered_with_a_pong() -> None:
    assert Door().deliver("ping", {"zen": "Keep it logically awesome."}).json()["message"] == "pong"


def test_the_secret_before_this_one_is_still_accepted() -> None:
    assert Door().deliver("push", a_push(), secret=OLD_SECRET).status_code == 202


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha256=", "nonsense", "sha1=" + "0" * 40, "sha256=" + "0" * 64, "sha256=" + "é" * 64, "\xff" * 71],
)
def test_a_request_without_a_good_signature_leaves_no_row_and_causes_no_call(signature: str | None) -> None:
    door = Door()
    headers = headers_of(b"{}")
    del headers["X-Hub-Signature-256"]
    given = {} if signature is None else {"X-Hub-Signature-256": signature}
    answer = door.post(b"{}", raw(headers | given))
    assert (answer.status_code, door.inbox.calls, door.clock.reads) == (401, 0, 0)


def test_a_wrong_secret_leaves_no_row() -> None:
    door = Door()
    assert door.deliver("push", a_push(), secret=b"guessed").status_code == 401
    assert door.inbox.calls == 0


def test_two_signature_headers_are_none() -> None:
    twice = raw(headers_of(b"{}")) + raw({"X-Hub-Signature-256": signed(b"{}")})
    assert Door().post(b"{}", twice).status_code == 401


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "application/jsonp", "application/json, text/plain", ""]
)
def test_any_other_content_type_is_415_before_the_signature_is_looked_at(content_type: str) -> None:
    headers = headers_of(b"{}", secret=b"wrong") | {"Content-Type": content_type}
    assert Door().post(b"{}", headers).status_code == 415


def test_two_content_types_are_none() -> None:
    twice = raw(headers_of(b"{}")) + raw({"Content-Type": "application/json"})
    assert Door().post(b"{}", twice).status_code == 415


def test_the_signature_is_looked_at_before_the_form() -> None:
    body = b"not json"
    assert Door().post(body, headers_of(body, secret=b"wrong")).status_code == 401
    assert Door().post(body, headers_of(body)).status_code == 400


def test_a_form_is_signed_as_a_whole_and_read_as_its_payload() -> None:
    door = Door()
    body = urlencode(
        {"payload": '{"ref": "refs/heads/develop", "after": "%s", "repository": {"full_name": "a/b"}}' % ("1" * 40)}
    )
    headers = headers_of(body.encode()) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.post(body.encode(), headers).status_code == 202
    assert (door.inbox.row.repository, door.inbox.row.branch) == ("a/b", "develop")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_posts_are_taken(method: str) -> None:
    route = github_route([b"secret"], Door().inbox.accept, Door().clock)
    assert method not in (route.methods or ())


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Transient("the database is locked", retry_after=timedelta(seconds=7.2)), "8"),
        (Transient("the database is locked", retry_after=timedelta(0)), "1"),
        (Blocked("the disk is full"), "60"),
        (Conflict("somebody else migrates"), "60"),
    ],
)
def test_a_delivery_that_cannot_be_stored_is_503_and_may_come_again(error: Exception, seconds: str) -> None:
    door = Door()
    door.inbox.broken = error
    answer = door.deliver("push", a_push())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, seconds)
    assert str(error) not in answer.text
    door.inbox.broken = None
    assert door.deliver("push", a_push()).json()["receipt"] == "accepted"


def test_no_more_than_so_many_wait_for_the_database() -> None:
    first_refusal = threading.Event()

    class SlowInbox(Inbox):
        def accept(self, delivery: Delivery) -> Receipt:
            assert first_refusal.wait(timeout=10), "nobody was refused"
            return super().accept(delivery)

    class Outcomes(list[Outcome]):
        def append(self, outcome: Outcome) -> None:
            super().append(outcome)
            if outcome is Outcome.UNAVAILABLE:
                first_refusal.set()

    door = Door(most_waiting=2, inbox=SlowInbox(), outcomes=Outcomes())
    answers = door.deliver_many(3, together=True)
    assert sorted(answer.status_code for answer in answers) == [202, 202, 503]
    assert len(door.inbox.rows) == 2


def test_those_that_are_stored_wait_no_more() -> None:
    answers = Door(most_waiting=1).deliver_many(3, together=False)
    assert [answer.status_code for answer in answers] == [202, 202, 202]


def test_a_bug_behind_the_door_is_never_a_2xx() -> None:
    door = Door()
    door.inbox.broken = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        door.deliver("push", a_push())


def test_an_error_is_problem_details_with_a_correlation_id() -> None:
    answer = Door().deliver("push", a_push(), secret=b"wrong")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"], problem["code"]) == (401, "Unauthorized", "webhook.unsigned")
    assert problem["correlation_id"] == answer.headers["X-Correlation-ID"]


def test_the_correlation_id_of_a_middleware_is_kept() -> None:
    request = Request({"type": "http", "headers": [], "state": {"correlation_id": "from outside"}})
    assert correlation_id(request) == "from outside"


def test_no_secret_and_no_sent_text_is_in_an_answer() -> None:
    answers = [Door().deliver("push", {"ref": "<script>"}), Door().deliver("<b>", a_push(), secret=OLD_SECRET)]
    for answer in answers:
        assert answer.status_code == 400
        assert not any(text in answer.text for text in ("<", "secret in use", "secret before"))


@pytest.mark.parametrize("secrets", [[], [b""], [b"good", b" "]])
def test_the_route_refuses_to_be_built_without_a_real_secret(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="webhook secrets"):
        github_route(secrets, Door().inbox.accept, Door().clock)


HEADER_NAMES = [
    b"Content-Type",
    b"X-GitHub-Delivery",
    b"X-GitHub-Event",
    b"X-Hub-Signature-256",
    b"Content-Length",
    b"X-Other",
]
CONTENT_TYPES = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain"])


@given(
    body=st.binary(max_size=300),
    headers=st.lists(st.tuples(st.sampled_from(HEADER_NAMES), st.binary(max_size=80)), max_size=6),
)
def test_no_unsigned_bytes_whatever_raise_or_are_stored(body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    door = Door()
    assert 400 <= door.post(body, headers).status_code < 500
    assert (door.inbox.calls, door.clock.reads) == (0, 0)


@given(
    body=st.binary(max_size=300), content_type=CONTENT_TYPES, event=st.sampled_from(["push", "ping", "release", "star"])
)
def test_no_signed_bytes_whatever_raise(body: bytes, content_type: str, event: str) -> None:
    headers = headers_of(body, event=event) | {"Content-Type": content_type}
    assert Door().post(body, headers).status_code in (202, 400, 415)
