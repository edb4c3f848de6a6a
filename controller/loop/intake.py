"""From deliveries to environments that have something to look at. A delivery is a hint: all it does is to ask for a
look."""

from collections.abc import Mapping

from controller.domain.bindings import Binding
from controller.domain.delivery import Delivery, DeliveryState
from controller.store import Store

BATCH = 200


def take_in(store: Store, bindings: Mapping[str, Binding]) -> frozenset[str]:
    """Settle every received delivery, in one transaction with the looks it asks for; the environments concerned.

    Controllers share the inbox: each takes what no other is taking, and who can act hears of the look.
    """
    concerned: set[str] = set()
    while True:
        with store.write() as unit:
            deliveries = unit.deliveries.take(BATCH)
            asked: list[str] = []
            for delivery in deliveries:
                names = _concerned(delivery, bindings)
                asked.extend(names)
                state = DeliveryState.DONE if names else DeliveryState.IGNORED
                unit.deliveries.settle(delivery.source, delivery.id, state, _told(delivery, names))
            unit.environments.request_look(asked)
            concerned.update(asked)
        if len(deliveries) < BATCH:
            return frozenset(concerned)


def _concerned(delivery: Delivery, bindings: Mapping[str, Binding]) -> tuple[str, ...]:
    """Environments bound to the delivery's repository, and to its branch where it names one."""
    return tuple(
        name
        for name, binding in bindings.items()
        if delivery.repository is not None
        and binding.repository.lower() == delivery.repository.lower()
        and delivery.branch in {None, binding.branch}
    )


def _told(delivery: Delivery, names: tuple[str, ...]) -> str:
    if names:
        return f"asked for a look at {', '.join(names)}"
    return f"no environment is bound to {delivery.repository or 'no repository'} at {delivery.branch or 'any branch'}"
