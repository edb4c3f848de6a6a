"""The door for machines: check, verify, parse, leave a note, answer 202.

Never here: a decision, a row, or a word of the payload beyond "look at this repository and branch", or "at this place".
What is done with a delivery is up to the function handed over by `controller/app.py`, which stores it durably.

Checks come in one order everywhere: size, content type, signature, form. An unsigned request never gets past the third,
so it is read within bounds, and its bytes are hashed but not parsed; SNS alone puts its signature inside the body. The
only calls are those that SNS wants, by the port `Topics`: its certificate, and the confirmation of a subscription. A
queue is a door as well (`queue.py`): there it is we who come.

To add a sender: `webhooks/<vendor>.py` with its signature and its parser, a route in `routes.py`, and tests with the
vendor's own samples and arbitrary bytes.
"""
