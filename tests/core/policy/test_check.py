"""One small broken pack for each rule of ``hotline policy check``, named after the rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.pack import CityPack
from core.pack.load import PackInvalid
from core.policy import check, load_policies, reach, soundness
from core.policy.check import check_policies
from core.policy.findings import Finding, Rule
from core.policy.schemas import schemas
from tests.core.conftest import ROOT
from tests.core.policy.packs import SHIPPED, YEAR, Change, add_version, copy, entry, rewrite

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)

RULES = {
    rule.name: rule
    for module in (check, reach, soundness)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}
FATAL = {rule.name for rule in vars(soundness).values() if isinstance(rule, Rule)}


def drop(file: str, part: str, key: Any, name: str = "key") -> tuple[str, Change]:
    """Without the entry of that key."""

    def change(content: Any) -> None:
        *way, last = part.split(".")
        for step in way:
            content = content[step]
        content[last] = [one for one in content[last] if one[name] != key]

    return file, change


def put(file: str, part: str, **values: Any) -> tuple[str, Change]:
    """With other values in the entry or the table at ``part`` (``lines.c01``)."""

    def change(content: Any) -> None:
        for step in part.split("."):
            content = content[step] if isinstance(content, dict) else entry(content, step)
        content.update(values)

    return file, change


def append(file: str, part: str, **values: Any) -> tuple[str, Change]:
    return file, lambda content: content[part].append(values)


DIRECTORY, LIMITS, CONDUCT = "directory.yaml", "limits.yaml", "conduct.yaml"
SUPERVISION, MATRIX, ACCEPTANCE = "supervision.yaml", "matrix.yaml", "acceptance.yaml"
LINE = {"duty": "x", "unit": "housing"}

AS_IT_IS = ("policy.yaml", lambda content: None)  # broken by another folder, or by the time

# Rule -> the change by which a sound pack breaks it, and the place that is named.
BROKEN: dict[str, tuple[tuple[str, Change], str]] = {
    "key_twice": (
        append(MATRIX, "rows", key="ordinary", article="1", ways=["answer"], why="twice"),
        "rows.ordinary",
    ),
    "unit_unknown": (put(DIRECTORY, "lines.c01", unit="nobody"), "lines.c01.unit"),
    "one_supervisor": (
        (DIRECTORY, lambda directory: directory.update(supervisor_of_conduct="justice")),
        "supervisor_of_conduct",
    ),
    "ground_missing": (drop(ACCEPTANCE, "grounds", "settled"), "grounds"),
    "exemption_missing": (
        drop(LIMITS, "follow_up.exemptions", "secret"),
        "follow_up.exemptions",
    ),
    "secrecy_incomplete": (drop(CONDUCT, "secrecy", 2, "level"), "secrecy"),
    "notice_missing": (drop(CONDUCT, "notices", "answered"), "notices.answered"),
    "notice_placeholder": (
        put(CONDUCT, "notices.answered", text="工单{number}：{content}"),
        "notices.answered.text",
    ),
    "rung_missing": (put(CONDUCT, "repeats", key_rung="none_such"), "repeats.key_rung"),
    "measure_incomplete": (put(CONDUCT, "measures.limit", lasts=None), "measures.limit.lasts"),
    "matrix_fault": (drop(MATRIX, "rows", "ordinary"), "rows"),
    "condition_unknown": (
        put(LIMITS, "handle.enquiry", when={"types": ["无此类型"]}),
        "handle.enquiry.when",
    ),
    "source_blank": (put(LIMITS, "returns.within", source="  "), "returns.within"),
    "figure_gap": (put(LIMITS, "returns.within", kind="gap"), "returns.within"),
    "ladder_falls": (
        put(SUPERVISION, "ladder.supervise", span={"amount": 9, "unit": "workdays"}),
        "ladder.key_supervise",
    ),
    "levels_fall": (put(SUPERVISION, "levels.government", role="supervisor"), "levels.government"),
    "levels_short": (put(LIMITS, "follow_up", satisfied=5), "follow_up.satisfied"),
    "hides_unknown": (
        (CONDUCT, lambda conduct: conduct["secrecy"][1].update(hides=["nothing"])),
        "secrecy.1.hides",
    ),
    "class_unled": (drop(DIRECTORY, "lines", "c0901"), "lines"),
    "unit_unled": (
        (DIRECTORY, lambda directory: directory["by_hand"].remove("women")),
        "lines",
    ),
    "line_dead": (append(DIRECTORY, "lines", key="x", category="9999", **LINE), "lines.x"),
    "line_twice": (append(DIRECTORY, "lines", key="x", category="01", **LINE), "lines.c01"),
    "line_to_itself": (
        put(DIRECTORY, "lines.c01", assist=["city_management"]),
        "lines.c01",
    ),
    "succession_circle": (
        (
            DIRECTORY,
            lambda directory: directory["units"].extend(
                {"unit": one, "abolished": "2026-02-01", "successor": other}
                for one, other in (("women", "youth"), ("youth", "women"))
            ),
        ),
        "units.women",
    ),
    "successor_missing": (
        append(DIRECTORY, "units", unit="women", abolished="2026-02-01"),
        "units.women",
    ),
    "draft_disagrees": (put(DIRECTORY, "lines.c01", unit="housing"), "lines.c01"),
    "version_twice": (AS_IT_IS, "version"),
    "effective_twice": (AS_IT_IS, "effective_from"),
    "none_in_force": (AS_IT_IS, "effective_from"),
    "year_missing": (AS_IT_IS, "years.2032"),
    "year_provisional": (AS_IT_IS, "years.2027"),
}


def broken_pack(rule: str, folder: Path) -> Path:
    """A copy of the shipped pack that breaks one rule."""
    made = copy(folder / "city")
    match rule:
        case "version_twice":
            add_version(made, "next", "2026-06-01", version="2026.1")
        case "effective_twice":
            add_version(made, "next", "2026-01-01")
    (file, change), _ = BROKEN[rule]
    rewrite(made / YEAR / file, change)
    return made


@pytest.fixture(scope="module")
def shipped(pack: CityPack) -> list[Finding]:
    return check_policies(SHIPPED, pack, NOW)


WHEN = {
    "none_in_force": datetime(2025, 12, 31, tzinfo=UTC),
    "year_missing": datetime(2032, 5, 1, tzinfo=UTC),
    "year_provisional": datetime(2026, 11, 1, tzinfo=UTC),
}


def test_every_rule_has_a_broken_pack() -> None:
    assert BROKEN.keys() == RULES.keys()


def test_the_shipped_rules_have_no_error(shipped: list[Finding]) -> None:
    assert [found for found in shipped if found.level == "error"] == []


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found_at_its_place(
    rule: str, tmp_path: Path, pack: CityPack, shipped: list[Finding]
) -> None:
    folder = broken_pack(rule, tmp_path)
    found_now = check_policies(folder, pack, WHEN.get(rule, NOW))
    findings = [found for found in found_now if found not in shipped]
    place = BROKEN[rule][1]
    [mine, *_] = [found for found in findings if (found.rule, found.place) == (rule, place)]
    assert mine.level == RULES[rule].level
    assert mine.advice == RULES[rule].advice
    assert (tmp_path / "city" / mine.file).is_file()


@pytest.mark.parametrize("rule", BROKEN)
def test_what_would_break_at_work_is_not_loaded(rule: str, tmp_path: Path, pack: CityPack) -> None:
    folder = broken_pack(rule, tmp_path)
    if rule not in FATAL:
        assert load_policies(folder, pack).versions
        return
    with pytest.raises(PackInvalid) as refused:
        load_policies(folder, pack)
    assert refused.value.details["rule"] == rule
    assert (folder / refused.value.details["file"]).is_file()


@pytest.mark.parametrize(
    "text",
    ["工单{number", "工单{}", "工单{number.__class__}", "{number!r}", "工单{number:>{width}}"],
)
def test_a_template_reaches_into_nothing(text: str, tmp_path: Path, pack: CityPack) -> None:
    folder = copy(tmp_path / "city")
    file, change = put(CONDUCT, "notices.answered", text=text)
    rewrite(folder / YEAR / file, change)
    with pytest.raises(PackInvalid) as refused:
        load_policies(folder, pack)
    assert refused.value.details["rule"] == "notice_placeholder"


def test_a_date_into_a_year_that_nobody_knows_is_found_in_time(pack: CityPack) -> None:
    """On 29 December 2027 five working days lead into 2028, of which no notice is out."""
    findings = check_policies(SHIPPED, pack, datetime(2027, 12, 29, tzinfo=UTC))
    assert {"years.2028", "handle.general.limit"} <= {
        found.place for found in findings if found.rule == "year_missing"
    }


def test_the_published_schemas_are_in_step_with_the_models() -> None:
    """To renew them: ``python -m core.policy.schemas cities/schema``."""
    published = {
        file.name: file.read_text(encoding="utf-8")
        for file in (ROOT / "cities" / "schema").glob("*.schema.json")
    }
    assert published == schemas()
    for content in published.values():
        Draft202012Validator.check_schema(json.loads(content))


def test_every_file_of_the_rules_names_its_schema() -> None:
    for file in SHIPPED.glob("policy/**/*.yaml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        way = first.removeprefix("# yaml-language-server: $schema=")
        assert (file.parent / way).resolve() == (
            ROOT / "cities" / "schema" / f"{file.stem}.schema.json"
        )
