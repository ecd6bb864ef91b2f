"""A site: one folder with everything that is one hotline's own.

``site.yaml`` is what an administrator writes, ``secrets.yaml`` (mode 0600) what nobody should read,
``city/`` and ``flows/`` are copies of the data folders that a city then changes. Relative paths
count from the site's folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_console.settings import ConsoleSettings
from asr.settings import AsrSettings
from core.errors import Conflict, Invalid
from core.pack import CityPack, load_pack
from core.people.places import place_fault
from core.people.roles import CONSOLE
from core.policy import PolicyBook, load_policies
from core.store.vault import KEY_BYTES
from hotline.shipped import CITIES, FLOWS, SCHEMA
from pbx.settings import (
    AgentSettings,
    AgiSettings,
    AmiSettings,
    HttpSettings,
    PbxSettings,
    RtpSettings,
    SipSettings,
    TrunkSettings,
)

LANGUAGE = "zh"  # of the prompts


class SiteInvalid(Invalid):
    error_id = "site_invalid"


class SiteExists(Conflict):
    error_id = "site_exists"


class SiteModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentEntry(SiteModel):
    """An account of ``site.yaml``: who may log in, as what, and at which place.

    Roles with a telephone console have a telephone; without ``queues`` they serve all of them at
    level 0. ``county`` is a district's code (none: the city), ``unit`` a unit's key.
    """

    number: str
    name: str
    role: Literal[
        "agent",
        "dispatcher",
        "supervisor",
        "unit",
        "unit_head",
        "authority",
        "government",
        "auditor",
        "admin",
    ] = "agent"
    county: str = ""
    unit: str = ""
    browser: bool = False
    queues: dict[str, int] | None = None
    contact: str | None = None


class AmiEntry(SiteModel):
    host: str = "127.0.0.1"
    port: int = 5038
    user: str = "hotline"


class SiteSettings(SiteModel):
    """``site.yaml``. What is not set has the default of its room's settings."""

    city: Path = Path("city")
    flows: Path = Path("flows")
    recordings: Path = Path("recordings")
    asterisk: Path = Path("asterisk")  # where the rendered configuration goes
    database: str = "sqlite:///hotline.db"
    sip: SipSettings = SipSettings()
    rtp: RtpSettings = RtpSettings()
    ami: AmiEntry = AmiEntry()
    agi: AgiSettings = AgiSettings()
    http: HttpSettings = HttpSettings()
    trunks: tuple[TrunkSettings, ...] = ()
    agents: tuple[AgentEntry, ...] = ()
    asr: AsrSettings = AsrSettings()
    console: ConsoleSettings = ConsoleSettings()


class AgentSecrets(SiteModel):
    """``sip`` is the telephone's password, ``console`` the first password of the log-in."""

    sip: str = Field(min_length=8)
    console: str = Field(min_length=8)


class SiteSecrets(SiteModel):
    """``secrets.yaml``. ``master`` opens the database's personal text: lost with it."""

    master: str = Field(pattern=r"^[0-9a-f]{64}$")
    ami: str = Field(min_length=8)
    agents: dict[str, AgentSecrets] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    folder: Path
    settings: SiteSettings
    secrets: SiteSecrets
    pack: CityPack
    pbx: PbxSettings
    policies: PolicyBook

    @property
    def city(self) -> Path:
        return self.folder / self.settings.city

    @property
    def flows(self) -> Path:
        return self.folder / self.settings.flows

    @property
    def prompts(self) -> Path:
        """The recordings that callers hear, in the site's language."""
        return self.pbx.prompts / LANGUAGE

    @property
    def recordings(self) -> Path:
        return self.folder / self.settings.recordings

    @property
    def asterisk(self) -> Path:
        return self.folder / self.settings.asterisk

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "facts"

    @property
    def notices(self) -> Path:
        """Where notices are written that no other adapter sends."""
        return self.folder / "notices"

    @property
    def master(self) -> bytes:
        return bytes.fromhex(self.secrets.master)

    @property
    def database_url(self) -> str:
        """SQLite's relative file names count from the site's folder, too."""
        prefix = "sqlite:///"
        url = self.settings.database
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return f"{prefix}{self.folder / url.removeprefix(prefix)}"
        return url

    @property
    def console(self) -> ConsoleSettings:
        return self.settings.console.model_copy(update={"recordings": self.recordings})


def load_site(folder: Path) -> Site:
    """Read and check a site. Raises ``SiteInvalid`` (or the pack's error) with the place in it."""
    folder = folder.absolute()
    settings = _model(SiteSettings, folder / "site.yaml")
    keys = _model(SiteSecrets, folder / "secrets.yaml")
    pack = load_pack(folder / settings.city)
    _check_places(settings, pack)
    policies = load_policies(folder / settings.city, pack)
    return Site(folder, settings, keys, pack, _pbx(folder, settings, keys, pack), policies)


def city_folder(folder: Path) -> Path:
    """The folder of a site's city pack; reads ``site.yaml`` and nothing else.

    Raises ``SiteInvalid``.
    """
    settings: SiteSettings = _model(SiteSettings, folder / "site.yaml")
    return folder.absolute() / settings.city


def _check_places(settings: SiteSettings, pack: CityPack) -> None:
    """Raises ``SiteInvalid`` for an account at a place that the city or its role does not have."""
    for entry in settings.agents:
        fault = place_fault(entry.role, entry.county, entry.unit, pack)
        if not fault and entry.role not in CONSOLE and (entry.queues or entry.browser):
            fault = "queues" if entry.queues else "browser"
        if fault:
            raise SiteInvalid(
                "site.yaml: an account is out of place", agent=entry.number, field=fault
            )


def _model(model: type[Any], file: Path) -> Any:
    try:
        return model.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except FileNotFoundError as missing:
        raise SiteInvalid(
            f"{file.name} is missing; `hotline init` makes a site", file=file.name
        ) from missing
    except OSError as refused:
        raise SiteInvalid(
            f"{file.name} cannot be read: {refused.strerror}", file=file.name
        ) from refused
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise SiteInvalid(f"{file.name} is no YAML{_mark(broken)}", file=file.name) from broken
    except ValidationError as wrong:
        raise SiteInvalid(f"{file.name}: {_first(wrong)}", file=file.name) from wrong


def _mark(broken: Exception) -> str:
    """Where, and what; never the line itself, which may hold a secret."""
    mark = getattr(broken, "problem_mark", None)
    if mark is None:
        return ""
    place = f": line {mark.line + 1}, column {mark.column + 1}"
    problem = getattr(broken, "problem", None)
    return f"{place}: {problem}" if problem else place


def _first(wrong: ValidationError) -> str:
    first = wrong.errors(include_input=False)[0]  # the input may be a secret
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _pbx(folder: Path, settings: SiteSettings, keys: SiteSecrets, pack: CityPack) -> PbxSettings:
    everything = {queue.key: 0 for queue in pack.queues}
    missing = [entry.number for entry in settings.agents if entry.number not in keys.agents]
    if missing:
        raise SiteInvalid("secrets.yaml has no entry for some agents", agents=missing)
    try:
        return PbxSettings(
            sip=settings.sip,
            rtp=settings.rtp,
            ami=AmiSettings.model_validate({**settings.ami.model_dump(), "secret": keys.ami}),
            agi=settings.agi,
            http=settings.http,
            recordings=folder / settings.recordings,
            prompts=folder / settings.flows / "prompts",
            trunks=settings.trunks,
            agents=tuple(
                AgentSettings.model_validate(
                    {
                        "number": entry.number,
                        "name": entry.name,
                        "secret": keys.agents[entry.number].sip,
                        "browser": entry.browser,
                        "queues": everything if entry.queues is None else entry.queues,
                        "contact": entry.contact,
                    }
                )
                for entry in settings.agents
                if entry.role in CONSOLE
            ),
        )
    except ValidationError as wrong:
        raise SiteInvalid(f"site.yaml: {_first(wrong)}") from wrong


def init_site(folder: Path, settings: SiteSettings, city: str) -> Site:
    """Make a new site from the shipped city pack and flows, in a folder that is its owner's only.

    Raises ``SiteExists``, ``SiteInvalid``.
    """
    if (folder / "site.yaml").exists():
        raise SiteExists(f"{folder.name} is a site already", folder=folder.name)
    source = CITIES / city
    if not (source / "city.yaml").is_file():
        raise SiteInvalid(f"there is no city pack {city!r}", city=city)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the database is in here, and SQLite asks nobody about its files' modes
    shutil.copytree(source, folder / settings.city, dirs_exist_ok=True)
    shutil.copytree(SCHEMA, (folder / settings.city).parent / SCHEMA.name, dirs_exist_ok=True)
    shutil.copytree(FLOWS, folder / settings.flows, dirs_exist_ok=True)
    (folder / settings.recordings).mkdir(mode=0o700, exist_ok=True)
    keys = SiteSecrets(
        master=secrets.token_hex(KEY_BYTES),
        ami=secrets.token_hex(16),
        agents={
            entry.number: AgentSecrets(sip=secrets.token_hex(12), console=secrets.token_urlsafe(9))
            for entry in settings.agents
        },
    )
    _write(folder / "secrets.yaml", keys.model_dump(mode="json"))
    _write(folder / "site.yaml", settings.model_dump(mode="json", exclude_defaults=True))
    return load_site(folder)


def _write(file: Path, content: Any) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        yaml.safe_dump(content, out, allow_unicode=True, sort_keys=False)


def loopback_trunk(name: str = "test") -> TrunkSettings:
    """The trunk of demo and tests: callers are telephones on this machine."""
    return TrunkSettings(name=name, match=(IPv4Network("127.0.0.1/32"),))
