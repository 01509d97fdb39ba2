import pytest

from pipeline.core.codecs import codecs
from pipeline.core.errors import OutputInvalid
from tests.support.boxes import box, init_segment

#: profile, tier, compatibility and constraints of Main at level 3.1, progressive and frame-only.
HEVC_MAIN = bytes.fromhex("0101600000009000000000005d")
#: ES descriptor around a decoder configuration around AudioSpecificConfig, long-form lengths.
AAC_LC = bytes.fromhex(
    "000000000380808025000100048080801740150000000001f4000001f4000580808005119056e500068080800102"
)
AAC_SHORT = bytes.fromhex("00000000031900010004114015" + "00" * 11 + "05021190060102")
#: Primaries, transfer curve, matrix and range, by the code points of ITU-T H.273.
PQ, BT709 = (b"nclx" + bytes.fromhex(points) for points in ("00090010000900", "00010001000100"))


@pytest.mark.parametrize(
    ("entry", "config", "expected"),
    [
        ("avc1", box("avcC", bytes.fromhex("0164001f")), "avc1.64001f"),
        ("avc1", box("avcC", bytes.fromhex("014d400d")), "avc1.4d400d"),
        ("hvc1", box("hvcC", HEVC_MAIN), "hvc1.1.6.L93.90"),
        ("av01", box("av1C", bytes.fromhex("81040c00")), "av01.0.04M.08"),
        ("av01", box("av1C", bytes.fromhex("8108cc00")), "av01.0.08H.10"),
        # HDR is told apart by its colours; SDR needs no more words.
        (
            "av01",
            box("av1C", bytes.fromhex("81044c00")) + box("colr", PQ),
            "av01.0.04M.10.0.110.09.16.09.0",
        ),
        ("av01", box("av1C", bytes.fromhex("81040c00")) + box("colr", BT709), "av01.0.04M.08"),
        ("vp09", box("vpcC", bytes.fromhex("01000000001e82020202")), "vp09.00.30.08"),
        ("mp4a", box("esds", AAC_LC), "mp4a.40.2"),
        ("mp4a", box("esds", AAC_SHORT), "mp4a.40.2"),
        ("Opus", box("dOps", bytes(11)), "opus"),
    ],
)
def test_the_string_says_what_is_in_the_init_segment(
    entry: str, config: bytes, expected: str
) -> None:
    assert codecs(init_segment(entry, config)) == expected


def test_a_codec_we_never_write_is_refused() -> None:
    with pytest.raises(OutputInvalid, match="mp4v"):
        codecs(init_segment("mp4v", b""))


@pytest.mark.parametrize(
    ("entry", "config"),
    [("avc1", b""), ("hvc1", box("hvcC", b"\x01")), ("mp4a", box("esds", AAC_LC[:12]))],
)
def test_an_incomplete_configuration_is_refused(entry: str, config: bytes) -> None:
    with pytest.raises(OutputInvalid, match="incomplete"):
        codecs(init_segment(entry, config))
