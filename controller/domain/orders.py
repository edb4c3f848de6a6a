"""What a person may ask for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderKind(StrEnum):
    ABORT = "abort"  # stop this deployment: traffic home, then hold
    UNHOLD = "unhold"  # a person has looked: lift the hold and the quarantine that came with it


class OrderState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Order:
    """`deployment` is the id of the one it is about, None when it is about the environment; `outcome` says what came
    of it."""

    id: int
    kind: OrderKind
    environment: str
    deployment: str | None
    reason: str
    actor: str
    created_at: datetime
    state: OrderState = OrderState.RECEIVED
    outcome: str = ""
