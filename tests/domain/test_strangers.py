"""What programs print and answer is shown without what moves a cursor, and without what looks like a secret."""

import pytest

from controller.domain.strangers import LONGEST, harmless, without


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x00b\x07c\x9bd", "abcd"),
        ("turned \u202eround", "turned round"),
        ('  File "app.py", line 3', '  File "app.py", line 3'),
        ("x" * 5000, "x" * LONGEST),
    ],
)
def test_a_line_moves_no_cursor_and_has_an_end(line: str, kept: str) -> None:
    assert harmless(line) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("postgresql://app:hunter2@db:5432/captions", "postgresql://app:[redacted]@db:5432/captions"),
        ("postgresql://app:p@ss/w0rd@db/captions", "postgresql://app:[redacted]@db/captions"),
        ("redis://:hunter2@cache", "redis://:[redacted]@cache"),
        ("https://app:12@host", "https://app:[redacted]@host"),
        ("cloning https://ghp_hunter2@github.com/acme/x", "cloning https://[redacted]@github.com/acme/x"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer [redacted]"),
        ("authorization: Basic aHVudGVyMg==", "authorization: Basic [redacted]"),
        ('{"Authorization": "hunter2"}', '{"Authorization": "[redacted]"}'),
        ("sent bearer hunter2hunter2hunter2", "sent bearer [redacted]"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.c2ln", "got [redacted]"),
        ("DATABASE_PASSWORD=hunter2 LOG_LEVEL=info", "DATABASE_PASSWORD=[redacted] LOG_LEVEL=info"),
        ("DB_PASS=hunter2 pwd=hunter2", "DB_PASS=[redacted] pwd=[redacted]"),
        ("private_key=hunter2; accessKey: AKIAHUNTER2", "private_key=[redacted]; accessKey: [redacted]"),
        ("AWS_SECRET_ACCESS_KEY=ab/c+d", "AWS_SECRET_ACCESS_KEY=[redacted]"),
        ("client-secret-id: hunter2", "client-secret-id: [redacted]"),
        ('{"api_key": "hunter2", "event": "x"}', '{"api_key": "[redacted]", "event": "x"}'),
        ("password = 'my pass, phrase' user = 'app'", "password = '[redacted]' user = 'app'"),
        (r'{"password": "a \" b", "event": "x"}', '{"password": "[redacted]", "event": "x"}'),
        (r'{"msg": "no {\"password\": \"hunter2 b\"}"}', r'{"msg": "no {\"password\": \"[redacted]"}'),
        ('token: ["hunter2", "hunter3"] of 2', "token: [redacted] of 2"),
        ("secrets={'db': 'hunter2'}", "secrets=[redacted]"),
        ("password=hunter2,hunter3&4 user=app", "password=[redacted] user=app"),
        ("password=hunter2,user=app, and more", "password=[redacted],user=app, and more"),
        ("psql --db-password hunter2 --host db", "psql --db-password [redacted] --host db"),
        ("Set-Cookie: session=hunter2; Path=/", "Set-Cookie: [redacted]"),
        ('{"cookie": "session=hunter2", "event": "x"}', '{"cookie": [redacted], "event": "x"}'),
        ('password="never closed', 'password="[redacted]'),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(line: str, kept: str) -> None:
    assert harmless(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        "tokens used: 512",
        "GET http://host:8080/a/@scope/x failed",
        "see https://host/a@b and mail ada@example.com",
        "basic authentication failed for app",
        "bypass: on, compass: off",
        "3 tests passed: ok",
        "a password was asked for",
        "give a --token --or not",
        "3 cookies: fine",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert harmless(line) == line


def test_a_text_that_begins_with_another_is_hidden_as_a_whole() -> None:
    assert without("said hunter2-and-more", {"hunter2", "hunter2-and-more"}) == "said [redacted]"
