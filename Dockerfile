# Tidegate, and CaptionCraft for `--target workload` or `--target workload-frontend`:
#
#     docker build --tag tidegate .
#     docker build --tag captioncraft-backend --target workload .
#     docker build --tag captioncraft-frontend --target workload-frontend .
#
# Every command is in its JSON form: no shell takes part, and tests/test_container.py carries each of them out.

# The tag moves with Python's and Debian's security fixes. For builds that can be repeated, pin what you have looked at:
# --build-arg PYTHON_IMAGE=python@sha256:…
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS tidegate-builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN ["python", "-m", "venv", "/opt/tidegate"]
COPY requirements/run.txt requirements/
RUN ["/opt/tidegate/bin/python", "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--requirement", "requirements/run.txt"]
COPY LICENSE README.md pyproject.toml ./
COPY controller controller/
COPY migrations migrations/
COPY webhooks webhooks/
RUN ["/opt/tidegate/bin/python", "-m", "pip", "install", "--no-deps", "--no-build-isolation", "."]

FROM ${PYTHON_IMAGE} AS workload-builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN ["python", "-m", "venv", "/opt/captioncraft"]
COPY requirements/workload.txt requirements/
RUN ["/opt/captioncraft/bin/python", "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--requirement", "requirements/workload.txt"]

FROM ${PYTHON_IMAGE} AS workload
LABEL org.opencontainers.image.title="CaptionCraft" \
      org.opencontainers.image.description="Describe a post, get a caption: the workload of Tidegate's environments" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/captioncraft/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
COPY --from=workload-builder /opt/captioncraft /opt/captioncraft
COPY workload workload/
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
CMD ["python", "-m", "workload.backend"]

FROM workload AS workload-frontend
ENV PORT=8080
EXPOSE 8080
CMD ["python", "-m", "workload.frontend"]

FROM ${PYTHON_IMAGE} AS controller
LABEL org.opencontainers.image.title="Tidegate" \
      org.opencontainers.image.description="GitOps for Amazon ECS in one Python process" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/tidegate/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/tidegate \
    TIDEGATE_CONFIG=/etc/tidegate/tidegate.yaml \
    TIDEGATE_STATE_DIR=/var/lib/tidegate \
    TIDEGATE_HOST=0.0.0.0 \
    TIDEGATE_PORT=8080
# The volume takes its owner and its rights from here: only the controller reads its own database.
RUN ["install", "--directory", "--owner=10001", "--group=10001", "--mode=0700", "/var/lib/tidegate"]
COPY --from=tidegate-builder /opt/tidegate /opt/tidegate
WORKDIR /var/lib/tidegate
USER 10001:10001
VOLUME ["/var/lib/tidegate"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['TIDEGATE_PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["tidegate"]
CMD ["serve"]
