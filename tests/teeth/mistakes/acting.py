"""Who may act: leases, epochs, the wait after a takeover."""

from tests.teeth.mistake import Mistake

CALLER = "controller/adapters/aws/caller.py"
TENURE = "controller/loop/tenure.py"
LEASES = "controller/store/leases.py"
OF_TENURE = "tests/loop/test_tenure.py"
OF_LEASES = "tests/store/test_leases.py"

MISTAKES = (
    Mistake(
        "the lease is not looked at before a call",
        CALLER,
        "        permit.check()\n",
        "",
        "tests/adapters/aws/test_tasks.py::test_without_the_lease_nothing_is_changed",
    ),
    Mistake(
        "a pass of any age may begin a call",
        TENURE,
        "self.taken_at > STOP_ACTING_SECONDS",
        "self.taken_at > STOP_ACTING_SECONDS * 10",
        f"{OF_TENURE}::test_no_call_begins_in_a_pass_that_is_too_old[sqlite]",
    ),
    Mistake(
        "the database is not asked whether the lease is still ours",
        TENURE,
        "        with self.store.fenced(self.lease):\n            pass\n",
        "",
        f"{OF_TENURE}::test_nothing_is_allowed_once_another_took_over[sqlite]",
    ),
    Mistake(
        "whoever takes over acts at once",
        TENURE,
        "QUARANTINE_SECONDS = 15",
        "QUARANTINE_SECONDS = 0",
        f"{OF_TENURE}::test_who_takes_over_waits_before_the_first_change[sqlite]",
    ),
    Mistake(
        "the wait after a takeover is over with the first rest",
        TENURE,
        "        if quiet:",
        "        if False:",
        "tests/scenarios/test_under_attack.py::test_whoever_takes_over_waits_also_when_it_rested_in_between",
    ),
    Mistake(
        "a takeover looks like a first claim",
        LEASES,
        "taken_over=before not in {None, owner}",
        "taken_over=False",
        f"{OF_LEASES}::test_a_new_owner_of_a_lease_that_ran_out_has_taken_it_over[sqlite]",
    ),
    Mistake(
        "what another holds is claimed",
        LEASES,
        "if before not in {None, owner} and left > timedelta(0):",
        "if before not in {None, owner} and left > timedelta(hours=1):",
        f"{OF_LEASES}::test_nobody_else_gets_what_is_held_and_hears_when_it_can_run_out[sqlite]",
    ),
    Mistake(
        "the epoch stays when a lease has run out",
        LEASES,
        'row["lease_epoch"] + (not is_renewed)',
        'row["lease_epoch"]',
        f"{OF_LEASES}::test_the_same_owner_gets_a_new_epoch_after_its_lease_ran_out[sqlite]",
    ),
    Mistake(
        "a lease of an older epoch is as good as the newest",
        LEASES,
        '(row["lease_owner"], row["lease_epoch"]) == (lease.owner, lease.epoch)',
        'row["lease_owner"] == lease.owner',
        f"{OF_LEASES}::test_a_lost_lease_writes_nothing[sqlite-another epoch]",
    ),
    Mistake(
        "a lease is held however long ago it ran out",
        LEASES,
        'is_theirs and row["lease_expires_at"] > self._transaction.now()',
        "is_theirs",
        f"{OF_LEASES}::test_a_lost_lease_writes_nothing[sqlite-ran out]",
    ),
    Mistake(
        "rows are written without the lease",
        "controller/store/store.py",
        "            unit.leases.lock(lease)\n",
        "",
        f"{OF_LEASES}::test_a_lost_lease_writes_nothing[sqlite-given back]",
    ),
)
