import pytest

from pipeline.core.mixing import mix


@pytest.mark.parametrize(
    ("layout", "n_channels", "n_out", "expected"),
    [
        ("stereo", 2, 2, None),
        ("5.1", 6, 6, None),
        ("mono", 1, 1, None),
        ("mono", 1, 2, "stereo|FL=1*c0|FR=1*c0"),
        ("stereo", 2, 1, "mono|FC=0.5*c0+0.5*c1"),
        ("2.1", 3, 2, "stereo|FL=1*c0|FR=1*c1"),
        ("quad", 4, 2, "stereo|FL=1*c0+0.7071*c2|FR=1*c1+0.7071*c3"),
        ("4.0", 4, 2, "stereo|FL=1*c0+0.7071*c2+0.5*c3|FR=1*c1+0.7071*c2+0.5*c3"),
        (
            "5.1(side)",
            6,
            6,
            "5.1|FL=1*c0|FR=1*c1|FC=1*c2|LFE=1*c3|BL=1*c4|BR=1*c5",
        ),
        (
            "hexagonal",
            6,
            6,
            "5.1|FL=1*c0|FR=1*c1|FC=1*c2|LFE=0*c0|BL=1*c3+0.7071*c5|BR=1*c4+0.7071*c5",
        ),
        (
            "7.1",
            8,
            2,
            "stereo|FL=1*c0+0.7071*c2+0.5*c4+0.5*c6|FR=1*c1+0.7071*c2+0.5*c5+0.5*c7",
        ),
    ],
)
def test_channels_go_where_they_belong(
    layout: str, n_channels: int, n_out: int, expected: str | None
) -> None:
    assert mix(layout, n_channels, n_out) == expected


@pytest.mark.parametrize("layout", [None, "unknown", "5.1.2"])
def test_a_layout_nobody_knows_is_taken_by_its_number_of_channels(layout: str | None) -> None:
    assert mix(layout, 6, 2) == mix("5.1", 6, 2)
    assert mix(layout, 12, 2) == mix("7.1", 8, 2)
