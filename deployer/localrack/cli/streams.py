"""Copying a rack's text to the output as Go's `io.Copy` does, and its exit codes."""

from __future__ import annotations

from deployer.localrack.cli.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.localrack.cli.writer import Writer

EXIT_CODE = b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:"


def copy_text(writer: Writer, chunks: Iterable[bytes]) -> tuple[int, str]:
    """
    Bytes copied, and why the copy stopped early.

    It stops at the first chunk whose colours or tags changed its length, for
    `io.Copy` takes that for a write that failed (convox-facts 0.9, `logs-ansi-then-more`).
    """
    copied = 0
    for chunk in chunks:
        written = writer.stream(chunk)
        if written > len(chunk):
            return copied, "invalid write result"
        copied += written
        if written < len(chunk):
            return copied, "short write"
    return copied, ""


def copy_until_exit(writer: Writer, chunks: Iterable[bytes]) -> int:
    """
    The remote exit code; 0 when the stream ends without one, which says nothing (convox-facts 2.9).

    The marker counts only where one chunk holds all of it (`run-code-split-frame`).
    """
    code = 0
    for chunk in chunks:
        before, marker, after = chunk.partition(EXIT_CODE)
        writer.stream(before)
        if marker:
            try:
                code = int(after.strip())
            except ValueError as exc:
                raise CommandError("unable to read exit code") from exc
    return code
