"""Amazon Resource Names: where on AWS something is, and what."""

import re
from dataclasses import dataclass

_QUEUE = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([0-9]{12})/([A-Za-z0-9_-]{1,80})")


@dataclass(frozen=True)
class Arn:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""

    service: str
    region: str
    account: str
    resource: str

    @property
    def cluster(self) -> str | None:
        """The name of the ECS cluster that it is, or is in; a service in the old form of ARNs does not tell.

        >>> read_arn("arn:aws:ecs:eu-west-1:123456789012:service/dev/api").cluster
        'dev'
        >>> read_arn("arn:aws:ecs:eu-west-1:123456789012:service/api").cluster is None
        True
        """
        kind, _, path = self.resource.partition("/")
        if self.service != "ecs" or (kind != "cluster" and "/" not in path):
            return None
        return path.partition("/")[0]


def read_arn(text: str) -> Arn | None:
    """None for what has not the six parts of one."""
    parts = text.split(":", 5)
    return Arn(*parts[2:]) if len(parts) == 6 and parts[0] == "arn" else None


def read_queue(address: str) -> Arn | None:
    """The SQS queue with this URL; None for what is none, and for a FIFO queue: there one message holds up others.

    >>> read_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate")
    Arn(service='sqs', region='eu-west-1', account='123456789012', resource='tidegate')
    """
    found = _QUEUE.fullmatch(address)
    return Arn("sqs", *found.groups()) if found else None


def balancer_of(listener_arn: str) -> str:
    """How CloudWatch names the load balancer of a listener.

    >>> balancer_of("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/dev/50dc6c49/f2f7dc8e")
    'app/dev/50dc6c49'
    """
    return listener_arn.partition(":listener/")[2].rpartition("/")[0]


def partition_of(arn: str) -> str:
    """
    >>> partition_of("arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:listener/app/dev/1/2")
    'aws-cn'
    """
    return arn.split(":", 2)[1]
