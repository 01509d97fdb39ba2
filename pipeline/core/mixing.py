"""Mixes the channels of a track to stereo or 5.1, by the place of each channel.

What ffmpeg does by itself will not do: it mixes floating-point sound over full scale, and
integer sound so far down that dialogue drowns.

Source: ITU-R BS.775-3 annex 4; the layouts and their order are ffmpeg's (libavutil
``channel_layout.c``).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

_5_1 = ("FL", "FR", "FC", "LFE", "BL", "BR")
_LAYOUTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "mono": ("FC",),
        "stereo": ("FL", "FR"),
        "downmix": ("FL", "FR"),
        "2.1": ("FL", "FR", "LFE"),
        "3.0": ("FL", "FR", "FC"),
        "3.0(back)": ("FL", "FR", "BC"),
        "4.0": ("FL", "FR", "FC", "BC"),
        "quad": ("FL", "FR", "BL", "BR"),
        "quad(side)": ("FL", "FR", "SL", "SR"),
        "3.1": ("FL", "FR", "FC", "LFE"),
        "5.0": ("FL", "FR", "FC", "BL", "BR"),
        "5.0(side)": ("FL", "FR", "FC", "SL", "SR"),
        "4.1": ("FL", "FR", "FC", "LFE", "BC"),
        "5.1": _5_1,
        "5.1(side)": ("FL", "FR", "FC", "LFE", "SL", "SR"),
        "6.0": ("FL", "FR", "FC", "BC", "SL", "SR"),
        "6.0(front)": ("FL", "FR", "FLC", "FRC", "SL", "SR"),
        "hexagonal": ("FL", "FR", "FC", "BL", "BR", "BC"),
        "6.1": ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
        "6.1(back)": (*_5_1, "BC"),
        "6.1(front)": ("FL", "FR", "LFE", "FLC", "FRC", "SL", "SR"),
        "7.0": ("FL", "FR", "FC", "BL", "BR", "SL", "SR"),
        "7.0(front)": ("FL", "FR", "FC", "FLC", "FRC", "SL", "SR"),
        "7.1": (*_5_1, "SL", "SR"),
        "7.1(wide)": (*_5_1, "FLC", "FRC"),
        "7.1(wide-side)": ("FL", "FR", "FC", "LFE", "FLC", "FRC", "SL", "SR"),
    }
)
#: What so many channels mean where the file does not say.
_USUAL = (None, "mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")

_HALF_POWER = 0.7071
#: Share of each place that goes to the left side; the right is its mirror. No LFE: what is in
#: it is too low to be missed, and too loud for small speakers.
_TO_LEFT = {"FL": 1.0, "FC": _HALF_POWER, "FLC": _HALF_POWER, "BC": 0.5}
_REAR_LEFT = ("BL", "SL")
_PAIRS = (("FL", "FR"), ("FLC", "FRC"), ("BL", "BR"), ("SL", "SR"))
_MIRROR = {**dict(_PAIRS), **{right: left for left, right in _PAIRS}}


def mix(layout: str | None, n_channels: int, n_out: int) -> str | None:
    """Write the arguments of ffmpeg's ``pan``; None where channels only pass through.

    Channels are named by number, for files whose layout ffmpeg does not know either.
    """
    places = _places(layout, n_channels)
    if n_out == len(_5_1):
        return None if places == _5_1 else _pan("5.1", _5_1, [_surround(places, c) for c in _5_1])
    left, right = _side(places), _side([_mirrored(place) for place in places])
    if n_out == 1:
        both = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
        return None if n_channels == 1 else _pan("mono", ("FC",), [both])
    return None if n_channels == n_out else _pan("stereo", ("FL", "FR"), [left, right])


def _places(layout: str | None, n_channels: int) -> Sequence[str]:
    known = _LAYOUTS.get(layout or "", ())
    if len(known) != n_channels and n_channels < len(_USUAL):
        known = _LAYOUTS.get(_USUAL[n_channels] or "", ())
    # Beyond 7.1 there is no telling: the fronts come first in every order.
    return known or (*_LAYOUTS["7.1"], *[""] * (n_channels - 8))


def _mirrored(place: str) -> str:
    return _MIRROR.get(place, place)


def _side(places: Sequence[str]) -> list[float]:
    """Give each channel's share of the left side."""
    if len(places) == 1:
        # One channel alone is heard from both sides as loud as it is.
        return [1.0]
    rear = [place for place in places if place in _REAR_LEFT]
    of_rear = _HALF_POWER if len(rear) < 2 else 0.5  # noqa: PLR2004  two share one's power
    shares = {**_TO_LEFT, **dict.fromkeys(_REAR_LEFT, of_rear)}
    return [shares.get(place, 0.0) for place in places]


def _surround(places: Sequence[str], target: str) -> list[float]:
    """Give each channel's share of one channel of 5.1."""
    if target in ("BL", "BR"):
        sources = ("BL", "SL") if target == "BL" else ("BR", "SR")
        n_rear = sum(place in sources for place in places)
        share = 1.0 if n_rear < 2 else _HALF_POWER  # noqa: PLR2004  two share one's power
        shares = {**dict.fromkeys(sources, share), "BC": _HALF_POWER}
    else:
        beside = {"FL": "FLC", "FR": "FRC"}.get(target, "")
        shares = {beside: _HALF_POWER, target: 1.0}
    return [shares.get(place, 0.0) if place else 0.0 for place in places]


def _pan(layout: str, names: Sequence[str], rows: Sequence[Sequence[float]]) -> str:
    sums = (
        "+".join(f"{share:g}*c{n}" for n, share in enumerate(row) if share) or "0*c0"
        for row in rows
    )
    return "|".join([layout, *(f"{name}={sum_}" for name, sum_ in zip(names, sums, strict=True))])
