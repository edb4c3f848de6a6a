"""What the pages are given."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.dashboard.hub import Hub
from controller.domain.alarms import AlarmView
from controller.domain.bindings import Binding
from controller.domain.candidates import Candidates
from controller.domain.people import Role
from controller.domain.ports import Clock, SignIn
from controller.inbox.doorkeeper import Doorkeeper
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.inbox.slack import SlackAnswers
from controller.links import Links
from controller.loop.unhurried import Heard, Lookup
from controller.store import Store


@dataclass(frozen=True)
class DashboardContext:
    """`github` is the address of GitHub's REST API; commits are linked beside it, and nowhere when it is empty.
    `slack` is None without a Slack app, `sign_in` where nobody can say who they are; `anonymous` is what those may who
    have not. `public` is the address that people reach the pages at. `hub` tells open pages of changes. `plan`,
    `ways_back` and `alarms` tell of an environment what only AWS knows, within a moment, and are None where nobody can
    ask; without `asks` they only tell what others had asked. `verification` is held while the audit is verified, by
    whichever door.
    """

    store: Store
    clock: Clock
    bindings: Mapping[str, Binding]
    version: str
    orders: Orders
    doorkeeper: Doorkeeper
    rights: Rights
    links: Links
    hub: Hub
    slack: SlackAnswers | None = None
    github: str = ""
    sign_in: SignIn | None = None
    anonymous: Role = Role.VIEWER
    public: str = ""
    plan: Lookup[Heard[Mapping[str, object]]] | None = None
    ways_back: Lookup[Candidates] | None = None
    alarms: Lookup[Heard[Mapping[str, AlarmView | None]]] | None = None
    verification: threading.Lock = field(default_factory=threading.Lock)
