"""The world behind its wire: calls go in, checked answers come out."""

from __future__ import annotations

from sandbox.wire.check import check
from sandbox.wire.limits import problems
from sandbox.wire.models import operation_model
from sandbox.world.errors import AwsError
from sandbox.world.values import Parameters
from sandbox.world.world import Outcome, World

INVALID = "InvalidParameterException"
"""What a service that has this error calls a value that its model does not allow."""


class Front:
    def __init__(self, world: World) -> None:
        self.world = world
        self._requests = 0
        self.checked = 0
        """How many answers were compared with the model's shape; one that deviates raises instead."""

    def perform(
        self, service: str, operation: str, parameters: Parameters, region: str, access_key: str | None
    ) -> Outcome:
        """Carry out one call for whoever holds the access key; refused before the world hears of it when its values
        are none that the model allows."""
        account, caller = self.caller(access_key)
        shapes = operation_model(service, operation)
        wrong = problems(shapes.input_shape, parameters)
        if wrong:
            message = f"{len(wrong)} validation errors detected: {'; '.join(wrong)}"
            listed = {shape.name for shape in shapes.error_shapes}
            return Outcome(error=AwsError(INVALID if INVALID in listed else "ValidationException", message))
        outcome = self.world.perform(service, operation, parameters, region, account, caller)
        if outcome.answer is not None:
            check(shapes.output_shape, outcome.answer, f"{service} {operation}")
            self.checked += 1
        return outcome

    def request_id(self) -> str:
        """Numbered here and not by the world, whose own ids must not depend on how it is reached."""
        self._requests += 1
        return f"00000000-0000-4000-8000-{self._requests:012d}"

    def caller(self, access_key: str | None) -> tuple[str, str]:
        """Account and ARN: of the role that STS gave the key for, else of the account that the key spells."""
        known = self.world.identities.get(access_key or "")
        if known is not None:
            return known
        account = access_key if access_key and len(access_key) == 12 and access_key.isdigit() else self.world.account
        return account, f"arn:aws:iam::{account}:user/sandbox"
