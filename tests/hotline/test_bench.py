"""The benchmark's own arithmetic, and one tiny run of it on real parts."""

import json
import math
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from asr.bench import Spread
from core.transcript import StreamState
from core.views import DraftView, Event, Evidence, FieldView, SegmentView
from hotline.bench import run as bench_run
from hotline.bench.draft import changes
from hotline.bench.figures import Figure, Goal, count, times
from hotline.bench.kill import sounds
from hotline.bench.machine import Machine, this_machine
from hotline.bench.notes import StreamNote, read_notes
from hotline.bench.report import lines
from hotline.bench.run import Outcome, Scene
from hotline.bench.speech import lags
from hotline.cli import app
from pbx.phone.crowd import SippMissing, Sound
from tests.hotline.stagehands import installed

MACHINE = Machine("a CPU", 2, 4.0, "6.1", "3.11.9", "22.1", (0.1, 0.2, 0.3), "hotline", "today")
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_goal_is_reached_at_its_limit_and_missed_above_it():
    spread = Spread(3, 10.0, 30.0, 30.0, 31.0)
    assert Figure("x", "ms", spread, Goal(30, "p99")).reached is True
    assert Figure("x", "ms", spread, Goal(30, "max")).reached is False
    assert Figure("x", "ms", spread).reached is None
    assert count("x", "calls", 50, Goal(50, "max", at_least=True)).reached is True
    assert count("x", "calls", 49, Goal(50, "max", at_least=True)).reached is False


def test_what_was_not_measured_did_not_reach_its_goal():
    assert times("x", [], Goal(30, "p99")).reached is False


def test_what_never_came_counts_against_the_goal():
    figure = times("x", [0.01] * 20 + [math.inf], Goal(30, "p99"))
    assert figure.reached is False
    assert figure.as_json()["spread"]["max"] is None


def test_the_report_names_the_machine_every_figure_and_what_was_missed():
    outcome = Outcome(
        MACHINE,
        {
            Scene.POP: [
                times("pop", [0.01, 0.02], Goal(15, "max")),
            ]
        },
    )
    text = "\n".join(lines(outcome))
    for word in ("a CPU, 2 cores", "6.1", "3.11.9", "0.10 0.20 0.30", "max <= 15", "MISSED: pop"):
        assert word in text
    told = json.loads(json.dumps(outcome.as_json()))
    assert told["missed"] == ["pop"]
    assert told["scenes"]["pop"][0]["spread"]["max"] == 20.0


def test_the_machine_is_this_one():
    machine = this_machine("22.1")
    assert machine.cores >= 1 and machine.memory_gb > 0 and machine.cpu


def stream(frames: int, seconds: float) -> StreamNote:
    return StreamNote("c", StreamState.ENDED, frames, 0, 0.0, seconds, frames * 0.02)


def test_frames_are_missing_when_fewer_came_than_the_clock_allows():
    assert stream(51, 1.0).missing == 0
    assert stream(47, 1.0).missing == 3
    assert stream(47, 1.0).missing_seconds == pytest.approx(0.06)
    assert stream(52, 1.0).missing == 0  # the last ones came in a burst


def test_what_is_missing_is_counted_by_time_not_by_frames():
    large = StreamNote("c", StreamState.ENDED, 17, 0, 0.0, 1.0, 17 * 0.06)
    assert large.missing == 0


def test_notes_are_read_up_to_a_line_that_is_being_written(tmp_path):
    report = {
        "note": "stream",
        "at": 5.0,
        "tap_id": "t",
        "call_id": "c",
        "leg": "caller",
        "state": "open",
        "reason": "",
        "frames": 0,
        "dropped_frames": 0,
        "max_lag_ms": 0.0,
        "seconds": 0.0,
        "audio_seconds": 0.0,
    }
    ended = {**report, "at": 9.0, "state": "ended", "reason": "hangup", "frames": 40}
    said = {"note": "segment", "at": 6.0, "segment_id": "t.0", "call_id": "c"}
    health = {
        "note": "health",
        "at": 7.0,
        "pid": 7,
        "partials_dropped": 0,
        "lag_p50_ms": 1.0,
        "lag_p99_ms": 2.0,
        "lag_max_ms": 3.0,
    }
    file = tmp_path / "notes"
    rows = [json.dumps(row) for row in (report, said, health, ended)]
    file.write_text("\n".join(rows) + "\n" + rows[0][:20])
    notes = read_notes(file)
    assert notes.opened == {"c": [5.0]}
    assert notes.finals == {"t.0": 6.0}
    assert notes.lags == [(1.0, 2.0, 3.0)]
    assert notes.streams["t"].state is StreamState.ENDED
    assert notes.streams["t"].frames == 40


def segment(number: int, end_ms: int = 1000) -> Event:
    view = SegmentView(
        segment_id=f"t.{number}",
        call_id="c",
        leg="caller",
        party="caller",
        start_ms=0,
        end_ms=end_ms,
        text="x",
        engine="fake",
        final=True,
    )
    return Event(cursor=1, kind="segment", at=NOW, segment=view)


def draft(*evidence: str) -> Event:
    parts = tuple(Evidence(source="segment", segment_id=name) for name in evidence)
    field = FieldView(value="x", confidence=1.0, evidence=parts)
    view = DraftView(call_id="c", version=1, fields={"address": field})
    return Event(cursor=1, kind="draft", at=NOW, draft=view)


def test_a_draft_belongs_to_the_final_before_it_if_that_is_its_evidence():
    seen = [
        (1.0, segment(0)),
        (1.5, draft("t.0")),
        (2.0, segment(1)),
        (2.5, draft("t.0")),  # the second said nothing new by itself
        (3.0, segment(2)),
        (3.5, draft("t.1", "t.2")),
        (4.0, draft("t.2")),
    ]
    assert list(changes(seen)) == [("t.0", 1.5), ("t.2", 3.5)]
    before_and_after = [event for at, event in seen for event in ((at, event), (at + 9, event))]
    assert [final for final, _ in changes(before_and_after)] == ["t.0", "t.2"]


def test_an_utterance_waits_from_its_last_sound_on_its_calls_clock(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1000.0)
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    [(leg, seconds)] = lags(
        [(112.0, segment(0, end_ms=9000)), (112.5, segment(0, end_ms=9000))], {"c": 1001.0}
    )
    assert leg == "caller"
    assert seconds == pytest.approx(2.0)


def test_a_leg_sounds_only_without_a_hole():
    tone = (b"\x00\x20" * 160) * 100
    assert sounds(tone)
    assert not sounds(tone[: len(tone) // 2] + bytes(len(tone) // 2))
    assert not sounds(b"")


def test_a_crowds_pause_is_silence_and_whole_frames():
    once = Sound(700, tone_ms=40, pause_ms=60).mulaw()
    assert len(once) == 800
    assert set(once[320:]) == {0xFF}
    assert len(set(once[:320])) > 10


async def test_without_sipp_nothing_is_started(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SippMissing):
        await bench_run.bench_call(None, MACHINE, [Scene.LOAD])


def test_an_unknown_scene_is_refused():
    result = CliRunner().invoke(app, ["bench", "call", "--only", "nonsense"])
    assert result.exit_code == 2


@pytest.mark.real
@pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (sip-tester)")
def test_two_calls_are_measured_on_real_parts(tmp_path: Path):
    installed()
    file = tmp_path / "figures.json"
    arguments = ["--calls", "2", "--seconds", "4", "--only", "load", "--json", str(file)]
    result = CliRunner().invoke(app, ["bench", "call", *arguments])
    told = json.loads(file.read_text())
    figures = {figure["name"]: figure for figure in told["scenes"]["load"]}
    assert result.exit_code == (1 if told["missed"] else 0), result.output
    assert figures["legs tapped"]["spread"]["max"] == 4
    assert figures["calls at once"]["spread"]["max"] == 2
    assert figures["taps lost"]["spread"]["max"] == 0
    # Two talks of at least four seconds, each with two legs of fifty frames a second.
    assert figures["frames received"]["spread"]["max"] > 4 * 4 * 50
    assert figures["frames dropped"]["spread"]["max"] == 0
    assert figures["screen pop while the calls come in"]["spread"]["count"] == 2
    assert figures["final segment to draft field, at load"]["spread"]["count"] > 0
    assert figures["AgentConnect to both taps open"]["spread"]["count"] == 2
