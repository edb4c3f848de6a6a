"""A little of `make kills`: real SIGKILLs of a real controller while users ask, judged by what AWS and the rows say."""

import signal
from pathlib import Path

from benchmarks.kills.run import judged
from benchmarks.kills.stage import Wanted, a_stage

SEED = 20261121
PATIENCE_SECONDS = 60.0


def test_a_controller_killed_again_and_again_amid_a_shift_breaks_nothing(tmp_path: Path) -> None:
    """Right after half of the traffic moved and before the answer came, and twice more before it may act again."""
    with a_stage(Wanted(tmp_path / "kills", SEED, {"dev": "rolling"}, visits=30)) as stage:
        striker, [seat], [team] = stage.striker(), stage.seats, stage.teams
        team.stories = {"good": 1}
        stage.begin()
        first = striker.at_call(signal.SIGKILL, seat, "ModifyRule", "after", seconds=PATIENCE_SECONDS)
        assert first is not None, "no traffic was ever moved"
        striker.start_again(first)
        for how in ("before it may act", "before it may act, again"):
            striker.start_again(striker.now(signal.SIGKILL, seat, how))
        stage.end()
        outcome = judged(stage, striker)
    print(f"seed {SEED}; {len(outcome.calls)} changing calls, {outcome.seconds:.1f} s; {team.told}")
    assert outcome.violations == []
    assert [(hit.phase, hit.step) for hit in first.hits] == [("running", "shift")]
    assert [told.phase for told in team.told] == ["succeeded", "succeeded"]
    assert len(outcome.launches) == 4
    assert outcome.reports["dev"].failed == 0, outcome.reports["dev"]
