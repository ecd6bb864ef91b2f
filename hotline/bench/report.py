"""The figures as a table for people, with the machine above it."""

from __future__ import annotations

from collections.abc import Iterator

from hotline.bench.figures import Figure
from hotline.bench.machine import Machine
from hotline.bench.run import Outcome

_WORDS = {True: "reached", False: "MISSED", None: ""}
_ROW = "{:46} {:>6} {:>9} {:>9} {:>9} {:>9} {:8} {:14} {}"


def lines(outcome: Outcome) -> Iterator[str]:
    """The whole report, line by line."""
    yield from _machine(outcome.machine)
    yield _ROW.format("", "n", "p50", "p95", "p99", "max", "", "goal", "").rstrip()
    for scene, figures in outcome.figures.items():
        yield scene.value
        for figure in figures:
            yield _row(figure).rstrip()
    for figure in outcome.missed:
        yield f"MISSED: {figure.name}"


def _machine(machine: Machine) -> Iterator[str]:
    load = " ".join(f"{value:.2f}" for value in machine.load)
    yield f"{machine.date}  {machine.command}"
    yield f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GB, {machine.kernel}"
    asterisk = f"Asterisk {machine.asterisk}, " if machine.asterisk else ""
    yield f"{asterisk}Python {machine.python}, load average before: {load}"


def _row(figure: Figure) -> str:
    spread = figure.spread
    values = [_number(value) for value in (spread.p50, spread.p95, spread.p99, spread.max)]
    if spread.count == 1:
        values[:3] = ["", "", ""]
    return _ROW.format(
        f"  {figure.name}",
        spread.count,
        *values,
        figure.unit,
        str(figure.goal or ""),
        _WORDS[figure.reached],
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
