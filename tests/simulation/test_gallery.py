from __future__ import annotations

import pytest

from tests.simulation.gallery import MISTAKES, ROOT, Mistake


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.rule)
def test_a_seeded_mistake_still_fits(mistake: Mistake) -> None:
    """The gallery is worth something only while each mistake can be put back into today's code."""
    for file, old, _ in mistake.edits:
        assert 1 == (ROOT / "deployer" / file).read_text(encoding="utf-8").count(old)


def test_no_mistake_is_there_twice() -> None:
    """Twenty rules, and our own."""
    assert len(MISTAKES) == len({each.rule for each in MISTAKES})
    assert {f"R{n}" for n in range(1, 21)} <= {each.rule for each in MISTAKES}
