"""What the code asks a city's rules for is what ``core.policy.contract`` says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from core.policy.contract import EXEMPTIONS, NOTICES
from tests.core.conftest import ROOT

NOT_A_VALUE = {"unit"}  # to whom it goes, not what it says


def tellings() -> Iterator[tuple[str, str, set[str]]]:
    """Where a notice is sent, which one, and the values that it is given by name."""
    for file in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "tell"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                place = f"{file.relative_to(ROOT)}:{node.lineno}"
                values = {word.arg for word in node.keywords if word.arg is not None}
                yield place, str(node.args[0].value), values - NOT_A_VALUE


def test_every_notice_that_is_sent_is_known_with_its_values() -> None:
    sent = [(place, key, values) for place, key, values in tellings() if "desk" not in place]
    assert len(sent) > 5
    assert [place for place, key, _ in sent if key not in NOTICES] == []
    unknown = {place: values - NOTICES.get(key, set()) for place, key, values in sent}
    assert {place: values for place, values in unknown.items() if values} == {}


def test_every_notice_that_is_looked_up_or_named_in_part_is_known() -> None:
    unknown = []
    for file in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            match (node.func.attr, node.args[:1]):
                case "template", [ast.Constant(value=str(key))]:
                    fits = key in NOTICES
                case "tell", [ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_])]:
                    fits = any(known.startswith(begin) for known in NOTICES)
                case _:
                    continue
            if not fits:
                unknown.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert unknown == []


def test_every_exemption_that_the_code_tells_apart_is_known() -> None:
    tree = ast.parse((ROOT / "core/loop/acts/closing.py").read_text(encoding="utf-8"))
    cases = {
        node.pattern.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.match_case)
        and isinstance(node.pattern, ast.MatchValue)
        and isinstance(node.pattern.value, ast.Constant)
    }
    assert cases == EXEMPTIONS
