"""Checks that what the files of a pack say of each other is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from core.pack.model import CityPack
from core.pack.units import DISTRICT

# The section of this name in queues.conf holds settings; app_queue never makes a queue of it.
RESERVED_QUEUE = "general"


def broken_references(pack: CityPack) -> Iterator[str]:
    """What is wrong, one sentence each, the gravest first."""
    yield from _lines(pack)
    yield from _names(pack)
    yield from _taxonomy(pack)
    yield from _units(pack)
    yield from _emergency(pack)
    yield from _rules(pack)


def _lines(pack: CityPack) -> Iterator[str]:
    queues = {queue.key for queue in pack.queues}
    if RESERVED_QUEUE in queues:
        yield f"no queue may be called {RESERVED_QUEUE}: Asterisk would not see it"
    if sum(line.mode == "main" for line in pack.lines) != 1:
        yield "exactly one line must have mode main"
    for line in pack.lines:
        if line.queue not in queues:
            yield f"line {line.key}: no queue {line.queue}"
    for number in _twice(number for line in pack.lines for number in line.numbers):
        yield f"number {number} belongs to two lines"


def _names(pack: CityPack) -> Iterator[str]:
    districts = pack.places.districts
    for what, keys in {
        "queue": [queue.key for queue in pack.queues],
        "line": [line.key for line in pack.lines],
        "unit": [unit.key for unit in pack.units.units],
        "form field": [field.key for field in pack.form.fields],
        "district code": [district.code for district in districts],
        "district": [district.name for district in districts],
        "district name": [
            name for d in districts for name in (d.name, *d.aliases, *(s.text for s in d.short))
        ],
        "situation": [situation.key for situation in pack.emergency.situations],
        "type": [rule.name for rule in pack.rules.types],
        "verdict": [verdict.name for verdict in pack.rules.verdicts],
        "flag": [flag.name for flag in pack.rules.flags],
        "dispatch rule": [rule.code for rule in pack.units.dispatch],
    }.items():
        for key in _twice(keys):
            yield f"two entries are {what} {key}"


def _taxonomy(pack: CityPack) -> Iterator[str]:
    codes: list[str] = []
    for area in pack.taxonomy.areas:
        codes.append(area.code)
        for branch in area.branches:
            codes.append(branch.code)
            if branch.code[:-2] != area.code:
                yield f"class {branch.code} does not belong under {area.code}"
            for leaf in branch.leaves:
                codes.append(leaf.code)
                if leaf.code[:-2] != branch.code:
                    yield f"class {leaf.code} does not belong under {branch.code}"
                yield from _usual(pack, leaf.code, leaf.type, leaf.urgency, leaf.verdict)
            yield from _usual(pack, branch.code, branch.type, branch.urgency, branch.verdict)
    for code in _twice(codes):
        yield f"two classes have code {code}"


def _usual(
    pack: CityPack, code: str, kind: str | None, urgency: str | None, verdict: str | None
) -> Iterator[str]:
    if kind is not None and kind not in {rule.name for rule in pack.rules.types}:
        yield f"class {code}: no type {kind}"
    if urgency is not None and urgency not in pack.rules.urgencies:
        yield f"class {code}: no urgency {urgency}"
    if verdict is not None:
        yield from _verdict(pack, f"class {code}", verdict)


def _units(pack: CityPack) -> Iterator[str]:
    above = {unit.key: unit.under for unit in pack.units.units}
    for unit in pack.units.units:
        if unit.under is not None and unit.under not in above:
            yield f"unit {unit.key}: no unit {unit.under}"
        if any(above.get(one) == unit.key for one in pack.units.chain(unit.key)):
            yield f"unit {unit.key} stands under itself"
    for rule in pack.units.dispatch:
        yield from _code(pack, "dispatch", rule.code)
        yield from _refs(pack, f"dispatch of {rule.code}", (rule.unit, *rule.also))
    for path in pack.taxonomy.paths():
        if pack.units.rule(path.leaf.code) is None:
            yield f"no unit for class {path.leaf.code}"


def _emergency(pack: CityPack) -> Iterator[str]:
    for situation in pack.emergency.situations:
        name = f"situation {situation.key}"
        lines = [*situation.transfer, *(n for more in situation.with_also for n in more.transfer)]
        for line in set(lines) - set(pack.emergency.order):
            yield f"{name}: line {line} has no place in the order"
        if situation.urgency not in pack.rules.urgencies:
            yield f"{name}: no urgency {situation.urgency}"
        yield from _verdict(pack, name, situation.verdict)
        yield from _code(pack, name, situation.category)
        units = situation.also if situation.unit is None else (situation.unit, *situation.also)
        yield from _refs(pack, name, units)


def _rules(pack: CityPack) -> Iterator[str]:
    rules = pack.rules
    for kind in rules.types:
        yield from _code(pack, f"type {kind.name}", kind.category)
    for ground in rules.grounds:
        name = f"ground {ground.name}"
        yield from _verdict(pack, name, ground.verdict)
        yield from _code(pack, name, ground.category)
        if ground.type is not None and ground.type not in {rule.name for rule in rules.types}:
            yield f"{name}: no type {ground.type}"
    for raised in rules.urgency:
        if raised.level not in rules.urgencies:
            yield f"urgency: no level {raised.level}"
        for code in raised.categories:
            yield from _code(pack, "urgency", code)
    for flag in rules.flags:
        for code in flag.categories:
            yield from _code(pack, f"flag {flag.name}", code)
        for verdict in flag.verdicts:
            yield from _verdict(pack, f"flag {flag.name}", verdict)
    for addition in rules.additions:
        for verdict in addition.verdicts:
            yield from _verdict(pack, "addition", verdict)
    chosen = rules.verdict_names
    for verdict in (chosen.ordinary, chosen.answered, chosen.repeated, rules.regions.verdict):
        yield from _verdict(pack, "verdict_names", verdict)
    chosen_types = {rules.enquiry, rules.plea, rules.nothing, rules.secret}
    for name in sorted(chosen_types - {rule.name for rule in rules.types}):
        yield f"enquiry, plea, nothing or secret: no type {name}"
    channel = pack.form.field("channel")
    if channel is not None and not channel.accepts(rules.channel):
        yield f"channel {rules.channel} is not on the form"


def _verdict(pack: CityPack, where: str, name: str) -> Iterator[str]:
    if name not in {verdict.name for verdict in pack.rules.verdicts}:
        yield f"{where}: no verdict {name}"


def _code(pack: CityPack, where: str, code: str | None) -> Iterator[str]:
    if code is not None and not any(p.leaf.code.startswith(code) for p in pack.taxonomy.paths()):
        yield f"{where}: no class {code}"


def _refs(pack: CityPack, where: str, units: Iterable[str]) -> Iterator[str]:
    known = {unit.key for unit in pack.units.units} | {DISTRICT}
    for unit in units:
        if unit not in known:
            yield f"{where}: no unit {unit}"


def _twice(keys: Iterable[str]) -> list[str]:
    return [key for key, times in Counter(keys).items() if times > 1]
