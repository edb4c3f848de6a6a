"""A notice as what those are told who are no chat; and whether somebody must be called: from the rows, as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.alerting import Alert, alert
from controller.domain.bindings import Binding
from controller.domain.bulletin import Bulletin
from controller.domain.telling import telling
from controller.store import Store


@dataclass(frozen=True)
class Bulletins:
    """`public` is how people reach the pages, empty where nobody knows."""

    store: Store
    bindings: Mapping[str, Binding]
    public: str

    def bulletin(self, key: str, body: Mapping[str, object]) -> Bulletin | None:
        """None for what is not there, whose environment is no longer bound, or of which nothing is to be told."""
        event, text = str(body.get("event", "")), str(body.get("text", ""))
        if "deployment" not in body:
            environment = str(body.get("environment", ""))
            return Bulletin(key, event, environment, text) if environment in self.bindings else None
        with self.store.read() as unit:
            found = unit.deployments.get(str(body["deployment"]))
        if found is None or found.environment not in self.bindings:
            return None
        told = telling(found, self._public)
        return Bulletin(key, event, found.environment, text, told) if told.begins else None

    def environment_of(self, body: Mapping[str, object]) -> str:
        """Which one a notice is about; empty where that is no longer bound."""
        deployment = str(body.get("deployment", ""))
        name = deployment.rpartition("-")[0] if deployment else str(body.get("environment", ""))
        return name if name in self.bindings else ""

    def alert(self, environment: str) -> Alert | None:
        with self.store.read() as unit:
            found, open_ones = unit.environments.get(environment), unit.deployments.open(environment)
        return alert(self.name(environment), found, open_ones, self._public)

    def name(self, environment: str) -> str:
        """What an alert about the environment is known by."""
        return f"tidegate/{self.bindings[environment].repository}/{environment}"

    @property
    def _public(self) -> str:
        return self.public.rstrip("/")
