"""One JSON object per event, one event per line: `{"v":1,"at":"2026-…","event":"looked",…}`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from deployer.core.encode import encode
from deployer.core.events import Event
from deployer.render.stream import Renderer


def _utc() -> datetime:
    return datetime.now(UTC)


class JsonLines(Renderer):
    """Pure data, ASCII only, so that no locale and no line separator of Unicode can break a line in two."""

    def __init__(self, stream: TextIO, now: Callable[[], datetime] = _utc) -> None:
        super().__init__(stream)
        self._now = now

    def _show(self, event: Event) -> None:
        data = {"at": self._now().isoformat(timespec="milliseconds"), **encode(event)}
        self.stream.write(json.dumps(data, separators=(",", ":")) + "\n")
        self.stream.flush()
