"""Reads a pack folder and says exactly what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from core.errors import Invalid
from core.pack.model import CityPack

# The section of this name in queues.conf holds settings; app_queue never makes a queue of it.
RESERVED = "general"
FILES = ("city", "queues", "lines")


class PackInvalid(Invalid):
    error_id = "pack_invalid"


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise PackInvalid(f"{path.name} is missing", file=path.name) from missing
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise PackInvalid(f"{path.name} cannot be read: {broken}", file=path.name) from broken


def load_pack(folder: Path) -> CityPack:
    """Load and check the city pack in ``folder``. Raises ``PackInvalid``."""
    try:
        pack = CityPack.model_validate({name: _read(folder / f"{name}.yaml") for name in FILES})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PackInvalid(f"{place}: {first['msg']}", place=place) from wrong
    _cross_check(pack)
    return pack


def _cross_check(pack: CityPack) -> None:
    queues = [queue.key for queue in pack.queues]
    if len(set(queues)) != len(queues):
        raise PackInvalid("two queues have one key")
    if RESERVED in queues:
        raise PackInvalid(f"no queue may be called {RESERVED}: Asterisk would not see it")
    if sum(line.mode == "main" for line in pack.lines) != 1:
        raise PackInvalid("exactly one line must have mode main")
    seen: set[str] = set()
    for line in pack.lines:
        if line.queue not in queues:
            raise PackInvalid(f"line {line.key}: no queue {line.queue}", line=line.key)
        for number in line.numbers:
            if number in seen:
                raise PackInvalid(f"number {number} belongs to two lines", line=line.key)
            seen.add(number)
