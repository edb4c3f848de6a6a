"""AWS behind the ports of `domain/ports.py`, by boto3.

Every call is declared in `calls.py` with its IAM actions and sent by `caller.py`, nowhere else. `wire/` is pure: it
builds requests from our values and reads replies into them. Reads retry a little; a write is one attempt, right after
its permit was checked. "Absent" is only what AWS says is absent: an error never reads as "there is nothing". A thing
without our tags is never changed, whatever its name. No sandbox code here: AWS_ENDPOINT_URL is boto3's own variable.
To add a call: `calls.py`, its codes in `errors.py`, a builder in `wire/`, and a test with the exact request.
"""
