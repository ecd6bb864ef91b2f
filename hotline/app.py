"""Wires the rooms together: one process with everything, except Asterisk, where the calls live."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping

from agent_console.app import create_app
from agent_console.server import ConsoleServer
from asr.service import SpeechService
from asr.settings import AsrSettings
from core.clock import Clock, SystemClock
from core.desk import HotlineDesk
from core.loop.rules import RulesOffice, versions_in_use
from core.notices import FileNotifier, NoticeSender
from core.pack import load_pack
from core.policy.book import read_versions
from core.policy.shelf import PolicyShelf
from core.ports import TranscriptSink
from core.spool import Spool
from core.store import Database
from core.store.vault import Vault
from hotline.duties import Duties
from hotline.eraser import RecordingEraser
from hotline.lanes import Lanes
from hotline.recordings import RecordingWatch
from hotline.relay import TranscriptRelay
from hotline.rules import RulesReloader
from hotline.site import Site
from hotline.wrapup import WrapUpEnder
from pbx.agi.server import AgiServer
from pbx.ami.api import LinkState
from pbx.ami.link import AmiLink
from pbx.bridge import Bridge
from pbx.ivr.agi_runner import IvrRunner
from pbx.ivr.book import FlowBook
from pbx.ivr.load import load_flows
from pbx.ivr.prompts import load_prompts

log = logging.getLogger(__name__)

# A thread of the database that computes would hold up the event loop for Python's default of 5 ms
# at every system call of the loop's; a console's message takes several of them.
SWITCH_SECONDS = 0.0005


class Hotline:
    """The parts of one site. ``run`` serves until it is told to stop; use once.

    Calls go on whatever happens here: they are Asterisk's, which runs on its own. ``witness`` sees
    what the recogniser says before anybody else.
    """

    def __init__(
        self, site: Site, clock: Clock | None = None, witness: TranscriptSink | None = None
    ) -> None:
        clock = clock or SystemClock()
        self.site = site
        self.database = Database(site.database_url)
        vault = Vault(site.master)
        self.rules = PolicyShelf(
            site.policies,
            lambda: read_versions(site.city, load_pack(site.city)),
            lambda: self.database.read(versions_in_use),
            clock,
        )
        self.desk = HotlineDesk(self.database, vault, lambda: self.rules.current, clock)
        self.reloader = RulesReloader(self.rules)
        self.spool = Spool(self.desk, self.desk, vault, site.spool, tell=self.desk.keeper)
        self.lanes = Lanes(self.spool, self.spool, self.desk, self.desk.announce, self.spool.keep)
        relay = TranscriptRelay(self.lanes, witness)
        self.speech = SpeechService(_knowing_the_city(site), relay, clock)
        self.link = AmiLink(site.pbx.ami, clock=clock)
        self.bridge = Bridge(
            site.pbx,
            site.pack,
            self.link,
            facts=self.lanes,
            agents=self.lanes,
            transcript=self.lanes,
            transcriber=self.speech,
            open_calls=self.desk.open_calls,
            clock=clock,
        )
        relay.attach(self.bridge)
        self.notices = NoticeSender(self.database, vault, FileNotifier(site.notices), clock)
        self.eraser = RecordingEraser(self.desk.shelf, site.recordings)
        self.recordings = RecordingWatch(self.desk, site.recordings)
        self.agi = AgiServer(self._runner(clock), str(site.pbx.agi.host), site.pbx.agi.port)
        self.console = ConsoleServer(
            create_app(
                self.desk,
                self.bridge.switchboard,
                site.console,
                offices=self.desk.offices,
                rules=RulesOffice(self.rules, self.database.write, self.desk.log, clock),
                form=lambda: self.rules.current.pack.form,
                shelf=self.desk.shelf,
                readiness=self._readiness,
                clock=clock,
            ),
            site.console.host,
            site.console.port,
        )

    def _runner(self, clock: Clock) -> IvrRunner:
        prompts = load_prompts(self.site.prompts)
        loaded = load_flows(self.site.flows, self.site.pack, prompts)
        for issue in (*prompts.issues, *loaded.issues):
            log.warning("flow %s:%d: %s: %s", issue.file, issue.line, issue.rule, issue.message)
        return IvrRunner(
            FlowBook(loaded.flows),
            self.site.pack,
            prompts,
            self.lanes,
            clock,
            watchdog_seconds=self.site.pbx.agi.watchdog_seconds,
        )

    async def _readiness(self) -> Mapping[str, bool]:
        """What calls need of us; without a recogniser they go on."""
        return {"ami": self.link.state is LinkState.UP}

    @property
    def url(self) -> str:
        """Where the console is served."""
        host, port = self.console.address
        return f"http://{host}:{port}"

    async def run(self, stop: asyncio.Event, started: asyncio.Event | None = None) -> None:
        """Serve until ``stop`` is set; ``started`` is set once calls are taken.

        Raises what a part raised that could not go on (a port taken, a broken database).
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        await self.database.migrate()
        duties = Duties()
        try:
            self.console.open()
            await self.agi.start()
            await self.reloader.look()
            duties.start("desk", self.desk.run())
            duties.start("spool", self.spool.run())
            duties.start("lanes", self.lanes.run(), self.lanes.stop)
            duties.start("speech", self.speech.run(), self.speech.stop)
            duties.start("bridge", self.bridge.run())
            duties.start("wrap-up", WrapUpEnder(self.desk, self.bridge.switchboard).run())
            duties.start("recordings", self.recordings.run())
            duties.start("clockwork", self.desk.offices.clockwork.run())
            duties.start("heirs", self.desk.offices.heirs.run())
            duties.start("eraser", self.eraser.run())
            duties.start("notices", self.notices.run())
            duties.start("rules", self.reloader.run())
            duties.start("retention", self.desk.offices.retention.run())
            # After the telephone: a city has hundreds.
            for entry in self.site.settings.agents:
                first = self.site.secrets.agents[entry.number].console
                await self.desk.sessions.put_agent(
                    entry.number, entry.name, entry.role, first, entry.county, entry.unit
                )
            duties.start("console", self.console.run(), self._stop_console)
            await self.console.ready()
            # What is there now stays: the collector need not look through it again and again, which
            # would hold up a screen pop by a fifth of a second each time.
            gc.collect()
            gc.freeze()
            if started is not None:
                started.set()
            await duties.watch(stop)
        finally:
            gc.unfreeze()
            await self.agi.close()
            await duties.end()
            self.console.stop()  # gives the port back even if it never ran
            await self.database.close()

    async def _stop_console(self) -> None:
        self.console.stop()


def _knowing_the_city(site: Site) -> AsrSettings:
    """The recogniser's settings with the city's names, which it then hears far more often right."""
    asr = site.settings.asr
    prompt = asr.whisper.prompt + site.pack.recogniser_prompt
    return asr.model_copy(update={"whisper": asr.whisper.model_copy(update={"prompt": prompt})})
