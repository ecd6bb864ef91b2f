"""The wire format: bytes of a real Asterisk, cut anywhere, and bytes of nobody good."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.ami.api import AmiEvent, AmiInjection
from pbx.ami.codec import Framer, NotAmi, encode

RECORDED = Path(__file__).with_name("recorded")
CALL = (RECORDED / "call.bin").read_bytes()
QUEUES = (RECORDED / "queues.bin").read_bytes()
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
LIMIT = 1 << 20


def read(data: bytes, cuts: list[int], limit: int = LIMIT) -> tuple[list[AmiEvent], Framer]:
    """What comes out when TCP delivers ``data`` cut at ``cuts``."""
    framer = Framer(limit)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    messages = [m for begin, end in pairwise(edges) for m in framer.feed(data[begin:end])]
    return messages, framer


def named(messages: list[AmiEvent], name: str) -> list[AmiEvent]:
    return [message for message in messages if message.name == name]


def test_a_recorded_call_is_read_as_asterisk_meant_it() -> None:
    messages, framer = read(CALL, [])
    assert framer.version == "11.0.0"
    assert framer.garbage == framer.oversized == 0
    assert len(messages) == CALL.count(b"\nEvent: ") + CALL.count(b"\r\n\r\nResponse: ") + 1
    (user_event,) = named(messages, "UserEvent")
    assert user_event.get("Words") == "路灯坏了😀，唐山市路南区"
    names = [event.get("CallerIDName") for event in named(messages, "Newstate")]
    assert names == ["张三政务热线"] * 2


def test_a_chinese_name_survives_a_cut_at_every_byte_of_a_recorded_call() -> None:
    whole, _ = read(CALL, [])
    for cut in range(1, len(CALL)):
        if CALL[cut] >= 0x80 or CALL[cut - 1] >= 0x80 or CALL[cut : cut + 1] in (b"\r", b"\n"):
            assert read(CALL, [cut])[0] == whole, cut


@pytest.mark.parametrize("data", [CALL, QUEUES], ids=["call", "queues"])
def test_a_stream_that_comes_byte_by_byte_reads_the_same(data: bytes) -> None:
    assert read(data, list(range(len(data))))[0] == read(data, [])[0]


@given(
    cuts=st.lists(st.integers(0, len(QUEUES)), max_size=40), data=st.sampled_from([CALL, QUEUES])
)
def test_it_does_not_matter_where_tcp_cuts(cuts: list[int], data: bytes) -> None:
    assert read(data, cuts)[0] == read(data, [])[0]


def test_channel_variables_are_told_apart_by_channel() -> None:
    messages, _ = read(CALL, [])
    (joined,) = [m for m in named(messages, "CoreShowChannel") if m.get("Application") == "Queue"]
    assert joined.channel_vars == {
        "CALL_ID": f"wait-{joined.get('Uniqueid')}",
        "CALL_DIALLED": "12345",
        "CALL_ANSWERED": "",
    }
    (dialled,) = named(messages, "DialBegin")
    assert dialled.channel_vars == {}
    assert set(dialled.dest_vars) == {"CALL_ID", "CALL_DIALLED", "CALL_ANSWERED"}
    (answered, _failed) = named(messages, "OriginateResponse")
    assert answered.channel_vars["CALL_DIALLED"] == "12345"
    assert answered.get("ActionID") == "rec-2"
    (local,) = named(messages, "LocalBridge")
    assert local.channel_vars == {}
    assert local.fields["LocalOneChanVariable(CALL_DIALLED)"] == ""


def test_the_output_of_a_command_is_kept_line_by_line() -> None:
    messages, _ = read(QUEUES, [])
    (command,) = [m for m in messages if m.get("Message") == "Command output follows"]
    first, second = command.get("Output").split("\n")
    assert first.startswith("System uptime:")
    assert second.startswith("Last reload:")


def test_a_user_event_may_carry_headers_of_any_name_and_stays_itself() -> None:
    data = b"Event: UserEvent\r\nResponse: Success\r\nEvent: Hangup\r\nContent: a: b\r\n\r\n"
    (message,), _ = read(GREETING + data, [])
    assert message.name == "UserEvent"
    assert message.get("Content") == "a: b"


def test_text_that_is_not_utf8_harms_nothing_else() -> None:
    (first, second), framer = read(
        GREETING + b"Event: A\r\nName: \xff\xfe\xe5\xbc\r\n\r\nEvent: B\r\n\r\n", []
    )
    assert (first.name, second.name) == ("A", "B")
    assert "�" in first.get("Name")
    assert framer.garbage == 0


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n",
        b"\0" * 10,
        b"Asterisk\r\n",
    ],
)
def test_a_peer_that_is_no_asterisk_is_known_by_its_first_line(greeting: bytes) -> None:
    with pytest.raises(NotAmi):
        read(greeting, list(range(len(greeting))))


def test_a_greeting_without_end_is_not_read_for_ever() -> None:
    framer = Framer(LIMIT)
    with pytest.raises(NotAmi):
        for _ in range(20):
            framer.feed(b"Asterisk Call Manager/" if not framer._buffer else b"1" * 50)


def test_a_message_over_the_limit_is_thrown_away_and_counted_wherever_it_is_cut() -> None:
    limit = 64
    fitting = b"Event: Fits\r\nA: ".ljust(limit, b"x") + b"\r\n\r\n"
    too_long = b"Event: Long\r\nA: ".ljust(limit + 1, b"x") + b"\r\n\r\n"
    data = GREETING + fitting + too_long + fitting
    for cut in range(len(data)):
        messages, framer = read(data, [cut], limit)
        assert [message.name for message in messages] == ["Fits", "Fits"], cut
        assert framer.oversized == 1, cut


def test_a_message_without_end_does_not_fill_the_memory() -> None:
    framer = Framer(4096)
    framer.feed(GREETING)
    for _ in range(1000):
        assert framer.feed(b"A" * 1000) == []
        assert len(framer._buffer) <= 4096 + 1000
    (after,) = framer.feed(b"\r\n\r\nEvent: After\r\n\r\n")
    assert after.name == "After"
    assert framer.oversized == 1


@given(garbage=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=5))
def test_garbage_is_borne_and_what_follows_is_read(garbage: bytes, cuts: list[int]) -> None:
    data = GREETING + garbage + b"\r\n\r\nEvent: After\r\nName: \xe5\xbc\xa0\r\n\r\n"
    messages, framer = read(data, cuts, 100)
    assert (messages[-1].name, messages[-1].get("Name")) == ("After", "张")
    assert framer.feed(b"") == []


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=30)
header = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in ("action", "actionid")
)


@given(fields=st.dictionaries(header, text, max_size=6))
def test_an_action_of_any_sendable_text_is_one_message_with_just_these_headers(
    fields: dict[str, str],
) -> None:
    wire = encode("UserEvent", "id-1", fields)
    assert wire.count(b"\r\n\r\n") == 1
    assert wire.endswith(b"\r\n\r\n")
    lines = wire.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert lines[:2] == ["Action: UserEvent", "ActionID: id-1"]
    assert lines[2:] == [f"{name}: {value}" for name, value in fields.items()]


@given(before=text, mark=st.sampled_from(["\r\n", "\r", "\n", "\0"]), after=text)
def test_a_line_break_anywhere_in_a_value_is_refused(before: str, mark: str, after: str) -> None:
    with pytest.raises(AmiInjection) as refused:
        encode("Originate", "id-1", {"CallerID": before + mark + after})
    assert refused.value.details == {"action": "Originate", "reason": "line_break"}


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("Ping\r\nAction: Logoff", {}, "line_break"),
        ("Ping", {"A\r\nAction: Logoff": "x"}, "header"),
        ("Ping", {"A\n": "x"}, "line_break"),
        ("Ping", {"": "x"}, "header"),
        ("Ping", {"Action": "Logoff"}, "header"),
        ("Ping", {" actionid ": "other"}, "header"),
        ("Ping", {"A": "\ud83d"}, "encoding"),
    ],
)
def test_nothing_can_become_a_second_action(name: str, fields: dict[str, str], reason: str) -> None:
    with pytest.raises(AmiInjection) as refused:
        encode(name, "id-1", fields)
    assert refused.value.error_id == "ami_injection"
    assert refused.value.details["reason"] == reason
    assert "Logoff" not in str(refused.value.details)
