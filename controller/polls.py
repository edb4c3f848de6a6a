"""Who may what, found out: for the doors at the click, and for the loop before it counts. Both get the same answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from controller.domain.approval import Ballot
from controller.domain.bindings import Binding
from controller.domain.deployment import Deployment
from controller.domain.electorate import Electorate, Requirement, requirements
from controller.domain.errors import TidegateError
from controller.domain.people import Person, Role, Teams, role_of, teams_in
from controller.domain.ports import Directory
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.store import Store

BEFORE = timedelta(days=1)
"""So long before Tidegate recorded a commit its branch may have been moved to it: webhooks are late, clocks differ."""


@dataclass(frozen=True)
class Polls:
    """Nothing is remembered here: rights are read when they are used. What can't be read lets nobody in."""

    directory: Directory
    store: Store

    def role(self, person: Person, binding: Binding) -> Role:
        """What somebody may in this environment now. Raises what the directory raises."""
        found = [one for one in self.directory.collaborators(binding.repository) if one.person.id == person.id]
        if not found:
            return Role.NOBODY
        return role_of(found[0], binding.people, self._teams(binding.people.names))

    def ballot(self, deployment: Deployment, binding: Binding) -> Ballot:
        """What an answer about this deployment is judged by."""
        live = self._live(binding)
        return Ballot(
            deployment.id,
            deployment.asked.plan.digest if deployment.asked else None,
            _asked(deployment.revision, live, binding),
            self._electorate(deployment.revision, live, binding),
            deployment.votes,
            deployment.requester,
            binding.glass,
        )

    def electorate(self, revision: Revision, binding: Binding) -> Electorate | Reason:
        """Who may approve, and who made it; or why that can't be told."""
        return self._electorate(revision, self._live(binding), binding)

    def _electorate(self, revision: Revision, live: Revision | None, binding: Binding) -> Electorate | Reason:
        asked = _asked(revision, live, binding)
        try:
            return self._elect(asked, revision, live, binding)
        except TidegateError as error:
            return Reason("approval.unknown", f"who may approve can't be read: {error}")

    def _elect(
        self, asked: Sequence[Requirement], revision: Revision, live: Revision | None, binding: Binding
    ) -> Electorate:
        repository, commit = binding.repository, revision.commit
        teams = self._teams([*binding.people.names, *(name for one in asked for name in one.reviewers)])
        found = self.directory.collaborators(repository)
        roles = {one.person: role_of(one, binding.people, teams) for one in found}
        since = live.commit.sha if live is not None and any(one.excludes_all for one in asked) else commit.sha
        made = tuple(self.directory.authors(repository, since, commit.sha)) if since != commit.sha else ()
        movers = self.directory.movers(repository, revision.branch, commit.sha, revision.recorded_at - BEFORE)
        published = revision.release.by if revision.release else None
        if published is not None:
            movers = replace(movers, publishers=(published,))
        with self.store.read() as unit:
            seen_at = unit.now()
        approvers = tuple(person for person, role in roles.items() if role >= Role.APPROVER)
        return Electorate(seen_at, approvers, teams, commit.authors, made, movers)

    def _teams(self, names: Iterable[str]) -> Teams:
        return {name: self.directory.team(name) for name in teams_in(names)}

    def _live(self, binding: Binding) -> Revision | None:
        with self.store.read() as unit:
            live = unit.deployments.live(binding.name)
        return live.revision if live else None


def _asked(revision: Revision, live: Revision | None, binding: Binding) -> tuple[Requirement, ...]:
    return requirements((revision.file,) if live is None else (revision.file, live.file), binding.minimum)
