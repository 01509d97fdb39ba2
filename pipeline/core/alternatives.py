"""What a viewer may choose among: the groups of sounds and texts of an HLS playlist.

Source: RFC 8216 §4.3.4.1; what tracks are for is said in Apple's media characteristics.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.core.languages import tag_and_name
from schemas.timeline import RenditionTimeline
from schemas.vocabulary import Medium

Sounds = Mapping[str, Sequence[RenditionTimeline]]

AUDIO_GROUP, SURROUND_GROUP, TEXT_GROUP = "audio", "surround", "text"

_DESCRIBES = "public.accessibility.describes-video"
_AUXILIARY = "public.auxiliary-content"
_TRANSCRIBES = "public.accessibility.transcribes-spoken-dialog"
_EFFECTS = "public.accessibility.describes-music-and-sound"
#: By ffprobe's disposition.
_SOUND_TRAITS = {
    "visual_impaired": (_DESCRIBES,),
    "descriptions": (_DESCRIBES,),
    "comment": (_AUXILIARY,),
}
_TEXT_TRAITS = {
    "hearing_impaired": (_TRANSCRIBES, _EFFECTS),
    "captions": (_TRANSCRIBES, _EFFECTS),
    "comment": (_AUXILIARY,),
}


def sound_groups(sounds: Sequence[RenditionTimeline]) -> Sounds:
    """Sort sounds into groups, the default one first in each.

    A second rendition of the same track is its surround twin. Every group must offer every
    track, so the ones without a twin are in both.
    """
    first: dict[str, RenditionTimeline] = {}
    twins: dict[str, RenditionTimeline] = {}
    for sound in sounds:
        (twins if sound.title in first else first)[sound.title] = sound
    groups = {AUDIO_GROUP: list(first.values())} if first else {}
    if twins:
        groups[SURROUND_GROUP] = [twins.get(title, sound) for title, sound in first.items()]
    return groups


def sound_lines(groups: Sounds) -> Iterator[str]:
    """Announce the sounds of every group."""
    for group, sounds in groups.items():
        for sound in sounds:
            # The twin of the default track is as much the default of its own group.
            yield _line(sound, group, is_default=sound is sounds[0])


def text_lines(texts: Sequence[RenditionTimeline]) -> Iterator[str]:
    """Announce the subtitles."""
    for text in texts:
        yield _line(text, TEXT_GROUP, is_default=text.is_default)


def _line(rendition: RenditionTimeline, group: str, *, is_default: bool) -> str:
    is_text = rendition.medium is Medium.TEXT
    tag, name = tag_and_name(rendition.language)
    fields = [f"TYPE={'SUBTITLES' if is_text else 'AUDIO'}", f'GROUP-ID="{group}"']
    fields.append(f'NAME="{rendition.title or name}"')
    if tag:
        fields.append(f'LANGUAGE="{tag}"')
    # A player must not take a commentary for the film just because its language fits.
    is_aside = "comment" in rendition.dispositions and not is_default
    fields += [f"DEFAULT={_said(is_default)}", f"AUTOSELECT={_said(not is_aside)}"]
    if is_text:
        fields.append(f"FORCED={_said('forced' in rendition.dispositions)}")
    traits = characteristics(rendition)
    if traits:
        fields.append(f'CHARACTERISTICS="{",".join(traits)}"')
    if rendition.channels:
        fields.append(f'CHANNELS="{rendition.channels}"')
    return f'#EXT-X-MEDIA:{",".join(fields)},URI="{rendition.name}.m3u8"'


def characteristics(rendition: RenditionTimeline) -> tuple[str, ...]:
    """List what a track is for, where that is more than being heard or read."""
    traits = _TEXT_TRAITS if rendition.medium is Medium.TEXT else _SOUND_TRAITS
    return tuple(
        dict.fromkeys(trait for word in rendition.dispositions for trait in traits.get(word, ()))
    )


def _said(is_so: bool) -> str:  # noqa: FBT001  a word for either
    return "YES" if is_so else "NO"
