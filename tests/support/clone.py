"""A developer's clone: real git, and nothing of the user's own git settings."""

import re
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

    def rewrite(self, path: str, pattern: str, text: str) -> None:
        """Put `text` where the pattern matches first; `^` is the beginning of any line."""
        file = self.directory / path
        found, times = re.subn(pattern, lambda _: text, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        assert times, f"{path} has nothing like {pattern!r}"
        file.write_text(found, encoding="utf-8")

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
