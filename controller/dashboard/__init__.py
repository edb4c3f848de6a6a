"""Pages for people: rows as HTML, rendered on the server and readable without JavaScript; and forms, whose answers are
left in the inbox.

Never here: a decision, a vendor call, a script or style inside a page (the content policy forbids them), a change by a
look.
To add a page: a file named for it with a class that shows it (and takes its forms), a template, a style sheet of its
own beside `tidegate.css`, pure views of its values, a line in `routes.py`. To show a state: text first, then an icon,
colour last.
"""

from controller.dashboard.context import DashboardContext
from controller.dashboard.routes import routes

__all__ = ["DashboardContext", "routes"]
