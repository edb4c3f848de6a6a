"""What an AWS error means for what happens next: one table, the first row that fits wins.

`Gone` and `Taken` are the two answers that an adapter may know what to do with; where it does not, they leave this
room as the `Conflict` that they are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from controller.domain.errors import Blocked, Conflict, TidegateError, Transient

THROTTLED_RETRY = timedelta(seconds=10)


class Gone(Conflict):
    """The named thing is not there (any more)."""


class Taken(Conflict):
    """The name, number or token is used already."""


@dataclass(frozen=True)
class Meaning:
    """Which errors (codes, optionally of one operation and with words in the message), what they are, what to do."""

    codes: frozenset[str]
    becomes: type[TidegateError]
    code: str
    advice: str
    operation: str | None = None
    says: str | None = None

    def fits(self, code: str, operation: str, message: str) -> bool:
        return (
            code in self.codes
            and self.operation in {None, operation}
            and (self.says is None or re.search(self.says, message, re.IGNORECASE) is not None)
        )


def _codes(names: str) -> frozenset[str]:
    """Codes with and without the suffix that some services leave out on the wire."""
    listed = names.split()
    return frozenset(listed) | {name.removesuffix("Exception") for name in listed}


AGAIN = "It is tried again by itself"
LOOK = "Somebody else changed it meanwhile: it is looked at again before anything else happens"
RIGHTS = "Give the environment's role the rights of docs/reference/iam-policy.md"
CREDENTIALS = "Check the credentials of the controller and the trust policy of the environment's role"
QUOTA = "Raise the quota in Service Quotas, or remove what is not used"

_INVALID = _codes("InvalidParameterException ClientException")

MEANINGS: tuple[Meaning, ...] = (
    # ECS says many different things with two codes: their words first.
    Meaning(_INVALID, Taken, "aws.taken", LOOK, says="not idempotent"),
    Meaning(_INVALID, Transient, "aws.draining", AGAIN, says="still draining"),
    Meaning(_INVALID, Transient, "aws.not_attached_yet", AGAIN, says="does not have an associated load balancer"),
    Meaning(_INVALID, Transient, "aws.role_not_ready", AGAIN, says="assume the service linked role"),
    Meaning(_INVALID, Transient, "aws.busy", AGAIN, says="too many concurrent attempts"),
    Meaning(_INVALID, Transient, "aws.busy", AGAIN, operation="DeleteService", says="deployments are active"),
    Meaning(_INVALID, Conflict, "slot.not_empty", LOOK, operation="DeleteService", says="scaled above 0"),
    Meaning(_INVALID, Transient, "task.no_capacity", AGAIN, operation="RunTask", says="capacity is unavailable"),
    Meaning(
        _INVALID, Blocked, "aws.quota", QUOTA, operation="RunTask", says="limit on the number|you can run concurrently"
    ),
    Meaning(_INVALID, Gone, "aws.gone", LOOK, operation="StopTask", says="task was not found"),
    Meaning(_INVALID, Gone, "aws.gone", LOOK, operation="DescribeTaskDefinition", says="unable to describe"),
    Meaning(
        _codes("ValidationError ValidationException"),
        Blocked,
        "foundation.stack_missing",
        "Create the stack, or correct `aws.stack` (or account, region and role) in tidegate.yaml",
        operation="DescribeStacks",
        says="does not exist",
    ),
    Meaning(
        _codes("ValidationException"),
        Conflict,
        "switch.too_late",
        "The moment for it has passed: another one is chosen at the next look",
        says=r"schedule ?expression at\(|in the past",
    ),
    Meaning(
        _codes("ValidationException"), Gone, "aws.gone", LOOK, operation="RegisterScalableTarget", says="doesn't exist"
    ),
    # Too fast, too slow, or AWS's own trouble.
    Meaning(
        _codes(
            "ThrottlingException Throttling ThrottledException RequestThrottledException RequestThrottled "
            "RequestLimitExceeded TooManyRequestsException BandwidthLimitExceeded SlowDown PriorRequestNotComplete "
            "OverLimit KmsThrottled KMSThrottling"
        ),
        Transient,
        "aws.throttled",
        AGAIN,
    ),
    Meaning(
        _codes(
            "ServerException InternalFailure InternalError InternalServerError InternalServiceError ServiceUnavailable "
            "InternalServerException ServiceUnavailableException RequestTimeout RequestTimeoutException "
            "HealthUnavailableException InvalidNextToken InternalServiceException InvalidNextTokenException "
            "ConcurrentUpdateException OperationAbortedException UnableToGetUpstreamImageException"
        ),
        Transient,
        "aws.unavailable",
        AGAIN,
    ),
    # Who we are, and what we may.
    Meaning(
        _codes(
            "AccessDeniedException AccessDenied UnauthorizedOperation UnauthorizedAccess AuthorizationError "
            "OperationNotPermittedException FailedResourceAccessException NotAuthorized KmsAccessDenied KMSAccessDenied"
        ),
        Blocked,
        "aws.denied",
        RIGHTS,
    ),
    Meaning(
        _codes(
            "ExpiredTokenException ExpiredToken RequestExpired InvalidClientTokenId UnrecognizedClientException "
            "InvalidSignatureException SignatureDoesNotMatch IncompleteSignature InvalidAccessKeyId AuthFailure "
            "MissingAuthenticationToken InvalidIdentityToken OptInRequired PackedPolicyTooLargeException "
            "MalformedPolicyDocumentException"
        ),
        Blocked,
        "aws.credentials",
        CREDENTIALS,
    ),
    Meaning(
        _codes("RegionDisabledException"),
        Blocked,
        "aws.region_disabled",
        "Enable the region for the account, or correct `aws.region` in tidegate.yaml",
    ),
    # How much of something there may be.
    Meaning(
        _codes(
            "LimitExceededException TooManyTargetGroupsException TooManyRulesException TooManyTargetsException "
            "TooManyActionsException TooManyTagsException TooManyRegistrationsForTargetIdException "
            "TooManyUniqueTargetGroupsPerLoadBalancerException TargetGroupAssociationLimitException "
            "ServiceQuotaExceededException"
        ),
        Blocked,
        "aws.quota",
        QUOTA,
    ),
    # Things that are not there, or there already.
    Meaning(
        _codes("ClusterNotFoundException"),
        Blocked,
        "foundation.cluster_missing",
        "Create the cluster, or correct `cluster` in tidegate.yaml or the stack's output",
    ),
    Meaning(
        _codes("ListenerNotFoundException LoadBalancerNotFoundException"),
        Blocked,
        "foundation.listener_missing",
        "Create the listener, or correct `listener` in tidegate.yaml or the stack's output",
    ),
    Meaning(
        _codes("QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue InvalidAddress"),
        Blocked,
        "queue.missing",
        "Create the queue, or correct TIDEGATE_AWS_QUEUE",
    ),
    Meaning(
        _codes("KmsDisabled KmsInvalidState KmsNotFound KmsOptInRequired KmsInvalidKeyUsage"),
        Blocked,
        "queue.key",
        "Give the queue a KMS key that is enabled, or none",
    ),
    Meaning(
        _codes("NotFound NotFoundException EndpointDisabled PlatformApplicationDisabled"),
        Blocked,
        "notify.topic",
        "Create the topic, or correct TIDEGATE_NOTIFY_TOPIC",
        operation="Publish",
    ),
    Meaning(
        _codes("KMSDisabled KMSInvalidState KMSNotFound KMSOptInRequired"),
        Blocked,
        "notify.key",
        "Give the topic a KMS key that is enabled, or none",
    ),
    Meaning(
        _codes("RepositoryNotFoundException"),
        Blocked,
        "image.repository_missing",
        "Create the repository, or correct `image.repository` in the environment file",
    ),
    Meaning(
        _codes("ImageNotFoundException"),
        Blocked,
        "image.gone",
        "Push the image again, or a commit that builds another one",
    ),
    Meaning(
        _codes(
            "RuleNotFoundException TargetGroupNotFoundException ServiceNotFoundException ServiceNotActiveException "
            "ResourceNotFoundException ObjectNotFoundException InvalidTargetException TrustStoreNotFoundException "
            "ScanNotFoundException"
        ),
        Gone,
        "aws.gone",
        LOOK,
    ),
    Meaning(
        _codes(
            "PriorityInUseException DuplicateTargetGroupNameException ResourceAlreadyExistsException ConflictException"
        ),
        Taken,
        "aws.taken",
        LOOK,
    ),
    Meaning(
        _codes("ResourceInUseException"),
        Transient,
        "aws.in_use",
        "It is tried again by itself; a listener or rule that uses it, and that Tidegate did not make, must be changed"
        " by whoever made it",
    ),
    # What this account, region or configuration cannot do.
    Meaning(
        _INVALID
        | _codes(
            "InvalidConfigurationRequestException InvalidLoadBalancerActionException IncompatibleProtocolsException "
            "UnsupportedProtocolException PlatformUnknownException PlatformTaskDefinitionIncompatibilityException "
            "UnsupportedFeatureException NamespaceNotFoundException DuplicateTagKeysException ValidationError "
            "ValidationException BlockedException UnsupportedOperation InvalidSecurity TooManyEntriesInBatchRequest "
            "EmptyBatchRequest BatchEntryIdsNotDistinct InvalidBatchEntryId "
            "InvalidParameterValue InvalidParameterInput ParameterValueInvalid ResourceConflict"
        ),
        Blocked,
        "aws.refused",
        "Correct what AWS names here: in the environment file, tidegate.yaml, or the foundation",
    ),
)

BY_STATUS = (
    (range(500, 600), Meaning(frozenset(), Transient, "aws.unavailable", AGAIN)),
    (range(429, 430), Meaning(frozenset(), Transient, "aws.throttled", AGAIN)),
    (range(401, 404), Meaning(frozenset(), Blocked, "aws.denied", RIGHTS)),
)
"""For codes that no row knows."""

UNKNOWN = Meaning(frozenset(), Blocked, "aws.refused", "No rule is known for this error: read what AWS says")

WITHOUT_ANSWER: tuple[tuple[type[Exception], type[TidegateError], str, str], ...] = (
    (botocore_errors.NoCredentialsError, Blocked, "aws.credentials", CREDENTIALS),
    (botocore_errors.PartialCredentialsError, Blocked, "aws.credentials", CREDENTIALS),
    (botocore_errors.CredentialRetrievalError, Blocked, "aws.credentials", CREDENTIALS),
    (botocore_errors.TokenRetrievalError, Blocked, "aws.credentials", CREDENTIALS),
    (botocore_errors.SSLError, Blocked, "aws.tls", "Check the certificate authorities and the clock of this machine"),
    (botocore_errors.ConnectionError, Transient, "aws.unreachable", AGAIN),
    (botocore_errors.HTTPClientError, Transient, "aws.unreachable", AGAIN),
    (botocore_errors.IncompleteReadError, Transient, "aws.unreachable", AGAIN),
)
"""Exceptions of botocore that carry no answer of AWS, most specific first; others are bugs and stay what they are."""


def meaning_of(code: str, status: int, operation: str, message: str) -> Meaning:
    known = (meaning for meaning in MEANINGS if meaning.fits(code, operation, message))
    by_status = (meaning for statuses, meaning in BY_STATUS if status in statuses)
    return next(known, None) or next(by_status, UNKNOWN)


def from_answer(error: ClientError, attempted: str, hidden: Iterable[str] = ()) -> TidegateError:
    """Our error for an answer of AWS; `attempted` says what on what, `hidden` must not be repeated."""
    shown = error.response.get("Error", {})
    code, message = shown.get("Code", "?"), shown.get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    meaning = meaning_of(code, status, error.operation_name, message)
    for text in hidden:
        message = message.replace(text, "[redacted]")
    return _raised(meaning.becomes, f"{attempted}: AWS answered {code}: {message}. {meaning.advice}.", meaning.code)


def from_silence(error: Exception, attempted: str) -> TidegateError | None:
    """Our error for a call that got no answer, None when botocore complains about something else."""
    for kind, becomes, code, advice in WITHOUT_ANSWER:
        if isinstance(error, kind):
            return _raised(becomes, f"{attempted}: no answer from AWS: {error}. {advice}.", code)
    return None


def _raised(becomes: type[TidegateError], message: str, code: str) -> TidegateError:
    if code == "aws.throttled":
        return Transient(message, code=code, retry_after=THROTTLED_RETRY)
    return becomes(message, code=code)
