"""What a child says, kept within bounds: the end of each stream, and its lines as they come."""

from __future__ import annotations

import threading
from collections import deque

KEPT_BYTES = 1024 * 1024
# Longer than any secret that Convox can hold (64 KiB), so that a line never ends in half of one.
LINE_BYTES = 128 * 1024
# Lines that nobody has taken yet, each counted with what it costs beyond its own bytes.
WAITING_BYTES = 4 * 1024 * 1024
LINE_COST_BYTES = 64


class Stream:
    """
    One output stream. Written by the thread that drains the child, read by ours; neither ever waits for the other.

    Kept: the last 1 MiB. Lines, if wanted: cut at 128 KiB; the oldest are dropped, with a word about it, when they wait
    for too long.
    """

    def __init__(self, *, keeps_lines: bool = False) -> None:
        self._keeps_lines = keeps_lines
        self._lock = threading.Lock()
        self._kept = bytearray()
        self._total = 0
        self._line = bytearray()
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._lost = 0

    def write(self, chunk: bytes) -> None:
        with self._lock:
            self._total += len(chunk)
            self._keep(chunk)
            if self._keeps_lines:
                self._split(chunk)

    def close(self) -> None:
        """The stream has ended; what is left without a newline is a line too."""
        with self._lock:
            if self._line:
                self._end_line()

    @property
    def text(self) -> str:
        """What was kept. Not scrubbed: it is data, to be parsed."""
        with self._lock:
            return bytes(self._kept[-KEPT_BYTES:]).decode("utf-8", errors="replace")

    @property
    def dropped(self) -> int:
        """Bytes that are no longer there."""
        return max(0, self._total - KEPT_BYTES)

    @property
    def has_lines(self) -> bool:
        return bool(self._lines)

    def take_lines(self) -> list[str]:
        """The lines that ended since the last call, as they came: raw."""
        with self._lock:
            lines, lost = list(self._lines), self._lost
            self._lines.clear()
            self._waiting = self._lost = 0
        told = [line.decode("utf-8", errors="replace") for line in lines]
        return [f"… {lost} lines left out …", *told] if lost else told

    def _keep(self, chunk: bytes) -> None:
        self._kept += chunk[-KEPT_BYTES:]
        if len(self._kept) > 2 * KEPT_BYTES:
            del self._kept[:-KEPT_BYTES]

    def _split(self, chunk: bytes) -> None:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._extend(end)
            self._end_line()
        self._extend(rest)

    def _extend(self, piece: bytes) -> None:
        self._line += piece[: max(0, LINE_BYTES - len(self._line))]

    def _end_line(self) -> None:
        self._lines.append(bytes(self._line))
        self._waiting += len(self._line) + LINE_COST_BYTES
        self._line.clear()
        while self._waiting > WAITING_BYTES:
            self._waiting -= len(self._lines.popleft()) + LINE_COST_BYTES
            self._lost += 1
