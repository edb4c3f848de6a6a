import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.delivery import LOOKS, Delivery, DeliveryState
from tests.webhooks.door import COMMIT, GUID, Door, a_push, headers_of, raw

NOBODY = "0" * 40
REPOSITORY = {"repository": {"full_name": "acme/captioncraft"}}


def received(event: str, payload: Any) -> Delivery:
    door = Door()
    assert door.deliver(event, payload).status_code == 202
    return door.inbox.row


def status_of(body: bytes, **headers: str) -> int:
    return Door().post(body, headers_of(body, event="star") | headers).status_code


def test_a_push_to_a_branch_says_where_to_look() -> None:
    push = received("push", a_push())
    assert (push.source, push.event, push.action, push.repository) == ("github", "push", None, "acme/captioncraft")
    assert (push.ref, push.branch, push.commit) == ("refs/heads/develop", "develop", COMMIT)
    assert push.arrives_as is DeliveryState.RECEIVED


def test_a_branch_may_contain_slashes_and_other_alphabets() -> None:
    assert received("push", a_push(ref="refs/heads/release/ночь")).branch == "release/ночь"


@pytest.mark.parametrize("changes", [{"after": NOBODY}, {"after": NOBODY, "deleted": True}, {"deleted": True}])
def test_a_deleted_branch_has_no_commit_and_is_looked_at(changes: dict[str, Any]) -> None:
    push = received("push", a_push(**changes))
    assert (push.branch, push.commit, push.arrives_as) == ("develop", None, DeliveryState.RECEIVED)


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/notes/commits", "refs/pull/1/head"])
def test_a_push_of_anything_but_a_branch_is_ignored(ref: str) -> None:
    push = received("push", a_push(ref=ref))
    assert (push.ref, push.branch, push.arrives_as) == (ref, None, DeliveryState.IGNORED)


def test_a_push_to_a_fork_names_the_fork() -> None:
    assert received("push", a_push(repository={"full_name": "someone/captioncraft", "fork": True})).repository == (
        "someone/captioncraft"
    )


def test_a_renamed_repository_is_looked_at_under_its_new_name() -> None:
    payload = {"action": "renamed", "repository": {"full_name": "acme/captions"}, "changes": {}}
    renamed = received("repository", payload)
    assert (renamed.action, renamed.repository, renamed.arrives_as) == (
        "renamed",
        "acme/captions",
        DeliveryState.RECEIVED,
    )


def test_a_ping_is_done_when_it_arrives() -> None:
    assert received("ping", {"zen": "Design for failure."}).arrives_as is DeliveryState.DONE


@pytest.mark.parametrize("event", ["star", "fork", "an_event_of_tomorrow", "create", "delete"])
def test_any_other_event_is_recorded_as_ignored(event: str) -> None:
    other = received(event, REPOSITORY | {"action": "created"})
    assert (other.event, other.action, other.repository) == (event, "created", "acme/captioncraft")
    assert other.arrives_as is DeliveryState.IGNORED


def test_a_release_names_its_tag() -> None:
    assert received("release", REPOSITORY | {"release": {"tag_name": "v1.2.0"}}).ref == "refs/tags/v1.2.0"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("check_run", {"check_run": {"check_suite": {"head_sha": COMMIT, "head_branch": "develop"}}}),
        ("check_suite", {"check_suite": {"head_sha": COMMIT, "head_branch": "develop"}}),
        ("workflow_run", {"workflow_run": {"head_sha": COMMIT, "head_branch": "develop"}}),
        ("status", {"sha": COMMIT}),
    ],
)
def test_a_check_names_its_commit(event: str, payload: dict[str, Any]) -> None:
    assert received(event, REPOSITORY | payload).commit == COMMIT


def test_a_pull_request_says_its_number_and_where_it_goes() -> None:
    payload = {"number": 7, "action": "opened", "pull_request": {"base": {"ref": "develop"}, "head": {"ref": "x"}}}
    found = received("pull_request", REPOSITORY | payload)
    assert (found.pull, found.branch, found.commit, found.action) == (7, "develop", None, "opened")


@pytest.mark.parametrize("number", [None, "7", 0, -1, True, 10**9, 1.5])
def test_a_pull_request_without_a_number_is_refused(number: Any) -> None:
    payload = REPOSITORY | {"number": number, "action": "opened"}
    assert Door().deliver("pull_request", payload).status_code == 400


def test_a_check_without_a_branch_is_taken() -> None:
    assert received("check_suite", REPOSITORY | {"check_suite": {"head_branch": None}}).branch is None


@pytest.mark.parametrize("event", sorted(LOOKS))
def test_an_event_that_asks_for_a_look_must_say_where(event: str) -> None:
    assert Door().deliver(event, {"ref": "refs/heads/develop", "after": COMMIT}).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "acme/captioncraft"},
        {"repository": {"full_name": "acme"}},
        {"repository": {"full_name": "acme/.."}},
        {"repository": {"full_name": "acme/../../etc"}},
        {"repository": {"full_name": "acme/captioncraft\n"}},
        {"ref": None},
        {"ref": "refs/heads/a..b"},
        {"ref": "refs/heads/a b"},
        {"ref": "refs/heads/\x00"},
        {"ref": "refs/heads/\ud800"},
        {"ref": "refs/heads/" + "a" * 300},
        {"ref": ["refs/heads/develop"]},
        {"after": "HEAD"},
        {"after": "--upload-pack=evil"},
        {"after": COMMIT + "\n"},
        {"after": 7},
    ],
)
def test_a_push_with_an_odd_place_is_refused(changes: dict[str, Any]) -> None:
    door = Door()
    assert (door.deliver("push", a_push(**changes)).status_code, door.inbox.calls) == (400, 0)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"1", b"{", b"{}{}", b"\xff{}", b"\xef\xbb\xbf{}"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    assert status_of(body) == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        '{"a": 1}'.encode("utf-16"),
    ],
    ids=["deep list", "deep object", "huge number", "nan", "infinity", "repeated key", "repeated inner key", "utf-16"],
)
def test_json_that_two_readers_could_read_differently_or_choke_on_is_refused(body: bytes) -> None:
    assert status_of(body) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"payload=",
        b"other={}",
        b"payload={}&payload={}",
        b"payload=%ff",
        b'payload={"a":"%ff"}',
        b"payload={}&payload=",
        b"payload={}&junk",
        b"payload=[]",
        b"a&" * 5000,
    ],
)
def test_a_form_without_exactly_one_payload_is_refused(body: bytes) -> None:
    assert status_of(body, **{"Content-Type": "application/x-www-form-urlencoded"}) == 400


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json "])
def test_a_content_type_may_have_parameters_and_capitals(content_type: str) -> None:
    assert status_of(b"{}", **{"Content-Type": content_type}) == 202


@pytest.mark.parametrize(
    "guid", ["", "1", GUID + "0", GUID.replace("-", ""), "g" + GUID[1:], GUID.replace("7", "\xb2")]
)
def test_an_odd_delivery_id_is_refused(guid: str) -> None:
    assert Door().post(b"{}", raw(headers_of(b"{}", event="star", guid=guid))).status_code == 400


@pytest.mark.parametrize("event", ["", "Push", "push ping", "push\xe9", "../push", "p" * 65])
def test_an_odd_event_is_refused(event: str) -> None:
    assert Door().post(b"{}", raw(headers_of(b"{}", event=event))).status_code == 400


@pytest.mark.parametrize("name", ["X-GitHub-Delivery", "X-GitHub-Event"])
@pytest.mark.parametrize("times", [0, 2])
def test_a_header_that_is_missing_or_given_twice_is_refused(name: str, times: int) -> None:
    headers = headers_of(b"{}", event="star")
    value = headers.pop(name)
    assert Door().post(b"{}", raw(headers) + raw({name: value}) * times).status_code == 400


def test_an_id_in_capitals_is_the_same_delivery() -> None:
    door = Door()
    door.deliver("push", a_push())
    assert door.deliver("push", a_push(), guid=GUID.upper()).json()["receipt"] == "duplicate"


def test_the_same_body_under_another_id_has_the_same_digest() -> None:
    door = Door()
    door.deliver("push", a_push())
    door.deliver("push", a_push(), guid=GUID.replace("7", "8"))
    assert len(door.inbox.rows) == 2
    assert len({row.body_sha256 for row in door.inbox.rows.values()}) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    "ref",
    "after",
    "deleted",
    "action",
    "repository",
    "release",
    "check_run",
    "check_suite",
    "workflow_run",
    "sha",
]


@given(
    event=st.sampled_from([*sorted(LOOKS), "ping", "star"]), changes=st.dictionaries(st.sampled_from(PLACES), VALUES)
)
def test_no_value_in_any_place_raises_and_what_is_kept_can_be_stored(event: str, changes: dict[str, Any]) -> None:
    door = Door()
    answer = door.deliver(event, a_push() | changes)
    assert answer.status_code in (202, 400)
    for row in door.inbox.rows.values():
        kept = [row.action, row.repository, row.ref, row.branch, row.commit]
        assert all(text is None or (text.encode() and "\x00" not in text) for text in kept)


def test_a_delivery_holds_nothing_of_the_payload_but_the_place() -> None:
    push = received("push", a_push(head_commit={"message": "a text that nobody vouches for"}))
    assert "vouches" not in json.dumps([str(value) for value in vars(push).values()])
