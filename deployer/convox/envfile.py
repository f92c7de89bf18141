"""`.env` files and stdin: read by python-dotenv, as the tools that wrote them do. No interpolation."""

from __future__ import annotations

from io import StringIO

from dotenv.parser import parse_stream

from deployer.core.environment import Environment
from deployer.core.errors import Usage
from deployer.core.redact import Secret


def read_env(text: str, name: str = "the env file") -> Environment:
    """
    The names and values of a `.env` text; quotes, `export`, comments, CRLF and a BOM are understood, the last one wins.

    Convox itself would keep quotes and make `export X` a key (convox-facts 4), so what it gets is what was meant.
    Raises Usage that names the line and never shows it: it may hold a value.
    """
    values: dict[str, Secret] = {}
    for binding in parse_stream(StringIO(text.removeprefix("\ufeff"))):
        if binding.error or (binding.key is not None and binding.value is None):
            lead = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
            line = binding.original.line + binding.original.string[:lead].count("\n")
            raise Usage(f"{name} is not readable", why=f"line {line} is not KEY=value", hint="quote the value")
        if binding.key is not None and binding.value is not None:
            values[binding.key] = Secret(binding.value)
    return Environment(values)
