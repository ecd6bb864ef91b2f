"""Reads a pack folder and says exactly what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from core.errors import Invalid
from core.pack.emergency import Emergency
from core.pack.form import TicketForm
from core.pack.model import City, CityPack, Line, QueueSpec
from core.pack.places import Places
from core.pack.references import broken_references
from core.pack.rules import DraftRules
from core.pack.taxonomy import Taxonomy
from core.pack.units import Units

# Part of the pack -> the file it is in, and its form.
FILES: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "city": ("city.yaml", TypeAdapter(City)),
    "queues": ("queues.yaml", TypeAdapter(tuple[QueueSpec, ...])),
    "lines": ("lines.yaml", TypeAdapter(tuple[Line, ...])),
    "places": ("districts.yaml", TypeAdapter(Places)),
    "taxonomy": ("taxonomy.yaml", TypeAdapter(Taxonomy)),
    "units": ("units.yaml", TypeAdapter(Units)),
    "form": ("ticket_form.yaml", TypeAdapter(TicketForm)),
    "emergency": ("emergency.yaml", TypeAdapter(Emergency)),
    "rules": ("draft_rules.yaml", TypeAdapter(DraftRules)),
}
# libyaml where PyYAML was built with it: ten times as fast on the taxonomy.
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PackInvalid(Invalid):
    error_id = "pack_invalid"


def load_pack(folder: Path) -> CityPack:
    """Load and check the city pack in ``folder``. Raises ``PackInvalid``."""
    parts = {part: read_part(folder / name, form) for part, (name, form) in FILES.items()}
    rules: DraftRules = parts["rules"]
    places: Places = parts["places"]
    parts["form"] = parts["form"].filled(
        {
            "districts": tuple(district.name for district in places.districts),
            "types": tuple(rule.name for rule in rules.types),
            "urgencies": rules.urgencies,
            "subjects": tuple(subject.name for subject in rules.subjects),
            "verdicts": tuple(verdict.name for verdict in rules.verdicts),
        }
    )
    try:
        pack = CityPack(**parts)
    except ValidationError as wrong:
        raise _invalid(folder.name, wrong) from wrong
    for complaint in broken_references(pack):
        raise PackInvalid(complaint)
    # Worked out now: under the first caller's first sentence it would hold up everybody else's.
    _ = pack.taxonomy.vocabulary, pack.places.by_last_sound, pack.places.shared
    return pack


def read_part(path: Path, form: TypeAdapter[Any]) -> Any:
    """One file of a pack in its form. Raises ``PackInvalid`` with the place in it."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML)
    except FileNotFoundError as missing:
        raise PackInvalid(f"{path.name} is missing", file=path.name) from missing
    except (OSError, yaml.YAMLError, ValueError) as broken:  # ValueError: 30 February, no UTF-8
        raise PackInvalid(f"{path.name} cannot be read: {broken}", file=path.name) from broken
    try:
        return form.validate_python(raw)
    except ValidationError as wrong:
        raise _invalid(path.name, wrong) from wrong


def _invalid(file: str, wrong: ValidationError) -> PackInvalid:
    first = wrong.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return PackInvalid(f"{file}: {place}: {first['msg']}", file=file, place=place)
