"""Help of a command with many options: each under the heading of its `rich_help_panel`, in plain text."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class Grouped(TyperCommand):
    """Rich would draw panels, and make `--help` take twice the time to start."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            if row := each.get_help_record(ctx):
                # ` / --no-verify`: a flag that only says no
                groups.setdefault(_heading(each), []).append((row[0].strip().removeprefix("/ "), row[1]))
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def _heading(param: Any) -> str:
    default = "Arguments" if param.param_type_name == "argument" else "Options"
    return getattr(param, "rich_help_panel", None) or default
