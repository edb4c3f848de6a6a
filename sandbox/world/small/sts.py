"""STS: who am I, and becoming a role. Every role can be assumed; an account is what its ARN says."""

from __future__ import annotations

from datetime import timedelta

from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.values import Answer

operations = Operations()


@operations.reads("AssumeRole")
def assume_role(call: Call) -> Answer:
    """A read, as CloudTrail sees it: what it makes is a credential, and no resource."""
    place, role, session = call.place, call["RoleArn"], call["RoleSessionName"]
    parts = role.split(":")
    if len(parts) != 6 or not parts[5].startswith("role/"):
        raise AwsError("ValidationError", f"{role} is invalid")
    name = parts[5].rpartition("/")[2]
    arn = f"arn:aws:sts::{parts[4]}:assumed-role/{name}/{session}"
    key = "ASIA" + place.ids.hex(16).upper()
    place.world.identities[key] = parts[4], arn
    return {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": place.ids.hex(40),
            "SessionToken": place.ids.hex(64),
            "Expiration": place.now() + timedelta(seconds=call.get("DurationSeconds", 3600)),
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROA{place.ids.hex(17).upper()}:{session}", "Arn": arn},
    }


@operations.reads("GetCallerIdentity")
def get_caller_identity(call: Call) -> Answer:
    return {"UserId": "AIDASANDBOX", "Account": call.place.account, "Arn": call.caller}
