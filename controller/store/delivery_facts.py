"""What finished deployments say of delivery: a row of each, and of each service that it changed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlmodel import col

from controller.domain.dora import Fact, Key, Lead, Report, Tally, of_week, report, tally, window
from controller.store.bodies import TALLIES
from controller.store.cursor import BadCursor, Page, page, position
from controller.store.tables import TO_SUM_UP, DeliveryFactRow, DeliveryWeekRow, EnvironmentRow
from controller.store.transaction import Transaction

TABLE = "delivery_facts"
COLUMNS = (
    *("deployment", "environment", "service", "started_at", "finished_at"),
    *("succeeded", "failed", "harmed", "restored_seconds", "leads"),
)
WEEK = ("environment", "service", "week")
ONCE = ("deployment", "service")

ROWS = select(col(DeliveryFactRow.seq), *(col(getattr(DeliveryFactRow, name)) for name in COLUMNS))


def from_row(row: Mapping[str, Any]) -> Fact:
    seconds = row["restored_seconds"]
    plain = {name: row[name] for name in COLUMNS if name not in {"restored_seconds", "leads"}}
    return Fact(
        **plain,
        restored=None if seconds is None else timedelta(seconds=seconds),
        leads=tuple(map(_lead, row["leads"])),
    )


def _lead(spans: Sequence[int | None]) -> Lead:
    coding, review, waiting, deploying = (None if each is None else timedelta(seconds=each) for each in spans)
    assert waiting is not None and deploying is not None, "only what came before its merge may be unknown"
    return Lead(coding, review, waiting, deploying)


def to_row(fact: Fact) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in COLUMNS if name not in {"restored_seconds", "leads"}} | {
        "restored_seconds": _seconds(fact.restored),
        "has_leads": bool(fact.leads),
        "leads": [list(map(_seconds, (lead.coding, lead.review, lead.waiting, lead.deploying))) for lead in fact.leads],
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


class DeliveryFacts:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._pending: dict[tuple[str, str], Fact] = {}

    def put(self, facts: Sequence[Fact]) -> None:
        """They are written when the transaction is about to end, all at once; their weeks are to be summed up anew."""
        self._pending |= {(fact.deployment, fact.service): fact for fact in facts}

    def write_down(self) -> None:
        """In one order, so that no two transactions wait for each other."""
        facts, self._pending = [self._pending[key] for key in sorted(self._pending)], {}
        self._transaction.put_each(DeliveryFactRow, list(map(to_row, facts)), ONCE)
        for place in sorted({(fact.environment, fact.service, fact.week.isoformat()) for fact in facts}):
            week = dict(zip(WEEK, place, strict=True))
            new = {**week, "is_stale": True, "body": TALLIES.dump(Tally()), "body_version": TALLIES.version}
            if not self._transaction.insert_new(DeliveryWeekRow, new, WEEK):
                self._transaction.change(update(DeliveryWeekRow).where(*_is(week)).values(is_stale=True))

    def is_stale(self) -> bool:
        """Whether a week is to be summed up anew."""
        self.write_down()
        stale = select(col(DeliveryWeekRow.week)).where(TO_SUM_UP).limit(1)
        return self._transaction.row(stale) is not None

    def sum_up(self, most: int) -> int:
        """Some weeks whose facts have changed, the newest first; how many there were. Whoever writes facts of them
        meanwhile waits until they are summed up without those."""
        self.write_down()
        names = (col(getattr(DeliveryWeekRow, name)) for name in WEEK)
        stale = select(*names).where(TO_SUM_UP).order_by(col(DeliveryWeekRow.week).desc())
        found = self._transaction.rows(stale.limit(most).with_for_update(skip_locked=True))
        for row in found:
            week = {name: row[name] for name in WEEK}
            facts = self.between(row["environment"], row["service"], *of_week(date.fromisoformat(row["week"])))
            values = {"is_stale": False, "body": TALLIES.dump(tally(facts)), "body_version": TALLIES.version}
            self._transaction.change(update(DeliveryWeekRow).where(*_is(week)).values(values))
        return len(found)

    def between(self, environment: str | None, service: str, since: datetime, until: datetime) -> tuple[Fact, ...]:
        """Those that ended then, oldest first; of whole deployments where `service` is empty."""
        wanted = _within(ROWS, environment, service, since, until)
        found = self._transaction.rows(wanted.order_by(col(DeliveryFactRow.finished_at)))
        return tuple(map(from_row, found))

    def report(self, environment: str | None, service: str, now: datetime, weeks: int) -> Report:
        """Of the ISO weeks that end with the present one."""
        looked_at = window(now, weeks, self.first(environment, service))
        about = [col(DeliveryWeekRow.service) == service, col(DeliveryWeekRow.week) >= looked_at.first.isoformat()]
        if environment is not None:
            about.append(col(DeliveryWeekRow.environment) == environment)
        found = self._transaction.rows(select(DeliveryWeekRow).where(*about))
        tallies = ((date.fromisoformat(row["week"]), _tally(row)) for row in found)
        return report(environment, service, tallies, looked_at)

    def reports(self, environments: Sequence[str], now: datetime, weeks: int) -> tuple[Report, ...]:
        """Of each of them, as `report` with all services, in two questions however many they are."""
        ended = select(func.min(col(DeliveryFactRow.finished_at))).where(
            col(DeliveryFactRow.environment) == col(EnvironmentRow.name), col(DeliveryFactRow.service) == ""
        )
        named = self._transaction.rows(select(col(EnvironmentRow.name), ended.scalar_subquery().label("first")))
        firsts = {row["name"]: row["first"] for row in named}
        since = window(now, weeks, None).first.isoformat()
        about = col(DeliveryWeekRow.service) == "", col(DeliveryWeekRow.week) >= since
        tallies: dict[str, list[tuple[date, Tally]]] = {name: [] for name in environments}
        for row in self._transaction.rows(select(DeliveryWeekRow).where(*about)):
            if row["environment"] in tallies:
                tallies[row["environment"]].append((date.fromisoformat(row["week"]), _tally(row)))
        return tuple(report(name, "", tallies[name], window(now, weeks, firsts.get(name))) for name in environments)

    def first(self, environment: str | None, service: str) -> datetime | None:
        """When the first of all ended."""
        wanted = select(col(DeliveryFactRow.finished_at)).where(*_about(environment, service))
        row = self._transaction.row(wanted.order_by(col(DeliveryFactRow.finished_at)).limit(1))
        return None if row is None else row["finished_at"]

    def services(self) -> tuple[str, ...]:
        """The names of all services that were ever changed, in order; each is one step in an index, however many rows
        it has."""
        least, name = select(func.min(col(DeliveryFactRow.service)).label("service")), col(DeliveryFactRow.service)
        steps = least.where(name > "").cte("steps", recursive=True)
        following = least.where(name > steps.c.service).scalar_subquery()
        steps = steps.union_all(select(following).where(steps.c.service.is_not(None)))
        found = self._transaction.rows(select(steps.c.service).where(steps.c.service.is_not(None)))
        return tuple(row["service"] for row in found)

    def page(
        self,
        environment: str | None,
        service: str,
        since: datetime,
        until: datetime,
        key: Key,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Fact]:
        """The rows that one figure is made of, what ended last first. `BadCursor` for a cursor that this never gave
        out."""
        wanted = _within(ROWS, environment, service, since, until).where(*_counted(key))
        if cursor is not None:
            wanted = wanted.where(self._below(position(TABLE, cursor), cursor))
        ordered = wanted.order_by(col(DeliveryFactRow.finished_at).desc(), col(DeliveryFactRow.seq).desc())
        found = self._transaction.rows(ordered.limit(limit + 1))
        return page(TABLE, [(row["seq"], from_row(row)) for row in found], limit)

    def _below(self, seq: int, cursor: str) -> Any:
        last = self._transaction.row(ROWS.where(col(DeliveryFactRow.seq) == seq))
        if last is None:
            raise BadCursor(f"{cursor[:80]!r} is not a cursor of {TABLE}; take none for the first page")
        ended = col(DeliveryFactRow.finished_at)
        same = and_(ended == last["finished_at"], col(DeliveryFactRow.seq) < seq)
        return or_(ended < last["finished_at"], same)


def _tally(row: Mapping[str, Any]) -> Tally:
    """Without looking at each number: there are hundreds of thousands, and they are ours."""
    if row["body_version"] != TALLIES.version:
        return TALLIES.load(row["body_version"], row["body"], {})
    return Tally(**row["body"])


def _is(week: Mapping[str, str]) -> list[Any]:
    return [col(getattr(DeliveryWeekRow, name)) == value for name, value in week.items()]


def _about(environment: str | None, service: str) -> list[Any]:
    found: list[Any] = [col(DeliveryFactRow.service) == service]
    return found if environment is None else [col(DeliveryFactRow.environment) == environment, *found]


def _within(rows: Select[Any], environment: str | None, service: str, since: datetime, until: datetime) -> Select[Any]:
    ended = col(DeliveryFactRow.finished_at)
    return rows.where(*_about(environment, service), ended >= since, ended <= until)


def _counted(key: Key) -> list[Any]:
    """As `dora.COUNTED` says it of values."""
    match key:
        case Key.FREQUENCY:
            return [col(DeliveryFactRow.succeeded).is_(True)]
        case Key.LEAD:
            return [col(DeliveryFactRow.has_leads).is_(True)]
        case Key.FAILURES:
            return []
        case Key.RESTORE:
            return [col(DeliveryFactRow.harmed).is_(True)]
