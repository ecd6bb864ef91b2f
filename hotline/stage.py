"""A whole hotline on this machine's loopback: real Asterisk, free ports, a site of its own.

The demo, the tests, the benchmarks and the doctor's call play on it. The parts are the same as a
city's; only the trunk is this machine itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from asr.settings import AsrSettings
from core.clock import Clock
from hotline.app import Hotline
from hotline.console_client import ConsoleClient, open_console
from hotline.ports import free_ports, free_range
from hotline.site import AgentEntry, AmiEntry, Site, SiteSettings, init_site, loopback_trunk
from pbx.asterisk.install import ensure_asterisk
from pbx.asterisk.locate import AsteriskInstall
from pbx.asterisk.render import render
from pbx.asterisk.server import AsteriskServer
from pbx.phone import PhoneSettings
from pbx.settings import AgiSettings, HttpSettings, RtpSettings, SipSettings

RTP_PORTS = 600


@dataclass(frozen=True, slots=True)
class Stage:
    """A site whose Asterisk runs. ``serving`` adds our own processes."""

    site: Site
    install: AsteriskInstall
    asterisk: AsteriskServer

    def citizen(self) -> PhoneSettings:
        """A telephone outside: the trunk knows it by its address."""
        return PhoneSettings(role="citizen", server_port=self.site.pbx.sip.port)

    def agent_phone(self, agent: str, auto_answer_ms: int | None = None) -> PhoneSettings:
        """The telephone on an agent's desk."""
        return PhoneSettings(
            role="agent",
            server_port=self.site.pbx.sip.port,
            user=agent,
            password=SecretStr(self.site.secrets.agents[agent].sip),
            auto_answer_ms=auto_answer_ms,
        )


def stage_site(
    folder: Path, city: str, agents: tuple[AgentEntry, ...], asr: AsrSettings | None = None
) -> Site:
    """A site in ``folder`` on free ports of this machine. Raises like ``init_site``."""
    sip, ami, agi, http, console = free_ports(5)
    first = free_range(RTP_PORTS)
    return init_site(
        folder,
        SiteSettings(
            sip=SipSettings(port=sip),
            rtp=RtpSettings(start=first, end=first + RTP_PORTS - 1),
            ami=AmiEntry(port=ami),
            agi=AgiSettings(port=agi),
            http=HttpSettings(port=http),
            console={"port": console},
            trunks=(loopback_trunk(),),
            agents=agents,
            asr=asr or AsrSettings(),
        ),
        city,
    )


@asynccontextmanager
async def open_stage(site: Site, install: AsteriskInstall | None = None) -> AsyncIterator[Stage]:
    """Render and run the site's Asterisk while the context is open."""
    found = install if install is not None else await asyncio.to_thread(ensure_asterisk)
    await asyncio.to_thread(render, site.pbx, site.pack, found, site.asterisk)
    async with AsteriskServer(found, site.asterisk, site.pbx.ami) as asterisk:
        yield Stage(site, found, asterisk)


@asynccontextmanager
async def serving(site: Site, clock: Clock | None = None) -> AsyncIterator[Hotline]:
    """Our own parts, in this process, from started to stopped in good order."""
    hotline = Hotline(site, clock)
    stop, started = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(hotline.run(stop, started), name="hotline")
    starting = asyncio.create_task(started.wait())
    try:
        await asyncio.wait({running, starting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield hotline
    finally:  # also when cancelled while it starts
        starting.cancel()
        stop.set()
        await running


@asynccontextmanager
async def console_of(hotline: Hotline, agent: str) -> AsyncIterator[ConsoleClient]:
    """The console of ``agent`` with the first password of his account."""
    password = hotline.site.secrets.agents[agent].console
    async with open_console(hotline.url, agent, password) as console:
        yield console
