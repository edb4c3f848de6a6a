"""A developer's clone: real git, and nothing of the user's own git settings."""

import subprocess
from pathlib import Path

from tests.support.processes import bare_environment

IDENTITY = {
    "GIT_AUTHOR_NAME": "Grace Hopper",
    "GIT_AUTHOR_EMAIL": "grace@example.com",
    "GIT_COMMITTER_NAME": "Grace Hopper",
    "GIT_COMMITTER_EMAIL": "grace@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


class Clone:
    """`git clone`, on one branch."""

    def __init__(self, url: str, directory: Path, branch: str = "develop") -> None:
        self.directory = directory
        _git(directory.parent, "clone", "--quiet", "--branch", branch, url, str(directory))

    def edit(self, path: str, old: str, new: str) -> None:
        """Put `new` where `old` stands, once."""
        file = self.directory / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def commit(self, message: str) -> str:
        """Commit everything; the commit."""
        self.git("commit", "--quiet", "--all", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "--quiet", "origin", "HEAD")

    def pull(self) -> None:
        self.git("pull", "--quiet", "--ff-only")

    def git(self, *words: str) -> str:
        return _git(self.directory, *words)


def _git(directory: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=directory, env=bare_environment() | IDENTITY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()
