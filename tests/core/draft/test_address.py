"""The address as it is said, with door numbers in figures."""

from __future__ import annotations

import pytest

from core.draft.address import address
from core.draft.places import whereabouts
from core.draft.speech import speech_of


@pytest.fixture
def place(pack, spoken):
    def read(*turns):
        speech = speech_of(spoken(*turns))
        return address(speech, whereabouts(pack.places, speech))

    return read


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("我是丰润区和平里的，五号楼一单元四零二。", "和平里5号楼1单元402"),
        ("我在古冶区唐家庄住，楼下早市占道", "唐家庄"),
        ("开平区东城绿庭，八号楼二单元五零三！", "东城绿庭8号楼2单元503"),
        ("滦南县司各庄镇的，我们村没水", "司各庄镇"),
        ("路北区光明路小学门口堵车", "光明路小学门口"),
        ("路北区小区门口的路灯不亮了", "小区门口"),
        ("路北区光明路路灯不亮", "光明路"),
        ("路北区建设北路路口堵车", "建设北路路口"),
        ("路北区新华道路灯不亮", "新华道"),
    ],
)
def test_the_address_follows_the_district(place, words, named):
    field = place(f"caller: {words}")
    assert field.value == named
    assert field.evidence[0].segment_id == "c1-0"


def test_an_address_without_a_district_is_doubtful(place):
    field = place("caller: 幸福小区三号楼没水")
    assert field.value == "幸福小区3号楼"
    assert field.confidence < 0.4


@pytest.mark.parametrize(
    "words",
    ["我想问个事", "问一下路怎么走", "我想问一下路", "路南法院判我输", "我们是玉田县一家小企业"],
)
def test_a_court_or_nothing_is_no_address(place, words):
    assert place(f"caller: {words}").value is None
