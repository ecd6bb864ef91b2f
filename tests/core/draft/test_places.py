"""Districts and towns, however short, misheard or denied."""

from __future__ import annotations

import pytest

from core.draft.places import whereabouts
from core.draft.speech import speech_of


@pytest.fixture
def where(pack, spoken):
    return lambda *turns: whereabouts(pack.places, speech_of(spoken(*turns)))


def test_every_district_is_found_by_its_full_and_short_name_and_aliases(pack, where):
    for district in pack.places.districts:
        names = (district.name, *district.aliases, *(short.text for short in district.short))
        for name in names:
            assert where(f"caller: 我在{name}这边").district.value == district.name, name


def test_every_town_is_found_and_gives_its_district(pack, where):
    for district in pack.places.districts:
        for town in district.towns:
            found = where(f"caller: 我是{district.name}{town}的")
            assert (found.district.value, found.town.value) == (district.name, town)
            if town not in pack.places.shared:
                assert where(f"caller: 我是{town}的").district.value == district.name, town


@pytest.mark.parametrize(
    "words", ["建设路北头", "新华道路南边", "公开平台上说的", "南边", "这条道"]
)
def test_a_direction_or_part_of_a_word_is_no_district(where, words):
    assert where(f"caller: {words}").district.value is None


@pytest.mark.parametrize(
    ("words", "district"),
    [
        ("我在鹿背趣的", "路北区"),
        ("老亭县那边", "乐亭县"),
        ("开庭区洼里", "开平区"),
        ("我是千安的", "迁安市"),
        ("轮南县这边", "滦南县"),
    ],
)
def test_a_misheard_district_is_found_with_little_confidence(where, words, district):
    field = where(f"caller: {words}").district
    assert field.value == district
    assert field.confidence < 0.7


def test_where_somebody_comes_from_is_not_where_the_matter_is(where):
    assert where("caller: 老家是遵化的，现在在路北区住").district.value == "路北区"
    assert where("caller: 我是遵化人，路南的一个饭店").district.value == "路南区"


def test_a_denied_place_is_not_it(where):
    assert where("caller: 不是丰南，是丰润").district.value == "丰润区"


def test_of_several_the_first_is_where_the_matter_is(where):
    assert where("caller: 从迁安往曹妃甸跑，路过滦州").district.value == "迁安市"


def test_the_agents_reading_helps_where_the_caller_was_not_understood(where):
    heard = where("caller: 我在那个什么地方", "agent: 是古冶区对吗", "caller: 对")
    assert heard.district.value == "古冶区"
    assert heard.district.evidence[0].segment_id == "c1-1"


def test_no_city_no_district(where):
    found = where("caller: 医保怎么报销")
    assert (found.district.value, found.town.value, found.chosen) == (None, None, None)
