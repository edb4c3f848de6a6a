"""Every payload that GitHub publishes, from each kind of server, through the whole door."""

from controller.domain.delivery import LOOKS
from tests.webhooks import samples
from tests.webhooks.door import Door


def test_every_sample_is_taken() -> None:
    taken, refused = 0, []
    for sample in samples.every():
        answer = Door().deliver(sample.event, sample.payload)
        if answer.status_code == 202:
            taken += 1
        else:
            refused.append((sample.server, sample.event, answer.text))
    assert refused == []
    assert taken > 700


def test_every_sample_push_says_where_to_look() -> None:
    for sample in samples.every():
        if sample.event == "push":
            door = Door()
            door.deliver("push", sample.payload)
            row = door.inbox.row
            assert (row.repository, row.ref) == (sample.payload["repository"]["full_name"], sample.payload["ref"])
            assert row.commit == (None if sample.payload["deleted"] else sample.payload["after"])


def test_every_sample_check_says_its_commit() -> None:
    checks = [
        sample
        for sample in samples.every()
        if sample.event in LOOKS & {"check_run", "check_suite", "status", "workflow_run"}
    ]
    assert {sample.event for sample in checks} == {"check_run", "check_suite", "status", "workflow_run"}
    for sample in checks:
        door = Door()
        door.deliver(sample.event, sample.payload)
        assert door.inbox.row.commit is not None


def test_every_sample_is_refused_under_a_wrong_secret() -> None:
    for sample in samples.every():
        door = Door()
        assert door.deliver(sample.event, sample.payload, secret=b"wrong").status_code == 401
        assert door.inbox.calls == 0
