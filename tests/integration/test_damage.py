"""Sources that decode, but not cleanly: published with what was lost counted, or refused."""

from pathlib import Path

import pytest

from pipeline.core import losses
from pipeline.core.errors import MediaDamaged
from schemas.tasks import ProbeParams, ThumbnailsParams
from schemas.vocabulary import OnDamage
from tests.support.benches import FolderBench
from tests.support.breakage import packets, spoil
from tests.support.encoded import Encoded
from tests.support.folder_bench import FolderBench as ProbeBench
from tests.support.folder_bench import source_ref
from tests.support.lavfi import make, picture, tone
from tests.support.made_chunks import PROFILE
from workers.steps import probe, thumbnails

REFUSING = PROFILE.model_copy(update={"on_damage": OnDamage.REFUSE})
#: A keyframe each second of 25, B-frames between.
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-sc_threshold", "0")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds, index in front."""
    path = tmp_path_factory.mktemp("clips") / "whole.mp4"
    return make(path, *picture(8), *tone(8), *_X264, "-c:a", "aac", "-movflags", "+faststart")


def test_a_whole_file_has_no_damage(whole: Path, tmp_path: Path) -> None:
    made = Encoded(whole, tmp_path)

    assert len(made.plan.chunks) == 2
    assert [each.damage for each in made.pictures] == [None, None]
    assert made.sound().damage is None


def test_pictures_that_decode_in_part_are_counted_where_they_are(
    whole: Path, tmp_path: Path
) -> None:
    shown = sorted(packets(whole, "video"), key=lambda each: float(each["pts_time"]))
    # Two in the first chunk, of two seconds, three in the second.
    spoilt = [*shown[31:33], *shown[110:113]]

    made = Encoded(spoil(whole, tmp_path / "spoilt.mp4", spoilt), tmp_path)

    assert made.damage.n_concealed == 5
    assert made.damage.n_missing == 0
    first, second = made.pictures
    assert first.damage is not None
    assert second.damage is not None
    assert (first.damage.n_concealed, second.damage.n_concealed) == (2, 3)
    assert first.damage.spans_s[0][0] == pytest.approx(31 / 25)
    assert second.damage.spans_s[0][0] == pytest.approx(110 / 25)
    # What is damaged shows until the next keyframe at most.
    assert first.damage.spans_s[-1][1] <= 2.0
    assert second.damage.spans_s[-1][1] <= 5.0


def test_packets_that_give_no_picture_are_missing_ones(whole: Path, tmp_path: Path) -> None:
    shown = sorted(packets(whole, "video"), key=lambda each: float(each["pts_time"]))
    # Lengths of NAL units that lead nowhere.
    broken = spoil(whole, tmp_path / "lengths.mp4", shown[80:90], skip=0, most=4)

    made = Encoded(broken, tmp_path)

    assert made.damage.n_missing == 10
    assert made.damage.spans_s[0][0] == pytest.approx(80 / 25)
    assert made.damage.spans_s[-1][1] == pytest.approx(4.0)
    (warning,) = losses.warnings([made.damage])
    assert warning.code == "media.concealed"
    assert "10 not at all" in warning.detail


def test_sound_that_does_not_decode_is_silent_and_counted(whole: Path, tmp_path: Path) -> None:
    lost = packets(whole, "audio")[100:130]

    made = Encoded(spoil(whole, tmp_path / "quiet.mp4", lost, skip=0), tmp_path)
    damage = made.sound().damage

    assert damage is not None
    assert damage.medium == "audio"
    assert damage.n_missing == 30
    assert damage.affected_s == pytest.approx(30 * 1024 / 44_100, abs=0.03)
    assert damage.spans_s[0][0] == pytest.approx(float(lost[0]["pts_time"]), abs=0.002)
    assert [each.damage for each in made.pictures] == [None, None]
    assert damage.n_complaints >= 30
    (warning,) = losses.warnings([damage])
    assert warning.code == "media.silenced"
    assert f"[{made.plan.audios[0].name}]" in warning.detail


def test_errors_that_cost_no_picture_are_counted_where_they_are(tmp_path: Path) -> None:
    path = make(tmp_path / "whole.mkv", *picture(8), *_X264)
    lossy = tmp_path / "lossy.mkv"
    # A picture that others refer to is lost, not damaged: decoders complain and go on.
    lost = ("-c", "copy", "-bsf:v", r"noise=amount=0:drop=eq(n\,120)")
    make(lossy, "-i", str(path), *lost)

    made = Encoded(lossy, tmp_path)

    first, second = made.pictures
    assert first.damage is None
    assert second.damage is not None
    assert second.damage.n_complaints > 0
    assert not second.damage.is_shown
    (warning,) = losses.warnings([second.damage])
    assert warning.code == "media.complaints"
    with pytest.raises(MediaDamaged, match="errors were read"):
        Encoded(lossy, tmp_path / "refusing", REFUSING)


#: Container, keyframe interval and more, of which each makes decoders complain at entrances.
_OPEN = {
    "B-frames": ("mp4", "ultrafast", "31", "-bf", "3"),
    "a pyramid": ("mkv", "ultrafast", "47", "-bf", "7", "-b_strategy", "0", "-refs", "4"),
    "many references": ("ts", "medium", "40", "-bf", "5", "-refs", "6"),
}


@pytest.mark.parametrize("kind", _OPEN)
def test_open_groups_cut_into_chunks_are_whole(kind: str, tmp_path: Path) -> None:
    ending, preset, interval, *more = _OPEN[kind]
    groups = ("-c:v", "libx264", "-preset", preset, "-g", interval, *more)
    opened = ("-x264-params", "open-gop=1:b-pyramid=2")
    path = make(tmp_path / f"open.{ending}", *picture(8), *groups, *opened)

    made = Encoded(path, tmp_path)

    assert [each.damage for each in made.pictures] == [None, None]


def test_an_end_that_does_not_decode_is_held(whole: Path, tmp_path: Path) -> None:
    shown = sorted(packets(whole, "video"), key=lambda each: float(each["pts_time"]))
    # All of it from 4 s on: the last good picture stands to the end of its chunk and asset.
    broken = spoil(whole, tmp_path / "end.mp4", shown[100:], skip=0, most=10_000)

    made = Encoded(broken, tmp_path)

    assert sum(segment.duration_s for segment in made.pictures[1].segments) == 2 * 6
    assert made.damage.n_missing == 100
    assert made.damage.spans_s[-1] == pytest.approx((4.0, 8.0))


def test_a_chunk_of_which_nothing_decodes_is_black(whole: Path, tmp_path: Path) -> None:
    shown = sorted(packets(whole, "video"), key=lambda each: float(each["pts_time"]))
    broken = spoil(whole, tmp_path / "black.mp4", shown[45:], skip=0, most=10_000)

    made = Encoded(broken, tmp_path)

    *_, last = made.pictures
    chunk = made.plan.chunks[-1]
    assert last.damage is not None
    assert last.damage.n_missing == chunk.end_frame - chunk.first_frame
    assert last.damage.spans_s == ((chunk.first_frame / 25, 8.0),)
    assert made.damage.n_missing == 155
    # All chunks join: one init segment.
    assert len({each.renditions[0].init_sha256 for each in made.pictures}) == 1


def test_a_profile_may_refuse_damage(whole: Path, tmp_path: Path) -> None:
    shown = packets(whole, "video")
    broken = spoil(whole, tmp_path / "refused.mp4", shown[60:64])
    quiet = spoil(whole, tmp_path / "quiet.mp4", packets(whole, "audio")[90:120], skip=0)

    with pytest.raises(MediaDamaged) as caught:
        Encoded(broken, tmp_path / "a", REFUSING)
    assert caught.value.instance_code == "media.damaged"
    assert "pictures decode only in part" in caught.value.detail
    with pytest.raises(MediaDamaged, match="pieces of sound"):
        Encoded(quiet, tmp_path / "b", REFUSING).sound()


def test_a_picture_that_breaks_off_has_posters_and_a_storyboard(
    whole: Path, tmp_path: Path
) -> None:
    shown = sorted(packets(whole, "video"), key=lambda each: float(each["pts_time"]))
    broken = spoil(whole, tmp_path / "end.mp4", shown[60:], skip=0, most=10_000)
    facts = probe.run(ProbeParams(source=source_ref(broken)), ProbeBench(tmp_path / "p")).facts
    params = ThumbnailsParams(
        source=source_ref(broken), facts=facts, count=3, storyboard_interval_s=1
    )

    result = thumbnails.run(params, FolderBench(tmp_path / "t", broken))

    assert len(result.posters) == 3
    assert all(poster.at_s < 2.5 for poster in result.posters)
    assert result.storyboard_key is not None
