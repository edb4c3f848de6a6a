"""boto3's sessions and clients: made on first use, shared by threads, one set for each (region, role, name).

Reads retry a little by themselves. Writes are one attempt: between two attempts the lease must be looked at again.
The endpoint is boto3's own affair (AWS_ENDPOINT_URL), and so are the controller's own credentials.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import ASSUME_ROLE
from controller.domain.bindings import Binding

CONNECT_SECONDS = 3
READ_SECONDS = 7
"""Together the ten seconds that a call may take at most, so that no call outlives the lease it began under."""

READING = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent_extra="tidegate",
)
CHANGING = READING.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))

SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: at most 64 of these characters."""


@dataclass(frozen=True)
class Access:
    """Where, and as whom. `role` and `name` are None when the controller's own credentials are used."""

    account: str
    region: str
    role: str | None = None
    name: str | None = None

    @classmethod
    def of(cls, binding: Binding) -> "Access":
        place = binding.aws
        if place.role is None:
            return cls(place.account, place.region)
        name = SESSION_NAME.sub("-", f"tidegate-{binding.name}")[:64]
        return cls(place.account, place.region, place.role, name)


class SessionClients:
    """Clients of one boto3 session; making one is slow and not thread-safe, using one is neither."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._lock = Lock()
        self._made: dict[tuple[str, bool], Any] = {}

    def client(self, service: str, changes: bool) -> Any:
        with self._lock:
            if (service, changes) not in self._made:
                make: Any = self._session.client  # overloaded by service name, of which there are hundreds
                self._made[service, changes] = make(service, config=CHANGING if changes else READING)
            return self._made[service, changes]


def own_session(region: str) -> boto3.Session:
    """With the controller's own credentials, wherever boto3 finds them."""
    return boto3.Session(region_name=region)


def role_session(region: str, credentials: CredentialProvider) -> boto3.Session:
    """With the credentials of an assumed role and no others: a missing right must not fall back to the controller's."""
    core = botocore.session.get_session()
    core.register_component("credential_provider", CredentialResolver(providers=[credentials]))
    return boto3.Session(botocore_session=core, region_name=region)


class AssumedRole(CredentialProvider):
    """Credentials of a role, asked for at the first call and again before they expire."""

    METHOD = "assume-role"
    CANONICAL_NAME = "tidegate-assume-role"

    def __init__(self, access: Access, own: Caller) -> None:
        super().__init__()
        self._access = access
        self._own = own

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._ask, method=self.METHOD)

    def _ask(self) -> dict[str, str]:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
        assert self._access.role is not None
        assert self._access.name is not None
        reply = self._own.read(
            ASSUME_ROLE({"RoleArn": self._access.role, "RoleSessionName": self._access.name}),
            about=f"role {self._access.role}",
        )
        given = reply["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


class Callers:
    """One `Caller` for each access, made when first asked for.

    `own` and `assumed` open sessions; a test hands over others.
    """

    def __init__(
        self,
        own: Callable[[str], boto3.Session] = own_session,
        assumed: Callable[[str, CredentialProvider], boto3.Session] = role_session,
    ) -> None:
        self._own = own
        self._assumed = assumed
        self._lock = Lock()
        self._made: dict[Access, Caller] = {}

    def of(self, access: Access) -> Caller:
        with self._lock:
            return self._of(access)

    def _of(self, access: Access) -> Caller:
        if access not in self._made:
            self._made[access] = Caller(SessionClients(self._session(access)))
        return self._made[access]

    def _session(self, access: Access) -> boto3.Session:
        if access.role is None:
            return self._own(access.region)
        own = self._of(Access(access.account, access.region))
        return self._assumed(access.region, AssumedRole(access, own))
