"""What was kept of runs that went wrong, in memory."""

from __future__ import annotations

from deployer.core.events import Ended


class MemoryIncidents:
    """Implements the engine's `Incidents`. `kept` are the ends as they were written down."""

    def __init__(self) -> None:
        self.kept: list[Ended] = []

    def keep(self, ended: Ended) -> str:
        self.kept.append(ended)
        return f"incidents/{len(self.kept)}.md"
