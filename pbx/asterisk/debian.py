"""Reads where this Debian machine gets its packages from, so that Asterisk comes the same way.

Debian's stable releases carry no Asterisk; its ``sid`` suite, on the same mirrors, does. Both forms
of source lists are read (``sources.list(5)``: one-line, and deb822 paragraphs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pbx.asterisk.errors import AsteriskUnavailable

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ROLLING = ("oldstable", "stable", "testing", "unstable", "sid")


@dataclass(frozen=True, slots=True)
class Source:
    """One place that packages come from."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where to fetch from, and the keyring that vouches for it."""

    uris: tuple[str, ...]
    keyring: Path


def _one_line(text: str) -> Iterator[Source]:
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        found = re.fullmatch(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)", line)
        if found:
            options, uri, suite, components = found.groups()
            signed = re.search(r"\bsigned-by=(\S+)", options or "")
            yield Source(
                (uri,), (suite,), tuple(components.split()), signed.group(1) if signed else ""
            )


def _deb822(text: str) -> Iterator[Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield Source(
                tuple(fields.get("uris", "").split()),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", "").strip(),
            )


def read_sources(apt: Path) -> list[Source]:
    """All package sources named under ``apt`` (normally ``/etc/apt``), in reading order."""
    sources: list[Source] = []
    parts = apt / "sources.list.d"
    one_line = [apt / "sources.list", *sorted(parts.glob("*.list"))]
    for path in (*one_line, *sorted(parts.glob("*.sources"))):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            sources += _deb822(text) if path.suffix == ".sources" else _one_line(text)
    return sources


def find_mirror(etc: Path) -> Mirror:
    """The mirror of this machine's own Debian sources under ``etc``.

    Raises ``AsteriskUnavailable`` where there is none.
    """
    try:
        text = (etc / "os-release").read_text(encoding="utf-8")
    except OSError:
        text = ""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    if release.get("ID") != "debian":
        raise AsteriskUnavailable(
            "no Asterisk here: install the system's own package (on Ubuntu: apt install asterisk)"
        )
    suites = {release.get("VERSION_CODENAME", ""), *ROLLING}
    for source in read_sources(etc / "apt"):
        if source.uris and suites.intersection(source.suites) and "main" in source.components:
            # An inline key block cannot be named as a file; Debian's own keyring holds the key.
            named = source.signed_by.startswith("/")
            return Mirror(source.uris, Path(source.signed_by.split()[0]) if named else KEYRING)
    raise AsteriskUnavailable(
        "no Asterisk here and no Debian mirror among the package sources: install asterisk >= 20"
    )
