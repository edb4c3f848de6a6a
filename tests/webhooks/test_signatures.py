import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.signatures import GitHubSignatures, SharedSecrets

SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_githubs_published_vector_matches() -> None:
    assert GitHubSignatures([SECRET]).match(BODY, SIGNATURE) == 1


def test_each_of_several_secrets_is_accepted_and_its_place_is_told() -> None:
    assert GitHubSignatures([b"new", SECRET, b"older"]).match(BODY, SIGNATURE) == 2


def test_another_secret_does_not_match() -> None:
    assert GitHubSignatures([b"another"]).match(BODY, SIGNATURE) is None


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"sha256=",
        SIGNATURE.removeprefix(b"sha256="),
        SIGNATURE.upper(),
        SIGNATURE + b" ",
        SIGNATURE[:-1],
        SIGNATURE.replace(b"sha256", b"sha1"),
        SIGNATURE.replace(b"7", b"\xff"),
        "sha256=ä".encode() * 9,
    ],
)
def test_a_malformed_header_does_not_match_and_does_not_raise(header: bytes) -> None:
    assert GitHubSignatures([SECRET]).match(BODY, header) is None


@given(body=st.binary(), header=st.binary())
def test_no_made_up_header_matches(body: bytes, header: bytes) -> None:
    assert GitHubSignatures([SECRET]).match(body, header) is None


@pytest.mark.parametrize("position", range(len(BODY)))
def test_every_byte_of_the_body_is_signed(position: int) -> None:
    changed = BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
    assert GitHubSignatures([SECRET]).match(changed, SIGNATURE) is None


@pytest.mark.parametrize("secrets", [[], [b""], [SECRET, b""], [SECRET, b"  \n"], b"not a list", ["not bytes"]])
def test_it_cannot_be_built_without_a_real_secret(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="webhook secrets: "):
        GitHubSignatures(secrets)


def test_secrets_are_in_no_representation() -> None:
    signatures = GitHubSignatures([SECRET])
    assert "Everybody" not in f"{signatures!r} {signatures}"


def test_each_of_several_shared_secrets_is_accepted_and_its_place_is_told() -> None:
    secrets = SharedSecrets([b"new", b"old"])
    assert [secrets.match(given) for given in (b"new", b"old", b"older", b"ol", b"")] == [1, 2, None, None, None]


@given(header=st.binary())
def test_no_made_up_secret_matches(header: bytes) -> None:
    assert SharedSecrets([SECRET]).match(header) is None


@pytest.mark.parametrize("secrets", [[], [b""], [SECRET, b"  \n"], ["not bytes"]])
def test_shared_secrets_cannot_be_built_without_a_real_one(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="webhook secrets: "):
        SharedSecrets(secrets)


def test_shared_secrets_are_in_no_representation() -> None:
    secrets = SharedSecrets([SECRET])
    assert "Everybody" not in f"{secrets!r} {vars(secrets)}"
