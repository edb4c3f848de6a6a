"""Every route: with the token, without it, with the wrong method, and what the OpenAPI page says of it."""

import json
import re
from typing import Any

import jsonschema
import pytest

from controller.api.asking import AnchorsGiven, ApprovalRequest, OrderRequest, TokenRequest
from controller.api.operations import OPERATIONS, Operation
from controller.domain.people import Role
from tests.api.conftest import Door
from tests.support.asked import DIGEST, asked_deployment, put
from tests.support.rows import PLANTED
from tests.support.town import LINUS, caller

GUARDED = [operation for operation in OPERATIONS if operation.guarded]
OPEN = [operation for operation in OPERATIONS if not operation.guarded]
EXAMPLES = {
    "/deployments/{id}/approvals": "/deployments/prod-1/approvals",
    "{name}": "dev",
    "/deployments/{id}": "/deployments/dev-2",
    "/orders/{id}": "/orders/1",
    "/v1/comparison": "/v1/comparison?from=dev-1&to=staging-2",
    "/tokens/{id}": "/tokens/1",
}
AN_ORDER = {"order": "abort", "reason": "it looks wrong", "deployment": "dev-2"}
BODIES = {
    OrderRequest: AN_ORDER,
    AnchorsGiven: {"anchors": []},
    ApprovalRequest: {"answer": "approve", "plan": DIGEST},
    TokenRequest: {"name": "deploys at night", "role": "viewer", "days": 30},
}


def path_of(operation: Operation) -> str:
    path = operation.path
    for pattern, example in EXAMPLES.items():
        path = path.replace(pattern, example)
    return path


def named(operation: Operation) -> str:
    return operation.name


def with_an_order(door: Door) -> Door:
    door.preview = lambda name: door.get("/api/v1/deployments/dev-2/plan").json()
    assert door.post("/api/v1/environments/dev/orders", json=AN_ORDER).json() == {"id": 1}
    put(door.store, asked_deployment())
    door.persons_token = door.doorkeeper.make_token("mine", Role.ADMIN, LINUS, caller(LINUS), None)[0]
    return door


def ask(door: Door, operation: Operation, **given: Any) -> Any:
    body: dict[str, Any] = {"json": BODIES[operation.body]} if operation.body else {}
    if operation.body is ApprovalRequest and door.persons_token:
        body["token"] = door.persons_token
    return door.ask(operation.method, path_of(operation), **body, **given)


@pytest.mark.parametrize("operation", GUARDED, ids=named)
@pytest.mark.parametrize("token", [None, "", "wrong", "a-token-for-the-test", "a-token-for-the-tests-"])
def test_without_the_token_nothing_is_said(door: Door, operation: Operation, token: str | None) -> None:
    reply = ask(door, operation, token=token)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.headers["content-type"] == "application/problem+json"
    assert "dev" not in reply.text
    assert door.woken == []


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/environments/nowhere", "/api/v1/"])
def test_unknown_paths_say_401_before_404(door: Door, path: str) -> None:
    assert door.get(path, token=None).status_code == 401
    assert door.get(path).status_code == 404


@pytest.mark.parametrize(
    "header",
    ["Basic YTpi", "Bearer", "bearera-token-for-the-tests", "Bearer a-token-for-the-tests x", b"Bearer \xff\xfe"],
)
def test_a_header_that_is_not_the_token_is_refused(door: Door, header: str | bytes) -> None:
    reply = door.get("/api/v1/environments", token=None, headers={"Authorization": header})
    assert reply.status_code == 401


def test_the_scheme_may_be_written_in_any_case(door: Door) -> None:
    reply = door.get("/api/v1/environments", token=None, headers={"Authorization": "bEARER a-token-for-the-tests"})
    assert reply.status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_answer_is_as_the_openapi_page_says(door: Door, operation: Operation) -> None:
    with_an_order(door)
    document = door.get("/api/v1/openapi.json", token=None).json()
    reply = ask(door, operation)
    assert reply.status_code == operation.status, reply.text
    if operation.answer is not None:
        schema = {"$ref": f"#/components/schemas/{operation.answer.__name__}", "components": document["components"]}
        jsonschema.validate(reply.json(), schema)


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_no_answer_holds_the_secret_of_a_smoke_test(door: Door, operation: Operation) -> None:
    with_an_order(door)
    text = ask(door, operation).text
    assert text
    assert PLANTED not in text


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_wrong_method_is_405(door: Door, operation: Operation) -> None:
    reply = door.ask("PATCH", path_of(operation))
    assert reply.status_code == 405
    assert operation.path.endswith("/tokens") or operation.method in reply.headers["allow"]
    assert reply.json()["status"] == 405


@pytest.mark.parametrize("operation", OPEN, ids=named)
def test_what_is_open_needs_no_token(door: Door, operation: Operation) -> None:
    assert ask(door, operation, token=None).status_code == 200


def test_the_openapi_page_holds_together(door: Door) -> None:
    """Its own rules, and those of JSON Schema, for every reference, parameter and schema."""
    document = door.get("/api/v1/openapi.json", token=None).json()
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= document["info"].keys()
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert reference in schemas
    operations = [entry for path in document["paths"].values() for entry in path.values()]
    names = [entry["operationId"] for entry in operations]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    for path, methods in document["paths"].items():
        for entry in methods.values():
            inside = {parameter["name"] for parameter in entry["parameters"] if parameter["in"] == "path"}
            assert inside == set(re.findall(r"{(\w+)}", path))
            assert all(set(answer) >= {"description", "content"} for answer in entry["responses"].values())
            assert all(re.fullmatch(r"[1-5][0-9]{2}", status) for status in entry["responses"])


def test_the_openapi_page_says_what_an_answer_and_a_token_are(door: Door) -> None:
    document = door.get("/api/v1/openapi.json", token=None).json()
    answer = document["paths"]["/api/v1/deployments/{id}/approvals"]["post"]
    assert {"202", "401", "403", "404", "408", "413", "422", "429", "503"} <= answer["responses"].keys()
    assert answer["security"] == [{"token": []}]
    made = document["paths"]["/api/v1/tokens"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert document["components"]["schemas"][made["$ref"].rpartition("/")[2]]["properties"]["token"]["description"] == (
        "Never shown again."
    )
    assert "DELETE" not in document["paths"] and "delete" in document["paths"]["/api/v1/tokens/{id}"]


def test_a_valid_correlation_id_comes_back(door: Door) -> None:
    reply = door.get("/health", headers={"X-Correlation-Id": "build-4711.eu_1"})
    assert reply.headers["x-correlation-id"] == "build-4711.eu_1"


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f", "<script>alert(1)</script>", "é" * 10])
def test_an_invalid_correlation_id_is_replaced(door: Door, given: str) -> None:
    reply = door.get("/nothing", headers={"X-Correlation-Id": given.encode()})
    made = reply.headers["x-correlation-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert reply.json()["correlation_id"] == made
