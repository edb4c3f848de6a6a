"""What `make bench` prints and promises."""

from benchmarks.table import Figure, Result, amount, at_most, none_of, percentile, printed


def test_a_missed_limit_is_told_in_its_line_and_fails_the_whole() -> None:
    result = Result("Webhooks", "how", (at_most("p99", 251.0, 250.0, "ms"), Figure("rate", "200/s")))
    assert not result.is_kept
    assert [line.split() for line in printed(result).splitlines() if line.startswith("p99")] == [
        ["p99", "251", "ms", "at", "most", "250", "ms", "NO"]
    ]


def test_a_figure_without_a_limit_never_fails() -> None:
    assert Result("Webhooks", "how", (Figure("rate", "1/s"), none_of("failed", 0))).is_kept


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, at) for at in (50, 95, 99, 100)] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([3.0], 50) == 3.0


def test_amounts_have_three_digits_that_mean_something() -> None:
    assert [amount(0.01234, "s"), amount(12.34, "ms"), amount(1234.5, "MB")] == ["0.0123 s", "12.3 ms", "1,234 MB"]
