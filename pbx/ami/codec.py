"""Bytes to messages and back: the AMI wire format, with bounds.

A message is a block of ``Header: value`` lines ended by an empty line, every line by CR LF, in
UTF-8. A block is decoded only when it is complete, so it does not matter where TCP cuts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx.ami.api import AmiEvent, AmiInjection

EOL = b"\r\n"
END = b"\r\n\r\n"
GREETING = b"Asterisk Call Manager/"
MAX_GREETING = 200

_UNSENDABLE = ("\r", "\n", "\0")
_OURS = ("action", "actionid")


class NotAmi(Exception):
    """The peer's first line is not the greeting of an Asterisk manager interface."""


@dataclass(slots=True)
class Framer:
    """Cuts a byte stream into messages; never holds more than ``limit`` bytes plus one read.

    A block longer than ``limit`` bytes is thrown away up to its end and counted in ``oversized``;
    a block that is neither event nor response is counted in ``garbage``.
    """

    limit: int
    version: str = ""
    oversized: int = 0
    garbage: int = 0
    _buffer: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[AmiEvent]:
        """Take the bytes of one read, return the messages they completed.

        Raises ``NotAmi`` when the stream does not begin with Asterisk's greeting.
        """
        # The end mark may straddle two reads; what was searched before is not searched again.
        searched = max(0, len(self._buffer) - len(END) + 1)
        self._buffer += data
        if not self.version:
            if not self._greet():
                return []
            searched = 0
        messages = []
        start = 0
        while (end := self._buffer.find(END, max(start, searched))) >= 0:
            message = self._block(start, end)
            if message is not None:
                messages.append(message)
            start = end + len(END)
        del self._buffer[:start]
        if len(self._buffer) >= self.limit + len(END):
            self._skipping = True
            del self._buffer[: 1 - len(END)]
        return messages

    def _greet(self) -> bool:
        """Take the greeting, which is one line and no block; False while it is incomplete."""
        end = self._buffer.find(EOL)
        if end < 0:
            begun = bytes(self._buffer[: len(GREETING)])
            if not GREETING.startswith(begun) or len(self._buffer) > MAX_GREETING:
                raise NotAmi
            return False
        line = bytes(self._buffer[:end])
        if not line.startswith(GREETING):
            raise NotAmi
        self.version = line[len(GREETING) :].decode("ascii", "replace") or "unknown"
        del self._buffer[: end + len(EOL)]
        return True

    def _block(self, start: int, end: int) -> AmiEvent | None:
        if self._skipping or end - start > self.limit:
            self._skipping = False
            self.oversized += 1
            return None
        block = self._buffer[start:end]
        if not block.strip():
            return None  # Asterisk sends an empty line too many after some errors
        message = parse(bytes(block).decode("utf-8", "replace"))
        if message is None:
            self.garbage += 1
        return message


def parse(block: str) -> AmiEvent | None:
    """One block without its end mark as an ``AmiEvent``; None if it is no event and no response.

    The first of the ``Event`` or ``Response`` headers decides what it is, because a user event may
    carry headers of any name. ``Output`` headers (of the Command action) are joined by line feeds.
    """
    name = ""
    fields: dict[str, str] = {}
    variables: dict[str, dict[str, str]] = {}
    output: list[str] = []
    for line in block.split("\r\n"):
        header, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ").rstrip("\n")
        if not name and header in ("Event", "Response"):
            name = value if header == "Event" else "Response"
        # OriginateResponse writes ChanVariable(CHANNEL), all others only ChanVariable.
        prefix, found, _channel = header.partition("ChanVariable")
        if found:
            variable, _equals, content = value.partition("=")
            variables.setdefault(prefix, {})[variable] = content
        elif header == "Output":
            output.append(value)
        else:
            fields[header] = value
    if not name:
        return None
    if output:
        fields["Output"] = "\n".join(output)
    channel_vars = variables.pop("", {})
    dest_vars = variables.pop("Dest", {})
    for prefix, others in variables.items():
        fields.update({f"{prefix}ChanVariable({key})": value for key, value in others.items()})
    return AmiEvent(name, fields, channel_vars, dest_vars)


def encode(name: str, action_id: str, fields: Mapping[str, str]) -> bytes:
    """One action as bytes, its ActionID before all else so that even an error reply carries it.

    Raises ``AmiInjection`` if any part could end its line early, replace the action or its id, or
    has no UTF-8 form.
    """
    lines = [f"Action: {name}", f"ActionID: {action_id}"]
    for header, value in fields.items():
        if not header.strip() or ":" in header or header.strip().lower() in _OURS:
            raise AmiInjection(action=_printable(name), reason="header")
        lines.append(f"{header}: {value}")
    if any(mark in line for line in lines for mark in _UNSENDABLE):
        raise AmiInjection(action=_printable(name), reason="line_break")
    try:
        return "\r\n".join([*lines, "", ""]).encode("utf-8")
    except UnicodeEncodeError:
        raise AmiInjection(action=_printable(name), reason="encoding") from None


def _printable(name: str) -> str:
    return name if name.isascii() and name.isalnum() else "?"
