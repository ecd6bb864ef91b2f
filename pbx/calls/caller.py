"""Who calls, from the caller id that AMI shows: plain, bounded, or None when withheld."""

from __future__ import annotations

import re

MAX_NAME = 80

_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_WITHHELD = {"", "anonymous", "unknown", "<unknown>"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def caller_number(shown: str) -> str | None:
    """The number, or None when it is withheld or no number."""
    return shown if _NUMBER.fullmatch(shown) else None


def caller_name(shown: str) -> str | None:
    """The name as plain text on one line of at most ``MAX_NAME`` characters, or None."""
    text = _ESCAPE.sub(_plain, shown)
    printable = "".join(character if character.isprintable() else " " for character in text)
    name = " ".join(printable.split())[:MAX_NAME].rstrip()
    return None if name.casefold() in _WITHHELD else name


def _plain(escape: re.Match[str]) -> str:
    """AMI writes quotes, backslashes and control characters as C does."""
    return escape.group(1) if escape.group(1) in "\"'\\?" else " "
