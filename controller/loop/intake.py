"""From deliveries to environments that have something to look at. A delivery is a hint: all it does is to ask for a
look.

GitHub tells of a branch: every environment that is bound to it is asked to look at its head. Of a pull request it is
only noted that it is to be looked at, and no environment hears of it. AWS tells of a place: the
environments there in which something moves are woken, and nothing is asked of GitHub. Which of them the event is about
is not found out: they are few, and what they look at next says it better. At rest nothing waits for an event.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from controller.domain.arns import Arn, read_arn
from controller.domain.bindings import Binding
from controller.domain.delivery import ALARM, AWS, PULL_REQUEST, Delivery, DeliveryState
from controller.store import Store, Unit

BATCH = 200


@dataclass(frozen=True)
class TakenIn:
    """The environments concerned: those to wake at once, and those for which a moment later is early enough; and
    whether a pull request is to be looked at."""

    at_once: frozenset[str] = frozenset()
    soon: frozenset[str] = frozenset()
    has_proposals: bool = False


def take_in(store: Store, bindings: Mapping[str, Binding]) -> TakenIn:
    """Settle every received delivery, in one transaction with the looks it asks for; the environments concerned.

    Controllers share the inbox: each takes what no other is taking, and who can act hears of the look.
    """
    at_once: set[str] = set()
    soon: set[str] = set()
    has_proposals = False
    while True:
        with store.write() as unit:
            deliveries = unit.deliveries.take(BATCH)
            moving = _moving(unit) if any(delivery.source == AWS for delivery in deliveries) else frozenset()
            asked: list[str] = []
            hinted: set[str] = set()
            for delivery in deliveries:
                if delivery.event == PULL_REQUEST:
                    has_proposals |= _proposed(delivery, bindings, unit)
                    continue
                names = _concerned(delivery, bindings, moving)
                if delivery.source == AWS:
                    hinted.update(names)
                else:
                    asked.extend(names)
                (soon if _may_wait(delivery) else at_once).update(names)
                state = DeliveryState.DONE if names else DeliveryState.IGNORED
                unit.deliveries.settle(delivery.source, delivery.id, state, _told(delivery, names))
            unit.environments.request_look(asked, hinted)
        if len(deliveries) < BATCH:
            return TakenIn(frozenset(at_once), frozenset(soon - at_once), has_proposals)


def _proposed(delivery: Delivery, bindings: Mapping[str, Binding], unit: Unit) -> bool:
    """A pull request to a branch that is followed, or that was: it is looked at, whatever the payload says of it."""
    number = delivery.pull
    assert number is not None and delivery.repository is not None, f"{delivery.id} was accepted as a pull request"
    names = tuple(name for name, binding in bindings.items() if _is_of(binding, delivery))
    is_ours = unit.proposals.get(delivery.repository, number) is not None or bool(names)
    told = f"asked for a look at #{number}" if is_ours else _told(delivery, ())
    if is_ours:
        unit.proposals.ask(delivery.repository, number, delivery.branch or "", delivery.received_at)
    state = DeliveryState.DONE if is_ours else DeliveryState.IGNORED
    unit.deliveries.settle(delivery.source, delivery.id, state, told)
    return is_ours


def _moving(unit: Unit) -> Collection[str]:
    """Where a deployment is open, so that it waits, moves or cools; or where somebody has asked for a look anyway."""
    return frozenset(standing.name for standing in unit.standings.all())


def _may_wait(delivery: Delivery) -> bool:
    """A hundred tasks of one service change at once, and an alarm changes by itself."""
    return delivery.source == AWS and delivery.event != ALARM


def _concerned(delivery: Delivery, bindings: Mapping[str, Binding], moving: Collection[str]) -> tuple[str, ...]:
    if delivery.source == AWS:
        arn = read_arn(delivery.ref or "")
        return tuple(name for name, binding in bindings.items() if arn and name in moving and _is_there(binding, arn))
    return tuple(name for name, binding in bindings.items() if _is_of(binding, delivery))


def _is_of(binding: Binding, delivery: Delivery) -> bool:
    """Bound to the delivery's repository, and to its branch where it names one."""
    return (
        delivery.repository is not None
        and binding.repository.lower() == delivery.repository.lower()
        and delivery.branch in {None, binding.branch}
    )


def _is_there(binding: Binding, arn: Arn) -> bool:
    """In the account and region of the event, and in its cluster where both say which; a stack's output says later."""
    place = binding.aws
    bound = place.cluster.rpartition("/")[2] if place.cluster else None
    return (place.account, place.region) == (arn.account, arn.region) and (
        arn.cluster is None or bound is None or arn.cluster == bound
    )


def _told(delivery: Delivery, names: tuple[str, ...]) -> str:
    if names:
        return f"asked for a look at {', '.join(names)}"
    if delivery.source == AWS:
        return f"nothing moves where {delivery.ref} is"
    return f"no environment is bound to {delivery.repository or 'no repository'} at {delivery.branch or 'any branch'}"
