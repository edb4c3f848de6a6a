"""`ports.Traffic`: target groups and listener rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import CREATE_RULE, DELETE_RULE, MODIFY_RULE, SET_RULE_PRIORITIES
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner, Role
from controller.adapters.aws.rules import RuleBook, Rules, group_names, narrowness
from controller.adapters.aws.twins import (
    insist_on_no_double,
    insist_on_no_stranger,
    insist_on_no_twin,
)
from controller.adapters.aws.wire import priorities
from controller.adapters.aws.wire import rules as wire
from controller.adapters.aws.wire.rules import ListenerRule
from controller.domain.actions import PrepareGroup, PutTestRule, SetRoute, SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.names import OWNER, OWNER_TAG, PLACE_TAG, ROLE_TAG, SERVICE_TAG
from controller.domain.ports import Permit
from controller.domain.secret import Secret
from controller.domain.slot import Slot, Weights
from controller.domain.undo import RuleAsItWas

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import RuleConditionTypeDef


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
            insist_on_no_twin(book, action)
            actions = wire.forward(arns, action.weights)
            arn = self._create(book, action.service, action.route, actions, permit)
        else:
            arn = rule.arn
            self._modify(rule, permit, _weighted(rule, arns, action.weights))
        self._insist_on_weights(self._rules.one(arn), action.service, action.weights)

    def set_route(self, action: SetRoute, permit: Permit) -> None:
        """In the order in which the rule never takes requests that are another's before and after: one that becomes
        wider goes back first, one that becomes narrower does so where it is. It ends before our other rules for the
        same requests."""
        book = self._book()
        rule = book.find(action.service, Role.PUBLIC)
        if rule is None:
            text = f"Route of {action.service}: it has no public rule. It gets one with its first traffic."
            raise Conflict(text, code="rule.absent")
        requests = wire.rerouted(rule.requests, action.route)
        asks = wire.compared(requests)
        insist_on_no_stranger(book, rule, asks, action.service)
        numbers = self._fitting(book, rule, asks, action.service)
        widens = narrowness(asks) < narrowness(rule.conditions)
        if widens:
            self._renumber(rule, numbers, permit)
        if rule.conditions != asks:
            self._modify(rule, permit, requests=requests)
        if not widens:
            self._renumber(rule, numbers, permit)
        _insist_on_requests(self._rules.one(rule.arn), asks, numbers[rule.arn], action.service)

    def put_test_rule(self, action: PutTestRule, permit: Permit) -> None:
        arns = self._groups_for(action.service, {action.slot: 100})
        actions = wire.forward({action.slot: arns[action.slot]}, {action.slot: 100})
        book = self._book()
        rule = book.find(action.service, Role.TEST)
        if rule is None:
            insist_on_no_double(book, action)
            self._create(book, action.service, action.header, actions, permit)
        elif not self._is_as_asked(rule, action):
            self._modify(rule, permit, actions, wire.conditions(action.header), [action.header.reveal()])

    def restore_rule(self, service: str, rule: RuleAsItWas, permit: Permit) -> None:
        """Weights and requests in one call, so that the traffic is home with the first one; the number comes last."""
        present = self._present(service, rule)
        requests = wire.restored_conditions(rule.conditions) if rule.conditions else present.requests
        asks = wire.compared(requests)
        changed = requests if asks != present.conditions else ()
        self._modify(present, permit, wire.restored(rule.actions), changed)
        numbers = self._numbers_as_they_were(present, asks, rule)
        self._renumber(present, numbers, permit)
        found = self._rules.one(present.arn)
        self._insist_on_weights(found, service, rule.weights)
        _insist_on_requests(found, asks, numbers[present.arn], service)

    def remake_rule(self, service: str, rule: RuleAsItWas, permit: Permit) -> None:
        """With its old number where that is free: should the rule be there after all, AWS itself refuses a second."""
        book = self._book()
        same = next((other for other in book.rules if other.arn == rule.arn), None)
        present = same or book.find(service, Role.PUBLIC)
        if present is not None:
            self._rules.insist(present.arn)
            return
        requests = wire.restored_conditions(rule.conditions) if rule.conditions else ()
        asks = wire.compared(requests)
        self._insist_on_its_place(book, service, rule, asks)
        is_free = rule.priority not in {0, *(other.priority for other in book.rules)}
        number = rule.priority if is_free else _there(book.free(self._for_public, asks), self._for_public, service)
        self._made(service, Role.PUBLIC, requests, number, wire.restored(rule.actions), permit)

    def remove_rule(self, service: str, permit: Permit) -> None:
        """Only the rule that this deployment made: whatever else leads to the service is not its to undo."""
        book = self._book()
        rule = book.find(service, Role.PUBLIC)
        if rule is not None and book.maker(rule) != permit.deployment:
            text = f"Listener rule {rule.arn} of {service} was not made by {permit.deployment}: it stays as it is."
            raise Conflict(text, code="rule.made_elsewhere")
        self._remove(rule, f"{Role.PUBLIC} rule of {service}", permit)

    def remove_route(self, service: str, permit: Permit) -> None:
        for rule in self._book().of(service):
            self._remove(rule, f"rule {rule.priority} of {service}", permit)

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

    def _present(self, service: str, rule: RuleAsItWas) -> ListenerRule:
        """The rule as it is now; the one that somebody made in its place when that one was deleted."""
        try:
            return self._rules.one(rule.arn)
        except Gone as gone:
            found = self._book().find(service, Role.PUBLIC)
            if found is not None:
                return found
            text = f"Going home of {service}: its public rule {rule.arn} is gone. It is looked at again."
            raise Gone(text, code="rule.gone") from gone

    def _insist_on_its_place(
        self, book: RuleBook, service: str, rule: RuleAsItWas, asks: frozenset[wire.Condition]
    ) -> None:
        """It is known what the rule asked for, and nobody else's asks for that now."""
        strangers = [twin for twin in book.twins(asks) if book.public_of(twin) is None]
        if asks and not strangers:
            return
        tags = f"{OWNER_TAG}={OWNER}, {PLACE_TAG}={self._owner.place}, {SERVICE_TAG}={service}, {ROLE_TAG}=public"
        instead = (
            f"Rule {strangers[0].priority} ({strangers[0].arn}) asks for the same requests: remove it, or give it"
            if strangers
            else "Make a rule on the same listener that forwards to its target groups, with"
        )
        raise Blocked(
            f"Going home of {service}: its public rule {rule.arn} is gone, somebody deleted it. {instead} the tags"
            f" {tags}: it then gets its old requests and weights by itself.",
            code="rule.gone",
        )

    def _modify(
        self,
        rule: ListenerRule,
        permit: Permit,
        actions: Sequence[wire.Action] = (),
        requests: Sequence[RuleConditionTypeDef] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """Actions, conditions or both, whole; what is left out stays."""
        self._rules.insist(rule.arn)
        request = MODIFY_RULE(wire.modify(rule.arn, actions, requests))
        self._caller.change(request, f"listener rule {rule.arn}", permit, hidden)

    def _renumber(self, rule: ListenerRule, numbers: Mapping[str, int], permit: Permit) -> None:
        """By ARN: the rule's number, and that of the one with which it changes places. When somebody takes the number
        first, the `Conflict` ends the pass; the next one looks again."""
        if numbers[rule.arn] == rule.priority:
            return
        for arn in numbers:
            self._rules.insist(arn)
        self._caller.change(SET_RULE_PRIORITIES(wire.renumber(numbers)), f"listener rule {rule.arn}", permit)

    def _create(
        self, book: RuleBook, service: str, asks_for: wire.AsksFor, actions: Sequence[wire.Action], permit: Permit
    ) -> str:
        """The new rule's ARN. When somebody takes its number first, the `Conflict` ends the pass; the next one looks
        again."""
        is_test = isinstance(asks_for, Secret)
        role, part = (Role.TEST, self._for_tests) if is_test else (Role.PUBLIC, self._for_public)
        number = _there(book.free(part, wire.compared(wire.conditions(asks_for))), part, service)
        return self._made(service, role, wire.conditions(asks_for), number, actions, permit, _hidden(asks_for))

    def _made(
        self,
        service: str,
        role: Role,
        requests: Sequence[RuleConditionTypeDef],
        number: int,
        actions: Sequence[wire.Action],
        permit: Permit,
        hidden: Collection[str] = (),
    ) -> str:
        tags = self._owner.rule(service, role, permit.deployment)
        request = CREATE_RULE(wire.create(self._foundation.read().listener, requests, number, actions, tags))
        reply = self._caller.change(request, f"{role} rule of {service}", permit, hidden)
        return reply["Rules"][0]["RuleArn"]

    def _fitting(
        self, book: RuleBook, rule: ListenerRule, asks: frozenset[wire.Condition], service: str
    ) -> dict[str, int]:
        """The rule's own number, or another one where it could not keep that. Whose service is renamed to and fro
        changes places with its rival: taking a lower number each time, it would run out of them."""
        if book.fits(rule, self._for_public, asks):
            return {rule.arn: rule.priority}
        rival = book.first_that_may_swap(rule, self._for_public) if asks == rule.conditions else None
        if rival is not None:
            return {rule.arn: rival.priority, rival.arn: rule.priority}
        return {rule.arn: _there(book.free(self._for_public, asks, but=rule.arn), self._for_public, service)}

    def _numbers_as_they_were(
        self, present: ListenerRule, asks: frozenset[wire.Condition], was: RuleAsItWas
    ) -> dict[str, int]:
        """The old number, also when a rival got it by changing places; else one that keeps the order. Where there is
        none the present one stays: the traffic is home, and that is worth more."""
        if was.priority in {0, present.priority}:
            return {present.arn: present.priority}
        book = self._book()
        rival = next((rule for rule in book.rivals(asks, present.arn) if rule.priority == was.priority), None)
        if rival is not None:
            return {present.arn: was.priority, rival.arn: present.priority}
        if was.priority not in {rule.priority for rule in book.rules}:
            return {present.arn: was.priority}
        if book.fits(present, self._for_public, asks):
            return {present.arn: present.priority}
        return {present.arn: book.free(self._for_public, asks, but=present.arn) or present.priority}

    def _insist_on_weights(self, rule: ListenerRule, service: str, wanted: Weights) -> None:
        """Read back: a call that was answered with success may still be on its way."""
        found = wire.weights_of(rule.actions, group_names(self._owner, service))
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


def _there(number: int | None, part: range, service: str) -> int:
    if number is None:
        raise Blocked(
            f"Listener rule for {service}: no free priority from {part.start} to {part.stop - 1} between the rules"
            " with longer and with shorter paths. Widen `priorities` in tidegate.yaml.",
            code="rule.no_priority",
        )
    return number


def _insist_on_requests(rule: ListenerRule, asks: frozenset[wire.Condition], number: int, service: str) -> None:
    if rule.conditions != asks or rule.priority != number:
        raise Transient(
            f"Route of {service}: the rule shows number {rule.priority} and {wire.spoken(rule.conditions)},"
            f" asked for was {number} and {wire.spoken(asks)}. It is looked at again.",
            code="rule.not_yet",
        )


def _spoken(weights: Weights) -> str:
    return " ".join(f"{slot} {weights.get(slot, 0)}" for slot in Slot)
