"""What people are told of a deployment: the same few lines, wherever they are told. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.domain.approval import shortened
from controller.domain.canonical import digest
from controller.domain.deployment import FINAL, Deployment, Phase
from controller.domain.step import Step, StepState

ICONS = {
    Phase.WAITING: "…",
    Phase.RUNNING: "▶",
    Phase.SUCCEEDED: "✓",
    Phase.ROLLING_BACK: "◀",
    Phase.ROLLED_BACK: "↩",
    Phase.FAILED: "✕",
    Phase.SUPERSEDED: "»",
    Phase.REJECTED: "✕",
    Phase.EXPIRED: "✕",
    Phase.ABORTED: "■",
}
STEPS = {StepState.DONE: "✓", StepState.RUNNING: "▶", StepState.FAILED: "✕", StepState.UNDONE: "↩"}
MOST_AUTHORS = 5


@dataclass(frozen=True)
class Question:
    """What is asked, by which an answer names it: the deployment, and the digest of its plan."""

    deployment: str
    plan: str


@dataclass(frozen=True)
class Telling:
    """`link` leads to the deployment's page, `review` to where it is answered; both empty where nobody knows the
    address. `asks` is None while nobody is asked. `facts` are names with what stands for them; nothing here is safe to
    be shown as anything but plain text."""

    subject: str
    title: str
    state: str
    text: str
    facts: tuple[tuple[str, str], ...]
    link: str
    review: str
    asks: Question | None
    is_over: bool
    is_urgent: bool

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
            }
        )


def telling(deployment: Deployment, public: str) -> Telling:
    """As it stands now. `public` is the pages' address without a slash at its end, or empty."""
    asks = deployment.asked if deployment.phase is Phase.WAITING else None
    return Telling(
        subject=deployment.id,
        title=f"{ICONS[deployment.phase]} {deployment.id}: {_what(deployment)} to {deployment.environment}",
        state=_state(deployment),
        text=deployment.why.text,
        facts=tuple(_facts(deployment)),
        link=f"{public}/deployments/{deployment.id}" if public else "",
        review=f"{public}/approvals/{deployment.id}" if public and asks else "",
        asks=Question(deployment.id, asks.plan.digest) if asks else None,
        is_over=deployment.phase in FINAL,
        is_urgent=deployment.needs_a_person or deployment.phase in {Phase.FAILED, Phase.ROLLING_BACK},
    )


def _what(deployment: Deployment) -> str:
    if deployment.pruned is not None:
        return f"removing {deployment.pruned}"
    kind = "restart of " if deployment.restart else "" if deployment.back_to is None else "back to "
    return f"{kind}{deployment.revision.version}"


def _state(deployment: Deployment) -> str:
    if deployment.pause is not None:
        return f"paused by {deployment.pause.actor}"
    if deployment.asked is not None and deployment.phase is Phase.WAITING:
        return "waits for approval"
    return deployment.phase.words


def _facts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    commit = deployment.revision.commit
    if deployment.pruned is None:
        authors = [author.login or author.name for author in commit.authors[:MOST_AUTHORS]]
        yield "Change", f"{commit.title} ({commit.short}), by {', '.join(authors) or 'nobody named'}"
    if deployment.because_of is not None:
        yield "Ordered", deployment.because_of.text
    plan = deployment.shown_plan
    if plan is not None:
        rolling = ", ".join(f"{each.service} (new)" if each.is_new else each.service for each in plan.rolling)
        yield "Services", rolling or "none rolls"
        yield "Plan", f"{' · '.join(step.title for step in plan.steps) or 'nothing to do'} ({shortened(plan.digest)})"
    if deployment.votes:
        yield "Approvals", ", ".join(_vote(vote.by.login, breaks=vote.breaks_glass) for vote in deployment.votes)
    if deployment.steps:
        done = sum(step.state is StepState.DONE for step in deployment.steps)
        yield "Progress", f"{done} of {len(deployment.steps)} steps{_now(deployment.step)}"


def _vote(login: str, *, breaks: bool) -> str:
    return f"{login} BROKE THE GLASS" if breaks else login


def _now(step: Step | None) -> str:
    return f"; {STEPS.get(step.state, '')} {step.title}" if step is not None and step.started_at is not None else ""


def news(before: Deployment, after: Deployment) -> str | None:
    """What happened between two looks that people hear of beside changes of the phase, in one line."""
    if after.asked is not None and (before.asked is None or before.asked.plan.digest != after.asked.plan.digest):
        return f"waits for approval: {after.reason.text}"
    if before.votes != after.votes:
        return _voted(before, after)
    if (before.pause is None) is not (after.pause is None):
        paused = after.pause
        return f"paused by {paused.actor}: {paused.reason.text}" if paused else "goes on"
    if after.is_to_be_confirmed and not before.is_to_be_confirmed:
        return f"is to be confirmed: `tidegate promote {after.id}` goes on, `tidegate abort {after.id}` turns it back"
    return _stepped(before, after)


def _voted(before: Deployment, after: Deployment) -> str:
    given = [vote for vote in after.votes if vote not in before.votes]
    gone = [vote for vote in before.votes if vote not in after.votes]
    told = [
        f"{vote.by.login} {'BROKE THE GLASS' if vote.breaks_glass else 'approved'}: {vote.reason}" for vote in given
    ]
    left = [f"the approval of {vote.by.login} counts no more" for vote in gone]
    return "; ".join([*told, *left])


def _stepped(before: Deployment, after: Deployment) -> str | None:
    """Steps that ended, and how; of what is over at once nobody hears."""
    old = {step.number: step.state for step in before.steps}
    ended = [
        step
        for step in after.steps
        if step.state in STEPS and step.state is not StepState.RUNNING and old.get(step.number) is not step.state
        if step.number in old
    ]
    return "; ".join(f"{STEPS[step.state]} {step.title}: {step.detail}" for step in ended) or None
