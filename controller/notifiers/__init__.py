"""Who is told what happened: a notice from the outbox becomes a message somewhere.

Never here: deciding what is worth telling (that is written with the decision, in `loop/record.py`). To add one: a file
named for where the message goes, with a class that has `send`, a line in `app.py`, a test.
"""
