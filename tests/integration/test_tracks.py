"""A film with several sounds, subtitles and chapters, from the file to what players get."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.bootstrap import Pipeline, build
from pipeline.core.errors import NotFound
from pipeline.services import assets, playback
from pipeline.services.playback import GeneratedText, StoredFile
from pipeline.settings import Settings
from schemas.certificate import CertificateState
from schemas.http import AssetView
from schemas.profile import AudioWish, Profile
from schemas.vocabulary import AssetState, QueueName
from tests.support.clips import Clips
from tests.support.films import SURROUND_HZ, film
from tests.support.hand_work import SMALL, Hand
from tests.support.heard import Heard, chirp, chirp_at
from tests.support.walking import ANYBODY

PROFILE = SMALL.model_copy(update={"ladder": SMALL.ladder[-1:], "audio": AudioWish(surround=True)})


@dataclass(frozen=True)
class Made:
    """An asset and everything players get of it, by name."""

    pipeline: Pipeline
    asset: AssetView
    folder: Path

    def text(self, name: str) -> str:
        found, _ = playback.file(self.pipeline.database, self.asset.id, name, ANYBODY)
        if isinstance(found, GeneratedText):
            return found.text
        assert isinstance(found, StoredFile)
        path = self.folder / "text"
        self.pipeline.storage.fetch(found.key, path)
        return path.read_text(encoding="utf-8")

    def heard(self, clips: Clips, name: str) -> Heard:
        """Join the segments that a playlist lists, as a player does."""
        playlist = self.text(f"{name}.m3u8")
        init = re.findall(r'#EXT-X-MAP:URI="([^"]+)"', playlist)
        lines = [line for line in playlist.splitlines() if line and not line.startswith("#")]
        path = self.folder / f"{name}.mp4"
        path.write_bytes(b"".join(self._bytes(address) for address in [*init, *lines]))
        return Heard(clips, path)

    def _bytes(self, address: str) -> bytes:
        found, _ = playback.file(self.pipeline.database, self.asset.id, address, ANYBODY)
        assert isinstance(found, StoredFile)
        with self.pipeline.storage.open(found.key) as blocks:
            return b"".join(blocks)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = build(Settings(data_dir=tmp_path_factory.mktemp("data")))
    yield pipeline
    pipeline.close()


def work(pipeline: Pipeline, source: Path, folder: Path, profile: Profile = PROFILE) -> Made:
    folder.mkdir(parents=True, exist_ok=True)
    hand = Hand(pipeline, folder / "work")
    asset_id, _ = hand.submit(source, profile)
    hand.work()
    return Made(pipeline, assets.show(pipeline.database, asset_id), folder)


@pytest.fixture(scope="module")
def made(clips: Clips, pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return work(pipeline, film(clips), tmp_path_factory.mktemp("film"))


def test_the_default_track_comes_first_and_every_track_is_named(made: Made) -> None:
    lines = [line for line in made.text("master.m3u8").splitlines() if "TYPE=" in line]

    assert made.asset.state is AssetState.READY
    told = [
        (*re.findall(r'(?:GROUP-ID|NAME|URI)="([^"]+)"', line), "DEFAULT=YES" in line)
        for line in lines
    ]
    assert told == [
        ("audio", "한국어", "audio.m3u8", True),
        ("audio", "English", "audio-2.m3u8", False),
        ("audio", "Director", "audio-3.m3u8", False),
        ("surround", "한국어", "audio.m3u8", True),
        ("surround", "English", "audio-surround-2.m3u8", False),
        ("surround", "Director", "audio-3.m3u8", False),
        ("text", "한국어", "text-1.m3u8", True),
        ("text", "Main (forced)", "text-2.m3u8", False),
    ]


def test_each_playlist_plays_its_own_track_in_time(made: Made, clips: Clips) -> None:
    korean, film_sound = made.heard(clips, "audio"), made.heard(clips, "audio-2")
    director, surround = made.heard(clips, "audio-3"), made.heard(clips, "audio-surround-2")

    assert korean.heard_at_s(chirp()) == pytest.approx(1.7, abs=0.005)
    assert director.heard_at_s(chirp()) == pytest.approx(0.4, abs=0.005)
    assert film_sound.tone_db(0, 800, 0.5, 2.5) == pytest.approx(-15.05, abs=0.3)
    assert film_sound.tone_db(0, 60, 0.5, 2.5) < -60
    assert (surround.n_channels, surround.layout) == (6, "5.1")
    found_hz = tuple(surround.loudest_hz(channel, 0.5, 2.5) for channel in range(6))
    assert found_hz == pytest.approx(SURROUND_HZ, abs=2)


def test_subtitles_play_from_the_playlist_and_from_one_file(made: Made) -> None:
    playlist = made.text("text-1.m3u8")
    segment = next(line for line in playlist.splitlines() if line and line[0] != "#")
    whole = re.findall(r"<BaseURL>([^<]+)</BaseURL>", made.text("manifest.mpd"))

    assert "#EXT-X-MAP" not in playlist
    shown = "00:00:00.500 --> 00:00:01.500\nHello <b>there</b>\n"
    assert made.text(segment).endswith(f"LOCAL:00:00:00.000\n\n{shown}")
    assert [made.text(address) for address in whole] == [
        f"WEBVTT\n\n{shown}",
        "WEBVTT\n\n00:00:02.000 --> 00:00:02.500\nA sign\n",
    ]


def test_chapters_are_shown_and_served(made: Made) -> None:
    assert [(one.start_s, one.end_s, one.title) for one in made.asset.chapters] == [
        (0.0, 1.2, "The <beginning>"),
        (1.2, 3.0, "끝"),
    ]
    assert made.text("chapters.vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.200\nThe &lt;beginning&gt;\n\n"
        "00:00:01.200 --> 00:00:03.000\n끝\n"
    )


def test_the_certificate_hears_every_track(made: Made) -> None:
    assert made.asset.certificate is CertificateState.PASSED


def test_a_film_can_be_watched_before_its_other_sounds_are_there(
    clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    hand = Hand(pipeline, tmp_path)
    asset_id, _ = hand.submit(film(clips), PROFILE)

    hand.work(QueueName.PROBE)
    # The first chunk and the default sound are express.
    hand.work(QueueName.ENCODE_CPU, n_tasks=2)

    asset = assets.show(pipeline.database, asset_id)
    early = Made(pipeline, asset, tmp_path)
    assert asset.state is AssetState.PLAYABLE
    assert "audio-2" not in early.text("master.m3u8")
    with pytest.raises(NotFound):
        early.text("text-1.m3u8")
    hand.work(QueueName.THUMBNAILS)
    assert "text-1.m3u8" in early.text("master.m3u8")
    assert early.text("text-1.m3u8").endswith("#EXT-X-ENDLIST\n")


def picture_of(made: Made, clips: Clips) -> list[float]:
    """Mean brightness of the poster's left, middle and right third, 0–255."""
    assert made.asset.poster_url is not None
    address = made.asset.poster_url.partition(f"/media/{made.asset.id}/")[2]
    path = made.folder / "poster.jpg"
    path.write_bytes(made._bytes(address))
    gray = clips.run(["-i", str(path), "-vf", "scale=3:1,format=gray", "-f", "rawvideo", "-"])
    return [float(value) for value in gray]


def test_sound_alone_plays_and_has_its_cover_for_a_poster(
    clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    path, cover = tmp_path / "song.m4a", tmp_path / "cover.jpg"
    clips.run(["-f", "lavfi", "-i", "color=white:s=300x300", "-frames:v", "1", str(cover)])
    sound = ["-f", "lavfi", "-i", f"aevalsrc={chirp_at(1.2)}:s=44100:d=3", "-c:a", "aac"]
    attached = ["-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic"]
    clips.run([*sound[:4], "-i", str(cover), *attached, *sound[4:], str(path)])

    made = work(pipeline, path, tmp_path)

    assert made.asset.state is AssetState.READY
    master = made.text("master.m3u8")
    assert master.endswith('CODECS="mp4a.40.2"\naudio.m3u8\n')
    assert 'AdaptationSet contentType="audio"' in made.text("manifest.mpd")
    assert made.heard(clips, "audio").heard_at_s(chirp()) == pytest.approx(1.2, abs=0.03)
    left, middle, right = picture_of(made, clips)
    assert left < 120 < middle > 200
    assert right < 120
    assert made.asset.storyboard_url is None
    assert made.asset.certificate is CertificateState.PASSED


def test_sound_without_a_cover_has_its_waveform_for_a_poster(
    clips: Clips, pipeline: Pipeline, tmp_path: Path
) -> None:
    loud_in_the_middle = "0.9*sin(2*PI*440*t)*between(t\\,1\\,2)"
    flags = ["-f", "lavfi", "-i", f"aevalsrc={loud_in_the_middle}:s=48000:d=3"]

    made = work(pipeline, clips.make("flac", flags).path, tmp_path)

    assert made.asset.state is AssetState.READY
    left, middle, right = picture_of(made, clips)
    assert left < 20 > right
    assert middle > 50
