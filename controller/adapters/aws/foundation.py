"""What an environment stands on: the binding's own keys first, then the outputs of its stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DESCRIBE_LISTENERS, DESCRIBE_LOAD_BALANCERS, DESCRIBE_STACKS
from controller.adapters.aws.remembered import Remembered
from controller.adapters.aws.wire import stacks
from controller.domain.bindings import Binding, Place
from controller.domain.errors import Blocked, Transient
from controller.domain.foundation import Foundation
from controller.domain.ports import Clock

LISTS = ("subnets", "security_groups")
TEXTS = ("cluster", "listener", "execution_role", "vpc", "switch_role", "alarm_topic")


def place_name(binding: Binding) -> str:
    """The stack's name, or the environment's where there is no stack."""
    return binding.aws.stack or binding.name


@dataclass(frozen=True)
class Found:
    """Values of tidegate.yaml and of the stack, by key; lists are still joined by commas."""

    values: Mapping[str, str]
    stack: str | None
    environment: str

    def text(self, key: str) -> str:
        value = self.maybe(key)
        if value is None:
            raise Blocked(f"Foundation of {self.environment}: {self._missing(key)}", code="foundation.output_missing")
        return value

    def maybe(self, key: str) -> str | None:
        return self.values.get(stacks.output_key(key)) or None

    def many(self, key: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(key).split(",") if part.strip())

    def _missing(self, key: str) -> str:
        setting = f"set environments.{self.environment}.aws.{key} in tidegate.yaml"
        if self.stack is None:
            return f"{key} is missing. Either {setting}, or name a stack there."
        output = stacks.output_name(key)
        return f"stack {self.stack} has no output {output}. Either add it to the stack, or {setting}."


class FoundationReader:
    """Remembers what it found for a few minutes: a foundation changes rarely, and every look needs it."""

    def __init__(self, caller: Caller, binding: Binding, clock: Clock) -> None:
        self._caller = caller
        self._binding = binding
        self._remembered: Remembered[str, Foundation] = Remembered(clock)

    def read(self) -> Foundation:
        """What was known a while ago serves while it can't be read again: a deployment must be able to come home."""
        try:
            return self._remembered.get_or(self._binding.name, self._read)
        except (Transient, Blocked):
            known = self._remembered.even_if_old(self._binding.name)
            if known is None:
                raise
            return known

    def _read(self) -> Foundation:
        place = self._binding.aws
        found = Found({**self._outputs(place), **_explicit(place)}, place.stack, self._binding.name)
        foundation = Foundation(
            account=place.account,
            region=place.region,
            stack=place_name(self._binding),
            cluster=found.text("cluster"),
            listener=found.text("listener"),
            vpc=found.text("vpc"),
            subnets=found.many("subnets"),
            security_groups=found.many("security_groups"),
            execution_role=found.text("execution_role"),
            entrance=self._entrance(found.text("listener")),
            switch_role=found.maybe("switch_role"),
            alarm_topic=found.maybe("alarm_topic"),
        )
        _insist_on_account(foundation)
        return foundation

    def _outputs(self, place: Place) -> dict[str, str]:
        if place.stack is None:
            return {}
        about = f"stack {place.stack} in {place.account} {place.region}"
        described = self._caller.read(DESCRIBE_STACKS({"StackName": place.stack}), about)["Stacks"]
        return stacks.outputs(described[0])

    def _entrance(self, listener: str) -> str:
        about = f"listener {listener}"
        shown = self._caller.read(DESCRIBE_LISTENERS({"ListenerArns": [listener]}), about)["Listeners"][0]
        asked = DESCRIBE_LOAD_BALANCERS({"LoadBalancerArns": [shown["LoadBalancerArn"]]})
        balancer = self._caller.read(asked, about)["LoadBalancers"][0]
        return stacks.entrance(shown, balancer)


def _explicit(place: Place) -> dict[str, str]:
    """The keys that tidegate.yaml itself gives."""
    texts = {key: getattr(place, key) for key in TEXTS}
    lists = {key: ",".join(getattr(place, key) or ()) for key in LISTS}
    return {stacks.output_key(key): value for key, value in {**texts, **lists}.items() if value}


def _insist_on_account(foundation: Foundation) -> None:
    """Credentials of another account would show an empty world, and things would be made there a second time."""
    wanted = f":{foundation.account}:"
    for arn in (foundation.listener, foundation.execution_role, foundation.cluster, foundation.switch_role or ""):
        if arn.startswith("arn:") and wanted not in arn:
            raise Blocked(
                f"Foundation {foundation.stack}: {arn} is not in account {foundation.account}."
                " Correct `aws.account`, `aws.role` or the stack in tidegate.yaml.",
                code="foundation.other_account",
            )
