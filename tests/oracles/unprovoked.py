"""Errors that the controller has a meaning for and that no script can bring about."""

from __future__ import annotations

ONLY_BY_FAULT = {
    "ThrottlingException": "fault `throttle`; `Throttling` on ELBv2, STS and CloudWatch",
    "AccessDeniedException": "fault `denied`; `AccessDenied` on ELBv2, STS and CloudWatch",
    "InternalFailure": "fault `server_error`",
}
"""Code → when. The sandbox gives these to any call for which a fault is ordered."""

ONLY_BY_AWS = {
    "InvalidParameterException: unable to assume the service linked role": "the first ECS service of an account",
    "ClientException: too many concurrent attempts": "several writers of one family or service at the same moment",
    "InvalidParameterException: deployments are active": "DeleteService while a deployment is under way",
    "ExpiredTokenException and its like": "credentials that end, are wrong, or are not signed well",
    "RegionDisabledException": "a region that the account has not enabled",
    "LimitExceededException and other quotas": "of the account; those of one balancer, rule or resource are in scripts",
    "InvalidTargetException": "targets outside the VPC: ECS registers them, not Tidegate",
    "TrustStoreNotFoundException": "mutual TLS, which Tidegate does not set up",
    "PlatformUnknownException and its like": "Fargate platforms, features and namespaces that do not exist",
    "UnsupportedProtocolException, IncompatibleProtocolsException": "target groups and listeners of other protocols",
    "InvalidParameterException: capacity is unavailable": "RunTask while Fargate has none",
    "ClientException: limit on the number|you can run concurrently": "the account's quota of tasks",
    "KMSDisabled and its like": "topics: the sandbox has none, its notices go to its Slack",
    "QueueDoesNotExist and its like": "queues: the sandbox has none, its events come by an API destination",
    "KmsNotFound and its like": "a queue whose key is gone, disabled or denied",
    "UnableToGetUpstreamImageException": "a pull-through cache whose source does not answer",
}
"""Code → when. In words, because some are many codes with one meaning."""
