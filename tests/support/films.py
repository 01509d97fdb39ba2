"""A film with everything: several sounds, subtitles, chapters."""

from pathlib import Path

from tests.support.clips import Clips
from tests.support.heard import chirp_at, tones

#: A tone for each channel of the 5.1 track, in ffmpeg's order.
SURROUND_HZ = (300, 500, 800, 60, 1300, 2100)
SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello <b>there</b>\n\n"
FORCED = "1\n00:00:02,000 --> 00:00:02,500\nA sign\n\n"
CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1200
title=The <beginning>
[CHAPTER]
TIMEBASE=1/1000
START=1200
END=3000
title=끝
"""


def film(clips: Clips) -> Path:
    """Make it: the second sound is the default one, the first has 5.1, the third is commentary."""
    for name, text in (("a.srt", SRT), ("b.srt", FORCED), ("c.txt", CHAPTERS)):
        (clips.folder / name).write_text(text, encoding="utf-8")
    sounds = (
        f"aevalsrc={tones(SURROUND_HZ, 0.25)}:s=48000:d=3:c=5.1",
        f"aevalsrc={chirp_at(1.7)}:s=44100:d=3",
        f"aevalsrc={chirp_at(0.4)}:s=96000:d=3",
    )
    lavfi = [word for each in sounds for word in ("-f", "lavfi", "-i", each)]
    texts = [word for name in "ab" for word in ("-i", str(clips.folder / f"{name}.srt"))]
    maps = [word for n in range(6) for word in ("-map", str(n))]
    names = {"s:a:0": "language=eng", "s:a:1": "language=kor", "s:s:0": "language=kor"}
    said = [word for where, tag in names.items() for word in (f"-metadata:{where}", tag)]
    flags = [
        *("-f", "lavfi", "-i", "testsrc2=s=192x108:r=25:d=3"),
        *(*lavfi, *texts, "-i", str(clips.folder / "c.txt"), *maps, "-map_chapters", "6"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac", "-c:s", "srt"),
        *(*said, "-metadata:s:a:2", "title=Director", "-disposition:a", "0"),
        *("-disposition:a:1", "default", "-disposition:a:2", "comment"),
        *("-disposition:s:0", "default", "-disposition:s:1", "forced"),
    ]
    return clips.make("mkv", flags).path
