"""The machine: the folders, the disk, the database, the clock, the designers' files."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from core.errors import HotlineError
from core.loop.repository import LoopRepository
from core.store import Database
from hotline.doctor.finding import Finding, broken, ok, warning
from hotline.recordings import LEAST_FREE
from hotline.site import Site
from pbx.ivr.load import load_flows
from pbx.ivr.prompts import load_prompts

GIB = 1 << 30
# Two legs of 8 kHz, 16 bits.
RECORDING_BYTES_PER_HOUR = 2 * 16_000 * 3600
SQLITE = "sqlite:///"

UNSYNCHRONISED = 5  # adjtimex(2): TIME_ERROR
TIMEX_BYTES = 512  # more than struct timex has; zeros ask and set nothing


def recordings(site: Site) -> Finding:
    """The folder takes a file of ours (Asterisk's are tried by the call)."""
    folder = site.recordings
    advice = f"make the folder and give it to the hotline's and Asterisk's user: {folder}"
    if not folder.is_dir():
        return broken("recordings", f"{folder} is no folder", advice)
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(bytes(4096))
            trial.flush()
    except OSError as refused:
        return broken("recordings", f"{folder}: {refused.strerror}", advice)
    return ok("recordings", f"{folder} can be written")


def disk(site: Site) -> Finding:
    """There is room for recordings, and for the database and what is spooled."""
    folders = [folder for folder in (site.recordings, site.folder) if folder.is_dir()]
    free = {folder: shutil.disk_usage(folder).free for folder in folders}
    least = min(free, key=lambda folder: free[folder])
    room = free[least]
    detail = f"{least}: {room / GIB:.1f} GiB free, {room // RECORDING_BYTES_PER_HOUR} h of calls"
    if room < LEAST_FREE:
        return broken("disk", detail, "free some space, or move `recordings` in site.yaml")
    return ok("disk", detail)


def spool(site: Site) -> Finding:
    """Nothing waits on disk for the database, and nothing was set aside."""
    aside = site.spool.with_suffix(".broken")
    if aside.exists():
        return warning("spool", f"lines that could not be read lie in {aside}", "keep them, report")
    waiting = site.spool.stat().st_size if site.spool.exists() else 0
    if waiting:
        return warning(
            "spool",
            f"{waiting} bytes of calls wait for the database",
            "`hotline serve` hands them on as soon as the database takes changes",
        )
    return ok("spool", "nothing waits for the database")


async def database(site: Site) -> Finding:
    """The database takes a change (which is rolled back)."""
    kind = site.settings.database.partition(":")[0]
    if _not_made_yet(site):
        return warning("database", f"{kind}: not made yet", "`hotline serve` makes it")
    try:
        opened = Database(site.database_url)
        try:
            await opened.check()
        finally:
            await opened.close()
    except HotlineError as away:
        return broken("database", f"{away.error_id} {away}", "check `database` in site.yaml")
    return ok("database", f"{kind}: takes changes")


async def clockwork(site: Site) -> Finding:
    """No timer of a ticket was given up after failing again and again."""
    if _not_made_yet(site):
        return ok("clockwork", "no ticket yet")
    try:
        opened = Database(site.database_url)
        try:
            stuck = await opened.read(lambda session: LoopRepository(session).stuck_timers())
        finally:
            await opened.close()
    except (HotlineError, SQLAlchemyError):
        return warning("clockwork", "not known: the database does not answer", "see database")
    if stuck:
        kinds = ", ".join(sorted({timer.kind for timer in stuck}))
        advice = "see the log; `hotline serve` tries them again when it starts"
        return warning("clockwork", f"{len(stuck)} timers were given up: {kinds}", advice)
    return ok("clockwork", "every timer that was due has fired")


def _not_made_yet(site: Site) -> bool:
    url = site.database_url
    return url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists()


def clock(site: Site) -> Finding:
    """The clock is not behind what was done here before, and the kernel follows a time server."""
    newest = max(
        file.stat().st_mtime for file in site.folder.iterdir() if file.suffix in (".yaml", ".db")
    )
    behind = newest - time.time()
    if behind > 60:
        return broken(
            "clock",
            f"{behind / 3600:.1f} h behind the newest file of the site",
            "set the clock; deadlines depend on it",
        )
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    advice = "run chrony or systemd-timesyncd, so that deadlines and call times are right"
    if state < 0:
        return warning("clock", "this system does not tell whether it is kept", advice)
    if state == UNSYNCHRONISED:
        return warning("clock", "not kept by a time server", advice)
    return ok("clock", "kept by a time server")


def flows(site: Site) -> Finding:
    """The designers' files can be used."""
    try:
        prompts = load_prompts(site.prompts)
        loaded = load_flows(site.flows, site.pack, prompts)
    except HotlineError as wrong:
        return broken("flows", f"{wrong.error_id} {wrong}", "mend the file in `flows`")
    issues = (*prompts.issues, *loaded.issues)
    if issues:
        first = issues[0]
        return warning(
            "flows",
            f"{len(issues)} issues, first {first.file}:{first.line}: {first.rule}",
            f"{first.message}; calls of a broken flow go straight to people",
        )
    return ok("flows", f"{len(loaded.flows)} flows, {len(prompts.names)} prompts")


async def machine(site: Site) -> list[Finding]:
    """All of them."""
    return [
        await asyncio.to_thread(recordings, site),
        await asyncio.to_thread(disk, site),
        await database(site),
        await asyncio.to_thread(spool, site),
        await clockwork(site),
        await asyncio.to_thread(clock, site),
        await asyncio.to_thread(flows, site),
    ]
