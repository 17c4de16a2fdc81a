"""What goes wrong, as exceptions. `code` is the name of the C++ library's `errc`."""

from __future__ import annotations

import json
import re
from functools import lru_cache


class Error(Exception):
    """Any failure of vrambudget: one line for people, and `code` for programs."""

    code: str = "unknown"


class FormatError(Error, ValueError):
    """A file is damaged or not what it should be: truncated, bad_format, limit, overflow."""


class InvalidArgumentError(Error, ValueError):
    """Options that contradict each other, or that the engine refuses."""

    code = "invalid_argument"


class UnsupportedError(Error):
    """Well formed, but nothing here models it."""

    code = "unsupported"


class NotFoundError(Error, LookupError):
    """No file, model or GPU of that name."""

    code = "not_found"


class IoError(Error, OSError):
    """The system, a server or the GPU driver refused."""

    code = "io"


_classes: dict[str, type[Error]] = {
    "truncated": FormatError,
    "bad_format": FormatError,
    "limit": FormatError,
    "overflow": FormatError,
    "invalid_argument": InvalidArgumentError,
    "unsupported": UnsupportedError,
    "not_found": NotFoundError,
    "io": IoError,
}


_FLAG = re.compile(r"(?<![\w/-])--?[a-zA-Z][\w-]*")


def in_python(message: str) -> str:
    """A message that speaks of arguments by their names in Python: of --gpu as gpu, of --no-op-offload as
    op_offload=False."""
    if "-" not in message:
        return message
    names = _python_names()

    def meant(flag: re.Match[str]) -> str:
        return names.get(flag[0].lstrip("-").replace("-", "_"), flag[0])

    return _FLAG.sub(meant, message)


@lru_cache(maxsize=None)
def _python_names() -> dict[str, str]:
    from . import _core

    rows = json.loads(_core.options())
    return {n: r["name"] + ("=False" if r["turns_off"] else "") for r in rows for n in r["names"]}


def error_for(code: str, message: str) -> Error:
    """The exception of a code; the compiled part calls it."""
    raised = _classes.get(code, Error)(in_python(message))
    raised.code = code
    return raised
