"""A stage whose repository is on a served GitHub: the controller's own adapters read it and write on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from controller.adapters.clock import SystemClock
from controller.adapters.github.board import GitHubBoard
from controller.adapters.github.calls import Calls
from controller.adapters.github.pulls import GitHubPulls
from controller.adapters.github.sign_in import App, Credentials
from controller.adapters.github.source import GitHubSource
from controller.domain.secret import Secret
from controller.loop.outbox import send_due
from controller.loop.posting import Postings
from controller.loop.proposals import Proposals
from controller.notifiers.github import DeploymentNotifier, StatusNotifier
from sandbox.github.records import CheckRun, Comment, Pull
from tests.sandbox.github.served import NAME, Served
from tests.support.builders import FILE
from tests.support.outside import REPOSITORIES
from tests.support.stage import Stage

ADDRESS = "https://tidegate.example"
PATH = "environments/dev.yaml"


def an_app(served: Served, number: int = 7) -> App:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    served.github.install_app(number, public)
    return App(number, Secret(private.decode()))


class Hosted(Stage):
    """`develop` is what `dev` follows. Images are built when something is merged, as Actions would."""

    def __init__(self, directory: Path, served: Served, credentials: Credentials | None = None) -> None:
        self.served = served
        self.credentials = credentials or Secret(served.github.machine_token())
        self.calls = Calls(served.github.api, self.credentials, SystemClock())
        super().__init__(directory)

    def start(self, owner: str = "one") -> None:
        repository, self.repository = (
            self.repository,
            GitHubSource(  # type: ignore[assignment]
                self.served.github.api, self.credentials, self.time
            ),
        )
        super().start(owner)
        self.repository = repository
        self.pulls = GitHubPulls(self.calls)
        self.proposals = Proposals(self.world, self.pulls, ADDRESS)

    # What people do on GitHub.

    @property
    def records(self) -> Any:
        return self.served.github.repository(NAME).records

    def write(self, text: str, branch: str = "develop", path: str = PATH) -> str:
        """A commit; the sha."""
        there = self.served.repository()
        known = there.get_contents(path, ref=branch)
        assert not isinstance(known, list)
        return str(there.update_file(path, "Change it", text, known.sha, branch=branch)["commit"].sha)

    def open(self, text: str, branch: str = "feature", base: str = "develop") -> Pull:
        there = self.served.repository()
        there.create_git_ref(f"refs/heads/{branch}", there.get_branch(base).commit.sha)
        self.write(text, branch)
        number = there.create_pull(base, branch, title="Something").number
        found: Pull = self.records.pulls[number]
        return found

    def merge(self, pull: Pull) -> str:
        sha = self.served.repository().get_pull(pull.number).merge().sha
        self.build_images(sha)
        return sha

    def deploy(self, text: str = FILE) -> str:
        """A first version is live."""
        sha = self.write(text)
        self.build_images(sha)
        self.wake()
        self.settle()
        return sha

    def build_images(self, sha: str) -> None:
        for repository in REPOSITORIES:
            manifest = json.dumps({"schemaVersion": 2, "layers": [], "annotations": {"tree": sha}})
            self.call("ecr", "PutImage", repositoryName=repository, imageManifest=manifest, imageTag=f"develop-{sha}")

    # What the controller does.

    def ask(self, pull: Pull) -> None:
        """A webhook came."""
        with self.store.write() as unit:
            unit.proposals.ask(NAME, pull.number, pull.base, self.time.now())

    def propose(self) -> None:
        """Until nothing is to be looked at, the waits gone in an instant."""
        for _ in range(20):
            self.proposals.work()
            with self.store.read() as unit:
                if not any(unit.proposals.known(NAME) - {one.number for one in unit.proposals.resting(NAME)}):
                    return
            self.clock.advance(10)
        raise AssertionError("there is always one more to be looked at")

    def tell(self) -> None:
        board, present = GitHubBoard(self.calls), Postings(self.store, {"dev": self.binding}, ADDRESS)
        tells = {"one": DeploymentNotifier(board, present).send, "two": StatusNotifier(board, present).send}
        send_due(self.store, tells, self.time)

    # What stands on GitHub.

    def comments(self, pull: Pull) -> list[Comment]:
        return [comment for comment in self.records.comments.values() if comment.number == pull.number]

    def runs(self, sha: str) -> list[CheckRun]:
        found = self.records.check_runs.values()
        return [run for run in found if run.suite.head_sha == sha and run.name == "tidegate"]

    def statuses(self, sha: str, context: str = "tidegate") -> list[str]:
        return [given.state for given in self.records.statuses if given.sha == sha and given.context == context]
