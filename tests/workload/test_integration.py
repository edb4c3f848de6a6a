"""What the workload asks of the environment that it runs in, as a task of `verify`."""

import pytest


def test_an_environment_that_answers_as_it_should_passes(tree):
    with tree.started("backend") as service:
        ended = tree.run("integration", TIDEGATE_TARGET=service.url)
    assert (ended.returncode, ended.stdout.count("check passed")) == (0, 2), ended.stdout


def test_one_that_does_not_fails_and_says_which_check_and_why(tree):
    with tree.rehearse(NOT_READY=True).started("backend") as service:
        ended = tree.run("integration", TIDEGATE_TARGET=service.url)
    assert (ended.returncode, ended.stdout.count("check failed")) == (1, 1)
    assert "503" in ended.stdout


@pytest.mark.parametrize("target", ["", "captions.example.com", "file:///etc/passwd"])
def test_without_an_address_nothing_is_asked(tree, target):
    assert tree.run("integration", TIDEGATE_TARGET=target).returncode == 2
