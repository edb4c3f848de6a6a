"""PyGithub's clients: by token, or as an app that is installed at the repository.

PyGithub keeps the connection of a request in the client, so a client belongs to one thread.
"""

from dataclasses import dataclass
from threading import local
from typing import TypedDict

from github import Auth, Github, GithubIntegration
from github.Requester import Requester

from controller.domain.secret import Secret

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class App:
    """A GitHub App; `id` is its app id or client id, `key` its private key as PEM."""

    id: int | str
    key: Secret


Credentials = Secret | App


class _Settings(TypedDict):
    base_url: str
    timeout: int
    retry: None
    seconds_between_requests: int
    seconds_between_writes: int
    lazy: bool


class SignedIn:
    """`url` is the API's address, as in `https://api.github.com` or `https://github.example.com/api/v3`."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._credentials = credentials
        # PyGithub's own defaults wait between requests and ask eleven times on a 502.
        self._settings = _Settings(
            base_url=url.rstrip("/"),
            timeout=TIMEOUT_SECONDS,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
        self._mine = local()

    def app(self) -> Requester:
        """An App in its own name, for what belongs to no installation."""
        assert isinstance(self._credentials, App), "only an App asks in its own name"
        if "app" not in self._mine.__dict__:
            auth = Auth.AppAuth(self._credentials.id, self._credentials.key.reveal())
            self._mine.app = GithubIntegration(auth=auth, **self._settings)
        found: GithubIntegration = self._mine.app
        return found.requester

    def client(self, repository: str) -> Github:
        """A client for this repository and this thread; for an app, the first one asks where it is installed."""
        return self._client(repository)

    def of_organization(self, name: str) -> Github:
        """A client for what is an organization's and no repository's, as its teams are."""
        return self._client(name)

    def _client(self, owned: str) -> Github:
        clients: dict[str, Github] = self._mine.__dict__.setdefault("clients", {})
        key = owned if isinstance(self._credentials, App) else ""
        if key not in clients:
            clients[key] = self._new(owned)
        return clients[key]

    def _new(self, owned: str) -> Github:
        if isinstance(self._credentials, Secret):
            return Github(auth=Auth.Token(self._credentials.reveal()), **self._settings)
        app = Auth.AppAuth(self._credentials.id, self._credentials.key.reveal())
        integration = GithubIntegration(auth=app, **self._settings)
        owner, _, name = owned.partition("/")
        found = integration.get_repo_installation(owner, name) if name else integration.get_org_installation(owner)
        return integration.get_github_for_installation(found.id)
