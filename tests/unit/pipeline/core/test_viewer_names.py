"""Viewers' names: always the same, different for different viewers, no way back."""

from pipeline.core import viewer_names

KEY = viewer_names.key_of(b"s" * 32)


def test_a_name_is_of_an_address_a_program_and_an_installation() -> None:
    name = viewer_names.name_of(KEY, "192.0.2.1", "hls.js")
    other = viewer_names.key_of(b"t" * 32)

    assert name == viewer_names.name_of(KEY, "192.0.2.1", "hls.js")
    assert "192" not in name
    others = [
        viewer_names.name_of(KEY, "192.0.2.2", "hls.js"),
        viewer_names.name_of(KEY, "192.0.2.1", "hls.js 2"),
        viewer_names.name_of(other, "192.0.2.1", "hls.js"),
    ]
    assert len({name, *others}) == 4


def test_odd_bytes_of_a_header_have_a_name_too() -> None:
    assert viewer_names.name_of(KEY, "", "\udcff\x00")
