"""The first page: its strip, what needs somebody, and services by environment."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from controller.dashboard.links import comparison_link
from controller.dashboard.matrix import Cell, Column, matrix
from controller.domain.distance import Distance
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from tests.dashboard.conftest import BRANCHES, Browser
from tests.dashboard.test_pages import HOSTILE, Page, page
from tests.loop.test_intake import a_delivery
from tests.support.asked import asked_deployment, put
from tests.support.builders import FILE, NOON, a_binding, a_group, a_new_view, a_slot, a_view
from tests.support.rows import split_view

GITHUB = "https://api.github.com"
BINDINGS = {name: a_binding(name, branch) for name, branch in BRANCHES.items()}


class Context:
    """As much of it as the matrix asks for."""

    bindings = BINDINGS
    github = GITHUB


def columns(browser: Browser, *distances: Distance) -> dict[str, Column]:
    with browser.store.read() as unit:
        overviews = unit.overviews.all(BINDINGS)
    of = {one.environment: one for one in distances}
    compared = [replace(each, distance=of.get(each.environment.name)) for each in overviews]
    drawn = matrix(compared, Context())  # type: ignore[arg-type]
    return {column.name: column for column in drawn.columns}


def promoting(browser: Browser, name: str, digest: str = "c") -> None:
    """What is live in `name` takes its images from dev, and is another one."""
    with browser.store.write() as unit:
        found = unit.deployments.live(name)
        assert found is not None
        text = FILE.replace('tag: "{branch}-{sha}"', "promote: dev")
        images = {service: f"{service}@sha256:{digest * 64}" for service in ("backend", "frontend")}
        commit = replace(found.revision.commit, tree="another tree")
        revision = replace(found.revision, text=text, images=images, commit=commit)
        unit.deployments.save(replace(found, revision=revision))


# ------------------------------------------------------------------------------------------------ the strip


def test_the_strip_says_who_looked_and_when_github_was_heard_and_what_was_recovered(browser: Browser) -> None:
    text = page(browser, "/").text
    assert "Controller none has looked yet Last pass never Last webhook of GitHub never" in text
    with browser.store.write() as unit:
        unit.leases.claim("dev", "web-1:42:0a1b2c3d", 55)
        unit.leases.claim("prod", "web-2:7:4e5f6a7b", 55)
        delivery = replace(a_delivery(), received_at=NOON)
        unit.deliveries.accept(delivery)
        unit.deliveries.recover(delivery.source, delivery.id)
    browser.clock.sleep(timedelta(minutes=3).total_seconds())
    text = page(browser, "/").text
    assert "Controller web-1:42 (1), web-2:7 (1) Last pass 3m ago Last webhook of GitHub 3m ago 1 recovered" in text
    browser.clock.sleep(timedelta(days=8).total_seconds())
    assert "recovered" not in page(browser, "/").text


def test_what_is_well_is_said_as_well(browser: Browser) -> None:
    text = page(browser, "/").text
    assert "Frozen nothing AWS throttles nothing Waiting for people nothing Failing now 1 of 3 environments" in text
    assert "Nobody is waited for." in text


def test_what_goes_on_at_rest_has_a_place_that_is_kept_up_to_date(browser: Browser) -> None:
    marked = {attributes["data-pulse"] for _, attributes in page(browser, "/").tags if "data-pulse" in attributes}
    assert marked == {"controllers", "looked", "heard"}


# ------------------------------------------------------------------------------------------------ needs and asks


def test_what_needs_somebody_leads_to_the_order_that_solves_it(browser: Browser) -> None:
    found = page(browser, "/")
    assert "/orders/new?order=unhold&environment=staging" in found.links()
    assert "/environments/staging" in found.links()
    assert "staging : Held since staging-2 turned back the smoke test failed" in found.text


def test_whoever_is_waited_for_finds_the_plan_in_a_few_words_and_the_way_to_answer(browser: Browser) -> None:
    put(browser.store, asked_deployment("prod", 1))
    browser.clock.sleep(timedelta(hours=1).total_seconds())
    found = page(browser, "/")
    assert "prod-1 develop-1717171 : 0 of 2 approved It rolls backend, frontend in 8 steps, plan" in found.text
    assert "Waiting for people 1 , the oldest asked 1h ago" in found.text
    assert "/approvals/prod-1" in found.links() and "prod-1 asks people" in found.text


def test_of_many_only_the_worst_are_unfolded(browser: Browser) -> None:
    with browser.store.write() as unit:
        names = [f"e{number}" for number in range(9)]
        unit.environments.ensure(names)
        for name in names:
            unit.environments.save(
                replace(unit.environments.get(name), trouble=Reason("aws.denied", f"{HOSTILE} {name}"))
            )
    found = page(browser, "/")
    before, _, after = found.text.partition("more, less urgent")
    assert before.count("Tidegate can't look or act") == 6 and after.count("Tidegate can't look or act") == 3
    assert "Held since staging-2" in after and ("b", {}) not in found.tags


# ------------------------------------------------------------------------------------------------ the matrix


def test_a_cell_says_in_words_how_its_service_is(browser: Browser) -> None:
    short = a_view("frontend", blue=a_slot("frontend", group=a_group("frontend", healthy=1)))
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("dev", {"backend": split_view(), "frontend": short}, NOON))  # type: ignore[dict-item]
        difference = Difference("backend", "target group", "check path", "/health", "/other")
        dev = unit.environments.get("dev")
        unit.environments.save(replace(dev, drift=Drifted((Drift(difference, NOON),))))
    cells = columns(browser)["dev"].cells
    assert cells["backend"].marks == ("75% blue", "25% green", "rolls", "drifted")
    assert cells["frontend"] == Cell("frontend", "1 of 2", "b" * 7, "bad", ("too few", "rolls"))
    text = page(browser, "/").text
    assert "frontend 1 of 2 bbbbbbb too few rolls" in text and "1 drifted" in text


def test_what_was_never_there_looks_absent_and_what_lost_its_traffic_does_not(browser: Browser) -> None:
    asleep = a_view("frontend", blue=a_slot("frontend", count=0, group=a_group("frontend", healthy=0)))
    with browser.store.write() as unit:
        unit.sightings.put(Sighting("prod", {"backend": a_new_view()}, NOON))
        unit.sightings.put(Sighting("staging", {"backend": a_new_view(), "frontend": asleep}, NOON))
    found = columns(browser)
    prod = found["prod"]
    assert prod.cells == {"backend": Cell("backend", "nothing yet", "", "calm", is_absent=True)}
    assert prod.is_empty and prod.unusual == ()
    staging = found["staging"].cells
    assert (staging["backend"].healthy, staging["backend"].tone) == ("no traffic", "bad")
    assert (staging["frontend"].healthy, staging["frontend"].tone) == ("no task", "calm")
    shown = page(browser, "/")
    assert ("td", {"class": "none"}) in shown.tags and "1 service, nothing yet" in shown.text


def test_a_service_that_is_about_to_come_is_absent_beside_others(browser: Browser) -> None:
    with browser.store.write() as unit:
        live, moves = unit.deployments.get("dev-1"), unit.deployments.get("dev-2")
        assert live is not None and moves is not None
        alone = FILE.partition("  frontend:")[0]
        unit.deployments.save(replace(live, revision=replace(live.revision, text=alone)))
        unit.sightings.put(Sighting("dev", {"backend": a_view(), "frontend": a_new_view("frontend")}, NOON))
    dev = columns(browser)["dev"]
    assert (dev.cells["frontend"].healthy, dev.cells["frontend"].tone) == ("nothing yet", "busy")
    assert not dev.is_empty and "frontend" in {cell.service for cell in dev.unusual}


def test_a_column_says_what_is_live_what_moves_and_how_far(browser: Browser) -> None:
    found = columns(browser)
    dev = found["dev"]
    assert (dev.moving, dev.badge.text, dev.source) == ("dev-2", "rolling out", "acme/captioncraft at develop")
    assert dev.progress is not None and (dev.progress.done, dev.progress.of, dev.progress.percent) == (0, 8, 0)
    assert found["staging"].held and found["prod"].version is None and found["prod"].cells == {}


def test_columns_are_in_the_operator_s_order_and_what_is_bound_no_more_comes_last(browser: Browser) -> None:
    with browser.store.write() as unit:
        unit.environments.ensure(["a-former-one"])
    found = columns(browser)
    assert list(found) == ["dev", "staging", "prod", "a-former-one"]
    assert found["a-former-one"].source == "not bound any more"


def test_an_environment_that_takes_its_images_from_another_says_what_differs_and_where_to_bring_it_up(
    browser: Browser,
) -> None:
    promoting(browser, "staging")
    staging = columns(browser)["staging"]
    assert staging.behind is not None and staging.behind.words == "differs from dev"
    assert staging.behind.link == "https://github.com/acme/captioncraft/compare/staging...develop?expand=1"
    assert staging.cells["backend"].marks == ("not as in dev",)
    assert "differs from dev" in page(browser, "/").text


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (Distance("staging", "dev", 1), "1 commit behind dev"),
        (Distance("staging", "dev", 12, is_ahead=True), "12 commits behind dev, and has commits of its own"),
        (Distance("staging", "dev", None), None),
        (Distance("staging", "dev", 0), None),
        (Distance("staging", "elsewhere", 3), None),
    ],
)
def test_how_far_it_is_behind_is_said_where_somebody_has_counted(
    browser: Browser, distance: Distance, words: str | None
) -> None:
    behind = columns(browser, distance)["staging"].behind
    assert (behind.words if behind else None) == words


def test_the_same_version_is_not_behind(browser: Browser) -> None:
    with browser.store.write() as unit:
        found = unit.deployments.live("staging")
        assert found is not None
        text = FILE.replace('tag: "{branch}-{sha}"', "promote: dev")
        unit.deployments.save(replace(found, revision=replace(found.revision, text=text)))
    assert columns(browser)["staging"].behind is None


@pytest.mark.parametrize(
    ("environment", "before", "link"),
    [
        ("prod", "staging", "https://github.com/acme/captioncraft/compare/main...staging?expand=1"),
        ("prod", "nowhere", None),
        ("prod", "twin", None),
        ("prod", "other", None),
        ("odd", "dev", "https://github.com/acme/captioncraft/compare/release/1%3Fx...develop?expand=1"),
    ],
)
def test_a_comparison_is_of_two_branches_of_one_repository(environment: str, before: str, link: str | None) -> None:
    bound = {
        **BINDINGS,
        "twin": a_binding("twin", "main"),
        "other": a_binding("other", "develop", repository="acme/other"),
        "odd": a_binding("odd", "release/1?x"),
    }
    assert comparison_link(GITHUB, bound, environment, before) == link
    assert comparison_link("javascript:alert(1)", bound, environment, before) is None


def test_headings_come_in_order_and_every_table_says_what_it_is(browser: Browser) -> None:
    found = Page(browser.get("/?environment=dev").text)
    levels = [int(tag[1]) for tag, _ in found.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    region = next(attributes for _, attributes in found.tags if attributes.get("class") == "matrix")
    assert region["role"] == "region" and region["tabindex"] == "0" and region["aria-label"]


def test_a_slot_without_traffic_is_no_share(browser: Browser) -> None:
    with browser.store.write() as unit:
        view = a_view()
        assert view.rule is not None
        whole = replace(view, rule=replace(view.rule, weights={Slot.BLUE: 0, Slot.GREEN: 100}))
        unit.sightings.put(Sighting("dev", {"backend": whole}, NOON))
    with browser.store.read() as unit:
        found: Overview = unit.overviews.of("dev")
    assert found.services[0].weights == {Slot.BLUE: 0, Slot.GREEN: 100}
    assert not any("%" in mark for mark in columns(browser)["dev"].cells["backend"].marks)
