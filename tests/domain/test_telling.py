"""What people are told: something for each phase, each text one line, and news of whatever they wait for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.approval import Vote
from controller.domain.deployment import Asked, Deployment, Kind, Pause, Phase
from controller.domain.people import Via
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.step import Step, StepKind, StepState, Trouble
from controller.domain.telling import Happened, News, Telling, news, telling
from tests.support.builders import NOON, a_commit, a_deployment, a_plan, a_revision, a_running_deployment
from tests.support.town import GRACE, LINUS

PUBLIC = "https://tidegate.example"
HOSTILE = "Fix <!channel> & <@U1> <https://evil.example|here>\n*Approved*  by ada\u202e\x1b[31m"


def a_vote(**changes: object) -> Vote:
    return replace(Vote(LINUS, a_plan().digest, NOON, Via.SLACK, "looked at it"), **changes)


def an_asked_deployment(**changes: object) -> Deployment:
    waits = Reason("approval.waiting", "0 of 2 approvals that the file asks for; asked of linus, margaret")
    return a_deployment(asked=Asked(a_plan(), NOON), reason=waits, **changes)


def over(phase: Phase, seconds: float = 150, **changes: object) -> Deployment:
    """Started at noon, and over so much later, with every step done."""
    running = a_running_deployment()
    done = tuple(replace(step, state=StepState.DONE, started_at=NOON, finished_at=NOON) for step in running.steps)
    ended = replace(running, phase=phase, steps=done, finished_at=NOON + timedelta(seconds=seconds))
    return replace(ended, reason=Reason("test.over", "it is over"), **changes)


def fact(told: Telling, name: str) -> str | None:
    return dict(told.facts).get(name)


def test_who_is_asked_sees_the_change_the_services_the_plan_and_whom_it_waits_for() -> None:
    told = telling(an_asked_deployment(), PUBLIC)
    assert told.title == "… dev-2: develop-1111111 to dev"
    assert told.state == "waits for approval"
    assert told.text == "0 of 2 approvals that the file asks for; asked of linus, margaret"
    assert fact(told, "Change") == "Add captions (1111111), by ada"
    assert fact(told, "Services") == "backend, frontend"
    assert "shift 100" in str(fact(told, "Plan"))
    assert "register" not in str(fact(told, "Plan"))
    assert told.review == f"{PUBLIC}/approvals/dev-2"
    assert told.asks is not None
    assert told.asks.plan == a_plan().digest


def test_without_a_public_address_there_is_no_link() -> None:
    told = telling(an_asked_deployment(), "")
    assert (told.link, told.review) == ("", "")


def test_what_runs_shows_how_far_it_is() -> None:
    running = a_running_deployment()
    first, second, *rest = running.steps
    going = replace(second, state=StepState.RUNNING, started_at=NOON)
    running = replace(running, steps=(replace(first, state=StepState.DONE), going, *rest))
    told = telling(running, PUBLIC)
    bar, _, words = str(fact(told, "Progress")).partition(" ")
    assert (len(bar), bar[0], bar[-1]) == (10, "▰", "▱")
    assert words == f"1 of {len(running.steps)}; ▶ {second.title}"
    assert told.asks is None


@pytest.mark.parametrize(
    ("deployment", "begins", "ending"),
    [
        (a_deployment(), False, ""),
        (an_asked_deployment(), True, ""),
        (a_running_deployment(), True, ""),
        (over(Phase.SUCCEEDED), True, "all clear; it took 2m30s"),
        (over(Phase.SUCCEEDED, sent_home=True), True, "it was live after 2m30s, and is going back"),
        (over(Phase.ROLLED_BACK), True, "what was live before is live again; it took 2m30s"),
        (over(Phase.FAILED), True, "over after 2m30s"),
        (over(Phase.ABORTED), True, "over after 2m30s"),
        (replace(a_running_deployment(), phase=Phase.ROLLING_BACK), True, ""),
        (a_deployment(phase=Phase.SUPERSEDED), False, ""),
        (an_asked_deployment(phase=Phase.SUPERSEDED), True, ""),
        (a_deployment(phase=Phase.SUCCEEDED), False, ""),
        (a_deployment(phase=Phase.REJECTED), True, ""),
        (a_deployment(phase=Phase.EXPIRED), True, ""),
    ],
    ids=lambda each: each.phase if isinstance(each, Deployment) else None,
)
def test_each_phase_has_its_end_and_says_whether_there_is_anything_to_tell(
    deployment: Deployment, begins: bool, ending: str
) -> None:
    told = telling(deployment, PUBLIC)
    assert (told.begins, told.ending) == (begins, ending)
    assert told.asks is None or deployment.phase is Phase.WAITING
    assert told.is_over is deployment.is_final


def test_all_is_clear_only_once_nothing_of_the_old_version_is_left_to_retire() -> None:
    last = replace(over(Phase.SUCCEEDED).steps[-1], state=StepState.RUNNING)
    retiring = over(Phase.SUCCEEDED)
    retiring = replace(retiring, steps=(*retiring.steps[:-1], last))
    assert telling(retiring, "").ending == "live after 2m30s; what was live before still stands by"


def test_a_broken_glass_is_a_warning_and_no_approval() -> None:
    told = telling(replace(a_running_deployment(), votes=(a_vote(by=GRACE, breaks_glass=True),)), PUBLIC)
    assert told.warning == "grace BROKE THE GLASS: looked at it"
    assert fact(told, "Approved") is None
    assert fact(telling(replace(a_running_deployment(), votes=(a_vote(),)), ""), "Approved") == "by linus"


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"restart": True}, "… dev-2: restart of develop-1111111 to dev"),
        ({"back_to": "dev-1", "kind": Kind.ROLLBACK}, "… dev-2: back to develop-1111111 to dev"),
        ({"pruned": "worker", "kind": Kind.PRUNE}, "… dev-2: removing worker to dev"),
    ],
)
def test_what_is_no_plain_deployment_says_what_it_is(changes: dict[str, object], title: str) -> None:
    assert telling(a_deployment(**changes), "").title == title


def test_nobody_s_text_looks_like_two_lines_of_ours() -> None:
    commit = replace(a_commit(message=HOSTILE), authors=(Author(None, None, "x\n*Progress* done"),))
    deployment = an_asked_deployment(
        revision=replace(a_revision(), commit=commit), because_of=Reason("deploy.ordered", HOSTILE)
    )
    pause = Pause(HOSTILE, Reason("deployment.paused", HOSTILE), NOON, timedelta(hours=1))
    votes = (a_vote(reason=HOSTILE, breaks_glass=True),)
    told = telling(replace(deployment, pause=pause, votes=votes), PUBLIC)
    texts = [told.title, told.state, told.text, told.warning, told.ending, *(text for _, text in told.facts)]
    assert [text for text in texts if set("\n\r\x1b\u202e") & set(text)] == []
    assert "<!channel>" in told.text  # who shows it escapes it


def test_equal_marks_read_the_same_and_others_do_not() -> None:
    asked = an_asked_deployment()
    assert telling(asked, PUBLIC).mark == telling(replace(asked, version=7), PUBLIC).mark
    others = [
        replace(asked, reason=Reason("approval.waiting", "1 of 2")),
        replace(asked, phase=Phase.REJECTED),
        replace(asked, votes=(a_vote(breaks_glass=True),)),
        replace(asked, asked=Asked(replace(a_plan(), digest="sha256:other"), NOON)),
    ]
    marks = {telling(each, PUBLIC).mark for each in [asked, *others]}
    assert len(marks) == 1 + len(others)


# ---------------------------------------------------------------- news


def confirming() -> Deployment:
    running = a_running_deployment()
    confirm = Step(StepKind.CONFIRM, (), number=1, state=StepState.RUNNING, started_at=NOON)
    return replace(running, steps=(confirm, *(replace(step, number=step.number + 1) for step in running.steps)))


def stuck() -> Deployment:
    running = replace(a_running_deployment(), phase=Phase.ROLLING_BACK)
    trouble = Trouble(Reason("aws.denied", "AWS denies it"), 3, permanent=True)
    return replace(running, steps=(replace(running.steps[0], trouble=trouble), *running.steps[1:]))


@pytest.mark.parametrize(
    ("before", "after", "happened", "text"),
    [
        (a_deployment(), an_asked_deployment(), Happened.ASKED, "waits for approval: 0 of 2"),
        (
            an_asked_deployment(),
            an_asked_deployment(votes=(a_vote(),)),
            Happened.VOTED,
            "linus approved: looked at it",
        ),
        (
            an_asked_deployment(votes=(a_vote(),)),
            an_asked_deployment(),
            Happened.VOTED,
            "the approval of linus counts no more",
        ),
        (
            an_asked_deployment(),
            an_asked_deployment(votes=(a_vote(by=GRACE, breaks_glass=True),)),
            Happened.VOTED,
            "grace BROKE THE GLASS: looked at it",
        ),
        (
            an_asked_deployment(),
            a_deployment(reason=Reason("window.shut", "opens on Monday")),
            Happened.WITHDRAWN,
            "waits for something else first: opens on Monday",
        ),
        (a_running_deployment(), confirming(), Happened.NEEDED, "is to be confirmed: `tidegate promote dev-2`"),
        (stuck(), replace(a_running_deployment(), phase=Phase.ROLLING_BACK), Happened.FREE, "goes on by itself"),
        (replace(stuck(), steps=a_running_deployment().steps), stuck(), Happened.NEEDED, "needs a person"),
    ],
)
def test_news_within_a_phase(before: Deployment, after: Deployment, happened: Happened, text: str) -> None:
    found = news(before, after)
    assert found is not None
    assert found.happened is happened
    assert found.text.startswith(text)


def test_a_new_plan_asks_anew() -> None:
    other = an_asked_deployment()
    other = replace(other, asked=Asked(replace(a_plan(), digest="sha256:other"), NOON))
    found = news(an_asked_deployment(), other)
    assert found is not None
    assert found.happened is Happened.ASKED


def test_a_pause_and_its_end_are_news() -> None:
    running = a_running_deployment()
    paused = replace(running, pause=Pause("grace", Reason("deployment.paused", "looks odd"), NOON, timedelta(hours=1)))
    assert news(running, paused) == News(Happened.PAUSED, "paused by grace: looks odd")
    assert news(paused, running) == News(Happened.RESUMED, "goes on")


def test_a_step_that_ends_is_news_and_one_that_begins_or_only_shows_another_detail_is_none() -> None:
    running = a_running_deployment()
    first = running.steps[0]
    began = running.with_step(first.started(NOON))
    ended = began.with_step(began.steps[0].ended(StepState.DONE, NOON, "two of two"))
    assert news(running, began) is None
    assert news(began, began.with_step(replace(began.steps[0], detail="one of two"))) is None
    assert news(began, ended) == News(Happened.STEP, "✓ register: two of two")
    assert news(ended, ended) is None
