"""``hotline demo``: what it looks at before it starts, what it prints, how it is ended."""

from __future__ import annotations

import io
import os
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from core.calls import CallState, Leg
from core.views import CallView, Event, SegmentView
from hotline.demo.show import Show
from pbx.asterisk import AsteriskInstall
from tests.hotline.shell import hotline, running

NOW = datetime(2026, 1, 12, tzinfo=UTC)


def refused(folder: Path, *words: str | Path) -> str:
    """The one line on standard error of a demo that did not start."""
    done = hotline(folder, "demo", "--once", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("keys", ["5x", "0 2", "A"])
def test_keys_that_no_telephone_has_are_said_before_anything_starts(
    tmp_path: Path, keys: str
) -> None:
    assert refused(tmp_path, "--keys", keys).startswith("hotline: keys_invalid: ")


@pytest.mark.parametrize("file", ["no/such/folder.json", "."])
def test_a_result_that_cannot_be_written_is_said_before_anything_starts(
    tmp_path: Path, file: str
) -> None:
    assert refused(tmp_path, "--json", file).startswith("hotline: result_unwritten: ")
    assert list(tmp_path.iterdir()) == []


def test_the_states_of_a_call_are_told_once_each_and_in_chinese() -> None:
    screen = io.StringIO()
    show = Show(Console(file=screen, width=80))
    way = [
        (CallState.ARRIVED, None),
        (CallState.QUEUED, None),
        (CallState.QUEUED, None),
        (CallState.OFFERED, None),
        (CallState.CONNECTED, NOW),
        (CallState.ARRIVED, NOW),
        (CallState.ENDED, NOW),
    ]
    for cursor, (state, connected) in enumerate(way, 1):
        view = CallView(
            call_id="c1", state=state, caller_number=None, dialled="", source_line="",
            line_name="", arrived_at=NOW, connected_at=connected,
        )  # fmt: skip
        show.event(Event(cursor=cursor, kind="call", at=NOW, call=view))
    told = [line.split()[-1] for line in screen.getvalue().splitlines()]
    assert told == ["来电", "排队", "振铃", "通话中", "评价", "已结束"]


def test_a_sentence_is_shown_once_though_it_is_told_twice() -> None:
    screen = io.StringIO()
    show = Show(Console(file=screen, width=80))
    sentence = SegmentView(
        segment_id="s1", call_id="c1", leg=Leg.CALLER, party="caller", start_ms=0, end_ms=900,
        text="路灯不亮", final=True, engine="fake",
    )  # fmt: skip
    for cursor in (0, 7):  # as it was said, and as it was stored
        show.event(Event(cursor=cursor, kind="segment", at=NOW, segment=sentence))
    assert screen.getvalue().count("路灯不亮") == 1


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its folder; short, because a socket in it has a short name only."""
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def of_demo(folder: Path) -> set[int]:
    """The processes whose environment has the demo's ``TMPDIR``: its own and its children's."""
    mark = f"TMPDIR={folder}".encode()
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                words = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in words:
                found.add(int(process.name))
    return found


@pytest.mark.real
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("2 ", signal.SIGINT),  # Asterisk and our own parts are starting
        ("通话中", signal.SIGTERM),
    ],
)
def test_ctrl_c_at_any_moment_ends_the_demo_and_leaves_nothing(
    install: AsteriskInstall, short: Path, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    with running(tmp_path, "demo", "--once", "--engine", "fake") as demo:
        demo.says(moment)
        assert of_demo(short)
        assert list(short.glob("hotline-demo-*"))
        assert demo.ends_by(number) == 130
        assert of_demo(short) == set()
    assert list(short.iterdir()) == []
    assert not [line for line in demo.rest() if "Traceback" in line or "hotline:" in line]
