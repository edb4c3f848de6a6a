"""The only way to AWS: what an answer repeats, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import CREATE_RULE, DESCRIBE_RULES
from controller.domain.errors import Blocked
from controller.domain.ports import Permit

PERMIT = Permit("dev-1", "token", lambda: None)


class Repeating:
    """Clients of an AWS that refuses everything, and repeats what it was asked."""

    def client(self, service: str, changes: bool) -> Any:
        return self

    def __getattr__(self, method: str) -> Any:
        def refuse(**parameters: Any) -> None:
            answer: Any = {"Error": {"Code": "AccessDenied", "Message": f"not allowed: {parameters}"}}
            raise ClientError(answer, "CreateRule")

        return refuse


def test_what_is_hidden_is_not_in_the_error_though_aws_repeats_it() -> None:
    request: Any = CREATE_RULE({"Values": ["open-sesame"], "Priority": 7})  # type: ignore[typeddict-item]
    with pytest.raises(Blocked) as raised:
        Caller(Repeating()).change(request, "test rule of backend", PERMIT, hidden=["open-sesame"])
    assert "open-sesame" not in str(raised.value)
    assert "[redacted]" in str(raised.value) and "'Priority': 7" in str(raised.value)


def test_a_change_is_never_sent_without_a_permit() -> None:
    with pytest.raises(AssertionError, match="needs a permit"):
        Caller(Repeating()).read(CREATE_RULE({}), "rule")  # type: ignore[typeddict-item]
    with pytest.raises(AssertionError, match="needs no permit"):
        Caller(Repeating()).change(DESCRIBE_RULES({}), "rules", PERMIT)
