"""botocore's models of the services that the world answers."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from sandbox.world.services import SERVICES

SIGNING_NAMES = {"elasticloadbalancing": "elbv2"}
"""Names in a signature's credential scope that are not what boto3 calls the service."""


@cache
def service_model(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


def service_for(signing_name: str) -> str | None:
    """boto3's name of an answered service, from the credential scope; None for others."""
    name = SIGNING_NAMES.get(signing_name, signing_name)
    return name if name in SERVICES else None
