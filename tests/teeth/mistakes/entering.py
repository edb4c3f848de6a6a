"""Who is let in, by which door, and how far."""

from tests.teeth.mistake import Mistake

VISITING = "controller/dashboard/visiting.py"
ENTRANCE = "controller/dashboard/entrance.py"
ANSWERING = "controller/dashboard/answering.py"
ORDERS = "controller/inbox/orders.py"
RIGHTS = "controller/inbox/rights.py"
ATTACKS = "tests/security/test_attacks.py"
MATRIX = "tests/security/test_matrix.py::test_whoever_comes_in_whatever_state_gets_what_was_promised_and_no_more"

MISTAKES = (
    Mistake(
        "a form needs no token of its own",
        VISITING,
        '        if not hmac.compare_digest(given.get(SECRET_FIELD, "").encode(), visitor.form.encode()):\n',
        "        if False:\n",
        f"{ATTACKS}::test_a_form_with_another_sessions_token_does_nothing",
    ),
    Mistake(
        "a form may come from anywhere",
        VISITING,
        "        self.check_origin(request)\n",
        "",
        f"{ATTACKS}::test_a_form_from_another_origin_does_nothing_even_with_the_right_token[null]",
    ),
    Mistake(
        "of two cookies of one name the last one counts",
        VISITING,
        'return given[0] if len(given) == 1 else ""',
        'return given[-1] if given else ""',
        f"{ATTACKS}::test_a_second_cookie_of_the_same_name_lets_nobody_in[1]",
    ),
    Mistake(
        "what a token allows at most is not asked before the glass is broken",
        ORDERS,
        "        if caller.most < least:\n",
        "        if False:\n",
        f"{ATTACKS}::test_a_viewers_token_breaks_no_glass",
    ),
    Mistake(
        "what a token allows at most is forgotten where it reaches everywhere",
        RIGHTS,
        "        return min(caller.most, min(found, default=Role.NOBODY))",
        "        return min(found, default=Role.NOBODY)",
        f"{MATRIX}[over]",
    ),
    Mistake(
        "whoever lost every right still reads by the API",
        "controller/api/operations.py",
        "            if not await run_in_threadpool(context.rights.may_look, request.state.caller):\n",
        "            if False:\n",
        f"{MATRIX}[over]",
    ),
    Mistake(
        "a link works again and again",
        ANSWERING,
        "            self._context.links.use(link)\n",
        "            pass\n",
        f"{ATTACKS}::test_a_link_works_once",
    ),
    Mistake(
        "a sign-in may end in a browser where it was not begun",
        ENTRANCE,
        "        if self._sign_in is None or not is_ours:\n",
        "        if self._sign_in is None:\n",
        f"{ATTACKS}::test_a_code_that_was_begun_in_another_browser_signs_nobody_in",
    ),
)
