"""The data folders that come with the program: city packs and flows."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[1]
CITIES = PROJECT / "cities"
SCHEMA = CITIES / "schema"  # of the files of a pack, for editors
FLOWS = PROJECT / "ivr_flows"


def first_city() -> str:
    """The city pack that is taken when none is named: the only one, or the first by name."""
    return min(file.parent.name for file in CITIES.glob("*/city.yaml"))
