"""Finds an Asterisk that can run here: an installed one first, else one unpacked in our cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pbx.asterisk.errors import AsteriskUnpackFailed

OLDEST_MAJOR = 20
# Where packages put it; an ordinary user's PATH often has neither.
SBIN = ("/usr/local/sbin", "/usr/sbin")
RECORD = "install.json"
# The form of the unpacked tree and its record; a cache of another form is not used.
RECORD_FORM = 1


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """An Asterisk program that can be started.

    ``command`` starts it (arguments are appended), ``modules`` is its module folder, ``data`` the
    folder that holds ``documentation/`` (it refuses many modules without), ``version`` what it says
    of itself, ``origin`` the folder it was unpacked to or None for the system's own.
    """

    version: str
    command: tuple[str, ...]
    modules: Path
    data: Path
    origin: Path | None

    def has_module(self, name: str) -> bool:
        """Whether the module file ``<name>.so`` exists."""
        return (self.modules / f"{name}.so").is_file()


def ask_version(command: tuple[str, ...]) -> str | None:
    """What ``asterisk -V`` says, e.g. ``22.10.1``; None if it does not run."""
    try:
        done = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"Asterisk (?:certified/|GIT-)?(\S+)", done.stdout)
    return found.group(1) if done.returncode == 0 and found else None


def _directory(etc: Path, name: str) -> Path | None:
    """A directory that the system's own asterisk.conf names."""
    try:
        text = (etc / "asterisk.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(rf"^\s*{name}\s*=>?\s*(\S+)", text, re.MULTILINE)
    return Path(found.group(1)) if found else None


def _first_with(candidates: list[Path | None], holds: str) -> Path | None:
    return next((place for place in candidates if place and (place / holds).exists()), None)


def find_installed(etc: Path) -> AsteriskInstall | None:
    """The system's own ``asterisk`` on PATH if it is new enough and complete, else None.

    ``etc`` is where its configuration says which folders it uses.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])
    program = shutil.which("asterisk", path=path)
    if program is None:
        return None
    version = ask_version((program,))
    if version is None or not version[:2].isdigit() or int(version[:2]) < OLDEST_MAJOR:
        return None
    prefix = Path(program).resolve().parent.parent
    libraries = [*prefix.glob("lib/*/asterisk/modules"), prefix / "lib/asterisk/modules"]
    modules = _first_with(
        [_directory(etc, "astmoddir"), *libraries, prefix / "lib64/asterisk/modules"],
        "app_queue.so",
    )
    data = _first_with(
        [
            _directory(etc, "astdatadir"),
            prefix / "share/asterisk",
            Path("/var/lib/asterisk"),
            prefix / "var/lib/asterisk",
        ],
        "documentation",
    )
    if modules is None or data is None:
        return None
    return AsteriskInstall(version, (program,), modules, data, None)


def unpacked(folder: Path) -> AsteriskInstall:
    """Describe the tree unpacked under ``folder/root``. Raises ``AsteriskUnpackFailed``."""
    root = folder / "root"
    program = root / "usr/sbin/asterisk"
    modules = next(root.glob("usr/lib/*/asterisk/modules"), None)
    if modules is None or not program.is_file():
        raise AsteriskUnpackFailed("the unpacked packages hold no Asterisk")
    # The program brings its own C library, newer than the machine's, so its own loader starts it.
    named = re.search(rb"/lib(?:64)?/(?:[\w-]+/)?(ld[\w.-]*\.so\.\d+)\0", program.read_bytes())
    libraries = modules.parent.parent
    loader = libraries / named.group(1).decode() if named else None
    if loader is None or not loader.exists():
        raise AsteriskUnpackFailed("the unpacked packages hold no loader for Asterisk")
    command = (
        str(loader),
        "--library-path",
        str(libraries),
        "--argv0",
        "asterisk",
        str(program),
    )
    version = ask_version(command)
    if version is None:
        raise AsteriskUnpackFailed("the unpacked Asterisk does not start")
    return AsteriskInstall(version, command, modules, root / "usr/share/asterisk", folder)


def _record(folder: Path) -> dict[str, object] | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("form") == RECORD_FORM else None


def find_cached(cache: Path) -> AsteriskInstall | None:
    """The most recently unpacked Asterisk under ``cache`` that runs on this machine, else None."""
    found = [
        (str(record["unpacked_at"]), folder)
        for folder in (cache.iterdir() if cache.is_dir() else ())
        if (record := _record(folder)) is not None and "unpacked_at" in record
    ]
    for _, folder in sorted(found, reverse=True):
        try:
            return unpacked(folder)
        except AsteriskUnpackFailed:
            continue  # of another architecture, or damaged: not one that can run here
    return None
