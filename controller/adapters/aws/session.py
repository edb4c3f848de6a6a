"""boto3's sessions and clients: made on first use and shared by threads; two sets for each region, however many roles.

A set takes 20 to 30 megabytes, so a thousand roles cannot have one each. All roles of a region share one, which signs
each request with the credentials of whoever sends it; the controller's own credentials have the other.

Reads retry a little by themselves. Writes are one attempt: between two attempts the lease must be looked at again.
The endpoint is boto3's own affair (AWS_ENDPOINT_URL), and so are the controller's own credentials.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock, local
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import CredentialRetrievalError
from botocore.loaders import JSONFileLoader, Loader

from controller.adapters.aws.caller import Caller, Clients, Count, unheard
from controller.adapters.aws.calls import ASSUME_ROLE, CALLS
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

ENDPOINTS = frozenset(
    {
        *("api.ecr", "application-autoscaling", "cloudformation", "ecs", "elasticloadbalancing", "logs"),
        *("monitoring", "scheduler", "sns", "sqs", "sts"),
    }
)
"""The services that are called, as botocore's list of endpoints names them."""

CALLED = {
    service: frozenset(call.operation for call in CALLS if call.service == service)
    for service in {call.service for call in CALLS}
}
"""Operations by their service, as botocore's files name it."""

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


class LeanFiles(JSONFileLoader):
    """botocore's service models without their documentation, which is most of them and which nobody here reads, and
    without the operations that nobody calls; and its list of endpoints without those of 400 other services.

    Texts are dropped while a file is parsed: what is parsed whole first leaves holes in the memory that are never
    filled.
    """

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        path = Path(full_path)
        if not path.is_file():
            return None
        with open_method(full_path, "rb") as file:
            found = json.loads(file.read(), object_pairs_hook=lean)
        return of_calls(found, CALLED[path.parts[-3]]) if path.name.startswith("service-2.") else found


def lean(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A field called documentation would be described by an object; only documentation itself is a text."""
    found = {key: value for key, value in pairs if key != "documentation" or not isinstance(value, str)}
    if found.keys() >= {"partition", "services"}:
        found["services"] = {name: where for name, where in found["services"].items() if name in ENDPOINTS}
    return found


def of_calls(model: Mapping[str, Any], called: Collection[str]) -> dict[str, Any]:
    """A service model with only these operations, and the shapes that they are made of."""
    operations = {name: operation for name, operation in model["operations"].items() if name in called}
    shapes: dict[str, Any] = {}
    open_ = list(_shapes_in(operations))
    while open_:
        name = open_.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            open_.extend(_shapes_in(shapes[name]))
    return {**model, "operations": operations, "shapes": shapes}


def _shapes_in(part: Any) -> Iterator[str]:
    """The names of the shapes that it refers to."""
    if isinstance(part, dict):
        if isinstance(named := part.get("shape"), str):
            yield named
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _shapes_in(each)


@cache
def service_models() -> Loader:
    """Read once for the process: every session would read its own."""
    return Loader(file_loader=LeanFiles())


def core_session() -> botocore.session.Session:
    core = botocore.session.get_session()
    core.register_component("data_loader", service_models())
    return core


def own_session(region: str) -> boto3.Session:
    """With the controller's own credentials, wherever boto3 finds them."""
    return boto3.Session(botocore_session=core_session(), region_name=region)


def role_session(region: str, credentials: CredentialProvider) -> boto3.Session:
    """With the credentials of an assumed role and no others: a missing right must not fall back to the controller's."""
    core = core_session()
    core.register_component("credential_provider", CredentialResolver(providers=[credentials]))
    return boto3.Session(botocore_session=core, region_name=region)


class WhoeverSends(Credentials):
    """Stands in a session for the credentials that the sending thread has named."""

    def __init__(self) -> None:
        super().__init__("", "")
        self._named = local()

    @contextmanager
    def signing_with(self, credentials: Credentials) -> Iterator[None]:
        self._named.credentials = credentials
        try:
            yield
        finally:
            del self._named.credentials

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """botocore asks for them at each signature, in the thread that sends."""
        named: Credentials | None = getattr(self._named, "credentials", None)
        assert named is not None, "a client that roles share was used without naming one"
        try:
            frozen: ReadOnlyCredentials = named.get_frozen_credentials()
        except RuntimeError as error:  # botocore's only word for new credentials that have expired already
            raise CredentialRetrievalError(provider=SenderProvider.METHOD, error_msg=str(error)) from error
        return frozen


class SenderProvider(CredentialProvider):
    METHOD = "assume-role"
    CANONICAL_NAME = "tidegate-assume-role"

    def __init__(self, sender: WhoeverSends) -> None:
        super().__init__()
        self._sender = sender

    def load(self) -> Credentials:
        return self._sender


@dataclass(frozen=True)
class ClientOfRole:
    """A shared client whose calls are signed with the credentials of one role."""

    shared: Any
    sender: WhoeverSends
    credentials: Credentials

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = getattr(self.shared, operation)

        def signed(**parameters: Any) -> Any:
            with self.sender.signing_with(self.credentials):
                return call(**parameters)

        return signed


@dataclass(frozen=True)
class RoleClients:
    shared: SessionClients
    sender: WhoeverSends
    credentials: Credentials

    def client(self, service: str, changes: bool) -> Any:
        return ClientOfRole(self.shared.client(service, changes), self.sender, self.credentials)


def credentials_of(access: Access, own: Caller, now: Callable[[], datetime]) -> Credentials:
    """Of a role: asked for at the first call and again before they expire.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    assert access.role is not None
    assert access.name is not None
    request = ASSUME_ROLE({"RoleArn": access.role, "RoleSessionName": access.name})

    def ask() -> dict[str, str]:
        given = own.read(request, about=f"role {access.role}")["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    return DeferredRefreshableCredentials(refresh_using=ask, method="assume-role", time_fetcher=now)


class Callers:
    """One `Caller` for each access, made when first asked for.

    `now` tells when a role's credentials expire; `own` and `assumed` open sessions; a test hands over others. `count`
    hears of each call.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        own: Callable[[str], boto3.Session] = own_session,
        assumed: Callable[[str, CredentialProvider], boto3.Session] = role_session,
        count: Count = unheard,
    ) -> None:
        self._now = now
        self._own = own
        self._assumed = assumed
        self._count = count
        self._lock = Lock()
        self._made: dict[Access, Caller] = {}
        self._own_clients: dict[str, SessionClients] = {}
        self._role_clients: dict[str, tuple[SessionClients, WhoeverSends]] = {}

    def of(self, access: Access) -> Caller:
        with self._lock:
            return self._of(access)

    def _of(self, access: Access) -> Caller:
        if access not in self._made:
            self._made[access] = Caller(self._clients(access), self._count)
        return self._made[access]

    def _clients(self, access: Access) -> Clients:
        region = access.region
        if access.role is None:
            if region not in self._own_clients:
                self._own_clients[region] = SessionClients(self._own(region))
            return self._own_clients[region]
        if region not in self._role_clients:
            sender = WhoeverSends()
            self._role_clients[region] = (SessionClients(self._assumed(region, SenderProvider(sender))), sender)
        own = self._of(Access(access.account, region))
        return RoleClients(*self._role_clients[region], credentials_of(access, own, self._now))
