"""Writes a complete, locked-down Asterisk configuration from the settings and the city pack."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Address
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined

from core.pack import CityPack
from pbx.asterisk.comfort import write_comfort
from pbx.asterisk.errors import RenderInvalid
from pbx.asterisk.locate import AsteriskInstall
from pbx.asterisk.modules import PRELOAD, ROAD, in_use
from pbx.settings import PbxSettings

# Asterisk looks for these and complains when they are missing; its defaults are right.
EMPTY = ("acl", "ccss", "features", "pjproject", "queuerules", "stasis", "udptl")
FOLDERS = ("etc", "var", "var/keys", "agi-bin", "spool", "run", "log", "moh")
RESERVED = {"general"}  # the section of defaults in queues.conf and manager.conf
CONTROL_SOCKET = "run/asterisk.ctl"
SOCKET_PATH_BYTES = 107  # sun_path of unix(7), less its closing zero

# In a configuration file these end a value, a line or a string; in a path of the dialplan the
# second set would end an argument or begin an expression.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f;"\\<>\u0085\u2028\u2029]')
_FORBIDDEN_IN_PATH = re.compile(r"[,&|(){}$\[\]']")


def _checked(value: object) -> object:
    """Every value on its way into a file passes here (Jinja's ``finalize``)."""
    text = str(value)
    if _FORBIDDEN.search(text) or text != text.strip():
        raise RenderInvalid("a value holds a character that would end it in a configuration file")
    if isinstance(value, Path) and _FORBIDDEN_IN_PATH.search(text):
        raise RenderInvalid("a folder's name holds a character that the dialplan would interpret")
    return value


@cache
def environment() -> Environment:
    """The templates, with every expression checked and every name required."""
    folder = files(__package__) / "templates"
    sources = {
        item.name: item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".j2")
    }
    return Environment(
        loader=DictLoader(sources),
        finalize=_checked,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def template_values(settings: PbxSettings, pack: CityPack, folder: Path) -> dict[str, object]:
    """What the templates may use. Raises ``RenderInvalid`` for a queue that nobody knows."""
    known = {queue.key for queue in pack.queues}
    if reserved := RESERVED & {*known, settings.ami.user}:
        raise RenderInvalid(f"{min(reserved)} is a section of Asterisk's own, not a free name")
    for agent in settings.agents:
        if unknown := sorted(set(agent.queues) - known):
            raise RenderInvalid(
                f"agent {agent.number} is given the unknown queue {unknown[0]}",
                agent=agent.number,
                queue=unknown[0],
            )
    shared = IPv4Address("127.0.0.1")
    return {
        "settings": settings,
        "pack": pack,
        "folder": folder,
        "browser": any(agent.browser for agent in settings.agents),
        "username_first": any(shared in net for trunk in settings.trunks for net in trunk.match),
        "merged": sorted(
            number for line in pack.lines if line != pack.main_line for number in line.numbers
        ),
    }


def render(
    settings: PbxSettings, pack: CityPack, install: AsteriskInstall, folder: Path
) -> Mapping[str, Path]:
    """Write the configuration and the folders it needs under ``folder``; return the files by name.

    ``folder/etc/asterisk.conf`` is what ``asterisk -C`` takes. The members' database, logs and the
    sound of waiting live beside it, so nothing of the system's own Asterisk is touched. Rendering
    again replaces the files one by one, each whole. Raises ``RenderInvalid``: a value or a folder
    that will not do; before anything is written, unless it is the disk that refuses.
    """
    folder = folder.absolute()
    if len(os.fsencode(folder / CONTROL_SOCKET)) > SOCKET_PATH_BYTES:
        raise RenderInvalid("the folder's path is too long for Asterisk's control socket")
    values = template_values(settings, pack, folder)
    modules = in_use(bool(values["browser"]), install.has_module)
    if missing := [name for name in modules if not install.has_module(name)]:
        raise RenderInvalid(f"this Asterisk has no module {missing[0]}", modules=missing)
    values |= {
        "install": install,
        "preload": PRELOAD,
        "road": [name for name in ROAD if name not in PRELOAD],
        "services": [name for name in modules if name not in ROAD],
    }
    texts = {f"{name}.conf": "; Asterisk's defaults are right.\n" for name in EMPTY}
    for name in environment().list_templates():
        if not name.startswith("_") and name.endswith(".conf.j2"):
            texts[name.removesuffix(".j2")] = environment().get_template(name).render(values)
    try:
        for part in FOLDERS:
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.recordings.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_comfort(folder / "moh/comfort.wav")
        return {name: _write(folder / "etc" / name, text) for name, text in sorted(texts.items())}
    except OSError as refused:
        raise RenderInvalid(f"the configuration cannot be written: {refused}") from refused


def _write(path: Path, text: str) -> Path:
    """Replace ``path`` in one step; readable by its owner only, for it may hold a secret."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
