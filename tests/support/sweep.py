"""Clips whose fields can be told apart: a broad bar that moves on by its step with each picture.

A number in bars, as in ``tests.support.clock``, flickers from field to field, and what flickers
no deinterlacer can tell from what stands still.
"""

import numpy as np

#: The bar is at one of so many places, and a third of them wide.
N_PLACES, _WIDE = 24, 8
_STEP_PX, _HEIGHT_PX = 8, 108
_DARK, _BRIGHT = 100, 150


def sweeping(seconds: float, rate: str, *, size: tuple[int, int] | None = None) -> list[str]:
    """Name an input whose picture n has its bar at place n (modulo the places)."""
    size_px = f"{N_PLACES * _STEP_PX}x{_HEIGHT_PX}"
    is_lit = f"lt(mod(floor(X/{_STEP_PX})-N+240000,{N_PLACES}),{_WIDE})"
    source = f"color=s={size_px}:r={rate}:d={seconds},format=yuv420p"
    scaled = "" if size is None else f",scale={size[0]}:{size[1]}:flags=neighbor"
    return ["-f", "lavfi", "-i", f"{source},geq=lum='16+219*{is_lit}':cb=128:cr=128{scaled}"]


def read_places(frames: np.ndarray) -> list[int]:
    """Read where the bar of each grey picture is; -1 where it has two, or none."""
    n_rows, step_px = frames.shape[1], frames.shape[2] // N_PLACES
    middle = frames[:, n_rows // 4 : -(n_rows // 4), : step_px * N_PLACES]
    steps = middle.reshape(len(frames), middle.shape[1], N_PLACES, step_px)
    return [_place(each) for each in steps[..., step_px // 4 : -(step_px // 4)].mean((1, 3))]


def places(first: int, end: int, step: int = 1) -> list[int]:
    """List the places of pictures as ``range`` would."""
    return [number % N_PLACES for number in range(first, end, step)]


def _place(steps: np.ndarray) -> int:
    lit = steps >= _BRIGHT
    if lit.sum() != _WIDE or ((steps > _DARK) != lit).any():
        return -1
    starts = np.flatnonzero(lit & ~np.roll(lit, 1))
    return int(starts[0]) if len(starts) == 1 else -1
