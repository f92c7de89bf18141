"""
Fixtures for tests of what is built on deployer: `pytest_plugins = ["deployer.testing.plugin"]` in a conftest.py.

Not an entry point: who only deploys with deployer shall not have it loaded into every test run of theirs.
"""

from __future__ import annotations

import pytest

from deployer.testing.app import SimulatedApp


@pytest.fixture
def simulated_app() -> SimulatedApp:
    """An app that was never deployed, on a rack of its own, at virtual noon."""
    return SimulatedApp()


@pytest.fixture
def shipped_app(simulated_app: SimulatedApp) -> SimulatedApp:
    """The same with a good release that serves and has come to rest."""
    simulated_app.ship("good")
    simulated_app.rest()
    return simulated_app
