import asyncio
import json
import struct

import pytest

from workload import backend
from workload.caption_endpoint import MAX_BODY_BYTES

CAPTIONS = "/api/generate-captions"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 400) + bytes(9)
JSON = {"content-type": "application/json"}


def test_json_in_caption_out_labelled_with_engine_and_confidence(ask_backend):
    answer = ask_backend(
        "POST",
        CAPTIONS,
        json={"description": "fresh bread", "tone": "playful", "length": "short", "hashtags": 2},
        headers={"X-Request-Id": "r-1"},
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["caption"].startswith("Fresh bread.")
    assert body["hashtags"] == ["#fresh", "#bread"]
    assert (body["engine"], body["correlation_id"]) == ("embedded", "r-1")
    assert 0 < body["confidence"] < 1
    assert (body["metadata"]["tone"], body["metadata"]["picture"]) == ("playful", None)
    assert body["metadata"]["characters"] == len(body["caption"])


def test_a_form_with_a_picture_is_read_by_its_bytes_whatever_it_claims_to_be(ask_backend):
    file = {"picture": ("holiday.txt", PNG + bytes(2_000_000), "text/plain")}
    answer = ask_backend("POST", CAPTIONS, files=file, data={"hashtags": "0", "length": "long"})
    assert answer.status_code == 200
    picture = answer.json()["metadata"]["picture"]
    assert picture == {"format": "PNG", "width": 640, "height": 400, "bytes": 2_000_033, "shape": "landscape"}
    assert answer.json()["hashtags"] == []


def test_a_browsers_empty_file_part_means_no_picture(ask_backend):
    body = (
        b'--x\r\ncontent-disposition: form-data; name="description"\r\n\r\nbread\r\n'
        b'--x\r\ncontent-disposition: form-data; name="picture"; filename=""\r\n\r\n\r\n--x--\r\n'
    )
    answer = ask_backend("POST", CAPTIONS, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["metadata"]["picture"]) == (200, None)


def test_a_body_declared_too_large_is_refused_before_it_is_read(ask_backend):
    answer = ask_backend("POST", CAPTIONS, content=b"{", headers=JSON | {"content-length": str(MAX_BODY_BYTES + 1)})
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_body_that_grows_too_large_is_refused(ask_backend):
    async def chunks():
        for _ in range(6):
            yield b" " * 1_000_000

    assert ask_backend("POST", CAPTIONS, content=chunks(), headers=JSON).status_code == 413


def test_a_client_that_leaves_in_the_middle_is_not_our_failure(backend_life, caplog):
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive():
        return next(messages)

    async def send(_message):
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": CAPTIONS,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    caplog.set_level("INFO", "workload.access")
    asyncio.run(backend.application(backend_life)(scope, receive, send))
    (record,) = caplog.records
    assert (record.levelname, record.fields["status"]) == ("INFO", 400)


def test_a_body_of_exactly_the_limit_is_read(ask_backend):
    padded = b'{"description": "bread"}'.ljust(MAX_BODY_BYTES)
    assert ask_backend("POST", CAPTIONS, content=padded, headers=JSON).status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_415(ask_backend, kind):
    answer = ask_backend("POST", CAPTIONS, content=b"{}", headers={"content-type": kind} if kind else {})
    assert answer.status_code == 415
    assert "wanted application/json or multipart/form-data" in answer.json()["detail"]


def test_a_file_that_is_no_picture_is_415_and_says_what_is(ask_backend):
    answer = ask_backend("POST", CAPTIONS, files={"picture": ("a.png", b"<svg/>", "image/png")})
    assert answer.status_code == 415
    assert "wanted PNG, JPEG, GIF, WebP" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_400(ask_backend, body):
    assert ask_backend("POST", CAPTIONS, content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"junk", "multipart/form-data"),
        (b"junk", "multipart/form-data; boundary=x"),
        (b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n', "multipart/form-data; boundary=y"),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    ],
)
def test_a_form_that_cannot_be_read_is_400_or_empty_but_never_our_fault(ask_backend, body, kind):
    assert ask_backend("POST", CAPTIONS, content=body, headers={"content-type": kind}).status_code in (400, 422)


def test_more_than_one_picture_is_400(ask_backend):
    files = [("picture", ("a.png", PNG)), ("picture", ("b.png", PNG))]
    assert ask_backend("POST", CAPTIONS, files=files).status_code == 400


def test_all_wrong_fields_are_named_at_once_with_what_was_found_and_wanted(ask_backend):
    answer = ask_backend(
        "POST", CAPTIONS, json={"description": 7, "tone": "rude", "length": ["long"], "hashtags": 11, "emoji": True}
    )
    assert answer.status_code == 422
    errors = {error["field"]: (error["found"], error["wanted"]) for error in answer.json()["errors"]}
    assert errors == {
        "description": ("7", "text"),
        "tone": ("rude", "one of friendly, professional, playful, inspiring"),
        "length": ("a list", "one of short, medium, long"),
        "hashtags": ("11", "a whole number from 0 to 10"),
        "emoji": ("an unknown field", "one of description, tone, length, hashtags, variation, picture"),
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"description": "   \u0000\u200b  "},
        {"description": "x" * 1001},
        {"description": "x", "hashtags": True},
        {"description": "x", "hashtags": -1},
        {"description": "x", "hashtags": 1.5},
        {"description": "x", "hashtags": "٣"},
        {"description": "x", "hashtags": None},
        {"description": "x", "variation": 10**30},
        {"description": "x", "picture": "aGVsbG8="},
        {"description": "x", "tone": "\ud800"},
        {"description": "x", "\ud800": 1},
        {"description": "x", "hashtags": float("nan")},
        {"description": "x", "hashtags": {"a": []}},
    ],
)
def test_fields_that_cannot_be_used_are_422(ask_backend, fields):
    answer = ask_backend("POST", CAPTIONS, content=json.dumps(fields).encode(), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_json_list_is_422(ask_backend):
    assert ask_backend("POST", CAPTIONS, content=b"[]", headers=JSON).status_code == 422


def test_what_cannot_be_shown_is_dropped_from_the_description(ask_backend):
    body = json.dumps({"description": "  two\n lines \ud800\u202e here", "length": "short"}).encode()
    answer = ask_backend("POST", CAPTIONS, content=body, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["caption"].startswith("Two lines here.")
