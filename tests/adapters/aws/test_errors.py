"""Every error that AWS says its calls may answer has a meaning, and the right one."""

from __future__ import annotations

from datetime import timedelta

import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from controller.adapters.aws.calls import CALLS
from controller.adapters.aws.errors import MEANINGS, Gone, Taken, from_answer, from_silence, meaning_of
from controller.domain.errors import Blocked, Conflict, TidegateError, Transient

MODELS = botocore.session.get_session()


def modelled() -> list[tuple[str, str, str]]:
    """(service, operation, code on the wire) for every error in the models of the calls that are made."""
    found = []
    for call in CALLS:
        operation = MODELS.get_service_model(call.service).operation_model(call.operation)
        for shape in operation.error_shapes:
            code = shape.metadata.get("error", {}).get("code", shape.name)
            found.append((call.service, call.operation, str(code)))
    return found


@pytest.mark.parametrize(("service", "operation", "code"), modelled())
def test_every_modelled_error_has_a_row(service: str, operation: str, code: str) -> None:
    assert any(meaning.fits(code, operation, "") for meaning in MEANINGS), f"{service} {operation} may answer {code}"


def test_the_models_were_walked() -> None:
    assert len(modelled()) > 100


def answered(code: str, message: str = "", operation: str = "UpdateService", status: int = 400) -> TidegateError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return from_answer(ClientError(response, operation), f"ecs {operation} for service web")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "message", "operation", "becomes", "reason"),
    [
        ("ThrottlingException", "Rate exceeded", "UpdateService", Transient, "aws.throttled"),
        ("Throttling", "Rate exceeded", "ModifyRule", Transient, "aws.throttled"),
        ("RequestLimitExceeded", "", "DescribeRules", Transient, "aws.throttled"),
        ("ServerException", "", "UpdateService", Transient, "aws.unavailable"),
        ("InternalFailure", "", "ModifyRule", Transient, "aws.unavailable"),
        ("HealthUnavailable", "", "DescribeTargetHealth", Transient, "aws.unavailable"),
        ("OperationAbortedException", "", "CreateLogGroup", Transient, "aws.unavailable"),
        ("AccessDeniedException", "", "UpdateService", Blocked, "aws.denied"),
        ("AccessDenied", "", "ModifyRule", Blocked, "aws.denied"),
        ("OperationNotPermitted", "", "ModifyRule", Blocked, "aws.denied"),
        ("ExpiredToken", "", "AssumeRole", Blocked, "aws.credentials"),
        ("UnrecognizedClientException", "", "DescribeServices", Blocked, "aws.credentials"),
        ("InvalidClientTokenId", "", "DescribeRules", Blocked, "aws.credentials"),
        ("LimitExceededException", "", "RegisterTaskDefinition", Blocked, "aws.quota"),
        ("TooManyRules", "", "CreateRule", Blocked, "aws.quota"),
        ("ClusterNotFoundException", "", "DescribeServices", Blocked, "foundation.cluster_missing"),
        ("ListenerNotFound", "", "DescribeRules", Blocked, "foundation.listener_missing"),
        ("RepositoryNotFoundException", "", "BatchGetImage", Blocked, "image.repository_missing"),
        ("ValidationError", "Stack with id x does not exist", "DescribeStacks", Blocked, "foundation.stack_missing"),
        ("ValidationError", "1 validation error detected", "ModifyRule", Blocked, "aws.refused"),
        ("RuleNotFound", "", "ModifyRule", Gone, "aws.gone"),
        ("TargetGroupNotFound", "", "ModifyRule", Gone, "aws.gone"),
        ("ServiceNotActiveException", "", "UpdateService", Gone, "aws.gone"),
        ("ResourceNotFoundException", "", "GetLogEvents", Gone, "aws.gone"),
        ("ClientException", "Unable to describe task definition.", "DescribeTaskDefinition", Gone, "aws.gone"),
        ("PriorityInUse", "", "CreateRule", Taken, "aws.taken"),
        ("PriorityInUse", "", "SetRulePriorities", Taken, "aws.taken"),
        ("ResourceInUse", "", "DeleteTargetGroup", Transient, "aws.in_use"),
        ("ServiceNotFoundException", "", "DeleteService", Gone, "aws.gone"),
        (
            "InvalidParameterException",
            "The service cannot be stopped while it is scaled above 0.",
            "DeleteService",
            Conflict,
            "slot.not_empty",
        ),
        (
            "InvalidParameterException",
            "The service cannot be stopped while deployments are active.",
            "DeleteService",
            Transient,
            "aws.busy",
        ),
        ("InvalidParameterException", "Something else", "DeleteService", Blocked, "aws.refused"),
        ("DuplicateTargetGroupName", "", "CreateTargetGroup", Taken, "aws.taken"),
        ("ResourceAlreadyExistsException", "", "CreateLogGroup", Taken, "aws.taken"),
        (
            "InvalidParameterException",
            "Creation of service was not idempotent.",
            "CreateService",
            Taken,
            "aws.taken",
        ),
        (
            "InvalidParameterException",
            "Unable to Start a service that is still Draining.",
            "CreateService",
            Transient,
            "aws.draining",
        ),
        (
            "InvalidParameterException",
            "The target group x does not have an associated load balancer.",
            "CreateService",
            Transient,
            "aws.not_attached_yet",
        ),
        ("InvalidParameterException", "The container x does not exist", "CreateService", Blocked, "aws.refused"),
        ("ClientException", "Too many concurrent attempts", "RegisterTaskDefinition", Transient, "aws.busy"),
        ("ClientException", "Role is not valid", "RegisterTaskDefinition", Blocked, "aws.refused"),
    ],
)
def test_an_error_becomes(code: str, message: str, operation: str, becomes: type[TidegateError], reason: str) -> None:
    error = answered(code, message, operation)
    assert (type(error), error.code) == (becomes, reason)


@pytest.mark.parametrize(
    ("status", "becomes"), [(500, Transient), (503, Transient), (429, Transient), (403, Blocked), (400, Blocked)]
)
def test_an_unknown_code_is_judged_by_its_status(status: int, becomes: type[TidegateError]) -> None:
    assert type(answered("NeverHeardOf", status=status)) is becomes


def test_a_throttled_call_waits_longer_than_others() -> None:
    error = answered("ThrottlingException")
    assert isinstance(error, Transient)
    assert error.retry_after == timedelta(seconds=10)


def test_a_message_says_what_was_tried_on_what_and_what_to_do() -> None:
    assert str(answered("AccessDeniedException", "no")) == (
        "ecs UpdateService for service web: AWS answered AccessDeniedException: no."
        " Give the environment's role the rights of docs/reference/iam-policy.md."
    )


def test_a_secret_is_not_repeated() -> None:
    response = {"Error": {"Code": "ValidationError", "Message": "Condition value 'open-sesame' is too long"}}
    error = from_answer(ClientError(response, "CreateRule"), "elbv2 CreateRule", ["open-sesame"])  # type: ignore[arg-type]
    assert "open-sesame" not in str(error)
    assert "[redacted]" in str(error)


@pytest.mark.parametrize(
    ("silence", "becomes"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), Transient),
        (exceptions.ConnectTimeoutError(endpoint_url="http://x"), Transient),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), Transient),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), Transient),
        (exceptions.ProxyConnectionError(proxy_url="http://x"), Transient),
        (exceptions.SSLError(endpoint_url="http://x", error=OSError("expired")), Blocked),
        (exceptions.NoCredentialsError(), Blocked),
        (exceptions.CredentialRetrievalError(provider="x", error_msg="y"), Blocked),
    ],
)
def test_no_answer_becomes(silence: Exception, becomes: type[TidegateError]) -> None:
    assert type(from_silence(silence, "ecs UpdateService")) is becomes


def test_a_wrong_parameter_is_a_bug_and_stays_one() -> None:
    assert from_silence(exceptions.ParamValidationError(report="x"), "ecs UpdateService") is None


def test_the_first_row_that_fits_wins() -> None:
    narrow = meaning_of("InvalidParameterException", 400, "CreateService", "was not idempotent")
    wide = meaning_of("InvalidParameterException", 400, "CreateService", "something else")
    assert (narrow.becomes, wide.becomes) == (Taken, Blocked)
