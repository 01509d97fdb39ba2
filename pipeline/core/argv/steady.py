"""Sound whose channels change on the way, as broadcasts do between a film and its breaks.

ffmpeg builds its filters anew at each change, and what they had counted is lost: sound would be
filled with silence to where it is, once more. So it is first brought to one form in a loop of its
own (an encoder whose packets are decoded again), which keeps times and counts nothing.
"""

from schemas.media import AudioFacts, MediaFacts

#: Containers of broadcasts; in others a track says once what it is.
_CHANGEABLE = frozenset({"mpegts", "mpeg"})
_FILTERS = "-filter_complex"


def steadied(words: list[str], facts: MediaFacts, track: AudioFacts) -> list[str]:
    """Put the loop before the filters of a command line, and let them read from it."""
    if (facts.remuxed_from or facts.container) not in _CHANGEABLE:
        return words
    at = words.index(_FILTERS)
    graph = words[at + 1].replace(f"[0:{track.index}]", "[dec:0]")
    return [*words[:at], *_loop(track), _FILTERS, graph, *words[at + 2 :]]


def _loop(track: AudioFacts) -> list[str]:
    form = [*("-ac", str(track.channels)), *("-ar", str(track.sample_rate_hz))]
    if track.channel_layout is not None:
        form = ["-channel_layout", track.channel_layout, *form[2:]]
    source = ["-map", f"0:{track.index}", "-c:a", "pcm_f32le", *form]
    return [*source, "-f", "null", "-", "-dec", "0:0"]
