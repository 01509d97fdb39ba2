from fractions import Fraction
from typing import Any

from pipeline.core.extras import left_out, with_extras
from pipeline.core.facts import Findings
from pipeline.core.packets import PacketScan
from pipeline.core.streams import Chosen
from schemas.media import MediaFacts
from tests.support.sources import audio_facts, media_facts, video_facts

#: A minute of asset that begins at 6.4 s of the source.
FACTS = media_facts(video_facts(start_s=Fraction("6.4")), audio_facts(start_s=Fraction("6.4")))


def found(
    *, streams: list[dict[str, Any]], chapters: list[dict[str, Any]] | None = None
) -> Findings:
    return Findings(
        described={"streams": streams, "chapters": chapters or []},
        chosen=Chosen(None, ()),
        scan=PacketScan(),
        is_whole=True,
        container="matroska",
        size_bytes=1,
        is_seekable=True,
    )


def subtitle(index: int, codec: str, **changes: Any) -> dict[str, Any]:
    return {"index": index, "codec_type": "subtitle", "codec_name": codec, **changes}


def chapter(start: str, end: str, title: str | None = None) -> dict[str, Any]:
    tags = {"title": title} if title is not None else {}
    return {"start_time": start, "end_time": end, "tags": tags}


def chapters(*described: dict[str, Any]) -> list[tuple[float, float, str]]:
    stated = with_extras(FACTS, found(streams=[], chapters=list(described)))
    return [(float(one.start_s), float(one.end_s), one.title) for one in stated.chapters]


def test_chapters_lie_within_the_asset_and_follow_each_other() -> None:
    assert chapters(
        chapter("36.4", "90", "Later\x00 on"),
        chapter("0", "16.4", "Before and into it"),
        chapter("16.4", "46.4", "Overlapping"),
        chapter("26.4", "26.4"),
        chapter("99", "100", "Behind the end"),
    ) == [
        (0.0, 10.0, "Before and into it"),
        (10.0, 20.0, "Overlapping"),
        (20.0, 30.0, "3"),
        (30.0, 60.0, "Later  on"),
    ]


def test_text_is_carried_with_what_is_said_of_it_and_the_rest_is_named() -> None:
    streams = [
        subtitle(
            2,
            "subrip",
            tags={"language": "kor", "title": "자막"},
            disposition={"default": 1, "forced": 0, "hearing_impaired": 1},
        ),
        subtitle(3, "hdmv_pgs_subtitle", tags={"language": "eng"}),
        subtitle(4, "dvb_teletext"),
        *(subtitle(n, "ass") for n in range(5, 40)),
        {"index": 40, "codec_type": "video", "disposition": {"attached_pic": 1}},
    ]

    stated: MediaFacts = with_extras(FACTS, found(streams=streams))
    warnings = list(left_out(found(streams=streams), stated))

    first = stated.subtitles[0]
    assert (first.index, first.language, first.title) == (2, "kor", "자막")
    assert first.dispositions == ("default", "hearing_impaired")
    assert len(stated.subtitles) == 32
    assert stated.cover_index == 40
    assert [one.code for one in warnings] == [
        "media.subtitles_are_pictures",
        "media.more_subtitles",
    ]
    assert warnings[0].detail.endswith("not carried: 3 (eng)")
    assert warnings[1].detail.endswith(
        "not carried: 4 (dvb_teletext), 36 (ass), 37 (ass), 38 (ass), 39 (ass)"
    )
