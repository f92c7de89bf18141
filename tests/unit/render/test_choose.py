from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from deployer.core.events import Said
from deployer.render import Manner, Output, Renderer, renderer_for
from deployer.render.github import Github
from deployer.render.json_lines import JsonLines
from deployer.render.live import Live
from deployer.render.plain import Plain

IN_ACTIONS = {"GITHUB_ACTIONS": "true"}


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real one, with nobody at it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        yield stream
    os.close(ours)


@pytest.mark.parametrize(
    ("kind", "environ"),
    [
        (Live, {"TERM": "xterm-256color"}),
        (Live, {}),
        (Plain, {"TERM": "dumb"}),
        (Github, {**IN_ACTIONS, "TERM": "xterm"}),
    ],
)
def test_auto_is_live_on_a_terminal_that_can_move_its_cursor(
    kind: type[Renderer], environ: dict[str, str], terminal: TextIO
) -> None:
    """In a job of GitHub's it is github, terminal or not."""
    chosen = renderer_for(Manner(), io.StringIO(), terminal, environ)

    assert kind is type(chosen)


@pytest.mark.parametrize(("kind", "environ"), [(Plain, {}), (Plain, {"GITHUB_ACTIONS": ""}), (Github, IN_ACTIONS)])
def test_auto_is_plain_in_a_pipe_and_github_in_its_jobs(kind: type[Renderer], environ: dict[str, str]) -> None:
    """`CI=true` alone is no reason to speak GitHub's words."""
    assert kind is type(renderer_for(Manner(), io.StringIO(), io.StringIO(), {"CI": "true", **environ}))


@pytest.mark.parametrize(
    ("kind", "output"),
    [(Live, Output.LIVE), (Plain, Output.PLAIN), (JsonLines, Output.JSON), (Github, Output.GITHUB)],
)
def test_what_is_asked_for_is_what_one_gets(kind: type[Renderer], output: Output) -> None:
    """Whatever the surroundings."""
    assert kind is type(renderer_for(Manner(output), io.StringIO(), io.StringIO(), IN_ACTIONS))


@pytest.mark.parametrize("output", [Output.LIVE, Output.PLAIN, Output.GITHUB])
def test_the_narration_leaves_standard_output_alone(output: Output) -> None:
    """It is for the release id, and nothing else."""
    out, err = io.StringIO(), io.StringIO()
    chosen = renderer_for(Manner(output), out, err, {})

    chosen.record(Said("env", "2 keys set"))
    chosen.close()

    assert "" == out.getvalue()
    assert "2 keys set" in err.getvalue()


def test_json_lines_are_for_standard_output() -> None:
    """And then nothing goes to standard error."""
    out, err = io.StringIO(), io.StringIO()
    chosen = renderer_for(Manner(Output.JSON), out, err, {})

    chosen.record(Said("env", "2 keys set"))
    chosen.close()

    assert '"said"' in out.getvalue()
    assert "" == err.getvalue()
