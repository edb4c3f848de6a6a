"""Nothing starts with an image in which a scan found what a file blocks, or which no scan has looked at."""

from dataclasses import replace

import pytest

from controller.domain.deployment import RESTART_ORDERED
from controller.domain.environment import Environment
from controller.domain.reason import Reason
from controller.domain.scans import Scan, ScanState
from controller.domain.snapshot import Resolved
from controller.domain.verdict import Answer, Verdict
from controller.gates.base import Case
from controller.gates.image_scan import is_asked, judge
from tests.support.builders import (
    FILE,
    NEW_IMAGE,
    NOON,
    OLD_IMAGE,
    a_binding,
    a_deployment,
    a_file,
    a_plan,
    a_revision,
    a_slot,
    a_snapshot,
    a_view,
)

CRITICAL = "gates: {image_scan: {block: [CRITICAL]}}\n" + FILE
BOTH = "gates: {image_scan: {block: [CRITICAL, HIGH]}}\n" + FILE
HIGH = "gates: {image_scan: {block: [HIGH]}}\n" + FILE
BACKEND, FRONTEND = f"captioncraft-backend@{NEW_IMAGE}", f"captioncraft-frontend@{NEW_IMAGE}"
CLEAN = Scan(ScanState.DONE, "COMPLETE", {"LOW": 7}, ("LOW CVE-1",))


def a_case(text: str = CRITICAL, backend: Scan = CLEAN, frontend: Scan = CLEAN, **changes: object) -> Case:
    deployment = a_deployment(revision=a_revision(text=text))
    case = Case(deployment, Environment("dev"), a_binding(), None, Resolved(), a_plan(deployment.revision))
    return replace(case, **{"scans": {BACKEND: backend, FRONTEND: frontend}, **changes})


def answered(case: Case) -> tuple[Answer, str]:
    verdict = judge(case, NOON)
    return verdict.answer, verdict.reason.code


def held(case: Case) -> Verdict:
    verdict = judge(case, NOON)
    assert verdict.answer is Answer.HELD
    return verdict


def test_images_without_a_blocked_finding_pass() -> None:
    verdict = judge(a_case(), NOON)
    assert (verdict.answer, verdict.reason) == (
        Answer.OPEN,
        Reason("scan.clean", "no CRITICAL finding in 2 images"),
    )


def test_what_no_file_asks_for_is_not_looked_at() -> None:
    assert answered(a_case(FILE, scans=Reason("aws.denied", "denied"))) == (Answer.OPEN, "scan.not_asked")


def test_a_blocked_finding_names_service_number_and_worst() -> None:
    bad = Scan(
        ScanState.DONE, "COMPLETE", {"CRITICAL": 2, "HIGH": 9}, ("CRITICAL CVE-2", "CRITICAL CVE-3", "HIGH CVE-4")
    )
    reason = held(a_case(backend=bad)).reason
    assert reason == Reason(
        "scan.blocked",
        "ECR's scan found 2 CRITICAL in backend (CRITICAL CVE-2, CRITICAL CVE-3, HIGH CVE-4); "
        "push a commit whose images have none",
    )


@pytest.mark.parametrize(("text", "code"), [(CRITICAL, "scan.clean"), (HIGH, "scan.blocked"), (BOTH, "scan.blocked")])
def test_only_the_severities_of_the_files_block(text: str, code: str) -> None:
    bad = Scan(ScanState.DONE, "COMPLETE", {"HIGH": 1})
    assert answered(a_case(text, frontend=bad))[1] == code


def test_severities_of_the_live_file_block_what_drops_them() -> None:
    bad = Scan(ScanState.DONE, "ACTIVE", {"HIGH": 1, "CRITICAL": 1}, ("CRITICAL CVE-2",))
    for text in (FILE, CRITICAL):
        reason = held(a_case(text, backend=bad, live=a_file(BOTH))).reason
        assert reason.code == "scan.blocked" and "1 HIGH" in reason.text
        assert "HIGH); push a commit" in reason.text and "the file that is live blocks" in reason.text
    assert "the file that is live" not in held(a_case(BOTH, backend=bad, live=a_file(BOTH))).reason.text


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ScanState.FAILED, "scan.failed"),
        (ScanState.UNSUPPORTED, "scan.unsupported"),
        (ScanState.PENDING, "scan.pending"),
    ],
)
def test_an_image_without_findings_to_judge_by_holds_in_ecrs_words(state: ScanState, code: str) -> None:
    reason = held(a_case(frontend=Scan(state, "SAID: so; do this"))).reason
    assert reason.code == code and "frontend (SAID: so; do this)" in reason.text


def test_what_a_scan_found_before_it_failed_or_ended_opens_nothing() -> None:
    for state in (ScanState.FAILED, ScanState.UNSUPPORTED, ScanState.PENDING):
        assert held(a_case(backend=replace(CLEAN, state=state)))


def test_what_needs_a_person_is_said_before_what_is_only_waited_for() -> None:
    bad = Scan(ScanState.DONE, "COMPLETE", {"CRITICAL": 1})
    pending, failed = Scan(ScanState.PENDING, "PENDING"), Scan(ScanState.FAILED, "FAILED")
    assert held(a_case(backend=pending, frontend=bad)).reason.code == "scan.blocked"
    assert held(a_case(backend=failed, frontend=bad)).reason.code == "scan.blocked"
    assert held(a_case(backend=pending, frontend=failed)).reason.code == "scan.failed"


def test_scans_that_can_not_be_read_are_unknown_and_never_open() -> None:
    why = Reason("scan.unknown", "the scan can't be read: ecr DescribeImageScanFindings: denied")
    image = (a_revision().images or {})["backend"]
    verdict = judge(a_case(scans={image: why}), NOON)
    assert verdict.answer is Answer.UNKNOWN and not verdict.is_open
    assert verdict.reason == why


def test_an_image_that_nobody_has_asked_about_is_unknown() -> None:
    assert answered(a_case(scans={BACKEND: CLEAN})) == (Answer.UNKNOWN, "scan.unknown")
    assert answered(a_case(scans={})) == (Answer.UNKNOWN, "scan.unknown")


def test_an_image_that_is_live_and_does_not_roll_blocks_nothing() -> None:
    """What it has is there already, and a mended backend would wait for it."""
    bad = Scan(ScanState.DONE, "ACTIVE", {"CRITICAL": 1})
    revision = a_revision(text=CRITICAL)
    unchanged = a_view("frontend", blue=a_slot("frontend", NEW_IMAGE))
    picture = a_snapshot({"backend": a_view("backend", blue=a_slot("backend", OLD_IMAGE)), "frontend": unchanged})
    case = a_case(frontend=bad, plan=a_plan(revision, picture))
    assert judge(case, NOON).reason == Reason("scan.clean", "no CRITICAL finding in 1 image")


def test_a_restart_of_what_is_live_brings_no_image() -> None:
    bad = Scan(ScanState.DONE, "ACTIVE", {"CRITICAL": 1})
    case = a_case(backend=bad)
    assert is_asked(case) and answered(case)[1] == "scan.blocked"
    ordered = Reason(RESTART_ORDERED, "ada restarted it")
    restart = replace(case.deployment, restart=True, because_of=ordered)
    assert not is_asked(replace(case, deployment=restart))
