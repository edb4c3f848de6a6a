"""botocore's models of the services that the world answers."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from sandbox.world.services import SERVICES

SIGNING_NAMES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
"""Names in a signature's credential scope that are not what boto3 calls the service."""


@cache
def service_model(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


QUERY_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ThrottlingException": "Throttling",
    "UnknownOperationException": "InvalidAction",
    "ValidationException": "ValidationError",
}
"""What services of the query protocol call the errors that every service has."""


def protocol_of(model: ServiceModel) -> str:
    """The one that boto3 speaks, where a service has several."""
    return str(model.resolved_protocol)


def kept_query_codes(model: ServiceModel) -> bool:
    """Whether it has left the query protocol and its clients still see the codes of then."""
    return "awsQueryCompatible" in model.metadata and protocol_of(model) != "query"


def shown_code(model: ServiceModel, code: str) -> str:
    """What boto3 shows as `Error.Code` of an error that the world raises."""
    if protocol_of(model) != "query" and not kept_query_codes(model):
        return code
    if code in model.shape_names:
        return str(model.shape_for(code).metadata.get("error", {}).get("code", code))
    return QUERY_CODES.get(code, code)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


def service_for(signing_name: str) -> str | None:
    """boto3's name of an answered service, from the credential scope; None for others."""
    name = SIGNING_NAMES.get(signing_name, signing_name)
    return name if name in SERVICES else None
