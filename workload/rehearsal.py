"""Ways to make one version misbehave on purpose, to rehearse a bad release.

A rehearsal is a commit that edits one line below, so that a reviewer sees in the pull request exactly what breaks.
Plain constants, read once at start; no setting of a running service can turn them on.
"""

# The process exits with status 1 just after it starts, before it listens.
CRASH = False

# /health answers 500, so a balancer never counts the task as healthy.
UNHEALTHY = False

# /ready answers 503, so a smoke test that asks it fails although /health is good.
NOT_READY = False

# Share of requests answered 500, from 0.0 to 1.0; /health and /ready stay truthful.
ERROR_RATE = 0.0

# Milliseconds added to every answer except /health and /ready.
SLOW_MS = 0

# The image says that it was built for another processor architecture (read by the image builder).
EXEC_FORMAT = False

# The build never pushes an image (read by continuous integration).
NO_IMAGE = False

# `python -m workload.migrate` exits with status 1.
MIGRATION_FAILS = False
