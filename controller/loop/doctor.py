"""Is everything there that Tidegate needs? Only reads: nothing is changed, nothing is recorded."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from controller.domain.bindings import Binding
from controller.domain.diagnosis import Line, State, of_access, of_hooks, of_protection
from controller.domain.errors import TidegateError
from controller.domain.ports import Examiner
from controller.loop.world import Clouds


def examine_github(examiner: Examiner, bindings: Mapping[str, Binding]) -> Iterator[Line]:
    """Each repository once, and each branch that is followed."""
    branches: dict[str, list[str]] = {}
    for binding in bindings.values():
        branches.setdefault(binding.repository, []).append(binding.branch)
    for repository, followed in branches.items():
        try:
            lines = list(of_access(repository, examiner.access(repository)))
        except TidegateError as error:
            yield Line(
                f"github {repository}", State.BROKEN, str(error), "nothing of it is deployed until it can be read"
            )
            continue
        yield from lines
        yield from of_hooks(repository, examiner.hooks(repository))
        for branch in dict.fromkeys(followed):
            yield from attempted(f"branch {branch} of {repository}", partial(_guarded, examiner, repository, branch))


def _guarded(examiner: Examiner, repository: str, branch: str) -> Iterator[Line]:
    yield from of_protection(repository, branch, examiner.protection(repository, branch))


def examine_aws(clouds: Clouds, bindings: Mapping[str, Binding]) -> Iterator[Line]:
    """Whether each environment's role can be assumed, and its foundation be read."""
    for name, binding in bindings.items():
        yield from attempted(f"aws {name}", partial(_entered, clouds, binding))


def _entered(clouds: Clouds, binding: Binding) -> Iterator[Line]:
    foundation = clouds.of(binding).looks.foundation()
    subject, role = f"aws {binding.name}", binding.aws.role or "the controller's own credentials"
    yield Line(subject, State.OK, f"{role} finds {foundation.cluster}")
    if foundation.switch_role is None:
        told = "there is no role for dead-man's switches: traffic stays shared while no controller watches"
        yield Line(subject, State.ADVICE, told, "give the stack the output SwitchRole")


def attempted(subject: str, look: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """What it finds, or why it could not look."""
    try:
        yield from list(look())
    except TidegateError as error:
        yield Line(subject, State.BROKEN, str(error), "mend this first")
