"""A pack is loaded whole and right, or refused with the place of the fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.pack import PackInvalid, load_pack
from core.pack.load import FILES
from core.pack.references import broken_references

TANGSHAN = Path(__file__).parents[3] / "cities/tangshan"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, _ in FILES.values():
        shutil.copy(TANGSHAN / name, tmp_path / name)
    return tmp_path


def spoil(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_every_reference_of_the_citys_pack_resolves(pack):
    assert list(broken_references(pack)) == []


def test_every_class_has_a_unit_and_every_leaf_words_or_a_rule(pack):
    by_rule = {ground.category for ground in pack.rules.grounds}
    by_rule |= {rule.category for rule in pack.rules.types}
    for path in pack.taxonomy.paths():
        assert pack.units.rule(path.leaf.code) is not None
        speaks = path.leaf.signs or path.leaf.words or path.leaf.code in by_rule
        # 诬告 is found out later, never from a call.
        assert speaks or path.leaf.code == "170303", path.names


def test_the_form_offers_what_the_other_files_name(pack):
    assert pack.form.field("district").values == tuple(d.name for d in pack.places.districts)
    assert pack.form.field("verdict").values == tuple(v.name for v in pack.rules.verdicts)


def test_the_city_has_its_fourteen_counties_and_four_zones(pack):
    kinds = [district.kind for district in pack.places.districts]
    assert (kinds.count("county"), kinds.count("zone")) == (14, 4)


@pytest.mark.parametrize("file", [name for name, _ in FILES.values()])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(PackInvalid, match=file):
        load_pack(folder)


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("taxonomy.yaml", "name: 路灯", "nmae: 路灯", "leaves.0.name"),
        ("taxonomy.yaml", "- 占路…（卖/摆）", "- …占路", "phrase"),
        ("taxonomy.yaml", 'code: "010101"', 'code: "020101"', "020101"),
        ("units.yaml", "unit: city_management", "unit: nobody", "nobody"),
        ("units.yaml", 'code: "01"', 'code: "99"', "99"),
        ("units.yaml", "under: police", "under: nobody", "nobody"),
        ("units.yaml", "under: police", "under: traffic_police", "under itself"),
        ("emergency.yaml", "urgency: 特急", "urgency: 火急", "火急"),
        ("emergency.yaml", "verdict: 即转紧急", "verdict: 再议", "再议"),
        ("emergency.yaml", 'order: ["110", ', "order: [", "110"),
        ("draft_rules.yaml", "enquiry: 咨询", "enquiry: 打听", "打听"),
        ("draft_rules.yaml", "ordinary: 受理派单", "ordinary: 照办", "照办"),
        ("draft_rules.yaml", "channel: 电话", "channel: 飞鸽", "飞鸽"),
        ("districts.yaml", "aliases: [滦县]", "aliases: [滦县, 滦南]", "滦南"),
        ("districts.yaml", 'code: "130203"', 'code: "130202"', "130202"),
        ("lines.yaml", "queue: enterprise", "queue: nowhere", "nowhere"),
        ("ticket_form.yaml", "values_from: types", "values_from: wishes", "values_from"),
    ],
)
def test_a_fault_is_refused_and_named(folder, file, before, after, told):
    spoil(folder, file, before, after)
    with pytest.raises(PackInvalid, match=told):
        load_pack(folder)


def test_broken_yaml_and_bytes_that_are_no_text_are_refused(folder):
    (folder / "units.yaml").write_text("units: [", encoding="utf-8")
    with pytest.raises(PackInvalid, match="units"):
        load_pack(folder)
    (folder / "units.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackInvalid, match="units"):
        load_pack(folder)


def test_the_prompt_for_a_recogniser_names_every_district(pack):
    assert pack.city.hotline_name in pack.recogniser_prompt
    for district in pack.places.districts:
        names = (district.name, *district.aliases)
        assert any(name in pack.recogniser_prompt for name in names)
