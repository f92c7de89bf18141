"""Tables and info blocks (convox-facts 2.0)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deployer.localrack.cli.writer import Writer


def print_table(writer: Writer, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A header row and the rows, two spaces between columns, the last column unpadded."""
    rows = list(rows)
    widths = [max(_bytes(row[i]) for row in [columns, *rows]) for i in range(len(columns) - 1)]
    line = "  ".join([*(f"%-{width}s" for width in widths), "%-0s"])
    writer.writef(f"<h1>{line}</h1>\n", *columns)
    for row in rows:
        writer.writef(f"<value>{line}</value>\n", *row)


def print_info(writer: Writer, pairs: Sequence[tuple[str, str]]) -> None:
    """`Key  value` lines; the further lines of a value are indented to where it starts."""
    width = max((len(key) for key, _ in pairs), default=0)
    indent = "\n" + " " * (width + 2)
    for key, value in pairs:
        writer.writef(f"<h1>%-{width}s</h1>  <value>%s</value>\n", key, value.replace("\n", indent))


def _bytes(cell: str) -> int:
    """Go measures cells in bytes and pads them in characters: a cell that is not ASCII widens its column."""
    return len(cell.encode("utf-8", "surrogateescape"))
