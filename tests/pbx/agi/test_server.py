"""The FastAGI listener under everything that knocks at an open port."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbx.agi.errors import AgiPortTaken, AgiPortUnusable
from pbx.agi.server import AgiLimits, AgiServer
from tests.pbx.agi.fake_asterisk import CALL_ID, DEADLINE, call_to, environment


async def greet(session):
    """A handler that says of which call it is, and ends."""
    await session.verbose(session.environment.argument(1))


def server(handler=greet, **limits):
    return AgiServer(handler, "127.0.0.1", 0, AgiLimits(**limits))


async def is_served(port):
    async with call_to(port, environment()) as asterisk:
        sent = await asterisk.answer("200 result=1")
        await asterisk.closed()
        return sent == [f'VERBOSE "{CALL_ID}" "3"']


async def until(condition):
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - a number of the server, not an event of ours
            await asyncio.sleep(0.005)


async def test_a_call_is_handled_and_let_go():
    async with server() as running:
        assert await is_served(running.port)


async def test_a_taken_port_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(AgiPortTaken) as taken:
        port = other.getsockname()[1]
        await AgiServer(greet, "127.0.0.1", port).start()
    assert taken.value.error_id == "agi_port_taken"
    assert taken.value.details == {"host": "127.0.0.1", "port": port}


async def test_an_address_that_is_not_ours_is_a_clear_error():
    with pytest.raises(AgiPortUnusable):
        await AgiServer(greet, "192.0.2.1", 0).start()


async def test_the_port_is_unknown_before_the_start():
    with pytest.raises(AgiPortUnusable):
        _ = server().port


async def test_a_storm_of_health_checks_is_quiet_and_the_server_serves_on(caplog):
    caplog.set_level(logging.INFO)
    async with server() as running:
        for _ in range(300):
            async with call_to(running.port):
                pass
        assert await is_served(running.port)
        await until(lambda: running.running == 0)
    assert not caplog.records


async def test_peers_that_never_finish_the_environment_are_ended():
    async with server(environment_seconds=0.1) as running:
        async with call_to(running.port, environment()[:-1]) as slow, call_to(running.port) as mute:
            await slow.closed()
            await mute.closed()
        await until(lambda: running.running == 0)


async def test_a_peer_that_sends_byte_by_byte_cannot_stretch_the_deadline():
    async with server(environment_seconds=0.2) as running, call_to(running.port) as slow:
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(DEADLINE):
                while True:
                    slow.send(b"agi_x: ")
                    await slow.writer.drain()
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize("cut", range(0, len(environment()), 7))
async def test_the_end_of_the_connection_at_any_byte_of_the_environment_ends_the_session(cut):
    handled = []

    async def handler(session):
        handled.append(session)

    async with server(handler) as running:
        async with call_to(running.port, environment()[:cut]) as asterisk:
            asterisk.leave()
        await until(lambda: running.running == 0)
    assert not handled


async def test_over_the_bound_callers_are_let_go_at_once_and_served_again_later(caplog):
    release = asyncio.Event()

    async def handler(_):
        await release.wait()

    async with server(handler, sessions=2) as running:
        async with call_to(running.port, environment()), call_to(running.port, environment()):
            await until(lambda: running.running == 2)
            for _ in range(5):
                async with call_to(running.port, environment()) as third:
                    await third.closed()
            assert running.running == 2
            release.set()
            await until(lambda: running.running == 0)
        async with call_to(running.port, environment()) as later:
            await later.closed()
    floods = [record.getMessage() for record in caplog.records]
    assert floods == [
        "agi_flood: over 2 sessions, turning away",
        "agi_flood: over, 5 connections were turned away",
    ]


async def test_a_broken_handler_costs_its_own_call_and_says_nothing_of_the_caller(caplog):
    async def handler(session):
        if session.environment.argument(2) == "start":
            raise RuntimeError("15400000001 said something")

    async with server(handler) as running:
        async with call_to(running.port, environment()) as asterisk:
            await asterisk.closed()
        async with call_to(running.port, environment(agi_arg_2="x")) as asterisk:
            await asterisk.closed()
    assert [record.getMessage() for record in caplog.records] == [
        "agi_handler_failed: RuntimeError"
    ]


async def test_garbage_is_logged_by_its_id_only(caplog):
    request = b"GET / HTTP/1.1\r\n\r\n"
    async with server() as running, call_to(running.port, request) as stranger:
        await stranger.closed()
    assert [record.getMessage() for record in caplog.records] == [
        "agi_protocol: an AGI session ended early"
    ]


async def test_a_shutdown_lets_a_running_session_finish():
    entered, finish, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(_):
        entered.set()
        await finish.wait()
        finished.set()

    running = server(handler)
    await running.start()
    async with call_to(running.port, environment()) as asterisk:
        await entered.wait()
        closing = asyncio.create_task(running.close())
        await asyncio.sleep(0)
        finish.set()
        await closing
        assert finished.is_set()
        await asterisk.closed()


async def test_a_shutdown_ends_what_does_not_finish():
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(_):
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    running = server(handler, shutdown_seconds=0.05)
    await running.start()
    async with call_to(running.port, environment()) as asterisk:
        await entered.wait()
        await running.close()
        assert cancelled.is_set()
        await asterisk.closed()
    assert running.running == 0


async def test_nobody_is_taken_after_the_shutdown():
    running = server()
    await running.start()
    port = running.port
    await running.close()
    with pytest.raises(OSError) as refused:
        await asyncio.open_connection("127.0.0.1", port)
    assert refused.value.errno == errno.ECONNREFUSED


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8))
async def test_whatever_strangers_send_the_next_caller_is_served(garbage):
    async with server(environment_seconds=0.05) as running:
        for data in garbage:
            async with call_to(running.port, data) as stranger:
                stranger.leave()
        assert await is_served(running.port)
