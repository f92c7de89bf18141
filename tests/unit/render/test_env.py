from __future__ import annotations

import json

from deployer.core.environment import EnvDiff
from deployer.core.names import ReleaseId
from deployer.engine.env import EnvChange, EnvSeen
from deployer.render.env import change_json, change_text, env_json, env_text

SEEN = EnvSeen(
    ReleaseId("ROLD"), ReleaseId("RNEW"), ("A", "B", "C"), EnvDiff(added=("A",), changed=("B",), removed=("D",))
)


def test_a_key_a_line_with_what_is_staged() -> None:
    """Marked as a person reads a difference."""
    assert ["env of RNEW, 3 keys of it not promoted", "+ A", "~ B", "  C", "- D"] == env_text(SEEN).splitlines()


def test_an_env_that_serves() -> None:
    """Nothing is staged."""
    assert "env of RNEW\n  A" == env_text(EnvSeen(ReleaseId("RNEW"), ReleaseId("RNEW"), ("A",), EnvDiff()))


def test_a_change() -> None:
    """By key, or that there is none."""
    assert "+ A  (2 unchanged)" == change_text(EnvChange(EnvDiff(added=("A",), unchanged=2)))
    theirs = EnvChange(EnvDiff(removed=("A",)), ReleaseId("RNEW"), EnvDiff(added=("B",)))
    assert "- A  (0 unchanged)\nand in it, by somebody else meanwhile: + B" == change_text(theirs)
    assert "nothing to change (2 keys)" == change_text(EnvChange(EnvDiff(unchanged=2)))


def test_for_a_machine() -> None:
    """One object."""
    assert ["A", "B", "C"] == json.loads(env_json(SEEN))["keys"]
    assert "RNEW" == json.loads(change_json(EnvChange(EnvDiff(), ReleaseId("RNEW"))))["release"]
