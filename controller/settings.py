"""Environment variables, read once into one frozen value. Every name begins with TIDEGATE_."""

import hmac
import re
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from controller.domain.arns import read_arn, read_queue
from controller.domain.chain import Keyring
from controller.domain.errors import Blocked
from controller.domain.people import Role
from controller.domain.secret import Secret
from controller.store.key_file import kept_key

PREFIX = "TIDEGATE_"
LEAST_SECRET = 16
PEM = re.compile(r"\s*-----BEGIN [A-Z ]*PRIVATE KEY-----\n")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
AUDIT_KEY = "audit.key"

WANTED = {
    "port": "a number from 0 to 65535, as 8080",
    "sweep_seconds": "a number of seconds above 0, as 60",
    "anonymous": "viewer, or nobody",
    "pace_seconds": "a number of seconds above 0, as 5",
    "notify_webhooks": "addresses that begin with https://, separated by commas; http:// only on this machine",
    "notify_topic": "the ARN of an SNS topic, as arn:aws:sns:eu-west-1:123456789012:deployments",
    "pagerduty_url": "an address that begins with https://",
    "connect_to": "host:port=host:port, separated by commas, as captions.example.com:443=127.0.0.1:8443",
}
"""What a setting may be, where it isn't any text."""


class Settings(BaseSettings):
    """What an operator sets. Secrets print redacted; lists are comma-separated.

    `aws_queue` is here and not among the bindings, because it is the controller's: one queue, read with its own
    credentials, for all accounts and regions whose rules send to it. `pace_seconds` is how long the loop waits before
    it looks again at something that moves; `connect_to` maps `host:port` to the `host:port` that reaches it from here.
    `github_oauth_id` and `_secret` let people sign in, at `public_url`; `anonymous` is what those may who have not:
    nothing set, they read on loopback, and nowhere else.
    `metrics_minute_seconds` is 60 on AWS, and less against a sandbox that runs faster.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    config: Path = Path("tidegate.yaml")
    state_dir: Path = Path(".tidegate")
    database_url: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: str = ""
    github_url: str = "https://api.github.com"
    github_token: SecretStr = SecretStr("")
    github_app_id: str = ""
    github_app_key: SecretStr = SecretStr("")
    github_oauth_id: str = ""
    github_oauth_secret: SecretStr = SecretStr("")
    anonymous: Literal["viewer", "nobody", ""] = ""
    github_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    slack_url: str = "https://slack.com/api/"
    slack_token: SecretStr = SecretStr("")
    slack_signing_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    slack_team: str = ""
    slack_app: str = ""
    notify_webhooks: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    notify_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    notify_topic: str = ""
    pagerduty_key: SecretStr = SecretStr("")
    pagerduty_url: str = "https://events.pagerduty.com/v2/enqueue"
    pagerduty_environments: Annotated[tuple[str, ...], NoDecode] = ()
    link_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    aws_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    aws_topics: Annotated[tuple[str, ...], NoDecode] = ()
    aws_queue: str = ""
    api_token: SecretStr = SecretStr("")
    audit_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    sweep_seconds: Annotated[float, Field(gt=0)] = 60.0
    pace_seconds: Annotated[float, Field(gt=0)] = 5.0
    metrics_minute_seconds: Annotated[float, Field(gt=0)] = 60.0
    connect_to: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    log_level: str = "info"

    @field_validator(
        *("github_webhook_secrets", "aws_webhook_secrets", "aws_topics"),
        *("slack_signing_secret", "link_keys", "audit_keys"),
        *("notify_webhooks", "notify_secret", "pagerduty_environments"),
        mode="before",
    )
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("github_token", "slack_token", mode="before")
    @classmethod
    def _trimmed(cls, value: object) -> object:
        """A file that a token was read from ends with a line's end."""
        return value.strip() if isinstance(value, str) else value

    @field_validator("aws_topics")
    @classmethod
    def _topics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for topic in value:
            arn = read_arn(topic)
            if arn is None or arn.service != "sns" or not arn.region or not arn.resource:
                raise ValueError("wanted ARNs of SNS topics, separated by commas")
        return value

    @field_validator("notify_topic")
    @classmethod
    def _topic(cls, value: str) -> str:
        return cls._topics((value,))[0] if value else value

    @field_validator("notify_webhooks")
    @classmethod
    def _webhooks(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(is_safe_address(each.get_secret_value()) for each in value):
            raise ValueError("wanted https:// addresses, separated by commas")
        return value

    @field_validator("pagerduty_url")
    @classmethod
    def _events(cls, value: str) -> str:
        if not is_safe_address(value):
            raise ValueError("wanted an https:// address")
        return value

    @field_validator("aws_queue")
    @classmethod
    def _queue(cls, value: str) -> str:
        if value and read_queue(value) is None:
            raise ValueError("wanted the URL of a standard SQS queue, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        return value

    @field_validator("connect_to", mode="before")
    @classmethod
    def _mapped(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.split("=") for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 or not all(pair) for pair in pairs):
            raise ValueError("wanted host:port=host:port, separated by commas")
        return {wanted.strip(): reached.strip() for wanted, reached in pairs}

    @cached_property
    def database(self) -> str:
        """The database's address; a SQLite file in the state directory where none is set."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{(self.state_dir / 'tidegate.db').absolute()}"

    def keyring(self) -> Keyring:
        """What seals the audit: the given keys, newest first, then the one of the state directory, which is made where
        there is no other. `Blocked` for a key that is too short, and where PostgreSQL is to be shared without one."""
        wrong = self._wrong_keys()
        if wrong:
            raise Blocked("the audit can't be sealed:\n  " + "\n  ".join(wrong), code="settings.missing")
        given = [Secret(key.get_secret_value()) for key in self.audit_keys]
        kept = kept_key(self.state_dir / AUDIT_KEY, make=not given)
        return Keyring([*given, *([kept] if kept else [])])

    def _wrong_keys(self) -> list[str]:
        if any(len(key.get_secret_value()) < LEAST_SECRET for key in self.audit_keys):
            return [f"TIDEGATE_AUDIT_KEYS: one is shorter than {LEAST_SECRET} characters"]
        if not self.audit_keys and not self.database.startswith("sqlite"):
            return ["TIDEGATE_AUDIT_KEYS: with PostgreSQL every controller needs the same; `tidegate token` makes one"]
        return []

    @property
    def anonymous_role(self) -> Role:
        """What somebody may who has not signed in."""
        told = self.anonymous or ("viewer" if self.host in LOOPBACK else "nobody")
        return Role.VIEWER if told == "viewer" else Role.NOBODY

    @property
    def links(self) -> tuple[Secret, ...]:
        """What personal links are signed with, newest first; where nothing is set, made of the API's token, so that
        every controller of one installation has the same."""
        given = tuple(Secret(key.get_secret_value()) for key in self.link_keys)
        made = hmac.digest(self.api_token.get_secret_value().encode(), b"links to approvals", "sha256").hex()
        return given or (Secret(made),)

    @property
    def signs_in(self) -> bool:
        return bool(self.github_oauth_id and self.github_oauth_secret.get_secret_value())

    @property
    def pace(self) -> timedelta:
        return timedelta(seconds=self.pace_seconds)

    @property
    def metrics_minute(self) -> timedelta:
        return timedelta(seconds=self.metrics_minute_seconds)

    @property
    def sweep(self) -> timedelta:
        return timedelta(seconds=self.sweep_seconds)

    @property
    def talks(self) -> bool:
        """Whether there is a Slack app."""
        return bool(self.slack_token.get_secret_value())

    def _missing_of_slack(self) -> list[str]:
        wanted = {
            "SIGNING_SECRET": bool(self.slack_signing_secret),
            "TEAM": bool(self.slack_team),
            "APP": bool(self.slack_app),
        }
        told = "with TIDEGATE_SLACK_TOKEN its buttons need it: the app's page has it"
        return [f"TIDEGATE_SLACK_{name}: {told}" for name, is_there in wanted.items() if self.talks and not is_there]

    def must_serve(self) -> None:
        """Raise `Blocked` with everything that is missing before this controller may listen."""
        missing = []
        if not self.github_webhook_secrets:
            missing.append("TIDEGATE_GITHUB_WEBHOOK_SECRETS: the secret that GitHub signs its webhooks with")
        for name, given in (("GITHUB", self.github_webhook_secrets), ("AWS", self.aws_webhook_secrets)):
            if any(len(secret.get_secret_value()) < LEAST_SECRET for secret in given):
                missing.append(f"TIDEGATE_{name}_WEBHOOK_SECRETS: one is shorter than {LEAST_SECRET} characters")
        if len(self.api_token.get_secret_value()) < LEAST_SECRET:
            missing.append(f"TIDEGATE_API_TOKEN: at least {LEAST_SECRET} characters; `tidegate token` makes one")
        if not (self.github_token.get_secret_value() or self.github_app_id):
            missing.append("TIDEGATE_GITHUB_TOKEN, or TIDEGATE_GITHUB_APP_ID and _APP_KEY: how to read repositories")
        if self.github_app_id and not PEM.match(self.github_app_key.get_secret_value()):
            missing.append("TIDEGATE_GITHUB_APP_KEY: the App's private key as GitHub gave it, with its line ends (PEM)")
        if any(len(key.get_secret_value()) < LEAST_SECRET for key in self.link_keys):
            missing.append(f"TIDEGATE_LINK_KEYS: one is shorter than {LEAST_SECRET} characters")
        if any(len(secret.get_secret_value()) < LEAST_SECRET for secret in self.notify_secret):
            missing.append(f"TIDEGATE_NOTIFY_SECRET: one is shorter than {LEAST_SECRET} characters")
        missing += self._missing_of_slack()
        if self.signs_in and not self.public_url.startswith(("https://", "http://")):
            missing.append("TIDEGATE_PUBLIC_URL: the address that people reach this controller at, to sign in there")
        missing += self._wrong_keys()
        if missing:
            raise Blocked(
                "serving needs settings that are missing:\n  " + "\n  ".join(missing), code="settings.missing"
            )


def is_safe_address(text: str) -> bool:
    """What is sent there is read by nobody on the way.

    >>> is_safe_address("https://example.com/x"), is_safe_address("http://127.0.0.1:9/x"), is_safe_address("http://a.b/")
    (True, True, False)
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `Blocked` naming each variable that can't be read. Values are never repeated."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = dict.fromkeys(str(entry["loc"][0]) for entry in error.errors(include_input=False))
        told = [f"{PREFIX}{name.upper()}: wanted {WANTED.get(name, 'text')}" for name in wrong]
        raise Blocked("settings can't be read:\n  " + "\n  ".join(told), code="settings.invalid") from None
