"""GitHub, by PyGithub: one attempt per request. `source.py` reads, by commit; `board.py`, `pulls.py` and `courier.py`
write, and find again what they wrote.

"Not there" is said only of a branch or a file in a repository that answers; a repository that does not answer is an
error. Nothing is cloned. To add a call: the port first, its errors in `errors.py`, a test against real answers.
"""
