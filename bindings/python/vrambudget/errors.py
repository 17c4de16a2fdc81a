"""What goes wrong, as exceptions. `code` is the name of the C++ library's `errc`."""

from __future__ import annotations


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


def error_for(code: str, message: str) -> Error:
    """The exception of a code; the compiled part calls it."""
    raised = _classes.get(code, Error)(message)
    raised.code = code
    return raised
