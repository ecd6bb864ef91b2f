"""The FastAGI language as Asterisk speaks it, without any socket.

Asterisk first sends an environment block (``agi_name: value`` lines up to an empty one), then one
reply per command. At any time between replies it may send a line ``HANGUP``. A 520 reply runs over
several lines, from ``520-...`` to ``520 ...``. Seen on Asterisk 22.10.1; recorded bytes are under
``tests/pbx/agi/recorded``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pbx.agi.errors import AgiInjection, AgiProtocolError

MAX_LINE_BYTES = 8192
MAX_ENVIRONMENT_LINES = 128
MAX_USAGE_LINES = 128
MAX_COMMAND_BYTES = 2000  # Asterisk reads commands into a buffer of 2048 bytes

_ENVIRONMENT_LINE = re.compile(r"(agi_[a-z0-9_]{1,40}):(?: (.*))?", re.DOTALL)
_RESULT_LINE = re.compile(
    r"200 result=(-?[^ ()]{0,64})(?: \((.*)\))?(?: endpos=([0-9]{1,12}))?", re.DOTALL
)
_STATUS_LINE = re.compile(r"([1-5][0-9]{2})([ -])(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Environment:
    """What Asterisk says of the call before the first command (``agi_callerid`` and so on)."""

    variables: Mapping[str, str]

    def get(self, name: str) -> str:
        """The variable's value; an unset one is empty, as in the dialplan."""
        return self.variables.get(name, "")

    def argument(self, number: int) -> str:
        """The dialplan's argument after the URL, counted from 1; empty when not given."""
        return self.get(f"agi_arg_{number}")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command.

    ``result`` and ``value`` (what stood in parentheses) belong to code 200; ``end_position`` is the
    sample at which a file stopped playing. ``text`` is what another code had to say.
    """

    code: int
    result: str = ""
    value: str | None = None
    end_position: int | None = None
    text: str = ""

    @property
    def provisional(self) -> bool:
        return self.code < 200


@dataclass(frozen=True, slots=True)
class HangupNotice:
    """The inline line ``HANGUP``: the channel is dead from now on."""


Message = Environment | Reply | HangupNotice


class AgiParser:
    """Takes bytes cut anywhere, gives whole messages; memory is bounded by one line and one block.

    ``receive`` never raises; ``next_message`` raises ``AgiProtocolError`` where the bytes leave the
    language, after everything that came before was given out.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._environment: dict[str, str] | None = {}
        self._usage: list[str] | None = None
        self.untouched = True  # not a single byte so far: a health check, if it ends here

    def receive(self, data: bytes) -> None:
        self._buffer += data
        self.untouched = self.untouched and not data

    def next_message(self) -> Message | None:
        """The next whole message, or None until more bytes come."""
        while (line := self._next_line()) is not None:
            if self._environment is not None:
                message: Message | None = self._environment_line(line, self._environment)
            elif self._usage is not None:
                message = self._usage_line(line, self._usage)
            else:
                message = self._reply_line(line)
            if message is not None:
                return message
        return None

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\n", 0, MAX_LINE_BYTES + 1)
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise AgiProtocolError("a line is too long", limit=MAX_LINE_BYTES)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        # Whole lines only, so a character cut in two by the network never gets here; what is still
        # not UTF-8 (a caller's name in GBK) must not cost the call.
        return line.decode("utf-8", errors="replace")

    def _environment_line(self, line: str, found: dict[str, str]) -> Environment | None:
        if not line:
            self._environment = None
            return Environment(found)
        match = _ENVIRONMENT_LINE.fullmatch(line)
        # A caller's name with a line feed in it could bring variables of its own: whatever is not
        # exactly one block of different names is refused.
        if match is None or match[1] in found:
            raise AgiProtocolError("the environment block is not FastAGI")
        if len(found) == MAX_ENVIRONMENT_LINES:
            raise AgiProtocolError("the environment block is too long", limit=MAX_ENVIRONMENT_LINES)
        found[match[1]] = match[2] or ""
        return None

    def _usage_line(self, line: str, lines: list[str]) -> Reply | None:
        if line.startswith("520 "):
            self._usage = None
            return Reply(code=520, text="\n".join(lines))
        if len(lines) == MAX_USAGE_LINES:
            raise AgiProtocolError("a usage text is too long", limit=MAX_USAGE_LINES)
        lines.append(line)
        return None

    def _reply_line(self, line: str) -> Message | None:
        if line == "HANGUP":
            return HangupNotice()
        if result := _RESULT_LINE.fullmatch(line):
            position = None if result[3] is None else int(result[3])
            return Reply(code=200, result=result[1], value=result[2], end_position=position)
        status = _STATUS_LINE.fullmatch(line)
        if status is None or status[1] == "200" or (status[2] == "-" and status[1] != "520"):
            raise AgiProtocolError("a reply is not FastAGI")
        if status[2] == "-":
            self._usage = [status[3]]
            return None
        return Reply(code=int(status[1]), text=status[3])


def command_line(verb: str, *arguments: str) -> bytes:
    """One command as it goes over the wire; ``verb`` is ours, ``arguments`` may come from anywhere.

    Arguments are quoted the way Asterisk's ``parse_args`` reads them. Raises ``AgiInjection`` for a
    line break or NUL (they would end the command) and for a command longer than Asterisk reads.
    """
    for argument in arguments:
        if any(character in argument for character in "\r\n\0"):
            raise AgiInjection("a value holds a line break or NUL", verb=verb)
    line = " ".join([verb, *(_quoted(argument) for argument in arguments)])
    encoded = line.encode("utf-8", errors="replace")
    if len(encoded) > MAX_COMMAND_BYTES:
        raise AgiInjection("a command is too long", verb=verb, limit=MAX_COMMAND_BYTES)
    return encoded + b"\n"


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
