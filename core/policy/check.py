"""Everything that may be wrong with a city's rules, found before a caller finds it.

``core.policy.soundness`` holds what is refused at loading; the rules here are about rules that
work, but not as a city can mean them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

from core.pack import CityPack
from core.people.roles import Role
from core.policy.book import FOLDER, Policy, read_versions
from core.policy.calendar import WorkCalendar, YearUnknown
from core.policy.deadlines import before, due
from core.policy.figures import Count, Limit, Sourced, Span
from core.policy.findings import Finding, Rule
from core.policy.reach import DIRECTORY_RULES
from core.policy.soundness import faults
from core.policy.supervision import Rung
from core.policy.version import Version

NOTICE_MONTH = 11  # the State Council's notice of the next year's holidays comes by then
SHOWN = 3  # of many cells with the same fault

MATRIX_FAULT = Rule("matrix_fault", "add a row, or give one of the rows a higher priority")
CONDITION_UNKNOWN = Rule("condition_unknown", "name what the city's files know")
NONE_IN_FORCE = Rule("none_in_force", "keep a version that is in force by now")
YEAR_MISSING = Rule("year_missing", "write the year into calendar.yaml once its notice is out")
YEAR_PROVISIONAL = Rule(
    "year_provisional", "replace it by the year's notice as soon as it is out", "warning"
)
SOURCE_BLANK = Rule("source_blank", "say where the figure comes from")
FIGURE_GAP = Rule("figure_gap", "confirm or replace the figure; nobody has set it", "warning")
LADDER_FALLS = Rule("ladder_falls", "put the rungs in the order in which they come due")
LEVELS_FALL = Rule("levels_fall", "let every level stand above the one before it")
LEVELS_SHORT = Rule("levels_short", "let satisfied be one of the levels, not the last one")
HIDES_UNKNOWN = Rule("hides_unknown", "name fields of ticket_form.yaml")

ABOVE = (Role.SUPERVISOR, Role.AUTHORITY, Role.GOVERNMENT)


def check_policies(folder: Path, pack: CityPack, now: datetime) -> list[Finding]:
    """Every finding on the rules under ``folder``/policy.

    Raises ``PackInvalid`` for what cannot be read at all.
    """
    return check_versions(read_versions(folder, pack), now)


def check_versions(versions: tuple[Version, ...], now: datetime) -> list[Finding]:
    """Every finding on rules that have been read."""
    calendar = versions[0].policy.calendar
    today = calendar.day_of(now)
    found = [*faults(versions), *_in_force(versions, today), *years(calendar, today)]
    for version in versions:
        for rule in (*RULES, *DIRECTORY_RULES):
            found += rule(version)
        found += _dates(version, today)
    return found


def _in_force(versions: tuple[Version, ...], today: date) -> Iterator[Finding]:
    first = min(versions, key=lambda version: version.policy.meta.effective_from)
    if first.policy.meta.effective_from > today:
        detail = "no version is in force today"
        yield NONE_IN_FORCE.broken(first, "policy.yaml", "effective_from", detail)


def _matrix(version: Version) -> Iterator[Finding]:
    """Every cell of kind x urgency x class x enterprise is decided once (article 13's reading)."""
    pack = version.policy.pack
    types, urgencies = _types(pack), pack.rules.urgencies
    classes = tuple(path.leaf.code for path in pack.taxonomy.paths())
    cells = version.policy.matrix.faults(types, urgencies, classes)
    for cell in cells[:SHOWN]:
        more = f" ({len(cells)} such cells)" if len(cells) > 1 else ""
        yield MATRIX_FAULT.broken(version, "matrix.yaml", "rows", cell + more)


def _conditions(version: Version) -> Iterator[Finding]:
    """A condition that names nothing never fits; its row is dead."""
    policy = version.policy
    limits = policy.limits
    for list_name, rows in (("sign", limits.sign), ("handle", limits.handle)):
        for row in rows:
            when = row.when
            for what in _unknown(policy.pack, when.types, when.urgencies, when.categories):
                place = f"{list_name}.{row.key}.when"
                yield CONDITION_UNKNOWN.broken(version, "limits.yaml", place, what)
    for cell in policy.matrix.rows:
        for what in _unknown(policy.pack, cell.types, cell.urgencies, cell.categories):
            yield CONDITION_UNKNOWN.broken(version, "matrix.yaml", f"rows.{cell.key}", what)
    for what in _unknown(policy.pack, policy.acceptance.accepted.types, (), ()):
        yield CONDITION_UNKNOWN.broken(version, "acceptance.yaml", "accepted.types", what)


def _unknown(
    pack: CityPack, types: tuple[str, ...], urgencies: tuple[str, ...], classes: tuple[str, ...]
) -> Iterator[str]:
    codes = [path.leaf.code for path in pack.taxonomy.paths()]
    yield from (f"there is no type {one}" for one in types if one not in _types(pack))
    yield from (f"there is no urgency {u}" for u in urgencies if u not in pack.rules.urgencies)
    for begin in classes:
        if not begin or not any(code.startswith(begin) for code in codes):
            yield f"there is no class {begin or '(empty)'}"


def _types(pack: CityPack) -> tuple[str, ...]:
    return tuple(rule.name for rule in pack.rules.types)


def years(calendar: WorkCalendar, today: date) -> Iterator[Finding]:
    """This year is known; from November on the next one, too."""
    wanted = [today.year, today.year + 1] if today.month >= NOTICE_MONTH else [today.year]
    file = f"{FOLDER}/calendar.yaml"
    for year in wanted:
        try:
            calendar.is_workday(date(year, 1, 1))
        except YearUnknown:
            yield YEAR_MISSING.at(file, f"years.{year}", f"nothing is known of {year}")
    for known in calendar.years:
        if known.provisional and known.year in wanted:
            yield YEAR_PROVISIONAL.at(
                file, f"years.{known.year}", f"{known.year} stands without its notice"
            )


def _dates(version: Version, today: date) -> Iterator[Finding]:
    """Whatever is dated today gets a date."""
    calendar = version.policy.calendar
    now = datetime.combine(today, time(12), calendar.zone)
    for file, place, sourced in figures(version.policy):
        if isinstance(sourced, Limit) and file != "conduct.yaml":
            try:
                due(calendar, now, sourced)
            except YearUnknown as unknown:
                yield YEAR_MISSING.broken(
                    version, file, place, f"it leads into {unknown.details['year']}"
                )


def figures(policy: Policy) -> Iterator[tuple[str, str, Sourced]]:
    """Every figure of a version with its file and its place in it."""
    for name, part in (
        ("acceptance.yaml", policy.acceptance),
        ("limits.yaml", policy.limits),
        ("supervision.yaml", policy.supervision),
        ("conduct.yaml", policy.conduct),
    ):
        for place, found in _sourced(part, ""):
            yield name, place, found


def _sourced(value: object, place: str) -> Iterator[tuple[str, Sourced]]:
    if isinstance(value, Sourced):
        yield place, value
    if isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _sourced(one, f"{place}.{getattr(one, 'key', number)}")
    elif fields := getattr(type(value), "model_fields", None):
        for name in fields:
            yield from _sourced(getattr(value, name), f"{place}.{name}".lstrip("."))


def _sources(version: Version) -> Iterator[Finding]:
    for file, place, figure in figures(version.policy):
        if not figure.source.strip():
            yield SOURCE_BLANK.broken(version, file, place, "the figure has no source")
        if figure.kind == "gap" and isinstance(figure, Limit | Count):
            yield FIGURE_GAP.broken(version, file, place, "no source sets this figure")


def _ladder(version: Version) -> Iterator[Finding]:
    """Of the rungs of one limit none comes due before the one below it."""
    policy = version.policy
    start = datetime.combine(policy.meta.effective_from, time(12), policy.calendar.zone)
    ends = [start + timedelta(days=day) for day in range(28)]  # all weekdays, some holidays
    for limit in ("sign", "handle"):
        rungs = [rung for rung in policy.supervision.ladder if rung.of == limit]
        for lower, higher in pairwise(rungs):
            if any(_falls(policy.calendar, lower, higher, end) for end in ends):
                yield LADDER_FALLS.broken(
                    version, "supervision.yaml", f"ladder.{higher.key}", f"it is due by {lower.key}"
                )


def _falls(calendar: WorkCalendar, lower: Rung, higher: Rung, end: datetime) -> bool:
    try:
        below, above = _moment(calendar, lower, end), _moment(calendar, higher, end)
    except YearUnknown:
        return False  # said by the rule about years
    return above <= below


def _moment(calendar: WorkCalendar, rung: Rung, end: datetime) -> datetime:
    span: Span = rung.span
    return (before if rung.moment == "before" else due)(calendar, end, span)


def _levels(version: Version) -> Iterator[Finding]:
    levels = version.policy.supervision.levels
    for lower, higher in pairwise(levels):
        if ABOVE.index(Role(higher.role)) <= ABOVE.index(Role(lower.role)):
            yield LEVELS_FALL.broken(
                version, "supervision.yaml", f"levels.{higher.key}", f"not above {lower.key}"
            )
    follow_up = version.policy.limits.follow_up
    if follow_up.satisfied >= len(follow_up.levels):
        yield LEVELS_SHORT.broken(
            version, "limits.yaml", "follow_up.satisfied", "no level would be dissatisfied"
        )


def _hides(version: Version) -> Iterator[Finding]:
    form = version.policy.pack.form
    for level in version.policy.conduct.secrecy:
        for field in level.hides:
            if form.field(field) is None:
                yield HIDES_UNKNOWN.broken(
                    version, "conduct.yaml", f"secrecy.{level.level}.hides", f"no field {field}"
                )
    for field in version.policy.conduct.personal.names:
        if form.field(field) is None:
            yield HIDES_UNKNOWN.broken(
                version, "conduct.yaml", "personal.names", f"no field {field}"
            )


RULES: tuple[Callable[[Version], Iterator[Finding]], ...] = (
    _matrix,
    _conditions,
    _sources,
    _ladder,
    _levels,
    _hides,
)
