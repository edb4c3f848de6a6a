"""A Slack on loopback: one workspace, one app, the Web API calls of an app that asks people, and pages to answer on.

Done here: what Slack itself would answer, show and send. Never here: what the app makes of it. All state lives on
the event loop; nothing here blocks, so nothing is locked. It is kept nowhere: a new sandbox is an empty workspace
with the same ids, so that links between people's identities outlive a restart.

To add a Web API method: a function and a line in `METHODS` of the file in `api/` for its subject. To add a block or
an element: its rule in `blocks/rules.py`, its part in `pages/templates/blocks.html`.
"""
