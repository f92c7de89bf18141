"""
A pipe whose reader goes away at an exact byte.

`promote-stdout-closed-early` ends by SIGPIPE after its first 25 bytes. A reader
that reads and then closes races with the next write; this pipe has room for
those bytes and no more, so the next write waits until the reader is gone.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import termios
import threading
import time

PAGE = 4096
F_SETPIPE_SZ = 1031  # Linux


class BrimmingPipe:
    """`room` bytes fit. Give `write_end` to the child, call `watch`, read `text` when the child has ended."""

    def __init__(self, room: int) -> None:
        self.read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.read_end, F_SETPIPE_SZ, PAGE)
        self.filler = PAGE - room
        os.write(self.write_end, b"." * self.filler)
        self.text = ""

    def watch(self) -> None:
        """Close our copy of the write end, and the read end once the pipe is full."""
        os.close(self.write_end)
        threading.Thread(target=self._close_when_full, daemon=True).start()

    def _close_when_full(self) -> None:
        waiting = array.array("i", [0])
        deadline = time.monotonic() + 10
        while waiting[0] < PAGE and time.monotonic() < deadline:
            fcntl.ioctl(self.read_end, termios.FIONREAD, waiting)
            time.sleep(0.002)
        copy_out, copy_in = os.pipe()
        ctypes.CDLL(None).tee(self.read_end, copy_in, PAGE, 0)  # reading would make room
        self.text = os.read(copy_out, PAGE)[self.filler :].decode()
        for descriptor in (self.read_end, copy_out, copy_in):
            os.close(descriptor)
