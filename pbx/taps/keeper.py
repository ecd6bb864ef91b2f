"""Keeps one party tapped for as long as it talks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from uuid import uuid4

from core.clock import Clock
from core.errors import HotlineError
from core.ports import Transcriber, TranscriptSink
from core.transcript import StreamReport, StreamState, Tap
from pbx.ami.api import Ami, AmiRefused, AmiTimeout
from pbx.calls.channels import tap_of
from pbx.settings import TapSettings
from pbx.taps.party import Party

log = logging.getLogger(__name__)

# Hear only what this channel says (o), quietly (q), and end with it (E, S); a busy machine may fall
# behind by half a second instead of a tenth before Asterisk throws audio away (l).
SPY_OPTIONS = "qoESl"


class Keeper:
    """One party's tap: placed, placed again when lost, until its owner cancels ``run``.

    ``adopted`` is the channel of a tap that stands already.
    """

    def __init__(
        self,
        party: Party,
        ami: Ami,
        transcriber: Transcriber,
        sink: TranscriptSink,
        settings: TapSettings,
        clock: Clock,
        adopted: str | None = None,
    ) -> None:
        self.party = party
        self.tap_id = tap_of(adopted) if adopted else None
        self._ami = ami
        self._transcriber = transcriber
        self._sink = sink
        self._settings = settings
        self._clock = clock
        self._channel = adopted  # of the last tap
        self._gone = asyncio.Event()
        self._again = asyncio.Event()

    def lost(self) -> None:
        """The tap of ``tap_id`` is no more."""
        self._gone.set()

    def again(self) -> None:
        """What kept us from tapping may be over: if we wait, wait no longer."""
        self._again.set()

    async def run(self) -> None:
        """Place the tap and keep it; never ends by itself and never fails."""
        failures = 0
        stands = self.tap_id is not None
        while True:
            since = self._clock.monotonic()
            if stands or await self._placed():
                await self._gone.wait()
            stands = False
            stable = self._clock.monotonic() - since >= self._settings.stable_seconds
            failures = 1 if stable else failures + 1
            if await self._called_while_resting(failures):
                failures = 0
            await self._clear_away()

    async def _placed(self) -> bool:
        self._again.clear()
        try:
            await self._place()
        except HotlineError as error:
            await self._report_lost(error.error_id)
        except TimeoutError:
            await self._report_lost("transcriber_timeout")
        except Exception as error:  # noqa: BLE001 - whatever fails, the talk goes on untapped
            await self._report_lost(type(error).__name__)
        else:
            return True
        return False

    async def _place(self) -> None:
        tap = Tap(
            str(uuid4()),
            self.party.call_id,
            self.party.leg,
            self.party.speaker,
            self.party.origin,
        )
        self.tap_id, self._channel = tap.tap_id, None
        self._gone.clear()
        async with asyncio.timeout(self._settings.expect_seconds):
            host, port = await self._transcriber.expect(tap)
        self._channel = f"AudioSocket/{host}:{port}-{tap.tap_id}"
        # Sent, but nobody knows what became of it: it is cleared away before another is placed.
        with contextlib.suppress(AmiTimeout):
            await self._ami.action(
                "Originate",
                {
                    "Channel": f"AudioSocket/{host}:{port}/{tap.tap_id}/c(slin)",
                    "Application": "ChanSpy",
                    "Data": f"{self.party.channel},{SPY_OPTIONS}",
                    "Async": "true",
                },
            )

    async def _called_while_resting(self, failures: int) -> bool:
        """Wait before the next try: True when ``again`` was called, False when the time is up."""
        delay: float | None = None
        if failures <= self._settings.retries:
            delay = min(self._settings.retry_first * 2 ** (failures - 1), self._settings.retry_cap)
        try:
            async with asyncio.timeout(delay):
                await self._again.wait()
        except TimeoutError:
            return False
        return True

    async def _clear_away(self) -> None:
        """End the channel of the last tap, should it still stand: nobody is heard twice."""
        if self._channel is None:
            return
        try:
            await self._ami.action("Hangup", {"Channel": self._channel})
        except AmiRefused:
            pass  # gone already, as it should be
        except HotlineError as error:
            log.info("tap %s: not cleared away (%s)", self.tap_id, error.error_id)

    async def _report_lost(self, reason: str) -> None:
        tap_id, party = self.tap_id or "", self.party
        log.warning("call %s: leg %s not tapped (%s)", party.call_id, party.leg.value, reason)
        report = StreamReport(tap_id, party.call_id, party.leg, StreamState.LOST, reason)
        try:
            await self._sink.stream(report)
        except HotlineError as error:
            log.error("call %s: lost tap not reported (%s)", party.call_id, error.error_id)
