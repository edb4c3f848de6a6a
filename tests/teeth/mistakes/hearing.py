"""From AWS's event to a wake-up: who is believed, what is fetched, and what is deleted when."""

from tests.teeth.mistake import Mistake

OF_DOOR = "tests/webhooks/test_aws_routes.py"
OF_QUEUE = "tests/webhooks/test_queue.py"
OF_INTAKE = "tests/loop/test_intake.py"

MISTAKES = (
    Mistake(
        "a good signature of anybody's topic is enough",
        "webhooks/topic_signatures.py",
        "        if envelope.topic not in self._topics:\n",
        "        if not self._topics:\n",
        f"{OF_DOOR}::test_a_forged_message_is_401_and_leaves_no_row[another topic]",
    ),
    Mistake(
        "the age of a message does not matter",
        "webhooks/topic_signatures.py",
        "        check_age(envelope, self._clock.now())\n",
        "",
        f"{OF_DOOR}::test_a_forged_message_is_401_and_leaves_no_row[an hour and ten minutes old]",
    ),
    Mistake(
        "version 1 of the signature is accepted as a text",
        "webhooks/sns.py",
        'if given.get("SignatureVersion") != "2":',
        'if given.get("SignatureVersion") not in ("1", "2", 2):',
        f"{OF_DOOR}::test_a_forged_message_is_401_and_leaves_no_row[version 2 as a number]",
    ),
    Mistake(
        "a host that begins like AWS's is AWS's",
        "webhooks/sns.py",
        "if partition == 'aws-cn' else ''}/\"",
        "if partition == 'aws-cn' else ''}\"",
        f"{OF_DOOR}::test_a_certificate_that_is_not_at_awss_own_address_is_never_fetched"
        "[https://sns.eu-west-1.amazonaws.com.cn.attacker.io/a.pem]",
    ),
    Mistake(
        "the subject is left out of what is signed",
        "webhooks/sns.py",
        'if name != "Subject" or given.get(name) is not None]',
        'if name != "Subject"]',
        f"{OF_DOOR}::test_a_signed_alarm_is_stored_and_answered_202",
    ),
    Mistake(
        "a certificate is remembered before it has signed anything",
        "webhooks/topic_signatures.py",
        "        key.check(envelope, self._clock.now())\n        if len(self._keys) >= MOST_KEYS:\n",
        "        if len(self._keys) >= MOST_KEYS:\n",
        f"{OF_DOOR}::test_a_forged_message_is_401_and_leaves_no_row[a signature of another key]",
    ),
    Mistake(
        "certificates are fetched as often as somebody wants",
        "webhooks/topic_signatures.py",
        "now - self._fetched_at < FETCH_EVERY_SECONDS:",
        "now < self._fetched_at:",
        f"{OF_DOOR}::test_however_many_addresses_are_made_up_one_is_fetched_in_a_while",
    ),
    Mistake(
        "a certificate that has run out goes on signing",
        "webhooks/sns.py",
        "        if not self.since <= now <= self.until:\n",
        "        if now < self.since:\n",
        f"{OF_DOOR}::test_a_remembered_certificate_that_has_run_out_signs_nothing",
    ),
    Mistake(
        "a subscription is confirmed wherever it says",
        "webhooks/sns.py",
        "    asked = parse_qs(address",
        '    if address is None:\n        return str(given.get("SubscribeURL"))\n    asked = parse_qs(address',
        f"{OF_DOOR}::test_only_awss_own_address_for_this_topic_is_ever_asked_for"
        "[http://169.254.169.254/latest/meta-data/]",
    ),
    Mistake(
        "a redirect is followed",
        "controller/adapters/aws/topics.py",
        "follow_redirects=False",
        "follow_redirects=True",
        "tests/adapters/aws/test_topics.py::test_nothing_but_200_is_an_answer_and_no_redirect_is_followed[302]",
    ),
    Mistake(
        "a message is deleted that could not be stored",
        "webhooks/queue.py",
        "            self._count(Outcome.UNAVAILABLE)\n            raise\n",
        "            self._count(Outcome.UNAVAILABLE)\n            return True\n",
        f"{OF_QUEUE}::test_what_cannot_be_stored_stays_and_what_was_stored_before_it_is_deleted[error0]",
    ),
    Mistake(
        "one broken message ends the reading",
        "webhooks/queue.py",
        '            log.exception("message broke", message=message.id)\n            return False\n',
        "            raise\n",
        f"{OF_QUEUE}::test_a_message_that_breaks_us_stays_and_holds_up_nobody",
    ),
    Mistake(
        "an event of another account wakes",
        "controller/loop/intake.py",
        "(place.account, place.region) == (arn.account, arn.region)",
        "place.region == arn.region",
        f"{OF_INTAKE}::test_an_event_of_another_place_wakes_nobody"
        "[sqlite-arn:aws:cloudwatch:eu-west-1:210987654321:alarm:captioncraft-dev-5xx]",
    ),
    Mistake(
        "an event of AWS's asks GitHub for the head",
        "controller/loop/intake.py",
        "                if delivery.source == AWS:\n                    hinted.update(names)\n",
        "                if delivery.source == AWS:\n                    asked.extend(names)\n",
        f"{OF_INTAKE}::"
        "test_an_alarm_wakes_what_moves_in_its_account_and_region_at_once_and_asks_nothing_of_github[sqlite]",
    ),
)
