"""The pattern language of the pack's files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pack.phrase import Heard, Match, Phrase, first_match
from core.pack.sound import nearly, sounds

WORD = st.text(alphabet="暖气停水电路灯不热坏了门口楼道", min_size=1, max_size=4)


def found(phrase: str, text: str) -> str | None:
    match = Phrase(phrase).first(Heard(text))
    return text[match.start : match.end] if match else None


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("停水", "家里停水了", "停水"),
        ("停水", "家里停电了", None),
        ("暖气…不热", "暖气打那会儿就不热", "暖气打那会儿就不热"),
        ("暖气…不热", "暖气好。水不热", None),
        ("暖气…不热", "暖气一二三四五六七八九十一不热", None),
        ("暖气……不热", "暖气一二三四五六七八九十一不热", "暖气一二三四五六七八九十一不热"),
        ("（暖气/地暖）…（不热/冰凉）", "地暖冰凉", "地暖冰凉"),
        ("灯（儿/）不亮", "灯不亮", "灯不亮"),
        ("灯（儿/）不亮", "灯儿不亮", "灯儿不亮"),
    ],
)
def test_a_phrase_finds_what_it_says(phrase, text, words):
    assert found(phrase, text) == words


@pytest.mark.parametrize(
    "text", ["", "…", "停水…", "…停水", "（停/水", "停）水", "（/）", "停………水"]
)
def test_what_is_no_phrase_is_refused(text):
    with pytest.raises(ValueError):
        Phrase(text)


@given(first=WORD, second=WORD, between=st.text(alphabet="的地得在", max_size=10))
def test_a_gap_takes_whatever_lies_between(first, second, between):
    text = f"，{first}{between}{second}。"
    match = Phrase(f"{first}…{second}").first(Heard(text))
    assert match is not None
    assert text[match.start : match.end].startswith(first)
    assert text[match.start : match.end].endswith(second)


@given(text=st.text(max_size=60), phrase=WORD)
def test_a_plain_phrase_finds_exactly_what_find_finds(text, phrase):
    match = Phrase(phrase).first(Heard(text))
    exact = match.start if match and match.exact else -1
    assert exact == text.find(phrase)


def test_a_misheard_word_is_found_by_its_sound_and_marked_so():
    assert Phrase("路灯不亮").first(Heard("陆登不量")) == Match(0, 4, exact=False)
    assert Phrase("停电").first(Heard("听店")) is None


def test_a_written_match_goes_before_one_by_sound():
    heard = Heard("陆登不量，自来水停了")
    assert first_match((Phrase("路灯不亮"), Phrase("自来水停了")), heard).exact


@given(text=st.text(max_size=80))
def test_sounds_keep_the_length_so_that_places_agree(text):
    assert len(sounds(text)) == len(text)


def test_what_recognisers_confuse_is_one_sound():
    assert sounds("知吃诗上冷名") == sounds("资词思伞楞民")


def test_nearly_is_one_half_of_a_syllable():
    assert nearly(sounds("庭"), sounds("平"))
    assert nearly(sounds("轮"), sounds("滦"))
    assert not nearly(sounds("区"), sounds("县"))
    assert not nearly(sounds("区"), "1")
