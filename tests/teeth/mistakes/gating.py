"""Gates: what nobody asked is not open, and whoever changes one passes the old one too."""

from tests.teeth.mistake import Mistake

GATED = "tests/scenarios/test_gated.py"
OF_SOAK, OF_WINDOW = "tests/gates/test_soak.py", "tests/gates/test_window.py"

MISTAKES = (
    Mistake(
        "the live file's gates are forgotten",
        "controller/gates/base.py",
        "        return (new,) if self.live is None else (new, self.live)\n",
        "        return (new,)\n",
        f"{GATED}::test_whoever_drops_a_window_waits_for_it_once_more",
    ),
    Mistake(
        "a gate is asked without its evidence",
        "controller/gates/__init__.py",
        "        if gate.sees - has:\n",
        "        if not has and gate.sees - has:\n",
        "tests/gates/test_asked.py::test_a_gate_without_its_evidence_is_not_asked",
    ),
    Mistake(
        "what was rolled back has soaked",
        "controller/gates/soak.py",
        "    if found.turned_back:\n",
        "    if found.turned_back and found.until is None:\n",
        f"{OF_SOAK}::test_it_is_held_and_says_what_is_missing",
    ),
    Mistake(
        "a version that another one replaced goes on soaking",
        "controller/domain/soak.py",
        "        return (self.until or now) - self.since\n",
        "        return now - self.since\n",
        "tests/domain/test_soak.py::test_it_ends_when_another_version_takes_its_place",
    ),
    Mistake(
        "a freeze gives way to what is allowed",
        "controller/domain/opening.py",
        "    if frozen is not None:\n",
        "    if frozen is not None and not window.allow:\n",
        "tests/domain/test_opening.py::test_it_is_shut_and_says_until_when",
    ),
    Mistake(
        "what failed its checks takes the place of what waits",
        "controller/choose.py",
        " and one.id not in failing]\n    if sealed",
        "]\n    if sealed",
        f"{GATED}::test_a_commit_whose_checks_have_failed_takes_nobodys_place",
    ),
)
