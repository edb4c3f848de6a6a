"""`ports.Traffic`: target groups and listener rules."""

from collections.abc import Sequence

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import CREATE_RULE, DELETE_RULE, MODIFY_RULE
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner, Role
from controller.adapters.aws.rules import RuleBook, Rules, group_names
from controller.adapters.aws.wire import priorities
from controller.adapters.aws.wire import rules as wire
from controller.adapters.aws.wire.rules import ListenerRule
from controller.domain.actions import PrepareGroup, PutTestRule, SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.ports import Permit
from controller.domain.secret import Secret
from controller.domain.slot import Slot, Weights
from controller.domain.undo import RuleAsItWas


class ListenerTraffic:
    """Traffic of one place. `numbers` are the priorities that its rules may have."""

    def __init__(
        self,
        caller: Caller,
        owner: Owner,
        foundation: FoundationReader,
        groups: Groups,
        rules: Rules,
        numbers: range,
    ) -> None:
        self._caller = caller
        self._owner = owner
        self._foundation = foundation
        self._groups = groups
        self._rules = rules
        self._for_tests, self._for_public = priorities.parts(numbers)

    def prepare_group(self, action: PrepareGroup, permit: Permit) -> None:
        self._groups.prepare(action, self._foundation.read().vpc, permit)

    def set_weights(self, action: SetWeights, permit: Permit) -> None:
        arns = self._groups_for(action.service, action.weights)
        book = self._book()
        rule = book.find(action.service, Role.PUBLIC)
        if rule is None:
            actions = wire.forward(arns, action.weights)
            arn = self._create(book, action.service, action.route, actions, permit)
        else:
            arn = rule.arn
            self._modify(rule, _weighted(rule, arns, action.weights), permit)
        self._insist_on_weights(arn, action.service, action.weights)

    def put_test_rule(self, action: PutTestRule, permit: Permit) -> None:
        arns = self._groups_for(action.service, {action.slot: 100})
        actions = wire.forward({action.slot: arns[action.slot]}, {action.slot: 100})
        book = self._book()
        rule = book.find(action.service, Role.TEST)
        if rule is None:
            self._create(book, action.service, action.header, actions, permit)
        elif not self._is_as_asked(rule, action):
            self._modify(rule, actions, permit, action.header)

    def restore_rule(self, service: str, rule: RuleAsItWas, permit: Permit) -> None:
        was = wire.restored(rule.actions)
        self._modify(self._rules.one(rule.arn), was, permit)
        self._insist_on_weights(rule.arn, service, rule.weights)

    def remove_rule(self, service: str, permit: Permit) -> None:
        """Only the rule that this deployment made: whatever else leads to the service is not its to undo."""
        book = self._book()
        rule = book.find(service, Role.PUBLIC)
        if rule is not None and book.maker(rule) != permit.deployment:
            text = f"Listener rule {rule.arn} of {service} was not made by {permit.deployment}: it stays as it is."
            raise Conflict(text, code="rule.made_elsewhere")
        self._remove(rule, f"{Role.PUBLIC} rule of {service}", permit)

    def remove_test_rule(self, service: str, permit: Permit) -> None:
        self._remove(self._book().find(service, Role.TEST), f"{Role.TEST} rule of {service}", permit)

    def _book(self) -> RuleBook:
        return self._rules.book(self._foundation.read().listener)

    def _is_as_asked(self, rule: ListenerRule, action: PutTestRule) -> bool:
        weights = wire.weights_of(rule.actions, group_names(self._owner, action.service))
        asked = wire.compared(wire.conditions(action.header))
        return rule.conditions == asked and [slot for slot in weights if weights[slot] > 0] == [action.slot]

    def _groups_for(self, service: str, weights: Weights) -> dict[Slot, str]:
        """The groups that exist; `Conflict` when one that is to have traffic does not."""
        arns = self._groups.arns(service)
        absent = [slot for slot, weight in weights.items() if weight > 0 and slot not in arns]
        if absent:
            names = group_names(self._owner, service)
            raise Conflict(
                f"Traffic of {service}: target group {names[absent[0]]} is not there. It is made first, then filled.",
                code="group.absent",
            )
        return arns

    def _modify(
        self, rule: ListenerRule, actions: Sequence[wire.Action], permit: Permit, asks_for: Secret | None = None
    ) -> None:
        self._rules.insist(rule.arn)
        request = MODIFY_RULE(wire.modify(rule.arn, actions, asks_for))
        self._caller.change(request, f"listener rule {rule.arn}", permit, _hidden(asks_for))

    def _create(
        self, book: RuleBook, service: str, asks_for: wire.AsksFor, actions: Sequence[wire.Action], permit: Permit
    ) -> str:
        """The new rule's ARN. When somebody takes its number first, the `Conflict` ends the pass; the next one looks
        again."""
        role = Role.TEST if isinstance(asks_for, Secret) else Role.PUBLIC
        _insist_on_no_twin(book, asks_for, service)
        number = self._number(book, asks_for, service)
        tags = self._owner.rule(service, role, permit.deployment)
        request = CREATE_RULE(wire.create(self._foundation.read().listener, asks_for, number, actions, tags))
        reply = self._caller.change(request, f"{role} rule of {service}", permit, _hidden(asks_for))
        return reply["Rules"][0]["RuleArn"]

    def _number(self, book: RuleBook, asks_for: wire.AsksFor, service: str) -> int:
        if isinstance(asks_for, Secret):
            part, narrow = self._for_tests, priorities.ANYTHING
        else:
            part, narrow = self._for_public, priorities.of_route(asks_for)
        number = book.free(part, narrow)
        if number is None:
            raise Blocked(
                f"Listener rule for {service}: no free priority from {part.start} to {part.stop - 1} between the rules"
                " with longer and with shorter paths. Widen `priorities` in tidegate.yaml.",
                code="rule.no_priority",
            )
        return number

    def _insist_on_weights(self, arn: str, service: str, wanted: Weights) -> None:
        """Read back: a call that was answered with success may still be on its way."""
        found = wire.weights_of(self._rules.one(arn).actions, group_names(self._owner, service))
        if any(found[slot] != wanted.get(slot, 0) for slot in found):
            raise Transient(
                f"Weights of {service}: the rule shows {_spoken(found)}, asked for was {_spoken(wanted)}."
                " It is looked at again.",
                code="rule.not_yet",
            )

    def _remove(self, rule: ListenerRule | None, about: str, permit: Permit) -> None:
        """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteRule.html"""
        if rule is None:
            return
        try:
            self._rules.insist(rule.arn)
            self._caller.change(DELETE_RULE({"RuleArn": rule.arn}), about, permit)
        except Gone:
            return


def _weighted(rule: ListenerRule, arns: dict[Slot, str], weights: Weights) -> Sequence[wire.Action]:
    actions = wire.with_weights(rule.actions, arns, weights)
    if actions is None:
        raise Blocked(
            f"Listener rule {rule.arn} forwards to nothing any more: somebody gave it another action."
            " Let it forward to its target groups again, or delete it.",
            code="rule.no_forward",
        )
    return actions


def _hidden(asks_for: wire.AsksFor | None) -> list[str]:
    return [asks_for.reveal()] if isinstance(asks_for, Secret) else []


def _insist_on_no_twin(book: RuleBook, asks_for: wire.AsksFor, service: str) -> None:
    twin = book.twin(wire.compared(wire.conditions(asks_for)))
    if twin is not None:
        raise Blocked(
            f"Route of {service}: rule {twin.priority} ({twin.arn}) of the same listener matches the same requests and"
            " is not this service's. Remove it, or change the route in the environment file.",
            code="rule.foreign_twin",
        )


def _spoken(weights: Weights) -> str:
    return " ".join(f"{slot} {weights.get(slot, 0)}" for slot in Slot)
