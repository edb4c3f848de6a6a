"""What an environment's tasks cost in a month by the price list, and what another file would make of that. Pure.

Only tasks of Fargate: neither storage nor traffic, neither logs nor the balancer; no savings plan, and no hour at which
the schedule has fewer of them.
"""

from dataclasses import dataclass
from decimal import Decimal

from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.prices import ARM, ON_DEMAND, READ_ON, SOURCE, SPOT

HOURS = 730
"""In a month, as AWS's own calculator counts."""

CPU_UNITS, MIB = 1024, 1024


@dataclass(frozen=True)
class Cost:
    """US dollars a month, with the fewest tasks that the file allows and with the most."""

    least: Decimal
    most: Decimal

    @property
    def told(self) -> str:
        return f"${self.least:,.2f}" if self.least == self.most else f"${self.least:,.2f} to ${self.most:,.2f}"


@dataclass(frozen=True)
class CostChange:
    """`before` is None where nothing is live. `note` says what the numbers are, or why there are none."""

    before: Cost | None
    after: Cost | None
    note: str

    @property
    def told(self) -> str:
        """
        >>> CostChange(Cost(Decimal(10), Decimal(20)), Cost(Decimal(15), Decimal(20)), "").told
        '$10.00 to $20.00 → $15.00 to $20.00, +$5.00 to +$0.00'
        """
        if self.after is None:
            return "unknown"
        if self.before is None:
            return self.after.told
        if self.before == self.after:
            return f"{self.after.told}, as now"
        less, more = self.after.least - self.before.least, self.after.most - self.before.most
        change = _signed(less) if less == more else f"{_signed(less)} to {_signed(more)}"
        return f"{self.before.told} → {self.after.told}, {change}"


def _signed(amount: Decimal) -> str:
    return f"{'-' if amount < 0 else '+'}${abs(amount):,.2f}"


def cost_change(live: EnvironmentFile | None, new: EnvironmentFile, region: str) -> CostChange:
    if region not in ON_DEMAND:
        return CostChange(None, None, f"no list price of {region} is known here")
    note = f"list price of {READ_ON}, {region}, {HOURS} h a month, with the fewest and with the most tasks"
    if any(service.capacity.spot.fraction for file in (live, new) if file for service in file.services.values()):
        note += f"; Spot at {Decimal(SPOT):.0%} of it, which moves"
    before = file_cost(live, region) if live is not None else None
    return CostChange(before, file_cost(new, region), f"{note}: {SOURCE}")


def file_cost(file: EnvironmentFile, region: str) -> Cost:
    return Cost(
        sum((monthly(service, service.count.min, region) for service in file.services.values()), Decimal(0)),
        sum((monthly(service, service.count.max, region) for service in file.services.values()), Decimal(0)),
    )


def monthly(service: Service, count: int, region: str) -> Decimal:
    """Half a vCPU and a GB in eu-west-1 cost 0.5 * 0.04048 + 1 * 0.004445 dollars an hour, 18.02 in 730 hours."""
    cpu, memory = (Decimal(price) for price in ON_DEMAND[region])
    hourly = cpu * service.task.cpu / CPU_UNITS + memory * service.task.memory / MIB
    factor = Decimal(ARM) if service.task.architecture == "ARM64" else Decimal(1)
    return HOURS * hourly * factor * _charged(service, count)


def _charged(service: Service, count: int) -> Decimal:
    """So many tasks on demand cost as much as `count` with this share on Spot."""
    spot = max(0, count - service.capacity.base) * service.capacity.spot.fraction
    return count - spot * (1 - Decimal(SPOT))
