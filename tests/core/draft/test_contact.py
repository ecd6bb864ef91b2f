"""The caller's number: right, or visibly unsure."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.draft.contact import contact_phone
from core.draft.speech import speech_of

DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))


@pytest.fixture
def phone(pack, context, spoken):
    def read(*turns, number=None):
        return contact_phone(context(number=number), pack.city.area_code, speech_of(spoken(*turns)))

    return read


@given(tail=st.text(alphabet="0123456789", min_size=8, max_size=8), seed=st.integers(0, 99))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_mobile_number_read_clearly_is_found_and_not_yet_certain(phone, tail, seed):
    number = "154" + tail
    cuts = sorted(random.Random(seed).sample(range(1, 11), 2))
    said = [number[: cuts[0]], number[cuts[0] : cuts[1]], number[cuts[1] :]]
    words = "，".join("".join(DIGITS[digit] for digit in part) for part in said)
    field = phone(f"caller: 我姓王，电话{words}。")
    assert field.value == number
    assert field.confidence < 0.8


def test_a_number_cut_over_segments_and_interrupted_is_one(phone):
    field = phone("caller: 电话是幺五四", "agent: 嗯", "caller: 零三幺五", "caller: 八八二六")
    assert field.value == "15403158826"
    assert len(field.evidence) == 3


def test_the_agents_read_back_makes_it_certain(phone):
    alone = phone("caller: 幺五四零三幺五八八二六")
    confirmed = phone("caller: 幺五四零三幺五八八二六", "agent: 15403158826对吗", "caller: 对")
    assert confirmed.value == alone.value
    assert alone.confidence < 0.9 <= confirmed.confidence
    assert {evidence.segment_id for evidence in confirmed.evidence} == {"c1-0", "c1-1"}


def test_a_read_back_that_differs_makes_it_doubtful(phone):
    agreed = phone(
        "caller: 幺五四零三幺五八八二六", "agent: 幺五四零三幺五八八二七对吗", "caller: 对"
    )
    denied = phone(
        "caller: 幺五四零三幺五八八二六", "agent: 幺五四零三幺五八八二七对吗", "caller: 不对"
    )
    assert agreed.confidence <= 0.5
    assert denied.confidence <= 0.5
    assert denied.value == "15403158826"


def test_a_number_the_agent_gives_is_not_the_callers(phone):
    assert phone("caller: 医保怎么办", "agent: 您可以打幺五四零零零零零零零零咨询").value is None


def test_the_last_number_counts_after_a_correction(phone):
    field = phone("caller: 幺五四六二零幺八八三四，哎不对，说错了，是幺五四六二零七九幺三五")
    assert field.value == "15462079135"


def test_a_taken_back_number_is_not_kept(phone):
    assert phone("caller: 电话幺五四六二零幺八八三四，不对，说错了").value is None


def test_is_it_right_is_no_correction(phone):
    assert phone("caller: 电话幺五四六二零幺八八三四，对不对").value == "15462018834"


def test_a_corrected_ending_replaces_the_old_one(phone):
    field = phone("caller: 幺五四零三幺五八八二六，不对，最后四位是八八二七")
    assert field.value == "15403158827"
    assert field.confidence < 0.6


def test_digits_that_are_no_number_never_look_like_one(phone):
    field = phone("caller: 我电话幺五四零三幺五八八二")
    assert field.value == "1540315882"
    assert field.confidence < 0.3


def test_two_different_numbers_are_doubtful(phone):
    field = phone("caller: 打幺五四零三幺五八八二六，或者打我家里幺五四零三幺五八八二七")
    assert field.value == "15403158827"
    assert field.confidence <= 0.6


def test_a_number_guessed_by_sound_is_doubtful(phone):
    field = phone("caller: 电话要五四零三幺五八八二六")
    assert field.value == "15403158826"
    assert field.confidence < 0.5


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("零三幺五，幺三三，零零二二", "03151330022"),
        ("零三幺五，二三三，零零二二", "03152330022"),
        ("零三幺五二三三零零二二一", "031523300221"),
        ("二三三零零二二", "2330022"),
    ],
)
def test_landlines_with_and_without_the_area_code(phone, words, number):
    field = phone(f"caller: 座机电话{words}")
    assert field.value == number
    assert field.confidence < 0.8


@pytest.mark.parametrize(
    "words", ["工单编号是二零二六零一一五", "身份证号幺三零二零三", "户号六零二幺七七零四"]
)
def test_other_numbers_are_not_telephones(phone, words):
    assert phone(f"caller: {words}").value is None


def test_this_very_number_is_the_callers_own(phone):
    field = phone("caller: 电话？就我这个号。", number="15400000009")
    assert field.value == "15400000009"
    assert {evidence.source for evidence in field.evidence} == {"segment", "caller_id"}
    assert phone("caller: 电话？就我这个号。").value is None
