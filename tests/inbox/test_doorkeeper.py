"""Who stands at the door."""

from datetime import timedelta

import pytest

from controller.domain.entry import ApiToken
from controller.domain.errors import Conflict
from controller.domain.events import Event
from controller.domain.people import Caller, Role, Via
from controller.domain.secret import Secret
from controller.inbox.doorkeeper import (
    IDLE,
    LONGEST,
    LONGEST_TOKEN,
    SEEN_EVERY,
    TOKEN_PREFIX,
    Doorkeeper,
    EntryRefused,
    digest_of,
    form_token,
)
from controller.store import Store
from tests.support.database import MovedClock
from tests.support.town import ADA, GRACE, LINUS, caller

ROOT = "a-rööt-token"
SECOND = timedelta(seconds=1)


@pytest.fixture
def doorkeeper(store: Store, clock: MovedClock) -> Doorkeeper:
    return Doorkeeper(store, clock, Secret(ROOT))


def later(clock: MovedClock, by: timedelta) -> None:
    clock.sleep(by.total_seconds())


def tokens(store: Store) -> tuple[ApiToken, ...]:
    with store.read() as unit:
        return unit.tokens.all()


# ---------------------------------------------------------------- tokens


def test_the_operators_own_token_may_everything_and_is_nobody(doorkeeper: Doorkeeper) -> None:
    assert doorkeeper.by_token(ROOT.encode()) == Caller("api", Via.API, None, Role.ADMIN)


@pytest.mark.parametrize(
    "given",
    [b"", b"a", ROOT.encode()[:-1], ROOT.encode() + b"x", ROOT.encode("latin-1"), b"\xff\xfe", b"tidegate_",
     b"tidegate_\xff", TOKEN_PREFIX.encode() + b"0" * 43],
)  # fmt: skip
def test_a_wrong_token_lets_nobody_in(doorkeeper: Doorkeeper, given: bytes) -> None:
    assert doorkeeper.by_token(given) is None


def test_an_empty_token_of_the_operators_is_a_bug(store: Store, clock: MovedClock) -> None:
    with pytest.raises(AssertionError, match="everybody"):
        Doorkeeper(store, clock, Secret(""))


def test_the_operators_token_is_compared_in_constant_time(
    doorkeeper: Doorkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, known: bytes) -> bool:
        compared.append((given, known))
        return False

    monkeypatch.setattr("controller.inbox.doorkeeper.hmac.compare_digest", compare)
    assert doorkeeper.by_token(b"guess") is None and compared == [(b"guess", ROOT.encode())]


def test_a_token_lets_in_no_further_than_its_role(doorkeeper: Doorkeeper) -> None:
    program, _ = doorkeeper.make_token("ci", Role.OPERATOR, None, caller(ADA), None)
    person, _ = doorkeeper.make_token("laptop", Role.APPROVER, LINUS, caller(LINUS), None)
    assert doorkeeper.by_token(program.encode()) == Caller("ci", Via.API, None, Role.OPERATOR)
    assert doorkeeper.by_token(person.encode()) == Caller("linus", Via.API, LINUS, Role.APPROVER)


def test_only_a_digest_of_a_token_is_kept(doorkeeper: Doorkeeper, store: Store) -> None:
    text, made = doorkeeper.make_token(" ci ", Role.VIEWER, None, caller(ADA), None)
    assert text.startswith(TOKEN_PREFIX) and made.name == "ci" and made.made_by == "ada"
    with store.read() as unit:
        assert unit.tokens.by_digest(digest_of(text.encode())) == made
        told = unit.audit.page(limit=10).items[0]
    assert (told.event, told.actor) == (Event.TOKEN_MADE, "ada") and text not in f"{told}"
    assert digest_of(text.encode()) not in f"{told}"


def test_a_token_holds_until_it_expires(doorkeeper: Doorkeeper, clock: MovedClock) -> None:
    text, _ = doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), timedelta(days=1))
    later(clock, timedelta(days=1) - SECOND)
    assert doorkeeper.by_token(text.encode()) is not None
    later(clock, SECOND)
    assert doorkeeper.by_token(text.encode()) is None


def test_a_token_holds_until_it_is_revoked_once(doorkeeper: Doorkeeper, store: Store) -> None:
    text, made = doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), None)
    assert doorkeeper.revoke_token(made.id, caller(GRACE))
    assert doorkeeper.by_token(text.encode()) is None
    assert not doorkeeper.revoke_token(made.id, caller(GRACE)) and not doorkeeper.revoke_token(99, caller(GRACE))
    with store.read() as unit:
        events = [entry.event for entry in unit.audit.page(limit=10).items]
    assert events.count(Event.TOKEN_REVOKED) == 1


def test_people_revoke_only_their_own(doorkeeper: Doorkeeper) -> None:
    _, program = doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), None)
    _, mine = doorkeeper.make_token("laptop", Role.VIEWER, LINUS, caller(LINUS), None)
    assert not doorkeeper.revoke_token(program.id, caller(LINUS), owner=LINUS.id)
    assert not doorkeeper.revoke_token(mine.id, caller(GRACE), owner=GRACE.id)
    assert doorkeeper.revoke_token(mine.id, caller(LINUS), owner=LINUS.id)


def test_the_last_use_is_written_down_now_and_then(doorkeeper: Doorkeeper, store: Store, clock: MovedClock) -> None:
    text, _ = doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), None)
    first = clock.now()
    for step, used in ((timedelta(0), first), (SEEN_EVERY - SECOND, first), (SECOND, first + SEEN_EVERY)):
        later(clock, step)
        doorkeeper.by_token(text.encode())
        assert tokens(store)[0].used_at == used


@pytest.mark.parametrize(
    ("name", "role", "lasts", "code"),
    [
        ("", Role.VIEWER, None, "token.name"),
        ("   ", Role.VIEWER, None, "token.name"),
        ("x" * 61, Role.VIEWER, None, "token.name"),
        ("a\nb", Role.VIEWER, None, "token.name"),
        ("a\x1b[31m", Role.VIEWER, None, "token.name"),
        ("ci", Role.NOBODY, None, "token.role"),
        ("ci", Role.VIEWER, timedelta(0), "token.lasts"),
        ("ci", Role.VIEWER, LONGEST_TOKEN + SECOND, "token.lasts"),
    ],
)
def test_what_can_be_no_token_is_refused(
    doorkeeper: Doorkeeper, store: Store, name: str, role: Role, lasts: timedelta | None, code: str
) -> None:
    with pytest.raises(EntryRefused) as caught:
        doorkeeper.make_token(name, role, None, caller(ADA), lasts)
    assert caught.value.code == code and tokens(store) == ()


def test_two_tokens_in_use_are_never_called_alike(doorkeeper: Doorkeeper, store: Store) -> None:
    _, made = doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), None)
    with pytest.raises(Conflict) as caught:
        doorkeeper.make_token("ci", Role.ADMIN, None, caller(ADA), None)
    assert caught.value.code == "token.name_taken"
    doorkeeper.revoke_token(made.id, caller(ADA))
    doorkeeper.make_token("ci", Role.VIEWER, None, caller(ADA), None)
    assert len(tokens(store)) == 2


# ---------------------------------------------------------------- sessions


def test_a_session_is_the_person_who_signed_in(doorkeeper: Doorkeeper, store: Store) -> None:
    text = doorkeeper.sign_in(GRACE)
    assert doorkeeper.by_session(text) == Caller("grace", Via.WEB, GRACE)
    assert doorkeeper.by_session(digest_of(text.encode())) is None, "what is stored lets nobody in"
    assert doorkeeper.by_session("") is None and doorkeeper.by_session("ü") is None
    with store.read() as unit:
        assert unit.audit.page(limit=1).items[0].event is Event.PERSON_SIGNED_IN


def test_a_session_that_nobody_uses_ends(doorkeeper: Doorkeeper, clock: MovedClock) -> None:
    text = doorkeeper.sign_in(GRACE)
    later(clock, IDLE - SECOND)
    assert doorkeeper.by_session(text) is not None
    later(clock, IDLE - SECOND)
    assert doorkeeper.by_session(text) is not None, "it was used in between"
    later(clock, IDLE)
    assert doorkeeper.by_session(text) is None


def test_a_session_ends_however_much_it_is_used(doorkeeper: Doorkeeper, clock: MovedClock) -> None:
    text = doorkeeper.sign_in(GRACE)
    for _ in range(int(LONGEST / timedelta(hours=1)) - 1):
        later(clock, timedelta(hours=1))
        assert doorkeeper.by_session(text) is not None
    later(clock, timedelta(hours=1))
    assert doorkeeper.by_session(text) is None


def test_whoever_signs_out_is_out_and_told_of_once(doorkeeper: Doorkeeper, store: Store) -> None:
    mine, other = doorkeeper.sign_in(GRACE), doorkeeper.sign_in(GRACE)
    doorkeeper.sign_out(mine)
    doorkeeper.sign_out(mine)
    assert doorkeeper.by_session(mine) is None and doorkeeper.by_session(other) is not None
    with store.read() as unit:
        events = [entry.event for entry in unit.audit.page(limit=10).items]
    assert events.count(Event.PERSON_SIGNED_OUT) == 1


def test_a_form_belongs_to_one_session() -> None:
    assert form_token("one") == form_token("one") != form_token("two")
    assert "one" not in form_token("one")
