"""Pull requests to branches that environments follow: what merging would do is kept up to date beside them.

It has a place of its own in the schedule and a bounded share of a round: no deployment ever waits for it. Webhooks say
when to look; what they don't say, a sweep over the open ones finds. What is compared comes from the rows and from
GitHub: AWS is asked nothing because of what nobody has merged, and of a stranger's repository no more is read than the
files of bound environments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from controller.domain.bindings import Binding, check_belongs
from controller.domain.canonical import digest
from controller.domain.counting import counted
from controller.domain.deployment import Kind, Phase
from controller.domain.errors import Blocked, Conflict, Rejected, TidegateError, Transient
from controller.domain.manifest import EnvironmentFile, place_of_key, read_environment, unbuilt
from controller.domain.ports import Pulls
from controller.domain.proposal import Finding, Forecast, Opinion, Proposal, Pull, found
from controller.domain.revision import Commit, Revision, file_of
from controller.loop.heads import ignores_all
from controller.loop.world import World
from controller.plan.forecast import Prospect, forecast
from controller.store import LONGEST_WAIT, Unit

log = structlog.get_logger()

A_ROUND = 5
"""So many at most before others have their turn: each is a dozen requests to GitHub at worst."""

NEW_ONES, OLD_ONES = 20, 5
"""So many a sweep asks for at most, in each repository: new ones, and those to which only what is live has changed. One
look is about seven requests, and every deployment changes what is live for all that are open: a token has 5,000 an
hour."""

HOLD = timedelta(seconds=120)
"""So long one that is being looked at is left to whoever does; nothing is written when half of it is over."""

DENIED_FOR = timedelta(hours=1)
"""So long nobody asks where it was not allowed: somebody may give the permission meanwhile."""

UNSURE = timedelta(seconds=5)
PATIENCE = 3
"""So often GitHub is asked whether it has merged two branches for a trial."""

PAST = 10
SAYS = 2
"""What is said, and how: with another number every comment is written anew."""


class Proposals:
    """Safe to use from many threads. `public_url` is how people reach the dashboard, empty where nobody knows."""

    def __init__(self, world: World, pulls: Pulls, public_url: str) -> None:
        self._world, self._pulls, self._link = world, pulls, public_url.rstrip("/")
        self._refused: set[tuple[str, str]] = set()
        self._not_before: dict[str, float] = {}
        self._bound: dict[str, list[Binding]] = {}
        for binding in world.bindings.values():
            self._bound.setdefault(binding.repository.lower(), []).append(binding)

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(self._bound)

    @property
    def branches(self) -> int:
        """So many questions a round takes."""
        return sum(len(_followed(bound)) for bound in self._bound.values())

    def compare(self, repository: str) -> bool:
        """Ask for a look at each that is new, gone, or not as it was when it was looked at last; whether there was one.

        One request for each branch that is followed, free while nothing changes.
        """
        bound, now = self._bound[repository], self._world.clock.monotonic()
        if now < self._not_before.get(repository, 0.0):
            return False
        try:
            listed = [pull for base in _followed(bound) for pull in self._pulls.opened(bound[0].repository, base)]
        except Blocked as error:
            self._not_before[repository] = now + DENIED_FOR.total_seconds()
            self._say_once(repository, "pull requests", error)
            return False
        with self._world.store.read() as unit:
            resting = {proposal.number: proposal for proposal in unit.proposals.resting(repository)}
            known = unit.proposals.known(repository)
            news = [pull for pull in listed if _is_news(pull, resting.get(pull.number), known)]
            others = [pull for pull in listed if pull.number in resting and pull not in news]
            moved = [pull for pull in others if resting[pull.number].basis != self._basis(pull, unit)]
        wanted = {pull.number: pull.base for pull in (*_newest(news, NEW_ONES), *_newest(moved, OLD_ONES))}
        left = resting.keys() - {pull.number for pull in listed}
        wanted |= {number: resting[number].base for number in left}
        if wanted:
            with self._world.store.write() as unit:
                for number, base in sorted(wanted.items()):
                    unit.proposals.ask(repository, number, base, self._world.clock.now())
        return bool(wanted)

    def _basis(self, pull: Pull, unit: Unit) -> str:
        """What an opinion depends on, apart from the files at the head."""
        about = {
            binding.name: [unit.environments.get(binding.name).recorded, unit.environments.get(binding.name).live]
            for binding in self._following(pull)
        }
        return digest({"says": SAYS, "head": pull.head, "base": pull.base, "environments": about})

    def _following(self, pull: Pull) -> list[Binding]:
        return [one for one in self._bound.get(pull.repository.lower(), []) if one.branch == pull.base]

    def work(self) -> bool:
        """Look at some that are to be looked at; whether there are more."""
        clock, store = self._world.clock, self._world.store
        for _ in range(A_ROUND):
            with store.read() as unit:
                if not unit.proposals.is_due(clock.now()):
                    return False
            with store.write() as unit:
                claimed = unit.proposals.claim(clock.now(), HOLD)
            if claimed is None:
                return False
            self._handle(claimed)
        with store.read() as unit:
            return unit.proposals.is_due(clock.now())

    def _handle(self, claimed: Proposal) -> None:
        """As far as it gets; what was written is known the next time."""
        reached = claimed
        try:
            for updated in self._looked_at(claimed, self._world.clock.monotonic()):
                reached = updated
        except (Transient, Conflict) as error:
            self._put_off(reached, error)
        except TidegateError as error:
            self._say_once(claimed.repository, "what is said of pull requests", error)
            self._settle(replace(reached, detail=str(error)))
        except Exception as error:
            log.exception("proposal broke", repository=claimed.repository, number=claimed.number)
            self._put_off(reached, error)
        else:
            self._settle(reached)

    def _settle(self, proposal: Proposal) -> None:
        with self._world.store.write() as unit:
            unit.proposals.settle(proposal, self._world.clock.now())

    def _put_off(self, proposal: Proposal, error: Exception) -> None:
        asked = error.retry_after if isinstance(error, Transient) else UNSURE
        wait = min(max(asked, UNSURE * 2 ** min(proposal.attempts, 6)), LONGEST_WAIT)
        with self._world.store.write() as unit:
            unit.proposals.put_off(replace(proposal, detail=str(error)), self._world.clock.now() + wait)

    def _looked_at(self, proposal: Proposal, began: float) -> Iterator[Proposal]:
        """The proposal after each thing that was written."""
        repository = self._bound[proposal.repository][0].repository if proposal.repository in self._bound else ""
        pull = self._pulls.look(repository, proposal.number) if repository else None
        if pull is None:
            yield replace(proposal, is_open=False, detail="there is no such pull request any more")
            return
        if pull.is_unsure and proposal.attempts < PATIENCE:
            raise Transient(f"GitHub is still merging #{pull.number} for a trial", retry_after=UNSURE)
        with self._world.store.read() as unit:
            basis = self._basis(pull, unit)
        is_open = pull.is_open and bool(self._following(pull))
        proposal = replace(proposal, head=pull.head, base=pull.base, is_open=is_open, basis=basis, detail="")
        yield proposal
        if not pull.is_open or not (is_open or proposal.comment):
            return
        opinion = self._opinion(pull)
        if self._world.clock.monotonic() - began > HOLD.total_seconds() / 2:
            raise Conflict("looking took so long that somebody else may look by now")
        yield from self._written(proposal, opinion)

    def _written(self, proposal: Proposal, opinion: Opinion) -> Iterator[Proposal]:
        """That one may not be written is no reason to leave out the other."""
        try:
            proposal = replace(proposal, comment=self._pulls.comment(opinion, proposal.comment))
            self._refused.discard((proposal.repository, "comments on pull requests"))
            yield proposal
        except Blocked as error:
            proposal = replace(proposal, detail=str(error))
            self._say_once(proposal.repository, "comments on pull requests", error)
        try:
            known = proposal.check if proposal.checked == proposal.head else None
            proposal = replace(proposal, check=self._pulls.check(opinion, known), checked=proposal.head)
        except Blocked as error:
            proposal = replace(proposal, detail=str(error))
            self._say_once(proposal.repository, "checks", error)
        yield proposal

    def _say_once(self, repository: str, what: str, error: TidegateError) -> None:
        if (repository, what) not in self._refused:
            self._refused.add((repository, what))
            log.warning("refused by GitHub", what=what, repository=repository, code=error.code, error=str(error))

    # What is thought of it.

    def _opinion(self, pull: Pull) -> Opinion:
        """The files of all environments that follow this repository are looked at; what merging would do is said of
        those that follow its base."""
        findings: list[Finding] = []
        forecasts: list[Forecast] = []
        following = self._following(pull)
        for binding in self._bound[pull.repository.lower()]:
            path = file_of(binding.name)
            text = self._world.source.read(binding.repository, path, pull.readable)
            if text is None and binding not in following:
                continue
            mine = list(_findings(text, path, binding))
            findings += mine
            if binding in following:
                forecasts.append(self._forecast(pull, binding, text, [each for each in mine if each.is_error]))
        return Opinion(pull, tuple(forecasts), tuple(findings), self._link)

    def _forecast(self, pull: Pull, binding: Binding, text: str | None, errors: Sequence[Finding]) -> Forecast:
        if errors or text is None:
            return Forecast(binding.name, errors=tuple(errors))
        now = self._world.clock.now()
        commit = pull.merge or Commit(pull.head, "", "", (), now)
        revision = Revision(binding.name, binding.branch, commit, text, now)
        with self._world.store.read() as unit:
            prospect = self._prospect(revision, binding, now, unit)
            recorded = unit.environments.get(binding.name).recorded
        ignored = self._is_ignored(pull, recorded, revision.file)
        if ignored:
            note = "it changes only paths that this environment ignores: merging deploys nothing here"
            prospect = replace(prospect, notes=(note, *prospect.notes))
        drawn = forecast(prospect)
        return replace(drawn, steps=()) if ignored else drawn

    def _prospect(self, revision: Revision, binding: Binding, now: datetime, unit: Unit) -> Prospect:
        environment, sighting = unit.environments.get(binding.name), unit.sightings.get(binding.name)
        views = sighting.services if sighting else {}
        past = unit.deployments.page(binding.name, Phase.SUCCEEDED, limit=PAST).items
        promoted = {
            name: image
            for name, service in revision.file.services.items()
            if service.image.promote is not None and revision.commit.tree
            if (image := unit.deployments.promoted(service.image.promote, revision.commit.tree, name))
        }
        differing = len(environment.drift.found)
        notes = [f"held: {environment.hold.reason.text}"] if environment.hold else []
        if differing:
            things = counted(differing, "thing, which is", "things, which are")
            notes.append(f"AWS differs from what is live in {things} not counted here")
        return Prospect(
            revision,
            binding,
            unit.deployments.live(binding.name),
            now,
            promoted,
            {name: view.slots[view.live].desired for name, view in views.items() if view.live is not None},
            tuple(one for one in past if one.kind is Kind.DEPLOY),
            tuple(notes),
        )

    def _is_ignored(self, pull: Pull, recorded: str | None, file: EnvironmentFile) -> bool:
        if pull.merge is None or recorded is None or not file.paths.ignore:
            return False
        comparison = self._world.source.compare(pull.repository, recorded, pull.merge.sha)
        return comparison.paths is not None and ignores_all(comparison.paths, file)


def _followed(bound: Sequence[Binding]) -> Sequence[str]:
    return list(dict.fromkeys(binding.branch for binding in bound))


def _is_news(pull: Pull, proposal: Proposal | None, known: frozenset[int]) -> bool:
    """It is new, or has itself changed. One that somebody is about to look at is no news."""
    if proposal is None:
        return pull.number not in known
    return (proposal.head, proposal.base) != (pull.head, pull.base)


def _newest(pulls: Sequence[Pull], most: int) -> Sequence[Pull]:
    return sorted(pulls, key=lambda pull: -pull.number)[:most]


def _findings(text: str | None, path: str, binding: Binding) -> Iterator[Finding]:
    """All that is wrong with a file, else what it asks for in vain."""
    if text is None:
        yield Finding(path, 1, f"not there: add it, or have the operator remove the binding of {binding.name}")
        return
    try:
        file = read_environment(text, path)
        check_belongs(file, binding, path, text)
    except Rejected as error:
        yield from (found(problem, path) for problem in error.problems)
        return
    for each in unbuilt(file):
        line, _ = place_of_key(text, path, each.key)
        yield Finding(path, max(1, line), f"{each.key}: {each.sentence}", is_error=False)
