"""How somebody came in, and until when that holds."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from controller.domain.people import Person, Role


def digest_of(given: bytes) -> str:
    """What is stored of something with many random bits: nobody finds the way back."""
    return hashlib.sha256(given).hexdigest()


@dataclass(frozen=True)
class Session:
    """A person who signed in. It ends at `expires_at`, and earlier when nobody has used it for a while."""

    person: Person
    began_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ApiToken:
    """A key to the API, whose text nobody keeps. `owner`: the person it stands for; None: a program's own.

    It lets in no further than `role`; a person's no further than that person may at the moment.
    """

    id: int
    name: str
    role: Role
    owner: Person | None
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Link:
    """A person's own way to one approval: it shows who follows it, and works once."""

    person: Person
    deployment: str
    plan: str
    expires_at: datetime
    used_at: datetime | None = None
