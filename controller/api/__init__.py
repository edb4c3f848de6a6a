"""The HTTP API: rows as JSON, orders as notes, and how the process is.

Never here: a decision, a vendor call, HTML. An endpoint reads one picture from the store or leaves one order; what
follows is the loop's. Work that waits happens in a thread.
To add an endpoint: its answer in `models.py`, a pure function to it in `shapes.py`, a row in `routes.py`; the OpenAPI
page is made from that row.
"""

from controller.api.context import ApiContext
from controller.api.correlation import middleware
from controller.api.problems import exception_handlers
from controller.api.routes import routes

__all__ = ["ApiContext", "exception_handlers", "middleware", "routes"]
