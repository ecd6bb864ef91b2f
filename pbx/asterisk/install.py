"""Gets an Asterisk without root: Debian's packages, fetched by apt and unpacked into a cache.

Nothing is installed on the machine. apt checks the signatures as always, but works on a private
state that believes no package to be present, so that the whole closure comes, C library included.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pbx.asterisk.debian import Mirror, find_mirror
from pbx.asterisk.errors import AsteriskDownloadFailed, AsteriskUnavailable, AsteriskUnpackFailed
from pbx.asterisk.locate import (
    RECORD,
    RECORD_FORM,
    AsteriskInstall,
    find_cached,
    find_installed,
    unpacked,
)

ETC = Path("/etc")
CACHE = Path(__file__).parents[2] / ".cache/asterisk"
SUITE = "sid"
TOOLS = ("apt-get", "apt-config", "dpkg", "dpkg-deb")
UNUSED = ("doc", "man", "locale", "lintian", "info")

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it is done (0..1)."""


def _quiet(what: str, done: float) -> None:
    return None


def ensure_asterisk(
    cache: Path = CACHE, progress: Progress = _quiet, etc: Path = ETC
) -> AsteriskInstall:
    """An Asterisk that runs here: the system's, else a cached one, else one freshly unpacked.

    ``cache`` holds one folder per version. ``etc`` says where this machine's packages come from
    (``os-release``, ``apt/``) and how its own Asterisk is set up (``asterisk/``). The network is
    touched only when neither of the first two exists. Blocks for up to a minute then; call it from
    a thread where that matters. Raises ``AsteriskUnavailable``, ``AsteriskDownloadFailed`` or
    ``AsteriskUnpackFailed``.
    """
    cache = cache.absolute()
    found = find_installed(etc / "asterisk") or find_cached(cache)
    if found is not None:
        return found
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise AsteriskUnavailable(
            f"no Asterisk here and no {missing[0]} to fetch it: install asterisk >= 20"
        )
    mirror = find_mirror(etc)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise AsteriskUnpackFailed(f"no folder to unpack Asterisk to: {refused}") from refused
    with _alone(cache, progress):
        return find_cached(cache) or _install(cache, mirror, progress)


@contextmanager
def _alone(cache: Path, progress: Progress) -> Iterator[None]:
    """One installation at a time; the lock goes with the process that holds it."""
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another installation", 0.0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(cache: Path, mirror: Mirror, progress: Progress) -> AsteriskInstall:
    for leftover in cache.glob(".unpack-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a run that was interrupted
    work = Path(tempfile.mkdtemp(prefix=".unpack-", dir=cache))
    try:
        packages = _download(work / "apt", mirror, progress)
        _unpack(packages, work / "root", progress)
        fresh = unpacked(work)
        shutil.rmtree(work / "apt")
        record = {
            "form": RECORD_FORM,
            "version": fresh.version,
            "unpacked_at": datetime.now(UTC).isoformat(),
            "packages": sorted(package.name for package in packages),
        }
        (work / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        work.chmod(0o755)
        place = cache / fresh.version
        if place.exists():
            shutil.rmtree(place)  # found there, but it did not run
        # Only this rename makes the tree count: whatever stops us before leaves no half of it.
        work.rename(place)
    except OSError as broken:
        raise AsteriskUnpackFailed(f"Asterisk could not be unpacked: {broken.strerror}") from broken
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return unpacked(place)


def _acquire_settings() -> str:
    """The machine's own proxy and TLS settings for apt, and nothing else of its configuration."""
    dump = subprocess.run(
        ["apt-config", "dump", "--no-empty", "--format", '%F "%v";%n'],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    wanted = re.compile(r"Acquire::(https?|Retries|Proxy|ForceIPv[46])\b", re.IGNORECASE)
    return "".join(f"{line}\n" for line in dump.splitlines() if wanted.match(line))


def _download(state: Path, mirror: Mirror, progress: Progress) -> list[Path]:
    """Fetch the package closure of ``asterisk`` into ``state``; return the package files."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    (state / "sources.list").write_text(
        "".join(f"deb [signed-by={mirror.keyring}] {uri} {SUITE} main\n" for uri in mirror.uris),
        encoding="utf-8",
    )
    machine = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=False
    ).stdout.strip()
    config = state / "apt.conf"
    config.write_text(
        f"""\
{_acquire_settings()}Dir::State "{state}";
Dir::State::lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Etc::SourceList "{state}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Architecture "{machine}";
APT::Architectures "{machine}";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Debug::NoLocking "true";
""",
        encoding="utf-8",
    )
    _apt(config, "package lists", ["update"], progress)
    _apt(config, "download", ["install", "--yes", "--download-only", "asterisk"], progress)
    return sorted((state / "cache/archives").glob("*.deb"))


def _apt(config: Path, what: str, arguments: list[str], progress: Progress) -> None:
    progress(what, 0.0)
    # On standard output apt talks to people; its status lines go there too and are picked out.
    with subprocess.Popen(
        ["apt-get", "-o", "APT::Status-Fd=1", "--quiet", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C.UTF-8"},
    ) as apt:
        assert apt.stdout is not None
        complaint = ""
        for line in apt.stdout:
            if status := re.match(r"dlstatus:[^:]*:([\d.]+):", line):
                if (done := float(status.group(1)) / 100) < 1:  # the end is said once, below
                    progress(what, done)
            elif line.startswith("E: "):
                complaint = line[3:].strip()
    if apt.returncode != 0:
        raise AsteriskDownloadFailed(
            f"Asterisk could not be fetched ({what}): {complaint or f'apt-get {apt.returncode}'}"
        )
    progress(what, 1.0)


def _unpack(packages: list[Path], root: Path, progress: Progress) -> None:
    root.mkdir()
    for number, package in enumerate(packages):
        progress("unpack", number / len(packages))
        done = subprocess.run(
            ["dpkg-deb", "--extract", str(package), str(root)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["dpkg-deb failed"])[-1]
            raise AsteriskUnpackFailed(f"{package.name} could not be unpacked: {reason}")
        package.unlink()
    for unused in UNUSED:
        shutil.rmtree(root / "usr/share" / unused, ignore_errors=True)
    progress("unpack", 1.0)
