"""A real sandbox and a real controller, each a process of its own, asked over their own doors."""

import contextlib
import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil

from controller.store.schema import migrate
from tests.support.processes import Child, free_port, gone, until

START_SECONDS = 30.0
ROLLOUT_SECONDS = 60.0
UNDECIDED = frozenset({"waiting", "running", "rolling_back"})
Answer = Mapping[str, Any]


class SandboxDoor:
    """The control API of a sandbox, wherever that runs."""

    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self.endpoints = endpoints
        self._http = httpx.Client(
            base_url=endpoints["control"],
            headers={"Authorization": f"Bearer {endpoints['token']}"},
            trust_env=False,
            timeout=30,
        )

    def merge(self, fault: str | None = None, branch: str = "develop") -> Answer:
        """Merge a change: the commit, and the version that the workload has from now on."""
        return self._post("/merge", {"branch": branch} | ({"fault": fault} if fault else {}))

    def publish(self, version: str, target: str) -> Answer:
        """Publish a release of a branch or a commit."""
        return self._post("/publish", {"version": version, "target": target})

    def lose_webhooks(self, count: int) -> None:
        self._post("/faults/webhooks", {"kind": "lose", "count": count})

    def aws_fault(self, kind: str, **fields: Any) -> None:
        self._post("/faults/aws", {"kind": kind, **fields})

    def task_pids(self) -> list[int]:
        return list(self._http.get("/tasks").raise_for_status().json()["pids"])

    def balancer_port(self, environment: str = "dev") -> int:
        return int(self.endpoints["balancers"][environment].rpartition(":")[2])

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, body: Answer) -> Answer:
        answer: Answer = self._http.post(path, json=body).raise_for_status().json()
        return answer


class LiveSandbox(SandboxDoor):
    """`python -m sandbox` in `directory`."""

    def __init__(self, directory: Path, webhook: str, *words: str) -> None:
        arguments = ["--state-dir", str(directory), "--webhook", webhook, *words]
        self.child = Child("sandbox", ["sandbox", *arguments], directory / "sandbox.log", {})
        ready = directory / "endpoints.json"
        until("the sandbox starts", ready.exists, [self.child], START_SECONDS)
        super().__init__(json.loads(ready.read_text(encoding="utf-8")))


class LiveController:
    """`tidegate serve` on a sandbox, and its API. It may be killed and started again on the same rows."""

    def __init__(self, directory: Path, port: int, endpoints: Answer, **settings: str) -> None:
        self.port = port
        self._directory, self._endpoints = directory, endpoints
        self.token = secrets.token_urlsafe(24)
        self.database = settings.get("TIDEGATE_DATABASE_URL") or f"sqlite:///{directory / 'tidegate.db'}"
        self._settings = settings
        self._http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, trust_env=False, timeout=30
        )
        try:
            migrate(self.database)
            self.start()
        except BaseException:
            self._http.close()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        log = self._directory / "controller.log"
        self.child = Child("controller", ["controller", "serve"], log, self.environment_variables)

    def wait_until_ready(self) -> None:
        try:
            until("the controller is ready", self._is_ready, [self.child], START_SECONDS)
        except BaseException:
            self.child.kill()
            raise

    @cached_property
    def environment_variables(self) -> Mapping[str, str]:
        aws, github = self._endpoints["aws"], self._endpoints["github"]
        return {
            "AWS_ENDPOINT_URL": aws["endpoint"],
            "AWS_REGION": aws["region"],
            "AWS_DEFAULT_REGION": aws["region"],
            "AWS_ACCESS_KEY_ID": aws["account"],
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TIDEGATE_CONFIG": self._endpoints["config"],
            "TIDEGATE_STATE_DIR": str(self._directory),
            "TIDEGATE_DATABASE_URL": self.database,
            "TIDEGATE_PORT": str(self.port),
            "TIDEGATE_GITHUB_URL": github["api"],
            "TIDEGATE_GITHUB_TOKEN": github["token"],
            "TIDEGATE_GITHUB_WEBHOOK_SECRETS": github["webhook_secret"],
            "TIDEGATE_AWS_WEBHOOK_SECRETS": aws.get("webhook_secret", ""),
            "TIDEGATE_API_TOKEN": self.token,
            "TIDEGATE_AUDIT_KEYS": "what all of them seal the audit with",
            "TIDEGATE_CONNECT_TO": ",".join(self._endpoints["connect_to"]),
            "TIDEGATE_PACE_SECONDS": "0.5",
            **self._settings,
        }

    def _is_ready(self) -> bool:
        try:
            return self._http.get("/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    # Its API.

    def get(self, path: str, **query: Any) -> Any:
        return self._http.get(f"/api/v1/{path}", params=query).raise_for_status().json()

    def page(self, path: str = "/") -> httpx.Response:
        return self._http.get(path).raise_for_status()

    def environment(self, name: str = "dev") -> Answer:
        found: Answer = self.get(f"environments/{name}")
        return found

    def deployment_of(self, commit: str, environment: str = "dev") -> Answer | None:
        """The newest deployment of this commit."""
        items = self.get("deployments", environment=environment, limit=20)["items"]
        return next((item for item in items if item["revision"]["commit"] == commit), None)

    def settled(self, commit: str, environment: str = "dev", seconds: float = ROLLOUT_SECONDS) -> Answer:
        """The commit's deployment when it is decided, whichever way."""

        def decided() -> Answer | None:
            found = self.deployment_of(commit, environment)
            return found if found and found["phase"] not in UNDECIDED else None

        return self.until(f"{commit[:7]} is decided in {environment}", decided, seconds)

    def ended(self, commit: str, environment: str = "dev", seconds: float = ROLLOUT_SECONDS) -> Answer:
        """The commit's deployment when no step of it is left, the old slots' retirement included."""

        decided = self.settled(commit, environment, seconds)

        def over() -> Answer | None:
            found: Answer = self.get(f"deployments/{decided['id']}")
            return found if all(step["state"] not in {"pending", "running"} for step in found["steps"]) else None

        return self.until(f"nothing is left to do for {commit[:7]}", over, seconds)

    def reaches(self, commit: str, wanted: Collection[str], environment: str = "dev", seconds: float = 30.0) -> Answer:
        """The commit's deployment as soon as its present step is of a wanted kind."""

        def there() -> Answer | None:
            found = self.deployment_of(commit, environment)
            running = {step["kind"] for step in found["steps"] if step["state"] == "running"} if found else set()
            return found if running & set(wanted) else None

        return self.until(f"{commit[:7]} reaches {' or '.join(wanted)}", there, seconds)

    def until(self, what: str, is_so: Any, seconds: float = ROLLOUT_SECONDS) -> Any:
        try:
            return until(what, is_so, [self.child], seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- dev: {self._shown()}") from None

    def _shown(self) -> str:
        try:
            newest = self.get("deployments", limit=3)["items"]
        except httpx.HTTPError as error:
            return repr(error)
        told = [
            {name: item[name] for name in ("id", "phase", "reason")}
            | {"steps": [f"{step['title']}: {step['state']} {step['detail']}" for step in item["steps"]]}
            for item in newest
        ]
        return json.dumps([self.environment()["trouble"], *told], indent=1)

    def close(self) -> None:
        self._http.close()
        if self.child.is_running:
            self.child.ask_to_stop()


class Pair:
    """Both, in one directory."""

    def __init__(self, directory: Path, *words: str, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.directory = directory
        doors = f"http://127.0.0.1:{port}/webhooks"
        self.sandbox = LiveSandbox(directory, f"{doors}/github", "--events", f"{doors}/aws", *words)
        try:
            self.controller = LiveController(directory, port, self.sandbox.endpoints, **settings)
        except BaseException:
            self.sandbox.child.kill()
            self.sandbox.close()
            raise

    def close(self) -> None:
        """End both as Ctrl-C would; AssertionError when anything of theirs still runs afterwards."""
        children = [child for child in (self.controller.child, self.sandbox.child) if child.is_running]
        tasks = self.sandbox.task_pids() if self.sandbox.child.is_running else []
        family = [process for child in children for process in child.family()]
        family += [psutil.Process(pid) for pid in tasks if psutil.pid_exists(pid)]
        try:
            for child in children:
                child.ask_to_stop()
        finally:
            self.controller.close()
            self.sandbox.close()
            left = gone(family)
            for process in left:
                with contextlib.suppress(Exception):
                    process.kill()
        assert not left, f"still running after the end: {left}"


@contextmanager
def a_pair(directory: Path, *words: str, **settings: str) -> Iterator[Pair]:
    """A running sandbox and controller; nothing of them is left afterwards."""
    pair = Pair(directory, *words, **settings)
    try:
        yield pair
    finally:
        pair.close()
