"""What a look at one deployment came to. Pure."""

from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.actions import Action
from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence

AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Decision:
    """`deployment` is what will be recorded; `action` is carried out after that, and only then.

    `look_again_in` is None when nothing but an event or an order can change the answer. `needs` is what the next look
    must show; it is empty unless the picture was not enough. `adopts`: somebody else rolled this deployment back, which
    is to be recorded as a rollback of its own. `goes_back`: it had succeeded, and a rollback is to be opened. `beside`
    says what the action is for, where `reason` tells of something else.
    """

    deployment: Deployment
    reason: Reason
    action: Action | None = None
    look_again_in: timedelta | None = None
    needs: frozenset[Evidence] = field(default=frozenset())
    adopts: bool = False
    goes_back: bool = False
    beside: str = ""

    @property
    def purpose(self) -> str:
        """What the action is for."""
        return self.beside or self.reason.text
