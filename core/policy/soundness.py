"""Rules that break at work would be found by a caller: these faults are refused when they are read.

Everything else that may be wrong with a city's rules is in ``core.policy.check``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from string import Formatter

from core.pack import CityPack
from core.pack.units import DISTRICT
from core.policy.contract import EXEMPTIONS, NOTICES, SECRECY_LEVELS, SETTLED
from core.policy.findings import Finding, Rule
from core.policy.version import Version

KEY_TWICE = Rule("key_twice", "give every entry of a list a key of its own")
UNIT_UNKNOWN = Rule("unit_unknown", "name a unit of units.yaml, or add it there")
ONE_SUPERVISOR = Rule("one_supervisor", "name two: one of them may itself be the accused")
GROUND_MISSING = Rule("ground_missing", "write the ground; the hotline refuses by it")
EXEMPTION_MISSING = Rule("exemption_missing", "write the reason under follow_up.exemptions")
SECRECY_INCOMPLETE = Rule("secrecy_incomplete", "write one entry for each level from 0 to 3")
NOTICE_MISSING = Rule("notice_missing", "write the template; this notice is sent")
NOTICE_PLACEHOLDER = Rule("notice_placeholder", "use only the values that this notice has")
RUNG_MISSING = Rule("rung_missing", "name a rung of supervision.yaml")
MEASURE_INCOMPLETE = Rule("measure_incomplete", "say how long a limit lasts")
VERSION_TWICE = Rule("version_twice", "give every version a name of its own")
EFFECTIVE_TWICE = Rule("effective_twice", "let every version come into force on a day of its own")


def faults(versions: Iterable[Version]) -> Iterator[Finding]:
    """What would break at work, in the order of the files."""
    versions = tuple(versions)
    yield from _twice(versions)
    for version in versions:
        for rule in RULES:
            yield from rule(version)


def _twice(versions: tuple[Version, ...]) -> Iterator[Finding]:
    names = Counter(version.policy.version for version in versions)
    days = Counter(version.policy.meta.effective_from for version in versions)
    for version in versions:
        name, day = version.policy.version, version.policy.meta.effective_from
        if names[name] > 1:
            yield VERSION_TWICE.broken(version, "policy.yaml", "version", f"two are called {name}")
        if days[day] > 1:
            yield EFFECTIVE_TWICE.broken(
                version, "policy.yaml", "effective_from", f"two versions come into force on {day}"
            )


def _key_twice(version: Version) -> Iterator[Finding]:
    policy = version.policy
    limits, conduct = policy.limits, policy.conduct
    lists: dict[tuple[str, str], Iterable[object]] = {
        ("acceptance.yaml", "grounds"): (one.key for one in policy.acceptance.grounds),
        ("matrix.yaml", "rows"): (one.key for one in policy.matrix.rows),
        ("limits.yaml", "sign"): (one.key for one in limits.sign),
        ("limits.yaml", "handle"): (one.key for one in limits.handle),
        ("limits.yaml", "returns.reasons"): (one.key for one in limits.returns.reasons),
        ("limits.yaml", "postponements.reasons"): (one.key for one in limits.postponements.reasons),
        ("limits.yaml", "suspensions.reasons"): (one.key for one in limits.suspensions.reasons),
        ("limits.yaml", "terminations.reasons"): (one.key for one in limits.terminations.reasons),
        ("limits.yaml", "follow_up.exemptions"): (one.key for one in limits.follow_up.exemptions),
        ("limits.yaml", "follow_up.levels"): limits.follow_up.levels,
        ("supervision.yaml", "ladder"): (one.key for one in policy.supervision.ladder),
        ("supervision.yaml", "levels"): (one.key for one in policy.supervision.levels),
        ("directory.yaml", "units"): (one.unit for one in policy.directory.units),
        ("directory.yaml", "lines"): (one.key for one in policy.directory.lines),
        ("conduct.yaml", "abuse"): (one.key for one in conduct.abuse),
        ("conduct.yaml", "erasures"): (one.key for one in conduct.erasures),
        ("conduct.yaml", "measures"): (one.key for one in conduct.measures),
        ("conduct.yaml", "secrecy"): (one.level for one in conduct.secrecy),
        ("conduct.yaml", "retention"): (one.what for one in conduct.retention),
        ("conduct.yaml", "notices"): (one.key for one in conduct.notices),
    }
    for (file, place), keys in lists.items():
        for key, times in Counter(keys).items():
            if times > 1:
                yield KEY_TWICE.broken(
                    version, file, f"{place}.{key}", f"{times} entries are {key}"
                )


def known_units(pack: CityPack) -> frozenset[str]:
    """Keys of the units of ``units.yaml`` and of the governments of the districts."""
    districts = {f"district_{district.code}" for district in pack.places.districts}
    return frozenset({unit.key for unit in pack.units.units} | districts)


def _unit_unknown(version: Version) -> Iterator[Finding]:
    directory = version.policy.directory
    known = known_units(version.policy.pack) | {DISTRICT}
    named = [
        ("supervisor_of_enforcement", directory.supervisor_of_enforcement),
        ("supervisor_of_conduct", directory.supervisor_of_conduct),
        ("last_resort", directory.last_resort),
        *(("by_hand", unit) for unit in directory.by_hand),
        *((f"units.{one.unit}", one.unit) for one in directory.units),
        *((f"units.{one.unit}.successor", one.successor) for one in directory.units),
        *((f"lines.{line.key}.unit", line.unit) for line in directory.lines),
        *((f"lines.{line.key}.assist", unit) for line in directory.lines for unit in line.assist),
    ]
    for place, unit in named:
        if unit is not None and unit not in known:
            yield UNIT_UNKNOWN.broken(version, "directory.yaml", place, f"there is no unit {unit}")


def _one_supervisor(version: Version) -> Iterator[Finding]:
    directory = version.policy.directory
    if directory.supervisor_of_enforcement == directory.supervisor_of_conduct:
        yield ONE_SUPERVISOR.broken(
            version,
            "directory.yaml",
            "supervisor_of_conduct",
            "who supervises conduct is who supervises enforcement",
        )


def _ground_missing(version: Version) -> Iterator[Finding]:
    acceptance = version.policy.acceptance
    if acceptance.ground(SETTLED) is None:
        yield GROUND_MISSING.broken(
            version, "acceptance.yaml", "grounds", f"there is no ground {SETTLED}"
        )
    if all(ground.keeps_content for ground in acceptance.grounds):
        yield GROUND_MISSING.broken(
            version, "acceptance.yaml", "grounds", "no ground is for what must not be kept (39)"
        )


def _exemption_missing(version: Version) -> Iterator[Finding]:
    there = {reason.key for reason in version.policy.limits.follow_up.exemptions}
    for key in sorted(EXEMPTIONS - there):
        yield EXEMPTION_MISSING.broken(
            version, "limits.yaml", "follow_up.exemptions", f"there is no exemption {key}"
        )


def _secrecy_incomplete(version: Version) -> Iterator[Finding]:
    there = {level.level for level in version.policy.conduct.secrecy}
    for level in SECRECY_LEVELS:
        if level not in there:
            yield SECRECY_INCOMPLETE.broken(
                version, "conduct.yaml", "secrecy", f"there is no level {level}"
            )


def _notices(version: Version) -> Iterator[Finding]:
    for key, values in NOTICES.items():
        template = version.policy.conduct.template(key)
        if template is None:
            yield NOTICE_MISSING.broken(version, "conduct.yaml", f"notices.{key}", f"no {key}")
            continue
        used = placeholders(template.text)
        place = f"notices.{key}.text"
        if used is None:
            yield NOTICE_PLACEHOLDER.broken(version, "conduct.yaml", place, "a brace is left open")
        for name in sorted((used or frozenset()) - values):
            yield NOTICE_PLACEHOLDER.broken(
                version,
                "conduct.yaml",
                place,
                f"there is no value {{{name}}} here, only {', '.join(sorted(values))}",
            )


def placeholders(text: str) -> frozenset[str] | None:
    """Names between braces, as they stand; None when the braces do not close."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return None
    return frozenset(
        # A conversion or a format of its own would reach into the value: it is part of the name.
        name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
        for _, name, form, conversion in parts
        if name is not None
    )


def _rung_missing(version: Version) -> Iterator[Finding]:
    repeats = version.policy.conduct.repeats
    for place in ("rung", "key_rung"):
        rung = getattr(repeats, place)
        if version.policy.supervision.rung(rung) is None:
            yield RUNG_MISSING.broken(
                version, "conduct.yaml", f"repeats.{place}", f"there is no rung {rung}"
            )


def _measure_incomplete(version: Version) -> Iterator[Finding]:
    limit = version.policy.conduct.measure("limit")
    if limit is not None and limit.lasts is None:
        yield MEASURE_INCOMPLETE.broken(
            version, "conduct.yaml", "measures.limit.lasts", "a limit without an end"
        )


RULES: tuple[Callable[[Version], Iterator[Finding]], ...] = (
    _key_twice,
    _unit_unknown,
    _one_supervisor,
    _ground_missing,
    _exemption_missing,
    _secrecy_incomplete,
    _notices,
    _rung_missing,
    _measure_incomplete,
)
