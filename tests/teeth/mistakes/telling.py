"""What people are told: once, as text, and nothing that waits for whoever is told."""

from tests.teeth.mistake import Mistake

OF_NOTIFIER = "tests/notifiers/test_slack.py"
OF_BLOCKS = "tests/adapters/slack/test_blocks.py"

MISTAKES = (
    Mistake(
        "a message is posted without looking whether it stands there already",
        "controller/notifiers/slack.py",
        "            found = self._chat.find(channel, telling.subject, told.since)\n",
        "            found = None\n",
        f"{OF_NOTIFIER}::test_an_answer_that_was_lost_makes_no_second_message",
    ),
    Mistake(
        "a message begins before there is anything to tell",
        "controller/notifiers/slack.py",
        "        if known is None and not telling.begins:\n            return None\n",
        "",
        f"{OF_NOTIFIER}::test_as_long_as_there_is_nothing_to_tell_nothing_is_said",
    ),
    Mistake(
        "what a notification shows is not escaped",
        "controller/adapters/slack/blocks.py",
        'shortened(escaped(f"{telling.title}: {telling.state}"), LONGEST_TEXT)',
        'shortened(f"{telling.title}: {telling.state}", LONGEST_TEXT)',
        f"{OF_BLOCKS}::test_nobody_is_called_by_what_somebody_wrote",
    ),
    Mistake(
        "a page that stands in Slack's way is taken for a refusal",
        "controller/adapters/slack/client.py",
        '        code = word if WORD.fullmatch(word) else ""',
        "        code = word",
        "tests/adapters/slack/test_client.py::test_what_passes_by_itself_comes_again[a portal-post]",
    ),
    Mistake(
        "what is signed leaves the time out",
        "controller/adapters/webhook.py",
        'f"{name}.{stamp}.".encode() + body',
        'f"{name}.".encode() + body',
        "tests/adapters/test_outgoing.py::test_the_specification_s_own_example_is_signed_as_it_says",
    ),
    Mistake(
        "a pager is told of what is over as if it were so",
        "controller/notifiers/pager.py",
        "        if alert is not None:\n            self._pager.trigger(alert)\n        else:\n"
        "            self._pager.resolve(self._alerts.name(environment))\n",
        "        if alert is not None:\n            self._pager.trigger(alert)\n",
        "tests/notifiers/test_pager.py::test_somebody_is_called_once_and_told_when_it_is_over",
    ),
)
