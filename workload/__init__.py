"""CaptionCraft: the service that the environments run. What is deployed, never what deploys.

Nothing here imports another package of this repository and nothing there imports this one: the folder is copied
whole into an image (or another directory) and started from it with `python -m workload.backend`.
To add an endpoint: a route in `backend.py` or `frontend.py`, its handler in a module named for what it does.
"""
