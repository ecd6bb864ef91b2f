"""The machine: disk, clock, database, ports, and the parts that run on it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from datetime import UTC, datetime

from core.errors import HotlineError
from core.store import Database
from hotline.doctor.finding import Finding, broken, ok, warning
from hotline.site import Site
from pbx.ivr.load import load_flows
from pbx.ivr.prompts import load_prompts

GIB = 1 << 30
LEAST_FREE = 2 * GIB
# Two legs of 8 kHz, 16 bits.
RECORDING_BYTES_PER_HOUR = 2 * 16_000 * 3600
OLDEST_SANE = datetime(2026, 1, 1, tzinfo=UTC)


def disk(site: Site) -> Finding:
    """Recordings can be written, and there is room for some time."""
    folder = site.recordings
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return broken("disk", f"{folder} cannot be written", "make the folder and give it to us")
    free = shutil.disk_usage(folder).free
    room = f"{free / GIB:.1f} GiB free, {free // RECORDING_BYTES_PER_HOUR} hours of recording"
    if free < LEAST_FREE:
        return broken("disk", room, "free some space or move `recordings` in site.yaml")
    return ok("disk", room)


async def database(site: Site) -> Finding:
    """The database takes a change (which is rolled back)."""
    opened = Database(site.database_url)
    try:
        await opened.check()
    except HotlineError as away:
        return broken("database", f"{away.error_id} {away}", "check `database` in site.yaml")
    finally:
        await opened.close()
    return ok("database", site.settings.database.split(":", 1)[0])


async def clock() -> Finding:
    """The clock is sane and kept by a time server, as far as this machine tells."""
    now = datetime.now(UTC)
    if now < OLDEST_SANE:
        return broken("clock", f"{now:%Y-%m-%d}", "set the clock; deadlines depend on it")
    if shutil.which("timedatectl") is None:
        return warning("clock", "nobody here tells whether it is kept", "run a time service")
    asked = await asyncio.create_subprocess_exec(
        *("timedatectl", "show", "-p", "NTPSynchronized", "--value"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    answer, _ = await asked.communicate()
    if answer.strip() == b"yes":
        return ok("clock", "kept by a time server")
    return warning("clock", "not kept by a time server", "run chrony or systemd-timesyncd")


def flows(site: Site) -> Finding:
    """The designers' files can be used."""
    prompts = load_prompts(site.pbx.prompts / "zh")
    loaded = load_flows(site.flows, site.pack, prompts)
    if loaded.issues:
        first = loaded.issues[0]
        return warning(
            "flows",
            f"{len(loaded.issues)} issues, first {first.file}:{first.line}: {first.rule}",
            f"{first.message}; calls of a broken flow go straight to people",
        )
    return ok("flows", f"{len(loaded.flows)} flows, {len(prompts.names)} prompts")


async def ports(site: Site) -> list[Finding]:
    """Whether our own listeners are there, or their ports are free for them."""
    wanted = {
        "agi": (str(site.pbx.agi.host), site.pbx.agi.port),
        "console": (site.console.host, site.console.port),
    }
    return [await _port(name, *place) for name, place in wanted.items()]


async def _port(name: str, host: str, port: int) -> Finding:
    check = f"port_{name}"
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return ok(check, f"{host}:{port} answers")
    except (OSError, TimeoutError):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as taken:
            return broken(
                check,
                f"{host}:{port}: {taken.strerror}",
                f"set another port for {name} in site.yaml",
            )
    return warning(check, f"{host}:{port} is free", "`hotline serve` is not running")
