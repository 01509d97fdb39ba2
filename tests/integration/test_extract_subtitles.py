"""Subtitles of every kind become WebVTT with the same words at the same times."""

import re
import struct
from pathlib import Path

import pytest

from pipeline.core import subtitles
from pipeline.core.extras import left_out, with_extras
from pipeline.core.facts import Findings
from pipeline.core.packets import PacketScan
from pipeline.core.streams import Chosen
from schemas.media import MediaFacts
from schemas.tasks import ExtractSubtitlesParams, ExtractSubtitlesResult
from tests.support.benches import FolderBench
from tests.support.clips import Clip, Clips
from tests.support.sound import SOURCE
from workers.steps import extract_subtitles

SRT = """1
00:00:00,500 --> 00:00:01,500
Hello <i>there</i> & you
second line

2
00:00:01,700 --> 00:00:02,600
<script>alert(1)</script>done
"""
VTT = """WEBVTT

first
00:00.500 --> 00:01.500 line:10%
<v Mary>Hello <ruby>漢<rt>kan</rt></ruby>

00:01.700 --> 00:02.600
<c.red>Bye</c>
"""
ASS = """[Script Info]
ScriptType: v4.00+
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.50,0:00:01.50,Default,,0,0,0,,{\\i1}Hello{\\i0} {\\fs40}there\\Nsecond
Dialogue: 0,0:00:01.70,0:00:02.60,Default,,0,0,0,,<script>alert(1)</script>done
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}
"""
SAID = {
    "srt": ["Hello <i>there</i> &amp; you\nsecond line", "alert(1)done"],
    "ass": ["<i>Hello</i> there\nsecond", "alert(1)done"],
    "vtt": ["<v Mary>Hello <ruby>漢<rt>kan</rt></ruby></v>", "<c.red>Bye</c>"],
}
KINDS = {
    "SRT in MKV": ("mkv", "srt", "srt"),
    "ASS in MKV": ("mkv", "ass", "ass"),
    "WebVTT in MKV": ("mkv", "vtt", "copy"),
    "WebVTT in WebM": ("webm", "vtt", "copy"),
    "mov_text in MP4": ("mp4", "srt", "mov_text"),
}
TIMING = re.compile(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    folder = tmp_path_factory.mktemp("clips")
    for kind, text in (("srt", SRT), ("ass", ASS), ("vtt", VTT)):
        (folder / f"said.{kind}").write_text(text, encoding="utf-8")
    return Clips(folder)


def film(clips: Clips, suffix: str, *texts: str, output: tuple[str, ...] = ()) -> Clip:
    """Three seconds of picture with subtitle files, ``-c:s`` and the like in ``output``."""
    inputs = [word for text in texts for word in ("-i", str(clips.folder / f"said.{text}"))]
    maps = [word for n in range(len(texts) + 1) for word in ("-map", str(n))]
    codec = "libvpx-vp9" if suffix == "webm" else "libx264"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=25:d=3", *inputs, *maps]
    fast = ["-preset", "ultrafast"] if codec == "libx264" else ["-deadline", "realtime"]
    return clips.make(suffix, [*picture, "-c:v", codec, *fast, *output])


def pgs(at_ms: int) -> bytes:
    """A Blu-ray subtitle that clears the screen: a composition without objects, and its end."""
    composed = bytes([0, 64, 0, 36, 0x10, 0, at_ms % 250, 0x80, 0, 0, 0])
    segments = ((0x16, composed), (0x80, b""))
    return b"".join(
        b"PG" + struct.pack(">IIBH", at_ms * 90, 0, kind, len(data)) + data
        for kind, data in segments
    )


def findings(clips: Clips, clip: Clip) -> Findings:
    described = clips.probe(clip.path, "-show_streams", "-show_format", "-show_chapters")
    chosen = Chosen(None, ())
    return Findings(described, chosen, PacketScan(), True, "matroska", 1, True)


def stated(clips: Clips, clip: Clip) -> MediaFacts:
    return with_extras(clip.facts, findings(clips, clip))


def extract(
    clips: Clips, clip: Clip, folder: Path, *, segment_s: int = 2
) -> tuple[ExtractSubtitlesResult, FolderBench]:
    bench = FolderBench(folder, clip.path)
    facts = stated(clips, clip)
    params = ExtractSubtitlesParams(
        source=SOURCE,
        subtitles=subtitles.plan(facts),
        segment_s=segment_s,
        zero_s=facts.start_s,
        duration_s=facts.duration_s,
    )
    return extract_subtitles.run(params, bench), bench


def cues(text: str) -> list[tuple[float, float, str]]:
    found = []
    for block in text.split("\n\n")[1:]:
        timing, _, words = block.strip().partition("\n")
        match = TIMING.match(timing)
        assert match is not None, block
        hours, minutes, start, _, _, end = match.groups()
        offset_s = int(hours) * 3600 + int(minutes) * 60
        found.append((offset_s + float(start), offset_s + float(end), words))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_words_and_times_are_the_sources(kind: str, clips: Clips, tmp_path: Path) -> None:
    suffix, text, codec = KINDS[kind]
    clip = film(clips, suffix, text, output=("-c:s", codec))

    result, bench = extract(clips, clip, tmp_path)

    assert result.warnings == ()
    whole = cues((bench.stored / result.renditions[0].init_key).read_text(encoding="utf-8"))
    assert [(start_s, end_s) for start_s, end_s, _ in whole] == [(0.5, 1.5), (1.7, 2.6)]
    assert [words for _, _, words in whole] == SAID[text]
    assert [float(each.duration_s) for each in result.segments] == pytest.approx([2, 1], abs=0.05)
    pieces = [(bench.stored / each.key).read_text(encoding="utf-8") for each in result.segments]
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"
    assert all(piece.startswith(head) for piece in pieces)
    assert [len(cues(piece)) for piece in pieces] == [2, 1]
    assert "script" not in "".join(pieces)


def test_times_count_from_the_assets_zero(clips: Clips, tmp_path: Path) -> None:
    clip = film(clips, "mkv", "srt", output=("-c:s", "srt", "-output_ts_offset", "6.4"))
    assert clip.facts.start_s > 6

    result, bench = extract(clips, clip, tmp_path)

    whole = cues((bench.stored / result.renditions[0].init_key).read_text(encoding="utf-8"))
    assert [start_s for start_s, _, _ in whole] == pytest.approx([0.5, 1.7], abs=0.001)


def test_tracks_keep_their_languages_names_and_purposes(clips: Clips, tmp_path: Path) -> None:
    said = ("-metadata:s:s:0", "language=kor", "-metadata:s:s:1", "language=eng")
    meant = ("-disposition:s:0", "default", "-disposition:s:1", "forced", "-disposition:s:2", "0")
    output = ("-c:s", "copy", *said, *meant, "-metadata:s:s:2", "title=With notes")
    clip = film(clips, "mkv", "srt", "ass", "vtt", output=output)

    plans = subtitles.plan(stated(clips, clip))
    result, bench = extract(clips, clip, tmp_path)

    assert [(one.name, one.language, one.title, one.is_default) for one in plans] == [
        ("text-1", "kor", "한국어", True),
        ("text-2", "eng", "English (forced)", False),
        ("text-3", None, "With notes", False),
    ]
    found = [(bench.stored / one.init_key).read_text(encoding="utf-8") for one in result.renditions]
    assert [[words for _, _, words in cues(text)] for text in found] == [
        SAID["srt"],
        SAID["ass"],
        SAID["vtt"],
    ]


def test_a_broken_track_is_a_warning_and_the_others_are_carried(
    clips: Clips, tmp_path: Path
) -> None:
    clip = film(clips, "mkv", "srt", "srt", output=("-c:s", "copy"))
    spoiled = tmp_path / "spoiled.mkv"
    data = clip.path.read_bytes()
    # Every text of the first track in the file becomes what no UTF-8 is.
    at = [match.start() for match in re.finditer(b"Hello <i>|<script>", data)][::2]
    for start in at:
        data = data[:start] + b"\xff" * 9 + data[start + 9 :]
    spoiled.write_bytes(data)
    broken = Clip(spoiled, clip.facts, clip.frames_s)

    result, bench = extract(clips, broken, tmp_path / "work")

    assert [warning.code for warning in result.warnings] == ["media.subtitles_unreadable"]
    assert [one.name for one in result.renditions] == ["text-2"]
    whole = (bench.stored / result.renditions[0].init_key).read_text(encoding="utf-8")
    assert [words for _, _, words in cues(whole)] == SAID["srt"]


def test_subtitles_that_are_pictures_are_warned_of(clips: Clips) -> None:
    (clips.folder / "said.sup").write_bytes(pgs(500) + pgs(1500))
    clip = film(clips, "mkv", "sup", output=("-c:s", "copy"))

    found = findings(clips, clip)

    facts = with_extras(clip.facts, found)
    assert facts.subtitles == ()
    assert [one.code for one in left_out(found, facts)] == ["media.subtitles_are_pictures"]


def test_what_a_working_copy_lacks_is_warned_of(clips: Clips) -> None:
    clip = film(clips, "mkv", "srt", output=("-c:s", "srt"))

    warnings = list(left_out(findings(clips, clip), clip.facts))

    assert [one.code for one in warnings] == ["media.more_subtitles"]
    assert "1 (subrip)" in warnings[0].detail
