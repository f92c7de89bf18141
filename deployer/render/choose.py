"""Which renderer a run gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TextIO, assert_never

from deployer.render.github import Github, is_github
from deployer.render.json_lines import JsonLines
from deployer.render.plain import Plain
from deployer.render.story import Story
from deployer.render.stream import QuietStream, Renderer


class Output(Enum):
    AUTO = "auto"
    LIVE = "live"
    PLAIN = "plain"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run speaks. `quiet` keeps the build's log back, `verbose` adds the commands that are run."""

    output: Output = Output.AUTO
    quiet: bool = False
    verbose: bool = False


def renderer_for(manner: Manner, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> Renderer:
    """
    The narration goes to `err`, since `out` is for the release id alone; JSON lines are for `out`.

    `auto`: live on a terminal, github in a job of GitHub's, plain otherwise.
    """
    story = Story(shows_build=not manner.quiet, verbose=manner.verbose)
    match _settled(manner.output, err, environ):
        case Output.LIVE:
            # rich takes longer to import than all else here: only who needs it waits for it
            from deployer.render.live import Live, console_on

            return Live(console_on(err, environ), Story(shows_build=False, verbose=manner.verbose))
        case Output.JSON:
            return JsonLines(out)
        case Output.GITHUB:
            return Github(err, environ, story)
        case Output.PLAIN | Output.AUTO:
            return Plain(err, story)
        case unknown:
            assert_never(unknown)


def _settled(output: Output, err: TextIO, environ: Mapping[str, str]) -> Output:
    if output is not Output.AUTO:
        return output
    if is_github(environ):
        return Output.GITHUB
    # a dumb terminal (an editor's shell) cannot move its cursor
    is_able = environ.get("TERM") not in ("dumb", "unknown")
    return Output.LIVE if QuietStream(err).isatty() and is_able else Output.PLAIN
