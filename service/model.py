"""The seam to whatever does the thinking, and the model that needs nothing: an echo."""

from __future__ import annotations

from typing import Protocol


class Model(Protocol):
    """Something that answers a prompt."""

    @property
    def name(self) -> str:
        """What the answer is attributed to."""

    def load(self) -> None:
        """
        Get ready to answer; called once, before the worker takes a connection.

        It may take as long as Gunicorn's `timeout`, since the worker's heartbeat
        starts after it. Whatever it raises stops the whole service: a model that
        cannot load must not look like one that still loads.
        """

    def answer(self, prompt: str) -> str:
        """Answer one prompt; called by several threads at once, so it may block or compute for long."""


class EchoModel:
    """Answers with the prompt, so that the service can be shipped and watched without a key."""

    name = "echo"

    def load(self) -> None:
        """Nothing to load."""

    def answer(self, prompt: str) -> str:
        """Return the prompt."""
        return prompt
