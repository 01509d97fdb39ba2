"""A disk that runs full while a source is copied: the source itself still works."""

from pathlib import Path

from schemas.tasks import ProbeParams
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.lavfi import X264, make, picture, tone
from tests.support.small_disk import small_disk
from workers.steps import probe

MIB = 2**20


def test_without_room_for_a_copy_the_source_is_used_as_it_is_and_nothing_stays(
    tmp_path: Path,
) -> None:
    rate = ("-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "1M")
    sparse = ("-x264-params", "nal-hrd=cbr:filler=1")
    path = make(tmp_path / "film.ts", *picture(4), *tone(4), *X264, *rate, *sparse, "-c:a", "aac")
    assert path.stat().st_size > 2 * MIB

    with small_disk(tmp_path / "disk", MIB) as disk:
        bench = FolderBench(disk / "task")
        probed = probe.run(ProbeParams(source=source_ref(path)), bench)
        assert probed.working_source is None
        assert not probed.facts.is_seekable
        assert [each.code for each in probed.facts.warnings] == ["media.not_seekable"]
        assert list(bench.scratch.iterdir()) == []

    roomy = FolderBench(tmp_path / "task")
    assert probe.run(ProbeParams(source=source_ref(path)), roomy).working_source is not None
