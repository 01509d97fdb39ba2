"""Profiles as files: what comes with Reelmill, what an operator adds, and what is wrong with it."""

from pathlib import Path

import pytest

from pipeline.core.errors import InvalidRequest
from pipeline.profiles import built_in, check, load
from schemas.profile import Profile
from schemas.vocabulary import AudioCodec, Preset, VideoCodec

NAMES = {
    "default",
    "fast",
    "quality",
    "mobile",
    "audio",
    "hevc",
    "av1",
    "vp9-opus",
    "archive",
    "auto",
}
LADDER = "ladder:\n  - {name: 480p, height_px: 480, bitrate_bps: 1000000}\n"


def loaded(folder: Path, **files: str) -> dict[str, Profile]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return {profile.name: profile for profile in load(folder)}


def complaint(folder: Path, text: str) -> str:
    (folder / "mine.yaml").write_text(text)
    with pytest.raises(InvalidRequest) as caught:
        load(folder)
    assert caught.value.instance_code == "profile.invalid"
    assert "reelmill profiles check" in caught.value.remedy
    return caught.value.detail


def test_the_named_set_is_there_and_says_what_it_is_for() -> None:
    assert {profile.name for profile in built_in()} >= NAMES
    assert all(profile.description for profile in built_in())


def test_the_default_ladder_is_the_agreed_one() -> None:
    ladder = built_in().get("default").ladder

    assert [(rung.name, rung.height_px, rung.bitrate_bps) for rung in ladder] == [
        ("1080p", 1080, 5_000_000),
        ("720p", 720, 2_500_000),
        ("480p", 480, 1_200_000),
        ("360p", 360, 800_000),
    ]


def test_each_profile_is_what_its_name_says() -> None:
    by_name = built_in().profiles
    default = by_name["default"]

    assert len(by_name["fast"].ladder) < len(default.ladder)
    assert list(Preset).index(by_name["fast"].preset) < list(Preset).index(default.preset)
    assert list(Preset).index(by_name["quality"].preset) > list(Preset).index(default.preset)
    assert by_name["quality"].crf < default.crf
    assert max(rung.height_px for rung in by_name["mobile"].ladder) <= 720
    assert (by_name["mobile"].max_frame_rate, by_name["mobile"].h264_profile) == (30, "main")
    assert by_name["audio"].ladder == ()
    codecs = {"hevc": VideoCodec.HEVC, "av1": VideoCodec.AV1, "vp9-opus": VideoCodec.VP9}
    assert {name: by_name[name].video_codec for name in codecs} == codecs
    assert by_name["vp9-opus"].audio.codec is AudioCodec.OPUS


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest) as caught:
        built_in().get("8k")

    assert caught.value.instance_code == "profile.unknown"
    assert "default" in caught.value.remedy


def test_without_a_folder_only_the_built_in_ones_are_known() -> None:
    assert load(None).profiles == built_in().profiles


def test_files_of_the_folder_are_added_and_win(tmp_path: Path) -> None:
    found = loaded(tmp_path, mine=LADDER, fast=f"description: Ours\n{LADDER}crf: 30\n")

    assert found.keys() >= NAMES | {"mine"}
    assert (found["fast"].description, found["fast"].crf) == ("Ours", 30)
    assert built_in().get("fast").crf == 23


def test_extending_takes_what_is_not_said_and_merges_groups(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        quiet="extends: quality\naudio: {bitrate_bps: 64000}\n",
        quieter="extends: quiet\ncrf: 40\n",
    )
    quality = built_in().get("quality")

    assert found["quiet"].ladder == found["quieter"].ladder == quality.ladder
    assert found["quieter"].audio == quality.audio.model_copy(update={"bitrate_bps": 64_000})
    assert (found["quiet"].crf, found["quieter"].crf) == (20, 40)
    # It would describe another profile.
    assert found["quiet"].description == ""


def test_a_file_may_extend_the_profile_that_it_replaces(tmp_path: Path) -> None:
    found = loaded(tmp_path, default="extends: default\nsegment_s: 6\n")

    assert found["default"].segment_s == 6
    assert found["default"].ladder == built_in().get("default").ladder


def test_profiles_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("extends: mine\n")

    said = complaint(tmp_path, "extends: other\n")

    assert "mine extends other extends mine, in a circle" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{LADDER}crf: 60\n", "mine.yaml, line 3: crf: Input should be less than or equal to 51"),
        (f"{LADDER}max_frame_rate: 1/0\n", "line 3: max_frame_rate: must not be divided by zero"),
        ("extends: [default]\n", "mine.yaml, line 1: a profile extends one other, by its name"),
        ("extends: {default: 1}\n", "mine.yaml, line 1: a profile extends one other, by its name"),
        (
            "ladder:\n  - name: 480p\n    height_px: 9\n    bitrate_bps: 1000000\n",
            "mine.yaml, line 3: ladder.0.height_px: Input should be greater than or equal to 16",
        ),
        (
            "ladder:\n  - {name: master, height_px: 90, bitrate_bps: 10000}\n",
            "mine.yaml, line 2: ladder.0.name: 'master' names a playlist of its own",
        ),
        (f"{LADDER}\nvideo_codek: av1\n", "line 4: video_codek: Extra inputs are not permitted"),
        (f"{LADDER}preset: quick\n", "line 3: preset: Input should be 'ultrafast'"),
        (f"{LADDER}segment_s: 0\n", "line 3: segment_s: Input should be greater than or equal"),
        (f"{LADDER}max_frame_rate: fast\n", "line 3: max_frame_rate: "),
        (f"{LADDER}keyframe_interval_s: 3\n", "mine.yaml: keyframe_interval_s must go a whole"),
        (
            f"{LADDER}audio: {{codec: opus, sample_rate_hz: 44100}}\n",
            "line 3: audio: sample_rate_hz must be 48000 with opus",
        ),
        (f"{LADDER}trim: {{start_s: 5, end_s: 5}}\n", "line 3: trim: end_s must lie behind"),
        (f"{LADDER}trim: {{start_s: 1e999999999}}\n", "line 3: trim.start_s: must be seconds"),
        ("crf: 20\n", "mine.yaml: ladder: Field required"),
        (f"{LADDER}name: other\n", "line 3: a profile is named by its file"),
        ("extends: 8k\n", "line 1: there is no profile '8k' to extend"),
        (f"{LADDER}crf: 20\ncrf: 21\n", "line 4: crf stands there twice"),
        ("ladder: [\n", "mine.yaml, line 2: "),
        ("- ladder\n", "a profile is a list of `name: value` lines"),
        ("", "a profile is a list of `name: value` lines"),
        (f"a: &a [1]\nb: *a\n{LADDER}", "line 2: references are not taken"),
        (f"{'[' * 200}\n", "nested too deeply"),
        (f"{LADDER}description: \x01\n", "mine.yaml: not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_field(
    text: str, said: str, tmp_path: Path
) -> None:
    assert said in complaint(tmp_path, text)


def test_a_file_that_cannot_be_read_or_is_huge_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"description: \xff\n")
    with pytest.raises(InvalidRequest, match=r"mine\.yaml cannot be read"):
        load(tmp_path)
    (tmp_path / "mine.yaml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(InvalidRequest, match="larger than 1 MiB"):
        load(tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(LADDER)

    said = complaint(tmp_path, LADDER)

    assert "mine.yaml and mine.yml are the same profile" in said


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="REELMILL_PROFILES_DIR"):
        load(tmp_path / "nowhere")


def test_one_file_can_be_checked_before_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text("extends: hevc\ncrf: 21\n")

    assert check(path, built_in()).crf == 21
