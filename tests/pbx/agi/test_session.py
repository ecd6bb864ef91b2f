"""AGI commands over a real socket: replies, hang-ups, deadlines, and a peer that dies anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pbx.agi.errors import (
    AgiDead,
    AgiError,
    AgiHangup,
    AgiInjection,
    AgiProtocolError,
    AgiRefused,
    AgiTimeout,
)
from pbx.agi.server import AgiLimits, AgiServer
from pbx.agi.session import AgiSession, Heard
from tests.pbx.agi.fake_asterisk import DEADLINE, FakeAsterisk, call_to, environment

Command = Callable[[AgiSession], Awaitable[object]]


@asynccontextmanager
async def session_and_peer(first=None, **limits):
    """A session inside the server and the peer at its other end."""
    opened: asyncio.Future[AgiSession] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def handler(session):
        opened.set_result(session)
        await done.wait()

    async with (
        AgiServer(handler, "127.0.0.1", 0, AgiLimits(**limits)) as server,
        call_to(server.port, first or environment()) as asterisk,
    ):
        try:
            async with asyncio.timeout(DEADLINE):
                yield await opened, asterisk
        finally:
            done.set()


async def outcome(command: Command, *replies: str) -> tuple[list[str], object]:
    """What was sent, and what came of it, when Asterisk answers with ``replies``."""
    async with session_and_peer() as (session, asterisk):
        async with asyncio.TaskGroup() as group:
            sent = group.create_task(asterisk.answer(*replies))
            result = group.create_task(_result(command(session)))
        return sent.result(), result.result()


async def _result(work: Awaitable[object]) -> object:
    try:
        return await work
    except AgiError as error:
        return type(error)


@pytest.mark.parametrize(
    ("command", "sent", "reply", "result"),
    [
        (lambda s: s.answer(), "ANSWER", "200 result=0", None),
        (lambda s: s.answer(), "ANSWER", "200 result=-1", AgiHangup),
        (
            lambda s: s.stream_file("/p/greeting", "0", longest=8),
            'STREAM FILE "/p/greeting" "0"',
            "200 result=0 endpos=63433",
            Heard(position=63433),
        ),
        (
            lambda s: s.stream_file("/p/greeting", "", longest=8),
            'STREAM FILE "/p/greeting" ""',
            "200 result=50 endpos=9760",
            Heard(key="2", position=9760),
        ),
        (
            lambda s: s.stream_file("/p/greeting", "", longest=8, begin=9760),
            'STREAM FILE "/p/greeting" "" "9760"',
            "200 result=0 endpos=63433",
            Heard(position=63433),
        ),
        (
            lambda s: s.stream_file("/p/greeting", "0", longest=8),
            'STREAM FILE "/p/greeting" "0"',
            "200 result=-1 endpos=8160",
            AgiHangup,
        ),
        (
            lambda s: s.get_option("/p/menu", "12*#", 3, longest=2),
            'GET OPTION "/p/menu" "12*#" "3000"',
            "200 result=35 endpos=5",
            Heard(key="#", position=5),
        ),
        (lambda s: s.wait_for_digit(2.5), 'WAIT FOR DIGIT "2500"', "200 result=53", "5"),
        (lambda s: s.wait_for_digit(2.5), 'WAIT FOR DIGIT "2500"', "200 result=0", None),
        (lambda s: s.wait_for_digit(1), 'WAIT FOR DIGIT "1000"', "200 result=-1", AgiHangup),
        (lambda s: s.wait_for_digit(1), 'WAIT FOR DIGIT "1000"', "200 result=7", AgiProtocolError),
        (lambda s: s.wait_for_digit(1), 'WAIT FOR DIGIT "1000"', "200 result=x", AgiProtocolError),
        (lambda s: s.get_variable("X"), 'GET VARIABLE "X"', "200 result=1 (a b)", "a b"),
        (lambda s: s.get_variable("X"), 'GET VARIABLE "X"', "200 result=0", None),
        (lambda s: s.evaluate("${A}|"), 'GET FULL VARIABLE "${A}|"', "200 result=1 (1|)", "1|"),
        (lambda s: s.evaluate("${A}"), 'GET FULL VARIABLE "${A}"', "200 result=0", ""),
        (lambda s: s.set_variable("X", '"'), 'SET VARIABLE "X" "\\""', "200 result=1", None),
        (
            lambda s: s.set_variables({"A": "queue", "B": "", "C": "main:1:2*#"}),
            'EXEC "MSet" "A=queue,B=,C=main:1:2*#"',
            "200 result=0",
            None,
        ),
        (lambda s: s.set_autohangup(9.01), 'SET AUTOHANGUP "10"', "200 result=0", None),
        (lambda s: s.execute("NoSuch"), 'EXEC "NoSuch" ""', "200 result=-2", AgiRefused),
        (lambda s: s.verbose("hi", 1), 'VERBOSE "hi" "1"', "200 result=1", None),
        (lambda s: s.answer(), "ANSWER", "510 Invalid or unknown command", AgiRefused),
        (lambda s: s.answer(), "ANSWER", "520-Usage:\nx\n520 End of proper usage.", AgiRefused),
        (lambda s: s.answer(), "ANSWER", "511 Command Not Permitted", AgiHangup),
        (lambda s: s.answer(), "ANSWER", "HANGUP\n200 result=0", AgiHangup),
        (lambda s: s.answer(), "ANSWER", "100 Trying...\n200 result=0", None),
        (lambda s: s.answer(), "ANSWER", "what?", AgiProtocolError),
    ],
)
async def test_each_command_and_what_comes_of_it(command, sent, reply, result):
    assert await outcome(command, reply) == ([sent], result)


async def test_a_missing_file_is_told_from_a_hang_up():
    def play(session):
        return session.stream_file("/p/gone", "0", longest=1)

    missing = "200 result=-1 endpos=0"
    assert await outcome(play, missing, "200 result=0") == (
        ['STREAM FILE "/p/gone" "0"', "NOOP"],
        Heard(unplayable=True),
    )
    assert (await outcome(play, missing, "HANGUP\n200 result=0"))[1] is AgiHangup


async def test_the_session_goes_on_after_a_refused_command():
    async with session_and_peer() as (session, asterisk):
        answers = asyncio.create_task(asterisk.answer("510 Invalid", "200 result=1 (yes)"))
        with pytest.raises(AgiRefused):
            await session.answer()
        assert await session.get_variable("X") == "yes"
        await answers


async def test_a_refused_value_is_not_sent_and_the_session_goes_on():
    async with session_and_peer() as (session, asterisk):
        for values in ({"X": "a,Y=b"}, {"X": 'a"'}, {"X=1,Y": "a"}, {"X": "a b"}, {"X": "a\nb"}):
            with pytest.raises(AgiInjection):
                await session.set_variables(values)
        with pytest.raises(AgiInjection):
            await session.set_variable("X", "a\nHANGUP")
        answers = asyncio.create_task(asterisk.answer("200 result=0"))
        await session.answer()
        assert await answers == ["ANSWER"]


async def test_a_reply_that_does_not_come_ends_in_a_timeout_and_the_session_is_of_no_more_use():
    async with session_and_peer(command_seconds=0.05) as (session, asterisk):
        with pytest.raises(AgiTimeout):
            await session.answer()
        asterisk.send("200 result=1 (for the first command)\n")
        with pytest.raises(AgiDead):
            await session.get_variable("X")


async def test_a_prompt_gets_its_length_on_top_of_the_deadline():
    async with session_and_peer(command_seconds=0.05) as (session, asterisk):
        playing = asyncio.create_task(session.stream_file("/p/long", "", longest=60))
        await asterisk.command()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(playing), 0.2)
        asterisk.send("200 result=0 endpos=1\n")
        assert await playing == Heard(position=1)


async def test_a_cancelled_command_leaves_no_reply_for_the_next():
    async with session_and_peer() as (session, asterisk):
        waiting = asyncio.create_task(session.wait_for_digit(5))
        await asterisk.command()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        asterisk.send("200 result=53\n")
        with pytest.raises(AgiDead):
            await session.wait_for_digit(5)


async def test_closing_in_mid_prompt_lets_asterisk_go_on():
    async with session_and_peer() as (session, asterisk):
        playing = asyncio.create_task(session.stream_file("/p/long", "", longest=60))
        await asterisk.command()
        await session.close()
        await session.close()
        await asterisk.closed()
        with pytest.raises(AgiError):
            await playing


REPLY = b"520-Usage\nmore\n520 End\n"


@pytest.mark.parametrize("cut", range(len(REPLY)))
async def test_the_end_of_the_connection_at_every_byte_of_a_reply(cut):
    async with session_and_peer() as (session, asterisk):
        playing = asyncio.create_task(session.answer())
        await asterisk.command()
        asterisk.send(REPLY[:cut])
        asterisk.leave()
        with pytest.raises(AgiDead):
            await playing


@pytest.mark.parametrize("name", ["hangup-in-prompt.bin", "hangup-between-commands.bin"])
async def test_a_recorded_hang_up_ends_the_session(name):
    recorded = Path(__file__).with_name("recorded").joinpath(name).read_bytes()
    async with session_and_peer(recorded) as (session, _):
        with pytest.raises(AgiHangup):
            for _ in range(3):
                await session.stream_file("/p/greeting", "0", longest=1)


async def test_a_peer_that_does_not_read_cannot_hold_the_closing(monkeypatch):
    monkeypatch.setattr("pbx.agi.session.CLOSE_SECONDS", 0.05)
    async with session_and_peer() as (session, asterisk):
        session._writer.write(b"x" * 10_000_000)
        await session.close()
        assert isinstance(asterisk, FakeAsterisk)
        assert session._writer.transport.is_closing()
        assert session._writer.transport.get_write_buffer_size() == 0
