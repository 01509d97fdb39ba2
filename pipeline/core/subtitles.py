"""Decides which subtitle tracks are carried, and what each is called."""

from pipeline.core.languages import tag_and_name, usable
from pipeline.core.titles import unique
from schemas.media import MediaFacts, SubtitleFacts
from schemas.plan import SubtitlePlan

#: Codecs of text that ffmpeg can read.
TEXT_CODECS = frozenset(
    {
        "subrip",
        "srt",
        "ass",
        "ssa",
        "mov_text",
        "webvtt",
        "text",
        "subviewer",
        "subviewer1",
        "microdvd",
        "mpl2",
        "jacosub",
        "sami",
        "realtext",
        "stl",
        "vplayer",
        "pjs",
        "eia_608",
    }
)
#: Pictures of text: to read them is another trade.
BITMAP_CODECS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
#: More than any film has languages.
MOST_SUBTITLES = 32

#: The only container whose "default" is somebody's wish; MP4 flags whatever is enabled.
_MEANS_DEFAULT = "matroska"
_KINDS = {"forced": "forced", "hearing_impaired": "SDH", "captions": "CC", "comment": "commentary"}


def plan(facts: MediaFacts) -> tuple[SubtitlePlan, ...]:
    """Plan a WebVTT rendition of every track."""
    titles = unique([_title(track) for track in facts.subtitles])
    default = _default(facts)
    return tuple(
        SubtitlePlan(
            name=f"text-{n}",
            source_index=track.index,
            codec=track.codec,
            language=usable(track.language),
            title=title,
            is_default=track is default,
            dispositions=track.dispositions,
        )
        for n, (track, title) in enumerate(zip(facts.subtitles, titles, strict=True), start=1)
    )


def _default(facts: MediaFacts) -> SubtitleFacts | None:
    """Find the track that is shown without being asked for.

    Matroska flags every track unless told otherwise: a flag on all of them is no wish.
    """
    flagged = [track for track in facts.subtitles if "default" in track.dispositions]
    is_wish = facts.container == _MEANS_DEFAULT and len(flagged) == 1
    return flagged[0] if is_wish and len(facts.subtitles) > 1 else None


def _title(track: SubtitleFacts) -> str:
    if track.title:
        return track.title
    _, name = tag_and_name(track.language)
    kinds = [word for disposition, word in _KINDS.items() if disposition in track.dispositions]
    return f"{name} ({kinds[0]})" if kinds else name
