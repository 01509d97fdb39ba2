"""What a DASH manifest says of the tracks a viewer may choose among (ISO/IEC 23009-1 §5.8.5)."""

from xml.etree import ElementTree as ET

from pipeline.core import measures
from pipeline.core.keys import media_path
from pipeline.core.languages import tag_and_name
from schemas.timeline import RenditionTimeline
from schemas.vocabulary import AssetId

_ROLE = "urn:mpeg:dash:role:2011"
_ACCESSIBILITY = "urn:tva:metadata:cs:AudioPurposeCS:2007"
#: TV-Anytime's numbers: 1 describes the picture, 2 helps who hears badly.
_PURPOSES = {"visual_impaired": "1", "descriptions": "1", "hearing_impaired": "2"}


def add_words(adaptation: ET.Element, sound: RenditionTimeline) -> None:
    """Say what a sound is called and for; before the representations, as the schema has it."""
    words = [*_label(sound), *_accessibility(sound), _role(_sound_role(sound))]
    for n, word in enumerate(words):
        adaptation.insert(n, word)


def add_text(period: ET.Element, asset_id: AssetId, text: RenditionTimeline) -> None:
    """Add subtitles as one file beside the media: small, and understood by every player."""
    tag, _ = tag_and_name(text.language)
    attributes = {"contentType": "text", "mimeType": "text/vtt"} | ({"lang": tag} if tag else {})
    adaptation = ET.SubElement(period, "AdaptationSet", attributes)
    adaptation.extend([*_label(text), _role(_text_role(text))])
    if text.is_default:
        adaptation.append(_role("main"))
    bps = str(max(1, measures.average_bps(text.segments)))
    shown = ET.SubElement(adaptation, "Representation", {"id": text.name, "bandwidth": bps})
    ET.SubElement(shown, "BaseURL").text = media_path(asset_id, text.segments[0].init_key)


def _accessibility(sound: RenditionTimeline) -> list[ET.Element]:
    values = dict.fromkeys(_PURPOSES[word] for word in sound.dispositions if word in _PURPOSES)
    attributes = ({"schemeIdUri": _ACCESSIBILITY, "value": value} for value in values)
    return [ET.Element("Accessibility", each) for each in attributes]


def _sound_role(sound: RenditionTimeline) -> str:
    if "comment" in sound.dispositions:
        return "commentary"
    if "dub" in sound.dispositions:
        return "dub"
    return "main" if sound.is_default else "alternate"


def _text_role(text: RenditionTimeline) -> str:
    if "forced" in text.dispositions:
        return "forced-subtitle"
    is_caption = {"hearing_impaired", "captions"}.intersection(text.dispositions)
    return "caption" if is_caption else "subtitle"


def _role(value: str) -> ET.Element:
    return ET.Element("Role", {"schemeIdUri": _ROLE, "value": value})


def _label(rendition: RenditionTimeline) -> list[ET.Element]:
    if not rendition.title:
        return []
    label = ET.Element("Label")
    label.text = rendition.title
    return [label]
