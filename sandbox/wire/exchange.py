"""One HTTP request of an AWS SDK, and what is sent back; no sockets here."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from sandbox.wire import json_protocol, query_protocol, rest_json_protocol
from sandbox.wire.front import Front
from sandbox.wire.models import kept_query_codes, protocol_of, service_for, service_model, shown_code
from sandbox.wire.request import Request
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.values import Parameters
from sandbox.world.world import not_built

PROTOCOLS: dict[str, ModuleType] = {
    "json": json_protocol,
    "query": query_protocol,
    "rest-json": rest_json_protocol,
}

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire; `is_lost` means that nothing does."""

    status: int = 200
    content_type: str = ""
    body: bytes = b""
    delay_seconds: float = 0.0
    is_lost: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def exchange(front: Front, headers: Mapping[str, str], body: bytes, method: str = "POST", target: str = "/") -> Reply:
    """Answer a signed request; header names in lower case. Signatures are read, not verified."""
    signed = CREDENTIAL.search(headers.get("authorization", ""))
    if signed is None:
        message = "The request has no AWS Signature Version 4 in its Authorization header"
        return _unsigned(AwsError("MissingAuthenticationToken", message, 403))
    access_key, region, signing_name = signed.groups()
    service = service_for(signing_name)
    if service is None:
        return _unsigned(not_built(signing_name, headers.get("x-amz-target", "")), is_xml=_is_form(headers))
    model = service_model(service)
    protocol = PROTOCOLS[protocol_of(model)]
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    request, request_id = Request(headers, body, method, target), front.request_id()
    try:
        operation = _operation(model, protocol.operation_name(model, request))
        parameters = _validated(operation, protocol.parse(operation, request))
    except AwsError as refused:
        return _error(protocol, model, refused, request_id)
    outcome = front.perform(service, operation.name, parameters, region, access_key)
    if isinstance(outcome.error, CallLost):
        return Reply(is_lost=True)
    if outcome.error is not None:
        return _error(protocol, model, outcome.error, request_id, outcome.delay_seconds)
    content_type, text = protocol.answer(operation, outcome.answer, request_id)
    return Reply(200, content_type, text, outcome.delay_seconds, headers={"x-amzn-requestid": request_id})


def _operation(model: ServiceModel, name: str) -> OperationModel:
    if name not in model.operation_names:
        raise not_built(model.service_name, name or "(no operation named)")
    return model.operation_model(name)


def _validated(operation: OperationModel, parameters: Parameters) -> Parameters:
    """boto3 checks its parameters before it sends them; others may not."""
    if operation.input_shape is not None:
        report = ParamValidator().validate(parameters, operation.input_shape)
        if report.has_errors():
            raise AwsError("ValidationException", report.generate_report())
    return parameters


def _error(
    protocol: ModuleType, model: ServiceModel, failure: AwsError, request_id: str, delay_seconds: float = 0.0
) -> Reply:
    content_type, text = protocol.error(model, failure, request_id)
    headers = {"x-amzn-requestid": request_id}
    if kept_query_codes(model):
        headers["x-amzn-query-error"] = f"{shown_code(model, failure.code)};{failure.fault}"
    return Reply(failure.http_status, content_type, text, delay_seconds, headers=headers)


def _is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _unsigned(failure: AwsError, is_xml: bool = False) -> Reply:
    """An error for a request of which not even the service is known."""
    protocol = query_protocol if is_xml else json_protocol
    content_type, text = protocol.error(service_model("sts"), failure, "-")
    return Reply(failure.http_status, content_type, text)
