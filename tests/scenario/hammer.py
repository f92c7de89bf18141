"""A user who never stops asking: a fresh connection each time, some forty a second."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.scenario.practice import ask

EVERY_S = 0.025


class Hammer:
    """Remembers which releases answered, and every time there was no good answer, with its instant."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.releases: Counter[str] = Counter()
        self.errors: list[str] = []
        self.error_times: list[datetime] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Until its last question is answered. May be called twice."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.releases[ask(self._url)["version"]] += 1
            except (OSError, ValueError) as error:
                self.errors.append(repr(error))
                self.error_times.append(datetime.now(UTC))
