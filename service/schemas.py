"""What comes in and what goes out, bounded."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

MAX_PROMPT_CHARS = 32_000
# a prompt in JSON: at worst each character is a pair of \uXXXX escapes
MAX_BODY_BYTES = 12 * MAX_PROMPT_CHARS + 1_000


class Health(BaseModel):
    """The contract by which deployer proves a release: who answers, and that this answer is fresh."""

    status: Literal["healthy"] = "healthy"
    timestamp: datetime
    version: str
    process: str
    build: str


class Ready(BaseModel):
    """`failed` names the checks that do not hold."""

    status: Literal["ready", "not ready"]
    failed: list[str]


class Prompt(BaseModel):
    """What `/inference` is asked."""

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARS)


class Answer(BaseModel):
    """What `/inference` answers, and which model did."""

    model: str
    answer: str
