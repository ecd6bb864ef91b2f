"""The FastAGI parser: bytes that a real Asterisk sent, and bytes that nobody should send."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.agi.errors import AgiInjection, AgiProtocolError
from pbx.agi.protocol import (
    MAX_ENVIRONMENT_LINES,
    MAX_LINE_BYTES,
    MAX_USAGE_LINES,
    AgiParser,
    Environment,
    HangupNotice,
    Reply,
    command_line,
)
from tests.pbx.agi.fake_asterisk import environment

RECORDED = sorted(Path(__file__).with_name("recorded").glob("*.bin"))


def parse(*chunks: bytes) -> tuple[list[object], bool]:
    """All messages of the chunks, and whether the parser gave up at their end."""
    parser, messages = AgiParser(), []
    try:
        for chunk in chunks:
            parser.receive(chunk)
            while (message := parser.next_message()) is not None:
                messages.append(message)
    except AgiProtocolError:
        return messages, True
    return messages, False


def replies(text: str) -> list[object]:
    messages, failed = parse(environment(), text.encode())
    assert not failed
    return messages[1:]


def refused(text: str) -> bool:
    return parse(environment(), text.encode())[1]


def recorded(name: str) -> list[object]:
    messages, failed = parse(Path(__file__).with_name("recorded").joinpath(name).read_bytes())
    assert not failed
    return messages


def test_every_reply_of_a_real_asterisk_is_understood():
    call, *answers = recorded("every-reply.bin")
    assert isinstance(call, Environment)
    assert call.get("agi_callerid") == "15400000001"
    assert call.get("agi_accountcode") == ""
    assert call.argument(2) == "start"
    assert call.argument(3) == ""
    assert [answer.code for answer in answers] == [
        *(200, 200, 200, 510, 520, 200, 200, 200, 200, 200),
        *(200, 200, 200, 200, 200, 200, 200, 200, 520, 520),
    ]
    assert answers[0].value == "12345|agitrial-1795394247.0|"
    assert answers[1] == Reply(200, result="0")
    assert answers[6] == Reply(200, result="0", end_position=2680)
    assert answers[7] == Reply(200, result="-1", end_position=0)
    assert answers[14].value == 'a "q" b\\c'


def test_a_520_reply_is_one_reply_with_its_whole_usage_text():
    usage = recorded("every-reply.bin")[5]
    assert usage.code == 520
    assert usage.text.startswith("Invalid command syntax.")
    assert usage.text.endswith("<value>FAILED</value>")


@pytest.mark.parametrize("name", ["hangup-in-prompt.bin", "hangup-between-commands.bin"])
def test_the_inline_hangup_line_is_not_taken_for_a_reply(name):
    messages = recorded(name)
    assert messages.count(HangupNotice()) == 1
    assert [reply.code for reply in messages[messages.index(HangupNotice()) + 1 :]].count(511)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
@given(data=st.data())
def test_where_the_network_cuts_the_bytes_makes_no_difference(path, data):
    raw = path.read_bytes()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=20)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert parse(*pieces) == parse(raw)


@given(st.lists(st.binary(max_size=64), max_size=20), st.booleans())
def test_garbage_ends_in_a_protocol_error_or_nothing_and_never_in_another_one(chunks, late):
    if late:
        chunks = [environment(), *chunks]
    assert parse(*chunks) == parse(b"".join(chunks))


@given(
    st.lists(
        st.sampled_from(
            ["200 result=0", "HANGUP", "520-Usage", "520 End", "511 dead", "100 Trying", "x", ""]
        ),
        max_size=12,
    )
)
def test_replies_in_any_order_give_one_message_each_until_the_first_wrong_line(lines):
    messages, failed = parse(environment(), "".join(f"{line}\n" for line in lines).encode())
    assert all(isinstance(message, Reply | HangupNotice) for message in messages[1:])
    if not failed:
        assert len(messages) - 1 <= len(lines)


@given(st.binary(max_size=30))
def test_a_recorded_call_with_bytes_changed_never_raises_anything_else(noise):
    raw = bytearray(RECORDED[0].read_bytes())
    for index, byte in enumerate(noise):
        raw[(index * 131 + byte * 17) % len(raw)] = byte
    parse(bytes(raw))


def test_a_character_cut_in_two_by_the_network_is_kept():
    raw = environment(agi_calleridname="张三政务热线")
    for cut in range(len(raw)):
        [call], failed = parse(raw[:cut], raw[cut:])
        assert not failed
        assert call.get("agi_calleridname") == "张三政务热线"


def test_a_name_that_is_not_utf8_does_not_cost_the_call():
    raw = environment().replace(
        b"agi_calleridname: unknown", "agi_calleridname: 张三".encode("gbk")
    )
    [call], failed = parse(raw)
    assert not failed
    assert call.argument(2) == "start"


@pytest.mark.parametrize(
    "name",
    [
        "x\nagi_arg_1: forged",  # a variable twice
        "x\n\n200 result=1",  # the block ended early
        "x\nforged: 1",
        "x\nHANGUP",
    ],
)
def test_a_caller_name_with_line_breaks_cannot_forge_variables(name):
    messages, failed = parse(environment(agi_calleridname=name))
    assert failed
    assert not any(
        call.argument(1) == "forged" for call in messages if isinstance(call, Environment)
    )


def test_the_environment_block_is_bounded():
    lines = [f"agi_arg_{number}: x\n" for number in range(MAX_ENVIRONMENT_LINES + 1)]
    assert not parse("".join(lines[:-1]).encode() + b"\n")[1]
    assert parse("".join(lines).encode())[1]


def test_a_usage_text_is_bounded():
    assert not refused("520-Usage\n" + "x\n" * (MAX_USAGE_LINES - 1) + "520 End\n")
    assert refused("520-Usage\n" + "x\n" * MAX_USAGE_LINES)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_is_bounded_with_and_without_its_end(end):
    fits = b"agi_arg_1: ".ljust(MAX_LINE_BYTES, b"x")
    assert not parse(fits + end)[1]
    assert parse(fits + b"x" + end)[1]


@pytest.mark.parametrize(
    "line",
    [
        "200",
        "200 ",
        "200 ok",
        "200-result=0",
        "200 result=1 (a value\nwith a line break)",
        "510-more",
        "999 result=0",
        "٢٠٠ result=0",
        "hangup",
        "HANGUP\r",
        "agi_arg_1: again",
        "",
    ],
)
def test_what_is_no_reply_is_refused(line):
    assert refused(f"{line}\n")


def test_parentheses_in_a_value_are_kept():
    assert replies("200 result=1 (a (b) c)\n") == [Reply(200, result="1", value="a (b) c")]


def test_a_provisional_reply_says_so():
    assert [reply.provisional for reply in replies("100 Trying...\n200 result=0\n")] == [
        True,
        False,
    ]


def test_an_untouched_parser_knows_a_health_check_from_half_a_call():
    parser = AgiParser()
    assert parser.untouched
    parser.receive(b"")
    assert parser.untouched
    parser.receive(b"a")
    assert not parser.untouched


def test_arguments_are_quoted_the_way_asterisk_reads_them():
    line = command_line("SET VARIABLE", "X Y", 'a "q" b\\c', "")
    assert line == b'SET VARIABLE "X Y" "a \\"q\\" b\\\\c" ""\n'


def _read_as_asterisk(line: str) -> list[str]:
    """Arguments as res_agi's parse_args splits them (quotes, backslash, blanks)."""
    words, word, quoted, escaped = [], None, False, False
    for character in line:
        if escaped:
            word, escaped = (word or "") + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted, word = not quoted, word or ""
        elif character in " \t" and not quoted:
            words, word = words + ([word] if word is not None else []), None
        else:
            word = (word or "") + character
    return words + ([word] if word is not None else [])


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), max_size=4))
def test_asterisk_reads_back_exactly_the_arguments_given(arguments):
    line = command_line("VERB", *arguments).decode()
    assert line.endswith("\n")
    assert _read_as_asterisk(line.removesuffix("\n")) == ["VERB", *arguments]


@pytest.mark.parametrize("value", ["a\nHANGUP", "a\r", "a\0b", "x" * 2100])
def test_a_value_that_could_break_out_is_refused(value):
    with pytest.raises(AgiInjection):
        command_line("SET VARIABLE", "NAME", value)


def test_a_lone_surrogate_does_not_break_the_command():
    assert command_line("VERBOSE", "\udc80") == b'VERBOSE "?"\n'
