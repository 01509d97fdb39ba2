from itertools import count

from pipeline.core.graph import Expansion, NewTask, expand
from pipeline.core.plan import plan
from pipeline.profiles import built_in
from schemas.media import MediaFacts, SubtitleFacts
from schemas.tasks import ExtractSubtitlesParams, SourceRef
from schemas.vocabulary import AssetId, QueueName, TaskId, TaskKind
from tests.support.sources import audio_facts, media_facts, video_facts

SOURCE = SourceRef(asset_id=AssetId("a1"), key="k", size_bytes=1, sha256="0" * 64)
TEXTS = (SubtitleFacts(index=3, codec="subrip"), SubtitleFacts(index=4, codec="ass"))


def tasks(facts: MediaFacts) -> tuple[NewTask, ...]:
    job = Expansion(
        SOURCE, facts, plan(facts, built_in().get("default")), 0.0, QueueName.ENCODE_CPU
    )
    numbers = count()
    return expand(job, new_id=lambda: TaskId(str(next(numbers))))


def test_each_sound_is_a_task_and_only_the_default_one_is_express() -> None:
    made = tasks(media_facts(video_facts(), audio_facts(index=1), audio_facts(index=2)))

    sounds = [task for task in made if task.params.kind is TaskKind.ENCODE_AUDIO]
    assert [(task.parts, task.is_express) for task in sounds] == [
        (("audio",), True),
        (("audio-2",), False),
    ]


def test_all_subtitles_are_one_task_and_the_package_waits_for_it() -> None:
    made = tasks(media_facts(video_facts(), subtitles=TEXTS))

    texts = next(task for task in made if task.params.kind is TaskKind.EXTRACT_SUBTITLES)
    package = next(task for task in made if task.params.kind is TaskKind.PACKAGE)
    assert isinstance(texts.params, ExtractSubtitlesParams)
    assert [track.source_index for track in texts.params.subtitles] == [3, 4]
    assert (texts.params.segment_s, texts.queue) == (60, QueueName.THUMBNAILS)
    assert texts.id in package.needs


def test_sound_alone_gets_a_poster_too() -> None:
    kinds = {task.params.kind for task in tasks(media_facts(None, audio_facts()))}

    assert TaskKind.THUMBNAILS in kinds
    assert TaskKind.EXTRACT_SUBTITLES not in kinds
