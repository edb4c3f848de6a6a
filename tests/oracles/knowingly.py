"""Where the sandbox does otherwise than AWS's documents say, and knows it."""

from __future__ import annotations

KNOWINGLY = (
    (
        "A target without requests leaves its group at once, and its task stops.",
        "It is draining for the whole deregistration delay, and ECS waits for its end. Probe: `idle-target-drains`.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html",
    ),
    (
        "A new target is asked four times an interval until it is healthy; failures count once an interval.",
        "It is asked once an interval.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    ),
    (
        "A task is PENDING as soon as RunTask or the service has made it; PROVISIONING shows in events only.",
        "It is PROVISIONING while its network interface is made, which takes seconds.",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html",
    ),
    (
        "A load balancer is active two seconds after it was made.",
        "It takes minutes.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html",
    ),
    (
        "Signatures are read and not verified, every role can be assumed, and no policy is evaluated.",
        "Everything that is not allowed is denied. A fault `denied` stands for that.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    ),
)
"""What the sandbox does, what AWS does, and where AWS says so."""
