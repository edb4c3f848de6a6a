"""The dead-man's switch: AWS itself puts a rule back as it was, unless somebody renews or disarms it in time."""

from dataclasses import dataclass
from datetime import datetime

from controller.domain.names import switch_name
from controller.domain.undo import RuleAsItWas


@dataclass(frozen=True)
class Switch:
    """What is to happen at `fires_at`, which is aware UTC in whole seconds; AWS takes up to a minute more.

    Actions and conditions of `rule` come back, its priority does not: the traffic is home without it.
    """

    name: str
    rule: RuleAsItWas
    fires_at: datetime

    @classmethod
    def of(cls, environment: str, service: str, rule: RuleAsItWas, fires_at: datetime) -> "Switch":
        return cls(switch_name(environment, service), rule, fires_at.replace(microsecond=0))


@dataclass(frozen=True)
class ArmedSwitch:
    """A switch as AWS shows it.

    `rule`, `actions` and `conditions` are as in `RuleAsItWas`, and empty where somebody has made it do something else;
    `fires_at` is None where its time is none that Tidegate writes.
    """

    fires_at: datetime | None
    rule: str
    actions: str
    conditions: str
    is_enabled: bool

    def does(self, switch: Switch) -> bool:
        """Whether it will put back the same rule in the same way, whenever that is."""
        wanted = (switch.rule.arn, switch.rule.actions, switch.rule.conditions)
        return self.is_enabled and self.fires_at is not None and wanted == (self.rule, self.actions, self.conditions)
