"""Scans of images: what is not known to be clean is not clean."""

from tests.teeth.mistake import Mistake

GATE = "controller/gates/image_scan.py"
WIRE = "controller/adapters/aws/wire/scans.py"
OF_GATE = "tests/gates/test_image_scan.py"
OF_WIRE = "tests/adapters/aws/test_wire_scans.py"

MISTAKES = (
    Mistake(
        "a word of ECR's that nobody knows is a clean scan",
        WIRE,
        "STATES.get(kind, ScanState.FAILED)",
        "STATES.get(kind, ScanState.DONE)",
        f"{OF_WIRE}::test_what_can_not_be_told_says_why_and_what_to_do",
    ),
    Mistake(
        "a scan that calls itself over is taken at its word",
        WIRE,
        "not (counts or is_over)",
        "not status",
        f"{OF_WIRE}::test_a_scan_that_calls_itself_over_and_has_nothing_to_show_is_not_clean",
    ),
    Mistake(
        "a scan is waited for where nothing scans",
        WIRE,
        "return Scan(ScanState.UNSUPPORTED,",
        "return Scan(ScanState.PENDING,",
        "tests/adapters/aws/test_images.py::test_a_repository_that_nothing_scans_is_not_waited_for",
    ),
    Mistake(
        "a file loosens its own gate",
        GATE,
        "for file in case.files for",
        "for file in case.files[:1] for",
        f"{OF_GATE}::test_severities_of_the_live_file_block_what_drops_them",
    ),
    Mistake(
        "a scan that can't be read is no hindrance",
        GATE,
        "            return unknown(found)\n",
        "            return opened(found.code, found.text)\n",
        f"{OF_GATE}::test_scans_that_can_not_be_read_are_unknown_and_never_open",
    ),
)
