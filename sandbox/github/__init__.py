"""A GitHub on loopback: real bare repositories, the REST calls of a GitOps controller, signed webhooks.

Done here: what GitHub itself would answer, send and remember. Never here: what a team does with it (that
is `sandbox.merge`) or what an image is. All state belongs to one worker thread (`desk.py`), so nothing is
locked and the event loop never waits for git.

To add a REST call: a handler and a line in `ROUTES` of the file in `api/` for its subject, the JSON it
answers in `shapes/`. To add a webhook: a function in `payloads.py`, and call it where the thing happens.
"""
