"""One JSON object a line, on stdout: what Gunicorn and the service say, and each request that matters."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

CHECKS = frozenset({"/health", "/ready"})
# Gunicorn's names for the parts of a request. No query and no headers: they may carry secrets.
REQUEST_PARTS = {"client": "h", "method": "m", "path": "U", "status": "s", "bytes": "B", "ms": "M"}


def config(level: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary for `level`; below it nothing is written, requests count as info."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "filters": {"quiet": {"()": QuietChecks}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"},
        },
        "root": {"level": "WARNING", "handlers": ["stdout"]},
        "loggers": {
            "service": {"level": level.upper()},
            "gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            "gunicorn.access": {
                "level": level.upper(),
                "handlers": [],
                "propagate": True,
                "filters": [] if level == "debug" else ["quiet"],
            },
        },
    }


class QuietChecks(logging.Filter):
    """Drops the balancer's checks that went well: one a few seconds from every side says nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep everything but a 2xx answer to a check."""
        request = record.args
        if not isinstance(request, Mapping):
            return True
        return request["U"] not in CHECKS or not str(request["s"]).startswith("2")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, a request by its parts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without the line break."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "pid": record.process,
        }
        if record.name == "gunicorn.access" and isinstance(record.args, Mapping):
            line |= {name: record.args[part] for name, part in REQUEST_PARTS.items()}
        else:
            line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
