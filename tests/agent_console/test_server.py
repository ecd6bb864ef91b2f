from __future__ import annotations

import asyncio
import signal

import pytest

from agent_console.app import create_app
from agent_console.errors import AddressRefused, PortTaken
from agent_console.messages import CloseCode
from agent_console.server import ConsoleServer
from agent_console.settings import ConsoleSettings
from core.pack.form import TicketForm
from tests.agent_console.conftest import DEADLINE, FORM, Running, hear_until, serve_console
from tests.agent_console.fake_work import FakeOffices, FakeRules, FakeWork
from tests.agent_console.fakes import FakeDesk, FakeSwitchboard
from tests.agent_console.test_socket import closed


def server(host: str = "127.0.0.1", port: int = 0) -> ConsoleServer:
    desk = FakeDesk()
    form = TicketForm(fields=FORM)
    app = create_app(
        desk,
        FakeSwitchboard(desk),
        ConsoleSettings(),
        offices=FakeOffices(FakeWork(desk)),
        rules=FakeRules(),
        form=lambda: form,
    )
    return ConsoleServer(app, host, port)


async def test_a_taken_port_is_told_by_its_id(served: Running) -> None:
    with pytest.raises(PortTaken) as taken:
        server(port=served.server.address[1]).open()
    assert taken.value.as_dict()["error_id"] == "port_taken"


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AddressRefused):
        server("192.0.2.1").open()
    with pytest.raises(AddressRefused):
        server("no such host").open()


async def test_two_consoles_live_in_one_process() -> None:
    async with serve_console() as one, serve_console() as two:
        token = await one.token()
        async with one.client(token) as here, two.client(token) as there:
            assert (await here.get("/api/snapshot")).status_code == 200
            assert (await there.get("/api/snapshot")).status_code == 401


async def test_no_signal_is_taken() -> None:
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(each) for each in signals]
    async with serve_console():
        assert [signal.getsignal(each) for each in signals] == before


async def test_consoles_are_told_that_the_server_goes_away() -> None:
    async with serve_console() as served, served.console() as console:
        await hear_until(console, "snapshot")
        served.server.stop()
        code, _ = await closed(console)
    assert code == CloseCode.GOING_AWAY


async def test_a_cancelled_server_shuts_down_and_frees_its_port() -> None:
    first = server()
    host, port = first.open()
    running = asyncio.create_task(first.run())
    await first.ready()
    running.cancel()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(asyncio.CancelledError):
            await running
    second = server(host, port)
    assert second.open() == (host, port)
    running = asyncio.create_task(second.run())
    await second.ready()
    second.stop()
    async with asyncio.timeout(DEADLINE):
        await running


async def test_a_server_that_never_ran_gives_its_port_back() -> None:
    first = server()
    host, port = first.open()
    first.stop()
    await first.run()
    second = server(host, port)
    assert second.open() == (host, port)
    second.stop()


async def test_a_request_that_never_ends_cannot_hold_up_the_shutdown() -> None:
    async with serve_console(close_seconds=0.1) as served:
        reader, writer = await asyncio.open_connection(*served.server.address)
        writer.write(b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab")
        await writer.drain()
        served.server.stop()
        async with asyncio.timeout(DEADLINE):
            await reader.read()
        writer.close()
        await writer.wait_closed()
