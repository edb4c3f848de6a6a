"""Dashboards: kept as they are given."""

from __future__ import annotations

import json
import re

from sandbox.world.cloudwatch import model
from sandbox.world.cloudwatch.model import Dashboard, paged, refuse, require
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer

operations = Operations()

INVALID = "DashboardInvalidInputError"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
WIDGETS = 500
PER_PAGE = 1000
DELETED_PER_CALL = 100


@operations.changes("PutDashboard")
def put_dashboard(call: Call) -> Answer:
    """Make one, or replace all of its body; tags are taken when it is made."""
    place, name, body = call.place, call["DashboardName"], call["DashboardBody"]
    _check(name, body)
    known = model.dashboards(place)
    if name not in known:
        arn = f"arn:aws:cloudwatch::{place.account}:dashboard/{name}"
        known[name] = Dashboard(name, arn, body, place.now(), model.tags(call.get("Tags")))
    known[name].body, known[name].modified_at = body, place.now()
    return {"DashboardValidationMessages": []}


def _check(name: str, body: str) -> None:
    require(NAME.fullmatch(name) is not None, f"The dashboard name {name} must match {NAME.pattern}", INVALID)
    try:
        read = json.loads(body)
    except ValueError as bad:
        raise refuse("The field DashboardBody must be a valid JSON object", INVALID) from bad
    widgets = read.get("widgets") if isinstance(read, dict) else None
    require(isinstance(widgets, list), 'The dashboard body should have required property "widgets"', INVALID)
    require(len(widgets or []) <= WIDGETS, f"A dashboard can have at most {WIDGETS} widgets", INVALID)


@operations.reads("GetDashboard")
def get_dashboard(call: Call) -> Answer:
    found = _known(call, call["DashboardName"])
    return {"DashboardArn": found.arn, "DashboardBody": found.body, "DashboardName": found.name}


def _known(call: Call, name: str) -> Dashboard:
    found = model.dashboards(call.place).get(name)
    if found is None:
        raise refuse(f"Dashboard {name} does not exist", "DashboardNotFoundError", 404)
    return found


@operations.reads("ListDashboards")
def list_dashboards(call: Call) -> Answer:
    prefix, known = call.get("DashboardNamePrefix", ""), model.dashboards(call.place)
    listed, token = paged(call, [known[name] for name in sorted(known) if name.startswith(prefix)], PER_PAGE)
    entries = [
        {
            "DashboardName": each.name,
            "DashboardArn": each.arn,
            "LastModified": each.modified_at,
            "Size": len(each.body.encode()),
        }
        for each in listed
    ]
    return {"DashboardEntries": entries, "NextToken": token}


@operations.changes("DeleteDashboards")
def delete_dashboards(call: Call) -> Answer:
    names = call["DashboardNames"]
    least = 0 < len(names) <= DELETED_PER_CALL
    require(least, f"1 to {DELETED_PER_CALL} dashboards can be deleted at once", "InvalidParameterValueException")
    for name in names:
        model.dashboards(call.place).pop(name, None)
    return {}
