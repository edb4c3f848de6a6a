"""Environment variables, read once into one frozen value. Every name begins with TIDEGATE_."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from controller.domain.errors import Blocked

PREFIX = "TIDEGATE_"
LEAST_SECRET = 16

WANTED = {
    "port": "a number from 0 to 65535, as 8080",
    "sweep_seconds": "a number of seconds above 0, as 60",
    "pace_seconds": "a number of seconds above 0, as 5",
    "connect_to": "host:port=host:port, separated by commas, as captions.example.com:443=127.0.0.1:8443",
}
"""What a setting may be, where it isn't any text."""


class Settings(BaseSettings):
    """What an operator sets. Secrets print redacted; lists are comma-separated.

    `pace_seconds` is how long the loop waits before it looks again at something that moves; `connect_to` maps
    `host:port` to the `host:port` that reaches it from here.
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
    github_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    api_token: SecretStr = SecretStr("")
    sweep_seconds: Annotated[float, Field(gt=0)] = 60.0
    pace_seconds: Annotated[float, Field(gt=0)] = 5.0
    connect_to: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    log_level: str = "info"

    @field_validator("github_webhook_secrets", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
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

    @property
    def pace(self) -> timedelta:
        return timedelta(seconds=self.pace_seconds)

    @property
    def sweep(self) -> timedelta:
        return timedelta(seconds=self.sweep_seconds)

    def must_serve(self) -> None:
        """Raise `Blocked` with everything that is missing before this controller may listen."""
        missing = []
        if not self.github_webhook_secrets:
            missing.append("TIDEGATE_GITHUB_WEBHOOK_SECRETS: the secret that GitHub signs its webhooks with")
        short = [secret for secret in self.github_webhook_secrets if len(secret.get_secret_value()) < LEAST_SECRET]
        if short:
            missing.append(f"TIDEGATE_GITHUB_WEBHOOK_SECRETS: one is shorter than {LEAST_SECRET} characters")
        if len(self.api_token.get_secret_value()) < LEAST_SECRET:
            missing.append(f"TIDEGATE_API_TOKEN: at least {LEAST_SECRET} characters; `tidegate token` makes one")
        if not (self.github_token.get_secret_value() or self.github_app_id):
            missing.append("TIDEGATE_GITHUB_TOKEN, or TIDEGATE_GITHUB_APP_ID and _APP_KEY: how to read repositories")
        if missing:
            raise Blocked(
                "serving needs settings that are missing:\n  " + "\n  ".join(missing), code="settings.missing"
            )


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `Blocked` naming each variable that can't be read. Values are never repeated."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = dict.fromkeys(str(entry["loc"][0]) for entry in error.errors(include_input=False))
        told = [f"{PREFIX}{name.upper()}: wanted {WANTED.get(name, 'text')}" for name in wrong]
        raise Blocked("settings can't be read:\n  " + "\n  ".join(told), code="settings.invalid") from None
