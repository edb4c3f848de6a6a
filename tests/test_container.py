"""The Dockerfile, carried out as far as that goes without a container engine, and the example of a composition.

A stage becomes a directory: what `.dockerignore` lets through is copied as the stage's COPY lines say, its environment
is the stage's ENV lines, and every command is run there, with this interpreter in place of the image's. What that can't
show: that the base images exist, that the packages can be fetched, and how an engine treats users and file systems.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from controller.adapters.clock import SystemClock
from tests.support.processes import free_port

ROOT = Path(__file__).resolve().parents[1]
FILES = ("Dockerfile", ".dockerignore")
BINDINGS = """\
environments:
  dev:
    repository: acme/captioncraft
    branch: develop
    aws: {account: "123456789012", region: eu-west-1, stack: captioncraft-dev}
"""
SECRETS = {
    "TIDEGATE_API_TOKEN": "a-token-of-the-container-test",
    "TIDEGATE_GITHUB_WEBHOOK_SECRETS": "a-secret-of-the-container-test",
    "TIDEGATE_GITHUB_TOKEN": "nothing-reads-this",
}
NOWHERE = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}


# ------------------------------------------------------------ the Dockerfile


@dataclass
class Stage:
    """Its instructions in their order, without those that say where it begins."""

    name: str
    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        return [rest for found, rest in self.lines if found == keyword]

    def last(self, keyword: str) -> str:
        return self.all(keyword)[-1]


@cache
def stages() -> Mapping[str, Stage]:
    found: dict[str, Stage] = {}
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    arguments = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        keyword, rest = line.split(maxsplit=1)
        if keyword == "FROM":
            base, _, name = rest.split()
            found[name] = Stage(name, base)
        elif not found:
            arguments[keyword] = rest
        else:
            found[list(found)[-1]].lines.append((keyword, " ".join(rest.split())))
    assert arguments == {"ARG": arguments["ARG"]} and arguments["ARG"].startswith("PYTHON_IMAGE=python:3.")
    return found


def ancestry(name: str) -> Iterator[Stage]:
    """A stage and those that it is built on, the first of them first."""
    stage = stages()[name]
    if stage.base in stages():
        yield from ancestry(stage.base)
    yield stage


def inherited(name: str, keyword: str) -> str:
    """The last such instruction that holds in a stage."""
    return [rest for stage in ancestry(name) for rest in stage.all(keyword)][-1]


def environment(name: str) -> dict[str, str]:
    pairs = (pair for stage in ancestry(name) for line in stage.all("ENV") for pair in line.split())
    return dict(pair.split("=", 1) for pair in pairs)


def health_check(name: str) -> list[str]:
    found: list[str] = json.loads(inherited(name, "HEALTHCHECK").split("CMD", 1)[1])
    return found


FINAL = ("workload", "workload-frontend", "controller")


def test_there_are_the_targets_that_the_page_names_and_the_last_one_is_the_controller() -> None:
    assert [name for name in stages() if not name.endswith("builder")] == list(FINAL)
    assert list(stages())[-1] == "controller"


@pytest.mark.parametrize("name", FINAL)
def test_what_runs_is_no_root_stops_by_sigterm_and_can_be_asked_how_it_is(name: str) -> None:
    user = inherited(name, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number: orchestrators check that it isn't 0"
    after = [keyword for stage in ancestry(name) for keyword, _ in stage.lines]
    assert "RUN" not in after[after.index("USER") :], "nothing is installed by whoever runs it"
    assert inherited(name, "STOPSIGNAL") == "SIGTERM"
    assert {"python", "-c"} <= set(health_check(name)), "there is no curl in a slim image"
    assert "org.opencontainers.image.licenses" in " ".join(
        line for stage in ancestry(name) for line in stage.all("LABEL")
    )
    assert environment(name)["PYTHONDONTWRITEBYTECODE"] == "1"


def test_every_command_is_in_its_json_form_and_installs_only_what_is_pinned() -> None:
    for stage in stages().values():
        for keyword in ("RUN", "CMD", "ENTRYPOINT"):
            for line in stage.all(keyword):
                words = json.loads(line)
                assert words and all(isinstance(word, str) for word in words)
                if "install" in words and "pip" in words:
                    assert {"--require-hashes", "--only-binary=:all:"} <= set(words) or "--no-deps" in words


def test_no_layer_has_a_secret_and_no_build_stage_is_run() -> None:
    for stage in stages().values():
        assert not stage.all("ADD") and not stage.all("ARG"), f"{stage.name}: nothing secret comes in by an argument"
    for name in FINAL:
        assert not {key for key in environment(name) if re.search("SECRET|TOKEN|KEY|PASSWORD", key)}
        assert stages()[name].base in {"${PYTHON_IMAGE}", "workload"}


# --------------------------------------------------------------- the context


def let_through(path: PurePosixPath, patterns: Sequence[str]) -> bool:
    """Whether `.dockerignore` leaves a file in the context: the last pattern that fits it, or its directory, counts.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    stays = True
    for pattern in patterns:
        wanted = pattern.lstrip("!")
        places = [path, *path.parents][:-1]
        if any(fits(place, wanted) for place in places):
            stays = pattern.startswith("!")
    return stays


def fits(path: PurePosixPath, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return PurePosixPath(path.name).match(pattern.removeprefix("**/"))
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


@cache
def context() -> tuple[str, ...]:
    """Files that a build would be sent, of a checkout in which anything may lie around."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    found = []
    for directory, below, files in os.walk(ROOT):
        here = PurePosixPath(Path(directory).relative_to(ROOT).as_posix())
        if str(here) == ".":
            below[:] = [name for name in below if any(pattern.startswith(f"!{name}") for pattern in patterns)]
        found += [str(here / name) for name in files if let_through(here / name, patterns)]
    return tuple(sorted(found))


def test_the_context_is_an_allow_list() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert patterns[0] == "*"
    for lying_around in (".env", "tidegate.yaml", ".tidegate/tidegate.db", ".git/config", ".venv/bin/python", "id_rsa"):
        assert not let_through(PurePosixPath(lying_around), patterns), lying_around
    assert not let_through(PurePosixPath("controller/__pycache__/app.cpython-313.pyc"), patterns)
    assert let_through(PurePosixPath("controller/dashboard/static/icon.svg"), patterns)
    tops = {PurePosixPath(name).parts[0] for name in context()}
    assert tops == {
        "LICENSE",
        "README.md",
        "controller",
        "migrations",
        "pyproject.toml",
        "requirements",
        "webhooks",
        "workload",
    }


def test_everything_that_is_let_through_is_copied_and_the_other_way_round() -> None:
    sources = {
        word.rstrip("/")
        for stage in stages().values()
        for line in stage.all("COPY")
        if not line.startswith("--from")
        for word in line.split()[:-1]
    }
    used = {source for source in sources if any(name == source or name.startswith(f"{source}/") for name in context())}
    assert used == sources, "COPY of what the build is never sent"
    assert [name for name in context() if not any(name == one or name.startswith(f"{one}/") for one in sources)] == []


def copied(name: str, root: Path) -> Path:
    """The stage's working directory with the files that its COPY lines bring from the context."""
    at = PurePosixPath("/")
    for keyword, rest in stages()[name].lines:
        if keyword == "WORKDIR":
            at = PurePosixPath(rest)
        elif keyword == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                _copy(source, root / (at / target).relative_to("/"), is_directory=target.endswith("/"))
    return root / at.relative_to("/")


def _copy(source: str, target: Path, is_directory: bool) -> None:
    """A file into a directory; of a directory its content."""
    for name in context():
        if name == source:
            place = target / PurePosixPath(name).name
        elif name.startswith(f"{source}/"):
            place = target / PurePosixPath(name).relative_to(source)
        else:
            continue
        assert is_directory or len(source.split()) == 1
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place)


# ------------------------------------------------------------------ the pins


def pins(path: str) -> dict[str, str]:
    """Package → version, of those that this platform and this Python want."""
    lines = re.findall(r"^[a-z0-9].*?(?= \\$)", (ROOT / path).read_text(), flags=re.MULTILINE)
    found = [Requirement(line) for line in lines]
    wanted = [one for one in found if one.marker is None or one.marker.evaluate()]
    return {one.name: str(one.specifier).removeprefix("==") for one in wanted}


def test_what_is_tested_here_is_what_the_image_installs() -> None:
    """Version by version: so the commands below run on the image's packages, though nothing is fetched for them."""
    pinned = pins("requirements/run.txt")
    assert len(pinned) > 30 and {name: version(name) for name in pinned} == pinned


def test_the_workload_has_the_same_versions_and_only_what_it_needs() -> None:
    whole, few = pins("requirements/run.txt"), pins("requirements/workload.txt")
    assert {name: whole[name] for name in few} == few
    wanted = (ROOT / "requirements" / "workload.in").read_text().split()
    assert set(wanted) <= set(few) and not {"boto3", "sqlalchemy", "pygithub"} & set(few)


# --------------------------------------------------------- running the commands


@dataclass
class Image:
    """A directory in place of a file system: `site` has what was installed into it, `at` is where it starts."""

    name: str
    root: Path
    site: Path
    at: Path
    variables: dict[str, str]

    def argv(self, words: Sequence[str]) -> list[str]:
        """Without `site`: the packages beside the interpreter are the pinned ones, this checkout is not among them."""
        python = [sys.executable, "-S"]
        if words[0] == "python":
            return [*python, *words[1:]]
        return [*python, str(self.site / "bin" / words[0]), *words[1:]]

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(words), cwd=self.at, env=self.variables, capture_output=True, text=True, timeout=60, check=False
        )

    @contextmanager
    def started(self, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            self.argv(words), cwd=self.at, env=self.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def image(name: str, builder: str, tmp_path: Path) -> Image:
    root = tmp_path / "root"
    site, at = root / "site", root / PurePosixPath(inherited(name, "WORKDIR")).relative_to("/")
    at.mkdir(parents=True)
    for keyword, line in stages()[builder].lines:
        if keyword == "RUN" and "--no-deps" in json.loads(line):
            install(json.loads(line), copied(builder, tmp_path / "builder"), site)
    for stage in ancestry(name):
        copied(stage.name, root)
    libraries = {sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}
    own = {key: within(value, root) for key, value in environment(name).items()}
    ports = {key: str(free_port()) for key in ("PORT", "TIDEGATE_PORT") if key in own}
    hosts = {key: "127.0.0.1" for key in ("HOST", "TIDEGATE_HOST") if key in own}
    path = {"PYTHONPATH": os.pathsep.join([str(site), *sorted(libraries)]), "PATH": os.environ["PATH"]}
    return Image(name, root, site, at, own | ports | hosts | path)


def install(words: list[str], source: Path, site: Path) -> None:
    """The Dockerfile's own command, with this interpreter, into a directory."""
    assert words[0].endswith("/bin/python"), words
    told = [sys.executable, *words[1:], "--target", str(site), "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(told, cwd=source, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def within(value: str, root: Path) -> str:
    """An absolute path of the image as one below `root`."""
    return str(root / value.lstrip("/")) if re.fullmatch(r"(/[\w.-]+)+", value) else value


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Image:
    made = image("controller", "tidegate-builder", tmp_path_factory.mktemp("controller"))
    config = Path(made.variables["TIDEGATE_CONFIG"])
    config.parent.mkdir(parents=True)
    config.write_text(BINDINGS)
    elsewhere = f"http://127.0.0.1:{free_port()}"
    made.variables |= SECRETS | NOWHERE | {"TIDEGATE_GITHUB_URL": elsewhere, "AWS_ENDPOINT_URL": elsewhere}
    return made


def healthy(made: Image, process: subprocess.Popen[bytes]) -> bool:
    """Ask as the engine would, until the answer is yes or the process has ended."""
    clock = SystemClock()
    until = clock.monotonic() + 30
    while made.run(health_check(made.name)).returncode != 0:
        if process.poll() is not None or clock.monotonic() > until:
            return False
        clock.sleep(0.2)
    return True


def read_only(made: Image) -> dict[str, tuple[int, int]]:
    """What must not change while it runs: size and time of everything that is not the volume."""
    state = made.variables.get("TIDEGATE_STATE_DIR", "nothing")
    files = (path for path in made.root.rglob("*") if path.is_file() and not str(path).startswith(state))
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def test_the_controllers_commands_run_on_what_is_copied_and_write_nothing_but_the_volume(built: Image) -> None:
    entry, default = json.loads(inherited("controller", "ENTRYPOINT")), json.loads(inherited("controller", "CMD"))
    assert built.run(health_check("controller")).returncode != 0, "nobody listens yet"
    before = read_only(built)
    migrated = built.run([*entry, "migrate"])
    assert migrated.returncode == 0, migrated.stderr
    with built.started([*entry, *default]) as process:
        assert healthy(built, process), process.communicate()[0].decode()
        backed_up = built.run([*entry, "backup", "kept"])
        process.send_signal(getattr(signal, inherited("controller", "STOPSIGNAL")))
        process.wait(timeout=20)
    assert backed_up.returncode == 0, backed_up.stderr
    assert built.run(health_check("controller")).returncode != 0, "it has ended"
    assert read_only(built) == before


def test_the_controller_in_the_image_is_the_copied_one_and_whole(built: Image) -> None:
    program = "import controller, webhooks, migrations; print(controller.__file__); print(webhooks.__file__)"
    where = built.run(["python", "-c", program]).stdout.split()
    assert all(path.startswith(str(built.site)) for path in where) and len(where) == 2
    for name in context():
        if name.split("/")[0] in {"controller", "migrations", "webhooks"} and not name.endswith(".md"):
            assert (built.site / name).is_file(), f"{name} is not in the wheel"
    assert not (built.site / "sandbox").exists() and not (built.site / "tests").exists()


@pytest.mark.parametrize("name", ["workload", "workload-frontend"])
def test_the_workloads_commands_run_on_what_is_copied(name: str, tmp_path: Path) -> None:
    made = image(name, "workload-builder", tmp_path)
    before = read_only(made)
    with made.started(json.loads(inherited(name, "CMD"))) as process:
        assert healthy(made, process), process.communicate()[0].decode()
        process.send_signal(getattr(signal, inherited(name, "STOPSIGNAL")))
        assert process.wait(timeout=20) == 0
    assert read_only(made) == before


def test_the_volume_is_made_as_the_dockerfile_says(tmp_path: Path) -> None:
    """Only its owner is left out: to give something away takes root."""
    (line,) = [line for line in stages()["controller"].all("RUN") if "install" in json.loads(line)[0]]
    words = [word for word in json.loads(line) if not re.match("--(owner|group)=", word)]
    done = subprocess.run([*words[:-1], str(tmp_path / "state")], capture_output=True, text=True, check=False)
    if sys.platform == "linux":
        assert done.returncode == 0, done.stderr
        assert oct((tmp_path / "state").stat().st_mode)[-4:] == "0700"
    assert (
        words[-1] == environment("controller")["TIDEGATE_STATE_DIR"] == json.loads(inherited("controller", "VOLUME"))[0]
    )
    owner, group = inherited("controller", "USER").split(":")
    assert f"--owner={owner}" in line and f"--group={group}" in line


# ------------------------------------------------------------- the composition


@cache
def composition() -> Mapping[str, Mapping[str, object]]:
    read: dict[str, dict[str, Mapping[str, object]]] = YAML(typ="safe").load(ROOT / "examples/compose/compose.yaml")
    return read["services"]


CONTROLLERS = ("controller-1", "controller-2")


@pytest.mark.parametrize("name", ["postgres", "migrate", *CONTROLLERS])
def test_every_service_may_do_as_little_as_it_needs(name: str) -> None:
    service = composition()[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "network_mode"} & set(service)
    assert any(str(place).startswith("/tmp") for place in service["tmpfs"])  # type: ignore[attr-defined]


def test_two_controllers_wait_for_the_tables_and_are_published_on_loopback_only() -> None:
    ports = [port for name in CONTROLLERS for port in composition()[name]["ports"]]  # type: ignore[attr-defined]
    assert len(set(ports)) == 2 and all(port.startswith("127.0.0.1:") for port in ports)
    for name in CONTROLLERS:
        needed = composition()[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"  # type: ignore[index]
        assert needed["postgres"]["condition"] == "service_healthy"  # type: ignore[index]
    assert "ports" not in composition()["postgres"], "the database is for the controllers alone"


def test_what_is_composed_is_what_the_dockerfile_builds() -> None:
    commands = {name: composition()[name]["command"] for name in ("migrate", *CONTROLLERS)}
    assert commands == {"migrate": ["migrate"]} | {name: ["serve"] for name in CONTROLLERS}
    (build,) = {json.dumps(composition()[name]["build"]) for name in commands}
    assert stages()[json.loads(build)["target"]].name == "controller"
    assert (ROOT / "examples/compose" / json.loads(build)["context"] / "Dockerfile").is_file()
    (mounted,) = {str(composition()[name]["volumes"]) for name in CONTROLLERS}
    assert f":{environment('controller')['TIDEGATE_CONFIG']}:ro" in mounted


def test_no_secret_is_in_the_composition() -> None:
    text = (ROOT / "examples/compose/compose.yaml").read_text()
    assert not re.search(r"(?i)(password|secret|token|key)\w*\s*[:=]\s*\S", text)
    ignored = (ROOT / "examples/compose/.gitignore").read_text().split()
    assert "*.env" in ignored
