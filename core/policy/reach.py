"""Rules about the directory: every class leads to a unit, every unit has a part, no line in rings.

Articles 16 to 18 in the reading of the register: by duty and by place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from core.pack.units import DISTRICT
from core.policy.findings import Finding, Rule
from core.policy.soundness import known_units
from core.policy.version import Version

FILE = "directory.yaml"

CLASS_UNLED = Rule("class_unled", "add a line for the class or a beginning of its code")
UNIT_UNLED = Rule("unit_unled", "add a line, or list the unit under by_hand")
LINE_DEAD = Rule("line_dead", "name a class of taxonomy.yaml and a county of districts.yaml")
LINE_TWICE = Rule("line_twice", "let one line decide about a class at a place")
LINE_TO_ITSELF = Rule("line_to_itself", "leave the unit out of its own assistants")
SUCCESSION_CIRCLE = Rule("succession_circle", "end the succession at a unit that exists")
SUCCESSOR_MISSING = Rule("successor_missing", "name the unit that took over the duties")
DRAFT_DISAGREES = Rule(
    "draft_disagrees", "bring units.yaml in step: it is what drafts propose", "warning"
)


def _classes(version: Version) -> Iterator[Finding]:
    """Wherever a matter is, its class leads to somebody."""
    pack, directory = version.policy.pack, version.policy.directory
    counties = ["", *(district.code for district in pack.places.districts)]
    for path in pack.taxonomy.paths():
        code = path.leaf.code
        unled = [county for county in counties if directory.line(code, county) is None]
        if unled:
            where = "anywhere" if len(unled) == len(counties) else f"at {unled[0] or 'no county'}"
            yield CLASS_UNLED.broken(version, FILE, "lines", f"class {code} has no line {where}")


def _units(version: Version) -> Iterator[Finding]:
    directory = version.policy.directory
    heirs = {one.successor for one in directory.units}
    led = {unit for line in directory.lines for unit in (line.unit, *line.assist)}
    parts = {
        *led,
        *heirs,
        *directory.by_hand,
        *(one.unit for one in directory.units if one.abolished is not None),
        directory.supervisor_of_enforcement,
        directory.supervisor_of_conduct,
        directory.last_resort,
    }
    for unit in version.policy.pack.units.units:
        if unit.key not in parts:
            yield UNIT_UNLED.broken(version, FILE, "lines", f"nothing leads to {unit.key}")


def _lines(version: Version) -> Iterator[Finding]:
    pack, directory = version.policy.pack, version.policy.directory
    codes = [path.leaf.code for path in pack.taxonomy.paths()]
    counties = {district.code for district in pack.places.districts} | {""}
    places = Counter((line.category, line.county) for line in directory.lines)
    for line in directory.lines:
        place = f"lines.{line.key}"
        if not any(code.startswith(line.category) for code in codes):
            yield LINE_DEAD.broken(version, FILE, place, f"there is no class {line.category}")
        if line.county not in counties:
            yield LINE_DEAD.broken(version, FILE, place, f"there is no county {line.county}")
        if places[line.category, line.county] > 1:
            yield LINE_TWICE.broken(version, FILE, place, "another line is for the same matters")
        if line.unit in line.assist or len(set(line.assist)) < len(line.assist):
            yield LINE_TO_ITSELF.broken(version, FILE, place, "a unit assists itself")


def _succession(version: Version) -> Iterator[Finding]:
    facts = {one.unit: one for one in version.policy.directory.units}
    for one in facts.values():
        place = f"units.{one.unit}"
        if one.abolished is not None and one.successor is None:
            yield SUCCESSOR_MISSING.broken(version, FILE, place, f"nobody follows {one.unit}")
        seen, heir = {one.unit}, one.successor
        while heir is not None and heir not in seen:
            seen.add(heir)
            heir = facts[heir].successor if heir in facts else None
        if heir is not None:
            yield SUCCESSION_CIRCLE.broken(version, FILE, place, f"it comes back to {heir}")


def _drafts(version: Version) -> Iterator[Finding]:
    """What a draft proposes is what the directory will say."""
    pack, directory = version.policy.pack, version.policy.directory
    known = known_units(pack) | {DISTRICT}
    for path in pack.taxonomy.paths():
        code = path.leaf.code
        rule, line = pack.units.rule(code), directory.line(code, "")
        if rule is None or line is None or line.unit not in known or rule.unit == line.unit:
            continue
        yield DRAFT_DISAGREES.broken(
            version, FILE, f"lines.{line.key}", f"class {code}: drafts propose {rule.unit}"
        )


DIRECTORY_RULES: tuple[Callable[[Version], Iterator[Finding]], ...] = (
    _classes,
    _units,
    _lines,
    _succession,
    _drafts,
)
