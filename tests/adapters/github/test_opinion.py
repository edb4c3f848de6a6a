"""What GitHub is told about a pull request: within its limits, and nothing that a file says is more than text."""

from datetime import timedelta
from decimal import Decimal

import pytest

from controller.adapters.github.opinion import LONGEST_COMMENT, MOST_ANNOTATIONS, comment, marker, notes, summary, title
from controller.domain.costs import Cost, CostChange
from controller.domain.proposal import Asked, Change, Expected, Finding, Forecast, ImageChange, Opinion, Pull

PULL = Pull("acme/captioncraft", 7, "1" * 40, "develop")
HOSTILE = "@everyone </details> <!-- x --> `` | [a](b)"


def opinion(*forecasts: Forecast, findings: tuple[Finding, ...] = ()) -> Opinion:
    return Opinion(PULL, forecasts, findings, "https://tidegate.example")


def test_a_comment_begins_with_what_it_is_known_by() -> None:
    said = opinion(Forecast("staging"), Forecast("dev"))
    assert comment(said).startswith(marker(said))
    assert marker(said) == "<!-- tidegate: what merging would do: dev,staging -->"


def test_whatever_comes_from_a_file_is_code() -> None:
    forecast = Forecast(
        "dev",
        live=HOSTILE,
        rolls={HOSTILE: "is new"},
        images=(ImageChange(HOSTILE, HOSTILE, HOSTILE),),
        changes=(Change(HOSTILE, HOSTILE, HOSTILE),),
        steps=(HOSTILE,),
        gates=(Asked(HOSTILE, HOSTILE, "both files"),),
        notes=(HOSTILE,),
    )
    finding = Finding("environments/prod.yaml", 3, HOSTILE)
    body = comment(opinion(forecast, Forecast("prod", errors=(finding,)), findings=(finding,)))
    assert body.count("@everyone") == body.count("`@everyone") > 10
    assert body.splitlines().count("</details>") == body.splitlines().count("<details>") == 1


def test_a_comment_fits_and_says_that_it_was_cut() -> None:
    changes = tuple(Change(f"services.backend.key{n}", "x" * 120, "y" * 120) for n in range(200))
    forecasts = [Forecast(f"dev{n}", changes=changes) for n in range(3)]
    body = comment(opinion(*forecasts))
    assert len(body) <= LONGEST_COMMENT
    assert body.endswith("*What is missing here is too long for a comment.*")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (None, Cost(Decimal(10), Decimal(10)), "$10.00 ("),
        (Cost(Decimal(10), Decimal(20)), Cost(Decimal(10), Decimal(20)), "$10.00 to $20.00, as now"),
        (Cost(Decimal(10), Decimal(20)), Cost(Decimal(5), Decimal(40)), "→ $5.00 to $40.00, -$5.00 to +$20.00"),
        (Cost(Decimal(10), Decimal(10)), Cost(Decimal(15), Decimal(15)), "$10.00 → $15.00, +$5.00 ("),
        (None, None, "unknown: `no list price"),
    ],
)
def test_the_cost_says_what_changes(before: Cost | None, after: Cost | None, wanted: str) -> None:
    change = CostChange(before, after, "no list price of mars-1 is known here" if after is None else "list price")
    assert wanted in comment(opinion(Forecast("dev", cost=change)))


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [
        (Expected(timedelta(minutes=20)), "bakes of 20m, and the work between them, of which nothing is known yet"),
        (Expected(timedelta(0), timedelta(seconds=90.4), 1), "about 1m30s of work, the median of the last deployment"),
        (Expected(timedelta(0), timedelta(minutes=3), 4), "the median of the last 4 deployments there"),
    ],
)
def test_the_duration_says_what_it_is_made_of(expected: Expected, wanted: str) -> None:
    assert wanted in comment(opinion(Forecast("dev", expected=expected)))


def test_errors_fail_and_warnings_are_only_told() -> None:
    findings = tuple(Finding("environments/dev.yaml", n + 1, "no", is_error=n == 0) for n in range(300))
    said = opinion(Forecast("dev"), findings=findings)
    assert title(said) == "environments/dev.yaml:1 is not valid"
    assert [note["annotation_level"] for note in notes(said)] == ["failure", *["warning"] * (MOST_ANNOTATIONS - 1)]
    assert len(summary(said)) <= 65_535
    assert title(opinion(Forecast("dev", steps=("register",)))) == "Valid; merging deploys to dev"
    assert title(opinion(Forecast("dev"))) == "Valid; merging deploys nothing"
