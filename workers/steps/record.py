"""Make one file of what the publisher of a broadcast sent, and judge what viewers got by it."""

from pathlib import Path

from pipeline.core.argv.recording import SOURCE_NAME, copy_argv
from pipeline.core.errors import MediaError, NotFound
from pipeline.core.live.cutting import HELD_MS
from pipeline.core.plan import plan
from pipeline.core.recording.joining import Joining
from pipeline.core.recording.judge import Judgement, judge
from pipeline.core.recording.spans import Span, joined
from pipeline.core.recording.spool import LACKING, beyond
from schemas.media import MediaFacts, MediaWarning
from schemas.profile import Profile
from schemas.recording import RecordParams, RecordResult
from schemas.timeline import Timeline
from workers.bench import RecordBench
from workers.steps.recording.describing import described
from workers.steps.recording.gathering import Sent, gathered
from workers.steps.recording.making import Making
from workers.steps.recording.waiting import awaited, served_in


def run(params: RecordParams, bench: RecordBench) -> RecordResult:
    """Store what was sent as the asset's source, and say whether it was all served.

    Raises:
        SpoolUnavailable: a door still has some of it.
        NotMedia: nothing was sent, or nothing of it is left.
        MediaError: nothing can be made of it.
        WorkFailed, ScratchFull, StorageUnavailable, Stopped.
    """
    timeline = _timeline(bench)
    lacking = awaited(params.session_id, timeline, bench)
    making = Making(bench)
    path, sent = _made(making, bench)
    joining = sent.joining
    facts = described(path, bench)
    lacking = lacking or beyond(served_in(timeline), _read(sent))
    if lacking is not None:
        warning = MediaWarning(code=LACKING, detail=f"Not all came: {lacking}.")
        facts = facts.model_copy(update={"warnings": (*facts.warnings, warning)})
    source = bench.put_source(path, SOURCE_NAME)
    judged = _judged(timeline, joining, facts, bench.recording.profile())
    return RecordResult(
        key=source.key,
        size_bytes=source.size_bytes,
        sha256=source.sha256,
        facts=facts,
        faults=judged.faults,
        runs=tuple((run.from_ms, run.until_ms) for run in judged.runs),
        cpu_s=round(making.cpu_s, 3),
    )


def _timeline(bench: RecordBench) -> Timeline | None:
    """Read what was served; None where that is nothing at all."""
    try:
        return bench.timeline()
    except NotFound:
        return None


def _read(sent: Sent) -> tuple[Span, ...]:
    """Tell where what was read lies; where all could be, a hole is a picture that was held."""
    spans = [span for spans in sent.joining.sent.values() for span in spans]
    return joined(spans, slack_ms=0 if sent.is_damaged else HELD_MS)


def _made(making: Making, bench: RecordBench) -> tuple[Path, Sent]:
    sent = gathered(bench)
    path = making.whole(sent)
    n_bytes = path.stat().st_size
    making.ffmpeg(copy_argv(path.name, n_bytes=n_bytes), n_bytes=n_bytes)
    path.unlink()
    return bench.scratch / SOURCE_NAME, sent


def _judged(
    timeline: Timeline | None, joining: Joining, facts: MediaFacts, profile: Profile
) -> Judgement:
    if timeline is None:
        return Judgement(("Nothing was served.",), ())
    try:
        wished = plan(facts, profile)
    except MediaError as error:
        return Judgement((error.detail,), ())
    return judge(timeline, joining.sent, wished)
