"""All versions of a city's rules; a ticket keeps the version it was dated by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from core.errors import NotFound
from core.pack import CityPack
from core.pack.load import PackInvalid, read_part
from core.policy.acceptance import Acceptance
from core.policy.calendar import CalendarFile, WorkCalendar
from core.policy.conduct import Conduct
from core.policy.directory import Directory
from core.policy.limits import Limits
from core.policy.matrix import Matrix
from core.policy.meta import Meta
from core.policy.soundness import faults
from core.policy.supervision import Supervision
from core.policy.version import Version

FOLDER = "policy"
CALENDAR: tuple[str, TypeAdapter[CalendarFile]] = ("calendar.yaml", TypeAdapter(CalendarFile))
FILES: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "meta": ("policy.yaml", TypeAdapter(Meta)),
    "acceptance": ("acceptance.yaml", TypeAdapter(Acceptance)),
    "matrix": ("matrix.yaml", TypeAdapter(Matrix)),
    "limits": ("limits.yaml", TypeAdapter(Limits)),
    "supervision": ("supervision.yaml", TypeAdapter(Supervision)),
    "directory": ("directory.yaml", TypeAdapter(Directory)),
    "conduct": ("conduct.yaml", TypeAdapter(Conduct)),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules, with the calendar that is in force now."""

    meta: Meta
    acceptance: Acceptance
    matrix: Matrix
    limits: Limits
    supervision: Supervision
    directory: Directory
    conduct: Conduct
    calendar: WorkCalendar
    pack: CityPack

    @property
    def version(self) -> str:
        return self.meta.version


class PolicyUnknown(NotFound):
    """No rules of that version, or none in force at that moment, are loaded."""

    error_id = "policy_unknown"


class PolicyBook:
    """The versions in the order in which they came into force. Replaced whole, never changed."""

    def __init__(self, policies: tuple[Policy, ...]) -> None:
        self._policies = tuple(sorted(policies, key=lambda one: one.meta.effective_from))
        self._named = {policy.version: policy for policy in self._policies}

    @property
    def versions(self) -> tuple[Policy, ...]:
        return self._policies

    @property
    def pack(self) -> CityPack:
        """The city as it is now: its units, classes, districts, form; one for all versions."""
        return self._policies[-1].pack

    def at(self, moment: datetime) -> Policy:
        """The version in force. Raises ``PolicyUnknown`` before the first one."""
        calendar = self._policies[0].calendar
        day = calendar.day_of(moment)
        fitting = [one for one in self._policies if one.meta.effective_from <= day]
        if not fitting:
            raise PolicyUnknown("no rules were in force then", day=day.isoformat())
        return fitting[-1]

    def named(self, version: str) -> Policy:
        """Raises ``PolicyUnknown``.

        Tickets from before there were versions have none; they go by the first one.
        """
        if version == "":
            return self._policies[0]
        if version not in self._named:
            raise PolicyUnknown("no such version of the rules", version=version)
        return self._named[version]


def load_policies(folder: Path, pack: CityPack) -> PolicyBook:
    """Load every version under ``folder``/policy.

    Raises ``PackInvalid`` with the place in it, also for what would break at work.
    """
    versions = read_versions(folder, pack)
    for fault in faults(versions):
        raise PackInvalid(
            f"{fault.file}: {fault.place}: {fault.detail}",
            rule=fault.rule,
            file=fault.file,
            place=fault.place,
        )
    return PolicyBook(tuple(version.policy for version in versions))


def read_versions(folder: Path, pack: CityPack) -> tuple[Version, ...]:
    """Read every version, each file in its form. Raises ``PackInvalid``."""
    root = folder / FOLDER
    file, form = CALENDAR
    calendar = WorkCalendar(read_part(root / file, form), pack.city.timezone)
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if not folders:
        raise PackInvalid(f"{FOLDER}/ holds no version of the rules", file=FOLDER)
    versions = []
    for one in folders:
        parts = {part: read_part(one / name, form) for part, (name, form) in FILES.items()}
        versions.append(
            Version(f"{FOLDER}/{one.name}", Policy(**parts, calendar=calendar, pack=pack))
        )
    return tuple(versions)
