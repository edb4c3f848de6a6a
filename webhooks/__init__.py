"""The door for machines: check, verify, parse, leave a note, answer 202.

Never here: a decision, a row, a call to anybody, or a word of the payload beyond "look at this repository and branch".
What is done with a delivery is up to the function handed over by `controller/app.py`, which stores it durably.

Checks come in one order everywhere: size, content type, signature, form. An unsigned request never gets past the third,
so it is read within bounds, and its bytes are hashed but not parsed.

To add a sender: `webhooks/<vendor>.py` with its signature and its parser, a route in `routes.py`, and tests with the
vendor's own samples and arbitrary bytes.
"""
