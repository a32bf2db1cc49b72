"""Errors that a user can act on. Every message is one line and names the mend.

Exit codes of the `cramf` command:

====  =====================================================================
0     done; for `formalize` and `check`, a verdict on positive evidence
1     the verdict is not positive (invalid, timeout, crashed, unavailable, rejected)
2     the input or the options cannot be used
3     the formalizer abstained; concepts and definitions are still shown
4     the index, the encoder or a Mathlib checkout cannot be used
5     the language model server failed
70    a defect in cramf itself (Python's own 1 would pass for a verdict)
130   interrupted
141   the reader of standard output went away
====  =====================================================================
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "BackendError",
    "CramfError",
    "ExitCode",
    "InputError",
    "KnowledgeBaseError",
    "ResourceError",
]


class ExitCode(IntEnum):
    """Process exit codes of the command line, as tabled in the module's docstring."""

    OK = 0
    NOT_VALID = 1
    BAD_INPUT = 2
    ABSTAINED = 3
    RESOURCE = 4
    BACKEND = 5
    DEFECT = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class CramfError(Exception):
    """Base of all errors meant for the user: `message` says what is wrong, `mend` what to do."""

    exit_code: ExitCode = ExitCode.BAD_INPUT

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.mend = " ".join(mend.split())

    def __str__(self) -> str:
        return f"{self.message}; {self.mend}" if self.mend else self.message


class InputError(CramfError):
    """A statement, file or option that cannot be used."""


class ResourceError(CramfError):
    """Something that the work needs is missing or unreadable: a checkout, an encoder, an extra."""

    exit_code = ExitCode.RESOURCE


class KnowledgeBaseError(ResourceError):
    """An index directory that is missing, partial, damaged or of another format version."""


class BackendError(CramfError):
    """A language model backend that refused, hung, or answered something that cannot be read."""

    exit_code = ExitCode.BACKEND
