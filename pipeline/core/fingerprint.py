"""What decides the bytes of a rendition, in one digest: what is equal need not be made again."""

from hashlib import sha256

from pipeline.core.argv import encoders
from pipeline.core.argv.encode import chunk_argv
from schemas.plan import ChunkPlan
from schemas.tasks import EncodeParams


def of_rung(params: EncodeParams, *, use_gpu: bool) -> str:
    """Digest a rung: the source's bytes, its whole command line, and what stands beside that.

    ``params`` are those of any chunk, the rung alone in them. Neither the chunks it is cut into
    nor the larger rungs it is scaled from count: its segments are as good either way, and stand
    at the same frames. The encoder's build counts too, but is known only once a job runs.
    """
    (rung,) = params.rungs
    whole = ChunkPlan(index=0, first_frame=0, end_frame=params.grid.n_frames)
    encoder = encoders.choose(rung.codec, available=encoders.ENCODERS, use_gpu=use_gpu)
    argv = chunk_argv(
        params.model_copy(update={"chunk": whole}), source="", encoder=encoder, threads=1
    )
    mark = params.watermark.model_dump_json() if params.watermark else ""
    parts = (params.source.sha256, mark, params.on_damage.value, *argv)
    return sha256("\0".join(parts).encode()).hexdigest()
