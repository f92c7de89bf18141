from __future__ import annotations

from collections import Counter

from deployer.testing.simulation.__main__ import main
from deployer.testing.simulation.compare import compare, table
from deployer.testing.simulation.naive import SCRIPTS
from deployer.testing.simulation.play import Outcome
from deployer.testing.simulation.report import Report, again


def outcome(seed: int = 7, *broken: str, needless: bool = False) -> Outcome:
    return Outcome(seed, "shipped", broken, needless, frozenset({"EMPTY_PS"}), Counter(I1=2))


def test_a_failing_seed_comes_with_the_line_that_plays_it_again() -> None:
    """Seed and commit: all that it takes."""
    told = again(outcome(7, "I1: shipped, and it is not"))

    assert "seed 7 at " in told
    assert "I1: shipped, and it is not" in told
    assert "make simulate SEEDS=1 BASE=7" in told


def test_what_fired_and_what_was_held_are_counted() -> None:
    """By seeds in which a fault met somebody, and by times that an invariant was put to the test."""
    report = Report()
    report.add(outcome())
    report.add(outcome(8, needless=True))

    assert ({"EMPTY_PS": 2}, {"I1": 4}) == (report.fired, report.exercised)
    assert not report.is_clean
    assert "broken invariants: 0 of 2 (95 % bound 3/2)" in str(report)
    assert "taken back needlessly: 1 of 2\n" in str(report)


def test_the_status_tells(capsys: object) -> None:
    """0 where nothing is broken."""
    assert 0 == main(["--seeds", "3", "--jobs", "1"])


def test_all_policies_play_the_same_worlds() -> None:
    """Each of them is scored, none by itself."""
    scores = [compare(seed) for seed in range(12)]

    assert {"deployer", *SCRIPTS} == set(scores[0])
    assert compare(3) == scores[3]
    assert sum(sum(each["deployer"][column] for each in scores) for column in ("false", "needless")) == 0


def test_the_table_names_the_bound() -> None:
    """A nought without it claims more than was measured."""
    assert "| deployer | 0 |" in table({"deployer": Counter()}, 100)
    assert "0 of 100 has a 95 % bound of 3/100." in table({"deployer": Counter()}, 100)
