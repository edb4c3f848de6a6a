"""People who let something start: who counts, for which plan, and until when."""

from tests.teeth.mistake import Mistake

APPROVAL = "controller/domain/approval.py"
ELECTORATE = "controller/domain/electorate.py"
GATE = "controller/gates/approval.py"
OF_APPROVAL, OF_ELECTORATE = "tests/domain/test_approval.py", "tests/domain/test_electorate.py"
OF_GATE, OF_STARTING = "tests/gates/test_approval.py", "tests/test_starting.py"
APPROVED = "tests/scenarios/test_approved.py"

MISTAKES = (
    Mistake(
        "approvals of another plan count",
        APPROVAL,
        "if vote.digest == self.digest and not vote.breaks_glass)",
        "if not vote.breaks_glass)",
        f"{OF_APPROVAL}::test_approvals_of_another_plan_count_for_nothing",
    ),
    Mistake(
        "broken glass is an approval as well",
        APPROVAL,
        "if vote.digest == self.digest and not vote.breaks_glass)",
        "if vote.digest == self.digest)",
        f"{OF_APPROVAL}::test_broken_glass_is_no_approval",
    ),
    Mistake(
        "whoever approves through two doors counts twice",
        APPROVAL,
        "return len(self.given) >= self.asked.count",
        "return len(self.given) * len(Via) >= self.asked.count",
        f"{OF_APPROVAL}::test_a_person_counts_once_through_however_many_doors",
    ),
    Mistake(
        "an approval holds for ever",
        APPROVAL,
        "holds = {vote.by.id for vote in self.approvals if electorate.seen_at < vote.at + asked.expires}",
        "holds = {vote.by.id for vote in self.approvals}",
        f"{OF_APPROVAL}::test_an_approval_holds_until_it_expires",
    ),
    Mistake(
        "one person alone breaks the glass",
        APPROVAL,
        "len(self.broken_by(now)) >= self.glass.count",
        "bool(self.broken_by(now))",
        f"{APPROVED}::test_two_who_may_break_the_glass_which_is_loud[True]",
    ),
    Mistake(
        "whoever has the login may break the glass",
        APPROVAL,
        "any(one.id == person.id for one in self.people)",
        "any(one.login == person.login for one in self.people)",
        f"{OF_APPROVAL}::test_the_glass_breaks_by_enough_of_its_own_people",
    ),
    Mistake(
        "an answer is about whatever waits",
        APPROVAL,
        "    if digest != ballot.digest:\n",
        "    if digest is None:\n",
        "tests/test_answered.py::test_an_answer_about_another_plan_is_refused_with_what_waits",
    ),
    Mistake(
        "whoever merged it may approve it",
        ELECTORATE,
        '            ("merged it", self.movers.mergers),\n',
        "",
        f"{OF_ELECTORATE}::test_whoever_made_it_is_left_out",
    ),
    Mistake(
        "whoever ordered it may approve it",
        ELECTORATE,
        '            ("ordered it", (requester,) if requester else ()),\n',
        "",
        f"{APPROVED}::test_a_restart_is_asked_about_and_not_of_who_ordered_it",
    ),
    Mistake(
        "people are known by their logins",
        ELECTORATE,
        "return next((person for person in self.approvers if person.id == number), None)",
        "return next((person for person in self.approvers if person.id == number or person.login), None)",
        f"{OF_ELECTORATE}::test_a_login_that_somebody_else_took_over_lets_nobody_in",
    ),
    Mistake(
        "the operator's minimum asks nobody",
        ELECTORATE,
        "    if minimum.approval is not None:\n",
        "    if minimum.approval is not None and found:\n",
        f"{APPROVED}::test_the_operators_minimum_asks_where_no_file_does",
    ),
    Mistake(
        "people who can't be looked up have approved",
        GATE,
        "        return unknown(ballot.electorate)\n",
        '        return opened("approval.given", ballot.electorate.text)\n',
        f"{OF_GATE}::test_who_can_not_be_told_is_unknown_however_many_have_approved",
    ),
    Mistake(
        "people are asked for ever",
        GATE,
        "    if seen_at >= until:\n",
        "    if seen_at > until + ballot.expires_after * 100:\n",
        f"{OF_GATE}::test_it_expires_when_its_time_is_over_and_says_what_was_missing",
    ),
    Mistake(
        "time runs by the controller's clock",
        GATE,
        "    if seen_at >= until:\n",
        "    if now >= until:\n",
        f"{OF_GATE}::test_the_time_is_the_databases",
    ),
    Mistake(
        "what was answered outlives its plan",
        "controller/starting.py",
        "votes = tuple(vote for vote in deployment.votes if vote.digest == plan.digest)",
        "votes = deployment.votes",
        f"{OF_STARTING}::test_another_plan_voids_what_was_answered_and_asks_anew",
    ),
    Mistake(
        "nobody hears a no that comes before the start",
        "controller/loop/record.py",
        "            _hear_first(unit, before)\n",
        "",
        f"{APPROVED}::test_a_no_between_the_look_and_the_start_is_heard_first",
    ),
    Mistake(
        "a no is forgotten while GitHub is away",
        "controller/obey.py",
        "    if ruling.is_open:\n        return None\n",
        "",
        f"{APPROVED}::test_a_no_that_waits_for_github_is_not_forgotten",
    ),
    Mistake(
        "whoever has any role may approve",
        "controller/polls.py",
        "if role >= Role.APPROVER)",
        "if role >= Role.VIEWER)",
        "tests/test_polls.py::test_a_right_that_is_lost_is_lost_at_once",
    ),
    Mistake(
        "a role is not asked for at the door",
        "controller/inbox/rights.py",
        "        if found < least:\n",
        "        if found < min(least, Role.VIEWER):\n",
        "tests/inbox/test_rights.py::test_every_order_takes_its_role",
    ),
    Mistake(
        "a person's token may more than the person",
        "controller/inbox/rights.py",
        "return min(caller.most, max(found, default=Role.NOBODY))",
        "return max(caller.most, max(found, default=Role.NOBODY))",
        "tests/inbox/test_rights.py::test_a_role_is_what_github_and_the_way_in_allow",
    ),
    Mistake(
        "a session that nobody uses stays",
        "controller/inbox/doorkeeper.py",
        " or found.seen_at + IDLE <= now:",
        ":",
        "tests/inbox/test_doorkeeper.py::test_a_session_that_nobody_uses_ends",
    ),
    Mistake(
        "a revoked token goes on",
        "controller/inbox/doorkeeper.py",
        "return token.revoked_at is None and (",
        "return True and (",
        "tests/inbox/test_doorkeeper.py::test_a_token_holds_until_it_is_revoked_once",
    ),
    Mistake(
        "a push by force names nobody",
        "controller/adapters/github/directory.py",
        'frozenset({"push", "force_push", "branch_creation"})',
        'frozenset({"push", "branch_creation"})',
        "tests/adapters/github/test_directory.py::test_every_way_to_move_a_branch_counts",
    ),
)
