"""From the push to the plan: deliveries, ancestry, sealing, gates; and what must not be told on the way."""

from tests.teeth.mistake import Mistake

OF_INTAKE = "tests/loop/test_intake.py"
OF_SWEEP = "tests/loop/test_sweep.py"
OF_DECIDE = "tests/test_decide.py"
OF_ROUTES = "tests/webhooks/test_routes.py"
OF_SIGNATURES = "tests/webhooks/test_signatures.py"
OF_CHECKS = "tests/adapters/github/test_commit_checks.py"
OF_CHECKS_GATE = "tests/gates/test_checks.py"
FIRST_LIGHT = "tests/scenarios/test_first_light.py"

MISTAKES = (
    Mistake(
        "a signature that is cut off is accepted",
        "webhooks/signatures.py",
        "hmac.compare_digest(_signature(secret, body), header)",
        "_signature(secret, body).startswith(header)",
        f"{OF_SIGNATURES}::test_a_malformed_header_does_not_match_and_does_not_raise",
    ),
    Mistake(
        "only the first secret is accepted",
        "webhooks/signatures.py",
        "for secret in self._secrets]",
        "for secret in self._secrets[:1]]",
        f"{OF_SIGNATURES}::test_each_of_several_secrets_is_accepted_and_its_place_is_told",
    ),
    Mistake(
        "a delivery without a signature is stored",
        "webhooks/routes.py",
        "        if number is None:\n",
        '        if number is None and "x-hub-signature-256" in request.headers:\n',
        f"{OF_ROUTES}::test_a_request_without_a_good_signature_leaves_no_row_and_causes_no_call",
    ),
    Mistake(
        "a delivery that could not be stored is answered with 202",
        "webhooks/leaving.py",
        "            raise Refused(Outcome.UNAVAILABLE, detail, retry_after_seconds=max(1, seconds)) from error\n",
        "            return Receipt.ACCEPTED\n",
        f"{OF_ROUTES}::test_a_delivery_that_cannot_be_stored_is_503_and_may_come_again",
    ),
    Mistake(
        "a duplicate is accepted twice",
        "controller/store/deliveries.py",
        "Receipt.ACCEPTED if is_new else Receipt.DUPLICATE",
        "Receipt.ACCEPTED",
        "tests/store/test_deliveries.py::test_a_second_delivery_with_the_same_id_changes_nothing[sqlite]",
    ),
    Mistake(
        "the loop is woken before the delivery is stored",
        "controller/inbox/deliveries.py",
        "        with self.store.write() as unit:\n            receipt",
        "        self.wake()\n        with self.store.write() as unit:\n            receipt",
        "tests/inbox/test_deliveries.py::test_the_loop_is_woken_after_the_delivery_is_stored",
    ),
    Mistake(
        "a delivery is settled without the look that it asks for",
        "controller/loop/intake.py",
        "            unit.environments.request_look(asked, hinted)\n",
        "",
        f"{OF_INTAKE}::test_every_environment_of_that_branch_is_asked_to_look[sqlite]",
    ),
    Mistake(
        "a delivery is settled in a transaction of its own",
        "controller/loop/intake.py",
        "            unit.environments.request_look(asked, hinted)\n",
        "        with store.write() as unit:\n            unit.environments.request_look(asked, hinted)\n",
        f"{OF_INTAKE}::test_a_delivery_is_not_settled_before_the_look_that_it_asks_for_is_written[sqlite]",
    ),
    Mistake(
        "a look that is asked for during a look is lost",
        "controller/loop/heads.py",
        "seen = replace(environment, head_seen=environment.head_requested).unseen()\n    head",
        "seen = replace(environment, head_seen=environment.head_requested + 1).unseen()\n    head",
        "tests/loop/test_heads.py::test_a_look_answers_as_many_requests_as_there_were_when_it_began",
    ),
    Mistake(
        "a lost webhook is never found",
        "controller/loop/sweep.py",
        "        if wanted:\n",
        "        if wanted and now < 0:\n",
        f"{OF_SWEEP}::test_only_the_environment_whose_branch_has_moved_is_asked_to_look[sqlite]",
    ),
    Mistake(
        "a lost wake-up is never found",
        "controller/loop/sweep.py",
        "timedelta(0) if standing.is_asked else ",
        "",
        f"{OF_SWEEP}::test_an_unanswered_order_is_found_whatever_the_timer_says[sqlite]",
    ),
    Mistake(
        "ancestry is ignored",
        "controller/loop/heads.py",
        "        if not comparison.descends:\n",
        "        if comparison.identical:\n",
        f"{FIRST_LIGHT}::test_a_rewritten_history_waits_for_a_person",
    ),
    Mistake(
        "an older commit goes after a newer one",
        "controller/choose.py",
        "        if older.number < newest.number:\n",
        "        if older.number > newest.number:\n",
        "tests/test_choose.py::test_the_newest_sealed_one_goes_and_supersedes_the_older_ones",
    ),
    Mistake(
        "a file for another branch is deployed",
        "controller/loop/heads.py",
        "    check_belongs(file, binding, path, text)\n",
        "",
        f"{FIRST_LIGHT}::test_a_file_for_another_branch_is_refused",
    ),
    Mistake(
        "what is sealed follows its tag",
        "controller/loop/observe.py",
        'found[name] = f"{image.repository}@{digest}"',
        'found[name] = f"{image.repository}:{tag}"',
        f"{FIRST_LIGHT}::test_a_tag_that_moves_after_sealing_changes_nothing",
    ),
    Mistake(
        "the database seals a revision twice",
        "controller/store/revisions.py",
        "                col(RevisionRow.images).is_(None),\n",
        "",
        "tests/store/test_revisions.py::test_a_sealed_revision_is_never_sealed_again[sqlite]",
    ),
    Mistake(
        "the plan's digest does not know what is to run",
        "controller/plan/digests.py",
        '"to": {entry.service: entry.content.canonical() for entry in rolling}',
        '"to": sorted(entry.service for entry in rolling)',
        "tests/test_plan.py::test_the_digest_changes_with_everything_that_will_be_done",
    ),
    Mistake(
        "the plan's digest knows how many tasks are live",
        "controller/plan/digests.py",
        '            "counts": counts,\n',
        '            "counts": {entry.service: entry.count for entry in rolling},\n',
        "tests/test_plan.py::test_the_digest_does_not_know_how_far_a_service_has_scaled",
    ),
    Mistake(
        "a service may lose its route in place",
        "controller/gates/not_built.py",
        "    if not asked:\n",
        "    if not asked or case.plan is None:\n",
        f"{OF_DECIDE}::test_what_this_version_cannot_do_holds",
    ),
    Mistake(
        "an error repeats the secret of a smoke test",
        "controller/adapters/aws/caller.py",
        "raise from_answer(error, attempted, hidden) from error",
        "raise from_answer(error, attempted) from error",
        "tests/adapters/aws/test_caller.py::test_what_is_hidden_is_not_in_the_error_though_aws_repeats_it",
    ),
    Mistake(
        "a secret prints as it is",
        "controller/domain/secret.py",
        'return "[redacted]"',
        "return self.text",
        "tests/domain/test_secret.py::test_no_way_of_printing_it_shows_it",
    ),
    Mistake(
        "the audit says which header opens the idle slot",
        "controller/loop/record.py",
        "purpose, _facts(action))]\n",
        'purpose, {**_facts(action), "header": deployment.secret.text})]\n',
        "tests/scenarios/test_ordered.py::test_promote_ends_a_bake_and_no_other",
    ),
    Mistake(
        "an API token that only begins right is accepted",
        "controller/inbox/doorkeeper.py",
        "hmac.compare_digest(given, self.root.reveal().encode())",
        "self.root.reveal().encode().startswith(given)",
        "tests/inbox/test_doorkeeper.py::test_a_wrong_token_lets_nobody_in",
    ),
    Mistake(
        "what is live can't be read, because new files are asked for more",
        "controller/domain/manifest/read.py",
        "EnvironmentFile, lambda _: (), _STAND_INS)\n",
        "EnvironmentFile, findings_in, _STAND_INS)\n",
        "tests/domain/test_manifest.py::test_what_was_taken_once_stays_readable_when_new_files_are_asked_for_more",
    ),
    Mistake(
        "what GitHub may come to say of a check has passed",
        "controller/adapters/github/commit_checks.py",
        "meanings.get(said, CheckState.PENDING)",
        "meanings.get(said, CheckState.PASSED)",
        f"{OF_CHECKS}::test_a_conclusion_is",
    ),
    Mistake(
        "a check that runs once more is what it came to before",
        "controller/adapters/github/commit_checks.py",
        'if status == "completed" else status',
        'if shown["conclusion"] else status',
        f"{OF_CHECKS}::test_what_a_run_came_to_before_does_not_count_while_it_runs",
    ),
    Mistake(
        "an app hides what another one's check of that name says",
        "controller/adapters/github/commit_checks.py",
        "latest.setdefault((each.check.name, each.app), each)",
        "latest.setdefault((each.check.name, None), each)",
        f"{OF_CHECKS}::test_two_apps_with_a_check_of_one_name_both_count",
    ),
    Mistake(
        "only the first page of checks is read",
        "controller/adapters/github/pages.py",
        "            following = page.following\n",
        "            following = None\n",
        f"{OF_CHECKS}::test_every_page_of_runs_and_statuses_is_read",
    ),
    Mistake(
        "a check that nobody has begun holds nothing",
        "controller/gates/checks.py",
        "if found.pending or found.missing:",
        "if found.pending:",
        f"{OF_CHECKS_GATE}::test_what_has_not_passed_yet_holds",
    ),
    Mistake(
        "a commit takes away the checks that it would have to pass",
        "controller/gates/base.py",
        "(new,) if self.live is None else (new, self.live)",
        "(new,)",
        f"{OF_CHECKS_GATE}::test_what_either_file_requires_is_required",
    ),
)
