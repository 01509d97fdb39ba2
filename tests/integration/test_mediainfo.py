"""MediaInfo enriches, and its failure is only its own."""

from pathlib import Path
from threading import Event

import pytest

from pipeline.core.errors import WorkFailed
from schemas.tasks import ProbeParams
from tests.support.folder_bench import FolderBench, source_ref
from tests.support.lavfi import clip
from workers.ffmpeg import mediainfo
from workers.steps import probe


def test_what_mediainfo_knows_is_named_in_our_words(tmp_path: Path) -> None:
    found = mediainfo.enrich(clip(tmp_path / "clip.mp4"), cwd=tmp_path, stop=Event())

    assert found["scan_type"] == "Progressive"
    assert found["frame_rate_mode"] == "CFR"
    assert "x264" in found["video_encoder"]


def test_a_crash_of_mediainfo_is_a_coded_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("import os; os.abort()")
    monkeypatch.setattr(mediainfo, "_CHILD", broken)

    with pytest.raises(WorkFailed) as caught:
        mediainfo.enrich(tmp_path / "any", cwd=tmp_path, stop=Event())

    assert caught.value.instance_code == "work.mediainfo_failed"


def test_probing_goes_on_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("print('nonsense')")
    monkeypatch.setattr(mediainfo, "_CHILD", broken)
    bench = FolderBench(tmp_path)

    facts = probe.run(ProbeParams(source=source_ref(clip(tmp_path / "clip.mp4"))), bench).facts

    assert facts.enrichment == {}
    assert [warning.code for warning in facts.warnings] == ["media.not_enriched"]
