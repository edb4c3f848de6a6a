"""What a verification of the audit found, in words for people: one line says how it is, the others why. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from controller.domain.chain import Finding, Head, Report, Restore, What
from controller.domain.counting import counted

MEANS: Mapping[What, str] = {
    What.CHANGED: "somebody without the key has changed it",
    What.MISSING: "somebody has taken it out",
    What.REORDERED: "somebody has exchanged entries",
    What.INSERTED: "somebody without the key has put it there",
    What.CUT: "somebody has cut off the end, or put an old state of the database in place of the new one",
    What.FORKED: "history went on from an old state, or was made anew by somebody who has the key",
    What.UNKNOWN_KEY: "an older key isn't among TIDEGATE_AUDIT_KEYS any more, or somebody without the key made it",
    What.HEAD: "somebody without the key has changed where the chain ends",
    What.DOUBTED: (
        "the controller found the chain's end changed, or wasn't given its key, and went on from what it found"
    ),
}
"""What is wrong → what that says of what happened."""

ONE_EARLIER = "entry is from before the chain; its first one covers it as it was then"
MORE_EARLIER = "entries are from before the chain; its first one covers them as they were then"


def told(report: Report, given: int | None = None) -> Iterator[str]:
    """`given`: so many anchors came from outside; None: nobody was asked for any."""
    if report.is_unbroken:
        yield _unbroken(report)
    else:
        first, *others = report.findings
        yield f"BROKEN at {_place(first)}: {first.text} ({MEANS[first.what]})"
        yield from (f"  also {_place(each)}: {each.text} ({MEANS[each.what]})" for each in others)
        if report.more:
            yield f"  and {report.more:,} more"
        yield f"{counted(report.entries, 'entry was', 'entries were')} looked at{_head(report.head)}"
    if report.earlier:
        yield counted(report.earlier, ONE_EARLIER, MORE_EARLIER)
    yield from map(_restored, report.restores)
    if report.anchors:
        outside = "" if given is None else f", {given:,} of them from outside"
        yield f"{counted(report.anchors, 'anchor was', 'anchors were')} compared{outside}"


def _unbroken(report: Report) -> str:
    if not report.entries:
        return "nothing is written in the audit yet"
    entries = counted(report.entries, "entry", "entries")
    return f"{entries}, unbroken from {report.first:,} to {report.last:,}{_head(report.head)}"


def _head(head: Head | None) -> str:
    return f"; head {head.link}, key {head.key}" if head else ""


def _place(finding: Finding) -> str:
    if finding.first is None:
        return "no place in the chain"
    is_one = finding.first == finding.last
    return f"entry {finding.first:,}" if is_one else f"entries {finding.first:,} to {finding.last:,}"


def _restored(restore: Restore) -> str:
    said = (
        f"a backup of {_at(datetime.fromisoformat(restore.taken_at))} with entries up to {restore.after:,} was restored"
        f" at {_at(restore.at)}, as entry {restore.position:,} says"
    )
    if restore.lost is None:
        return said
    return f"{said}; entries {restore.after + 1:,} to {restore.lost:,} from before that are not in this database"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
