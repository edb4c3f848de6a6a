"""Where verified deliveries end up."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.delivery import Delivery, DeliveryState, Receipt
from controller.store import Store


@dataclass(frozen=True)
class Inbox:
    """`wake` is told after something new is on the disk; losing it costs only time."""

    store: Store
    wake: Callable[[], None]

    def accept(self, delivery: Delivery) -> Receipt:
        """Durable when it returns. `Transient` or `Blocked` when it could not be stored: then it was not accepted."""
        with self.store.write() as unit:
            receipt = unit.deliveries.accept(delivery)
        if receipt is Receipt.ACCEPTED and delivery.arrives_as is DeliveryState.RECEIVED:
            self.wake()
        return receipt
