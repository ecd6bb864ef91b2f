"""How Chinese text is cut: whatever stands in a text in one piece is found by it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.search import words
from core.search.words import words_asked, words_in

TEXT = "路北区测试路1号小区门口的路灯坏了一周没人修，晚上黑得看不见路，老人摔倒了。物业推给供电公司"
hanzi = st.text(st.sampled_from(sorted(set(TEXT))), max_size=30)


@settings(deadline=None)
@given(st.data())
def test_every_piece_of_a_text_finds_it(data: st.DataObject) -> None:
    text = data.draw(st.one_of(st.just(TEXT), hanzi))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for cut in (start, end):  # half a house number is another one
        assume(not (text[cut - 1 : cut].isdigit() and text[cut : cut + 1].isdigit()))
    assert set(words_asked(text[start:end])) <= words_in(text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_cut_and_its_own_words_find_it(text: str) -> None:
    assert set(words_asked(text)) <= words_in(text)


def test_words_are_the_dictionarys() -> None:
    assert words_asked("小区路灯坏了") == ["小区", "路灯", "坏", "了"]
    assert {"路灯", "小区", "门口", "坏", "灯"} <= words_in(TEXT)
    assert "灯坏" not in words_in(TEXT)


@pytest.mark.parametrize(
    ("written", "asked"),
    [("ＡＢＣ公司", "abc 公司"), ("Wi-Fi信号", "FI"), ("3号楼2单元", "３号楼"), ("㎡", "m2")],
)
def test_width_and_case_make_no_difference(written: str, asked: str) -> None:
    assert set(words_asked(asked)) <= words_in(written)


def test_marks_are_no_words() -> None:
    assert words_asked("。，！？ \n\t“”…（）%_*\"' OR NOT") == ["or", "not"]
    assert words_asked("") == []


def test_a_very_long_text_has_a_bounded_number_of_words() -> None:
    assert len(words_in("路灯" * 100_000)) <= words.MOST
    assert max(map(len, words_in("a" * 100_000))) == words.LONGEST


def test_the_dictionary_is_read_once_however_many_ask_for_it() -> None:
    """In a process of its own, where nobody has read it yet; nothing is written on the way."""
    program = """
import threading, jieba, core.search.words as words
reads = []
read = jieba.Tokenizer.gen_pfdict
def counted(file):
    reads.append(1)
    return read(file)
jieba.Tokenizer.gen_pfdict = staticmethod(counted)
found = []
def ask():
    found.append(words.words_asked("小区路灯"))
threads = [threading.Thread(target=ask) for _ in "abcd"]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(reads), found == [["小区", "路灯"]] * 4)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (["1", "True"], "")


def test_nobody_pays_for_the_dictionary_who_does_not_search() -> None:
    program = "import sys, core.desk, core.search.blind; print('jieba' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_cutting_from_several_threads_gives_the_same_words() -> None:
    wanted = words_in(TEXT)
    found: list[set[str]] = []
    threads = [threading.Thread(target=lambda: found.append(words_in(TEXT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 8
