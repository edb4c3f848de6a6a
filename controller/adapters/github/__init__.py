"""GitHub behind `ports.Source`, by PyGithub: read-only, by commit, one attempt per request.

"Not there" is said only of a branch or a file in a repository that answers; a repository that does not answer is an
error. Nothing is cloned. To add a call: the port first, its errors in `errors.py`, a test against real answers.
"""
