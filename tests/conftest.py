"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no finding: how long an example takes is for tests/bench to say.
settings.register_profile("deployer", deadline=None)
settings.load_profile("deployer")
