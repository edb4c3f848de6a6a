"""Who is in the workspace, and the one app that is installed in it.

The people are GitHub's (`sandbox.github.people`), and nothing of their Slack identity can be told from the other one:
not the id, not the name, not the address.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from sandbox.github.people import SEEDED

TEAM_ID = "T05ACME0001"
TEAM_NAME = "Acme"
TEAM_DOMAIN = "acme"
APP_ID = "A05TIDEGATE"
BOT_ID = "B05TIDEGATE"
BOT_USER_ID = "U05TIDEGATE"
APP_NAME = "Tidegate"
SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "im:history",
    "im:read",
    "im:write",
    "incoming-webhook",
    "users:read",
)
"""What the app was given at its installation."""

IDS = {
    "ada": "U05ADA00001",
    "grace": "U05GRACE001",
    "linus": "U05LINUS001",
    "margaret": "U05MARGARET",
    "dennis": "U05DENNIS01",
    "barbara": "U05BARBARA1",
}


@dataclass(frozen=True)
class User:
    """A member of the workspace; `key` is who it is in the sandbox, and never leaves it."""

    id: str
    key: str
    name: str
    real_name: str
    is_bot: bool = False
    is_admin: bool = False

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.real_name.split()[:2]).upper()

    @property
    def image(self) -> str:
        """The address path of the picture."""
        return f"/avatars/{self.id}.svg"


def _user(key: str, real_name: str) -> User:
    name = real_name.lower().replace(" ", ".")
    return User(IDS[key], key, name, real_name, is_admin=key == "ada")


BOT = User(BOT_USER_ID, "tidegate", "tidegate", APP_NAME, is_bot=True)
PEOPLE = tuple(_user(person.login, person.name) for person in SEEDED)


@dataclass
class App:
    """The app's credentials, derived from the sandbox's secret; `scopes` may be taken away while it runs."""

    secret: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))

    @property
    def token(self) -> str:
        digest = self._derived("bot token")
        return f"xoxb-{int(digest[:9], 16):012d}-{int(digest[9:18], 16):012d}-{digest[18:42]}"

    @property
    def signing_secret(self) -> str:
        return self._derived("signing secret")[:32]

    @property
    def verification_token(self) -> str:
        """The deprecated one that still comes with every interaction."""
        return self._derived("verification token")[:24]

    def webhook_token(self, channel: str) -> str:
        """The last part of an incoming webhook's address."""
        return self._derived(f"webhook of {channel}")[:24]

    def guard(self, session: str) -> str:
        """What a form of this browser session must carry."""
        return self._derived(f"form of {session}")

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.secret.encode(), f"slack: {purpose}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Members:
    """Everybody, by id and by the other names that callers use."""

    everyone: tuple[User, ...] = (*PEOPLE, BOT)

    def with_id(self, user_id: str) -> User | None:
        return next((user for user in self.everyone if user.id == user_id), None)

    def named(self, name: str) -> User | None:
        """By the sandbox's word for a person, or a Slack id."""
        return next((user for user in self.everyone if name in (user.key, user.id)), None)
