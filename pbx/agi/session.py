"""One AGI connection: commands to Asterisk, each with a deadline in seconds.

A session belongs to one task. After any error but ``AgiRefused`` and ``AgiInjection`` it is of no
more use: close it, and the dialplan goes on by itself. Closing in the middle of a prompt stops
the prompt at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pbx.agi.errors import (
    AgiDead,
    AgiHangup,
    AgiInjection,
    AgiProtocolError,
    AgiRefused,
    AgiTimeout,
)
from pbx.agi.protocol import (
    AgiParser,
    Environment,
    HangupNotice,
    Message,
    Reply,
    command_line,
)

READ_BYTES = 4096
CLOSE_SECONDS = 1.0
DEAD_CHANNEL = 511

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:*#@-]*")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a prompt: the ``key`` that stopped or followed it, if any.

    ``position``: where in the file it ended, in samples from its beginning.
    ``unplayable``: Asterisk found no such file (or none it can decode); the caller heard nothing.
    """

    key: str | None = None
    position: int = 0
    unplayable: bool = False


class AgiSession:
    """Commands over one connection. Made by ``AgiSession.open`` only.

    Every command raises ``AgiHangup`` (the caller is gone), ``AgiDead``, ``AgiTimeout``,
    ``AgiProtocolError`` or ``AgiRefused``.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        parser: AgiParser,
        environment: Environment,
        command_seconds: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = parser
        self._command_seconds = command_seconds
        self._in_step = True
        self.environment = environment

    @classmethod
    async def open(
        cls,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        environment_seconds: float,
        command_seconds: float,
    ) -> AgiSession | None:
        """Read the environment block. None: the peer left without a byte (a health check)."""
        parser = AgiParser()
        try:
            async with asyncio.timeout(environment_seconds):
                first = await _next_message(reader, parser)
        except TimeoutError as late:
            raise AgiTimeout("no environment block in time") from late
        except AgiDead:
            if parser.untouched:
                return None
            raise
        if not isinstance(first, Environment):
            raise AgiProtocolError("no environment block")
        return cls(reader, writer, parser, first, command_seconds)

    async def answer(self) -> None:
        """Answer the channel; harmless when it is answered already."""
        await self._unless_gone("ANSWER")

    async def stream_file(
        self, path: str, stop_keys: str, *, longest: float, begin: int = 0
    ) -> Heard:
        """Play a file (``path`` without its extension) until its end or one of ``stop_keys``.

        ``begin``: the sample to begin at. Without stop keys, keys are not heard at all.
        ``longest``: the file's length in seconds; the deadline comes on top of it.
        """
        where = (str(begin),) if begin else ()
        reply = await self._command("STREAM FILE", path, stop_keys, *where, extra=longest)
        return await self._heard(reply)

    async def get_option(
        self, path: str, stop_keys: str, seconds: float, *, longest: float
    ) -> Heard:
        """Play a file, then wait ``seconds`` for a key; no key can fall between the two.

        An unplayable file is reported at once, without the wait.
        """
        reply = await self._command(
            "GET OPTION", path, stop_keys, _milliseconds(seconds), extra=longest + seconds
        )
        return await self._heard(reply)

    async def wait_for_digit(self, seconds: float) -> str | None:
        """Wait for one key; None when none came."""
        reply = await self._unless_gone("WAIT FOR DIGIT", _milliseconds(seconds), extra=seconds)
        return _key(reply.result)

    async def get_variable(self, name: str) -> str | None:
        """A channel variable's value, or None when it is not set."""
        return (await self._command("GET VARIABLE", name)).value

    async def evaluate(self, expression: str) -> str:
        """The dialplan expression's value: several variables in a single round trip.

        The answer must be one line: ask only for values without line breaks.
        """
        return (await self._command("GET FULL VARIABLE", expression)).value or ""

    async def set_variable(self, name: str, value: str) -> None:
        """Set one channel variable to any text without a line break."""
        await self._command("SET VARIABLE", name, value)

    async def set_variables(self, values: Mapping[str, str]) -> None:
        """Set several variables in a single round trip: all of them or none.

        ``MSet`` splits its argument at commas and reads quotes, so values are confined to
        ``A-Z a-z 0-9 _ . : * # @ -``. Raises ``AgiInjection`` for others.
        """
        for name, value in values.items():
            if not (_VARIABLE.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)):
                raise AgiInjection("a variable cannot be set this way")
        await self.execute("MSet", ",".join(f"{name}={value}" for name, value in values.items()))

    async def set_autohangup(self, seconds: float) -> None:
        """Move the watchdog: in ``seconds`` (rounded up) the dialplan takes the call back."""
        await self._unless_gone("SET AUTOHANGUP", str(math.ceil(seconds)))

    async def execute(self, application: str, arguments: str = "", *, longest: float = 0) -> str:
        """Run a dialplan application; returns its result. Raises ``AgiRefused`` if unknown."""
        reply = await self._command("EXEC", application, arguments, extra=longest)
        if reply.result == "-2":
            raise AgiRefused("Asterisk has no such application", application=application)
        return reply.result

    async def verbose(self, text: str, level: int = 3) -> None:
        """Write into Asterisk's own log, at verbosity ``level`` (1 to 4)."""
        await self._command("VERBOSE", text, str(level))

    async def close(self) -> None:
        """Let go of the call. Never raises, may be called twice."""
        self._in_step = False
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):  # it is over either way
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()  # a peer that does not read would keep it open

    async def _heard(self, reply: Reply) -> Heard:
        if reply.result != "-1":
            return Heard(key=_key(reply.result), position=reply.end_position or 0)
        if reply.end_position:
            raise AgiHangup
        # -1 at position 0 is a missing file, or a caller who hung up in that very moment: then
        # HANGUP waits before the next reply.
        await self._command("NOOP")
        return Heard(unplayable=True)

    async def _unless_gone(self, verb: str, *arguments: str, extra: float = 0) -> Reply:
        reply = await self._command(verb, *arguments, extra=extra)
        if reply.result == "-1":
            raise AgiHangup
        return reply

    async def _command(self, verb: str, *arguments: str, extra: float = 0) -> Reply:
        line = command_line(verb, *arguments)
        if not self._in_step:
            # A command was left without its reply (deadline, cancellation): the next reply would
            # be taken for the wrong command.
            raise AgiDead("the session is out of step")
        self._in_step = False
        try:
            async with asyncio.timeout(self._command_seconds + extra):
                self._writer.write(line)
                await self._writer.drain()
                reply = await self._reply()
        except TimeoutError as late:
            raise AgiTimeout(verb=verb) from late
        except OSError as broken:
            raise AgiDead(verb=verb) from broken
        self._in_step = True
        if reply.code == DEAD_CHANNEL:
            raise AgiHangup(verb=verb)
        if reply.code != 200:
            raise AgiRefused(verb=verb, code=reply.code)
        return reply

    async def _reply(self) -> Reply:
        while True:
            message = await _next_message(self._reader, self._parser)
            if isinstance(message, HangupNotice):
                raise AgiHangup
            if isinstance(message, Environment):
                raise AgiProtocolError("a second environment block")
            if not message.provisional:
                return message


async def _next_message(reader: asyncio.StreamReader, parser: AgiParser) -> Message:
    while (message := parser.next_message()) is None:
        try:
            data = await reader.read(READ_BYTES)
        except OSError as broken:
            raise AgiDead from broken
        if not data:
            raise AgiDead("Asterisk closed the connection")
        parser.receive(data)
    return message


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _key(result: str) -> str | None:
    """A key comes as the decimal code of its character; 0 is silence."""
    if result == "0":
        return None
    try:
        code = int(result)
    except ValueError as wrong:
        raise AgiProtocolError("a key is not a number") from wrong
    if not 0x20 < code < 0x7F:
        raise AgiProtocolError("a key is not a key")
    return chr(code)
