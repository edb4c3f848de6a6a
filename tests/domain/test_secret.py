"""A secret is seen by whoever asks for it by name, and by nobody else."""

from dataclasses import dataclass

from controller.domain.secret import Secret

SECRET = Secret("open-sesame")


@dataclass(frozen=True)
class Holder:
    secret: Secret


def test_no_way_of_printing_it_shows_it() -> None:
    printed = [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>40}", "%s" % SECRET, repr(Holder(SECRET))]  # noqa: UP031
    assert not [text for text in printed if "sesame" in text]


def test_who_asks_for_it_by_name_gets_it() -> None:
    assert SECRET.reveal() == "open-sesame"
