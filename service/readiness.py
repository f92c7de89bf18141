"""What must hold before this process should get traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Readiness:
    """
    Named checks that `/ready` asks each time.

    A check runs on the event loop: it looks at something already known, it does
    not go and find out.
    """

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], bool]] = {}

    def require(self, name: str, holds: Callable[[], bool]) -> None:
        """Be ready only while `holds()` is true; `name` is what a caller of `/ready` reads when it is not."""
        self._checks[name] = holds

    def failed(self) -> list[str]:
        """Return the names of the checks that do not hold now."""
        return [name for name, holds in self._checks.items() if not holds()]
