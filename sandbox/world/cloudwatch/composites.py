"""Composite alarms: made and overwritten."""

from __future__ import annotations

from sandbox.world.cloudwatch import model, watching
from sandbox.world.cloudwatch.alarms import common_settings, put
from sandbox.world.cloudwatch.model import require
from sandbox.world.cloudwatch.rules import rule_of
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer, chosen

operations = Operations()

PARENTS = 150
SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


@operations.changes("PutCompositeAlarm")
def put_composite_alarm(call: Call) -> Answer:
    place, name, rule = call.place, call["AlarmName"], rule_of(call["AlarmRule"])
    suppressing = [each for each in SUPPRESSION if each in call]
    require(not suppressing, f"The sandbox does not suppress actions: {', '.join(suppressing)}.")
    known = model.alarms(place)
    lacking = [child for child in rule.children if child not in known and child != name]
    told = f"Could not save the composite alarm as alarms [{', '.join(lacking)}] in the alarm rule do not exist"
    require(not lacking, told)
    for child in rule.children:
        others = [each for each in watching.parents(place, child) if each.name != name]
        require(len(others) < PARENTS, f"The alarm {child} is in the rules of {PARENTS} composite alarms already.")
    settings = {**common_settings(call), **chosen(call.parameters, "AlarmDescription", "AlarmRule")}
    verb = "updated" if name in known else "created"
    watching.settle_soon(place, put(call, "CompositeAlarm", settings), verb)
    return {}
