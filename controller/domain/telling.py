"""What people are told of a deployment: the same few lines, wherever they are told. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from controller.domain.approval import shortened
from controller.domain.canonical import digest
from controller.domain.deployment import FINAL, Deployment, Phase, Plan
from controller.domain.states import STEPS
from controller.domain.step import Step, StepKind, StepState, spoken
from controller.domain.strangers import UNPRINTABLE

ENDS = frozenset({StepState.DONE, StepState.FAILED, StepState.UNDONE})
"""Of steps that people hear of."""

MOST_AUTHORS = 5
MOST_SERVICES = 12
LONGEST_FACT = 600
BAR = 10
"""Characters."""

BESIDE = frozenset(
    {
        *(StepKind.REGISTER, StepKind.SMOKE, StepKind.SUSPEND, StepKind.ARM, StepKind.SCALE, StepKind.ALARMS),
        *(StepKind.DISARM, StepKind.SETTLE, StepKind.RETIRE, StepKind.EVIDENCE),
    }
)
"""Steps that a plan in one line leaves out: nobody who decides about it decides because of them."""

ENDED_BADLY = frozenset({Phase.ROLLED_BACK, Phase.FAILED, Phase.REJECTED, Phase.EXPIRED, Phase.ABORTED})


class Happened(StrEnum):
    """What people hear of beside `deployment.PHASE`, for each phase that begins."""

    ASKED = "approval.asked"  # people are asked to approve this plan
    WITHDRAWN = "approval.withdrawn"  # nobody is asked any more, as another gate has shut
    VOTED = "approval.changed"  # somebody approved, broke the glass, or counts no more
    PAUSED = "deployment.paused"
    RESUMED = "deployment.resumed"
    NEEDED = "person.needed"  # it does not go on without a person
    FREE = "person.released"  # it goes on by itself again
    STEP = "step.ended"


@dataclass(frozen=True)
class News:
    happened: Happened
    text: str


@dataclass(frozen=True)
class Question:
    """What is asked, by which an answer names it: the deployment, and the digest of its plan."""

    deployment: str
    plan: str


@dataclass(frozen=True)
class Telling:
    """`link` leads to the deployment's page, `review` to where it is answered; both empty where nobody knows the
    address. `asks` is None while nobody is asked. `facts` are names with what stands for them; `warning` and `ending`
    are sentences, where there is anything to warn of, and where it is over. Every text is one line; nothing here is
    safe to be shown as anything but plain text. `begins`: there is something to be told by now; before that only who
    was told already hears more."""

    subject: str
    environment: str
    title: str
    state: str
    text: str
    facts: tuple[tuple[str, str], ...]
    link: str
    review: str
    asks: Question | None
    begins: bool
    is_over: bool
    needs_a_person: bool
    ended_badly: bool
    warning: str = ""
    ending: str = ""

    @property
    def mark(self) -> str:
        """Equal for what reads the same."""
        return digest(
            {
                "title": self.title,
                "state": self.state,
                "text": self.text,
                "facts": [list(fact) for fact in self.facts],
                "review": self.review,
                "plan": self.asks.plan if self.asks else None,
                "warning": self.warning,
                "ending": self.ending,
            }
        )


def telling(deployment: Deployment, public: str) -> Telling:
    """As it stands now. `public` is the pages' address without a slash at its end, or empty."""
    asks = deployment.asked if deployment.phase is Phase.WAITING else None
    return Telling(
        subject=deployment.id,
        environment=deployment.environment,
        title=_line(f"{deployment.state.icon} {deployment.id}: {_what(deployment)} to {deployment.environment}"),
        state=_line(_state(deployment)),
        text=_line(deployment.why.text),
        facts=tuple((name, _line(text)) for name, text in _facts(deployment)),
        link=f"{public}/deployments/{deployment.id}" if public else "",
        review=f"{public}/approvals/{deployment.id}" if public and asks else "",
        asks=Question(deployment.id, asks.plan.digest) if asks else None,
        begins=_begins(deployment),
        is_over=deployment.phase in FINAL,
        needs_a_person=deployment.needs_a_person,
        ended_badly=deployment.phase in ENDED_BADLY,
        warning=_line(_warning(deployment)),
        ending=_ending(deployment),
    )


def _line(text: str) -> str:
    """Nobody's text looks like two lines of ours.

    >>> _line("no\\n*Approvals* ada\\x1b[1m")
    'no *Approvals* ada[1m'
    """
    return UNPRINTABLE.sub("", " ".join(text.split()))


def _begins(deployment: Deployment) -> bool:
    """What was superseded, or had nothing to do, before it asked anybody for anything is told to nobody."""
    is_refused = deployment.phase in {Phase.REJECTED, Phase.EXPIRED}
    return deployment.asked is not None or deployment.started_at is not None or is_refused


def _what(deployment: Deployment) -> str:
    if deployment.pruned is not None:
        return f"removing {deployment.pruned}"
    kind = "restart of " if deployment.restart else "" if deployment.back_to is None else "back to "
    return f"{kind}{deployment.revision.version}"


def _state(deployment: Deployment) -> str:
    if deployment.pause is not None and not deployment.rests:
        return f"{deployment.state.text} by {deployment.pause.actor}"
    if deployment.asked is not None and deployment.phase is Phase.WAITING:
        return "waits for approval"
    return deployment.state.text


def _facts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    commit = deployment.revision.commit
    if deployment.pruned is None:
        authors = [author.login or author.name for author in commit.authors[:MOST_AUTHORS]]
        yield "Change", f"{_cut(commit.title)} ({commit.short}), by {_cut(', '.join(authors)) or 'nobody named'}"
    if deployment.because_of is not None:
        yield "Ordered", _cut(deployment.because_of.text)
    plan = deployment.shown_plan
    if plan is not None:
        yield "Services", _services(plan)
        if deployment.phase not in FINAL:
            yield "Plan", f"{_cut(_steps(plan))} ({shortened(plan.digest)})"
    approvals = [vote.by.login for vote in deployment.votes if not vote.breaks_glass]
    if approvals:
        yield "Approved", f"by {', '.join(dict.fromkeys(approvals))}"
    if deployment.steps and deployment.phase not in FINAL:
        yield "Progress", _progress(deployment)


def _services(plan: Plan) -> str:
    rolling = [f"{each.service} (new)" if each.is_new else each.service for each in plan.rolling]
    more = len(rolling) - MOST_SERVICES
    return f"{', '.join(rolling[:MOST_SERVICES])}{f' and {more} more' if more > 0 else ''}" or "none rolls"


def _steps(plan: Plan) -> str:
    worth = [step.title for step in plan.steps if step.kind not in BESIDE]
    return " · ".join(worth or [step.title for step in plan.steps]) or "nothing to do"


def _progress(deployment: Deployment) -> str:
    """`▰▰▰▱▱▱▱▱▱▱ 3 of 10; ▶ shift 50`."""
    done, among = sum(step.is_over for step in deployment.steps), len(deployment.steps)
    full = BAR * done // among
    return f"{'▰' * full}{'▱' * (BAR - full)} {done} of {among}{_now(deployment.step)}"


def _now(step: Step | None) -> str:
    return f"; {STEPS[step.state].icon} {step.title}" if step is not None and step.started_at is not None else ""


def _warning(deployment: Deployment) -> str:
    broken = [vote for vote in deployment.votes if vote.breaks_glass]
    return "; ".join(f"{vote.by.login} BROKE THE GLASS: {_cut(vote.reason)}" for vote in broken)


def _ending(deployment: Deployment) -> str:
    """How it ended, and how long it took; empty as long as something of it is still to come."""
    if deployment.started_at is None or deployment.finished_at is None:
        return ""
    took = spoken(timedelta(seconds=round((deployment.finished_at - deployment.started_at).total_seconds())))
    match deployment.phase:
        case Phase.SUCCEEDED if deployment.sent_home:
            return f"it was live after {took}, and is going back"
        case Phase.SUCCEEDED if deployment.is_retiring:
            return f"live after {took}; what was live before still stands by"
        case Phase.SUCCEEDED:
            return f"all clear; it took {took}"
        case Phase.ROLLED_BACK:
            return f"what was live before is live again; it took {took}"
        case _:
            return f"over after {took}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_FACT else f"{text[: LONGEST_FACT - 1]}…"


def news(before: Deployment, after: Deployment) -> News | None:
    """What happened between two looks that people hear of beside changes of the phase."""
    if after.asked is not None and (before.asked is None or before.asked.plan.digest != after.asked.plan.digest):
        return News(Happened.ASKED, f"waits for approval: {after.reason.text}")
    if before.votes != after.votes:
        return News(Happened.VOTED, _voted(before, after))
    if before.asked is not None and after.asked is None:
        return News(Happened.WITHDRAWN, f"waits for something else first: {after.reason.text}")
    if (before.pause is None) is not (after.pause is None):
        paused = after.pause
        if paused is None:
            return News(Happened.RESUMED, "goes on")
        return News(Happened.PAUSED, f"paused by {paused.actor}: {paused.reason.text}")
    if after.needs_a_person and not before.needs_a_person:
        return News(Happened.NEEDED, _needed(after))
    ended = _stepped(before, after)
    if before.needs_a_person and not after.needs_a_person:
        return News(Happened.FREE, ended or "goes on by itself")
    return News(Happened.STEP, ended) if ended else None


def _needed(deployment: Deployment) -> str:
    if deployment.is_to_be_confirmed:
        ways = f"`tidegate promote {deployment.id}` goes on, `tidegate abort {deployment.id}` turns it back"
        return f"is to be confirmed: {ways}"
    return f"needs a person: {deployment.why.text}"


def _voted(before: Deployment, after: Deployment) -> str:
    given = [vote for vote in after.votes if vote not in before.votes]
    gone = [vote for vote in before.votes if vote not in after.votes]
    told = [
        f"{vote.by.login} {'BROKE THE GLASS' if vote.breaks_glass else 'approved'}: {vote.reason}" for vote in given
    ]
    left = [f"the approval of {vote.by.login} counts no more" for vote in gone]
    return "; ".join([*told, *left])


def _stepped(before: Deployment, after: Deployment) -> str:
    """Steps that ended, and how; of what is over at once nobody hears."""
    old = {step.number: step.state for step in before.steps}
    ended = [
        step
        for step in after.steps
        if step.state in ENDS and old.get(step.number) is not step.state
        if step.number in old
    ]
    return "; ".join(f"{STEPS[step.state].icon} {step.title}: {step.detail}" for step in ended)
