"""Somebody else who watches a release fail, ten times a second, to say when the first evidence was there."""

from __future__ import annotations

import threading
import time
from http.client import HTTPException
from json import JSONDecodeError
from types import TracebackType
from typing import Any, Self

from tests.bench.failures import NO_PROGRESS_S, PENDING_S, START_BUDGET_S, Evidence
from tests.scenario.practice import App, ask

EVERY_S = 0.1


class Witness:
    """`first_s` is on the monotonic clock, which all processes of a machine share; `None` before there was any."""

    def __init__(self, app: App, release: str, evidence: Evidence) -> None:
        self._app, self._release, self._evidence = app, release, evidence
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._starting: dict[str, float] = {}
        self._pending: dict[str, float] = {}
        self.first_s: float | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while self.first_s is None and not self._stop.wait(EVERY_S):
            now_s = time.monotonic()
            ours = [(pid, status) for pid, status, release in self._app.rows if release == self._release]
            self.first_s = self._look(ours, now_s)

    def _look(self, ours: list[tuple[str, str]], now_s: float) -> float | None:
        """Budgets run for each replica on its own, from when it is first seen so until it is no longer."""
        self._starting = _since(self._starting, ours, "starting", now_s)
        self._pending = _since(self._pending, ours, "pending", now_s)
        all_run = bool(ours) and {"running"} == {status for _, status in ours}
        match self._evidence:
            case Evidence.CRASHED:
                return now_s if any(status == "crashed" for _, status in ours) else None
            case Evidence.STARTING:
                return _over(self._starting, START_BUDGET_S, now_s)
            case Evidence.PENDING:
                return _over(self._pending, PENDING_S, now_s)
            case Evidence.ANSWER:
                return now_s if all_run and self._is_wrong({pid for pid, _ in ours}) else None
            case Evidence.DEADLINE:
                return now_s + NO_PROGRESS_S if all_run else None

    def _is_wrong(self, ours: set[str]) -> bool:
        try:
            said: dict[str, Any] = ask(self._app.url)
        except (OSError, HTTPException, JSONDecodeError):
            return True
        return said["process"] in ours and (said["version"] != self._release or said["build"].startswith("2020"))


def _since(before: dict[str, float], rows: list[tuple[str, str]], wanted: str, now_s: float) -> dict[str, float]:
    return {pid: before.get(pid, now_s) for pid, status in rows if status == wanted}


def _over(since: dict[str, float], budget_s: float, now_s: float) -> float | None:
    ends_s = min((began_s + budget_s for began_s in since.values()), default=now_s + 1)
    return ends_s if ends_s <= now_s else None
