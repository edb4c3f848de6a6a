"""What an environment stands on, made by the operator's stack and never by Tidegate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Foundation:
    """`entrance` is the load balancer's DNS name, with the listener's scheme and port as in `http://name:80`.

    `switch_role` is what EventBridge Scheduler becomes to put a rule back; None where the stack has none: then there is
    no dead-man's switch. `alarm_topic` hears of the alarms that the file declares; None: nobody does.
    """

    account: str
    region: str
    stack: str
    cluster: str
    listener: str
    vpc: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    execution_role: str
    entrance: str
    switch_role: str | None = None
    alarm_topic: str | None = None
