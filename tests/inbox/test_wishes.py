"""What can be told of an order by itself."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.orders import Order, OrderKind, Wish
from controller.inbox.wishes import FORMS, LONGEST_REF, OrderRefused, check_form, in_words
from tests.support.builders import a_plan

SOMETHING = Wish(
    "dev-1",
    ref="main",
    restart=True,
    service="worker",
    limit=timedelta(hours=1),
    across="dev-2",
    correct=True,
    plan="sha256:" + "0" * 64,
)
FIELDS = [each.name for each in fields(Wish)]


def an_order(kind: OrderKind, wish: Wish, deployment: str | None = None) -> Order:
    about = deployment or ("dev-1" if FORMS[kind].is_about_deployment else None)
    return Order(0, kind, "dev", about, "why not", "ada", datetime(2026, 3, 1, tzinfo=UTC), wish)


def only(field: str) -> Wish:
    return replace(Wish(), **{field: getattr(SOMETHING, field)})


@pytest.mark.parametrize("beside", [Wish(correct=True, ref="main"), Wish(correct=True, restart=True)])
def test_a_correction_brings_nothing_new_and_restarts_nothing(beside: Wish) -> None:
    with pytest.raises(OrderRefused) as caught:
        check_form(an_order(OrderKind.DEPLOY, beside))
    assert caught.value.code == "order.not_for_this"
    assert in_words(an_order(OrderKind.DEPLOY, Wish(correct=True))) == "deploy what is live as declared"


def test_every_kind_has_a_form() -> None:
    assert set(FORMS) == set(OrderKind)


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_taken_by_its_own_kind_and_refused_by_every_other(kind: OrderKind, field: str) -> None:
    order = an_order(kind, only(field))
    if field in FORMS[kind].takes:
        check_form(order)
        return
    with pytest.raises(OrderRefused) as caught:
        check_form(order)
    assert caught.value.code == "order.not_for_this"
    assert f"'{'for' if field == 'limit' else field}'" in str(caught.value)


@pytest.mark.parametrize(
    "plan", ["", "0" * 64, "sha256:" + "0" * 63, "sha256:" + "A" * 64, "sha256:" + "0" * 64 + "\n"]
)
def test_only_a_digest_names_a_plan(plan: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        check_form(an_order(OrderKind.APPROVE, Wish(plan=plan)))
    assert caught.value.code == "order.invalid_plan"
    check_form(an_order(OrderKind.APPROVE, Wish(plan=a_plan().digest)))


def test_everything_that_is_too_much_is_said_at_once() -> None:
    with pytest.raises(OrderRefused, match="unhold takes no 'deployment' and no 'ref' and no 'restart'"):
        check_form(an_order(OrderKind.UNHOLD, Wish(ref="main", restart=True), "dev-1"))


@pytest.mark.parametrize(
    "ref",
    ["0f3c2a1", "a" * 40, "main", "release/2", "v1.4.0", "fix-#12", "umlaut-ä", "x" * LONGEST_REF],
)
def test_commits_tags_and_branches_may_be_deployed(ref: str) -> None:
    check_form(an_order(OrderKind.DEPLOY, Wish(ref=ref)))


@pytest.mark.parametrize(
    "ref",
    [
        *("", " ", "-x", "/main", "main/", "a..b", "a b"),
        *("a\x00b", "a\nb", "a\x1b[31m", "a\x85b", "\ud800", "a\u202eb"),
        *("main^", "main~1", "a:b", "a?b", "a*b", "a[b", "a\\b", "@{1}", "x.lock", "x.", "refs/heads/main"),
        "x" * (LONGEST_REF + 1),
    ],
)
def test_what_no_git_would_take_is_refused_before_anybody_is_asked(ref: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        check_form(an_order(OrderKind.DEPLOY, Wish(ref=ref)))
    assert caught.value.code == "order.invalid_ref"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("seconds", [60, 3600, 24 * 3600])
def test_a_pause_may_last_from_a_minute_to_a_day(seconds: float) -> None:
    check_form(an_order(OrderKind.PAUSE, Wish(limit=timedelta(seconds=seconds))))


@pytest.mark.parametrize("seconds", [-60, 0, 59.9, 24 * 3600 + 1])
def test_a_pause_of_another_length_is_refused(seconds: float) -> None:
    with pytest.raises(OrderRefused, match="from 1m to 24h") as caught:
        check_form(an_order(OrderKind.PAUSE, Wish(limit=timedelta(seconds=seconds))))
    assert caught.value.code == "order.limit_out_of_range"


def test_an_order_in_words_says_all_of_its_wish() -> None:
    assert in_words(an_order(OrderKind.DEPLOY, Wish(ref="main", restart=True))) == "deploy main with restart"
