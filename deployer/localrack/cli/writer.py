"""
What the CLI writes where: tags become colours on a terminal and nothing elsewhere.

Tags are rendered in formats and in streamed log text, never in arguments,
which is why a rack's `<info>` in an error message stays visible
(`ps-500-tags`) while one in a log line does not (`logs-tags-and-ansi`).
Source: convox-facts 2.0, 8.1.
"""

from __future__ import annotations

import os
import re
import signal

from deployer.localrack.cli.gofmt import sprintf

STDOUT = 1
STDERR = 2

COLORS = {
    "app": 39, "build": 23, "command": 244, "dir": 246, "fail": 160, "h1": 244, "h2": 241, "header": 242, "id": 247,
    "info": 247, "ok": 46, "process": 27, "rack": 26, "release": 24, "resource": 33, "service": 33, "setting": 246,
    "start": 247, "system": 15, "value": 251, **{f"color{i}": 237 + i for i in range(18)},
}  # fmt: skip
TAG = re.compile(f"<({'|'.join(['error', 'u', *COLORS])})>(.*?)</\\1>")
# From ESC[ to the next letter m: other escapes lose what follows them (convox-facts 2.0).
ESCAPE = re.compile("\x1b\\[[^m]+m")


class Writer:
    """Writes through to the file descriptors at once: a killed CLI has printed all it said."""

    def __init__(self) -> None:
        self.color = os.isatty(STDOUT)
        self.out = STDOUT

    def texts_to_stderr(self) -> None:
        """With `--id` stdout is kept for the id alone."""
        self.out = STDERR

    def writef(self, template: str, *args: object) -> None:
        put(self.out, sprintf(self.render(template), *args))

    def start(self, template: str, *args: object) -> None:
        """Announce a step; the line ends when it is done."""
        self.writef(f"{template}... ", *args)

    def ok(self, ident: str = "") -> None:
        self.writef("<ok>OK</ok>, <id>%s</id>\n" if ident else "<ok>OK</ok>\n", *([ident] if ident else []))

    def error(self, text: str) -> None:
        put(STDERR, sprintf(self.render("<error>%s</error>\n"), text))

    def stream(self, data: bytes) -> int:
        """Write log text; the number of bytes that came out, which tags and colours change."""
        rendered = self.render(data.decode("utf-8", "surrogateescape"))
        return put(self.out, rendered)

    def render(self, text: str) -> str:
        if "<" in text:
            text = TAG.sub(self._paint, text)
        return text if self.color or "\x1b" not in text else ESCAPE.sub("", text)

    def _paint(self, found: re.Match[str]) -> str:
        tag, inner = found[1], self.render(found[2])
        if tag == "error":
            return f"\x1b[38;5;124mERROR: \x1b[38;5;203m{inner}\x1b[0m"
        if tag == "u":
            return f"\x1b[4m{inner}\x1b[24m"
        return f"\x1b[38;5;{COLORS[tag]}m{inner}\x1b[0m"


def put(descriptor: int, text: str) -> int:
    """Write all of it; the number of bytes. A reader that went away ends the process by SIGPIPE, as Go does."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    return len(data)
