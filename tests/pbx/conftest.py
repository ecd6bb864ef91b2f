"""A real Asterisk for the telephone side's tests: installed once, started on free ports."""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.pack import CityPack, load_pack
from pbx.asterisk import (
    AsteriskInstall,
    AsteriskServer,
    AsteriskUnavailable,
    ensure_asterisk,
    render,
)
from pbx.settings import PbxSettings

PROJECT = Path(__file__).parents[2]
RTP_PORTS = 200


def free_ports(tcp: int, udp: int = 0) -> list[int]:
    """So many distinct loopback ports (first TCP, then UDP) that were free a moment ago."""
    with ExitStack() as open_sockets:
        ports = []
        for kind in [socket.SOCK_STREAM] * tcp + [socket.SOCK_DGRAM] * udp:
            one = open_sockets.enter_context(closing(socket.socket(socket.AF_INET, kind)))
            one.bind(("127.0.0.1", 0))
            ports.append(int(one.getsockname()[1]))
        return ports


def free_rtp_range() -> tuple[int, int]:
    """``RTP_PORTS`` free UDP ports in a row, below the range that the kernel hands out."""
    while True:
        start = 10000 + secrets.randbelow(100) * RTP_PORTS
        try:
            with ExitStack() as open_sockets:
                for port in range(start, start + RTP_PORTS):
                    one = open_sockets.enter_context(
                        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    )
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return start, start + RTP_PORTS - 1


def agent(number: str, **more: Any) -> dict[str, Any]:
    """Settings of one agent who serves the common queue unless told otherwise."""
    return {
        "number": number,
        "name": f"座席{number}",
        "secret": f"secret-{number}",
        "queues": {"common": 0},
        **more,
    }


@dataclass
class RunningAsterisk:
    """A private Asterisk: SIP from 127.0.0.1 is the trunk, agents register by name."""

    settings: PbxSettings
    pack: CityPack
    folder: Path
    server: AsteriskServer

    async def stop(self) -> None:
        await self.server.stop()

    async def restart(self) -> None:
        """End the process and start it again on the same folder and ports."""
        await self.server.stop()
        await self.server.start()

    async def cli(self, line: str) -> str:
        """Ask Asterisk's command line."""
        return await self.server.command(line)

    def log(self) -> str:
        return (self.folder / "log/messages.log").read_text(encoding="utf-8", errors="replace")


StartAsterisk = Callable[..., Awaitable[RunningAsterisk]]


@pytest.fixture(scope="session")
def asterisk_install() -> AsteriskInstall:
    """Skips only where no Asterisk can be had at all; a failing download is a failure."""
    try:
        return ensure_asterisk(PROJECT / ".cache/asterisk")
    except AsteriskUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture(scope="session")
def pack() -> CityPack:
    return load_pack(PROJECT / "cities/tangshan")


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., PbxSettings]:
    """Settings on free loopback ports with agents 8001 and 8002; keywords override fields."""

    def make(**overrides: Any) -> PbxSettings:
        ami, agi, http, sip = free_ports(3, 1)
        start, end = free_rtp_range()
        values: dict[str, Any] = {
            "sip": {"port": sip},
            "rtp": {"start": start, "end": end},
            "ami": {"port": ami, "secret": secrets.token_hex(12)},
            "agi": {"port": agi},
            "http": {"port": http},
            "recordings": tmp_path / "recordings",
            "prompts": PROJECT / "ivr_flows/prompts/zh-CN",
            "agents": [agent("8001"), agent("8002")],
            "trunks": [{"name": "carrier", "match": ["127.0.0.1/32"]}],
        }
        return PbxSettings.model_validate(values | overrides)

    return make


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket, whatever the test's name is."""
    with tempfile.TemporaryDirectory(prefix="pbx-") as folder:
        yield Path(folder)


@pytest.fixture
async def start_asterisk(
    asterisk_install: AsteriskInstall,
    pack: CityPack,
    make_settings: Callable[..., PbxSettings],
    short_path: Path,
) -> AsyncIterator[StartAsterisk]:
    """``await start_asterisk(**overrides)`` gives a running one; all are stopped after the test.

    Overrides are fields of ``PbxSettings``, or ``pack=`` for another city pack.
    """
    async with AsyncExitStack() as running:

        async def start(pack: CityPack = pack, **overrides: Any) -> RunningAsterisk:
            settings = make_settings(**overrides)
            folder = short_path / f"asterisk-{settings.ami.port}"
            render(settings, pack, asterisk_install, folder)
            server = AsteriskServer(asterisk_install, folder, settings.ami)
            asterisk = RunningAsterisk(settings, pack, folder, server)
            running.callback(lambda: print(asterisk.log()))  # pytest shows it when a test fails
            running.push_async_callback(server.stop, grace=0.0)  # nobody speaks any more
            await server.start()
            return asterisk

        yield start
