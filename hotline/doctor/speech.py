"""Recognition: which engines could run here, and which one the hotline would run with.

The models are looked at, not loaded, except one that loads in a moment: a second copy of a large
one beside the hotline's own could take the memory that the calls need.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from pathlib import Path

from asr.errors import NoRecogniser
from asr.models import ModelState, ShelvedModel, vosk_on_shelf, whisper_on_shelf
from asr.service import SpeechService
from asr.settings import AsrSettings
from core.clock import SystemClock
from core.transcript import Segment, StreamReport
from hotline.doctor.finding import Finding, Verdict, broken, ok, warning
from hotline.site import Site

PACKAGES = {"vosk": "vosk", "whisper": "faster_whisper"}
# A model of this size loads in well under three seconds (Whisper base, 147 MB: 0.5 s).
SMALL = 300_000_000  # bytes
LOAD_SECONDS = 30.0
WITHOUT = "calls go on without a transcript"


async def engines(site: Site) -> list[Finding]:
    """One finding per configured engine, and ``speech``: what would run."""
    settings = site.settings.asr
    looked = await asyncio.to_thread(_look_at_all, settings)
    usable = [name for name, (found, _) in looked.items() if found.verdict is not Verdict.BROKEN]
    findings = [found for found, _ in looked.values()]
    if not usable:
        advice = findings[0].advice if findings else "set `asr: engines:` in site.yaml"
        return [*findings, broken("speech", f"no engine can run: {WITHOUT}", advice)]
    # One engine less is no disaster while there is another.
    findings = [
        found.model_copy(update={"verdict": Verdict.WARNING})
        if found.verdict is Verdict.BROKEN
        else found
        for found in findings
    ]
    if all(looked[name][1] <= SMALL for name in usable):
        return [*findings, await _loaded(settings, tuple(usable))]
    large = f"{usable[0]} would run; not loaded here, for there may be a large model"
    return [*findings, ok("speech", large)]


def _look_at_all(settings: AsrSettings) -> dict[str, tuple[Finding, int]]:
    """By engine: what was found, and the bytes of its model."""
    return {name: _look_at(name, settings) for name in settings.engines}


def _look_at(name: str, settings: AsrSettings) -> tuple[Finding, int]:
    check = f"engine_{name.partition(':')[0]}"
    if name == "fake":
        advice = "it hears loudness, not words: for tests only"
        return warning(check, "a fake engine is configured", advice), 0
    if name not in PACKAGES:
        return _brought(check, name), SMALL + 1  # nobody knows
    if importlib.util.find_spec(PACKAGES[name]) is None:
        detail = f"the package {PACKAGES[name]} is not installed"
        return broken(check, detail, "install the locked packages again"), 0
    model = vosk_on_shelf(settings) if name == "vosk" else whisper_on_shelf(settings)
    if model.state is not ModelState.HERE:
        own = settings.vosk.folder if name == "vosk" else settings.whisper.folder
        return broken(check, model.detail, _advice(model, own)), 0
    return ok(check, f"{model.name} is whole: {model.detail}"), model.size


def _brought(check: str, name: str) -> Finding:
    """An engine that the site brings, as ``module:function``."""
    module = name.partition(":")[0]
    try:
        there = ":" in name and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        there = False
    if there:
        return ok(check, f"{module} can be imported")
    return broken(check, f"no engine is called {name!r}", "mend `asr: engines:` in site.yaml")


def _advice(model: ShelvedModel, folder: Path | None) -> str:
    if folder is not None:
        return f"put the model into {folder}, or mend `asr:` in site.yaml"
    if model.state is ModelState.BROKEN:
        return f"remove what is there and `hotline models fetch {model.name}`"
    return f"`hotline models fetch {model.name}`"


async def _loaded(settings: AsrSettings, usable: tuple[str, ...]) -> Finding:
    """Start the speech process as the hotline does, until an engine is ready."""
    any_port = settings.audiosocket.model_copy(update={"port": 0})
    settings = settings.model_copy(update={"engines": usable, "audiosocket": any_port})
    told = _Told()
    service = SpeechService(settings, told, SystemClock())
    began = time.monotonic()
    running = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            await told.enough.wait()
    except TimeoutError:
        return warning(
            "speech",
            f"no engine was ready after {LOAD_SECONDS:g} s {told.reason}".rstrip(),
            "this machine is slow or busy, or an engine dies: see what `hotline serve` says",
        )
    finally:
        await service.stop()
        await running
    if told.engine_name is None:
        return broken("speech", f"{told.reason}: {WITHOUT}", "see the engines above")
    return ok("speech", f"{told.engine_name} was ready after {time.monotonic() - began:.1f} s")


class _Told:
    """Takes the news of engines; no audio is sent, so nothing else comes."""

    def __init__(self) -> None:
        self.engine_name: str | None = None
        self.reason = ""
        self.enough = asyncio.Event()

    async def segment(self, segment: Segment) -> None:
        """Not waited for."""

    async def stream(self, report: StreamReport) -> None:
        """Not waited for."""

    async def engine(self, name: str | None, reason: str) -> None:
        """An engine that died is followed by the next one; only then it is known what runs."""
        if self.enough.is_set():
            return  # that it stops is our own doing
        self.engine_name, self.reason = name, reason
        if name is not None or reason.startswith(NoRecogniser.error_id):
            self.enough.set()
