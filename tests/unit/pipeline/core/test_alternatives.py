from pipeline.core import dash, hls
from schemas.timeline import Timeline
from tests.support.timelines import audio, text, timeline, video


def film(*, is_ended: bool = True) -> Timeline:
    return timeline(
        video("720p"),
        audio(title="Korean"),
        audio("audio-2", language="eng", title="English", is_default=False),
        audio(
            "audio-3",
            language="eng",
            title="Director",
            is_default=False,
            dispositions=("comment",),
        ),
        audio(
            "audio-4",
            language="kor",
            title="Described",
            is_default=False,
            dispositions=("visual_impaired", "descriptions"),
        ),
        text(title="English"),
        text("text-2", title="Signs", language="kor", dispositions=("forced",), is_default=True),
        text("text-3", title="Full", dispositions=("hearing_impaired",)),
        is_ended=is_ended,
    )


def media_lines(master: str, kind: str) -> list[str]:
    return [line for line in master.splitlines() if line.startswith(f"#EXT-X-MEDIA:TYPE={kind}")]


def test_every_track_is_offered_with_its_name_language_and_purpose() -> None:
    sounds = media_lines(hls.master(film()), "AUDIO")

    assert sounds == [
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Korean",LANGUAGE="ko",DEFAULT=YES,'
            'AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=NO,'
            'AUTOSELECT=YES,CHANNELS="2",URI="audio-2.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Director",LANGUAGE="en",DEFAULT=NO,'
            'AUTOSELECT=NO,CHARACTERISTICS="public.auxiliary-content",CHANNELS="2",'
            'URI="audio-3.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Described",LANGUAGE="ko",DEFAULT=NO,'
            'AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.describes-video",CHANNELS="2",'
            'URI="audio-4.m3u8"'
        ),
    ]


def test_subtitles_are_offered_with_every_picture() -> None:
    master = hls.master(film())

    assert media_lines(master, "SUBTITLES") == [
        (
            '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="English",LANGUAGE="en",DEFAULT=NO,'
            'AUTOSELECT=YES,FORCED=NO,URI="text-1.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Signs",LANGUAGE="ko",DEFAULT=YES,'
            'AUTOSELECT=YES,FORCED=YES,URI="text-2.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Full",LANGUAGE="en",DEFAULT=NO,'
            'AUTOSELECT=YES,FORCED=NO,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,'
            'public.accessibility.describes-music-and-sound",URI="text-3.m3u8"'
        ),
    ]
    assert 'AUDIO="audio",SUBTITLES="text",CLOSED-CAPTIONS=NONE' in master


def test_text_is_listed_whole_even_while_the_picture_grows() -> None:
    growing = film(is_ended=False)

    assert hls.media(growing, "text-1") == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:60\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXTINF:60.000000,\n"
        "text-3/text-1/00000.vtt\n"
        "#EXTINF:12.000000,\n"
        "text-3/text-1/00001.vtt\n"
        "#EXT-X-ENDLIST\n"
    )
    assert "#EXT-X-TARGETDURATION:6\n" in hls.media(growing, "720p")


def test_only_what_a_viewer_begins_with_is_waited_for() -> None:
    early = timeline(
        video(n=2),
        audio(n=5),
        audio("audio-2", n=1, title="Later", is_default=False),
        audio("audio-3", n=0, title="Latest", is_default=False),
        text(lengths_s=()),
    )

    master = hls.master(early)

    assert "audio-2.m3u8" in master
    assert "audio-3.m3u8" not in master
    assert "SUBTITLES" not in master
    assert hls.media(early, "audio").count("#EXTINF") == 3
    assert hls.media(early, "audio-2").count("#EXTINF") == 1


def test_surround_is_a_second_group_that_offers_every_track() -> None:
    whole = timeline(
        video("720p"),
        audio(title="Korean"),
        audio("audio-2", title="English", is_default=False),
        audio("audio-surround-2", title="English", is_default=False, channels=6),
        is_ended=True,
    )

    master = hls.master(whole)

    named = [
        tuple(field.split("=")[1].strip('"') for field in line.split(",") if "=" in field)
        for line in media_lines(master, "AUDIO")
    ]
    assert [(each[1], each[2], each[-2], each[-1]) for each in named] == [
        ("audio", "Korean", "2", "audio.m3u8"),
        ("audio", "English", "2", "audio-2.m3u8"),
        ("surround", "Korean", "2", "audio.m3u8"),
        ("surround", "English", "6", "audio-surround-2.m3u8"),
    ]
    assert master.count("720p.m3u8") == 2
    assert master.count('AUDIO="surround"') == 1


def test_several_sounds_without_a_picture_are_one_variant_with_a_choice() -> None:
    master = hls.master(
        timeline(
            audio(title="Korean"),
            audio("audio-2", title="English", is_default=False),
            is_ended=True,
        )
    )

    assert len(media_lines(master, "AUDIO")) == 2
    assert master.count("#EXT-X-STREAM-INF") == 1
    assert master.endswith(
        'BANDWIDTH=128343,AVERAGE-BANDWIDTH=128114,CODECS="mp4a.40.2",AUDIO="audio"\naudio.m3u8\n'
    )


def test_dash_says_the_same_of_each_track() -> None:
    manifest = dash.manifest(film(), is_whole=True)

    sets = manifest.split("<AdaptationSet ")[2:]
    role = '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="{}" />'
    roles = ["main", "alternate", "commentary", "alternate", "subtitle"]
    for said, wanted in zip(sets, [*roles, "forced-subtitle", "caption"], strict=True):
        assert role.format(wanted) in said
    assert "<Label>Director</Label>" in sets[2]
    assert 'AudioPurposeCS:2007" value="1" />' in sets[3]
    assert sets[4].startswith('contentType="text" mimeType="text/vtt" lang="en">')
    assert "<BaseURL>text-3/text-1.vtt</BaseURL>" in sets[4]
    assert role.format("main") in sets[5]


def test_text_is_never_encrypted() -> None:
    sealed = film().model_copy(update={"is_encrypted": True})

    assert "#EXT-X-KEY" in hls.media(sealed, "audio")
    assert "#EXT-X-KEY" not in hls.media(sealed, "text-1")
