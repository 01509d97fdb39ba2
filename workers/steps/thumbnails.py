"""Makes posters and the storyboard of an asset."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.core.argv.stills import (
    TIMES_NAME,
    chosen_frame,
    frame_times,
    poster_argv,
    sprites_argv,
    tiles_argv,
)
from pipeline.core.errors import MediaDamaged, OutputInvalid
from pipeline.core.keys import media_path
from pipeline.core.storyboard import (
    Board,
    are_on_time,
    can_use_keyframes,
    poster_keyframe_s,
    tile_size,
    useful_tiles,
    vtt,
)
from schemas.media import VideoFacts
from schemas.tasks import Picture, ThumbnailsParams, ThumbnailsResult
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.progress import Progress
from workers.ffmpeg.run import Finished
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps import sound_poster

#: Longer side of a poster; larger ones only cost their viewers.
_POSTER_PX = 1280
#: Mean brightness (0–255) under which a poster counts as black, and another place is tried.
_BLACK = 12.0
#: Where to look, in shares of the poster's own stretch of the asset.
_PLACES = (0.5, 0.8, 0.2)
#: How far from its place a keyframe may lie that saves decoding up to it, in shares of the
#: stretch; less than half of what lies between two places.
_KEYFRAME_REACH = 0.14
#: Keyframes are known to the nearest microsecond.
_TICK_S = 0.0005
#: How long a poster's candidates may reach.
_WINDOW_S = 1.0
_POSTERS_SHARE = 0.3
_MEMORY_BYTES = 4 * 2**30
#: Far more than the largest storyboard.
_SCRATCH_BYTES = 2 * 2**30
_POSTER_S, _TILES_S = 180.0, 6 * 3600.0
_JPEG = "image/jpeg"


def run(params: ThumbnailsParams, bench: Bench) -> ThumbnailsResult:
    """Store posters, sprites and the WebVTT that names them; of sound alone, one poster."""
    video = params.facts.video
    if video is None:
        return ThumbnailsResult(posters=sound_poster.make(params, bench))
    maker = _Maker(params, bench, video, bench.source(params.source))
    posters = []
    for index in range(params.count):
        posters.append(maker.poster(index))
        bench.report({"": (index + 1) / params.count * _POSTERS_SHARE})
    storyboard_key, sprite_keys = maker.storyboard()
    return ThumbnailsResult(
        posters=tuple(posters), sprite_keys=sprite_keys, storyboard_key=storyboard_key
    )


@dataclass(frozen=True)
class _Shot:
    """A poster that may be kept."""

    file: Path
    at_s: Fraction
    brightness: float


@dataclass(frozen=True)
class _Maker:
    """One asset's stills in the making."""

    params: ThumbnailsParams
    bench: Bench
    video: VideoFacts
    source: Path

    def poster(self, index: int) -> Picture:
        """Take a poster from the middle of its stretch, or from beside it if that is black."""
        size_px = _fit(self.video, _POSTER_PX)
        best = self._brightest(index, size_px)
        if best is None:
            # The first picture that decodes: the probe found that there is one.
            best = self._take(f"poster-{index}-first", float(self.video.start_s), size_px)
        key = self.bench.put(best.file, f"poster-{index}.jpg", content_type=_JPEG)
        at_s = float(best.at_s - self.params.facts.start_s)
        return Picture(key=key, width_px=size_px[0], height_px=size_px[1], at_s=at_s)

    def _brightest(self, index: int, size_px: tuple[int, int]) -> _Shot | None:
        best: _Shot | None = None
        for place in _PLACES:
            with suppress(MediaDamaged, OutputInvalid):
                shot = self._shot(index, place, size_px)
                if best is None or shot.brightness > best.brightness:
                    best = shot
                if best.brightness >= _BLACK:
                    break
        return best

    def storyboard(self) -> tuple[str, tuple[str, ...]]:
        """Store sprites and cues; return the key of the cues and those of the sprites."""
        board = self._tiles()
        self._ffmpeg(sprites_argv(board), _POSTER_S)
        n_sprites = -(-board.n_tiles // (board.columns * board.rows))
        sprite_keys = tuple(_sprite(self.bench, number) for number in range(n_sprites))
        # The cues are served at the asset's own address, the sprites below it.
        asset_id = self.params.source.asset_id
        addresses = [media_path(asset_id, key) for key in sprite_keys]
        duration_s = self.params.facts.duration_s
        text = vtt(board, addresses, duration_s=duration_s, shown_s=_shown_s(self.params))
        path = self.bench.scratch / "storyboard.vtt"
        path.write_text(text, encoding="utf-8")
        return self.bench.put(path, path.name, content_type="text/vtt"), sprite_keys

    def _shot(self, index: int, place: float, size_px: tuple[int, int]) -> _Shot:
        stretch_s = float(self.video.duration_s) / self.params.count
        at_s = float(self.video.start_s) + (index + place) * stretch_s
        name = f"poster-{index}-{round(place * 10)}"
        keyframe_s = poster_keyframe_s(
            self.video.keyframes_s, at_s=at_s, reach_s=stretch_s * _KEYFRAME_REACH
        )
        if keyframe_s is not None:
            with suppress(MediaDamaged, OutputInvalid):
                return self._take(name, keyframe_s - _TICK_S, size_px, is_keyframe=True)
        try:
            return self._take(name, at_s, size_px)
        except (MediaDamaged, OutputInvalid):
            # No frame from there on; the one on the screen then began earlier.
            return self._take(name, at_s, size_px, is_exact=False)

    def _take(
        self,
        name: str,
        at_s: float,
        size_px: tuple[int, int],
        *,
        is_exact: bool = True,
        is_keyframe: bool = False,
    ) -> _Shot:
        argv = poster_argv(
            self.params.facts,
            source=str(self.source),
            at_s=at_s,
            # Within its own stretch, so that posters of a short asset differ.
            window_s=None
            if is_keyframe
            else min(_WINDOW_S, float(self.video.duration_s) / self.params.count / 5),
            size_px=size_px,
            name=name,
            threads=self.bench.tools.threads,
            is_exact=is_exact,
        )
        self._ffmpeg(argv, _POSTER_S)
        printed = self.bench.scratch / f"{name}.txt"
        try:
            time_s, brightness = chosen_frame(printed.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise OutputInvalid(f"no poster at {at_s:.1f} s: {error}") from error
        return _Shot(printed.with_suffix(".jpg"), time_s, brightness)

    def _tiles(self) -> Board:
        interval_s = self.params.storyboard_interval_s
        size_px = tile_size(self.video.display_width_px, self.video.display_height_px)
        start_s, duration_s = float(self.params.facts.start_s), float(self.video.duration_s)
        keyframes_s: Sequence[float] = self.video.keyframes_s
        if self.params.facts.skipped_s is not None:
            # Some lie before the stretch: seeking needs them.
            keyframes_s = [at_s for at_s in keyframes_s if at_s >= start_s]
        n_tiles = 0
        if can_use_keyframes(
            keyframes_s, start_s=start_s, duration_s=duration_s, interval_s=interval_s
        ):
            with suppress(MediaDamaged):  # every keyframe is damaged
                n_tiles, times_s = self._shoot_tiles(size_px, only_keyframes=True)
                if not are_on_time(times_s, keyframes_s, start_s=start_s, interval_s=interval_s):
                    n_tiles = 0
        if n_tiles == 0:
            n_tiles, _ = self._shoot_tiles(size_px, only_keyframes=False)
        if n_tiles == 0:
            raise OutputInvalid("the storyboard has no tiles")
        n_tiles = useful_tiles(n_tiles, self.params.facts.duration_s, interval_s)
        return Board(n_tiles, interval_s, *size_px)

    def _shoot_tiles(
        self, size_px: tuple[int, int], *, only_keyframes: bool
    ) -> tuple[int, list[float]]:
        """Make the small pictures; count them, and tell the times of those that differ."""
        argv = tiles_argv(
            self.params.facts,
            source=str(self.source),
            interval_s=self.params.storyboard_interval_s,
            size_px=size_px,
            threads=self.bench.tools.threads,
            only_keyframes=only_keyframes,
        )
        n_tiles = self._ffmpeg(argv, _TILES_S, shows_progress=True).last.frame
        printed = self.bench.scratch / TIMES_NAME
        times_s = frame_times(printed.read_text(encoding="ascii")) if printed.is_file() else []
        return n_tiles, times_s

    def _ffmpeg(self, argv: list[str], wall_s: float, *, shows_progress: bool = False) -> Finished:
        return run_ffmpeg(
            argv,
            program=self.bench.tools.ffmpeg,
            cage=Cage(self.bench.scratch, (self.source,)),
            limits=Limits(
                wall_s,
                self.bench.tools.stall_s,
                memory_bytes=_MEMORY_BYTES,
                scratch_bytes=_SCRATCH_BYTES,
            ),
            stop=self.bench.stop,
            on_progress=self._report if shows_progress else None,
        )

    def _report(self, progress: Progress) -> None:
        done_s = progress.frame * self.params.storyboard_interval_s
        share = min(1.0, done_s / max(1.0, float(self.video.duration_s)))
        whole = _POSTERS_SHARE + share * (1 - _POSTERS_SHARE)
        self.bench.report({"": whole}, speed=progress.speed)


def _shown_s(params: ThumbnailsParams) -> list[tuple[Fraction, Fraction]]:
    """Tell what players are shown, from the asset's zero: its clock begins a little earlier."""
    zero_s = params.facts.start_s
    return [
        (max(Fraction(0), Fraction(from_ms, 1000) - zero_s), Fraction(until_ms, 1000) - zero_s)
        for from_ms, until_ms in params.runs
    ]


def _sprite(bench: Bench, number: int) -> str:
    path = bench.scratch / f"sprite-{number}.jpg"
    if not path.is_file():
        raise OutputInvalid(f"sprite {number} of the storyboard is missing")
    return bench.put(path, path.name, content_type=_JPEG)


def _fit(video: VideoFacts, longest_px: int) -> tuple[int, int]:
    width_px, height_px = video.display_width_px, video.display_height_px
    scale = min(Fraction(1), Fraction(longest_px, max(width_px, height_px)))
    # Nearest even numbers, but none above the source.
    even = [max(2, min(round(side * scale / 2), side // 2) * 2) for side in (width_px, height_px)]
    return even[0], even[1]
